//! The groups that a mapping gives, in tokens and as memberships that end.

use super::ALICE;
use crate::harness::delegation::{id_of, project, role_names, trust};
use crate::harness::federation::{
    PROVIDER, log_in, log_in_to_top, rules, said, scene, scene_with, try_log_in,
};
use crate::harness::{ACME, Scene};
use serde_json::{Value, json};

/// A group of `acme`.
async fn new_group(scene: &Scene, name: &str) -> String {
    let body = json!({ "group": { "name": name, "domain_id": ACME } });
    let answer = scene.post("/v3/groups", body).await.expect(201);
    id_of(&answer, "group")
}

async fn memberships(scene: &Scene) -> Vec<Value> {
    let path = format!("/v3/users/{ALICE}/groups");
    let mut answer = scene.get(&path).await.expect(200).json();
    match answer["groups"].take() {
        Value::Array(groups) => groups,
        other => panic!("{other}"),
    }
}

async fn set_lifetime(scene: &Scene, minutes: i64) {
    let body = json!({ "identity_provider": { "authorization_ttl": minutes } });
    scene.patch(PROVIDER, body).await.expect(200);
}

#[tokio::test]
async fn memberships_last_as_long_as_the_provider_says() {
    let scene = scene().await;
    // Without a word of anybody, only the token itself has the groups.
    log_in(&scene, "alice", "crew").await;
    assert!(memberships(&scene).await.is_empty());
    set_lifetime(&scene, 10).await;
    log_in(&scene, "alice", "crew").await;
    let groups = memberships(&scene).await;
    assert_eq!(groups[0]["id"], "crew");
    assert_eq!(
        groups[0]["membership_expires_at"],
        "2026-01-01T00:10:00.000000"
    );
    scene.app.wait(300);
    // Each login prolongs them.
    log_in(&scene, "alice", "crew").await;
    let groups = memberships(&scene).await;
    assert_eq!(
        groups[0]["membership_expires_at"],
        "2026-01-01T00:15:00.000000"
    );
    scene.app.wait(600);
    assert!(memberships(&scene).await.is_empty());
}

#[tokio::test]
async fn operators_say_how_long_memberships_last_where_the_provider_does_not() {
    let lifetime = "[federation]\ndefault_authorization_ttl = 5\n";
    let scene = scene_with(lifetime, json!({ "rules": rules() })).await;
    log_in(&scene, "alice", "crew").await;
    let groups = memberships(&scene).await;
    assert_eq!(
        groups[0]["membership_expires_at"],
        "2026-01-01T00:05:00.000000"
    );
}

#[tokio::test]
async fn other_groups_than_before_end_the_tokens_from_before() {
    let scene = scene().await;
    set_lifetime(&scene, 10).await;
    let others = new_group(&scene, "others").await;
    let old = log_in_to_top(&scene, "alice", "crew").await;
    scene.app.wait(2);
    let same = log_in_to_top(&scene, "alice", "crew").await;
    scene.validate(&old).await.expect(200);
    scene.app.wait(2);
    let (new, document) = log_in(&scene, "alice", "others").await;
    let groups = &document["user"]["OS-FEDERATION"]["groups"];
    assert_eq!(*groups, json!([{ "id": others }]));
    for ended in [&old, &same] {
        scene.validate(ended).await.error(404);
    }
    scene.validate(&new).await.expect(200);
    let now: Vec<_> = memberships(&scene).await;
    assert_eq!(now.len(), 1);
    assert_eq!(now[0]["id"], others);
    let refused = scene.try_rescope(&new, project("top")).await;
    refused.error(401);
    // None at all is another set, too.
    scene.app.wait(2);
    let (last, _) = log_in(&scene, "alice", "").await;
    scene.validate(&new).await.error(404);
    scene.validate(&last).await.expect(200);
    assert!(memberships(&scene).await.is_empty());
    let events = scene.get("/v3/OS-REVOKE/events").await.expect(200).json();
    let events = events["events"].as_array().expect("events").clone();
    assert_eq!(events.len(), 2);
    for event in events {
        assert_eq!(event["user_id"], ALICE);
        assert!(event["issued_before"].as_str() < event["revoked_at"].as_str());
    }
}

