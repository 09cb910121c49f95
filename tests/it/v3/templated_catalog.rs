//! A catalog that is a file (`[catalog] driver = templated`).

use crate::harness::{ACME, Scene};
use axum::http::Method;
use serde_json::{Value, json};

const FILE: &str = "\
# config for templated.Catalog
catalog.RegionOne.identity.publicURL = http://id.example/v3
catalog.RegionOne.identity.name = Identity Service
catalog.RegionOne.object_store.publicURL = http://store.example/AUTH_$(tenant_id)s
catalog.RegionOne.object_store.internalURL = http://store.internal/$(public_port)s
catalog.RegionOne.object_store.name = Objects
catalog.RegionTwo.object_store.publicURL = http://two.example/%(user_id)s
";

/// A scene whose catalog is [`FILE`].
struct Templated {
    scene: Scene,
    _folder: tempfile::TempDir,
}

impl Templated {
    async fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("default_catalog.templates");
        std::fs::write(&file, FILE).expect("a file");
        let config = format!(
            "[catalog]\ndriver = templated\ntemplate_file = {}\n",
            file.display()
        );
        let scene = Scene::with_config(&config).await;
        Self {
            scene,
            _folder: folder,
        }
    }

    async fn get(&self, path: &str) -> Value {
        self.scene.get(path).await.expect(200).json()
    }
}

/// The members of a list that have this name.
fn all(list: &Value, member: &str) -> Vec<String> {
    let items = list.as_array().expect("a list").iter();
    items
        .map(|item| item[member].as_str().expect("a text").to_owned())
        .collect()
}

#[tokio::test]
async fn tokens_show_the_files_services_with_their_urls_filled() {
    let templated = Templated::new().await;
    let scene = &templated.scene;
    crate::harness::delegation::grant(scene, "uma", "top", "member").await;
    let answer = scene
        .try_login("uma", json!({ "project": { "id": "top" } }))
        .await;
    let catalog = answer.expect(201).json()["token"]["catalog"].clone();
    let endpoint = |id: &str, interface: &str, region: &str, url: &str| json!({ "id": id, "interface": interface, "region": region, "region_id": region, "url": url });
    // The internal URL names an option that there is no more: nobody could call it.
    assert_eq!(
        catalog,
        json!([
            {
                "id": "identity", "type": "identity", "name": "Identity Service",
                "endpoints": [
                    endpoint("RegionOne-identity-public", "public", "RegionOne", "http://id.example/v3"),
                ],
            },
            {
                "id": "object-store", "type": "object-store", "name": "Objects",
                "endpoints": [
                    endpoint("RegionOne-object-store-public", "public", "RegionOne",
                        "http://store.example/AUTH_top"),
                    endpoint("RegionTwo-object-store-public", "public", "RegionTwo",
                        "http://two.example/uma"),
                ],
            },
        ])
    );
    let member = scene.role("member");
    let grant = format!("/v3/domains/{ACME}/users/uma/roles/{member}");
    scene.put(&grant).await.expect(204);
    let answer = scene
        .try_login("uma", json!({ "domain": { "id": ACME } }))
        .await;
    let catalog = answer.expect(201).json()["token"]["catalog"].clone();
    assert_eq!(
        all(&catalog[1]["endpoints"], "url"),
        ["http://two.example/uma"]
    );
}

