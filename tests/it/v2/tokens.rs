//! `/v2.0/tokens`

use super::{access, call, new_tenant, new_user, password, token_of};
use crate::harness::{ADMIN_PASSWORD, TestApp};
use serde_json::{Value, json};

fn by_token(token: &str, tenant: Option<&str>) -> Value {
    let mut body = json!({ "auth": { "token": { "id": token } } });
    if let Some(tenant) = tenant {
        body["auth"]["tenantName"] = json!(tenant);
    }
    body
}

#[tokio::test]
async fn a_login_to_a_tenant_answers_token_user_roles_and_catalog() {
    let app = TestApp::new().await;
    let answer = app
        .post("/v2.0/tokens", password("admin", Some("admin")))
        .public()
        .send()
        .await
        .expect(200);
    assert_eq!(answer.header("vary"), "X-Auth-Token");
    assert_eq!(answer.header("content-type"), "application/json");
    assert!(answer.headers.get("x-subject-token").is_none());
    let access = &answer.json()["access"];
    let token = &access["token"];
    assert_eq!(token["issued_at"], "2026-01-01T00:00:00.000000Z");
    assert_eq!(token["expires"], "2026-01-01T01:00:00Z");
    assert_eq!(token["audit_ids"].as_array().expect("a list").len(), 1);
    assert_eq!(
        token["tenant"],
        json!({
            "id": app.seed.project_id, "name": "admin", "description": "The admin project",
            "enabled": true,
        })
    );
    let user = &access["user"];
    assert_eq!(user["id"], app.seed.user_id);
    assert_eq!(
        (&user["name"], &user["username"]),
        (&json!("admin"), &json!("admin"))
    );
    assert_eq!(user["roles_links"], json!([]));
    let names = user["roles"].as_array().expect("a list");
    assert!(names.contains(&json!({ "name": "admin" })), "{names:?}");
    let ids = access["metadata"]["roles"].as_array().expect("a list");
    assert_eq!(ids.len(), names.len());
    assert!(ids.contains(&json!(app.seed.role("admin"))));
    assert_eq!(access["metadata"]["is_admin"], 0);
    let catalog = access["serviceCatalog"].as_array().expect("a list");
    assert_eq!(catalog.len(), 1);
    assert_eq!(
        (&catalog[0]["name"], &catalog[0]["type"]),
        (&json!("keystone"), &json!("identity"))
    );
    assert_eq!(catalog[0]["endpoints_links"], json!([]));
    let endpoint = catalog[0]["endpoints"][0].as_object().expect("an object");
    assert_eq!(endpoint["region"], "RegionOne");
    for url in ["publicURL", "internalURL", "adminURL"] {
        assert_eq!(endpoint[url], "http://keystone.test/v3");
    }
}

#[tokio::test]
async fn a_login_names_user_and_tenant_by_name_or_id() {
    let app = TestApp::new().await;
    let (user, tenant) = (&app.seed.user_id, &app.seed.project_id);
    let by_id = json!({ "userId": user, "password": ADMIN_PASSWORD });
    // A name wins over an id, of users as of tenants.
    let both = json!({ "username": "admin", "userId": "nope", "password": ADMIN_PASSWORD });
    for auth in [
        json!({ "passwordCredentials": by_id, "tenantId": tenant }),
        json!({ "passwordCredentials": both, "tenantName": "admin", "tenantId": "nope" }),
        json!({ "passwordCredentials": by_id, "tenantName": "", "tenantId": tenant }),
    ] {
        let access = access(&app, json!({ "auth": auth })).await;
        assert_eq!(access["token"]["tenant"]["id"], *tenant);
    }
}

