//! `/v2.0/OS-KSADM/services`

use super::{call, text};
use super::{not_on_the_public_listener, only_for_administrators};
use crate::harness::TestApp;
use serde_json::{Value, json};

const SERVICES: &str = "/v2.0/OS-KSADM/services";

#[tokio::test]
async fn services_are_made_shown_listed_and_deleted_with_their_endpoints() {
    let app = TestApp::new().await;
    let body = json!({ "OS-KSADM:service": {
        "name": "swift", "type": "object-store", "description": "Swift", "foo": "bar",
    } });
    let made = call(&app, "POST", SERVICES, body).await.expect(200).json();
    let id = text(&made["OS-KSADM:service"]["id"]);
    let expected = json!({
        "id": id, "name": "swift", "type": "object-store", "description": "Swift",
        "enabled": true, "foo": "bar",
    });
    assert_eq!(made, json!({ "OS-KSADM:service": expected }));
    let path = format!("{SERVICES}/{id}");
    let shown = call(&app, "GET", &path, Value::Null)
        .await
        .expect(200)
        .json();
    assert_eq!(shown["OS-KSADM:service"], expected);
    let list = call(&app, "GET", SERVICES, Value::Null)
        .await
        .expect(200)
        .json();
    let services = list["OS-KSADM:services"].as_array().expect("a list");
    assert_eq!(services.len(), 2);
    assert!(services.contains(&expected));
    let v3 = call(&app, "GET", &format!("/v3/services/{id}"), Value::Null).await;
    assert_eq!(v3.expect(200).json()["service"]["name"], "swift");

    let endpoint = json!({ "endpoint": {
        "service_id": id, "region": "RegionOne", "publicurl": "http://swift.test",
    } });
    call(&app, "POST", "/v2.0/endpoints", endpoint)
        .await
        .expect(200);
    call(&app, "DELETE", &path, Value::Null).await.expect(204);
    call(&app, "DELETE", &path, Value::Null).await.error(404);
    call(&app, "GET", &path, Value::Null).await.error(404);
    let endpoints = call(&app, "GET", "/v2.0/endpoints", Value::Null)
        .await
        .expect(200)
        .json();
    assert_eq!(endpoints["endpoints"].as_array().expect("a list").len(), 1);
}

#[tokio::test]
async fn a_service_needs_neither_name_nor_type_but_the_right_key() {
    let app = TestApp::new().await;
    let body = json!({ "OS-KSADM:service": { "name": "q", "enabled": false } });
    let made = call(&app, "POST", SERVICES, body).await.expect(200).json();
    let made = &made["OS-KSADM:service"];
    assert_eq!(
        (&made["type"], &made["enabled"]),
        (&Value::Null, &json!(false))
    );
    for body in [
        json!({}),
        json!({ "service": { "name": "x", "type": "y" } }),
        json!({ "OS-KSADM:service": "x" }),
        json!({ "OS-KSADM:service": { "type": 5 } }),
        json!({ "OS-KSADM:service": { "type": "x".repeat(256) } }),
        json!({ "OS-KSADM:service": { "type": "y", "name": 5 } }),
        json!({ "OS-KSADM:service": { "type": "y", "enabled": "no" } }),
    ] {
        app.post(SERVICES, body).send().await.error(400);
    }
}

#[tokio::test]
async fn services_are_administrated_by_administrators_on_the_admin_listener() {
    let app = TestApp::new().await;
    let one = format!("{SERVICES}/{}", app.seed.service_id);
    let body = json!({ "OS-KSADM:service": { "name": "x", "type": "y" } });
    let calls = [
        ("GET", SERVICES, Value::Null),
        ("POST", SERVICES, body),
        ("GET", &one, Value::Null),
        ("DELETE", &one, Value::Null),
    ];
    only_for_administrators(&app, &calls).await;
    let paths: Vec<_> = calls
        .iter()
        .map(|(method, path, _)| (*method, *path))
        .collect();
    not_on_the_public_listener(&app, &paths).await;
}
