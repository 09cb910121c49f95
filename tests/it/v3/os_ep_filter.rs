//! OS-EP-FILTER: endpoint groups, what projects are associated with, and what they see then.

use crate::harness::{ACME, Scene};
use keystone::driver::sql::db::sql;
use serde_json::{Value, json};

const GROUPS: &str = "/v3/OS-EP-FILTER/endpoint_groups";

/// A service with a public endpoint in RegionOne and an admin endpoint in no region, and a member of
/// project `top`.
struct Filtered {
    scene: Scene,
    service: String,
    public: String,
    admin: String,
    member: String,
}

impl Filtered {
    async fn new() -> Self {
        Self::with_config("").await
    }

    async fn with_config(config: &str) -> Self {
        let scene = Scene::with_config(config).await;
        let grant = format!("/v3/projects/top/users/uma/roles/{}", scene.role("member"));
        scene.put(&grant).await.expect(204);
        let member = scene
            .login("uma", json!({ "project": { "id": "top" } }))
            .await;
        let make = async |collection: &str, member: &str, body: Value| {
            let path = format!("/v3/{collection}");
            let answer = scene.post(&path, json!({ member: body })).await.expect(201);
            id_of(&answer.json()[member])
        };
        let service = make("services", "service", json!({ "type": "x" })).await;
        let endpoint = |interface: &str, region: Option<&str>| {
            json!({ "service_id": service, "interface": interface, "region_id": region,
                    "url": format!("http://{interface}/") })
        };
        let public = make(
            "endpoints",
            "endpoint",
            endpoint("public", Some("RegionOne")),
        )
        .await;
        let admin = make("endpoints", "endpoint", endpoint("admin", None)).await;
        Self {
            scene,
            service,
            public,
            admin,
            member,
        }
    }

    async fn new_group(&self, filters: Value) -> String {
        let body = json!({ "endpoint_group": { "name": "g", "filters": filters } });
        let answer = self.scene.post(GROUPS, body).await.expect(201);
        id_of(&answer.json()["endpoint_group"])
    }

    /// The ids of what a list shows, sorted.
    async fn ids(&self, path: &str, key: &str) -> Vec<String> {
        let list = self.scene.get(path).await.expect(200).json();
        let mut ids: Vec<String> = list[key]
            .as_array()
            .expect("a list")
            .iter()
            .map(id_of)
            .collect();
        ids.sort();
        ids
    }

    /// The URLs that the member's catalog shows, sorted; `None` for an empty catalog.
    async fn catalog(&self) -> Option<Vec<String>> {
        let request = self.scene.app.get("/v3/auth/catalog").token(&self.member);
        let answer = request.send().await.expect(200).json();
        let services = answer["catalog"].as_array().expect("services");
        let endpoints = services
            .iter()
            .flat_map(|service| service["endpoints"].as_array().expect("endpoints").iter());
        let mut urls: Vec<String> = endpoints
            .map(|endpoint| endpoint["url"].as_str().expect("a url").to_owned())
            .collect();
        urls.sort();
        urls.dedup();
        (!services.is_empty()).then_some(urls)
    }
}

fn id_of(value: &Value) -> String {
    value["id"].as_str().expect("an id").to_owned()
}

#[tokio::test]
async fn an_endpoint_group_is_created_shown_changed_and_deleted() {
    let at = Filtered::new().await;
    let filters = json!({ "interface": "admin", "service_id": at.service });
    let body = json!({ "endpoint_group": { "name": "g", "description": "d", "filters": filters } });
    let answer = at.scene.post(GROUPS, body).await.expect(201);
    let id = id_of(&answer.json()["endpoint_group"]);
    let path = format!("{GROUPS}/{id}");
    let expected = format!(
        concat!(
            r#"{{"endpoint_group":{{"id":"{id}","name":"g","description":"d","#,
            r#""filters":{{"interface":"admin","service_id":"{service}"}},"#,
            r#""links":{{"self":"http://keystone.test{path}"}}}}}}"#,
            "\n"
        ),
        id = id,
        service = at.service,
        path = path
    );
    assert_eq!(answer.body, expected);
    assert_eq!(at.scene.get(&path).await.expect(200).body, expected);
    at.scene.head(&path).await.expect(200);
    let patch = async |group: Value| {
        let answer = at
            .scene
            .patch(&path, json!({ "endpoint_group": group }))
            .await;
        answer.expect(200).json()["endpoint_group"].take()
    };
    let changed = patch(json!({ "name": "h", "description": null })).await;
    assert_eq!(
        (&changed["name"], &changed["filters"]),
        (&json!("h"), &filters)
    );
    assert_eq!(changed["description"], Value::Null);
    let changed = patch(json!({ "filters": { "region_id": null } })).await;
    assert_eq!(changed["filters"], json!({ "region_id": null }));
    assert_eq!(patch(json!({ "filters": {} })).await["filters"], json!({}));
    at.scene.delete(&path).await.expect(204);
    at.scene.delete(&path).await.error(404);
    at.scene.get(&path).await.error(404);
}