#[tokio::test]
async fn a_login_without_tenant_is_unscoped_whatever_the_users_default() {
    let app = TestApp::new().await;
    let body = json!({ "user": { "default_project_id": app.seed.project_id } });
    let admin = app.admin().await;
    let path = format!("/v3/users/{}", app.seed.user_id);
    app.patch(&path, body)
        .token(&admin)
        .send()
        .await
        .expect(200);
    for tenant in [json!(null), json!("")] {
        let mut body = password("admin", None);
        body["auth"]["tenantName"] = tenant.clone();
        body["auth"]["tenantId"] = tenant;
        let access = access(&app, body).await;
        assert!(access["token"].get("tenant").is_none());
        assert_eq!(access["serviceCatalog"], json!([]));
        assert_eq!(access["user"]["roles"], json!([]));
        assert_eq!(access["metadata"], json!({ "is_admin": 0, "roles": [] }));
    }
}

#[tokio::test]
async fn malformed_logins_are_400() {
    let app = TestApp::new().await;
    let long = "x".repeat(65);
    let credentials = json!({ "username": "admin", "password": ADMIN_PASSWORD });
    let with = |name: &str, value: Value| {
        let mut credentials = credentials.clone();
        credentials[name] = value;
        json!({ "auth": { "passwordCredentials": credentials } })
    };
    for body in [
        json!({}),
        json!({ "auth": null }),
        json!({ "auth": {} }),
        json!({ "auth": [] }),
        json!({ "auth": "abc" }),
        json!({ "auth": { "passwordCredentials": null } }),
        json!({ "auth": { "passwordCredentials": {} } }),
        json!({ "auth": { "passwordCredentials": { "username": "admin" } } }),
        json!({ "auth": { "passwordCredentials": { "password": "x" } } }),
        json!({ "auth": { "passwordCredentials": credentials }, "foo": 1 }),
        json!({ "auth": { "OS-KSEC2:ec2Credentials": {} } }),
        with("username", json!(long)),
        with("username", json!(5)),
        json!({ "auth": { "passwordCredentials": { "userId": long, "password": "x" } } }),
        with("password", json!("x".repeat(4097))),
        json!({ "auth": { "passwordCredentials": credentials, "tenantName": long } }),
        json!({ "auth": { "passwordCredentials": credentials, "tenantId": long } }),
        json!({ "auth": { "token": null } }),
        json!({ "auth": { "token": {} } }),
        json!({ "auth": { "token": { "id": "x".repeat(8193) } } }),
    ] {
        app.post("/v2.0/tokens", body)
            .public()
            .send()
            .await
            .error(400);
    }
    for content_type in ["application/x-www-form-urlencoded", "application/xml"] {
        let request = app
            .request(axum::http::Method::POST, "/v2.0/tokens")
            .public();
        let request = request.header("content-type", content_type).bytes("auth");
        request.send().await.error(400);
    }
    let request = app
        .request(axum::http::Method::POST, "/v2.0/tokens")
        .public();
    request.bytes("{\"auth\": ").send().await.error(400);
    let request = app
        .request(axum::http::Method::POST, "/v2.0/tokens")
        .public();
    let large = request.bytes(format!("{{\"auth\": \"{}\"}}", "x".repeat(120_000)));
    let refused = large.send().await.expect(413);
    assert!(refused.header("content-type").starts_with("text/plain"));
    // Names that no argument has are overlooked.
    let mut body = password("admin", None);
    body["_hidden"] = json!(1);
    body["self"] = json!(2);
    access(&app, body).await;
}

