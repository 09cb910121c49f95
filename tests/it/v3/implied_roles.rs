//! `/v3/roles/{id}/implies` and `/v3/role_inferences`

use crate::harness::{ACME, Scene, UMBRELLA};
use serde_json::{Value, json};

fn reference(id: &str, name: &str) -> Value {
    json!({ "id": id, "links": { "self": format!("http://keystone.test/v3/roles/{id}") }, "name": name })
}

#[tokio::test]
async fn a_rule_is_made_seen_listed_and_removed() {
    let scene = Scene::new().await;
    let (a, b) = (
        scene.new_role("a", None).await,
        scene.new_role("b", None).await,
    );
    let list = format!("/v3/roles/{a}/implies");
    let path = format!("{list}/{b}");
    scene.get(&path).await.error(404);
    scene.head(&path).await.expect(404);
    let empty = scene.get(&list).await.expect(200).json();
    assert_eq!(empty["role_inference"]["implies"], json!([]));

    let made = scene.put(&path).await.expect(201).json();
    let inference = json!({ "prior_role": reference(&a, "a"), "implies": reference(&b, "b") });
    let links = json!({ "self": format!("http://keystone.test{path}") });
    assert_eq!(made, json!({ "role_inference": inference, "links": links }));
    scene.put(&path).await.error(409);
    assert_eq!(scene.get(&path).await.expect(200).json(), made);
    assert_eq!(scene.head(&path).await.expect(204).body, "");

    let listed = scene.get(&list).await.expect(200).json();
    let inference = json!({ "prior_role": reference(&a, "a"), "implies": [reference(&b, "b")] });
    let links = json!({ "self": format!("http://keystone.test{list}") });
    assert_eq!(
        listed,
        json!({ "role_inference": inference, "links": links })
    );
    scene.head(&list).await.expect(200);

    assert_eq!(scene.delete(&path).await.expect(204).body, "");
    scene.delete(&path).await.error(404);
}

#[tokio::test]
async fn all_rules_are_listed_by_the_role_that_implies() {
    let scene = Scene::new().await;
    let all = scene.get("/v3/role_inferences").await.expect(200).json();
    let rules = all["role_inferences"].as_array().unwrap();
    assert_eq!(rules.len(), 3);
    let (member, reader) = (scene.role("member"), scene.role("reader"));
    let expected = json!({ "prior_role": reference(member, "member"), "implies": [reference(reader, "reader")] });
    assert!(rules.contains(&expected), "{all}");
    assert_eq!(all.get("links"), None);
}

#[tokio::test]
async fn some_roles_cannot_be_implied() {
    let scene = Scene::new().await;
    let global = scene.new_role("global", None).await;
    let local = scene.new_role("local", Some(ACME)).await;
    let other = scene.new_role("other", Some(UMBRELLA)).await;
    let admin = scene.role("admin");
    let path = |prior: &str, implied: &str| format!("/v3/roles/{prior}/implies/{implied}");
    scene.put(&path(&global, &local)).await.error(403);
    scene.put(&path(&global, admin)).await.error(403);
    scene.put(&path(&local, admin)).await.error(403);
    scene.put(&path(&local, &global)).await.expect(201);
    scene.put(&path(&local, &other)).await.expect(201);
    scene.put(&path(&global, "nope")).await.error(404);
    scene.put(&path("nope", &global)).await.error(404);
    scene.get("/v3/roles/nope/implies").await.error(404);
}

#[tokio::test]
async fn prohibited_roles_are_configurable() {
    let config = "[assignment]\nprohibited_implied_role = reader, auditor\n";
    let scene = Scene::with_config(config).await;
    let role = scene.new_role("r", None).await;
    let (admin, reader) = (scene.role("admin"), scene.role("reader"));
    scene
        .put(&format!("/v3/roles/{role}/implies/{reader}"))
        .await
        .error(403);
    scene
        .put(&format!("/v3/roles/{role}/implies/{admin}"))
        .await
        .expect(201);
}

#[tokio::test]
async fn implied_roles_are_in_tokens_and_a_circle_is_no_trap() {
    let scene = Scene::new().await;
    let (a, b) = (
        scene.new_role("a", None).await,
        scene.new_role("b", None).await,
    );
    let local = scene.new_role("local", Some(ACME)).await;
    for (prior, implied) in [(&a, &b), (&b, &a), (&a, &a), (&local, &a)] {
        scene
            .put(&format!("/v3/roles/{prior}/implies/{implied}"))
            .await
            .expect(201);
    }
    scene
        .put(&format!("/v3/projects/top/users/uma/roles/{local}"))
        .await
        .expect(204);
    let scope = json!({ "project": { "id": "top" } });
    assert_eq!(scene.roles_of("uma", scope.clone()).await, ["a", "b"]);
    // Without what it implies a domain's role opens nothing.
    scene
        .delete(&format!("/v3/roles/{local}/implies/{a}"))
        .await
        .expect(204);
    scene.try_login("uma", scope).await.error(401);
}

#[tokio::test]
async fn only_admins_change_rules_and_system_readers_see_them() {
    let scene = Scene::new().await;
    let (member, reader) = (scene.role("member"), scene.role("reader"));
    scene
        .put(&format!("/v3/system/users/vic/roles/{reader}"))
        .await
        .expect(204);
    let of_system = scene
        .login("vic", json!({ "system": { "all": true } }))
        .await;
    let nobody = scene.app.persona("mia", "member").await.token;
    let path = format!("/v3/roles/{member}/implies/{reader}");
    for path in [
        path.as_str(),
        &format!("/v3/roles/{member}/implies"),
        "/v3/role_inferences",
    ] {
        scene
            .app
            .get(path)
            .token(&of_system)
            .send()
            .await
            .expect(200);
        scene.app.get(path).token(&nobody).send().await.error(403);
        scene.app.get(path).send().await.error(401);
    }
    scene
        .app
        .head(&path)
        .token(&of_system)
        .send()
        .await
        .expect(204);
    scene
        .app
        .head(&path)
        .token(&nobody)
        .send()
        .await
        .expect(403);
    for token in [&of_system, &nobody] {
        scene.app.put(&path).token(token).send().await.error(403);
        scene.app.delete(&path).token(token).send().await.error(403);
    }
}
