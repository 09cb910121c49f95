//! `/v2.0/OS-KSCRUD`: users change their own passwords.

use super::{access, call, password, text, token_of};
use crate::harness::{ADMIN_PASSWORD, Answer, TestApp};
use serde_json::{Value, json};

async fn change(app: &TestApp, user: &str, token: &str, body: Value) -> Answer {
    let request = app.patch(&format!("/v2.0/OS-KSCRUD/users/{user}"), body);
    let request = request.public();
    match token {
        "" => request.send().await,
        token => request.token(token).send().await,
    }
}

fn to(new: &str, original: &str) -> Value {
    json!({ "user": { "password": new, "original_password": original } })
}

#[tokio::test]
async fn a_new_password_comes_with_a_token_that_is_good_at_once() {
    let app = TestApp::new().await;
    let mia = app.persona("mia", "member").await;
    let unscoped = token_of(&access(&app, password("mia", None)).await);
    let answer = change(&app, &mia.user_id, &mia.token, to("other", ADMIN_PASSWORD)).await;
    let new = answer.expect(200).json()["access"].take();
    assert_eq!(new["token"]["tenant"]["id"], mia.project_id);
    assert_eq!(new["user"]["name"], "mia");
    assert_eq!(new["token"]["expires"], "2026-01-01T01:00:00Z");
    assert_eq!(
        new["token"]["audit_ids"].as_array().expect("a list").len(),
        1
    );
    for old in [&mia.token, &unscoped] {
        let path = format!("/v2.0/tokens/{old}");
        call(&app, "GET", &path, Value::Null).await.error(404);
        app.get("/v2.0/tenants")
            .public()
            .token(old)
            .send()
            .await
            .error(401);
    }
    let path = format!("/v2.0/tokens/{}", token_of(&new));
    let seen = call(&app, "GET", &path, Value::Null)
        .await
        .expect(200)
        .json();
    assert_eq!(seen["access"], new);
    let own = app.get("/v2.0/tenants").public().token(&token_of(&new));
    own.send().await.expect(200);
    app.post("/v2.0/tokens", password("mia", None))
        .send()
        .await
        .error(401);
}

#[tokio::test]
async fn an_unscoped_token_will_do() {
    let app = TestApp::new().await;
    let mia = app.persona("mia", "member").await;
    let unscoped = token_of(&access(&app, password("mia", None)).await);
    let answer = change(&app, &mia.user_id, &unscoped, to("other", ADMIN_PASSWORD)).await;
    let new = answer.expect(200).json()["access"].take();
    assert!(new["token"].get("tenant").is_none());
    assert_ne!(text(&new["token"]["id"]), unscoped);
}

#[tokio::test]
async fn the_original_password_and_the_own_token_are_the_proof() {
    let app = TestApp::with_config("[DEFAULT]\nadmin_token = s3cret\n").await;
    let mia = app.persona("mia", "member").await;
    let other = app.persona("ada", "member").await;
    let good = to("other", ADMIN_PASSWORD);
    change(&app, &mia.user_id, &mia.token, to("other", "wrong"))
        .await
        .error(401);
    change(&app, &mia.user_id, "nonsense", good.clone())
        .await
        .error(401);
    change(&app, &mia.user_id, &other.token, good.clone())
        .await
        .error(403);
    let admin = app.admin().await;
    change(&app, &mia.user_id, &admin, good.clone())
        .await
        .error(403);
    change(&app, &mia.user_id, "", good.clone())
        .await
        .error(404);
    change(&app, &mia.user_id, "s3cret", good.clone())
        .await
        .error(404);
    for body in [
        json!({}),
        json!({ "user": {} }),
        json!({ "user": { "password": "x" } }),
        json!({ "user": { "original_password": ADMIN_PASSWORD } }),
        to("", ADMIN_PASSWORD),
        json!({ "user": { "password": 5, "original_password": ADMIN_PASSWORD } }),
    ] {
        change(&app, &mia.user_id, &mia.token, body)
            .await
            .error(400);
    }
    // The admin listener does not have it.
    let path = format!("/v2.0/OS-KSCRUD/users/{}", mia.user_id);
    app.patch(&path, good)
        .token(&mia.token)
        .send()
        .await
        .error(404);
    access(&app, password("mia", None)).await;
}
