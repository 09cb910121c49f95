//! `/v3/users`.

use crate::harness::{ACME, ADMIN_PASSWORD, Answer, Scene, TestApp};
use serde_json::{Value, json};

fn names(answer: &Answer) -> Vec<String> {
    let users = answer.json()["users"].as_array().cloned().expect("users");
    let name = |user: &Value| user["name"].as_str().unwrap_or_default().to_owned();
    let mut names: Vec<String> = users.iter().map(name).collect();
    names.sort();
    names
}

async fn list(app: &TestApp, token: &str, query: &str) -> Answer {
    let answer = app.get(&format!("/v3/users{query}")).token(token).send();
    answer.await.expect(200)
}

#[tokio::test]
async fn a_new_user_is_answered_with_all_that_it_is() {
    let app = TestApp::new().await;
    let admin = app.admin().await;
    let body = json!({ "user": {
        "name": "  ann ", "password": "pw", "email": "a@b", "a:b": 1, "id": "mine", "extra": { "q": 1 },
        "default_project_id": "nowhere", "password_expires_at": "never",
        "options": { "lock_password": true, "ignore_password_expiry": null },
    } });
    let answer = app
        .post("/v3/users", body)
        .token(&admin)
        .send()
        .await
        .expect(201);
    let user = answer.json()["user"].clone();
    let id = user["id"].as_str().unwrap();
    assert_eq!(id.len(), 32);
    let expected = json!({
        "email": "a@b", "a_b": 1, "id": id, "name": "ann", "domain_id": "default", "enabled": true,
        "default_project_id": "nowhere", "password_expires_at": null,
        "options": { "lock_password": true },
        "links": { "self": format!("http://keystone.test/v3/users/{id}") },
    });
    assert_eq!(user, expected);
    let shown = app
        .get(&format!("/v3/users/{id}"))
        .token(&admin)
        .send()
        .await
        .expect(200);
    assert_eq!(shown.json()["user"], expected);
    let head = app
        .head(&format!("/v3/users/{id}"))
        .token(&admin)
        .send()
        .await
        .expect(200);
    assert_eq!(head.body, "");
    app.login("ann", "pw", Value::Null).await;
}

#[tokio::test]
async fn a_minimal_user_has_no_default_project_and_no_password() {
    let app = TestApp::new().await;
    let admin = app.admin().await;
    let answer = app
        .post("/v3/users", json!({ "user": { "name": "u0" } }))
        .token(&admin)
        .send()
        .await
        .expect(201);
    let user = answer.json()["user"].clone();
    assert!(user.get("default_project_id").is_none());
    assert_eq!(user["options"], json!({}));
    let login = crate::harness::login_body("u0", "", Value::Null);
    app.post("/v3/auth/tokens", login).send().await.error(401);
}

#[tokio::test]
async fn what_can_not_be_created_is_refused() {
    let app = TestApp::new().await;
    let admin = app.admin().await;
    app.make("user", json!({ "name": "taken" })).await;
    let cases = [
        (json!({}), 400),
        (json!({ "user": {} }), 400),
        (json!({ "user": { "name": " " } }), 400),
        (json!({ "user": { "name": "n".repeat(256) } }), 400),
        (json!({ "user": { "name": "x", "enabled": "maybe" } }), 400),
        (
            json!({ "user": { "name": "x", "options": { "bogus": 1 } } }),
            400,
        ),
        (
            json!({ "user": { "name": "x", "default_project_id": "default" } }),
            400,
        ),
        (
            json!({ "user": { "name": "x", "default_project_id": "p".repeat(65) } }),
            400,
        ),
        (
            json!({ "user": { "name": "x", "federated": [
            { "idp_id": "i", "protocols": [{ "protocol_id": "p", "unique_id": "u" }] }] } }),
            400,
        ),
        (
            json!({ "user": { "name": "x", "domain_id": "nowhere" } }),
            404,
        ),
        (json!({ "user": { "name": " taken " } }), 409),
    ];
    for (body, status) in cases {
        app.post("/v3/users", body)
            .token(&admin)
            .send()
            .await
            .error(status);
    }
}

#[tokio::test]
async fn a_boolean_word_is_taken_as_the_boolean() {
    let app = TestApp::new().await;
    let admin = app.admin().await;
    let id = app
        .make("user", json!({ "name": "w", "enabled": "False" }))
        .await;
    let answer = app
        .get(&format!("/v3/users/{id}"))
        .token(&admin)
        .send()
        .await;
    assert_eq!(answer.json()["user"]["enabled"], false);
}