#[tokio::test]
async fn refused_logins_are_401_and_do_not_say_why() {
    let app = TestApp::new().await;
    let mia = app.persona("mia", "member").await;
    let off = new_tenant(&app, "off").await;
    let grant = format!(
        "/v2.0/tenants/{off}/users/{}/roles/OS-KSADM/{}",
        mia.user_id,
        app.seed.role("member")
    );
    call(&app, "PUT", &grant, Value::Null).await.expect(200);
    let disable = json!({ "tenant": { "enabled": false } });
    let path = format!("/v2.0/tenants/{off}");
    call(&app, "POST", &path, disable).await.expect(200);
    let ada = new_user(&app, "ada").await;
    let disable = json!({ "user": { "enabled": false } });
    let path = format!("/v2.0/users/{ada}/OS-KSADM/enabled");
    call(&app, "PUT", &path, disable).await.expect(200);

    let with_id = |tenant: &str| {
        let mut body = password("mia", None);
        body["auth"]["tenantId"] = json!(tenant);
        body
    };
    let credentials =
        |credentials: Value| json!({ "auth": { "passwordCredentials": credentials } });
    let mut messages = Vec::new();
    for body in [
        credentials(json!({ "username": "mia", "password": "wrong" })),
        credentials(json!({ "username": "mia", "password": null })),
        credentials(json!({ "username": "nobody", "password": ADMIN_PASSWORD })),
        credentials(json!({ "userId": "nobody", "password": ADMIN_PASSWORD })),
        password("ada", None),
        password("mia", Some("nope")),
        password("mia", Some("admin")),
        password("mia", Some("off")),
        with_id("nope"),
        with_id(&app.seed.project_id),
        by_token("nonsense", None),
        by_token("nonsense", Some("mia-project")),
    ] {
        let answer = app.post("/v2.0/tokens", body).public().send().await;
        messages.push(answer.error(401));
        assert_eq!(
            answer.header("www-authenticate"),
            "Keystone uri=\"http://keystone.test\""
        );
    }
    messages.dedup();
    assert_eq!(messages.len(), 1, "{messages:?}");
}

#[tokio::test]
async fn names_are_looked_up_in_the_default_domain_and_ids_anywhere() {
    let app = TestApp::new().await;
    let admin = app.admin().await;
    let domain = app.add_domain("elsewhere").await;
    let user = json!({ "name": "otto", "domain_id": domain, "password": ADMIN_PASSWORD });
    let user = app.make("user", user).await;
    let project = json!({ "name": "far", "domain_id": domain });
    let project = app.make("project", project).await;
    let member = app.seed.role("member");
    let grant = format!("/v3/projects/{project}/users/{user}/roles/{member}");
    app.put(&grant).token(&admin).send().await.expect(204);

    let refused = app
        .post("/v2.0/tokens", password("otto", None))
        .send()
        .await;
    refused.error(401);
    let credentials = json!({ "userId": user, "password": ADMIN_PASSWORD });
    let body = json!({ "auth": { "passwordCredentials": credentials, "tenantName": "far" } });
    app.post("/v2.0/tokens", body).send().await.error(401);
    let body = json!({ "auth": { "passwordCredentials": credentials, "tenantId": project } });
    let access = access(&app, body).await;
    assert_eq!(access["token"]["tenant"]["name"], "far");
    // The caller's own list has only what is in the default domain.
    let own = app.get("/v2.0/tenants").public().token(&token_of(&access));
    assert_eq!(own.send().await.expect(200).json()["tenants"], json!([]));
}

#[tokio::test]
async fn a_token_of_a_token_keeps_its_end_and_its_chain() {
    let app = TestApp::new().await;
    let first = access(&app, password("admin", None)).await;
    app.wait(60);
    let second = access(&app, by_token(&token_of(&first), Some("admin"))).await;
    assert_eq!(second["token"]["expires"], first["token"]["expires"]);
    assert_eq!(second["token"]["issued_at"], "2026-01-01T00:01:00.000000Z");
    let chain = &second["token"]["audit_ids"];
    assert_eq!(chain[1], first["token"]["audit_ids"][0]);
    let third = access(&app, by_token(&token_of(&second), None)).await;
    assert_eq!(third["token"]["audit_ids"][1], chain[1]);
    assert!(third["token"].get("tenant").is_none());
    // A token wins over a password.
    let mut both = by_token(&token_of(&first), Some("admin"));
    both["auth"]["passwordCredentials"] = json!({ "username": "x", "password": "y" });
    access(&app, both).await;
    // To a tenant without a role: no.
    let other = app.persona("mia", "member").await;
    let body =
        json!({ "auth": { "token": { "id": token_of(&first) }, "tenantId": other.project_id } });
    app.post("/v2.0/tokens", body).send().await.error(401);
}

