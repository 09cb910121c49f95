//! `/v2.0/tokens` by a trust, and with the tokens that trusts give.

use super::{access, call, password, text, token_of};
use crate::harness::{Persona, TestApp};
use serde_json::{Value, json};

/// Mia lets Bob be a member of her project.
struct Trusting {
    app: TestApp,
    mia: Persona,
    bob: Persona,
    /// A token of Bob's for no tenant.
    token: String,
}

impl Trusting {
    async fn new() -> Self {
        let app = TestApp::new().await;
        let mia = app.persona("mia", "member").await;
        let bob = app.persona("bob", "reader").await;
        let token = token_of(&access(&app, password("bob", None)).await);
        Self {
            app,
            mia,
            bob,
            token,
        }
    }

    async fn trust(&self, more: Value) -> String {
        let mut trust = json!({
            "trustor_user_id": self.mia.user_id, "trustee_user_id": self.bob.user_id,
            "project_id": self.mia.project_id, "impersonation": true,
            "roles": [{ "id": self.app.seed.role("member") }],
        });
        for (name, value) in more.as_object().expect("an object") {
            trust[name] = value.clone();
        }
        let post = self
            .app
            .post("/v3/OS-TRUST/trusts", json!({ "trust": trust }));
        let made = post.token(&self.mia.token).send().await.expect(201);
        text(&made.json()["trust"]["id"])
    }

    fn login(&self, token: &str, trust: &str) -> Value {
        json!({ "auth": {
            "token": { "id": token }, "trust_id": trust, "tenantName": "mia-project",
        } })
    }
}

#[tokio::test]
async fn a_trustee_logs_in_by_the_trust_and_is_seen_as_the_trustor() {
    let trusting = Trusting::new().await;
    let app = &trusting.app;
    let trust = trusting.trust(json!({})).await;
    let by_id = json!({ "auth": {
        "token": { "id": trusting.token }, "trust_id": trust, "tenantId": trusting.mia.project_id,
    } });
    for body in [trusting.login(&trusting.token, &trust), by_id] {
        let issued = access(app, body).await;
        assert_eq!(
            issued["trust"],
            json!({
                "id": trust, "impersonation": true, "trustor_user_id": trusting.mia.user_id,
                "trustee_user_id": trusting.bob.user_id,
            })
        );
        assert_eq!(issued["user"]["id"], trusting.mia.user_id);
        assert_eq!(issued["token"]["tenant"]["id"], trusting.mia.project_id);
        let token = token_of(&issued);
        let seen = call(app, "GET", &format!("/v2.0/tokens/{token}"), Value::Null).await;
        assert_eq!(seen.expect(200).json()["access"], issued);
        let own = app.get("/v2.0/tenants").public().token(&token);
        own.send().await.expect(200);
        app.get("/v2.0/tenants")
            .token(&token)
            .send()
            .await
            .error(403);
        let admin = app.admin().await;
        let v3 = app.get("/v3/auth/tokens").token(&admin).subject(&token);
        assert_eq!(
            v3.send().await.expect(200).json()["token"]["OS-TRUST:trust"]["id"],
            trust
        );
        // What was delegated can't become something else.
        let again = json!({ "auth": { "token": { "id": token }, "tenantName": "mia-project" } });
        app.post("/v2.0/tokens", again).send().await.error(403);
    }
}

#[tokio::test]
async fn without_impersonation_the_trustee_is_seen() {
    let trusting = Trusting::new().await;
    let trust = trusting.trust(json!({ "impersonation": false })).await;
    let issued = access(&trusting.app, trusting.login(&trusting.token, &trust)).await;
    assert_eq!(issued["user"]["id"], trusting.bob.user_id);
    assert_eq!(issued["trust"]["impersonation"], false);
}

#[tokio::test]
async fn a_trust_that_does_not_hold_is_403() {
    let trusting = Trusting::new().await;
    let app = &trusting.app;
    let trust = trusting.trust(json!({})).await;
    let ends = trusting
        .trust(json!({ "expires_at": "2026-01-01T00:10:00Z" }))
        .await;
    let good = trusting.login(&trusting.token, &trust);
    let mut no_tenant = good.clone();
    no_tenant["auth"]["tenantName"] = Value::Null;
    let mut other_tenant = good.clone();
    other_tenant["auth"]["tenantName"] = json!("bob-project");
    for body in [
        no_tenant,
        other_tenant,
        trusting.login(&trusting.token, "nope"),
        trusting.login(&trusting.mia.token, &trust),
    ] {
        app.post("/v2.0/tokens", body)
            .public()
            .send()
            .await
            .error(403);
    }
    let mut unknown_tenant = good.clone();
    unknown_tenant["auth"]["tenantName"] = json!("nope");
    app.post("/v2.0/tokens", unknown_tenant)
        .send()
        .await
        .error(401);
    app.post("/v2.0/tokens", trusting.login("nonsense", &trust))
        .send()
        .await
        .error(401);

    access(app, trusting.login(&trusting.token, &ends)).await;
    app.wait(601);
    let late = trusting.login(&trusting.token, &ends);
    app.post("/v2.0/tokens", late).send().await.error(403);

    let grant = format!(
        "/v2.0/tenants/{}/users/{}/roles/OS-KSADM/{}",
        trusting.mia.project_id,
        trusting.mia.user_id,
        app.seed.role("member")
    );
    call(app, "DELETE", &grant, Value::Null).await.expect(204);
    app.post("/v2.0/tokens", good).send().await.error(403);
}

#[tokio::test]
async fn a_password_does_not_use_the_trust() {
    let trusting = Trusting::new().await;
    let trust = trusting.trust(json!({})).await;
    let mut body = password("bob", Some("mia-project"));
    body["auth"]["trust_id"] = json!(trust);
    trusting
        .app
        .post("/v2.0/tokens", body)
        .send()
        .await
        .error(401);
    let mut body = password("bob", Some("bob-project"));
    body["auth"]["trust_id"] = json!(trust);
    let own = access(&trusting.app, body).await;
    assert!(own.get("trust").is_none());
}
