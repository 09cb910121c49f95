//! `/v3/roles`

use crate::harness::{ACME, Scene, TestApp, UMBRELLA};
use serde_json::{Value, json};

fn names(roles: &Value) -> Vec<&str> {
    let mut names: Vec<&str> = roles["roles"]
        .as_array()
        .expect("roles")
        .iter()
        .map(|role| role["name"].as_str().expect("a name"))
        .collect();
    names.sort_unstable();
    names
}

#[tokio::test]
async fn a_role_is_created_shown_changed_and_deleted() {
    let scene = Scene::new().await;
    let body = json!({ "role": { "name": "r1", "description": "rd", "x:y-z": [1], "id": "mine" } });
    let created = scene.post("/v3/roles", body).await.expect(201).json();
    let id = created["role"]["id"].as_str().unwrap().to_owned();
    let path = format!("/v3/roles/{id}");
    assert_eq!(id.len(), 32);
    assert_eq!(
        created["role"],
        json!({
            "x_y_z": [1],
            "id": id,
            "name": "r1",
            "domain_id": null,
            "description": "rd",
            "options": {},
            "links": { "self": format!("http://keystone.test{path}") },
        })
    );
    assert_eq!(scene.get(&path).await.expect(200).json(), created);
    assert_eq!(scene.head(&path).await.expect(200).body, "");

    let change = json!({ "role": { "name": "r2", "description": null, "x_y_z": null, "id": id } });
    let changed = scene.patch(&path, change).await.expect(200).json();
    assert_eq!(changed["role"]["name"], "r2");
    assert_eq!(changed["role"]["description"], Value::Null);
    assert_eq!(changed["role"].get("x_y_z"), Some(&Value::Null));
    assert_eq!(scene.get(&path).await.json(), changed);

    assert_eq!(scene.delete(&path).await.expect(204).body, "");
    scene.get(&path).await.error(404);
    scene.delete(&path).await.error(404);
}

#[tokio::test]
async fn names_are_unique_among_global_roles_and_in_each_domain() {
    let scene = Scene::new().await;
    scene.new_role("r", None).await;
    let of_acme = scene.new_role("r", Some(ACME)).await;
    scene.new_role("r", Some(UMBRELLA)).await;
    let again = json!({ "role": { "name": "r", "domain_id": ACME } });
    let message = scene.post("/v3/roles", again).await.error(409);
    assert!(message.contains("'r'"), "{message}");
    let other = scene.new_role("other", Some(ACME)).await;
    let rename = json!({ "role": { "name": "r" } });
    scene
        .patch(&format!("/v3/roles/{other}"), rename.clone())
        .await
        .error(409);
    scene
        .patch(&format!("/v3/roles/{of_acme}"), rename)
        .await
        .expect(200);
}

#[tokio::test]
async fn bad_bodies_are_refused_before_anybody_asks_who_calls() {
    let app = TestApp::new().await;
    for body in [
        json!({ "role": {} }),
        json!({ "rolex": { "name": "r" } }),
        json!({ "role": { "name": "" } }),
        json!({ "role": { "name": "r", "options": { "unknown": true } } }),
        json!({ "role": { "name": "r", "domain_id": "no id" } }),
        json!({ "role": { "name": "x".repeat(256) } }),
    ] {
        app.post("/v3/roles", body.clone()).send().await.error(400);
    }
    let good = json!({ "role": { "name": "r" } });
    app.post("/v3/roles", good).send().await.error(401);
    let admin = app.admin().await;
    let long = json!({ "role": { "name": "r", "description": "x".repeat(256) } });
    app.post("/v3/roles", long)
        .token(&admin)
        .send()
        .await
        .error(400);
}

#[tokio::test]
async fn neither_id_nor_domain_can_change() {
    let scene = Scene::new().await;
    let id = scene.new_role("r", Some(ACME)).await;
    let path = format!("/v3/roles/{id}");
    for change in [
        json!({ "id": "other" }),
        json!({ "domain_id": UMBRELLA }),
        json!({ "domain_id": null }),
        json!({}),
    ] {
        scene
            .patch(&path, json!({ "role": change }))
            .await
            .error(400);
    }
    let same = json!({ "role": { "domain_id": ACME } });
    scene.patch(&path, same).await.expect(200);
}

#[tokio::test]
async fn an_immutable_role_first_has_to_become_mutable() {
    let scene = Scene::new().await;
    let body = json!({ "role": { "name": "r", "options": { "immutable": true } } });
    let created = scene.post("/v3/roles", body).await.expect(201).json();
    assert_eq!(created["role"]["options"], json!({ "immutable": true }));
    let path = format!("/v3/roles/{}", created["role"]["id"].as_str().unwrap());
    scene.delete(&path).await.error(403);
    for change in [
        json!({ "name": "k" }),
        json!({ "name": "k", "options": { "immutable": null } }),
        json!({ "options": { "immutable": true } }),
        json!({ "options": {} }),
    ] {
        scene
            .patch(&path, json!({ "role": change }))
            .await
            .error(403);
    }
    let end = json!({ "role": { "options": { "immutable": false } } });
    let ended = scene.patch(&path, end).await.expect(200).json();
    assert_eq!(ended["role"]["options"], json!({ "immutable": false }));
    let remove = json!({ "role": { "name": "k", "options": { "immutable": null } } });
    let removed = scene.patch(&path, remove).await.expect(200).json();
    assert_eq!(removed["role"]["options"], json!({}));
    scene.delete(&path).await.expect(204);
}

