//! `/v3/groups` and membership.

use crate::harness::{Answer, TestApp};
use serde_json::{Value, json};

fn names(answer: &Answer, key: &str) -> Vec<String> {
    let items = answer.json()[key]
        .as_array()
        .cloned()
        .expect("a collection");
    let name = |item: &Value| item["name"].as_str().unwrap_or_default().to_owned();
    let mut names: Vec<String> = items.iter().map(name).collect();
    names.sort();
    names
}

#[tokio::test]
async fn a_group_lives_from_post_to_delete() {
    let app = TestApp::new().await;
    let admin = app.admin().await;
    let body = json!({ "group": { "name": " g1 ", "x": 1, "a:b": 2, "id": "mine" } });
    let answer = app
        .post("/v3/groups", body)
        .token(&admin)
        .send()
        .await
        .expect(201);
    let group = answer.json()["group"].clone();
    let id = group["id"].as_str().unwrap();
    let path = format!("/v3/groups/{id}");
    let links = json!({ "self": format!("http://keystone.test{path}") });
    assert_eq!(
        group,
        json!({ "x": 1, "a_b": 2, "id": id, "name": "g1", "domain_id": "default",
        "description": "", "links": links })
    );
    assert_eq!(
        app.get(&path).token(&admin).send().await.expect(200).json()["group"],
        group
    );
    app.head(&path).token(&admin).send().await.expect(200);

    let patch = json!({ "group": { "name": "g2", "description": null, "y": 1, "domain_id": "default", "id": id } });
    let answer = app
        .patch(&path, patch)
        .token(&admin)
        .send()
        .await
        .expect(200);
    assert_eq!(
        answer.json()["group"],
        json!({ "x": 1, "a_b": 2, "y": 1, "id": id, "name": "g2",
        "domain_id": "default", "description": null, "links": links })
    );

    app.delete(&path).token(&admin).send().await.expect(204);
    app.get(&path).token(&admin).send().await.error(404);
    app.delete(&path).token(&admin).send().await.error(404);
    app.patch(&path, json!({ "group": { "name": "x" } }))
        .token(&admin)
        .send()
        .await
        .error(404);
}

#[tokio::test]
async fn bad_groups_are_refused() {
    let app = TestApp::new().await;
    let admin = app.admin().await;
    app.make("group", json!({ "name": "taken" })).await;
    let path = format!(
        "/v3/groups/{}",
        app.make("group", json!({ "name": "g" })).await
    );
    for (body, status) in [
        (json!({ "group": {} }), 400),
        (json!({ "group": { "name": "n".repeat(65) } }), 400),
        (json!({ "group": { "name": "taken" } }), 409),
        (
            json!({ "group": { "name": "x", "domain_id": "nowhere" } }),
            404,
        ),
    ] {
        app.post("/v3/groups", body)
            .token(&admin)
            .send()
            .await
            .error(status);
    }
    for (body, status) in [
        (json!({ "group": {} }), 400),
        (json!({ "group": { "id": "x" } }), 400),
        (json!({ "group": { "domain_id": "x" } }), 400),
        (json!({ "group": { "name": "taken" } }), 409),
    ] {
        app.patch(&path, body)
            .token(&admin)
            .send()
            .await
            .error(status);
    }
}

#[tokio::test]
async fn groups_are_filtered_and_paged() {
    let app = TestApp::new().await;
    let admin = app.admin().await;
    let other = app.add_domain("other").await;
    for name in ["red", "Green", "blue"] {
        app.make("group", json!({ "name": name })).await;
    }
    app.make("group", json!({ "name": "red", "domain_id": other }))
        .await;
    let cases: [(String, &[&str]); 5] = [
        (String::new(), &["Green", "blue", "red", "red"]),
        ("?name=red".into(), &["red", "red"]),
        ("?name__icontains=GR".into(), &["Green"]),
        ("?name__contains=gr".into(), &[]),
        (format!("?domain_id={other}"), &["red"]),
    ];
    for (query, expected) in cases {
        let answer = app
            .get(&format!("/v3/groups{query}"))
            .token(&admin)
            .send()
            .await
            .expect(200);
        assert_eq!(names(&answer, "groups"), expected, "{query}");
    }
    let first = app
        .get("/v3/groups?limit=3")
        .token(&admin)
        .send()
        .await
        .expect(200)
        .json();
    let next = first["links"]["next"]
        .as_str()
        .unwrap()
        .replace("http://keystone.test", "");
    let second = app.get(&next).token(&admin).send().await.expect(200).json();
    assert_eq!(second["groups"].as_array().unwrap().len(), 1);
    assert!(second["links"]["next"].is_null());
}