#[tokio::test]
async fn a_scoped_token_can_not_be_exchanged_where_that_is_forbidden() {
    let app = TestApp::with_config("[token]\nallow_rescope_scoped_token = false\n").await;
    let unscoped = access(&app, password("admin", None)).await;
    let scoped = access(&app, by_token(&token_of(&unscoped), Some("admin"))).await;
    let again = by_token(&token_of(&scoped), Some("admin"));
    app.post("/v2.0/tokens", again).send().await.error(403);
}

#[tokio::test]
async fn tokens_of_one_version_are_good_in_the_other() {
    let app = TestApp::new().await;
    let scope = json!({ "project": { "id": app.seed.project_id } });
    let v3 = app.login("admin", ADMIN_PASSWORD, scope).await;
    let v2 = access(&app, password("admin", Some("admin"))).await;
    let v2 = token_of(&v2);
    let seen = app
        .get(&format!("/v2.0/tokens/{v3}"))
        .token(&v2)
        .send()
        .await;
    let seen = seen.expect(200).json();
    assert_eq!(seen["access"]["token"]["id"], v3);
    assert_eq!(seen["access"]["token"]["tenant"]["name"], "admin");
    let seen = app
        .get("/v3/auth/tokens")
        .token(&v3)
        .subject(&v2)
        .send()
        .await;
    assert_eq!(seen.expect(200).json()["token"]["project"]["name"], "admin");
    access(&app, by_token(&v3, Some("admin"))).await;
}

#[tokio::test]
async fn v2_refuses_tokens_that_it_has_no_words_for() {
    let app = TestApp::new().await;
    let admin = app.admin().await;
    let system = app.system_admin().await;
    let grant = format!(
        "/v3/domains/default/users/{}/roles/{}",
        app.seed.user_id,
        app.seed.role("admin")
    );
    app.put(&grant).token(&admin).send().await.expect(204);
    let scope = json!({ "domain": { "id": "default" } });
    let domain = app.login("admin", ADMIN_PASSWORD, scope).await;
    for token in [system, domain] {
        let path = format!("/v2.0/tokens/{token}");
        app.get(&path).token(&admin).send().await.error(401);
        app.head(&path).token(&admin).send().await.expect(401);
        app.post("/v2.0/tokens", by_token(&token, None))
            .send()
            .await
            .error(401);
        app.post("/v2.0/tokens", by_token(&token, Some("admin")))
            .send()
            .await
            .error(401);
        app.get("/v2.0/users").token(&token).send().await.error(401);
    }
}

#[tokio::test]
async fn validation_repeats_the_answer_of_the_login() {
    let app = TestApp::new().await;
    let admin = app.admin().await;
    app.persona("mia", "member").await;
    for tenant in [Some("mia-project"), None] {
        let issued = access(&app, password("mia", tenant)).await;
        let path = format!("/v2.0/tokens/{}", token_of(&issued));
        for _ in 0..2 {
            let seen = app.get(&path).token(&admin).send().await.expect(200);
            assert_eq!(seen.json()["access"], issued);
            assert_eq!(seen.header("vary"), "X-Auth-Token");
            let head = app
                .head(&path)
                .public()
                .token(&admin)
                .send()
                .await
                .expect(200);
            assert_eq!(head.body, "");
            assert_eq!(head.header("content-length"), seen.body.len().to_string());
        }
    }
}