#[tokio::test]
async fn filters_are_on_three_attributes() {
    let at = Filtered::new().await;
    for group in [
        json!({}),
        json!({ "name": "g" }),
        json!({ "name": "g", "filters": {} }),
        json!({ "name": "g", "filters": { "foo": "x" } }),
        json!({ "name": "g", "filters": { "enabled": true } }),
        json!({ "name": "g", "filters": { "interface": "admin", "url": "x" } }),
        json!({ "name": "g", "filters": { "interface": "none" } }),
        json!({ "name": "", "filters": { "interface": "admin" } }),
        json!({ "name": "g", "id": "mine", "filters": { "interface": "admin" } }),
    ] {
        at.scene
            .post(GROUPS, json!({ "endpoint_group": group }))
            .await
            .error(400);
    }
    at.scene.post(GROUPS, json!({})).await.error(400);
    let path = format!(
        "{GROUPS}/{}",
        at.new_group(json!({ "service_id": "nope" })).await
    );
    for group in [
        json!({}),
        json!({ "filters": { "foo": 1 } }),
        json!({ "name": null }),
    ] {
        at.scene
            .patch(&path, json!({ "endpoint_group": group }))
            .await
            .error(400);
    }
    let body = json!({ "endpoint_group": { "name": "x" } });
    at.scene
        .patch(&format!("{GROUPS}/nope"), body)
        .await
        .error(404);
}

#[tokio::test]
async fn groups_are_listed_by_name_and_in_pages() {
    let at = Filtered::new().await;
    let mut all = Vec::new();
    for _ in 0..3 {
        all.push(at.new_group(json!({ "interface": "admin" })).await);
    }
    all.sort();
    assert_eq!(at.ids(GROUPS, "endpoint_groups").await, all);
    assert_eq!(
        at.ids(&format!("{GROUPS}?name=g"), "endpoint_groups").await,
        all
    );
    assert!(
        at.ids(&format!("{GROUPS}?name=gg"), "endpoint_groups")
            .await
            .is_empty()
    );
    for query in ["limit=1", "foo=1", "name__contains=g", "name="] {
        at.scene.get(&format!("{GROUPS}?{query}")).await.error(400);
    }
    let page = format!("{GROUPS}?limit=2&marker={}", all[0]);
    assert_eq!(at.ids(&page, "endpoint_groups").await, all[1..]);
}

#[tokio::test]
async fn a_group_holds_the_endpoints_that_have_all_its_values() {
    let at = Filtered::new().await;
    let held = async |filters: Value| {
        let group = at.new_group(filters).await;
        at.ids(&format!("{GROUPS}/{group}/endpoints"), "endpoints")
            .await
    };
    let service = json!(at.service);
    assert_eq!(
        held(json!({ "service_id": service, "interface": "public" })).await,
        [at.public.as_str()]
    );
    assert_eq!(
        held(json!({ "region_id": null })).await,
        [at.admin.as_str()]
    );
    assert_eq!(held(json!({ "service_id": service })).await.len(), 2);
    assert!(
        held(json!({ "service_id": service, "region_id": "nope" }))
            .await
            .is_empty()
    );
    at.scene
        .get(&format!("{GROUPS}/nope/endpoints"))
        .await
        .error(404);
}

