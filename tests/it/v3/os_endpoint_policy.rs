//! OS-ENDPOINT-POLICY: policies of endpoints, of services, and of services in regions.

use crate::harness::Scene;
use keystone::driver::sql::db::sql;
use serde_json::{Value, json};

/// A service with an endpoint in region `inner`, which is below `outer`, and one in no region; and two
/// policies.
struct Attachable {
    scene: Scene,
    service: String,
    inside: String,
    nowhere: String,
    policy: String,
    other: String,
}

impl Attachable {
    async fn new() -> Self {
        let scene = Scene::new().await;
        let make = async |collection: &str, member: &str, body: Value| {
            let path = format!("/v3/{collection}");
            let answer = scene.post(&path, json!({ member: body })).await.expect(201);
            answer.json()[member]["id"]
                .as_str()
                .expect("an id")
                .to_owned()
        };
        make("regions", "region", json!({ "id": "outer" })).await;
        let inner = json!({ "id": "inner", "parent_region_id": "outer" });
        make("regions", "region", inner).await;
        let service = make("services", "service", json!({ "type": "x" })).await;
        let endpoint = |region: Option<&str>| json!({ "service_id": service, "interface": "public", "url": "http://x/", "region_id": region });
        let inside = make("endpoints", "endpoint", endpoint(Some("inner"))).await;
        let nowhere = make("endpoints", "endpoint", endpoint(None)).await;
        let document = json!({ "blob": "x", "type": "t" });
        let policy = make("policies", "policy", document.clone()).await;
        let other = make("policies", "policy", document).await;
        Self {
            scene,
            service,
            inside,
            nowhere,
            policy,
            other,
        }
    }

    fn of_endpoint(&self, policy: &str, endpoint: &str) -> String {
        format!("/v3/policies/{policy}/OS-ENDPOINT-POLICY/endpoints/{endpoint}")
    }

    fn of_service(&self, policy: &str) -> String {
        format!(
            "/v3/policies/{policy}/OS-ENDPOINT-POLICY/services/{}",
            self.service
        )
    }

    fn of_region(&self, policy: &str, region: &str) -> String {
        format!("{}/regions/{region}", self.of_service(policy))
    }

    /// Which policy applies to an endpoint.
    async fn effective(&self, endpoint: &str) -> Option<String> {
        let path = format!("/v3/endpoints/{endpoint}/OS-ENDPOINT-POLICY/policy");
        let answer = self.scene.get(&path).await;
        if answer.status == 404 {
            return None;
        }
        let policy = answer.expect(200).json()["policy"].take();
        let id = policy["id"].as_str().expect("an id").to_owned();
        let link = format!("http://keystone.test/v3/policies/{id}");
        assert_eq!(policy["links"]["self"], link);
        Some(id)
    }

    /// The endpoints that a policy covers, sorted.
    async fn covered(&self, policy: &str) -> Vec<String> {
        let path = format!("/v3/policies/{policy}/OS-ENDPOINT-POLICY/endpoints");
        let list = self.scene.get(&path).await.expect(200).json();
        let ids = list["endpoints"].as_array().expect("a list").iter();
        let mut ids: Vec<String> = ids
            .map(|endpoint| endpoint["id"].as_str().expect("an id").to_owned())
            .collect();
        ids.sort();
        ids
    }

    async fn rows(&self) -> i64 {
        let mut session = self.scene.app.app.db.session().await.expect("a session");
        let count = "SELECT COUNT(*) AS count FROM policy_association";
        let row = session.fetch_one(sql(count)).await.expect("a row");
        row.int("count").expect("a number")
    }
}

