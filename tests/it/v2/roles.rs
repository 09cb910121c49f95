//! `/v2.0/OS-KSADM/roles`, and who has which role on which tenant.

use super::{call, new_tenant, new_user, text};
use super::{not_on_the_public_listener, only_for_administrators};
use crate::harness::TestApp;
use serde_json::{Value, json};

async fn new_role(app: &TestApp, name: &str) -> String {
    let body = json!({ "role": { "name": name } });
    let answer = call(app, "POST", "/v2.0/OS-KSADM/roles", body)
        .await
        .expect(200);
    text(&answer.json()["role"]["id"])
}

#[tokio::test]
async fn roles_are_made_shown_listed_and_deleted() {
    let app = TestApp::new().await;
    let body = json!({ "role": { "name": "cook", "service-id": "s1", "description": "d" } });
    let made = call(&app, "POST", "/v2.0/OS-KSADM/roles", body)
        .await
        .expect(200)
        .json();
    let id = text(&made["role"]["id"]);
    let expected = json!({
        "id": id, "name": "cook", "domain_id": null, "description": "d", "service_id": "s1",
    });
    assert_eq!(made, json!({ "role": expected }));
    let path = format!("/v2.0/OS-KSADM/roles/{id}");
    let shown = call(&app, "GET", &path, Value::Null)
        .await
        .expect(200)
        .json();
    assert_eq!(shown["role"], expected);
    let list = call(
        &app,
        "GET",
        "/v2.0/OS-KSADM/roles?limit=1&name=x",
        Value::Null,
    )
    .await;
    let list = list.expect(200).json();
    let roles = list["roles"].as_array().expect("a list");
    assert_eq!(roles.len(), 6);
    assert!(roles.contains(&expected));
    assert!(roles.contains(&json!({
        "id": app.seed.role("admin"), "name": "admin", "domain_id": null,
    })));
    call(&app, "DELETE", &path, Value::Null).await.expect(204);
    call(&app, "DELETE", &path, Value::Null).await.error(404);
    call(&app, "GET", &path, Value::Null).await.error(404);
    // Ids only.
    call(&app, "GET", "/v2.0/OS-KSADM/roles/admin", Value::Null)
        .await
        .error(404);
}

#[tokio::test]
async fn the_member_role_gets_its_configured_id() {
    let app = TestApp::new().await;
    assert_eq!(
        new_role(&app, "_member_").await,
        "9fe2ff9ee4384b1894a90878d3e92bab"
    );
    let body = json!({ "role": { "name": "_member_" } });
    call(&app, "POST", "/v2.0/OS-KSADM/roles", body)
        .await
        .error(409);
}

#[tokio::test]
async fn malformed_roles_are_400_and_taken_names_409() {
    let app = TestApp::new().await;
    for body in [
        json!({}),
        json!({ "role": {} }),
        json!({ "role": { "name": "" } }),
        json!({ "role": { "name": null } }),
        json!({ "role": { "name": 5 } }),
        json!({ "role": { "name": "x".repeat(256) } }),
        json!({ "role": { "name": "x", "description": 5 } }),
        json!({ "role": "x" }),
    ] {
        app.post("/v2.0/OS-KSADM/roles", body)
            .send()
            .await
            .error(400);
    }
    let body = json!({ "role": { "name": "member" } });
    call(&app, "POST", "/v2.0/OS-KSADM/roles", body)
        .await
        .error(409);
}

#[tokio::test]
async fn a_role_is_given_once_and_taken_once() {
    let app = TestApp::new().await;
    let (tenant, user) = (new_tenant(&app, "demo").await, new_user(&app, "ada").await);
    let role = new_role(&app, "cook").await;
    let roles = format!("/v2.0/tenants/{tenant}/users/{user}/roles");
    let grant = format!("{roles}/OS-KSADM/{role}");
    let expected = json!({ "id": role, "name": "cook", "domain_id": null });
    let given = call(&app, "PUT", &grant, Value::Null)
        .await
        .expect(200)
        .json();
    assert_eq!(given, json!({ "role": expected }));
    call(&app, "PUT", &grant, Value::Null).await.error(409);
    let list = call(&app, "GET", &roles, Value::Null)
        .await
        .expect(200)
        .json();
    assert_eq!(list, json!({ "roles": [expected] }));
    let taken = call(&app, "DELETE", &grant, Value::Null).await.expect(204);
    assert_eq!(taken.body, "");
    call(&app, "DELETE", &grant, Value::Null).await.error(404);
    let list = call(&app, "GET", &roles, Value::Null)
        .await
        .expect(200)
        .json();
    assert_eq!(list, json!({ "roles": [] }));
}

#[tokio::test]
async fn what_a_grant_names_must_be_there_but_the_user() {
    let app = TestApp::new().await;
    let (tenant, user) = (new_tenant(&app, "demo").await, new_user(&app, "ada").await);
    let member = app.seed.role("member");
    let path = |tenant: &str, user: &str, role: &str| {
        format!("/v2.0/tenants/{tenant}/users/{user}/roles/OS-KSADM/{role}")
    };
    for missing in [
        path("nope", &user, member),
        path("default", &user, member),
        path(&tenant, &user, "nope"),
        path(&tenant, &"x".repeat(65), member),
    ] {
        call(&app, "PUT", &missing, Value::Null).await.error(404);
    }
    call(&app, "PUT", &path(&tenant, "nope", member), Value::Null)
        .await
        .expect(200);
    for missing in [
        format!("/v2.0/tenants/nope/users/{user}/roles"),
        format!("/v2.0/tenants/{tenant}/users/nope/roles"),
    ] {
        call(&app, "GET", &missing, Value::Null).await.error(404);
    }
}