#[tokio::test]
async fn a_list_shows_global_roles_or_those_of_one_domain() {
    let scene = Scene::new().await;
    scene.new_role("Auditor", None).await;
    scene.new_role("local", Some(ACME)).await;
    let global = scene.get("/v3/roles").await.expect(200).json();
    assert_eq!(
        names(&global),
        ["Auditor", "admin", "manager", "member", "reader", "service"]
    );
    assert_eq!(
        global["links"],
        json!({ "next": null, "self": "http://keystone.test/v3/roles", "previous": null })
    );
    assert_eq!(global.get("truncated"), None);
    let of_acme = scene
        .get(&format!("/v3/roles?domain_id={ACME}"))
        .await
        .expect(200)
        .json();
    assert_eq!(names(&of_acme), ["local"]);
    assert_eq!(
        of_acme["links"]["self"],
        format!("http://keystone.test/v3/roles?domain_id={ACME}")
    );
    for (filter, found) in [
        ("name=member", vec!["member"]),
        ("name=nothing", vec![]),
        ("name__icontains=AUD", vec!["Auditor"]),
        ("name__contains=AUD", vec![]),
        ("name__startswith=ma", vec!["manager"]),
        (
            "name__endswith=er&name__startswith=m",
            vec!["manager", "member"],
        ),
        ("unknown=1&name=admin", vec!["admin"]),
    ] {
        let list = scene
            .get(&format!("/v3/roles?{filter}"))
            .await
            .expect(200)
            .json();
        assert_eq!(names(&list), found, "{filter}");
    }
    for bad in ["name=", "domain_id=", "limit=abc"] {
        scene.get(&format!("/v3/roles?{bad}")).await.error(400);
    }
    assert_eq!(scene.head("/v3/roles").await.expect(200).body, "");
}

#[tokio::test]
async fn pages_follow_each_other_to_the_end() {
    let scene = Scene::with_config("[role]\nlist_limit = 2\n").await;
    let mut seen: Vec<String> = Vec::new();
    let mut path = "/v3/roles".to_owned();
    loop {
        let page = scene.get(&path).await.expect(200).json();
        seen.extend(names(&page).into_iter().map(str::to_owned));
        let Some(next) = page["links"]["next"].as_str() else {
            assert_eq!(page.get("truncated"), None);
            break;
        };
        assert_eq!(page["truncated"], true);
        path = next
            .strip_prefix("http://keystone.test")
            .unwrap()
            .to_owned();
    }
    seen.sort_unstable();
    assert_eq!(seen, ["admin", "manager", "member", "reader", "service"]);
    scene.get("/v3/roles?marker=nope").await.error(404);
    let all = scene.get("/v3/roles?limit=5").await.expect(200).json();
    assert_eq!(names(&all).len(), 5);
    assert_eq!(all.get("truncated"), None);
}

#[tokio::test]
async fn only_admins_manage_roles() {
    let scene = Scene::new().await;
    let role = scene.new_role("r", None).await;
    let path = format!("/v3/roles/{role}");
    let of_domain = format!("/v3/roles?domain_id={ACME}");
    let member = scene.app.persona("mia", "member").await.token;
    let app = &scene.app;
    let body = json!({ "role": { "name": "x" } });
    for token in [Some(&member), None] {
        let status = if token.is_some() { 403 } else { 401 };
        for request in [
            app.get("/v3/roles"),
            app.get(&of_domain),
            app.get(&path),
            app.post("/v3/roles", body.clone()),
            app.patch(&path, body.clone()),
            app.delete(&path),
        ] {
            let request = match token {
                Some(token) => request.token(token),
                None => request,
            };
            request.send().await.error(status);
        }
    }
    // Which rule governs a role depends on the role, so that one is looked for first.
    app.get("/v3/roles/nope")
        .token(&member)
        .send()
        .await
        .error(404);
    app.get("/v3/roles/nope").send().await.error(401);
}

#[tokio::test]
async fn a_domains_manager_sees_the_roles_it_may_grant() {
    let scene = Scene::new().await;
    let manager = scene.role("manager");
    scene
        .put(&format!("/v3/domains/{ACME}/users/vic/roles/{manager}"))
        .await
        .expect(204);
    let token = scene
        .login("vic", json!({ "domain": { "id": ACME } }))
        .await;
    let local = scene.new_role("local", Some(ACME)).await;
    let get = |path: String| {
        let request = scene.app.get(&path).token(&token);
        async move { request.send().await.status }
    };
    assert_eq!(get("/v3/roles".to_owned()).await, 200);
    assert_eq!(
        get(format!("/v3/roles/{}", scene.role("member"))).await,
        200
    );
    assert_eq!(get(format!("/v3/roles/{}", scene.role("admin"))).await, 403);
    assert_eq!(get(format!("/v3/roles/{local}")).await, 403);
}

#[tokio::test]
async fn a_deleted_role_leaves_no_grant_and_no_rule() {
    let scene = Scene::new().await;
    let role = scene.new_role("r", None).await;
    let member = scene.role("member");
    for path in [
        format!("/v3/projects/top/users/uma/roles/{role}"),
        format!("/v3/domains/{ACME}/groups/crew/roles/{role}"),
        format!("/v3/system/users/uma/roles/{role}"),
    ] {
        scene.put(&path).await.expect(204);
    }
    scene
        .put(&format!("/v3/roles/{role}/implies/{member}"))
        .await
        .expect(201);
    scene.delete(&format!("/v3/roles/{role}")).await.expect(204);
    let left = scene.get("/v3/role_assignments").await.expect(200).body;
    assert!(!left.contains(&role), "{left}");
    let rules = scene.get("/v3/role_inferences").await.expect(200).body;
    assert!(!rules.contains(&role), "{rules}");
    let scope = json!({ "project": { "id": "top" } });
    scene.try_login("uma", scope).await.error(401);
}
