//! `/v3/domains`

use super::projects::{id, make, make_domain, names, somebody_in};
use crate::harness::{Answer, TestApp};
use serde_json::{Value, json};

async fn get(app: &TestApp, token: &str, path: &str) -> Answer {
    app.get(path).token(token).send().await
}

async fn post(app: &TestApp, token: &str, domain: Value) -> Answer {
    let body = json!({ "domain": domain });
    app.post("/v3/domains", body).token(token).send().await
}

async fn patch(app: &TestApp, token: &str, domain: &str, changes: Value) -> Answer {
    let body = json!({ "domain": changes });
    let path = format!("/v3/domains/{domain}");
    app.patch(&path, body).token(token).send().await
}

async fn delete(app: &TestApp, token: &str, domain: &str) -> Answer {
    let path = format!("/v3/domains/{domain}");
    app.delete(&path).token(token).send().await
}

#[tokio::test]
async fn a_new_domain_shows_all_its_members_and_forgets_where_it_was_put() {
    let app = TestApp::new().await;
    let admin = app.admin().await;
    let body = json!({
        "name": " acme ", "description": "d1", "x:y": 1, "domain_id": "x", "parent_id": "y",
        "is_domain": false,
    });
    let domain = post(&app, &admin, body).await.expect(201).json()["domain"].take();
    let id = id(&domain);
    let expected = json!({
        "x_y": 1, "id": id, "name": "acme", "description": "d1", "enabled": true, "tags": [],
        "options": {}, "links": { "self": format!("http://keystone.test/v3/domains/{id}") },
    });
    assert_eq!(domain.to_string(), expected.to_string());
    let shown = get(&app, &admin, &format!("/v3/domains/{id}"))
        .await
        .expect(200);
    assert_eq!(shown.json()["domain"], expected);
    let head = app.head(&format!("/v3/domains/{id}")).token(&admin);
    assert_eq!(head.send().await.expect(200).body, "");
    let project = get(&app, &admin, &format!("/v3/projects/{id}"))
        .await
        .json();
    assert_eq!(project["project"]["is_domain"], true);
}

#[tokio::test]
async fn the_id_of_a_domain_can_be_chosen() {
    let app = TestApp::new().await;
    let admin = app.admin().await;
    let chosen = "0123456789abcdef0123456789abcdef";
    let body = json!({ "name": "a", "explicit_domain_id": chosen });
    let domain = post(&app, &admin, body).await.expect(201).json();
    assert_eq!(domain["domain"]["id"], chosen);
    assert_eq!(domain["domain"].get("explicit_domain_id"), None);
    let again = json!({ "name": "b", "explicit_domain_id": chosen });
    post(&app, &admin, again).await.error(409);
    for refused in [json!("zz"), json!(chosen.to_uppercase()), Value::Null] {
        let body = json!({ "name": "b", "explicit_domain_id": refused });
        post(&app, &admin, body).await.error(400);
    }
}

#[tokio::test]
async fn domain_names_are_unique_and_federated_is_reserved() {
    let app = TestApp::new().await;
    let admin = app.admin().await;
    let acme = make_domain(&app, &admin, "acme").await;
    make_domain(&app, &admin, "other").await;
    post(&app, &admin, json!({ "name": "acme" }))
        .await
        .error(409);
    patch(&app, &admin, &acme, json!({ "name": "other" }))
        .await
        .error(409);
    for refused in [
        json!({ "name": "federated" }),
        json!({ "name": "" }),
        json!({}),
    ] {
        post(&app, &admin, refused).await.error(400);
    }
    patch(&app, &admin, &acme, json!({ "name": "Federated" }))
        .await
        .error(400);
}

#[tokio::test]
async fn domains_are_listed_filtered_and_paged() {
    let app = TestApp::new().await;
    let admin = app.admin().await;
    make_domain(&app, &admin, "acme").await;
    post(&app, &admin, json!({ "name": "off", "enabled": false }))
        .await
        .expect(201);
    make(&app, &admin, json!({ "name": "no-domain" })).await;
    for (query, expected) in [
        ("", vec!["Default", "acme", "off"]),
        ("name=acme&enabled=true", vec!["acme"]),
        ("enabled=0", vec!["off"]),
        ("name__icontains=A", vec!["Default", "acme"]),
    ] {
        let listed = get(&app, &admin, &format!("/v3/domains?{query}"))
            .await
            .expect(200);
        assert_eq!(names(&listed, "domains"), expected, "{query}");
    }
    let page = get(&app, &admin, "/v3/domains?limit=2")
        .await
        .expect(200)
        .json();
    assert_eq!(page["truncated"], true);
    let next = page["links"]["next"].as_str().expect("a next page");
    let next = next.strip_prefix("http://keystone.test").unwrap();
    let rest = get(&app, &admin, next).await.expect(200).json();
    assert_eq!(rest["domains"].as_array().unwrap().len(), 1);
    get(&app, &admin, "/v3/domains?marker=nope")
        .await
        .error(404);
}