#[tokio::test]
async fn a_project_sees_its_endpoints_and_those_of_its_groups() {
    let at = Filtered::new().await;
    let everything = at.catalog().await.expect("a catalog");
    assert!(everything.len() > 2);
    let endpoint = format!("/v3/OS-EP-FILTER/projects/top/endpoints/{}", at.public);
    at.scene.get(&endpoint).await.error(404);
    assert_eq!(at.scene.put(&endpoint).await.expect(204).body, "");
    at.scene.put(&endpoint).await.error(409);
    at.scene.get(&endpoint).await.expect(204);
    at.scene.head(&endpoint).await.expect(204);
    assert_eq!(at.catalog().await.expect("a catalog"), ["http://public/"]);
    let group = at.new_group(json!({ "region_id": null })).await;
    let association = format!("{GROUPS}/{group}/projects/top");
    at.scene.get(&association).await.error(404);
    at.scene.put(&association).await.expect(204);
    at.scene.put(&association).await.error(409);
    let shown = at.scene.get(&association).await.expect(200).json();
    let expected = json!({ "project_endpoint_group": {
        "endpoint_group_id": group,
        "project_id": "top",
        "links": { "self": format!("http://keystone.test{association}") },
    }});
    assert_eq!(shown, expected);
    at.scene.head(&association).await.expect(200);
    assert_eq!(
        at.catalog().await.expect("a catalog"),
        ["http://admin/", "http://public/"]
    );
    let mut both = [at.public.as_str(), at.admin.as_str()];
    both.sort_unstable();
    let listed = at
        .ids("/v3/OS-EP-FILTER/projects/top/endpoints", "endpoints")
        .await;
    assert_eq!(listed, both);
    let one = at
        .ids(
            "/v3/OS-EP-FILTER/projects/top/endpoints?limit=1",
            "endpoints",
        )
        .await;
    assert_eq!(one, both[..1]);
    at.scene.delete(&endpoint).await.expect(204);
    at.scene.delete(&endpoint).await.error(404);
    assert_eq!(at.catalog().await.expect("a catalog"), ["http://admin/"]);
    let body = json!({ "endpoint_group": { "filters": { "interface": "public" } } });
    at.scene
        .patch(&format!("{GROUPS}/{group}"), body)
        .await
        .expect(200);
    assert!(
        at.catalog()
            .await
            .expect("a catalog")
            .contains(&"http://public/".to_owned())
    );
    at.scene.delete(&association).await.expect(204);
    at.scene.delete(&association).await.error(404);
    assert_eq!(at.catalog().await, Some(everything));
}

#[tokio::test]
async fn associations_are_listed_from_both_sides() {
    let at = Filtered::new().await;
    let group = at.new_group(json!({ "interface": "admin" })).await;
    for project in ["below", "top", ACME] {
        at.scene
            .put(&format!("{GROUPS}/{group}/projects/{project}"))
            .await
            .expect(204);
        let endpoint = format!(
            "/v3/OS-EP-FILTER/projects/{project}/endpoints/{}",
            at.public
        );
        at.scene.put(&endpoint).await.expect(204);
    }
    for path in [
        format!("{GROUPS}/{group}/projects"),
        format!("/v3/OS-EP-FILTER/endpoints/{}/projects", at.public),
    ] {
        assert_eq!(at.ids(&path, "projects").await, [ACME, "below", "top"]);
        assert_eq!(
            at.ids(&format!("{path}?limit=2"), "projects").await,
            [ACME, "below"]
        );
        let next = format!("{path}?limit=2&marker=below");
        assert_eq!(at.ids(&next, "projects").await, ["top"]);
    }
    let groups = at
        .ids(
            "/v3/OS-EP-FILTER/projects/top/endpoint_groups",
            "endpoint_groups",
        )
        .await;
    assert_eq!(groups, [group]);
    assert!(
        at.ids(&format!("{GROUPS}/nope/projects"), "projects")
            .await
            .is_empty()
    );
    for path in [
        "/v3/OS-EP-FILTER/projects/nope/endpoints",
        "/v3/OS-EP-FILTER/projects/nope/endpoint_groups",
        "/v3/OS-EP-FILTER/endpoints/nope/projects",
    ] {
        at.scene.get(path).await.error(404);
    }
}

#[tokio::test]
async fn both_sides_of_an_association_must_exist() {
    let at = Filtered::new().await;
    let group = at.new_group(json!({ "interface": "admin" })).await;
    for path in [
        format!("{GROUPS}/{group}/projects/nope"),
        format!("{GROUPS}/nope/projects/top"),
        format!("/v3/OS-EP-FILTER/projects/nope/endpoints/{}", at.public),
        "/v3/OS-EP-FILTER/projects/top/endpoints/nope".to_owned(),
    ] {
        at.scene.put(&path).await.error(404);
        at.scene.get(&path).await.error(404);
        at.scene.delete(&path).await.error(404);
    }
}

