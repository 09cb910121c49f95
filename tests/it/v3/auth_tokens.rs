//! `/v3/auth/tokens` and what a token can be scoped to.

use crate::harness::{ADMIN_PASSWORD, TestApp, login_body};
use keystone::driver::sql::db::sql;
use serde_json::{Value, json};

fn rescope(token: &str, scope: Value) -> Value {
    let mut body =
        json!({ "auth": { "identity": { "methods": ["token"], "token": { "id": token } } } });
    if !scope.is_null() {
        body["auth"]["scope"] = scope;
    }
    body
}

#[tokio::test]
async fn a_password_login_without_scope_gives_an_unscoped_token() {
    let app = TestApp::new().await;
    let body = login_body("admin", ADMIN_PASSWORD, Value::Null);
    let answer = app.post("/v3/auth/tokens", body).send().await.expect(201);
    assert!(answer.header("x-subject-token").starts_with("gAAAA"));
    assert_eq!(answer.header("vary"), "X-Auth-Token");
    assert!(answer.header("x-openstack-request-id").starts_with("req-"));
    let token = &answer.json()["token"];
    assert_eq!(token["methods"], json!(["password"]));
    assert_eq!(token["user"]["name"], "admin");
    assert_eq!(
        token["user"]["domain"],
        json!({ "id": "default", "name": "Default" })
    );
    assert_eq!(token["issued_at"], "2026-01-01T00:00:00.000000Z");
    assert_eq!(token["expires_at"], "2026-01-01T01:00:00.000000Z");
    for absent in [
        "project",
        "roles",
        "catalog",
        "is_domain",
        "system",
        "domain",
    ] {
        assert!(token.get(absent).is_none(), "{absent}");
    }
}

#[tokio::test]
async fn a_project_token_shows_project_effective_roles_and_catalog() {
    let app = TestApp::new().await;
    let scope = json!({ "project": { "name": "admin", "domain": { "name": "Default" } } });
    let answer = app
        .post(
            "/v3/auth/tokens",
            login_body("admin", ADMIN_PASSWORD, scope),
        )
        .send()
        .await
        .expect(201);
    let token = &answer.json()["token"];
    assert_eq!(token["project"]["id"], app.seed.project_id);
    assert_eq!(token["is_domain"], false);
    let mut roles: Vec<&str> = token["roles"]
        .as_array()
        .unwrap()
        .iter()
        .map(|role| role["name"].as_str().unwrap())
        .collect();
    roles.sort_unstable();
    assert_eq!(roles, ["admin", "manager", "member", "reader"]);
    assert_eq!(token["catalog"][0]["type"], "identity");
    assert_eq!(token["catalog"][0]["name"], "keystone");
    assert_eq!(
        token["catalog"][0]["endpoints"].as_array().unwrap().len(),
        3
    );
}

#[tokio::test]
async fn nocatalog_leaves_only_the_catalog_out() {
    let app = TestApp::new().await;
    let scope = json!({ "system": { "all": true } });
    let body = login_body("admin", ADMIN_PASSWORD, scope);
    let answer = app
        .post("/v3/auth/tokens?nocatalog", body)
        .send()
        .await
        .expect(201);
    let token = &answer.json()["token"];
    assert!(token.get("catalog").is_none());
    assert_eq!(token["system"], json!({ "all": true }));
}

#[tokio::test]
async fn every_bad_login_is_the_same_401() {
    let app = TestApp::new().await;
    let wrong_password = login_body("admin", "wrong", Value::Null);
    let unknown_user = login_body("nobody", ADMIN_PASSWORD, Value::Null);
    let no_role = login_body(
        "admin",
        ADMIN_PASSWORD,
        json!({ "domain": { "id": "default" } }),
    );
    let no_project = login_body(
        "admin",
        ADMIN_PASSWORD,
        json!({ "project": { "id": "missing" } }),
    );
    let no_domain = login_body(
        "admin",
        ADMIN_PASSWORD,
        json!({ "domain": { "id": "nope" } }),
    );
    let mut messages = Vec::new();
    for body in [wrong_password, unknown_user, no_role, no_project, no_domain] {
        let answer = app.post("/v3/auth/tokens", body).send().await;
        messages.push(answer.error(401));
        assert_eq!(
            answer.header("www-authenticate"),
            r#"Keystone uri="http://keystone.test/v3""#
        );
    }
    messages.dedup();
    assert_eq!(messages.len(), 1);
}

