//! `/v2.0/endpoints`

use super::{access, call, password, text};
use super::{not_on_the_public_listener, only_for_administrators};
use crate::harness::TestApp;
use serde_json::{Value, json};

const ENDPOINTS: &str = "/v2.0/endpoints";

async fn swift(app: &TestApp) -> String {
    app.make(
        "service",
        json!({ "name": "swift", "type": "object-store" }),
    )
    .await
}

async fn list(app: &TestApp) -> Vec<Value> {
    let mut answer = call(app, "GET", ENDPOINTS, Value::Null)
        .await
        .expect(200)
        .json();
    assert_eq!(answer.as_object().expect("an object").len(), 1);
    match answer["endpoints"].take() {
        Value::Array(endpoints) => endpoints,
        other => panic!("{other}"),
    }
}

#[tokio::test]
async fn an_endpoint_is_one_of_v3_for_each_of_its_urls() {
    let app = TestApp::new().await;
    let service = swift(&app).await;
    let sent = json!({
        "service_id": service, "region": "R2",
        "publicurl": "http://swift.test/v1/AUTH_$(tenant_id)s",
        "internalurl": "http://10.0.0.1/v1/AUTH_%(tenant_id)s",
        "adminurl": "http://swift.test:8080",
        "note": "n",
    });
    let made = call(&app, "POST", ENDPOINTS, json!({ "endpoint": sent }))
        .await
        .expect(200)
        .json();
    let id = text(&made["endpoint"]["id"]);
    let mut expected = sent.clone();
    expected["id"] = json!(id);
    assert_eq!(made, json!({ "endpoint": expected }));
    expected["enabled"] = json!(true);
    assert!(list(&app).await.contains(&expected));

    let path = format!("/v3/endpoints?service_id={service}");
    let v3 = call(&app, "GET", &path, Value::Null)
        .await
        .expect(200)
        .json();
    let v3 = v3["endpoints"].as_array().expect("a list").clone();
    let mut interfaces: Vec<_> = v3.iter().map(|one| text(&one["interface"])).collect();
    interfaces.sort_unstable();
    assert_eq!(interfaces, ["admin", "internal", "public"]);
    assert!(
        v3.iter()
            .all(|one| one["region_id"] == "R2" && one["note"] == "n")
    );
    call(&app, "GET", "/v3/regions/R2", Value::Null)
        .await
        .expect(200);

    let catalog = access(&app, password("admin", Some("admin"))).await["serviceCatalog"].take();
    let swift = catalog.as_array().expect("a list").iter();
    let swift: Vec<_> = swift.filter(|one| one["type"] == "object-store").collect();
    let endpoint = &swift[0]["endpoints"][0];
    let project = &app.seed.project_id;
    assert_eq!(
        endpoint["publicURL"],
        format!("http://swift.test/v1/AUTH_{project}")
    );
    assert_eq!(
        endpoint["internalURL"],
        format!("http://10.0.0.1/v1/AUTH_{project}")
    );
    assert_eq!(endpoint["adminURL"], "http://swift.test:8080");

    let path = format!("{ENDPOINTS}/{id}");
    call(&app, "GET", &path, Value::Null).await.error(404);
    call(&app, "DELETE", &path, Value::Null).await.expect(204);
    call(&app, "DELETE", &path, Value::Null).await.error(404);
    // Others know them by their ids on v3.
    let told = app.notifications().await;
    let told = told
        .iter()
        .filter(|told| told["event_type"] == "identity.endpoint.deleted");
    let mut told: Vec<_> = told
        .map(|told| text(&told["payload"]["resource_info"]))
        .collect();
    told.sort_unstable();
    let mut deleted: Vec<_> = v3.iter().map(|one| text(&one["id"])).collect();
    deleted.sort_unstable();
    assert_eq!(told, deleted);
    assert_eq!(list(&app).await.len(), 1);
    let path = format!("/v3/endpoints?service_id={service}");
    let v3 = call(&app, "GET", &path, Value::Null)
        .await
        .expect(200)
        .json();
    assert_eq!(v3["endpoints"], json!([]));
}