#[tokio::test]
async fn associations_with_nothing_narrow_nothing_and_with_disabled_endpoints_everything() {
    let at = Filtered::new().await;
    let group = at.new_group(json!({ "service_id": "nope" })).await;
    at.scene
        .put(&format!("{GROUPS}/{group}/projects/top"))
        .await
        .expect(204);
    assert!(at.catalog().await.expect("a catalog").len() > 2);
    let off = json!({ "endpoint": { "enabled": false } });
    at.scene
        .patch(&format!("/v3/endpoints/{}", at.public), off)
        .await
        .expect(200);
    let endpoint = format!("/v3/OS-EP-FILTER/projects/top/endpoints/{}", at.public);
    at.scene.put(&endpoint).await.expect(204);
    assert_eq!(at.catalog().await, None);
}

#[tokio::test]
async fn without_associations_configuration_may_show_nothing() {
    let config = "[endpoint_filter]\nreturn_all_endpoints_if_no_filter = false\n";
    let at = Filtered::with_config(config).await;
    assert_eq!(at.catalog().await, None);
    let endpoint = format!("/v3/OS-EP-FILTER/projects/top/endpoints/{}", at.public);
    at.scene.put(&endpoint).await.expect(204);
    assert_eq!(at.catalog().await.expect("a catalog"), ["http://public/"]);
}

#[tokio::test]
async fn what_is_deleted_takes_its_associations_along() {
    for doomed in ["endpoint", "service", "group", "project"] {
        let at = Filtered::new().await;
        let group = at.new_group(json!({ "interface": "admin" })).await;
        at.scene
            .put(&format!("{GROUPS}/{group}/projects/below"))
            .await
            .expect(204);
        let endpoint = format!("/v3/OS-EP-FILTER/projects/below/endpoints/{}", at.public);
        at.scene.put(&endpoint).await.expect(204);
        let (path, left) = match doomed {
            "endpoint" => (format!("/v3/endpoints/{}", at.public), (0, 1)),
            "service" => (format!("/v3/services/{}", at.service), (0, 1)),
            "group" => (format!("{GROUPS}/{group}"), (1, 0)),
            _ => ("/v3/projects/below".to_owned(), (0, 0)),
        };
        at.scene.delete(&path).await.expect(204);
        let mut session = at.scene.app.app.db.session().await.expect("a session");
        let counts = sql(
            "SELECT (SELECT COUNT(*) FROM project_endpoint) AS endpoints, \
                          (SELECT COUNT(*) FROM project_endpoint_group) AS groups_",
        );
        let row = session.fetch_one(counts).await.expect("a row");
        let count = |column| row.int(column).expect("a number");
        assert_eq!((count("endpoints"), count("groups_")), left, "{doomed}");
    }
}

#[tokio::test]
async fn filtering_is_for_administrators() {
    let at = Filtered::new().await;
    let group = at.new_group(json!({ "interface": "admin" })).await;
    for path in [
        GROUPS.to_owned(),
        format!("{GROUPS}/{group}"),
        format!("{GROUPS}/nope"),
        format!("{GROUPS}/{group}/endpoints"),
        format!("{GROUPS}/{group}/projects"),
        format!("{GROUPS}/{group}/projects/top"),
        "/v3/OS-EP-FILTER/projects/top/endpoints".to_owned(),
        "/v3/OS-EP-FILTER/projects/top/endpoint_groups".to_owned(),
        format!("/v3/OS-EP-FILTER/endpoints/{}/projects", at.public),
        format!("/v3/OS-EP-FILTER/projects/top/endpoints/{}", at.public),
    ] {
        at.scene
            .app
            .get(&path)
            .token(&at.member)
            .send()
            .await
            .error(403);
        at.scene.app.get(&path).send().await.error(401);
    }
    for path in [
        format!("{GROUPS}/{group}/projects/top"),
        format!("/v3/OS-EP-FILTER/projects/top/endpoints/{}", at.public),
    ] {
        at.scene
            .app
            .put(&path)
            .token(&at.member)
            .send()
            .await
            .error(403);
        at.scene
            .app
            .delete(&path)
            .token(&at.member)
            .send()
            .await
            .error(403);
    }
}