#[tokio::test]
async fn a_first_login_ends_nothing() {
    let scene = scene().await;
    log_in(&scene, "alice", "crew").await;
    let events = scene.get("/v3/OS-REVOKE/events").await.expect(200).json();
    assert_eq!(events["events"], json!([]));
}

#[tokio::test]
async fn groups_that_are_not_there_count_for_nothing_by_name_and_not_at_all_by_id() {
    let scene = scene().await;
    let (_, document) = log_in(&scene, "alice", "none;crew;nothing").await;
    let groups = &document["user"]["OS-FEDERATION"]["groups"];
    assert_eq!(*groups, json!([{ "id": "crew" }]));
    let by_id = json!([
        { "local": [{ "user": { "name": "{0}" } }], "remote": [{ "type": "HTTP_OIDC_SUB" }] },
        { "local": [{ "group_ids": "{0}" }], "remote": [{ "type": "HTTP_OIDC_GROUPS" }] },
    ]);
    let mapping = json!({ "mapping": { "rules": by_id } });
    let path = "/v3/OS-FEDERATION/mappings/m";
    scene.patch(path, mapping).await.expect(200);
    log_in(&scene, "alice", "crew").await;
    let answer = try_log_in(&scene.app, &said("alice", "crew;none")).await;
    answer.error(401);
}

#[tokio::test]
async fn what_is_made_with_memberships_holds_as_long_as_they_do() {
    let scene = scene().await;
    // Memberships that end at once give no roles of one's own.
    let token = log_in_to_top(&scene, "alice", "crew").await;
    let path = format!("/v3/users/{ALICE}/application_credentials");
    let body = json!({ "application_credential": { "name": "one" } });
    let refused = scene.post_as(&token, &path, body).await;
    refused.error(400);

    set_lifetime(&scene, 10).await;
    let token = log_in_to_top(&scene, "alice", "crew").await;
    let credential = scene.new_credential(&token, ALICE, json!({})).await;
    let made = scene.credential_login(&credential).await;
    let shown = scene.validate(&made).await.expect(200).json();
    assert_eq!(role_names(&shown), ["member", "reader"]);
    assert!(shown["token"]["user"].get("OS-FEDERATION").is_none());

    let trust = trust(json!({ "trustor_user_id": ALICE }));
    let trust = scene.new_trust(&token, trust).await;
    let trusted = scene.trust_login("vic", &trust).await;
    let shown = scene.validate(&trusted).await.expect(200).json();
    assert_eq!(shown["token"]["user"]["id"], ALICE);

    let path = format!("/v3/users/{ALICE}/credentials/OS-EC2");
    let body = json!({ "tenant_id": "top" });
    scene.post_as(&token, &path, body).await.expect(201);

    scene.app.wait(590);
    scene.validate(&made).await.expect(200);
    scene.app.wait(20);
    for ended in [&made, &trusted] {
        let status = scene.validate(ended).await.status;
        assert!([403, 404].contains(&status), "{status}");
    }
    let (id, secret) = &credential;
    scene.try_credential_login(id, secret).await.error(401);
    scene.try_trust_login("vic", &trust).await.error(403);
    // The next login brings them back.
    log_in(&scene, "alice", "crew").await;
    scene.credential_login(&credential).await;
}

#[tokio::test]
async fn a_federated_user_can_be_trusted() {
    let scene = scene().await;
    let member = scene.role("member").to_owned();
    let path = format!("/v3/projects/top/users/uma/roles/{member}");
    scene.put(&path).await.expect(204);
    let (token, _) = log_in(&scene, "alice", "").await;
    let uma = scene.login("uma", project("top")).await;
    let trust = trust(json!({ "trustee_user_id": ALICE }));
    let trust = scene.new_trust(&uma, trust).await;
    let scope = json!({ "OS-TRUST:trust": { "id": trust } });
    let answer = scene.try_rescope(&token, scope).await.expect(201);
    assert_eq!(answer.json()["token"]["user"]["id"], "uma");
    assert_eq!(answer.json()["token"]["OS-TRUST:trust"]["id"], trust);
}