#[tokio::test]
async fn malformed_logins_are_400() {
    let app = TestApp::new().await;
    let admin = login_body("admin", ADMIN_PASSWORD, Value::Null);
    let with_scope = |scope: Value| login_body("admin", ADMIN_PASSWORD, scope);
    let mut no_domain = admin.clone();
    no_domain["auth"]["identity"]["password"]["user"]
        .as_object_mut()
        .unwrap()
        .remove("domain");
    let bodies = [
        json!({}),
        json!({ "auth": {} }),
        json!({ "auth": { "identity": { "methods": "password" } } }),
        json!({ "auth": { "identity": { "methods": ["password"] } } }),
        json!({ "auth": { "identity": { "methods": ["password"], "password": { "user": { "password": "x" } } } } }),
        with_scope(json!({ "project": { "id": "a" }, "domain": { "id": "b" } })),
        with_scope(json!({ "project": { "name": "admin" } })),
        with_scope(json!({})),
        no_domain,
    ];
    for body in bodies {
        let answer = app.post("/v3/auth/tokens", body).send().await;
        answer.error(400);
    }
}

#[tokio::test]
async fn an_unsupported_method_is_401_and_names_those_on_offer() {
    let app = TestApp::new().await;
    let body = json!({ "auth": { "identity": { "methods": ["foo"], "foo": {} } } });
    let answer = app.post("/v3/auth/tokens", body).send().await;
    answer.error(401);
    assert!(
        answer.json()["error"]["identity"]["methods"]
            .as_array()
            .unwrap()
            .contains(&json!("password"))
    );
}

#[tokio::test]
async fn a_token_is_validated_for_its_owner_and_for_services() {
    let app = TestApp::new().await;
    let admin = app.admin().await;
    let reader = app.persona("rita", "reader").await;
    let other = app.persona("otto", "reader").await;
    let answer = app
        .get("/v3/auth/tokens")
        .token(&admin)
        .subject(&reader.token)
        .send()
        .await
        .expect(200);
    assert_eq!(answer.header("x-subject-token"), reader.token);
    assert_eq!(answer.json()["token"]["user"]["id"], reader.user_id);
    app.get("/v3/auth/tokens")
        .token(&reader.token)
        .subject(&reader.token)
        .send()
        .await
        .expect(200);
    app.get("/v3/auth/tokens")
        .token(&other.token)
        .subject(&reader.token)
        .send()
        .await
        .error(403);
    app.get("/v3/auth/tokens")
        .subject(&reader.token)
        .send()
        .await
        .error(401);
    let head = app
        .head("/v3/auth/tokens")
        .token(&admin)
        .subject(&reader.token)
        .send()
        .await
        .expect(200);
    assert_eq!(head.body, "");
    app.get("/v3/auth/tokens")
        .token(&admin)
        .subject("nonsense")
        .send()
        .await
        .error(404);
    app.get("/v3/auth/tokens")
        .token(&admin)
        .send()
        .await
        .error(404);
}

#[tokio::test]
async fn an_expired_token_is_shown_only_within_the_allowed_window() {
    let app = TestApp::new().await;
    let reader = app.persona("rita", "reader").await;
    app.wait(3600);
    let admin = app.admin().await;
    app.get("/v3/auth/tokens")
        .token(&admin)
        .subject(&reader.token)
        .send()
        .await
        .error(404);
    for (wanted, status) in [
        ("=1", 200),
        ("=True", 200),
        ("", 404),
        ("=2", 404),
        ("=false", 404),
    ] {
        let path = format!("/v3/auth/tokens?allow_expired{wanted}");
        let shown = app.get(&path).token(&admin).subject(&reader.token);
        assert_eq!(shown.send().await.status, status, "{path}");
    }
    app.get("/v3/users").token(&reader.token).send().await;
    app.get("/v3/auth/projects")
        .token(&reader.token)
        .send()
        .await
        .error(401);
    app.wait(172_800);
    let admin = app.admin().await;
    app.get("/v3/auth/tokens?allow_expired=1")
        .token(&admin)
        .subject(&reader.token)
        .send()
        .await
        .error(404);
}

