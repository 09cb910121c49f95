//! Federated tokens: what they reach, and until when.

use super::ALICE;
use crate::harness::delegation::{project, role_names};
use crate::harness::federation::{
    PROVIDER, config, log_in, log_in_to_top, rules, scene, scene_with, set_up,
};
use crate::harness::{ACME, Scene, signing};
use serde_json::{Value, json};

#[tokio::test]
async fn an_unscoped_token_becomes_one_for_what_the_groups_reach() {
    let scene = scene().await;
    let member = scene.role("member").to_owned();
    for path in [
        format!("/v3/domains/{ACME}/groups/crew/roles/{member}"),
        format!("/v3/system/groups/crew/roles/{member}"),
    ] {
        scene.put(&path).await.expect(204);
    }
    let (unscoped, first) = log_in(&scene, "alice", "crew").await;
    scene.app.wait(60);
    for scope in [project("top"), json!({ "domain": { "id": ACME } })] {
        let answer = scene
            .try_rescope(&unscoped, scope.clone())
            .await
            .expect(201);
        let token = &answer.json()["token"];
        assert_eq!(
            token["user"]["OS-FEDERATION"],
            first["user"]["OS-FEDERATION"]
        );
        assert!(token["user"].get("password_expires_at").is_none());
        let mut methods: Vec<_> = token["methods"].as_array().expect("names").clone();
        methods.sort_by_key(Value::to_string);
        assert_eq!(methods, ["mapped", "token"]);
        assert_eq!(token["expires_at"], first["expires_at"]);
        // Whoever revokes the first revokes this one, too.
        assert_eq!(token["audit_ids"][1], first["audit_ids"][0]);
        assert_eq!(role_names(&answer.json()), ["member", "reader"]);
        // Federated tokens show their roles whole.
        let role = &token["roles"][0];
        assert!(role.get("domain_id").is_some() && role.get("options").is_some());
        assert!(!token["catalog"].as_array().expect("a catalog").is_empty());
        let text = answer.header("x-subject-token");
        let validated = scene.validate(text).await.expect(200).json();
        assert_eq!(validated["token"]["user"], token["user"]);
        assert_eq!(validated["token"]["roles"], token["roles"]);
        let users = scene.get_as(text, &format!("/v3/users/{ALICE}")).await;
        users.expect(200);
    }
    // Nothing but what the groups, and the user, reach.
    let refused = scene.try_rescope(&unscoped, project("below")).await;
    refused.error(401);
    let system = json!({ "system": { "all": true } });
    let refused = scene.try_rescope(&unscoped, system).await;
    refused.error(403);
    let shown = scene.get_as(&unscoped, "/v3/auth/system").await.expect(200);
    assert_eq!(shown.json()["system"], json!([]));
}

#[tokio::test]
async fn roles_of_the_user_count_beside_those_of_the_groups() {
    let scene = scene().await;
    log_in(&scene, "alice", "").await;
    let manager = scene.role("manager").to_owned();
    let path = format!("/v3/projects/below/users/{ALICE}/roles/{manager}");
    scene.put(&path).await.expect(204);
    let admin = scene.role("admin").to_owned();
    let path = format!("/v3/system/users/{ALICE}/roles/{admin}");
    scene.put(&path).await.expect(204);
    let (token, _) = log_in(&scene, "alice", "crew").await;
    let answer = scene
        .try_rescope(&token, project("below"))
        .await
        .expect(201);
    let expected = ["manager", "member", "reader"];
    assert_eq!(role_names(&answer.json()), expected);
    for path in ["/v3/auth/projects", "/v3/OS-FEDERATION/projects"] {
        let listed = scene.get_as(&token, path).await.expect(200).json();
        let listed = listed["projects"].as_array().expect("projects").clone();
        let mut ids: Vec<_> = listed.iter().map(|one| one["id"].clone()).collect();
        ids.sort_by_key(Value::to_string);
        assert_eq!(ids, ["below", "top"], "{path}");
    }
    for path in ["/v3/auth/domains", "/v3/OS-FEDERATION/domains"] {
        let listed = scene.get_as(&token, path).await.expect(200).json();
        assert_eq!(listed["domains"], json!([]), "{path}");
    }
    let path = format!("/v3/domains/{ACME}/groups/crew/roles/{manager}");
    scene.put(&path).await.expect(204);
    let listed = scene.get_as(&token, "/v3/auth/domains").await.expect(200);
    assert_eq!(listed.json()["domains"][0]["id"], ACME);
}