#[tokio::test]
async fn the_roles_on_a_tenant_are_those_of_groups_and_those_implied_too() {
    let app = TestApp::new().await;
    let (tenant, user) = (new_tenant(&app, "demo").await, new_user(&app, "ada").await);
    let admin = app.admin().await;
    let group = app
        .make("group", json!({ "name": "g", "domain_id": "default" }))
        .await;
    let join = format!("/v3/groups/{group}/users/{user}");
    app.put(&join).token(&admin).send().await.expect(204);
    let member = app.seed.role("member");
    let grant = format!("/v3/projects/{tenant}/groups/{group}/roles/{member}");
    app.put(&grant).token(&admin).send().await.expect(204);
    let path = format!("/v2.0/tenants/{tenant}/users/{user}/roles");
    let list = call(&app, "GET", &path, Value::Null)
        .await
        .expect(200)
        .json();
    let mut names: Vec<_> = list["roles"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|role| text(&role["name"]))
        .collect();
    names.sort_unstable();
    assert_eq!(names, ["member", "reader"]);
}

#[tokio::test]
async fn taking_a_role_ends_the_users_tokens_for_that_tenant_only() {
    let app = TestApp::new().await;
    let mia = app.persona("mia", "member").await;
    let unscoped = super::access(&app, super::password("mia", None)).await;
    let cook = new_role(&app, "cook").await;
    let grant = format!(
        "/v2.0/tenants/{}/users/{}/roles/OS-KSADM/{cook}",
        mia.project_id, mia.user_id
    );
    call(&app, "PUT", &grant, Value::Null).await.expect(200);
    call(&app, "DELETE", &grant, Value::Null).await.expect(204);
    let path = format!("/v2.0/tokens/{}", mia.token);
    call(&app, "GET", &path, Value::Null).await.error(404);
    let path = format!("/v2.0/tokens/{}", super::token_of(&unscoped));
    call(&app, "GET", &path, Value::Null).await.expect(200);
}

#[tokio::test]
async fn users_have_no_roles_without_a_tenant() {
    let app = TestApp::new().await;
    let path = format!("/v2.0/users/{}/roles", app.seed.user_id);
    let one = format!("{path}/OS-KSADM/{}", app.seed.role("admin"));
    for (method, path) in [("GET", &path), ("PUT", &one), ("DELETE", &one)] {
        let answer = call(&app, method, path, Value::Null).await;
        answer.error(501);
        assert_eq!(answer.json()["error"]["title"], "Not Implemented");
    }
}

#[tokio::test]
async fn role_references_are_the_same_by_another_name() {
    let app = TestApp::new().await;
    let (tenant, user) = (new_tenant(&app, "demo").await, new_user(&app, "ada").await);
    let role = new_role(&app, "cook").await;
    let path = format!("/v2.0/users/{user}/roleRefs");
    let body = json!({ "role": { "tenantId": tenant, "roleId": role } });
    let made = call(&app, "POST", &path, body.clone())
        .await
        .expect(200)
        .json();
    assert_eq!(made["role"]["name"], "cook");
    call(&app, "POST", &path, body).await.error(409);
    let list = call(&app, "GET", &path, Value::Null)
        .await
        .expect(200)
        .json();
    let id = format!("roleId={role}&userId={user}&tenantId={tenant}");
    let expected = json!({ "id": id, "roleId": role, "tenantId": tenant, "userId": user });
    assert_eq!(list, json!({ "roles": [expected] }));
    let one = format!("{path}/{}", id.replace('=', "%3D").replace('&', "%26"));
    call(&app, "DELETE", &one, Value::Null).await.expect(204);
    call(&app, "DELETE", &one, Value::Null).await.error(404);
    call(&app, "DELETE", &format!("{path}/xyz"), Value::Null)
        .await
        .error(400);
    for body in [
        json!({ "role": {} }),
        json!({}),
        json!({ "role": { "roleId": role } }),
    ] {
        call(&app, "POST", &path, body).await.error(400);
    }
    let body = json!({ "role": { "tenantId": "nope", "roleId": role } });
    call(&app, "POST", &path, body).await.error(404);
    call(&app, "GET", "/v2.0/users/nope/roleRefs", Value::Null)
        .await
        .error(404);
}

#[tokio::test]
async fn roles_are_administrated_by_administrators_on_the_admin_listener() {
    let app = TestApp::new().await;
    let (user, tenant) = (app.seed.user_id.clone(), app.seed.project_id.clone());
    let role = app.seed.role("member");
    let one = format!("/v2.0/OS-KSADM/roles/{role}");
    let list = format!("/v2.0/tenants/{tenant}/users/{user}/roles");
    let grant = format!("{list}/OS-KSADM/{role}");
    let alone = format!("/v2.0/users/{user}/roles");
    let refs = format!("/v2.0/users/{user}/roleRefs");
    let reference = json!({ "role": { "tenantId": tenant, "roleId": role } });
    let calls = [
        ("GET", "/v2.0/OS-KSADM/roles", Value::Null),
        (
            "POST",
            "/v2.0/OS-KSADM/roles",
            json!({ "role": { "name": "x" } }),
        ),
        ("GET", &one, Value::Null),
        ("DELETE", &one, Value::Null),
        ("GET", &list, Value::Null),
        ("PUT", &grant, Value::Null),
        ("DELETE", &grant, Value::Null),
        ("GET", &alone, Value::Null),
        ("GET", &refs, Value::Null),
        ("POST", &refs, reference),
        ("DELETE", &format!("{refs}/xyz"), Value::Null),
    ];
    only_for_administrators(&app, &calls).await;
    let paths: Vec<_> = calls
        .iter()
        .map(|(method, path, _)| (*method, *path))
        .collect();
    not_on_the_public_listener(&app, &paths).await;
}
