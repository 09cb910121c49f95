//! `/v2.0/users/{user_id}/credentials/OS-EC2`, `/v2.0/ec2tokens` and `/v2.0/s3tokens`

use super::{access, call, password, text, token_of};
use crate::harness::{Answer, Persona, TestApp};
use axum::http::Method;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use keystone::crypto::ec2_signature::SignedRequest;
use serde_json::{Map, Value, json};

/// What a user's call to the public listener answers.
async fn ask(app: &TestApp, method: &str, path: &str, token: &str, body: Value) -> Answer {
    let method = Method::from_bytes(method.as_bytes()).expect("a method");
    let request = app.request(method, path).public();
    let request = match body {
        Value::Null => request,
        body => request.json(body),
    };
    match token {
        "" => request.send().await,
        token => request.token(token).send().await,
    }
}

async fn new_pair(app: &TestApp, user: &Persona) -> Value {
    let path = format!("/v2.0/users/{}/credentials/OS-EC2", user.user_id);
    let body = json!({ "tenant_id": user.project_id });
    let made = ask(app, "POST", &path, &user.token, body).await;
    made.expect(200).json()["credential"].take()
}

/// A request of signature version 2, signed with a key pair.
fn signed(app: &TestApp, pair: &Value) -> Value {
    let time = app.app.clock.now().without_fraction();
    let mut request = json!({
        "access": pair["access"], "verb": "GET", "host": "cloud.test:8773", "path": "/", "params": {
            "SignatureVersion": "2", "SignatureMethod": "HmacSHA256",
            "AWSAccessKeyId": pair["access"], "Timestamp": time,
        },
    });
    let none = Map::new();
    let signature = SignedRequest {
        params: request["params"].as_object().unwrap_or(&none),
        headers: &none,
        verb: request["verb"].as_str(),
        host: request["host"].as_str(),
        path: request["path"].as_str(),
        body_hash: None,
    }
    .signature(&text(&pair["secret"]).as_str().into());
    request["signature"] = json!(signature.expect("a signature"));
    request
}

#[tokio::test]
async fn users_make_show_list_and_delete_their_own_key_pairs() {
    let app = TestApp::new().await;
    let mia = app.persona("mia", "member").await;
    let pair = new_pair(&app, &mia).await;
    let (access, secret) = (text(&pair["access"]), text(&pair["secret"]));
    assert_eq!((access.len(), secret.len()), (32, 32));
    assert_eq!(
        pair,
        json!({
            "access": access, "secret": secret, "tenant_id": mia.project_id,
            "user_id": mia.user_id, "trust_id": null,
        })
    );
    let all = format!("/v2.0/users/{}/credentials/OS-EC2", mia.user_id);
    let one = format!("{all}/{access}");
    let list = ask(&app, "GET", &all, &mia.token, Value::Null)
        .await
        .expect(200);
    assert_eq!(list.json(), json!({ "credentials": [pair] }));
    let shown = ask(&app, "GET", &one, &mia.token, Value::Null)
        .await
        .expect(200);
    assert_eq!(shown.json(), json!({ "credential": pair }));
    // An administrator sees it on both listeners.
    call(&app, "GET", &one, Value::Null).await.expect(200);
    let admin = app.admin().await;
    ask(&app, "GET", &all, &admin, Value::Null)
        .await
        .expect(200);
    ask(&app, "DELETE", &one, &mia.token, Value::Null)
        .await
        .expect(204);
    ask(&app, "DELETE", &one, &mia.token, Value::Null)
        .await
        .error(404);
    ask(&app, "GET", &one, &mia.token, Value::Null)
        .await
        .error(404);
}

#[tokio::test]
async fn key_pairs_are_nobody_elses_business() {
    let app = TestApp::new().await;
    let mia = app.persona("mia", "member").await;
    let eve = app.persona("eve", "member").await;
    let pair = new_pair(&app, &mia).await;
    let all = format!("/v2.0/users/{}/credentials/OS-EC2", mia.user_id);
    let one = format!("{all}/{}", text(&pair["access"]));
    let unscoped = token_of(&access(&app, password("mia", None)).await);
    let body = json!({ "tenant_id": mia.project_id });
    for (method, path, body) in [
        ("GET", &all, Value::Null),
        ("POST", &all, body),
        ("GET", &one, Value::Null),
        ("DELETE", &one, Value::Null),
    ] {
        ask(&app, method, path, &eve.token, body.clone())
            .await
            .error(403);
        ask(&app, method, path, "", body.clone()).await.error(401);
        ask(&app, method, path, &unscoped, body).await.error(401);
    }
    // Somebody else's is not found below one's own account.
    let own = format!(
        "/v2.0/users/{}/credentials/OS-EC2/{}",
        eve.user_id,
        text(&pair["access"])
    );
    ask(&app, "GET", &own, &eve.token, Value::Null)
        .await
        .error(404);
    ask(&app, "DELETE", &own, &eve.token, Value::Null)
        .await
        .error(404);
}