#[tokio::test]
async fn membership_is_put_checked_listed_and_removed() {
    let app = TestApp::new().await;
    let rita = app.persona("rita", "member").await;
    let admin = app.admin().await;
    let group = app.make("group", json!({ "name": "g" })).await;
    let member = format!("/v3/groups/{group}/users/{}", rita.user_id);
    app.get(&member).token(&admin).send().await.error(404);
    for _ in 0..2 {
        app.put(&member).token(&admin).send().await.expect(204);
    }
    app.get(&member).token(&admin).send().await.expect(204);
    assert_eq!(
        app.head(&member)
            .token(&admin)
            .send()
            .await
            .expect(204)
            .body,
        ""
    );

    let users = format!("/v3/groups/{group}/users");
    assert_eq!(
        names(
            &app.get(&users).token(&admin).send().await.expect(200),
            "users"
        ),
        ["rita"]
    );
    let none = app
        .get(&format!("{users}?name=x"))
        .token(&admin)
        .send()
        .await
        .expect(200);
    assert_eq!(names(&none, "users"), [""; 0]);
    let groups = format!("/v3/users/{}/groups", rita.user_id);
    let own = app
        .get(&groups)
        .token(&rita.token)
        .send()
        .await
        .expect(200)
        .json();
    assert_eq!(own["groups"][0]["membership_expires_at"], Value::Null);
    assert_eq!(
        own["groups"][0]["links"]["self"],
        format!("http://keystone.test/v3/groups/{group}")
    );
    let none = app
        .get(&format!("{groups}?name=x"))
        .token(&rita.token)
        .send()
        .await
        .expect(200);
    assert_eq!(names(&none, "groups"), [""; 0]);

    app.delete(&member).token(&admin).send().await.expect(204);
    app.delete(&member).token(&admin).send().await.error(404);
    let otto = app.persona("otto", "member").await;
    for path in [
        format!("/v3/groups/nothing/users/{}", rita.user_id),
        format!("/v3/groups/{group}/users/nobody"),
    ] {
        app.put(&path).token(&admin).send().await.error(404);
        app.get(&path).token(&admin).send().await.error(404);
        app.delete(&path).token(&admin).send().await.error(404);
        app.put(&path).token(&otto.token).send().await.error(403);
    }
    app.get("/v3/groups/nothing/users")
        .token(&admin)
        .send()
        .await
        .error(404);
    app.get("/v3/users/nobody/groups")
        .token(&admin)
        .send()
        .await
        .error(404);
}

#[tokio::test]
async fn leaving_a_group_ends_the_users_tokens() {
    let app = TestApp::new().await;
    let rita = app.persona("rita", "member").await;
    let group = app.make("group", json!({ "name": "g" })).await;
    let member = format!("/v3/groups/{group}/users/{}", rita.user_id);
    app.wait(1);
    let admin = app.admin().await;
    app.put(&member).token(&admin).send().await.expect(204);
    app.get("/v3/auth/projects")
        .token(&rita.token)
        .send()
        .await
        .expect(200);
    app.delete(&member).token(&admin).send().await.expect(204);
    app.get("/v3/auth/projects")
        .token(&rita.token)
        .send()
        .await
        .error(401);
}

#[tokio::test]
async fn a_group_without_roles_goes_without_touching_its_members_tokens() {
    let app = TestApp::new().await;
    let rita = app.persona("rita", "member").await;
    let group = app.make("group", json!({ "name": "g" })).await;
    let admin = app.admin().await;
    let member = format!("/v3/groups/{group}/users/{}", rita.user_id);
    app.put(&member).token(&admin).send().await.expect(204);
    app.delete(&format!("/v3/groups/{group}"))
        .token(&admin)
        .send()
        .await
        .expect(204);
    app.get("/v3/auth/projects")
        .token(&rita.token)
        .send()
        .await
        .expect(200);
    let groups = format!("/v3/users/{}/groups", rita.user_id);
    let own = app.get(&groups).token(&rita.token).send().await.expect(200);
    assert_eq!(names(&own, "groups"), [""; 0]);
}

#[tokio::test]
async fn a_domains_people_see_and_manage_their_domains_groups_only() {
    let app = TestApp::new().await;
    let east = app.add_domain("east").await;
    let manager = app.domain_persona("mia", "manager", &east).await;
    let reader = app.domain_persona("rob", "reader", &east).await;
    let foreign = app.make("group", json!({ "name": "west" })).await;
    let group = |domain: &str| json!({ "group": { "name": "g", "domain_id": domain } });
    app.post("/v3/groups", group(&east))
        .token(&reader)
        .send()
        .await
        .error(403);
    app.post("/v3/groups", group("default"))
        .token(&manager)
        .send()
        .await
        .error(403);
    let made = app
        .post("/v3/groups", group(&east))
        .token(&manager)
        .send()
        .await
        .expect(201);
    let id = made.json()["group"]["id"].as_str().unwrap().to_owned();
    let seen = app
        .get("/v3/groups")
        .token(&reader)
        .send()
        .await
        .expect(200);
    assert_eq!(names(&seen, "groups"), ["g"]);
    let seen = app
        .get("/v3/groups?domain_id=default")
        .token(&reader)
        .send()
        .await
        .expect(200);
    assert_eq!(names(&seen, "groups"), [""; 0]);
    app.get(&format!("/v3/groups/{foreign}"))
        .token(&reader)
        .send()
        .await
        .error(403);
    let stranger = format!("/v3/groups/{id}/users/{}", app.seed.user_id);
    app.put(&stranger).token(&manager).send().await.error(403);
    app.put(&stranger)
        .token(&app.admin().await)
        .send()
        .await
        .expect(204);
    // A member of another domain is none of the domain's business.
    let users = app
        .get(&format!("/v3/groups/{id}/users"))
        .token(&reader)
        .send()
        .await
        .expect(200);
    assert_eq!(names(&users, "users"), [""; 0]);
    app.get("/v3/groups").send().await.error(401);
}

#[tokio::test]
async fn a_group_that_is_not_there_is_404_for_everybody_who_would_delete_it() {
    let app = TestApp::new().await;
    let nobody = app.persona("mia", "member").await.token;
    let group = json!({ "group": { "name": "g" } });
    let made = app.post("/v3/groups", group).token(&app.admin().await);
    let id = made.send().await.expect(201).json()["group"]["id"].clone();
    let there = format!("/v3/groups/{}", id.as_str().expect("an id"));
    app.delete(&there).token(&nobody).send().await.error(403);
    let gone = app.delete("/v3/groups/none").token(&nobody);
    gone.send().await.error(404);
    app.delete("/v3/groups/none").send().await.error(401);
}
