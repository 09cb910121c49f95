//! Who asks without being somebody must not learn who exists: whatever is wrong with a login, it says the
//! same and costs the same. Cost is counted in hashes, which are nearly all of it.

use super::*;
use crate::harness::delegation::{grant, project};

/// Asserts that every one of these requests is refused in the same words, after one hash.
async fn all_the_same(scene: &Scene, requests: &[(&str, Value)]) {
    let mut said = Vec::new();
    for (path, body) in requests {
        let before = hashes_so_far(&scene.app).await;
        let answer = scene.app.post(path, body.clone()).send().await;
        let hashes = hashes_so_far(&scene.app).await - before;
        assert_eq!(hashes, 1, "{path} {body}");
        said.push(answer.json()["error"].clone());
        answer.error(401);
    }
    said.dedup();
    assert_eq!(said.len(), 1, "{said:#?}");
}

#[tokio::test]
async fn application_credentials_by_name_tell_nobody_who_or_what_exists() {
    let scene = scene("").await;
    grant(&scene, "uma", "top", "member").await;
    let token = scene.login("uma", project("top")).await;
    let (_, secret) = scene.new_credential(&token, "uma", json!({})).await;
    let over = json!({ "name": "over", "secret": "s", "expires_at": "2026-01-01T00:00:05Z" });
    scene.new_credential(&token, "uma", over).await;
    scene.app.wait(6);
    let attempt = |name: &str, user: Value, secret: &str| {
        let credential = json!({ "name": name, "user": user, "secret": secret });
        (
            "/v3/auth/tokens",
            login(json!({ "application_credential": credential })),
        )
    };
    let named = |name: &str, domain: &str| json!({ "name": name, "domain": { "name": domain } });
    let good = attempt("one", named("uma", "acme"), &secret);
    scene.app.post(good.0, good.1).send().await.expect(201);
    all_the_same(
        &scene,
        &[
            attempt("one", json!({ "id": "uma" }), "wrong"),
            attempt("one", named("uma", "acme"), "wrong"),
            attempt("two", json!({ "id": "uma" }), &secret),
            attempt("one", json!({ "id": "vic" }), &secret),
            attempt("one", json!({ "id": "nobody" }), &secret),
            attempt("one", named("nobody", "acme"), &secret),
            attempt("one", named("uma", "nowhere"), &secret),
            attempt("over", json!({ "id": "uma" }), "s"),
        ],
    )
    .await;
}

#[tokio::test]
async fn changes_of_passwords_tell_nobody_who_exists() {
    let scene = scene("").await;
    let disable = json!({ "user": { "enabled": false } });
    scene.patch("/v3/users/vic", disable).await.expect(200);
    let attempt = |path: &'static str, original: &str| {
        let body = json!({ "user": { "original_password": original, "password": "new" } });
        (path, body)
    };
    all_the_same(
        &scene,
        &[
            attempt("/v3/users/uma/password", "wrong"),
            attempt("/v3/users/nobody/password", ADMIN_PASSWORD),
            attempt("/v3/users/vic/password", ADMIN_PASSWORD),
            attempt("/v3/users/vic/password", "wrong"),
        ],
    )
    .await;
}
