//! `/v3/registered_limits`

use crate::harness::Scene;
use serde_json::{Value, json};

const PATH: &str = "/v3/registered_limits";

async fn try_create(scene: &Scene, limits: Value) -> crate::harness::Answer {
    scene
        .post(PATH, json!({ "registered_limits": limits }))
        .await
}

/// Registers one resource of the seeded service; returns its id.
async fn register(scene: &Scene, name: &str) -> String {
    let service = &scene.app.seed.service_id;
    let limit = json!([{ "service_id": service, "resource_name": name, "default_limit": 10 }]);
    let answer = try_create(scene, limit).await.expect(201).json();
    let id = answer["registered_limits"][0]["id"].as_str();
    id.expect("an id").to_owned()
}

#[tokio::test]
async fn registered_limits_are_created_together_and_shown() {
    let scene = Scene::new().await;
    let service = &scene.app.seed.service_id;
    let limits = json!([
        { "service_id": service, "region_id": "RegionOne", "resource_name": "vcpu",
          "default_limit": 10, "description": "d" },
        { "service_id": service, "resource_name": "ram", "default_limit": -1 },
    ]);
    let answer = try_create(&scene, limits).await.expect(201);
    let created = answer.json();
    assert!(created.get("links").is_none());
    let id = created["registered_limits"][0]["id"]
        .as_str()
        .expect("an id");
    let shown = scene.get(&format!("{PATH}/{id}")).await.expect(200);
    let expected = format!(
        concat!(
            r#"{{"registered_limit":{{"id":"{id}","service_id":"{service}","#,
            r#""region_id":"RegionOne","resource_name":"vcpu","default_limit":10,"#,
            r#""description":"d","links":{{"self":"http://keystone.test{path}/{id}"}}}}}}"#,
            "\n"
        ),
        id = id,
        service = service,
        path = PATH
    );
    assert_eq!(shown.body, expected);
    let second = &created["registered_limits"][1];
    assert_eq!(
        (&second["region_id"], &second["description"]),
        (&Value::Null, &Value::Null)
    );
    scene.head(&format!("{PATH}/{id}")).await.expect(200);
    scene.get(&format!("{PATH}/nope")).await.error(404);
}

#[tokio::test]
async fn a_resource_is_registered_once_and_all_come_or_none() {
    let scene = Scene::new().await;
    let service = json!(scene.app.seed.service_id);
    let limit = |name: &str, region: Value| {
        json!({ "service_id": service, "resource_name": name, "region_id": region,
                "default_limit": 1 })
    };
    register(&scene, "ram").await;
    for limits in [
        json!([limit("ram", Value::Null)]),
        json!([limit("new", Value::Null), limit("new", Value::Null)]),
        json!([limit("new", Value::Null), limit("ram", Value::Null)]),
    ] {
        try_create(&scene, limits).await.error(409);
    }
    let list = scene.get(PATH).await.expect(200).json();
    assert_eq!(
        list["registered_limits"].as_array().expect("a list").len(),
        1
    );
    try_create(&scene, json!([limit("ram", json!("RegionOne"))]))
        .await
        .expect(201);
}

#[tokio::test]
async fn bad_registered_limits_are_refused() {
    let scene = Scene::new().await;
    let service = json!(scene.app.seed.service_id);
    for limit in [
        json!({ "service_id": "nope", "resource_name": "x", "default_limit": 1 }),
        json!({ "service_id": "0".repeat(32), "resource_name": "x", "default_limit": 1 }),
        json!({ "service_id": service, "resource_name": "x", "default_limit": -2 }),
        json!({ "service_id": service, "resource_name": "x", "default_limit": 2_147_483_648_i64 }),
        json!({ "service_id": service, "resource_name": "", "default_limit": 1 }),
        json!({ "service_id": service, "resource_name": "x" }),
        json!({ "service_id": service, "resource_name": "x", "default_limit": 1, "region_id": "nope" }),
        json!({ "service_id": service, "resource_name": "x", "default_limit": 1, "id": "x" }),
    ] {
        try_create(&scene, json!([limit])).await.error(400);
    }
    try_create(&scene, json!([])).await.error(400);
    scene.post(PATH, json!({})).await.error(400);
}

