//! Changes of one thing that come at the same time: none of them undoes another.

use crate::harness::Scene;
use futures_util::future::join_all;
use serde_json::{Value, json};

/// Makes a thing, changes it by all of `changes` at once, and looks for every one of them.
async fn all_last(scene: &Scene, path: &str, key: &str, thing: Value, changes: &[Value]) {
    let made = scene.post(path, json!({ key: thing })).await.expect(201);
    let path = format!("{path}/{}", made.json()[key]["id"].as_str().expect("an id"));
    let each = changes
        .iter()
        .map(|change| scene.patch(&path, json!({ key: change })));
    for answer in join_all(each).await {
        answer.expect(200);
    }
    let now = scene.get(&path).await.expect(200).json();
    for (name, value) in changes.iter().filter_map(Value::as_object).flatten() {
        assert_eq!(now[key][name], *value, "{path}: {name}");
    }
}

fn attributes() -> Vec<Value> {
    let one = |number: usize| json!({ format!("attribute-{number}"): number });
    (0..8).map(one).collect()
}

#[tokio::test]
async fn changes_of_different_attributes_at_once_all_last() {
    let scene = Scene::new().await;
    let service = &scene.app.seed.service_id;
    let endpoint = json!({ "service_id": service, "interface": "public", "url": "http://a" });
    let policy = json!({ "type": "text/plain", "blob": "{}" });
    for (path, key, thing) in [
        ("/v3/users", "user", json!({ "name": "one" })),
        ("/v3/groups", "group", json!({ "name": "one" })),
        ("/v3/projects", "project", json!({ "name": "one" })),
        ("/v3/domains", "domain", json!({ "name": "one" })),
        ("/v3/roles", "role", json!({ "name": "one" })),
        ("/v3/regions", "region", json!({})),
        ("/v3/services", "service", json!({ "type": "one" })),
        ("/v3/endpoints", "endpoint", endpoint),
        ("/v3/policies", "policy", policy),
    ] {
        all_last(&scene, path, key, thing, &attributes()).await;
    }
    let group = json!({ "name": "one", "filters": { "interface": "public" } });
    let changes = [
        json!({ "name": "two" }),
        json!({ "description": "changed" }),
        json!({ "filters": { "interface": "admin" } }),
    ];
    let path = "/v3/OS-EP-FILTER/endpoint_groups";
    all_last(&scene, path, "endpoint_group", group, &changes).await;
}

#[tokio::test]
async fn changes_of_one_identity_provider_at_once_all_last() {
    let scene = Scene::new().await;
    for (path, key, thing, changes) in [
        (
            "/v3/OS-FEDERATION/identity_providers/one",
            "identity_provider",
            json!({}),
            [
                json!({ "enabled": true }),
                json!({ "description": "changed" }),
                json!({ "remote_ids": ["changed"] }),
                json!({ "authorization_ttl": 7 }),
            ],
        ),
        (
            "/v3/OS-FEDERATION/service_providers/one",
            "service_provider",
            json!({ "auth_url": "http://a", "sp_url": "http://a" }),
            [
                json!({ "enabled": true }),
                json!({ "description": "changed" }),
                json!({ "auth_url": "http://changed" }),
                json!({ "sp_url": "http://changed" }),
            ],
        ),
    ] {
        let request = scene.app.put(path).token(&scene.admin);
        request.json(json!({ key: thing })).send().await.expect(201);
        let each = changes
            .iter()
            .map(|change| scene.patch(path, json!({ key: change })));
        for answer in join_all(each).await {
            answer.expect(200);
        }
        let now = scene.get(path).await.expect(200).json();
        for (name, value) in changes.iter().filter_map(Value::as_object).flatten() {
            assert_eq!(now[key][name], *value, "{path}: {name}");
        }
    }
}
