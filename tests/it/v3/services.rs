//! `/v3/services`

use crate::harness::TestApp;
use serde_json::{Value, json};

async fn create(app: &TestApp, token: &str, service: Value) -> Value {
    let body = json!({ "service": service });
    let answer = app.post("/v3/services", body).token(token).send().await;
    answer.expect(201).json()["service"].take()
}

async fn list(app: &TestApp, token: &str, query: &str) -> Value {
    let request = app.get(&format!("/v3/services?{query}")).token(token);
    request.send().await.expect(200).json()
}

fn names(list: &Value) -> Vec<&str> {
    let services = list["services"].as_array().expect("a list");
    let mut names: Vec<_> = services
        .iter()
        .map(|service| service["name"].as_str().expect("a name"))
        .collect();
    names.sort_unstable();
    names
}

#[tokio::test]
async fn a_created_service_is_answered_with_extra_members_first() {
    let app = TestApp::new().await;
    let admin = app.admin().await;
    let body = json!({ "service": { "type": "compute", "name": "nova", "description": "sd" } });
    let answer = app
        .post("/v3/services", body)
        .token(&admin)
        .send()
        .await
        .expect(201);
    let id = answer.json()["service"]["id"]
        .as_str()
        .expect("an id")
        .to_owned();
    let expected = format!(
        concat!(
            r#"{{"service":{{"name":"nova","description":"sd","id":"{id}","type":"compute","#,
            r#""enabled":true,"links":{{"self":"http://keystone.test/v3/services/{id}"}}}}}}"#,
            "\n"
        ),
        id = id
    );
    assert_eq!(answer.body, expected);
    let shown = app
        .get(&format!("/v3/services/{id}"))
        .token(&admin)
        .send()
        .await;
    assert_eq!(shown.expect(200).body, expected);
}

#[tokio::test]
async fn a_service_without_a_name_has_an_empty_one() {
    let app = TestApp::new().await;
    let admin = app.admin().await;
    let service = create(&app, &admin, json!({ "type": "x" })).await;
    assert_eq!(service["name"], "");
    assert_eq!(service["enabled"], true);
    assert!(service.get("description").is_none());
}

#[tokio::test]
async fn a_client_chooses_neither_id_nor_links() {
    let app = TestApp::new().await;
    let admin = app.admin().await;
    let service =
        json!({ "type": "x", "id": "mine", "links": "mine", "extra": { "q": 1 }, "a-b": 1 });
    let service = create(&app, &admin, service).await;
    assert_eq!(service["id"].as_str().map(str::len), Some(32));
    assert!(service["links"]["self"].is_string());
    assert!(service.get("extra").is_none());
    assert_eq!(service["a_b"], 1);
}

#[tokio::test]
async fn what_the_schema_forbids_is_a_bad_request() {
    let app = TestApp::new().await;
    let admin = app.admin().await;
    for body in [
        json!({}),
        json!({ "service": { "name": "x" } }),
        json!({ "service": { "type": "" } }),
        json!({ "service": { "type": "x", "name": null } }),
        json!({ "service": { "type": "x", "enabled": "true" } }),
        json!({ "service": { "type": "x".repeat(256) } }),
    ] {
        app.post("/v3/services", body)
            .token(&admin)
            .send()
            .await
            .error(400);
    }
    let body = json!({ "service": {} });
    app.post("/v3/services", body).send().await.error(400);
}

#[tokio::test]
async fn lists_are_filtered_by_type_and_name() {
    let app = TestApp::new().await;
    let admin = app.admin().await;
    create(&app, &admin, json!({ "type": "compute", "name": "nova" })).await;
    create(
        &app,
        &admin,
        json!({ "type": "volumev3", "name": "cinder" }),
    )
    .await;
    create(&app, &admin, json!({ "type": "volume", "name": "Nova2" })).await;
    for (query, found) in [
        ("", vec!["Nova2", "cinder", "keystone", "nova"]),
        ("type=compute", vec!["nova"]),
        ("type=nothing", vec![]),
        ("type__startswith=volume", vec!["Nova2", "cinder"]),
        ("name=nova", vec!["nova"]),
        ("name__startswith=nova", vec!["nova"]),
        ("name__icontains=NOVA", vec!["Nova2", "nova"]),
        ("name__contains=o&type__contains=comp", vec!["nova"]),
        ("name=nova&name=cinder", vec![]),
        (
            "name__nonsense=x&unknown=1",
            vec!["Nova2", "cinder", "keystone", "nova"],
        ),
    ] {
        assert_eq!(names(&list(&app, &admin, query).await), found, "{query}");
    }
}

