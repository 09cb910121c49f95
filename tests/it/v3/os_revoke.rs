//! `/v3/OS-REVOKE/events`, `/v3/auth/tokens/OS-PKI/revoked` and `/v3/OS-SIMPLE-CERT`.

use crate::harness::{Scene, TestApp, delegation, signing};
use keystone::model::token::{TokenOrigin, TokenPayload, TokenScope};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::time::Duration;

#[tokio::test]
async fn events_are_listed_in_their_order_with_the_members_that_they_have() {
    let scene = Scene::new().await;
    let token = scene.login("uma", json!("unscoped")).await;
    let delete = scene.app.delete("/v3/auth/tokens").token(&scene.admin);
    delete.subject(&token).send().await.expect(204);
    scene.app.wait(5);
    scene.delete("/v3/users/vic/tokens").await.expect(204);
    let answer = scene.get("/v3/OS-REVOKE/events").await.expect(200).json();
    let events = answer["events"].as_array().expect("events");
    assert_eq!(events.len(), 3);
    assert!(events[0]["audit_id"].is_string());
    assert_eq!(events[1]["audit_chain_id"], events[0]["audit_id"]);
    assert_eq!(
        events[2],
        json!({
            "user_id": "vic",
            "issued_before": "2026-01-01T00:00:05.000000Z",
            "revoked_at": "2026-01-01T00:00:05.000000Z",
        })
    );
    assert_eq!(
        answer["links"],
        json!({ "next": null, "self": "http://keystone.test/v3/OS-REVOKE/events", "previous": null })
    );
    let since = |time: &str| format!("/v3/OS-REVOKE/events?since={time}");
    for (time, count) in [
        ("2025-12-31T23:59:59Z", 3),
        ("2026-01-01T00:00:00Z", 1),
        ("2026-01-01T00:00:05Z", 0),
    ] {
        let answer = scene.get(&since(time)).await.expect(200).json();
        assert_eq!(answer["events"].as_array().expect("events").len(), count);
    }
    scene.get(&since("yesterday")).await.error(400);
    scene.head("/v3/OS-REVOKE/events").await.expect(200);
}

#[tokio::test]
async fn only_services_and_admins_see_what_is_revoked() {
    let app = TestApp::new().await;
    let reader = app.persona("rita", "reader").await;
    let service = app.persona("nova", "service").await;
    for path in [
        "/v3/OS-REVOKE/events",
        "/v3/auth/tokens/OS-PKI/revoked?audit_id_only",
    ] {
        app.get(path).send().await.error(401);
        app.get(path).token(&reader.token).send().await.error(403);
        app.get(path).token(&service.token).send().await.expect(200);
    }
}

/// The list of revoked tokens, as a service gets it.
async fn revoked(scene: &Scene) -> Vec<Value> {
    let answer = scene.get("/v3/auth/tokens/OS-PKI/revoked").await;
    let answer = answer.expect(200).json();
    let content = signing::verify(answer["signed"].as_str().expect("a document"));
    let content: Value = serde_json::from_str(&content).expect("JSON");
    content["revoked"].as_array().expect("a list").clone()
}

#[tokio::test]
async fn openssl_verifies_the_list_of_revoked_tokens() {
    for format in ["uuid", "pki"] {
        let scene = Scene::with_config(&signing::config(format)).await;
        assert!(revoked(&scene).await.is_empty());
        let answer = scene.try_login("uma", json!("unscoped")).await.expect(201);
        let token = answer.header("x-subject-token").to_owned();
        let delete = scene.app.delete("/v3/auth/tokens").token(&scene.admin);
        delete.subject(&token).send().await.expect(204);
        let id = match format {
            "uuid" => token.clone(),
            _ => signing::digest("md5", &token),
        };
        let audit_id = &answer.json()["token"]["audit_ids"][0];
        let expected = json!({ "expires": "2026-01-01T01:00:00Z", "id": id, "audit_id": audit_id });
        assert_eq!(revoked(&scene).await, [expected]);
        let unsigned = scene
            .get("/v3/auth/tokens/OS-PKI/revoked?audit_id_only")
            .await;
        assert_eq!(
            unsigned.expect(200).json(),
            json!({ "revoked": [{ "audit_id": audit_id, "expires": "2026-01-01T01:00:00Z" }] })
        );
        // What has ended need not be listed.
        scene.app.wait(3600);
        let admin = scene.app.admin().await;
        let later = Scene { admin, ..scene };
        assert!(revoked(&later).await.is_empty());
    }
}