#[tokio::test]
async fn a_revoked_token_is_dead_at_once_and_so_is_what_was_made_from_it() {
    let app = TestApp::new().await;
    let parent = app.admin().await;
    let body = rescope(&parent, json!({ "project": { "id": app.seed.project_id } }));
    let child = app.post("/v3/auth/tokens", body).send().await.expect(201);
    let child = child.header("x-subject-token").to_owned();
    app.wait(1);
    let admin = app.admin().await;
    app.delete("/v3/auth/tokens")
        .token(&admin)
        .subject(&parent)
        .send()
        .await
        .expect(204);
    app.get("/v3/auth/tokens")
        .token(&admin)
        .subject(&parent)
        .send()
        .await
        .error(404);
    app.get("/v3/auth/tokens")
        .token(&admin)
        .subject(&child)
        .send()
        .await
        .error(404);
    app.get("/v3/auth/projects")
        .token(&child)
        .send()
        .await
        .error(401);
    app.delete("/v3/auth/tokens")
        .token(&admin)
        .subject(&parent)
        .send()
        .await
        .error(404);
}

#[tokio::test]
async fn cascade_false_spares_what_was_made_from_the_token() {
    let app = TestApp::new().await;
    let parent = app.admin().await;
    let body = rescope(&parent, json!({ "project": { "id": app.seed.project_id } }));
    let child = app.post("/v3/auth/tokens", body).send().await.expect(201);
    let child = child.header("x-subject-token").to_owned();
    app.wait(1);
    let admin = app.admin().await;
    app.delete("/v3/auth/tokens?cascade=false")
        .token(&admin)
        .subject(&parent)
        .send()
        .await
        .expect(204);
    app.get("/v3/auth/tokens")
        .token(&admin)
        .subject(&parent)
        .send()
        .await
        .error(404);
    app.get("/v3/auth/tokens")
        .token(&admin)
        .subject(&child)
        .send()
        .await
        .expect(200);
}

#[tokio::test]
async fn a_rescoped_token_keeps_its_expiry_and_its_chain() {
    let app = TestApp::new().await;
    let first = app
        .post(
            "/v3/auth/tokens",
            login_body("admin", ADMIN_PASSWORD, Value::Null),
        )
        .send()
        .await;
    let parent = first.json()["token"].clone();
    app.wait(600);
    let body = rescope(
        first.header("x-subject-token"),
        json!({ "project": { "id": app.seed.project_id } }),
    );
    let second = app.post("/v3/auth/tokens", body).send().await.expect(201);
    let token = &second.json()["token"];
    assert_eq!(token["expires_at"], parent["expires_at"]);
    assert_eq!(token["audit_ids"][1], parent["audit_ids"][0]);
    let mut methods: Vec<&str> = token["methods"]
        .as_array()
        .unwrap()
        .iter()
        .map(|method| method.as_str().unwrap())
        .collect();
    methods.sort_unstable();
    assert_eq!(methods, ["password", "token"]);
}

#[tokio::test]
async fn a_system_token_does_not_become_a_project_token() {
    let app = TestApp::new().await;
    let system = app.system_admin().await;
    let body = rescope(&system, json!({ "project": { "id": app.seed.project_id } }));
    app.post("/v3/auth/tokens", body).send().await.error(403);
}

#[tokio::test]
async fn a_system_token_gives_way_to_the_default_project_where_no_scope_is_named() {
    let app = TestApp::new().await;
    let admin = app.admin().await;
    let members = json!({ "user": { "default_project_id": app.seed.project_id } });
    let path = format!("/v3/users/{}", app.seed.user_id);
    let changed = app.patch(&path, members).token(&admin).send().await;
    changed.expect(200);
    let system = app.system_admin().await;
    let body = rescope(&system, Value::Null);
    let answer = app.post("/v3/auth/tokens", body).send().await.expect(201);
    assert_eq!(answer.json()["token"]["project"]["id"], app.seed.project_id);
}

#[tokio::test]
async fn scoped_tokens_are_not_rescoped_when_configuration_forbids_it() {
    let app = TestApp::with_config("[token]\nallow_rescope_scoped_token = false\n").await;
    let scoped = app.admin().await;
    app.post("/v3/auth/tokens", rescope(&scoped, json!({ "system": {} })))
        .send()
        .await
        .error(403);
}

