//! `/v2.0/users`

use super::{access, call, new_tenant, new_user, password, token_of};
use super::{not_on_the_public_listener, only_for_administrators};
use crate::harness::{ADMIN_PASSWORD, TestApp};
use serde_json::{Value, json};

const MEMBER: &str = "9fe2ff9ee4384b1894a90878d3e92bab";

/// Names of the roles that a user has on a tenant.
async fn roles(app: &TestApp, tenant: &str, user: &str) -> Vec<String> {
    let path = format!("/v2.0/tenants/{tenant}/users/{user}/roles");
    let found = call(app, "GET", &path, Value::Null)
        .await
        .expect(200)
        .json();
    let roles = found["roles"].as_array().expect("a list");
    roles
        .iter()
        .map(|role| super::text(&role["name"]))
        .collect()
}

#[tokio::test]
async fn a_user_with_a_tenant_is_a_member_of_it() {
    let app = TestApp::new().await;
    let tenant = new_tenant(&app, "demo").await;
    let body = json!({ "user": {
        "name": "alice", "password": "alicepw", "email": "alice@example.com", "enabled": true,
        "tenantId": tenant,
    } });
    let answer = call(&app, "POST", "/v2.0/users", body)
        .await
        .expect(200)
        .json();
    let user = answer["user"].as_object().expect("an object");
    let id = super::text(&user["id"]);
    let expected = json!({
        "id": id, "name": "alice", "username": "alice", "enabled": true,
        "email": "alice@example.com", "tenantId": tenant,
    });
    assert_eq!(answer["user"], expected);
    for path in [
        format!("/v2.0/users/{id}"),
        "/v2.0/users?name=alice".to_owned(),
    ] {
        let shown = call(&app, "GET", &path, Value::Null).await.expect(200);
        assert_eq!(shown.json(), json!({ "user": expected }));
    }
    assert_eq!(roles(&app, &tenant, &id).await, ["_member_"]);
    let role = format!("/v2.0/OS-KSADM/roles/{MEMBER}");
    let role = call(&app, "GET", &role, Value::Null)
        .await
        .expect(200)
        .json();
    assert_eq!(
        role["role"],
        json!({ "id": MEMBER, "name": "_member_", "domain_id": null })
    );
    let credentials = json!({ "username": "alice", "password": "alicepw" });
    let login = json!({ "auth": { "passwordCredentials": credentials, "tenantName": "demo" } });
    let access = access(&app, login).await;
    assert_eq!(access["user"]["roles"], json!([{ "name": "_member_" }]));
    let v3 = call(&app, "GET", &format!("/v3/users/{id}"), Value::Null)
        .await
        .expect(200);
    let v3 = v3.json()["user"].take();
    assert_eq!(
        (&v3["domain_id"], &v3["default_project_id"]),
        (&json!("default"), &json!(tenant))
    );
}

#[tokio::test]
async fn another_tenant_moves_the_membership_and_null_does_not() {
    let app = TestApp::new().await;
    let (one, two) = (new_tenant(&app, "one").await, new_tenant(&app, "two").await);
    let body = json!({ "user": { "name": "bob", "tenantId": one } });
    let bob = call(&app, "POST", "/v2.0/users", body)
        .await
        .expect(200)
        .json();
    let bob = super::text(&bob["user"]["id"]);
    let path = format!("/v2.0/users/{bob}/OS-KSADM/tenant");
    let body = json!({ "user": { "id": bob, "tenantId": two } });
    let moved = call(&app, "PUT", &path, body).await.expect(200).json();
    assert_eq!(moved["user"]["tenantId"], two);
    assert!(roles(&app, &one, &bob).await.is_empty());
    assert_eq!(roles(&app, &two, &bob).await, ["_member_"]);
    let body = json!({ "user": { "tenantId": null } });
    let path = format!("/v2.0/users/{bob}/tenant");
    let kept = call(&app, "PUT", &path, body).await.expect(200).json();
    assert_eq!(kept["user"]["tenantId"], two);
    let body = json!({ "user": { "tenantId": "nope" } });
    call(&app, "PUT", &path, body).await.error(404);
    assert_eq!(roles(&app, &two, &bob).await, ["_member_"]);
}

#[tokio::test]
async fn the_member_role_is_the_configured_one() {
    let app =
        TestApp::with_config("[DEFAULT]\nmember_role_id = mine\nmember_role_name = member\n").await;
    let tenant = new_tenant(&app, "demo").await;
    let body = json!({ "user": { "name": "bob", "tenantId": tenant } });
    let bob = call(&app, "POST", "/v2.0/users", body)
        .await
        .expect(200)
        .json();
    // A role of that name is taken, whatever its id.
    let names = roles(&app, &tenant, &super::text(&bob["user"]["id"])).await;
    assert!(names.contains(&"member".to_owned()), "{names:?}");
    call(&app, "GET", "/v2.0/OS-KSADM/roles/mine", Value::Null)
        .await
        .error(404);
}