#[tokio::test]
async fn an_update_changes_what_it_names() {
    let app = TestApp::new().await;
    let admin = app.admin().await;
    let acme = make_domain(&app, &admin, "acme").await;
    let changes = json!({
        "description": "d2", "extra-key": "v", "tags": ["t"], "id": "other", "domain_id": "x",
    });
    let updated = patch(&app, &admin, &acme, changes).await.expect(200);
    let updated = updated.json()["domain"].take();
    assert_eq!(updated["id"], acme);
    assert_eq!(updated["extra-key"], "v");
    assert_eq!(updated["tags"], json!(["t"]));
    for absent in ["extra", "domain_id"] {
        assert_eq!(updated.get(absent), None, "{absent}");
    }
    let shown = get(&app, &admin, &format!("/v3/domains/{acme}"))
        .await
        .json();
    assert_eq!(shown["domain"], updated);
    patch(&app, &admin, &acme, json!({})).await.error(400);
}

#[tokio::test]
async fn what_is_no_domain_is_not_found_as_one() {
    let app = TestApp::new().await;
    let admin = app.admin().await;
    for id in [app.seed.project_id.clone(), "0".repeat(32)] {
        get(&app, &admin, &format!("/v3/domains/{id}"))
            .await
            .error(404);
        patch(&app, &admin, &id, json!({ "name": "x" }))
            .await
            .error(404);
        delete(&app, &admin, &id).await.error(404);
    }
}

#[tokio::test]
async fn a_domain_is_disabled_at_once_and_deleted_with_everything_in_it() {
    let app = TestApp::new().await;
    let admin = app.admin().await;
    let acme = make_domain(&app, &admin, "acme").await;
    let top = make(&app, &admin, json!({ "name": "top", "domain_id": acme })).await;
    let top = id(&top);
    let leaf = json!({ "name": "leaf", "domain_id": acme, "parent_id": top });
    let leaf = id(&make(&app, &admin, leaf).await);
    let group = json!({ "group": { "name": "g", "domain_id": acme } });
    let group = app.post("/v3/groups", group).token(&admin).send().await;
    let group = id(&group.expect(201).json()["group"]);
    let member = somebody_in(&app, &admin, &acme, "member").await;
    let role = json!({ "role": { "name": "r", "domain_id": acme } });
    let role = app.post("/v3/roles", role).token(&admin).send().await;
    let role = id(&role.expect(201).json()["role"]);

    delete(&app, &admin, &acme).await.error(403);
    patch(&app, &admin, &acme, json!({ "enabled": false }))
        .await
        .expect(200);
    delete(&app, &admin, &acme).await.expect(204);
    for gone in [
        format!("/v3/domains/{acme}"),
        format!("/v3/projects/{top}"),
        format!("/v3/projects/{leaf}"),
        format!("/v3/groups/{group}"),
    ] {
        get(&app, &admin, &gone).await.error(404);
    }
    let users = get(&app, &admin, &format!("/v3/users?domain_id={acme}")).await;
    assert!(names(&users.expect(200), "users").is_empty());
    get(&app, &member, &format!("/v3/domains/{acme}"))
        .await
        .error(401);
    get(&app, &admin, &format!("/v3/roles/{role}"))
        .await
        .expect(200);
    make_domain(&app, &admin, "acme").await;
}

#[tokio::test]
async fn an_immutable_project_keeps_its_domain_whole() {
    let app = TestApp::new().await;
    let admin = app.admin().await;
    let acme = make_domain(&app, &admin, "acme").await;
    let free = id(&make(&app, &admin, json!({ "name": "free", "domain_id": acme })).await);
    let kept = json!({ "name": "kept", "domain_id": acme, "options": { "immutable": true } });
    make(&app, &admin, kept).await;
    patch(&app, &admin, &acme, json!({ "enabled": false }))
        .await
        .expect(200);
    delete(&app, &admin, &acme).await.error(403);
    get(&app, &admin, &format!("/v3/projects/{free}"))
        .await
        .expect(200);
}