#[tokio::test]
async fn what_a_token_could_be_scoped_to_is_listed() {
    let app = TestApp::new().await;
    let admin = app.admin().await;
    let projects = app
        .get("/v3/auth/projects")
        .token(&admin)
        .send()
        .await
        .expect(200)
        .json();
    assert_eq!(projects["projects"].as_array().unwrap().len(), 1);
    assert_eq!(
        projects["links"]["self"],
        "http://keystone.test/v3/auth/projects"
    );
    let domains = app
        .get("/v3/auth/domains")
        .token(&admin)
        .send()
        .await
        .expect(200)
        .json();
    assert_eq!(domains["domains"], json!([]));
    let system = app
        .get("/v3/auth/system")
        .token(&admin)
        .send()
        .await
        .expect(200)
        .json();
    assert_eq!(system["system"], json!([{ "all": true }]));
    let catalog = app
        .get("/v3/auth/catalog")
        .token(&admin)
        .send()
        .await
        .expect(200)
        .json();
    assert_eq!(catalog["catalog"][0]["type"], "identity");
    let unscoped = app.login("admin", ADMIN_PASSWORD, json!("unscoped")).await;
    app.get("/v3/auth/catalog")
        .token(&unscoped)
        .send()
        .await
        .error(403);
}

#[tokio::test]
async fn a_presented_token_that_is_no_token_is_404() {
    let app = TestApp::new().await;
    app.post("/v3/auth/tokens", rescope("nonsense", Value::Null))
        .send()
        .await
        .error(404);
}

#[tokio::test]
async fn a_login_without_a_password_is_401() {
    let app = TestApp::new().await;
    let mut body = login_body("admin", ADMIN_PASSWORD, Value::Null);
    body["auth"]["identity"]["password"]["user"]
        .as_object_mut()
        .unwrap()
        .remove("password");
    app.post("/v3/auth/tokens", body).send().await.error(401);
}

#[tokio::test]
async fn a_bearer_whose_project_is_disabled_is_404() {
    let app = TestApp::new().await;
    let reader = app.persona("rita", "reader").await;
    let admin = app.admin().await;
    let path = format!("/v3/projects/{}", reader.project_id);
    let body = json!({ "project": { "enabled": false } });
    app.patch(&path, body)
        .token(&admin)
        .send()
        .await
        .expect(200);
    app.get("/v3/auth/projects")
        .token(&reader.token)
        .send()
        .await
        .error(404);
    let body = json!({ "project": { "enabled": true } });
    app.patch(&path, body)
        .token(&admin)
        .send()
        .await
        .expect(200);
    app.get("/v3/auth/projects")
        .token(&reader.token)
        .send()
        .await
        .expect(200);
}

#[tokio::test]
async fn an_operators_own_attributes_of_an_endpoint_are_in_the_catalog() {
    let app = TestApp::new().await;
    let admin = app.admin().await;
    let endpoint = json!({ "endpoint": {
        "interface": "public", "service_id": app.seed.service_id, "url": "http://x", "note": "mine"
    } });
    app.post("/v3/endpoints", endpoint)
        .token(&admin)
        .send()
        .await
        .expect(201);
    let catalog = app
        .get("/v3/auth/catalog")
        .token(&admin)
        .send()
        .await
        .expect(200)
        .json();
    let endpoints = catalog["catalog"][0]["endpoints"].as_array().unwrap();
    assert!(endpoints.iter().any(|endpoint| endpoint["note"] == "mine"));
}

#[tokio::test]
async fn a_domain_is_no_project_scope() {
    let app = TestApp::new().await;
    let scope = json!({ "project": { "id": "default" } });
    app.post(
        "/v3/auth/tokens",
        login_body("admin", ADMIN_PASSWORD, scope),
    )
    .send()
    .await
    .error(401);
}

async fn run(app: &TestApp, statement: &'static str) {
    let mut session = app.app.db.session().await.unwrap();
    session.execute(sql(statement)).await.unwrap();
    app.app.tokens.clear();
}

