//! `POST /v2.0/tokens` for users whom a proxy in front has identified.

use super::token_of;
use crate::harness::{Answer, TestApp};
use serde_json::{Value, json};

const PROXY: &str = "10.0.0.1";

async fn log_in(app: &TestApp, peer: &str, user: &str, auth: Value) -> Answer {
    let body = json!({ "auth": auth });
    let request = app.post("/v2.0/tokens", body).public().peer(peer);
    request.header("x-remote-user", user).send().await
}

#[tokio::test]
async fn whom_a_trusted_proxy_names_needs_no_password() {
    let app = TestApp::with_config(&format!("[server]\ntrusted_proxies = {PROXY}\n")).await;
    let mia = app.persona("mia", "member").await;
    let unscoped = log_in(&app, PROXY, "mia", json!({})).await.expect(200);
    let access = unscoped.json()["access"].take();
    assert_eq!(access["user"]["id"], mia.user_id);
    assert_eq!(access["token"].get("tenant"), None);
    for tenant in [
        json!({ "tenantName": "mia-project" }),
        json!({ "tenantId": mia.project_id }),
    ] {
        let scoped = log_in(&app, PROXY, "mia", tenant).await.expect(200);
        let access = scoped.json()["access"].take();
        assert_eq!(access["token"]["tenant"]["id"], mia.project_id);
        let own = app.get("/v2.0/tenants").public().token(&token_of(&access));
        own.send().await.expect(200);
    }
    // What the proxy says wins over a password, and a token over that.
    let credentials = json!({ "username": "admin", "password": "wrong" });
    let auth = json!({ "passwordCredentials": credentials });
    let told = log_in(&app, PROXY, "mia", auth).await.expect(200).json();
    assert_eq!(told["access"]["user"]["id"], mia.user_id);
    let auth = json!({ "token": { "id": token_of(&access) } });
    let told = log_in(&app, PROXY, "admin", auth).await.expect(200).json();
    assert_eq!(told["access"]["user"]["id"], mia.user_id);
    // Nobody of this name, and no role there.
    log_in(&app, PROXY, "nobody", json!({})).await.error(401);
    let auth = json!({ "tenantId": app.seed.project_id });
    log_in(&app, PROXY, "mia", auth).await.error(401);
}

#[tokio::test]
async fn nobody_else_is_believed_and_nowhere_that_the_method_is_not_offered() {
    let trusting = format!("[server]\ntrusted_proxies = {PROXY}\n");
    let app = TestApp::with_config(&trusting).await;
    for peer in ["127.0.0.1", "10.0.0.2"] {
        log_in(&app, peer, "admin", json!({})).await.error(400);
    }
    let without = format!("{trusting}[auth]\nmethods = password,token\n");
    let app = TestApp::with_config(&without).await;
    log_in(&app, PROXY, "admin", json!({})).await.error(400);
}