#[tokio::test]
async fn urls_that_are_empty_or_null_are_left_out() {
    let app = TestApp::new().await;
    let service = swift(&app).await;
    for region in [json!("R1"), json!(null)] {
        let sent = json!({
            "service_id": service, "region": region, "publicurl": "http://p",
            "internalurl": null, "adminurl": "",
        });
        let made = call(&app, "POST", ENDPOINTS, json!({ "endpoint": sent })).await;
        let made = made.expect(200).json()["endpoint"].take();
        let id = &made["id"];
        assert_eq!(
            made,
            json!({ "id": id, "service_id": service, "region": region, "publicurl": "http://p" })
        );
        let mut listed = made.clone();
        listed["enabled"] = json!(true);
        assert!(list(&app).await.contains(&listed));
    }
}

#[tokio::test]
async fn endpoints_of_v3_are_seen_by_service_and_region_when_one_is_public() {
    let app = TestApp::new().await;
    let service = swift(&app).await;
    let add = async |interface: &str, region: &str| {
        let endpoint = json!({
            "service_id": service, "interface": interface, "region": region,
            "url": format!("http://{interface}.test"), "note": "n",
        });
        app.make("endpoint", endpoint).await
    };
    add("admin", "R1").await;
    let public = add("public", "R1").await;
    add("internal", "R2").await;
    let all = list(&app).await;
    assert_eq!(all.len(), 2, "{all:?}");
    assert!(all.contains(&json!({
        "id": public, "service_id": service, "region": "R1", "enabled": true,
        "publicurl": "http://public.test", "adminurl": "http://admin.test",
    })));
    // Only what v2.0 made can be deleted by it.
    let path = format!("{ENDPOINTS}/{public}");
    call(&app, "DELETE", &path, Value::Null).await.error(404);
}

#[tokio::test]
async fn malformed_endpoints_are_400() {
    let app = TestApp::new().await;
    let service = swift(&app).await;
    let with = |name: &str, value: Value| {
        let mut endpoint =
            json!({ "service_id": service, "region": "R1", "publicurl": "http://p" });
        endpoint[name] = value;
        json!({ "endpoint": endpoint })
    };
    for body in [
        json!({}),
        json!({ "endpoint": [] }),
        with("publicurl", json!(null)),
        with("publicurl", json!("")),
        with("publicurl", json!(5)),
        with("service_id", json!(null)),
        with("region", json!(5)),
        with("region", json!("x".repeat(256))),
        with("enabled", json!("yes")),
    ] {
        app.post(ENDPOINTS, body).send().await.error(400);
    }
    for body in [
        with("publicurl", json!("http://p/$(nope)s")),
        with("adminurl", json!("http://p/%(tenant_id)")),
        with("service_id", json!("nope")),
    ] {
        call(&app, "POST", ENDPOINTS, body).await.error(400);
    }
    let regions = call(&app, "GET", "/v3/regions", Value::Null)
        .await
        .expect(200)
        .json();
    assert_eq!(regions["regions"].as_array().expect("a list").len(), 1);
}

#[tokio::test]
async fn endpoints_are_administrated_by_administrators_on_the_admin_listener() {
    let app = TestApp::new().await;
    let body = json!({ "endpoint": {
        "service_id": app.seed.service_id, "region": "RegionOne", "publicurl": "http://p",
    } });
    let calls = [
        ("GET", ENDPOINTS, Value::Null),
        ("POST", ENDPOINTS, body),
        ("DELETE", "/v2.0/endpoints/x", Value::Null),
    ];
    only_for_administrators(&app, &calls).await;
    let paths: Vec<_> = calls
        .iter()
        .map(|(method, path, _)| (*method, *path))
        .collect();
    not_on_the_public_listener(&app, &paths).await;
}