#[tokio::test]
async fn an_immutable_domain_can_only_become_mutable() {
    let app = TestApp::new().await;
    let admin = app.admin().await;
    let acme = make_domain(&app, &admin, "acme").await;
    let immutable = |value: Value| json!({ "options": { "immutable": value } });
    patch(&app, &admin, &acme, immutable(json!(true)))
        .await
        .expect(200);
    patch(&app, &admin, &acme, json!({ "enabled": false }))
        .await
        .error(403);
    delete(&app, &admin, &acme).await.error(403);
    let freed = patch(&app, &admin, &acme, immutable(json!(false)))
        .await
        .expect(200);
    assert_eq!(
        freed.json()["domain"]["options"],
        json!({ "immutable": false })
    );
    patch(&app, &admin, &acme, json!({ "enabled": false }))
        .await
        .expect(200);
    delete(&app, &admin, &acme).await.expect(204);
}

#[tokio::test]
async fn nobody_reaches_domains_without_a_token() {
    let app = TestApp::new().await;
    app.get("/v3/domains").send().await.error(401);
    for id in ["default".to_owned(), "0".repeat(32)] {
        let path = format!("/v3/domains/{id}");
        app.get(&path).send().await.error(401);
        app.delete(&path).send().await.error(401);
        let body = json!({ "domain": { "name": "x" } });
        app.patch(&path, body).send().await.error(401);
    }
    let body = json!({ "domain": { "name": "x" } });
    app.post("/v3/domains", body).send().await.error(401);
}

#[tokio::test]
async fn everybody_sees_the_domain_of_its_token_and_changes_none() {
    let app = TestApp::new().await;
    let admin = app.admin().await;
    let acme = make_domain(&app, &admin, "acme").await;
    let of_project = app.persona("mia", "member").await.token;
    get(&app, &of_project, "/v3/domains/default")
        .await
        .expect(200);
    get(&app, &of_project, "/v3/domains").await.error(403);
    get(&app, &of_project, &format!("/v3/domains/{acme}"))
        .await
        .error(403);
    get(
        &app,
        &of_project,
        &format!("/v3/domains/{}", "0".repeat(32)),
    )
    .await
    .error(403);

    let manager = somebody_in(&app, &admin, &acme, "manager").await;
    get(&app, &manager, &format!("/v3/domains/{acme}"))
        .await
        .expect(200);
    let listed = get(&app, &manager, "/v3/domains").await.expect(200);
    assert_eq!(names(&listed, "domains"), ["acme"]);
    let listed = get(&app, &manager, "/v3/domains?name=Default")
        .await
        .expect(200);
    assert!(names(&listed, "domains").is_empty());

    for token in [&of_project, &manager] {
        post(&app, token, json!({ "name": "x" })).await.error(403);
        patch(&app, token, &acme, json!({ "description": "x" }))
            .await
            .error(403);
        delete(&app, token, &acme).await.error(403);
        delete(&app, token, &"0".repeat(32)).await.error(404);
    }
}

#[tokio::test]
async fn a_system_reader_sees_all_domains_and_changes_none() {
    let app = TestApp::new().await;
    let admin = app.admin().await;
    let acme = make_domain(&app, &admin, "acme").await;
    let mia = app.persona("mia", "member").await;
    let role = app.seed.role("reader");
    let grant = format!("/v3/system/users/{}/roles/{role}", mia.user_id);
    app.put(&grant).token(&admin).send().await.expect(204);
    let system = json!({ "system": { "all": true } });
    let reader = app
        .login("mia", crate::harness::ADMIN_PASSWORD, system)
        .await;
    let listed = get(&app, &reader, "/v3/domains").await.expect(200);
    assert_eq!(names(&listed, "domains"), ["Default", "acme"]);
    get(&app, &reader, "/v3/projects").await.expect(200);
    delete(&app, &reader, &acme).await.error(403);
    let admin = app.system_admin().await;
    patch(&app, &admin, &acme, json!({ "description": "x" }))
        .await
        .expect(200);
}