#[tokio::test]
async fn an_update_changes_only_what_it_names() {
    let app = TestApp::new().await;
    let admin = app.admin().await;
    let user = json!({ "name": "ann", "email": "a@b", "default_project_id": "p",
        "options": { "lock_password": true, "multi_factor_auth_enabled": false } });
    let id = app.make("user", user).await;
    let path = format!("/v3/users/{id}");
    let patch = json!({ "user": { "name": " eve ", "custom": { "k": [1] }, "e:f": null, "id": id,
        "domain_id": "default", "extra": { "z": 1 }, "default_project_id": null,
        "options": { "lock_password": null, "ignore_password_expiry": false } } });
    let answer = app
        .patch(&path, patch)
        .token(&admin)
        .send()
        .await
        .expect(200);
    let extra = json!({ "email": "a@b", "custom": { "k": [1] }, "e:f": null });
    let expected = json!({
        "email": "a@b", "custom": { "k": [1] }, "e:f": null,
        "id": id, "name": "eve", "domain_id": "default", "enabled": true,
        "password_expires_at": null, "extra": extra,
        "options": { "ignore_password_expiry": false, "multi_factor_auth_enabled": false },
        "links": { "self": format!("http://keystone.test{path}") },
    });
    assert_eq!(answer.json()["user"], expected);
    let shown = app.get(&path).token(&admin).send().await.expect(200).json();
    assert!(shown["user"].get("extra").is_none());
    assert_eq!(shown["user"]["name"], "eve");
}

#[tokio::test]
async fn what_can_not_be_updated_is_refused() {
    let app = TestApp::new().await;
    let admin = app.admin().await;
    app.make("user", json!({ "name": "taken" })).await;
    let path = format!(
        "/v3/users/{}",
        app.make("user", json!({ "name": "ann" })).await
    );
    let cases = [
        (json!({}), 400),
        (json!({ "user": {} }), 400),
        (json!({ "user": { "id": "other" } }), 400),
        (json!({ "user": { "domain_id": "other" } }), 400),
        (json!({ "user": { "enabled": null } }), 400),
        (json!({ "user": { "default_project_id": "default" } }), 400),
        (json!({ "user": { "name": "taken" } }), 409),
    ];
    for (body, status) in cases {
        app.patch(&path, body)
            .token(&admin)
            .send()
            .await
            .error(status);
    }
    let body = json!({ "user": { "name": "x" } });
    app.patch("/v3/users/nobody", body)
        .token(&admin)
        .send()
        .await
        .error(404);
}

#[tokio::test]
async fn a_deleted_user_is_gone_with_tokens_roles_and_name() {
    let app = TestApp::new().await;
    let rita = app.persona("rita", "member").await;
    let path = format!("/v3/users/{}", rita.user_id);
    app.wait(1);
    let admin = app.admin().await;
    app.delete(&path).token(&admin).send().await.expect(204);
    app.get(&path).token(&admin).send().await.error(404);
    app.delete(&path).token(&admin).send().await.error(404);
    app.get("/v3/auth/projects")
        .token(&rita.token)
        .send()
        .await
        .error(401);
    app.make(
        "user",
        json!({ "name": "rita", "password": ADMIN_PASSWORD }),
    )
    .await;
    let scope = json!({ "project": { "id": rita.project_id } });
    let login = crate::harness::login_body("rita", ADMIN_PASSWORD, scope);
    app.post("/v3/auth/tokens", login).send().await.error(401);
}

#[tokio::test]
async fn a_disabled_user_loses_its_tokens_and_can_not_log_in_until_enabled() {
    let app = TestApp::new().await;
    let rita = app.persona("rita", "member").await;
    let path = format!("/v3/users/{}", rita.user_id);
    app.wait(1);
    let admin = app.admin().await;
    let enabled = |enabled: bool| json!({ "user": { "enabled": enabled } });
    app.patch(&path, enabled(false))
        .token(&admin)
        .send()
        .await
        .expect(200);
    app.get("/v3/auth/projects")
        .token(&rita.token)
        .send()
        .await
        .error(401);
    let login = crate::harness::login_body("rita", ADMIN_PASSWORD, Value::Null);
    app.post("/v3/auth/tokens", login).send().await.error(401);
    app.patch(&path, enabled(true))
        .token(&admin)
        .send()
        .await
        .expect(200);
    app.get("/v3/auth/projects")
        .token(&rita.token)
        .send()
        .await
        .error(401);
    app.wait(1);
    app.login("rita", ADMIN_PASSWORD, Value::Null).await;
}