#[tokio::test]
async fn a_key_pair_is_for_a_user_and_a_tenant_that_are_there() {
    let app = TestApp::new().await;
    let mia = app.persona("mia", "member").await;
    let path = format!("/v2.0/users/{}/credentials/OS-EC2", mia.user_id);
    for body in [
        json!({}),
        json!({ "tenant_id": null }),
        json!({ "tenant_id": 5 }),
    ] {
        ask(&app, "POST", &path, &mia.token, body).await.error(400);
    }
    for tenant in ["nope", "", "default"] {
        let body = json!({ "tenant_id": tenant });
        ask(&app, "POST", &path, &mia.token, body).await.error(404);
    }
    let body = json!({ "tenant_id": mia.project_id });
    let path = "/v2.0/users/nope/credentials/OS-EC2";
    call(&app, "POST", path, body).await.error(404);
    call(&app, "GET", path, Value::Null).await.error(404);
    let path = "/v2.0/users/nope/credentials/OS-EC2/x";
    call(&app, "GET", path, Value::Null).await.error(404);
    call(&app, "DELETE", path, Value::Null).await.error(404);
}

#[tokio::test]
async fn a_signed_request_is_exchanged_for_its_signers_token() {
    let app = TestApp::new().await;
    let mia = app.persona("mia", "member").await;
    let nova = app.persona("nova", "service").await;
    let pair = new_pair(&app, &mia).await;
    for name in ["credentials", "ec2Credentials"] {
        let body = json!({ name: signed(&app, &pair) });
        // Services on the admin listener need no token; on the public one they do.
        let admin = app
            .post("/v2.0/ec2tokens", body.clone())
            .send()
            .await
            .expect(200);
        ask(&app, "POST", "/v2.0/ec2tokens", "", body.clone())
            .await
            .error(401);
        ask(&app, "POST", "/v2.0/ec2tokens", &mia.token, body.clone())
            .await
            .error(403);
        let public = ask(&app, "POST", "/v2.0/ec2tokens", &nova.token, body).await;
        for answer in [admin, public.expect(200)] {
            let access = answer.json()["access"].take();
            let token = &access["token"];
            assert_eq!(token["tenant"]["id"], mia.project_id);
            // Here, unlike elsewhere, tenants and roles are shown whole.
            assert_eq!(token["tenant"]["domain_id"], "default");
            assert_eq!(token["tenant"]["parent_id"], "default");
            assert_eq!(token["tenant"]["is_domain"], false);
            assert_eq!(access["user"]["id"], mia.user_id);
            let roles = access["user"]["roles"].as_array().expect("a list");
            assert!(roles.contains(&json!({
                "id": app.seed.role("member"), "name": "member", "domain_id": null,
            })));
            assert_eq!(
                access["serviceCatalog"].as_array().expect("a list").len(),
                1
            );
            let path = format!("/v2.0/tokens/{}", token_of(&access));
            let seen = call(&app, "GET", &path, Value::Null)
                .await
                .expect(200)
                .json();
            assert_eq!(seen["access"]["token"]["tenant"]["id"], mia.project_id);
            // It stands for its requests, and can't become another token.
            let again = json!({ "auth": { "token": { "id": token_of(&access) } } });
            app.post("/v2.0/tokens", again).send().await.error(403);
        }
    }
}

