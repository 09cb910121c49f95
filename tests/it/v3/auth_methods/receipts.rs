//! A receipt tells which methods were passed, and nothing of what bounded them: it is for methods that
//! a user passed just now, and no way round the end of a token or the reach of a delegation.

use super::*;
use crate::harness::delegation::{grant, project, trust};

/// A user who has to log in with two methods, and things that were made before that was so.
async fn scene_of_second_hand() -> (Scene, [(u16, Value); 3]) {
    let scene = scene("").await;
    give_totp(&scene, "uma", SECRET).await;
    grant(&scene, "uma", "top", "member").await;
    let token = scene.login("uma", project("top")).await;
    let (id, secret) = scene.new_credential(&token, "uma", json!({})).await;
    grant(&scene, "vic", "top", "member").await;
    let vic = scene.login("vic", project("top")).await;
    let swapped = json!({ "trustor_user_id": "vic", "trustee_user_id": "uma" });
    let mut body = trust(json!({}));
    crate::harness::delegation::merge(&mut body["trust"], swapped);
    let trust = scene.new_trust(&vic, body).await;
    let trusted = scene.trust_login("uma", &trust).await;
    require(
        &scene,
        json!([["password", "totp"], ["application_credential", "totp"]]),
    )
    .await;
    let made = [
        (401, json!({ "token": { "id": token } })),
        (
            401,
            json!({ "application_credential": { "id": id, "secret": secret } }),
        ),
        (403, json!({ "token": { "id": trusted } })),
    ];
    (scene, made)
}

#[tokio::test]
async fn what_was_made_before_gets_no_receipt() {
    let (scene, made) = scene_of_second_hand().await;
    for (status, methods) in made {
        let answer = send(&scene.app, login(methods.clone()), None).await;
        assert!(
            answer.headers.get("openstack-auth-receipt").is_none(),
            "{methods}"
        );
        answer.error(status);
    }
}

#[tokio::test]
async fn what_was_made_before_goes_on_with_another_method_at_once_and_ends_as_before() {
    let (scene, [(_, token), (_, credential), (_, trusted)]) = scene_of_second_hand().await;
    scene.app.wait(9);
    let with_passcode = |methods: &Value| {
        let mut methods = methods.clone();
        methods["totp"] = totp("uma", NOW);
        login(methods)
    };
    let answer = send(&scene.app, with_passcode(&token), None)
        .await
        .expect(201);
    assert_eq!(methods_of(&answer), ["password", "token", "totp"]);
    assert_eq!(
        answer.json()["token"]["expires_at"],
        "2026-01-01T01:00:00.000000Z"
    );
    let answer = send(&scene.app, with_passcode(&credential), None)
        .await
        .expect(201);
    assert!(answer.json()["token"]["application_credential"].is_object());
    send(&scene.app, with_passcode(&trusted), None)
        .await
        .error(403);
}

/// Python writes such receipts, with the same keys.
#[tokio::test]
async fn a_receipt_for_what_was_made_before_is_not_taken() {
    let scene = scene("").await;
    give_totp(&scene, "uma", SECRET).await;
    require(&scene, json!([["password", "totp"]])).await;
    let now = scene.app.app.clock.now();
    let settings = scene.app.app.settings();
    let receipt = |methods: &[&str]| {
        let receipt = Receipt {
            user_id: "uma".into(),
            methods: methods.iter().map(|name| (*name).to_owned()).collect(),
            issued_at: now,
            expires_at: now.plus_seconds(300),
        };
        settings
            .receipts
            .encode(&receipt)
            .expect("a receipt")
            .expect("keys")
    };
    let second = login(json!({ "totp": totp("uma", NOW) }));
    for (status, methods) in [
        (201, &["password"][..]),
        (401, &["token", "password"]),
        (401, &["application_credential", "password"]),
    ] {
        let answer = send(&scene.app, second.clone(), Some(&receipt(methods))).await;
        assert_eq!(answer.status, status, "{methods:?}: {}", answer.body);
    }
}

#[tokio::test]
async fn a_receipt_got_with_another_one_ends_with_it() {
    let scene = scene("").await;
    give_totp(&scene, "uma", SECRET).await;
    require(&scene, json!([["password", "totp", "external"]])).await;
    let first = login(json!({ "password": password("uma", ADMIN_PASSWORD) }));
    let first = send(&scene.app, first, None).await.expect(401);
    scene.app.wait(10);
    let second = login(json!({ "totp": totp("uma", NOW) }));
    let receipt = first.header("openstack-auth-receipt");
    let second = send(&scene.app, second, Some(receipt)).await.expect(401);
    let end = |answer: &Answer| answer.json()["receipt"]["expires_at"].clone();
    assert_eq!(end(&second), end(&first));
}