#[tokio::test]
async fn the_files_regions_services_and_endpoints_can_be_read() {
    let templated = Templated::new().await;
    let regions = templated.get("/v3/regions").await;
    assert_eq!(all(&regions["regions"], "id"), ["RegionOne", "RegionTwo"]);
    let services = templated.get("/v3/services?type=object-store").await;
    assert_eq!(all(&services["services"], "name"), ["Objects"]);
    let endpoints = templated
        .get("/v3/endpoints?region_id=RegionOne&limit=2")
        .await;
    assert_eq!(
        all(&endpoints["endpoints"], "id"),
        [
            "RegionOne-identity-public",
            "RegionOne-object-store-internal"
        ]
    );
    let next = endpoints["links"]["next"].as_str().expect("a next page");
    let next = next
        .strip_prefix("http://keystone.test")
        .expect("a link here");
    let rest = templated.get(next).await;
    assert_eq!(
        all(&rest["endpoints"], "id"),
        ["RegionOne-object-store-public"]
    );

    let shown = templated
        .get("/v3/endpoints/RegionTwo-object-store-public")
        .await;
    let shown = &shown["endpoint"];
    // As it stands in the file: whoever lists endpoints sees templates.
    assert_eq!(shown["url"], "http://two.example/%(user_id)s");
    assert_eq!(shown["service_id"], "object-store");
    templated.get("/v3/regions/RegionTwo").await;
    templated.get("/v3/services/identity").await;
    for missing in ["regions/RegionThree", "services/compute", "endpoints/x"] {
        templated
            .scene
            .get(&format!("/v3/{missing}"))
            .await
            .error(404);
    }
    // What the database holds is not the catalog.
    let seeded = templated.scene.app.seed.service_id.clone();
    templated
        .scene
        .get(&format!("/v3/services/{seeded}"))
        .await
        .error(404);
}

#[tokio::test]
async fn a_file_is_not_changed_by_requests() {
    let templated = Templated::new().await;
    let scene = &templated.scene;
    let service = json!({ "service": { "type": "x", "name": "x" } });
    let endpoint = json!({ "endpoint": {
        "interface": "public", "service_id": "identity", "url": "http://h" } });
    let region = json!({ "region": { "description": "x" } });
    let group = json!({ "endpoint_group": { "name": "g", "filters": { "interface": "public" } } });
    for (method, path, body) in [
        (Method::POST, "services", service.clone()),
        (Method::PATCH, "services/identity", service),
        (Method::DELETE, "services/identity", Value::Null),
        (Method::POST, "endpoints", endpoint.clone()),
        (
            Method::PATCH,
            "endpoints/RegionOne-identity-public",
            endpoint,
        ),
        (
            Method::DELETE,
            "endpoints/RegionOne-identity-public",
            Value::Null,
        ),
        (Method::POST, "regions", region.clone()),
        (Method::PUT, "regions/RegionThree", region.clone()),
        (Method::PATCH, "regions/RegionOne", region),
        (Method::DELETE, "regions/RegionOne", Value::Null),
        (Method::POST, "OS-EP-FILTER/endpoint_groups", group),
        (
            Method::PUT,
            "OS-EP-FILTER/projects/top/endpoints/RegionOne-identity-public",
            Value::Null,
        ),
        (
            Method::GET,
            "OS-EP-FILTER/projects/top/endpoints",
            Value::Null,
        ),
    ] {
        let mut request = scene.app.request(method.clone(), &format!("/v3/{path}"));
        if !body.is_null() {
            request = request.json(body);
        }
        let answer = request.token(&scene.admin).send().await;
        assert_eq!(answer.status, 501, "{method} {path}: {}", answer.body);
    }
    assert_eq!(
        all(&templated.get("/v3/regions").await["regions"], "id").len(),
        2
    );
}

#[tokio::test]
async fn old_clients_see_its_endpoints_as_triples() {
    let templated = Templated::new().await;
    let admin = &templated.scene.admin;
    let answer = templated
        .scene
        .app
        .get("/v2.0/endpoints")
        .token(admin)
        .send()
        .await;
    let endpoints = answer.expect(200).json()["endpoints"].clone();
    assert_eq!(
        all(&endpoints, "publicurl"),
        [
            "http://id.example/v3",
            "http://store.example/AUTH_$(tenant_id)s",
            "http://two.example/%(user_id)s"
        ]
    );
}

#[tokio::test]
async fn the_driver_of_endpoint_filters_is_the_databases() {
    let scene = Scene::with_config("[catalog]\ndriver = endpoint_filter.sql\n").await;
    let body = json!({ "service": { "type": "x", "name": "x" } });
    scene.post("/v3/services", body).await.expect(201);
    scene
        .get("/v3/OS-EP-FILTER/projects/top/endpoints")
        .await
        .expect(200);
}