#[tokio::test]
async fn revoking_a_users_tokens_leaves_the_user_alone() {
    let app = TestApp::new().await;
    let rita = app.persona("rita", "member").await;
    let otto = app.persona("otto", "member").await;
    let path = format!("/v3/users/{}/tokens", rita.user_id);
    app.delete(&path).token(&otto.token).send().await.error(403);
    app.delete(&path).send().await.error(401);
    app.delete(&path)
        .token(&rita.token)
        .send()
        .await
        .expect(204);
    app.get("/v3/auth/projects")
        .token(&rita.token)
        .send()
        .await
        .error(401);
    app.wait(1);
    app.login("rita", ADMIN_PASSWORD, Value::Null).await;
    let admin = app.admin().await;
    app.delete("/v3/users/nobody/tokens")
        .token(&admin)
        .send()
        .await
        .error(404);
}

#[tokio::test]
async fn lists_are_filtered_by_the_query() {
    let app = TestApp::new().await;
    let admin = app.admin().await;
    let other = app.add_domain("other").await;
    app.make("user", json!({ "name": "Alpha" })).await;
    app.make("user", json!({ "name": "beta_1", "enabled": false }))
        .await;
    app.make("user", json!({ "name": "alphabet", "domain_id": other }))
        .await;
    let cases: [(String, &[&str]); 14] = [
        ("?name=Alpha".into(), &["Alpha"]),
        ("?name__contains=lpha".into(), &["Alpha", "alphabet"]),
        ("?name__startswith=Al".into(), &["Alpha"]),
        ("?name__istartswith=AL".into(), &["Alpha", "alphabet"]),
        ("?name__iendswith=PHA".into(), &["Alpha"]),
        ("?name__contains=_".into(), &["beta_1"]),
        (
            "?name__bogus=zzz".into(),
            &["Alpha", "admin", "alphabet", "beta_1"],
        ),
        ("?enabled=false".into(), &["beta_1"]),
        ("?enabled=".into(), &["Alpha", "admin", "alphabet"]),
        (format!("?domain_id={other}"), &["alphabet"]),
        (format!("?domain_id={other}&domain_id=default"), &[]),
        (format!("?domain_id={other}&name=Alpha"), &[]),
        ("?idp_id=nobody".into(), &[]),
        ("?foo=bar&name=admin".into(), &["admin"]),
    ];
    for (query, expected) in cases {
        assert_eq!(
            names(&list(&app, &admin, &query).await),
            expected,
            "{query}"
        );
    }
    for query in [
        "?enabled=maybe",
        "?name=",
        "?password_expires_at=x",
        "?limit=x",
    ] {
        app.get(&format!("/v3/users{query}"))
            .token(&admin)
            .send()
            .await
            .error(400);
    }
    app.head("/v3/users").token(&admin).send().await.expect(200);
}

#[tokio::test]
async fn the_next_link_leads_through_all_pages() {
    let app = TestApp::new().await;
    let admin = app.admin().await;
    for name in ["a1", "A2", "a3", "a4", "b1"] {
        app.make("user", json!({ "name": name })).await;
    }
    for (filter, expected) in [
        ("", vec!["A2", "a1", "a3", "a4", "admin", "b1"]),
        ("&name__startswith=a", vec!["a1", "a3", "a4", "admin"]),
    ] {
        let mut path = format!("/v3/users?limit=2{filter}");
        let mut found = Vec::new();
        loop {
            let answer = app.get(&path).token(&admin).send().await.expect(200);
            found.extend(names(&answer));
            let body = answer.json();
            let Some(next) = body["links"]["next"].as_str() else {
                assert!(body.get("truncated").is_none());
                break;
            };
            assert_eq!(body["truncated"], true);
            assert_eq!(body["users"].as_array().unwrap().len(), 2);
            path = next
                .strip_prefix("http://keystone.test")
                .unwrap()
                .to_owned();
        }
        found.sort();
        assert_eq!(found, expected);
    }
    app.get("/v3/users?marker=nobody")
        .token(&admin)
        .send()
        .await
        .error(404);
    let none = list(&app, &admin, "?limit=0").await.json();
    assert_eq!(
        (&none["users"], &none["truncated"]),
        (&json!([]), &json!(true))
    );
}

#[tokio::test]
async fn a_configured_limit_cuts_lists_that_asked_for_none() {
    let app = TestApp::with_config("list_limit = 1").await;
    let admin = app.admin().await;
    app.make("user", json!({ "name": "a" })).await;
    let body = list(&app, &admin, "").await.json();
    assert_eq!(body["users"].as_array().unwrap().len(), 1);
    assert_eq!(body["truncated"], true);
}