#[tokio::test]
async fn each_kind_of_place_is_attached_checked_and_detached() {
    let at = Attachable::new().await;
    for path in [
        at.of_endpoint(&at.policy, &at.inside),
        at.of_service(&at.policy),
        at.of_region(&at.policy, "outer"),
    ] {
        at.scene.get(&path).await.error(404);
        at.scene.delete(&path).await.expect(204);
        for _ in 0..2 {
            assert_eq!(at.scene.put(&path).await.expect(204).body, "");
        }
        at.scene.get(&path).await.expect(204);
        at.scene.head(&path).await.expect(204);
        assert_eq!(at.rows().await, 1);
        at.scene.delete(&path).await.expect(204);
        at.scene.get(&path).await.error(404);
        assert_eq!(at.rows().await, 0);
    }
}

#[tokio::test]
async fn what_a_path_names_must_exist() {
    let at = Attachable::new().await;
    let nope = at.of_service(&at.policy).replace(&at.service, "nope");
    for path in [
        at.of_endpoint("nope", &at.inside),
        at.of_endpoint(&at.policy, "nope"),
        at.of_service("nope"),
        nope.clone(),
        format!("{nope}/regions/inner"),
        at.of_region(&at.policy, "nope"),
    ] {
        at.scene.put(&path).await.error(404);
        at.scene.get(&path).await.error(404);
        at.scene.delete(&path).await.error(404);
    }
    for path in [
        "/v3/endpoints/nope/OS-ENDPOINT-POLICY/policy",
        "/v3/policies/nope/OS-ENDPOINT-POLICY/endpoints",
    ] {
        at.scene.get(path).await.error(404);
    }
}

#[tokio::test]
async fn the_nearest_place_decides_which_policy_applies() {
    let at = Attachable::new().await;
    assert_eq!(at.effective(&at.inside).await, None);
    at.scene.put(&at.of_service(&at.policy)).await.expect(204);
    assert_eq!(at.effective(&at.inside).await.as_ref(), Some(&at.policy));
    assert_eq!(at.effective(&at.nowhere).await.as_ref(), Some(&at.policy));
    at.scene
        .put(&at.of_region(&at.other, "outer"))
        .await
        .expect(204);
    assert_eq!(at.effective(&at.inside).await.as_ref(), Some(&at.other));
    assert_eq!(at.effective(&at.nowhere).await.as_ref(), Some(&at.policy));
    at.scene
        .put(&at.of_region(&at.policy, "inner"))
        .await
        .expect(204);
    assert_eq!(at.effective(&at.inside).await.as_ref(), Some(&at.policy));
    at.scene
        .put(&at.of_endpoint(&at.other, &at.inside))
        .await
        .expect(204);
    assert_eq!(at.effective(&at.inside).await.as_ref(), Some(&at.other));
}

#[tokio::test]
async fn a_place_has_one_policy_at_a_time() {
    let at = Attachable::new().await;
    for policy in [&at.policy, &at.other] {
        at.scene.put(&at.of_service(policy)).await.expect(204);
        at.scene
            .put(&at.of_region(policy, "outer"))
            .await
            .expect(204);
        at.scene
            .put(&at.of_endpoint(policy, &at.inside))
            .await
            .expect(204);
    }
    assert_eq!(at.rows().await, 3);
    at.scene.get(&at.of_service(&at.policy)).await.error(404);
    at.scene.get(&at.of_service(&at.other)).await.expect(204);
}

