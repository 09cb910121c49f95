//! `/v3/policies`

use crate::harness::Scene;
use serde_json::{Value, json};

async fn create(scene: &Scene, members: Value) -> Value {
    let mut policy = json!({ "blob": "{}", "type": "application/json" });
    let map = policy.as_object_mut().expect("an object");
    map.extend(members.as_object().expect("an object").clone());
    let answer = scene
        .post("/v3/policies", json!({ "policy": policy }))
        .await;
    answer.expect(201).json()["policy"].take()
}

fn path_of(policy: &Value) -> String {
    format!("/v3/policies/{}", policy["id"].as_str().expect("an id"))
}

#[tokio::test]
async fn a_policy_is_answered_with_its_own_attributes_first() {
    let scene = Scene::new().await;
    let policy = create(&scene, json!({ "name": "n", "a-b": 1, "id": "mine" })).await;
    let id = policy["id"].as_str().expect("an id");
    let expected = format!(
        concat!(
            r#"{{"policy":{{"name":"n","a_b":1,"id":"{id}","blob":"{{}}","type":"application/json","#,
            r#""links":{{"self":"http://keystone.test/v3/policies/{id}"}}}}}}"#,
            "\n"
        ),
        id = id
    );
    let shown = scene.get(&path_of(&policy)).await.expect(200);
    assert_eq!(shown.body, expected);
    assert_eq!(scene.head(&path_of(&policy)).await.expect(200).body, "");
}

#[tokio::test]
async fn a_blob_is_kept_as_python_keeps_it_and_to_the_letter() {
    let scene = Scene::new().await;
    let blob = "{\"a\": \"ü\\n\"}\n\t'";
    let policy = create(&scene, json!({ "blob": blob })).await;
    let shown = scene.get(&path_of(&policy)).await.expect(200).json();
    assert_eq!(shown["policy"]["blob"], blob);
    let mut session = scene.app.app.db.session().await.expect("a session");
    let statement = keystone::driver::sql::db::sql(r#"SELECT "blob" FROM policy"#);
    let row = session.fetch_one(statement).await.expect("a row");
    let stored = row.text("blob").expect("a text");
    assert_eq!(serde_json::from_str::<Value>(&stored).expect("JSON"), blob);
}

#[tokio::test]
async fn bodies_that_are_no_policies_are_refused() {
    let scene = Scene::new().await;
    for body in [
        json!({}),
        json!({ "policy": [] }),
        json!({ "policy": { "blob": "x" } }),
        json!({ "policy": { "type": "x" } }),
        json!({ "policy": { "blob": {}, "type": "x" } }),
        json!({ "policy": { "blob": "x", "type": "t".repeat(256) } }),
    ] {
        scene.post("/v3/policies", body).await.error(400);
    }
    create(
        &scene,
        json!({ "blob": "", "type": "", "links": "x", "extra": 1 }),
    )
    .await;
    let list = scene.get("/v3/policies").await.expect(200).json();
    assert!(list["policies"][0]["links"]["self"].is_string());
    assert!(list["policies"][0].get("extra").is_none());
}

#[tokio::test]
async fn a_change_replaces_the_given_members_only() {
    let scene = Scene::new().await;
    let path = path_of(&create(&scene, json!({ "name": "n" })).await);
    let patch = async |policy: Value| scene.patch(&path, json!({ "policy": policy })).await;
    let changed = patch(json!({ "blob": "y", "new": 5 }))
        .await
        .expect(200)
        .json();
    let changed = &changed["policy"];
    assert_eq!(
        (&changed["blob"], &changed["name"]),
        (&json!("y"), &json!("n"))
    );
    assert_eq!(
        (&changed["new"], &changed["type"]),
        (&json!(5), &json!("application/json"))
    );
    for members in [json!({}), json!({ "type": null }), json!({ "id": "other" })] {
        patch(members).await.error(400);
    }
    scene.patch(&path, json!({})).await.error(400);
    let body = json!({ "policy": { "blob": "y" } });
    scene.patch("/v3/policies/nope", body).await.error(404);
}

#[tokio::test]
async fn lists_are_filtered_by_type_and_paged() {
    let scene = Scene::new().await;
    for kind in ["a/x", "a/y", "b/y"] {
        create(&scene, json!({ "type": kind, "name": "n" })).await;
    }
    let count = async |query: &str| {
        let list = scene
            .get(&format!("/v3/policies?{query}"))
            .await
            .expect(200)
            .json();
        list["policies"].as_array().expect("a list").len()
    };
    assert_eq!(count("type=a/x").await, 1);
    assert_eq!(count("type__startswith=a").await, 2);
    assert_eq!(count("type__iendswith=Y").await, 2);
    assert_eq!(count("name=other").await, 3);
    let mut seen = Vec::new();
    let mut path = "/v3/policies?type__contains=/&limit=2".to_owned();
    while !path.is_empty() {
        let page = scene.get(&path).await.expect(200).json();
        let ids = page["policies"].as_array().expect("a list").iter();
        seen.extend(ids.map(|policy| policy["id"].as_str().expect("an id").to_owned()));
        let next = page["links"]["next"].as_str().unwrap_or_default();
        path = next.replace("http://keystone.test", "");
    }
    assert_eq!(seen.len(), 3);
    assert!(seen.is_sorted());
}

#[tokio::test]
async fn a_deleted_policy_is_gone() {
    let scene = Scene::new().await;
    let path = path_of(&create(&scene, json!({})).await);
    scene.delete(&path).await.expect(204);
    scene.delete(&path).await.error(404);
    scene.get(&path).await.error(404);
}

#[tokio::test]
async fn readers_of_projects_learn_nothing_and_system_readers_read() {
    let scene = Scene::new().await;
    let path = path_of(&create(&scene, json!({})).await);
    let reader = scene.app.persona("rita", "reader").await.token;
    for path in [path.as_str(), "/v3/policies/nope", "/v3/policies"] {
        scene.app.get(path).token(&reader).send().await.error(403);
        scene.app.get(path).send().await.error(401);
    }
    let request = scene.app.post("/v3/policies", json!({}));
    request.token(&reader).send().await.error(403);
    let request = scene.app.delete("/v3/policies/nope").token(&reader);
    request.send().await.error(403);
    let system = scene.app.system_admin().await;
    scene.app.get(&path).token(&system).send().await.expect(200);
}