#[tokio::test]
async fn what_events_end_is_on_the_list_and_what_came_after_is_not() {
    let scene = Scene::with_config(&signing::config("uuid")).await;
    let first = scene.login("uma", json!("unscoped")).await;
    scene.app.wait(2);
    let other = scene.login("vic", json!("unscoped")).await;
    scene.delete("/v3/users/uma/tokens").await.expect(204);
    scene.app.wait(2);
    let second = scene.login("uma", json!("unscoped")).await;
    let listed = revoked(&scene).await;
    let ids: Vec<_> = listed.iter().map(|entry| entry["id"].as_str()).collect();
    assert_eq!(ids, [Some(first.as_str())]);
    for token in [other, second] {
        let bearer = scene.app.get("/v3/auth/projects").token(&token).send();
        bearer.await.expect(200);
    }
}

#[tokio::test]
async fn the_list_says_of_a_long_store_what_validation_says_now() {
    const TOKENS: usize = 1_200;
    let scene = Scene::with_config(&signing::config("uuid")).await;
    delegation::grant(&scene, "uma", "top", "member").await;
    scene.login("uma", json!("unscoped")).await;
    let now = scene.app.app.clock.now();
    let payload = TokenPayload {
        user_id: "uma".into(),
        methods: vec!["password".to_owned()],
        issued_at: now,
        expires_at: now.plus_seconds(600),
        audit_ids: vec!["AAAAAAAAAAAAAAAAAAAAAA".to_owned()],
        scope: TokenScope::Project("top".into()),
        origin: TokenOrigin::Direct,
    };
    let mut tokens = BTreeSet::new();
    for _ in 0..TOKENS {
        let issued = scene.app.app.token().issue(payload.clone()).await;
        tokens.insert(issued.expect("a token").0);
    }
    assert!(revoked(&scene).await.is_empty());
    let set = async |enabled: bool| {
        let body = json!({ "project": { "enabled": enabled } });
        scene.patch("/v3/projects/top", body).await.expect(200);
    };
    scene.delete("/v3/projects/below").await.expect(204);
    set(false).await;
    // Each request walks for a while only, and a long walk is followed by a rest.
    let mut listed = BTreeSet::new();
    for _ in 0..600 {
        let entries = revoked(&scene).await;
        let ids = entries
            .iter()
            .map(|entry| entry["id"].as_str().expect("an id"));
        listed = ids.map(str::to_owned).collect();
        if listed.len() == TOKENS {
            break;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    assert_eq!(listed, tokens);
    set(true).await;
    let token = tokens.first().expect("a token");
    scene.get_as(token, "/v3/auth/projects").await.expect(200);
}

#[tokio::test]
async fn there_is_no_list_without_revocation_by_id_or_without_a_certificate() {
    let mut config = signing::config("uuid");
    config.push_str("revoke_by_id = false\n");
    let scene = Scene::with_config(&config).await;
    scene.get("/v3/auth/tokens/OS-PKI/revoked").await.error(410);
    let scene = Scene::new().await;
    scene.get("/v3/auth/tokens/OS-PKI/revoked").await.error(403);
}

#[tokio::test]
async fn certificates_are_for_everybody_where_there_are_any() {
    let app = TestApp::with_config(&signing::config("pki")).await;
    for (path, file) in [
        (
            "/v3/OS-SIMPLE-CERT/ca",
            include_str!("../../golden/pki/ca.pem"),
        ),
        (
            "/v3/OS-SIMPLE-CERT/certificates",
            include_str!("../../golden/pki/signing_cert.pem"),
        ),
    ] {
        let answer = app.get(path).send().await.expect(200);
        assert_eq!(answer.body, file);
        assert_eq!(answer.header("content-type"), "application/x-pem-file");
        let without = TestApp::new().await;
        without.get(path).send().await.error(410);
    }
}