#[tokio::test]
async fn a_policy_lists_each_endpoint_that_its_places_cover_once() {
    let at = Attachable::new().await;
    assert!(at.covered(&at.policy).await.is_empty());
    at.scene
        .put(&at.of_region(&at.policy, "outer"))
        .await
        .expect(204);
    assert_eq!(at.covered(&at.policy).await, [at.inside.as_str()]);
    at.scene
        .put(&at.of_endpoint(&at.policy, &at.inside))
        .await
        .expect(204);
    at.scene
        .put(&at.of_region(&at.policy, "inner"))
        .await
        .expect(204);
    assert_eq!(at.covered(&at.policy).await, [at.inside.as_str()]);
    at.scene.put(&at.of_service(&at.policy)).await.expect(204);
    let mut both = [at.inside.as_str(), at.nowhere.as_str()];
    both.sort_unstable();
    assert_eq!(at.covered(&at.policy).await, both);
    let path = format!(
        "/v3/policies/{}/OS-ENDPOINT-POLICY/endpoints?limit=1",
        at.policy
    );
    let page = at.scene.get(&path).await.expect(200).json();
    assert_eq!(page["endpoints"][0]["id"], both[0]);
    assert!(page["endpoints"][0].get("region").is_none());
    let next = page["links"]["next"].as_str().expect("a link");
    let next = at
        .scene
        .get(&next.replace("http://keystone.test", ""))
        .await
        .expect(200)
        .json();
    assert_eq!(next["endpoints"][0]["id"], both[1]);
    assert_eq!(next["links"]["next"], Value::Null);
}

#[tokio::test]
async fn regions_that_stand_in_a_circle_are_walked_once() {
    let at = Attachable::new().await;
    at.scene
        .put(&at.of_region(&at.policy, "inner"))
        .await
        .expect(204);
    let damage = sql("UPDATE region SET parent_region_id = 'inner' WHERE id = 'outer'");
    let mut session = at.scene.app.app.db.session().await.expect("a session");
    session.execute(damage).await.expect("a damaged table");
    drop(session);
    assert_eq!(at.covered(&at.policy).await, [at.inside.as_str()]);
    assert_eq!(at.effective(&at.inside).await.as_ref(), Some(&at.policy));
    at.scene
        .put(&at.of_region(&at.other, "outer"))
        .await
        .expect(204);
    assert_eq!(at.covered(&at.other).await, [at.inside.as_str()]);
    at.scene.delete("/v3/regions/outer").await.error(403);
}

#[tokio::test]
async fn what_is_deleted_takes_its_attachments_along() {
    for doomed in ["policy", "endpoint", "service", "region"] {
        let at = Attachable::new().await;
        let path = match doomed {
            "policy" => format!("/v3/policies/{}", at.policy),
            "endpoint" => format!("/v3/endpoints/{}", at.inside),
            "service" => format!("/v3/services/{}", at.service),
            _ => {
                let endpoint = format!("/v3/endpoints/{}", at.inside);
                at.scene.delete(&endpoint).await.expect(204);
                "/v3/regions/outer".to_owned()
            }
        };
        let place = match doomed {
            "policy" | "service" => at.of_service(&at.policy),
            "endpoint" => at.of_endpoint(&at.policy, &at.inside),
            _ => at.of_region(&at.policy, "inner"),
        };
        at.scene.put(&place).await.expect(204);
        at.scene.delete(&path).await.expect(204);
        assert_eq!(at.rows().await, 0, "{doomed}");
    }
}

#[tokio::test]
async fn attachments_are_for_administrators() {
    let at = Attachable::new().await;
    let member = at.scene.app.persona("mia", "member").await.token;
    let list = format!("/v3/policies/{}/OS-ENDPOINT-POLICY/endpoints", at.policy);
    let effective = format!("/v3/endpoints/{}/OS-ENDPOINT-POLICY/policy", at.inside);
    for path in [
        at.of_endpoint(&at.policy, &at.inside),
        at.of_endpoint(&at.policy, "nope"),
        at.of_service(&at.policy),
        at.of_region(&at.policy, "inner"),
        list,
        effective,
    ] {
        at.scene
            .app
            .get(&path)
            .token(&member)
            .send()
            .await
            .error(403);
        at.scene.app.get(&path).send().await.error(401);
    }
    let path = at.of_service(&at.policy);
    at.scene
        .app
        .put(&path)
        .token(&member)
        .send()
        .await
        .error(403);
    at.scene
        .app
        .delete(&path)
        .token(&member)
        .send()
        .await
        .error(403);
    assert_eq!(at.rows().await, 0);
}