#[tokio::test]
async fn pages_follow_each_other_by_id_also_when_filtered() {
    let app = TestApp::new().await;
    let admin = app.admin().await;
    for number in 0..5 {
        let service = json!({ "type": "x", "name": format!("n{number}") });
        create(&app, &admin, service).await;
    }
    for filter in ["type=x", "name__startswith=n", "type__endswith=x"] {
        let mut path = format!("/v3/services?{filter}&limit=2");
        let mut found = Vec::new();
        loop {
            let list = app.get(&path).token(&admin).send().await.expect(200).json();
            found.extend(names(&list).into_iter().map(str::to_owned));
            let Some(next) = list["links"]["next"].as_str() else {
                assert!(list.get("truncated").is_none());
                break;
            };
            assert_eq!(list["truncated"], true);
            path = next.trim_start_matches("http://keystone.test").to_owned();
        }
        found.sort();
        assert_eq!(found, ["n0", "n1", "n2", "n3", "n4"], "{filter}");
    }
}

#[tokio::test]
async fn a_limit_of_zero_is_an_empty_truncated_page_and_no_number_a_bad_request() {
    let app = TestApp::new().await;
    let admin = app.admin().await;
    let page = list(&app, &admin, "limit=0").await;
    assert_eq!(page["services"], json!([]));
    assert_eq!(page["truncated"], true);
    assert_eq!(page["links"]["next"], Value::Null);
    app.get("/v3/services?limit=x")
        .token(&admin)
        .send()
        .await
        .error(400);
}

#[tokio::test]
async fn a_change_replaces_the_given_members_only() {
    let app = TestApp::new().await;
    let admin = app.admin().await;
    let service = json!({ "type": "x", "name": "n", "description": "d" });
    let id = create(&app, &admin, service).await["id"].take();
    let path = format!("/v3/services/{}", id.as_str().expect("an id"));
    let patch = async |service: Value| {
        let request = app.patch(&path, json!({ "service": service }));
        request.token(&admin).send().await
    };
    let change = json!({ "id": id, "enabled": false, "new-x": 1, "description": null });
    let service = patch(change).await.expect(200).json();
    assert_eq!(service["service"]["name"], "n");
    assert_eq!(service["service"]["type"], "x");
    assert_eq!(service["service"]["enabled"], false);
    assert_eq!(service["service"]["new-x"], 1);
    assert_eq!(service["service"]["description"], Value::Null);
    patch(json!({ "id": "other", "name": "m" }))
        .await
        .error(400);
    patch(json!({ "type": null })).await.error(400);
    patch(json!({})).await.error(400);
}

#[tokio::test]
async fn deleting_a_service_deletes_its_endpoints() {
    let app = TestApp::new().await;
    let admin = app.admin().await;
    let service = create(&app, &admin, json!({ "type": "x" })).await;
    let endpoint = json!({ "endpoint": {
        "service_id": service["id"], "interface": "public", "url": "http://x/"
    } });
    let answer = app
        .post("/v3/endpoints", endpoint)
        .token(&admin)
        .send()
        .await;
    let endpoint = answer.expect(201).json()["endpoint"]["id"].take();
    let path = format!("/v3/services/{}", service["id"].as_str().expect("an id"));
    app.delete(&path).token(&admin).send().await.expect(204);
    app.get(&path).token(&admin).send().await.error(404);
    app.delete(&path).token(&admin).send().await.error(404);
    let path = format!("/v3/endpoints/{}", endpoint.as_str().expect("an id"));
    app.get(&path).token(&admin).send().await.error(404);
}

#[tokio::test]
async fn only_admins_and_system_readers_see_services() {
    let app = TestApp::new().await;
    let member = app.persona("mia", "member").await.token;
    let system = app.system_admin().await;
    let seeded = format!("/v3/services/{}", app.seed.service_id);
    app.get("/v3/services")
        .token(&system)
        .send()
        .await
        .expect(200);
    app.head(&seeded).token(&system).send().await.expect(200);
    for path in ["/v3/services", &seeded, "/v3/services/nope"] {
        app.get(path).token(&member).send().await.error(403);
        app.get(path).send().await.error(401);
    }
    app.get("/v3/services/nope")
        .token(&system)
        .send()
        .await
        .error(404);
    let body = json!({ "service": { "type": "x" } });
    app.post("/v3/services", body.clone())
        .token(&member)
        .send()
        .await
        .error(403);
    app.post("/v3/services", body.clone())
        .send()
        .await
        .error(401);
    app.patch(&seeded, body)
        .token(&member)
        .send()
        .await
        .error(403);
    app.delete(&seeded).token(&member).send().await.error(403);
}
