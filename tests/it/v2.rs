//! The Identity API v2.0, as old clients know it.

mod certificates;
mod discovery;
mod ec2;
mod endpoints;
mod external;
mod own_password;
mod refusals;
mod roles;
mod services;
mod tenants;
mod tokens;
mod trusts;
mod users;

use crate::harness::{ADMIN_PASSWORD, Answer, TestApp};
use axum::http::Method;
use serde_json::{Value, json};

/// A login by name and password.
fn password(name: &str, tenant: Option<&str>) -> Value {
    let credentials = json!({ "username": name, "password": ADMIN_PASSWORD });
    let mut body = json!({ "auth": { "passwordCredentials": credentials } });
    if let Some(tenant) = tenant {
        body["auth"]["tenantName"] = json!(tenant);
    }
    body
}

/// `access` of a login on the public listener.
async fn access(app: &TestApp, body: Value) -> Value {
    let answer = app.post("/v2.0/tokens", body).public().send().await;
    answer.expect(200).json()["access"].take()
}

/// The token's text in `access`.
fn token_of(access: &Value) -> String {
    text(&access["token"]["id"])
}

fn text(value: &Value) -> String {
    value.as_str().expect("text").to_owned()
}

/// What an administrator's call to the admin listener answers.
async fn call(app: &TestApp, method: &str, path: &str, body: Value) -> Answer {
    let admin = app.admin().await;
    let method = Method::from_bytes(method.as_bytes()).expect("a method");
    let request = app.request(method, path).token(&admin);
    match body {
        Value::Null => request.send().await,
        body => request.json(body).send().await,
    }
}

/// A tenant's id by its name.
async fn new_tenant(app: &TestApp, name: &str) -> String {
    let body = json!({ "tenant": { "name": name } });
    let answer = call(app, "POST", "/v2.0/tenants", body).await;
    text(&answer.expect(200).json()["tenant"]["id"])
}

/// A new user's id. The password is everybody's.
async fn new_user(app: &TestApp, name: &str) -> String {
    let body = json!({ "user": { "name": name, "password": ADMIN_PASSWORD } });
    let answer = call(app, "POST", "/v2.0/users", body).await;
    text(&answer.expect(200).json()["user"]["id"])
}

/// Every administrator's call of a resource: refused to others, and not there on the public listener.
async fn only_for_administrators(app: &TestApp, calls: &[(&str, &str, Value)]) {
    let member = app.persona("mia", "member").await.token;
    let unscoped = token_of(&access(app, password("admin", None)).await);
    let system = app.system_admin().await;
    for (method, path, body) in calls {
        let request = || {
            let method = Method::from_bytes(method.as_bytes()).expect("a method");
            let request = app.request(method, path);
            match body {
                Value::Null => request,
                body => request.json(body.clone()),
            }
        };
        request().send().await.error(401);
        request().token("nonsense").send().await.error(401);
        request().token("").send().await.error(401);
        request().token(&member).send().await.error(403);
        // An administrator without a tenant is none.
        request().token(&unscoped).send().await.error(401);
        request().token(&system).send().await.error(401);
    }
}

/// Calls that the public listener does not have.
async fn not_on_the_public_listener(app: &TestApp, calls: &[(&str, &str)]) {
    let admin = app.admin().await;
    for (method, path) in calls {
        let method = Method::from_bytes(method.as_bytes()).expect("a method");
        let request = app.request(method, path).public().token(&admin);
        request.send().await.error(404);
    }
}