#[tokio::test]
async fn validation_shows_the_tenant_as_it_is_now() {
    let app = TestApp::new().await;
    let admin = app.admin().await;
    let mia = app.persona("mia", "member").await;
    let path = format!("/v2.0/tokens/{}", mia.token);
    app.get(&path).token(&admin).send().await.expect(200);
    let rename = json!({ "tenant": { "name": "renamed", "team": "blue" } });
    let tenant = format!("/v2.0/tenants/{}", mia.project_id);
    call(&app, "POST", &tenant, rename).await.expect(200);
    let seen = app.get(&path).token(&admin).send().await.expect(200).json();
    assert_eq!(
        seen["access"]["token"]["tenant"],
        json!({
            "id": mia.project_id, "name": "renamed", "description": "", "enabled": true,
            "team": "blue",
        })
    );
}

#[tokio::test]
async fn validation_is_for_services_and_administrators() {
    let app = TestApp::new().await;
    let admin = app.admin().await;
    let mia = app.persona("mia", "member").await;
    let service = app.persona("nova", "service").await;
    let path = format!("/v2.0/tokens/{}", mia.token);
    let unscoped = token_of(&access(&app, password("admin", None)).await);
    for method in ["GET", "HEAD"] {
        let request = |token: &str| {
            let method = axum::http::Method::from_bytes(method.as_bytes()).expect("a method");
            app.request(method, &path).token(token)
        };
        request(&service.token).send().await.expect(200);
        request(&admin).send().await.expect(200);
        // Not even for one's own token.
        request(&mia.token).send().await.expect(403);
        request(&unscoped).send().await.expect(403);
        request("nonsense").send().await.expect(401);
        request("").send().await.expect(401);
    }
    app.get(&path).send().await.error(401);
}

#[tokio::test]
async fn a_token_may_come_by_the_name_that_swift_gives_it() {
    let app = TestApp::new().await;
    let admin = app.admin().await;
    for path in ["/v2.0/users", "/v3/users"] {
        let request = app.get(path).header("x-storage-token", &admin);
        request.send().await.expect(200);
        // The usual name wins, unless it is empty.
        let both = app.get(path).header("x-storage-token", &admin);
        both.token("nonsense").send().await.error(401);
        let both = app.get(path).header("x-storage-token", &admin);
        both.token("").send().await.expect(200);
    }
}

#[tokio::test]
async fn tokens_that_are_not_good_are_404() {
    let app = TestApp::new().await;
    let mia = app.persona("mia", "member").await;
    let admin = app.admin().await;
    for token in ["nonsense", "0123456789abcdef0123456789abcdef"] {
        let path = format!("/v2.0/tokens/{token}");
        app.get(&path).token(&admin).send().await.error(404);
        app.head(&path).token(&admin).send().await.expect(404);
        app.delete(&path).token(&admin).send().await.error(404);
        app.get(&format!("{path}/endpoints"))
            .token(&admin)
            .send()
            .await
            .error(404);
    }
    app.wait(3600);
    let admin = app.admin().await;
    let path = format!("/v2.0/tokens/{}", mia.token);
    app.get(&path).token(&admin).send().await.error(404);
}

#[tokio::test]
async fn belongs_to_asks_for_one_tenant() {
    let app = TestApp::new().await;
    let admin = app.admin().await;
    let mia = app.persona("mia", "member").await;
    let unscoped = token_of(&access(&app, password("mia", None)).await);
    let ask = async |token: &str, tenant: &str| {
        let path = format!("/v2.0/tokens/{token}?belongsTo={tenant}");
        let head = app.head(&path).token(&admin).send().await.status;
        let get = app.get(&path).token(&admin).send().await.status;
        assert_eq!(head, get);
        get
    };
    assert_eq!(ask(&mia.token, &mia.project_id).await, 200);
    assert_eq!(ask(&mia.token, "").await, 200);
    assert_eq!(ask(&mia.token, &app.seed.project_id).await, 401);
    // A name is no id.
    assert_eq!(ask(&mia.token, "mia-project").await, 401);
    assert_eq!(ask(&unscoped, &mia.project_id).await, 401);
}