#[tokio::test]
async fn who_is_neither_enabled_nor_disabled_is_disabled() {
    for (enable, disable) in [
        (
            "UPDATE project SET enabled = '1' WHERE name = 'alice-project'",
            "UPDATE project SET enabled = NULL WHERE name = 'alice-project'",
        ),
        (
            "UPDATE project SET enabled = '1' WHERE id = 'default'",
            "UPDATE project SET enabled = NULL WHERE id = 'default'",
        ),
    ] {
        let app = TestApp::new().await;
        let admin = app.system_admin().await;
        let alice = app.persona("alice", "member").await;
        let validate = || {
            let request = app.get("/v3/auth/tokens").token(&admin);
            request.subject(&alice.token).send()
        };
        validate().await.expect(200);
        run(&app, disable).await;
        validate().await.error(404);
        run(&app, enable).await;
        validate().await.expect(200);
    }
}

#[tokio::test]
async fn the_end_of_a_password_of_an_older_release_is_shown() {
    let app = TestApp::new().await;
    let alice = app.persona("alice", "member").await;
    // Rows from before the columns of microseconds, and in the order in which something wrote them.
    for statement in [
        "UPDATE password SET created_at_int = 0, expires_at_int = 0, \
         created_at = '2025-12-01 00:00:00.000000', expires_at = '2026-06-01 00:00:00.000000'",
        "INSERT INTO password (local_user_id, self_service, created_at, created_at_int, \
         expires_at, expires_at_int) \
         SELECT local_user_id, self_service, '2025-11-01 00:00:00.000000', 0, \
         '2026-05-01 00:00:00.000000', 0 FROM password",
    ] {
        run(&app, statement).await;
    }
    let request = app.get("/v3/auth/tokens").token(&alice.token);
    let shown = request.subject(&alice.token).send().await.expect(200);
    assert_eq!(
        shown.json()["token"]["user"]["password_expires_at"],
        "2026-06-01T00:00:00.000000"
    );
}

#[tokio::test]
async fn a_method_that_is_named_many_times_runs_once() {
    let app = TestApp::new().await;
    let mut body = login_body("admin", ADMIN_PASSWORD, Value::Null);
    body["auth"]["identity"]["methods"] = json!(vec!["password"; 50]);
    let before = app.app.hashing.statistics().finished;
    let answer = app.post("/v3/auth/tokens", body).send().await.expect(201);
    assert_eq!(app.app.hashing.statistics().finished - before, 1);
    assert_eq!(answer.json()["token"]["methods"], json!(["password"]));
}

#[tokio::test]
async fn a_name_goes_before_an_id_and_an_empty_one_is_none() {
    let app = TestApp::new().await;
    let admin = &app.seed.user_id;
    let user = |user: Value| {
        let mut body = login_body("admin", ADMIN_PASSWORD, Value::Null);
        let named = &mut body["auth"]["identity"]["password"]["user"];
        *named = user;
        named["password"] = json!(ADMIN_PASSWORD);
        body
    };
    let scope = |scope: Value| login_body("admin", ADMIN_PASSWORD, scope);
    let domain = json!({ "name": "", "id": "default" });
    let cases = [
        (user(json!({ "name": "", "id": admin })), 201),
        (
            user(json!({ "name": "admin", "domain": domain, "id": "" })),
            201,
        ),
        (
            user(json!({ "name": "nobody", "domain": domain, "id": admin })),
            401,
        ),
        (user(json!({ "name": "admin", "id": admin })), 400),
        (user(json!({ "name": "", "id": "" })), 400),
        (
            user(json!({ "name": "admin", "domain": { "name": "Nowhere", "id": "default" } })),
            401,
        ),
        (
            scope(json!({ "project": { "name": "", "id": app.seed.project_id } })),
            201,
        ),
        (
            scope(json!({ "project": { "name": "admin", "id": "x", "domain": domain } })),
            201,
        ),
        (
            scope(json!({ "project": { "name": "admin", "id": app.seed.project_id } })),
            400,
        ),
        (
            scope(
                json!({ "project": { "name": "x", "id": app.seed.project_id, "domain": domain } }),
            ),
            401,
        ),
    ];
    for (body, status) in cases {
        let sent = body.to_string();
        let answer = app.post("/v3/auth/tokens", body).send().await;
        assert_eq!(answer.status, status, "{sent}");
    }
}