#[tokio::test]
async fn a_user_needs_little_and_keeps_what_else_was_sent() {
    let app = TestApp::new().await;
    for (sent, shown) in [
        (
            json!({ "username": "bob", "OS-KSADM:password": ADMIN_PASSWORD }),
            json!({ "name": "bob" }),
        ),
        (
            json!({ "name": "carol" }),
            json!({ "name": "carol", "username": "carol" }),
        ),
        (
            json!({ "name": "dave1", "username": "dave2" }),
            json!({ "name": "dave1", "username": "dave2" }),
        ),
        (
            json!({ "name": "eve", "foo": "bar", "domain_id": "other", "x-y:z": "1", "email": "" }),
            json!({ "foo": "bar", "x_y_z": "1", "email": "" }),
        ),
        (
            json!({ "name": "nil", "tenantId": null, "email": null, "password": null }),
            json!({ "email": null, "enabled": true }),
        ),
    ] {
        let answer = call(&app, "POST", "/v2.0/users", json!({ "user": sent })).await;
        let user = answer.expect(200).json()["user"].take();
        for (name, value) in shown.as_object().expect("an object") {
            assert_eq!(user[name], *value, "{user}");
        }
        for hidden in [
            "domain_id",
            "password",
            "OS_KSADM_password",
            "tenantId",
            "extra",
        ] {
            assert!(user.get(hidden).is_none(), "{user}");
        }
    }
    access(&app, password("bob", None)).await;
    app.post("/v2.0/tokens", password("nil", None))
        .send()
        .await
        .error(401);
}

#[tokio::test]
async fn malformed_users_are_400_before_anybody_asks_who_sent_them() {
    let app = TestApp::new().await;
    let long = "x".repeat(256);
    for body in [
        json!({}),
        json!({ "user": [] }),
        json!({ "user": { "password": "p" } }),
        json!({ "user": { "name": "" } }),
        json!({ "user": { "name": long } }),
        json!({ "user": { "username": "" } }),
        json!({ "user": { "name": 5 } }),
        json!({ "user": { "name": "x", "enabled": "true" } }),
        json!({ "user": { "name": "x", "enabled": 1 } }),
        json!({ "user": { "name": "x", "enabled": null } }),
        json!({ "user": { "name": "x", "password": 5 } }),
        json!({ "user": { "name": "x", "tenantId": 5 } }),
        json!({ "user": { "name": "x" }, "foo": 1 }),
    ] {
        app.post("/v2.0/users", body).send().await.error(400);
    }
    let path = format!("/v2.0/users/{}", app.seed.user_id);
    for tail in [
        "",
        "/OS-KSADM/password",
        "/password",
        "/OS-KSADM/enabled",
        "/enabled",
    ] {
        let path = format!("{path}{tail}");
        for body in [
            json!({ "password": "x" }),
            json!({ "user": { "id": "other" } }),
            json!({ "user": { "enabled": "False" } }),
            json!({ "user": { "name": "" } }),
        ] {
            app.put(&path).json(body).send().await.error(400);
        }
    }
}

#[tokio::test]
async fn an_unknown_tenant_is_404_and_a_taken_name_409() {
    let app = TestApp::new().await;
    for tenant in ["nope", "", "default"] {
        let body = json!({ "user": { "name": "x", "tenantId": tenant } });
        call(&app, "POST", "/v2.0/users", body).await.error(404);
    }
    let body = json!({ "user": { "name": "admin" } });
    call(&app, "POST", "/v2.0/users", body.clone())
        .await
        .error(409);
    let ada = new_user(&app, "ada").await;
    call(&app, "PUT", &format!("/v2.0/users/{ada}"), body)
        .await
        .error(409);
    for (method, body) in [
        ("GET", Value::Null),
        ("PUT", json!({ "user": {} })),
        ("DELETE", Value::Null),
    ] {
        call(&app, method, "/v2.0/users/nope", body)
            .await
            .error(404);
    }
    for query in ["name=nope", "name="] {
        let path = format!("/v2.0/users?{query}");
        call(&app, "GET", &path, Value::Null).await.error(404);
    }
}

