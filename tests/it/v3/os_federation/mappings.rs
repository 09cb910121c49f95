//! `/v3/OS-FEDERATION/mappings`

use super::*;

#[tokio::test]
async fn rules_are_kept_as_they_are_and_as_python_keeps_them() {
    let scene = Scene::new().await;
    let rules = json!([{
        "remote": [{ "type": "NÄME", "any_one_of": [1, "ü"], "regex": false }],
        "local": [{ "groups": "{0}", "domain": { "name": "d" } }],
    }]);
    let mapping = json!({ "rules": rules, "schema_version": "2.0", "more": 1 });
    let made = put_mapping(&scene, "m", mapping).await.expect(201);
    let links = json!({ "self": format!("http://keystone.test{MAPPINGS}/m") });
    let shown = json!({
        "mapping": { "id": "m", "rules": rules, "schema_version": "2.0", "links": links },
    });
    assert_eq!(made.body, format!("{shown}\n"));
    let path = format!("{MAPPINGS}/m");
    assert_eq!(scene.get(&path).await.expect(200).json(), shown);
    let stored = row(&scene, "SELECT rules AS value FROM mapping")
        .await
        .expect("a row");
    assert!(stored.is_ascii());
    let text: String = serde_json::from_str(&stored).expect("a JSON text");
    assert_eq!(serde_json::from_str::<Value>(&text).expect("JSON"), rules);
    put_mapping(&scene, "m", json!({ "rules": rules }))
        .await
        .error(409);
}

#[tokio::test]
async fn the_version_decides_about_the_rules() {
    let scene = Scene::new().await;
    let with = |local: Value| json!([{ "local": [local], "remote": [{ "type": "X" }] }]);
    let project = json!({ "name": "p", "roles": [], "domain": { "id": "d" } });
    let projects = with(json!({ "projects": [project] }));
    let as_json = with(json!({ "projects_json": "{0}" }));
    for (version, rules, status) in [
        (json!("1.0"), &projects, 400),
        (Value::Null, &projects, 400),
        (json!(""), &projects, 400),
        (json!("2.0"), &projects, 201),
        (json!("2.0"), &as_json, 400),
        (json!("3.0"), &as_json, 201),
        (json!("4.0"), &as_json, 400),
        (json!(2.0), &projects, 400),
    ] {
        let mapping = json!({ "rules": rules, "schema_version": version });
        let answer = put_mapping(&scene, "m", mapping).await;
        assert_eq!(answer.status, status, "{version}: {}", answer.body);
        if status == 201 {
            scene.delete(&format!("{MAPPINGS}/m")).await.expect(204);
        }
    }
    for body in [
        json!({}),
        json!({ "mapping": [] }),
        json!({ "mapping": { "rules": [] } }),
    ] {
        put(&scene, &format!("{MAPPINGS}/m"), body).await.error(400);
    }
    put_mapping(&scene, &"m".repeat(65), json!({ "rules": rules() }))
        .await
        .error(400);
}

#[tokio::test]
async fn operators_choose_the_version_of_rules_that_name_none() {
    let config = "[federation]\nattribute_mapping_default_schema_version = 2.0\n";
    let scene = Scene::with_config(config).await;
    let made = put_mapping(&scene, "m", json!({ "rules": rules() }))
        .await
        .expect(201);
    assert_eq!(made.json()["mapping"]["schema_version"], "2.0");
}

#[tokio::test]
async fn a_change_replaces_the_rules() {
    let scene = Scene::new().await;
    let mapping = json!({ "rules": rules(), "schema_version": "2.0" });
    put_mapping(&scene, "m", mapping).await.expect(201);
    let path = format!("{MAPPINGS}/m");
    let other = json!([{ "local": [], "remote": [{ "type": "Y" }] }]);
    let body = json!({ "mapping": { "rules": other } });
    let changed = scene.patch(&path, body.clone()).await.expect(200).json();
    assert_eq!(changed["mapping"]["rules"], other);
    assert_eq!(changed["mapping"]["schema_version"], "1.0");
    scene
        .patch(&path, json!({ "mapping": {} }))
        .await
        .error(400);
    scene
        .patch(&format!("{MAPPINGS}/none"), body)
        .await
        .error(404);
    assert_eq!(
        ids(&scene.get(MAPPINGS).await.expect(200), "mappings"),
        ["m"]
    );
    scene.delete(&path).await.expect(204);
    scene.delete(&path).await.error(404);
}