#[tokio::test]
async fn a_revoked_token_is_refused_at_once_everywhere() {
    let app = TestApp::new().await;
    let admin = app.admin().await;
    let mia = app.persona("mia", "member").await;
    let path = format!("/v2.0/tokens/{}", mia.token);
    app.get(&path).token(&admin).send().await.expect(200);
    app.delete(&path).send().await.error(401);
    app.delete(&path).token(&mia.token).send().await.error(403);
    let unscoped = token_of(&access(&app, password("admin", None)).await);
    app.delete(&path).token(&unscoped).send().await.error(401);
    let gone = app
        .delete(&path)
        .public()
        .token(&admin)
        .send()
        .await
        .expect(204);
    assert_eq!(gone.body, "");
    assert!(gone.headers.get("content-type").is_none());
    app.get(&path).token(&admin).send().await.error(404);
    app.head(&path).token(&admin).send().await.expect(404);
    app.delete(&path).token(&admin).send().await.error(404);
    app.get("/v3/auth/tokens")
        .token(&admin)
        .subject(&mia.token)
        .send()
        .await
        .error(404);
    app.get("/v2.0/tenants")
        .public()
        .token(&mia.token)
        .send()
        .await
        .error(401);
    app.post("/v2.0/tokens", by_token(&mia.token, None))
        .send()
        .await
        .error(401);
}

#[tokio::test]
async fn the_endpoints_of_a_token_are_its_catalog_laid_flat() {
    let app = TestApp::new().await;
    let admin = app.admin().await;
    let mia = app.persona("mia", "member").await;
    let path = format!("/v2.0/tokens/{}/endpoints", mia.token);
    for answer in [
        app.get(&path).token(&admin).send().await,
        app.get(&path).public().token(&admin).send().await,
    ] {
        let body = answer.expect(200).json();
        assert_eq!(body["endpoints_links"], json!([]));
        let endpoints = body["endpoints"].as_array().expect("a list");
        assert_eq!(endpoints.len(), 1);
        let endpoint = endpoints[0].as_object().expect("an object");
        assert_eq!(endpoint["name"], "keystone");
        assert_eq!(endpoint["type"], "identity");
        assert_eq!(endpoint["region"], "RegionOne");
        assert_eq!(endpoint["adminURL"], "http://keystone.test/v3");
        assert!(endpoint.get("id").is_some());
    }
    app.get(&path).token(&mia.token).send().await.error(403);
    app.get(&path).send().await.error(401);
    let unscoped = token_of(&access(&app, password("mia", None)).await);
    let path = format!("/v2.0/tokens/{unscoped}/endpoints");
    let none = app.get(&path).token(&admin).send().await.expect(200).json();
    assert_eq!(none["endpoints"], json!([]));
}

#[tokio::test]
async fn the_admin_token_administrates_but_is_no_token() {
    let app = TestApp::with_config("[DEFAULT]\nadmin_token = s3cret\n").await;
    let mia = app.persona("mia", "member").await;
    let path = format!("/v2.0/tokens/{}", mia.token);
    app.get(&path).token("s3cret").send().await.expect(200);
    app.get(&path)
        .public()
        .token("s3cret")
        .send()
        .await
        .expect(200);
    app.head(&path).token("s3cret").send().await.expect(200);
    app.get("/v2.0/tokens/s3cret")
        .token("s3cret")
        .send()
        .await
        .error(404);
    app.post("/v2.0/tokens", by_token("s3cret", None))
        .send()
        .await
        .error(401);
    app.get("/v2.0/tenants")
        .public()
        .token("s3cret")
        .send()
        .await
        .error(401);
    app.get("/v2.0/tenants")
        .token("s3cret")
        .send()
        .await
        .expect(200);
    app.get("/v2.0/users")
        .token("S3cret")
        .send()
        .await
        .error(401);
    app.delete(&path)
        .public()
        .token("s3cret")
        .send()
        .await
        .expect(204);
    app.get(&path).token("s3cret").send().await.error(404);
}
