//! `/v3/OS-FEDERATION/service_providers`

use super::*;

fn urls() -> Value {
    json!({ "auth_url": "https://sp.example/v3/auth", "sp_url": "https://sp.example/saml" })
}

async fn put_sp(scene: &Scene, id: &str, members: Value) -> Answer {
    let body = json!({ "service_provider": members });
    put(scene, &format!("{SPS}/{id}"), body).await
}

#[tokio::test]
async fn one_is_answered_with_all_that_it_is() {
    let scene = Scene::new().await;
    let made = put_sp(&scene, "sp", urls()).await.expect(201);
    let expected = format!(
        concat!(
            r#"{{"service_provider":{{"auth_url":"https://sp.example/v3/auth","id":"sp","#,
            r#""enabled":false,"description":null,"relay_state_prefix":"ss:mem:","#,
            r#""sp_url":"https://sp.example/saml","#,
            r#""links":{{"self":"http://keystone.test{}/sp"}}}}}}"#,
            "\n"
        ),
        SPS
    );
    assert_eq!(made.body, expected);
    let path = format!("{SPS}/sp");
    assert_eq!(scene.get(&path).await.expect(200).body, expected);
    put_sp(&scene, "sp", urls()).await.error(409);
    scene.delete(&path).await.expect(204);
    scene.get(&path).await.error(404);
    scene.delete(&path).await.error(404);
}

#[tokio::test]
async fn a_change_replaces_the_given_members_only() {
    let scene = Scene::new().await;
    put_sp(&scene, "sp", urls()).await.expect(201);
    let path = format!("{SPS}/sp");
    let patch = async |members: Value| {
        scene
            .patch(&path, json!({ "service_provider": members }))
            .await
    };
    let members = json!({ "enabled": true, "relay_state_prefix": "x:", "description": "d" });
    let changed = patch(members).await.expect(200).json();
    let changed = &changed["service_provider"];
    assert_eq!(changed["enabled"], true);
    assert_eq!(changed["relay_state_prefix"], "x:");
    assert_eq!(changed["auth_url"], "https://sp.example/v3/auth");
    let reset = patch(json!({ "relay_state_prefix": null }))
        .await
        .expect(200)
        .json();
    assert_eq!(reset["service_provider"]["relay_state_prefix"], "ss:mem:");
    for refused in [
        json!({}),
        json!({ "sp_url": "nonsense" }),
        json!({ "id": "x" }),
        json!({ "relay_state_prefix": "x".repeat(257) }),
    ] {
        patch(refused).await.error(400);
    }
    let body = json!({ "service_provider": { "enabled": true } });
    scene.patch(&format!("{SPS}/none"), body).await.error(404);
    put_sp(&scene, "two", json!({ "auth_url": "https://a" }))
        .await
        .error(400);
    put_sp(&scene, &"x".repeat(65), urls()).await.error(400);
}

#[tokio::test]
async fn lists_are_filtered() {
    let scene = Scene::new().await;
    for (id, enabled) in [("a", true), ("b", false)] {
        let mut members = urls();
        members["enabled"] = json!(enabled);
        put_sp(&scene, id, members).await.expect(201);
    }
    for (query, expected) in [
        ("", &["a", "b"][..]),
        ("enabled=1", &["a"]),
        ("enabled=no", &["b"]),
        ("id=b", &["b"]),
        ("id=b&enabled=yes", &[]),
    ] {
        let found = scene.get(&format!("{SPS}?{query}")).await.expect(200);
        assert_eq!(ids(&found, "service_providers"), expected, "{query}");
    }
}

#[tokio::test]
async fn tokens_of_every_kind_show_those_that_are_enabled() {
    let scene = Scene::new().await;
    let unscoped = scene.login("uma", json!("unscoped")).await;
    let shown = async |token: &str| {
        let answer = scene.validate(token).await.expect(200).json();
        answer["token"].get("service_providers").cloned()
    };
    put_sp(&scene, "off", urls()).await.expect(201);
    assert_eq!(shown(&unscoped).await, None);
    for id in ["two", "one"] {
        let mut members = urls();
        members["enabled"] = json!(true);
        put_sp(&scene, id, members).await.expect(201);
    }
    let expected = json!([
        { "auth_url": "https://sp.example/v3/auth", "id": "one", "sp_url": "https://sp.example/saml" },
        { "auth_url": "https://sp.example/v3/auth", "id": "two", "sp_url": "https://sp.example/saml" },
    ]);
    for token in [&unscoped, &scene.admin] {
        assert_eq!(shown(token).await.as_ref(), Some(&expected));
    }
    let login = scene.try_login("uma", json!("unscoped")).await.expect(201);
    assert_eq!(login.json()["token"]["service_providers"], expected);
    let off = json!({ "service_provider": { "enabled": false } });
    for id in ["one", "two"] {
        let path = format!("{SPS}/{id}");
        scene.patch(&path, off.clone()).await.expect(200);
    }
    assert_eq!(shown(&unscoped).await, None);
}