#[tokio::test]
async fn every_format_carries_a_federated_token() {
    for format in ["fernet", "jws", "uuid", "pki", "pkiz"] {
        let config = format!("{}{}", config(""), signing::config(format));
        let scene = Scene::with_config(&config).await;
        set_up(&scene, json!({ "rules": rules() })).await;
        let (unscoped, document) = log_in(&scene, "alice", "crew").await;
        let token = log_in_to_top(&scene, "alice", "crew").await;
        // Nothing is remembered by who looks at it anew.
        let other = scene.app.sibling(&config).await;
        let admin = scene.admin.clone();
        let other = Scene { app: other, admin };
        for text in [&unscoped, &token] {
            let shown = other.validate(text).await.expect(200).json();
            let user = &shown["token"]["user"];
            assert_eq!(*user, document["user"], "{format}");
        }
        let shown = other.get_as(&token, "/v3/auth/projects").await.expect(200);
        assert_eq!(shown.json()["projects"][0]["id"], "top", "{format}");
        // v2.0 has no words for it.
        let path = format!("/v2.0/tokens/{token}");
        let refused = other.get(&path).await;
        assert_eq!(refused.status, 401, "{format}");
    }
}

#[tokio::test]
async fn a_token_can_be_shown_under_the_methods_own_name() {
    let scene = scene().await;
    let (unscoped, _) = log_in(&scene, "alice", "crew").await;
    let exchange = async |token: &str| {
        let identity = json!({ "methods": ["openid"], "openid": { "id": token } });
        let body = json!({ "auth": { "identity": identity, "scope": project("top") } });
        scene.app.post("/v3/auth/tokens", body).send().await
    };
    let answer = exchange(&unscoped).await.expect(201);
    let token = &answer.json()["token"];
    assert_eq!(token["methods"], json!(["openid"]));
    assert_eq!(token["user"]["id"], ALICE);
    assert!(token["user"]["OS-FEDERATION"].is_object());
    exchange("nonsense").await.error(404);
    let uma = scene.login("uma", json!("unscoped")).await;
    exchange(&uma).await.error(401);
}

#[tokio::test]
async fn who_stands_behind_a_token_must_still_do_so_for_another() {
    let scene = scene().await;
    let (unscoped, _) = log_in(&scene, "alice", "crew").await;
    let rescope = async || scene.try_rescope(&unscoped, project("top")).await;
    let token = rescope().await.expect(201);
    let token = token.header("x-subject-token");
    let enable = |enabled: bool| json!({ "identity_provider": { "enabled": enabled } });
    scene.patch(PROVIDER, enable(false)).await.expect(200);
    rescope().await.error(403);
    // What is there already goes on to its end.
    scene.validate(token).await.expect(200);
    scene.patch(PROVIDER, enable(true)).await.expect(200);
    rescope().await.expect(201);
    let mapping = "/v3/OS-FEDERATION/mappings/m";
    scene.delete(mapping).await.expect(204);
    rescope().await.error(404);
    scene.validate(token).await.expect(200);
}

#[tokio::test]
async fn a_group_that_is_gone_reaches_nothing() {
    let scene = scene().await;
    let (unscoped, _) = log_in(&scene, "alice", "crew").await;
    let token = log_in_to_top(&scene, "alice", "crew").await;
    scene.delete("/v3/groups/crew").await.expect(204);
    scene.validate(&token).await.error(404);
    scene.validate(&unscoped).await.expect(200);
    scene
        .try_rescope(&unscoped, project("top"))
        .await
        .error(401);
}

#[tokio::test]
async fn deleting_who_vouched_ends_the_tokens_everywhere() {
    for path in [PROVIDER.to_owned(), format!("{PROVIDER}/protocols/mapped")] {
        let scene = scene().await;
        let (unscoped, _) = log_in(&scene, "alice", "crew").await;
        let token = log_in_to_top(&scene, "alice", "crew").await;
        let other = scene.app.sibling(&config("")).await;
        let admin = scene.admin.clone();
        let other = Scene { app: other, admin };
        for text in [&unscoped, &token] {
            other.validate(text).await.expect(200);
        }
        scene.delete(&path).await.expect(204);
        // What the other server's poll does every quarter of a second.
        other.app.app.db.refresh_versions().await.expect("a poll");
        for text in [&unscoped, &token] {
            scene.validate(text).await.error(404);
            other.validate(text).await.error(404);
        }
    }
}

#[tokio::test]
async fn deleting_a_token_ends_those_that_were_made_of_it() {
    let scene = scene().await;
    let (unscoped, _) = log_in(&scene, "alice", "crew").await;
    let answer = scene
        .try_rescope(&unscoped, project("top"))
        .await
        .expect(201);
    let derived = answer.header("x-subject-token");
    let delete = scene.app.delete("/v3/auth/tokens").token(&scene.admin);
    delete.subject(&unscoped).send().await.expect(204);
    scene.validate(derived).await.error(404);
}

#[tokio::test]
async fn tokens_end_in_time_and_scoped_ones_may_be_final() {
    let mapping = json!({ "rules": rules() });
    let options = "[token]\nexpiration = 600\nallow_rescope_scoped_token = false\n";
    let scene = scene_with(options, mapping).await;
    let token = log_in_to_top(&scene, "alice", "crew").await;
    scene.try_rescope(&token, project("top")).await.error(403);
    scene.app.wait(600);
    let admin = scene.app.admin().await;
    let request = scene.app.get("/v3/auth/tokens").token(&admin);
    request.subject(&token).send().await.error(404);
}