#[tokio::test]
async fn updates_are_partial_and_show_extra_twice() {
    let app = TestApp::new().await;
    let bob = new_user(&app, "bob").await;
    let path = format!("/v2.0/users/{bob}");
    let body = json!({ "user": { "id": bob, "email": "bob@example.com" } });
    let answer = call(&app, "PUT", &path, body).await.expect(200).json();
    assert_eq!(
        answer["user"],
        json!({
            "id": bob, "name": "bob", "username": "bob", "enabled": true,
            "email": "bob@example.com", "extra": { "email": "bob@example.com" },
        })
    );
    let body = json!({ "user": { "username": "bobby" } });
    let answer = call(&app, "PUT", &path, body).await.expect(200).json();
    assert_eq!(answer["user"]["name"], "bobby");
    assert_eq!(answer["user"]["username"], "bobby");
    assert_eq!(
        answer["user"]["extra"],
        json!({ "email": "bob@example.com" })
    );
    call(&app, "PUT", &path, json!({ "user": {} }))
        .await
        .expect(200);
    call(&app, "PATCH", &path, json!({ "user": {} }))
        .await
        .error(404);
    call(&app, "POST", &path, json!({ "user": {} }))
        .await
        .error(404);
    call(&app, "HEAD", &path, Value::Null).await.expect(404);
}

#[tokio::test]
async fn a_new_password_and_a_disabled_account_end_the_users_tokens() {
    let app = TestApp::new().await;
    let mia = app.persona("mia", "member").await;
    let token = format!("/v2.0/tokens/{}", mia.token);
    call(&app, "GET", &token, Value::Null).await.expect(200);
    for (tail, body) in [
        ("OS-KSADM/password", json!({ "password": "new password" })),
        ("password", json!({ "OS-KSADM:password": ADMIN_PASSWORD })),
        ("OS-KSADM/enabled", json!({ "enabled": false })),
    ] {
        let path = format!("/v2.0/users/{}/{tail}", mia.user_id);
        let answer = call(&app, "PUT", &path, json!({ "user": body }))
            .await
            .expect(200);
        assert!(!answer.body.contains("password"), "{}", answer.body);
        call(&app, "GET", &token, Value::Null).await.error(404);
    }
    app.wait(1);
    app.post("/v2.0/tokens", password("mia", None))
        .send()
        .await
        .error(401);
    let path = format!("/v2.0/users/{}/enabled", mia.user_id);
    let body = json!({ "user": { "enabled": true } });
    call(&app, "PUT", &path, body).await.expect(200);
    access(&app, password("mia", None)).await;
}

#[tokio::test]
async fn lists_hold_the_users_of_the_default_domain() {
    let app = TestApp::new().await;
    let domain = app.add_domain("elsewhere").await;
    let far = app
        .make("user", json!({ "name": "far", "domain_id": domain }))
        .await;
    new_user(&app, "ada").await;
    for path in ["/v2.0/users", "/v2.0/users?limit=1&marker=x"] {
        let list = call(&app, "GET", path, Value::Null)
            .await
            .expect(200)
            .json();
        let users = list["users"].as_array().expect("a list");
        assert_eq!(users.len(), 2);
        assert_eq!(list.as_object().expect("an object").len(), 1);
    }
    // By id, users of any domain are found.
    let path = format!("/v2.0/users/{far}");
    call(&app, "GET", &path, Value::Null).await.expect(200);
    call(&app, "DELETE", &path, Value::Null).await.expect(204);
    call(&app, "DELETE", &path, Value::Null).await.error(404);
}

#[tokio::test]
async fn users_are_administrated_by_administrators_on_the_admin_listener() {
    let app = TestApp::new().await;
    let one = format!("/v2.0/users/{}", app.seed.user_id);
    let body = json!({ "user": { "name": "x" } });
    let mut calls = vec![
        ("GET", "/v2.0/users".to_owned(), Value::Null),
        ("GET", "/v2.0/users?name=admin".to_owned(), Value::Null),
        ("POST", "/v2.0/users".to_owned(), body.clone()),
        ("GET", one.clone(), Value::Null),
        ("GET", "/v2.0/users/nope".to_owned(), Value::Null),
        ("DELETE", one.clone(), Value::Null),
        ("PUT", one.clone(), body.clone()),
    ];
    for tail in ["password", "enabled", "tenant"] {
        calls.push(("PUT", format!("{one}/{tail}"), body.clone()));
        calls.push(("PUT", format!("{one}/OS-KSADM/{tail}"), body.clone()));
    }
    let calls: Vec<_> = calls
        .iter()
        .map(|(method, path, body)| (*method, path.as_str(), body.clone()))
        .collect();
    only_for_administrators(&app, &calls).await;
    let paths: Vec<_> = calls
        .iter()
        .map(|(method, path, _)| (*method, *path))
        .collect();
    not_on_the_public_listener(&app, &paths).await;
    let unscoped = token_of(&access(&app, password("admin", None)).await);
    app.get(&one)
        .public()
        .token(&unscoped)
        .send()
        .await
        .error(404);
}