#[tokio::test]
async fn a_change_replaces_the_given_members_only_and_keeps_resources_apart() {
    let scene = Scene::new().await;
    register(&scene, "vcpu").await;
    let path = format!("{PATH}/{}", register(&scene, "ram").await);
    let patch = async |members: Value| {
        scene
            .patch(&path, json!({ "registered_limit": members }))
            .await
    };
    let changed = patch(json!({ "default_limit": 0, "description": "d" }))
        .await
        .expect(200)
        .json();
    let changed = &changed["registered_limit"];
    assert_eq!(
        (&changed["default_limit"], &changed["description"]),
        (&json!(0), &json!("d"))
    );
    assert_eq!(changed["resource_name"], "ram");
    let moved = patch(json!({ "region_id": "RegionOne" }))
        .await
        .expect(200)
        .json();
    assert_eq!(moved["registered_limit"]["region_id"], "RegionOne");
    patch(json!({ "region_id": null, "resource_name": "vcpu" }))
        .await
        .error(409);
    patch(json!({ "region_id": null, "description": null }))
        .await
        .expect(200);
    patch(json!({})).await.expect(200);
    for members in [
        json!({ "region_id": "nope" }),
        json!({ "service_id": "0".repeat(32) }),
        json!({ "id": "x" }),
        json!({ "default_limit": null }),
    ] {
        patch(members).await.error(400);
    }
    scene.patch(&path, json!({})).await.error(400);
    let body = json!({ "registered_limit": { "default_limit": 1 } });
    scene.patch(&format!("{PATH}/nope"), body).await.error(404);
}

#[tokio::test]
async fn a_registered_limit_in_use_stays_as_it_is() {
    let scene = Scene::new().await;
    let path = format!("{PATH}/{}", register(&scene, "ram").await);
    let limit = json!({ "limits": [{
        "service_id": scene.app.seed.service_id, "resource_name": "ram", "project_id": "top",
        "resource_limit": 5,
    }]});
    let created = scene.post("/v3/limits", limit).await.expect(201).json();
    for members in [
        json!({ "default_limit": 1 }),
        json!({ "description": "d" }),
        json!({}),
    ] {
        scene
            .patch(&path, json!({ "registered_limit": members }))
            .await
            .error(403);
    }
    scene.delete(&path).await.error(403);
    let id = created["limits"][0]["id"].as_str().expect("an id");
    scene.delete(&format!("/v3/limits/{id}")).await.expect(204);
    scene.delete(&path).await.expect(204);
    scene.delete(&path).await.error(404);
}

#[tokio::test]
async fn lists_are_filtered_and_paged_and_open_to_everybody_with_a_token() {
    let scene = Scene::new().await;
    for name in ["ram", "vram", "disk"] {
        register(&scene, name).await;
    }
    let reader = scene.app.persona("rita", "reader").await.token;
    let count = async |query: &str| {
        let request = scene.app.get(&format!("{PATH}?{query}")).token(&reader);
        let list = request.send().await.expect(200).json();
        list["registered_limits"].as_array().expect("a list").len()
    };
    assert_eq!(count("").await, 3);
    assert_eq!(count("resource_name=ram").await, 1);
    assert_eq!(count("resource_name__contains=ram").await, 2);
    assert_eq!(
        count(&format!("service_id={}", scene.app.seed.service_id)).await,
        3
    );
    assert_eq!(count(&format!("service_id={}", "0".repeat(32))).await, 0);
    assert_eq!(count("region_id=RegionOne").await, 0);
    assert_eq!(count("limit=2").await, 2);
    for query in ["service_id=bad", "region_id=", "resource_name="] {
        scene.get(&format!("{PATH}?{query}")).await.error(400);
    }
    let page = scene
        .get(&format!("{PATH}?limit=2"))
        .await
        .expect(200)
        .json();
    let next = page["links"]["next"].as_str().expect("a link");
    let rest = scene
        .get(&next.replace("http://keystone.test", ""))
        .await
        .expect(200)
        .json();
    assert_eq!(
        rest["registered_limits"].as_array().expect("a list").len(),
        1
    );
    assert_eq!(rest["links"]["next"], Value::Null);
    scene.app.get(PATH).send().await.error(401);
    let request = scene.app.post(
        PATH,
        json!({ "registered_limits": [{
            "service_id": scene.app.seed.service_id, "resource_name": "x", "default_limit": 1,
        }]}),
    );
    request.token(&reader).send().await.error(403);
    let request = scene.app.delete(&format!("{PATH}/nope")).token(&reader);
    request.send().await.error(403);
}

#[tokio::test]
async fn of_many_that_register_one_resource_at_once_one_wins() {
    let scene = Scene::new().await;
    let limit = json!([{
        "service_id": scene.app.seed.service_id, "resource_name": "ram", "default_limit": 1,
    }]);
    let attempts = (0..8).map(|_| try_create(&scene, limit.clone()));
    let answers = futures_util::future::join_all(attempts).await;
    let mut statuses: Vec<u16> = answers.iter().map(|answer| answer.status).collect();
    statuses.sort_unstable();
    assert_eq!(statuses, [201, 409, 409, 409, 409, 409, 409, 409]);
}