#[tokio::test]
async fn on_the_public_listener_whoever_may_check_signatures_in_v3_gets_in_and_nobody_else() {
    let app = TestApp::new().await;
    let mia = app.persona("mia", "member").await;
    let pair = new_pair(&app, &mia).await;
    app.grant_on_domain(&app.seed.user_id, "admin", "default")
        .await;
    let scope = json!({ "domain": { "id": "default" } });
    let password = crate::harness::ADMIN_PASSWORD;
    let callers = [
        ("nobody", String::new(), 401),
        ("nonsense", "nonsense".to_owned(), 401),
        ("its own signer", mia.token.clone(), 403),
        ("a reader", app.persona("rea", "reader").await.token, 403),
        ("a manager", app.persona("max", "manager").await.token, 403),
        (
            "an administrator of no tenant",
            token_of(&access(&app, super::password("admin", None)).await),
            403,
        ),
        ("a service", app.persona("nova", "service").await.token, 200),
        ("an administrator", app.admin().await, 200),
        (
            "an administrator of a domain",
            app.login("admin", password, scope).await,
            200,
        ),
        (
            "an administrator of the system",
            app.system_admin().await,
            200,
        ),
    ];
    for (who, token, expected) in &callers {
        let mut body = json!({ "credentials": signed(&app, &pair) });
        let path = "/v2.0/ec2tokens";
        let answer = ask(&app, "POST", path, token, body.clone()).await;
        assert_eq!(answer.status, *expected, "{who}");
        let v3 = ask(&app, "POST", "/v3/ec2tokens", token, body.clone()).await;
        assert_eq!(v3.status, *expected, "{who} in v3");
        // Nothing in the request makes more of a caller.
        for name in ["is_admin", "role", "user_id", "token"] {
            body[name] = json!("admin");
        }
        let path = "/v2.0/ec2tokens?is_admin=1&role=admin&user_id=admin";
        let forged = ask(&app, "POST", path, token, body).await.status;
        assert!(forged == *expected || forged == 400, "{who}: {forged}");
        assert!(forged != 200 || *expected == 200, "{who}: {forged}");
    }
}

#[tokio::test]
async fn what_is_not_signed_is_refused() {
    let app = TestApp::new().await;
    let mia = app.persona("mia", "member").await;
    let pair = new_pair(&app, &mia).await;
    let with = |name: &str, value: Value| {
        let mut request = signed(&app, &pair);
        request[name] = value;
        request
    };
    let post = async |body: Value| app.post("/v2.0/ec2tokens", body).send().await;
    for body in [
        json!({}),
        json!({ "auth": {} }),
        json!({ "credentials": [] }),
        json!({ "auth": { "OS-KSEC2:ec2Credentials": signed(&app, &pair) } }),
    ] {
        post(body).await.error(400);
    }
    for request in [
        with("signature", json!("bm9uc2Vuc2U=")),
        with("signature", Value::Null),
        with("access", Value::Null),
        with("path", json!("/other")),
    ] {
        post(json!({ "credentials": request })).await.error(401);
    }
    let unknown = with("access", json!("nope"));
    post(json!({ "credentials": unknown })).await.error(404);
    let old = signed(&app, &pair);
    app.wait(3_600);
    post(json!({ "credentials": old })).await.error(401);
}

#[tokio::test]
async fn signed_requests_of_s3_are_for_the_admin_listener() {
    let app = TestApp::new().await;
    let mia = app.persona("mia", "member").await;
    let pair = new_pair(&app, &mia).await;
    let string_to_sign = "GET\n\n\nThu, 01 Jan 2026 00:00:00 GMT\n/bucket";
    let secret = text(&pair["secret"]);
    let sha1 = aws_lc_rs::hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY;
    let key = aws_lc_rs::hmac::Key::new(sha1, secret.as_bytes());
    let signature = aws_lc_rs::hmac::sign(&key, string_to_sign.as_bytes());
    let good = json!({ "credentials": {
        "access": pair["access"],
        "signature": STANDARD.encode(signature),
        "token": STANDARD.encode(string_to_sign),
    } });
    let answer = app
        .post("/v2.0/s3tokens", good)
        .send()
        .await
        .expect(200)
        .json();
    assert_eq!(answer["access"]["token"]["tenant"]["id"], mia.project_id);
    let path = format!("/v2.0/tokens/{}", token_of(&answer["access"]));
    call(&app, "GET", &path, Value::Null).await.expect(200);
    let body = json!({ "credentials": {
        "access": pair["access"], "signature": "bm9uc2Vuc2U=", "token": "R0VUCgoKCi9i",
    } });
    app.post("/v2.0/s3tokens", body.clone())
        .send()
        .await
        .error(401);
    app.post("/v2.0/s3tokens", body.clone())
        .public()
        .send()
        .await
        .error(404);
    let mut unknown = body.clone();
    unknown["credentials"]["access"] = json!("nope");
    app.post("/v2.0/s3tokens", unknown).send().await.error(404);
    app.post("/v2.0/s3tokens", json!({}))
        .send()
        .await
        .error(400);
}