#[tokio::test]
async fn who_is_nobody_learns_nothing_and_bodies_are_judged_first() {
    let app = TestApp::new().await;
    let rita = app.persona("rita", "reader").await;
    let otto = app.persona("otto", "reader").await;
    let other = format!("/v3/users/{}", otto.user_id);
    let rename = json!({ "user": { "name": "x" } });
    for path in [other.as_str(), "/v3/users/nobody"] {
        app.get(path).token(&rita.token).send().await.error(403);
        app.get(path).send().await.error(401);
        app.patch(path, rename.clone())
            .token(&rita.token)
            .send()
            .await
            .error(403);
        app.delete(path).token(&rita.token).send().await.error(403);
        for inner in ["groups", "projects"] {
            app.get(&format!("{path}/{inner}"))
                .token(&rita.token)
                .send()
                .await
                .error(403);
        }
    }
    app.get("/v3/users")
        .token(&rita.token)
        .send()
        .await
        .error(403);
    app.post("/v3/users", rename)
        .token(&rita.token)
        .send()
        .await
        .error(403);
    app.post("/v3/users", json!({ "user": {} }))
        .send()
        .await
        .error(400);
    app.get("/v3/users?enabled=maybe").send().await.error(400);
    let own = format!("/v3/users/{}", rita.user_id);
    app.get(&own).token(&rita.token).send().await.expect(200);
}

#[tokio::test]
async fn a_domains_people_see_and_manage_their_domain_only() {
    let app = TestApp::new().await;
    let domain = app.add_domain("east").await;
    let manager = app.domain_persona("mia", "manager", &domain).await;
    let reader = app.domain_persona("rob", "reader", &domain).await;
    assert_eq!(names(&list(&app, &reader, "").await), ["mia", "rob"]);
    assert_eq!(
        names(&list(&app, &reader, "?domain_id=default").await),
        [""; 0]
    );
    let foreign = format!("/v3/users/{}", app.seed.user_id);
    app.get(&foreign).token(&reader).send().await.error(403);
    let user = |domain: &str| json!({ "user": { "name": "new", "domain_id": domain } });
    app.post("/v3/users", user(&domain))
        .token(&reader)
        .send()
        .await
        .error(403);
    app.post("/v3/users", user("default"))
        .token(&manager)
        .send()
        .await
        .error(403);
    let unnamed = json!({ "user": { "name": "new" } });
    app.post("/v3/users", unnamed)
        .token(&manager)
        .send()
        .await
        .error(403);
    let made = app
        .post("/v3/users", user(&domain))
        .token(&manager)
        .send()
        .await
        .expect(201);
    let path = format!("/v3/users/{}", made.json()["user"]["id"].as_str().unwrap());
    let move_out = json!({ "user": { "domain_id": "default" } });
    app.patch(&path, move_out.clone())
        .token(&manager)
        .send()
        .await
        .error(400);
    app.patch(&foreign, move_out)
        .token(&manager)
        .send()
        .await
        .error(403);
    app.delete(&path).token(&manager).send().await.expect(204);
}

#[tokio::test]
async fn a_user_has_the_projects_where_it_has_roles() {
    let app = TestApp::new().await;
    let rita = app.persona("rita", "member").await;
    let path = format!("/v3/users/{}/projects", rita.user_id);
    let count = |answer: Answer| {
        answer.expect(200).json()["projects"]
            .as_array()
            .unwrap()
            .len()
    };
    assert_eq!(count(app.get(&path).token(&rita.token).send().await), 1);
    for (query, expected) in [
        ("name=rita-project", 1),
        ("name=x", 0),
        ("enabled=false", 0),
    ] {
        let path = format!("{path}?{query}");
        assert_eq!(
            count(app.get(&path).token(&rita.token).send().await),
            expected,
            "{query}"
        );
    }
    let admin = app.admin().await;
    app.get("/v3/users/nobody/projects")
        .token(&admin)
        .send()
        .await
        .error(404);
}

#[tokio::test]
async fn a_domains_reader_sees_all_projects_of_its_users() {
    let scene = Scene::new().await;
    let reader = scene.role("reader");
    for grant in [
        format!("/v3/projects/elsewhere/users/uma/roles/{reader}"),
        format!("/v3/domains/{ACME}/users/vic/roles/{reader}"),
    ] {
        scene.put(&grant).await.expect(204);
    }
    let vic = scene
        .login("vic", json!({ "domain": { "id": ACME } }))
        .await;
    let request = scene.app.get("/v3/users/uma/projects").token(&vic);
    let projects = request.send().await.expect(200).json();
    assert_eq!(projects["projects"][0]["id"], "elsewhere");
}
