//! `/v3/limits`

use crate::harness::{ACME, Answer, Scene, UMBRELLA};
use serde_json::{Value, json};

const PATH: &str = "/v3/limits";
const STRICT: &str = "[unified_limit]\nenforcement_model = strict_two_level\n";

/// A scene whose service has registered `ram` and `disk`, 10 of each by default.
struct Limited {
    scene: Scene,
}

impl Limited {
    async fn new(config: &str) -> Self {
        let scene = Scene::with_config(config).await;
        let service = &scene.app.seed.service_id;
        let registered = json!({ "registered_limits": [
            { "service_id": service, "resource_name": "ram", "default_limit": 10 },
            { "service_id": service, "resource_name": "disk", "default_limit": 10 },
        ]});
        scene
            .post("/v3/registered_limits", registered)
            .await
            .expect(201);
        Self { scene }
    }

    /// A limit's members: on `ram` of a holder such as `("project_id", "top")`.
    fn limit(&self, (kind, id): (&str, &str), amount: i64) -> Value {
        json!({ "service_id": self.scene.app.seed.service_id, "resource_name": "ram",
                kind: id, "resource_limit": amount })
    }

    async fn try_create(&self, limits: Value) -> Answer {
        self.scene.post(PATH, json!({ "limits": limits })).await
    }

    /// Creates one limit; returns its id.
    async fn create(&self, holder: (&str, &str), amount: i64) -> String {
        let answer = self
            .try_create(json!([self.limit(holder, amount)]))
            .await
            .expect(201);
        answer.json()["limits"][0]["id"]
            .as_str()
            .expect("an id")
            .to_owned()
    }

    async fn set(&self, id: &str, amount: i64) -> Answer {
        let body = json!({ "limit": { "resource_limit": amount } });
        self.scene.patch(&format!("{PATH}/{id}"), body).await
    }

    /// Whose limits a list shows, sorted.
    async fn holders(&self, token: &str, query: &str) -> Vec<String> {
        let request = self.scene.app.get(&format!("{PATH}?{query}")).token(token);
        let list = request.send().await.expect(200).json();
        let limits = list["limits"].as_array().expect("a list").iter();
        let mut holders: Vec<String> = limits
            .map(|limit| {
                let holder = limit["project_id"].as_str().or(limit["domain_id"].as_str());
                holder.expect("a holder").to_owned()
            })
            .collect();
        holders.sort();
        holders
    }
}

const TOP: (&str, &str) = ("project_id", "top");
const BELOW: (&str, &str) = ("project_id", "below");
const DOMAIN: (&str, &str) = ("domain_id", ACME);

#[tokio::test]
async fn limits_are_created_together_and_shown() {
    let at = Limited::new("").await;
    let mut first = at.limit(TOP, 7);
    first["description"] = json!("d");
    let limits = json!([first, at.limit(DOMAIN, 3)]);
    let created = at.try_create(limits).await.expect(201).json();
    assert!(created.get("links").is_none());
    let id = created["limits"][0]["id"].as_str().expect("an id");
    let shown = at.scene.get(&format!("{PATH}/{id}")).await.expect(200);
    let expected = format!(
        concat!(
            r#"{{"limit":{{"id":"{id}","project_id":"top","domain_id":null,"resource_limit":7,"#,
            r#""description":"d","service_id":"{service}","region_id":null,"#,
            r#""resource_name":"ram","links":{{"self":"http://keystone.test{path}/{id}"}}}}}}"#,
            "\n"
        ),
        id = id,
        service = at.scene.app.seed.service_id,
        path = PATH
    );
    assert_eq!(shown.body, expected);
    let second = &created["limits"][1];
    assert_eq!(
        (&second["project_id"], &second["domain_id"]),
        (&Value::Null, &json!(ACME))
    );
    at.scene.head(&format!("{PATH}/{id}")).await.expect(200);
    at.scene.delete(&format!("{PATH}/{id}")).await.expect(204);
    at.scene.get(&format!("{PATH}/{id}")).await.error(404);
    at.scene.delete(&format!("{PATH}/{id}")).await.error(404);
}

#[tokio::test]
async fn a_project_that_is_a_domain_stands_for_the_domain() {
    let at = Limited::new("").await;
    let created = at
        .try_create(json!([at.limit(("project_id", ACME), 3)]))
        .await
        .expect(201);
    let created = created.json();
    let limit = &created["limits"][0];
    assert_eq!(
        (&limit["project_id"], &limit["domain_id"]),
        (&Value::Null, &json!(ACME))
    );
    at.try_create(json!([at.limit(DOMAIN, 3)])).await.error(409);
}

#[tokio::test]
async fn a_limit_needs_a_registered_resource_and_one_holder_that_exists() {
    let at = Limited::new("").await;
    let with = |changes: Value| {
        let mut limit = at.limit(TOP, 1);
        let map = limit.as_object_mut().expect("an object");
        map.extend(changes.as_object().expect("an object").clone());
        json!([limit])
    };
    for changes in [
        json!({ "resource_name": "nothing" }),
        json!({ "region_id": "RegionOne" }),
    ] {
        at.try_create(with(changes)).await.error(403);
    }
    for changes in [
        json!({ "project_id": "nope" }),
        json!({ "project_id": null }),
        json!({ "domain_id": ACME }),
        json!({ "service_id": "0".repeat(32) }),
        json!({ "region_id": "nope" }),
        json!({ "resource_limit": -2 }),
        json!({ "resource_limit": "5" }),
        json!({ "id": "x" }),
    ] {
        at.try_create(with(changes)).await.error(400);
    }
    for limit in [
        at.limit(("domain_id", "nope"), 1),
        at.limit(("domain_id", "top"), 1),
        json!({ "service_id": at.scene.app.seed.service_id, "resource_name": "ram",
                "resource_limit": 1 }),
        json!({ "service_id": at.scene.app.seed.service_id, "resource_name": "ram",
                "resource_limit": 1, "domain_id": null }),
    ] {
        at.try_create(json!([limit])).await.error(400);
    }
    at.try_create(json!([])).await.error(400);
}

#[tokio::test]
async fn a_holder_has_one_limit_on_a_resource_and_all_come_or_none() {
    let at = Limited::new("").await;
    at.create(TOP, 5).await;
    at.try_create(json!([at.limit(TOP, 6)])).await.error(409);
    at.try_create(json!([at.limit(BELOW, 6), at.limit(BELOW, 7)]))
        .await
        .error(409);
    at.try_create(json!([at.limit(BELOW, 6), at.limit(TOP, 7)]))
        .await
        .error(409);
    assert_eq!(at.holders(&at.scene.admin, "").await, ["top"]);
}

#[tokio::test]
async fn a_change_takes_zero_and_nothing_for_what_they_are() {
    let at = Limited::new("").await;
    let id = at.create(TOP, 5).await;
    let patch = async |members: Value| {
        let path = format!("{PATH}/{id}");
        at.scene.patch(&path, json!({ "limit": members })).await
    };
    let changed = patch(json!({ "resource_limit": 0, "description": "d" }))
        .await
        .expect(200)
        .json();
    let changed = &changed["limit"];
    assert_eq!(
        (&changed["resource_limit"], &changed["description"]),
        (&json!(0), &json!("d"))
    );
    let changed = patch(json!({ "description": null }))
        .await
        .expect(200)
        .json();
    assert_eq!(changed["limit"]["description"], Value::Null);
    patch(json!({})).await.expect(200);
    for members in [
        json!({ "project_id": "below" }),
        json!({ "resource_limit": null }),
    ] {
        patch(members).await.error(400);
    }
    at.set("nope", 1).await.error(404);
}

#[tokio::test]
async fn everybody_sees_the_own_limits_and_administrators_all() {
    let at = Limited::new("").await;
    for holder in [
        TOP,
        BELOW,
        DOMAIN,
        ("project_id", "elsewhere"),
        ("domain_id", UMBRELLA),
    ] {
        at.create(holder, 5).await;
    }
    let scene = &at.scene;
    let grant = async |path: &str, role: &str| {
        let path = format!("/v3/{path}/users/uma/roles/{}", scene.role(role));
        scene.put(&path).await.expect(204);
    };
    grant("projects/top", "member").await;
    grant(&format!("domains/{ACME}"), "reader").await;
    grant("system", "reader").await;
    grant("projects/below", "service").await;
    let project = scene
        .login("uma", json!({ "project": { "id": "top" } }))
        .await;
    let domain = scene
        .login("uma", json!({ "domain": { "id": ACME } }))
        .await;
    let system = scene
        .login("uma", json!({ "system": { "all": true } }))
        .await;
    let service = scene
        .login("uma", json!({ "project": { "id": "below" } }))
        .await;
    let unscoped = scene.login("uma", json!("unscoped")).await;
    assert_eq!(at.holders(&project, "").await, ["top"]);
    assert!(at.holders(&project, "project_id=below").await.is_empty());
    assert!(
        at.holders(&project, &format!("domain_id={ACME}"))
            .await
            .is_empty()
    );
    assert_eq!(at.holders(&domain, "").await, [ACME, "below", "top"]);
    assert_eq!(at.holders(&domain, "project_id=below").await, ["below"]);
    assert!(at.holders(&domain, "project_id=elsewhere").await.is_empty());
    assert!(at.holders(&unscoped, "").await.is_empty());
    for token in [&scene.admin, &system, &service] {
        assert_eq!(at.holders(token, "").await.len(), 5);
        assert_eq!(
            at.holders(token, "project_id=elsewhere").await,
            ["elsewhere"]
        );
    }
    scene.app.get(PATH).send().await.error(401);
}

#[tokio::test]
async fn a_limit_is_shown_to_whom_it_is_for() {
    let at = Limited::new("").await;
    let (top, below) = (at.create(TOP, 5).await, at.create(BELOW, 5).await);
    let (domain, other) = (
        at.create(DOMAIN, 5).await,
        at.create(("domain_id", UMBRELLA), 5).await,
    );
    let scene = &at.scene;
    let role = scene.role("reader");
    scene
        .put(&format!("/v3/projects/top/users/uma/roles/{role}"))
        .await
        .expect(204);
    scene
        .put(&format!("/v3/domains/{ACME}/users/uma/roles/{role}"))
        .await
        .expect(204);
    let member = scene
        .login("uma", json!({ "project": { "id": "top" } }))
        .await;
    let reader = scene
        .login("uma", json!({ "domain": { "id": ACME } }))
        .await;
    let status = async |token: &str, id: &str| {
        let request = scene.app.get(&format!("{PATH}/{id}")).token(token);
        request.send().await.status
    };
    assert_eq!(status(&member, &top).await, 200);
    for id in [&below, &domain, &other, &"nope".to_owned()] {
        assert_eq!(status(&member, id).await, 403, "{id}");
    }
    for (id, expected) in [(&top, 200), (&below, 200), (&domain, 200), (&other, 403)] {
        assert_eq!(status(&reader, id).await, expected, "{id}");
    }
    for token in [&member, &reader] {
        let body = json!({ "limit": { "resource_limit": 1 } });
        let request = scene.app.patch(&format!("{PATH}/{top}"), body).token(token);
        request.send().await.error(403);
        let request = scene.app.delete(&format!("{PATH}/{top}")).token(token);
        request.send().await.error(403);
        let request = scene
            .app
            .post(PATH, json!({ "limits": [at.limit(TOP, 1)] }))
            .token(token);
        request.send().await.error(403);
    }
}

#[tokio::test]
async fn lists_are_filtered_and_paged() {
    let at = Limited::new("").await;
    for holder in [TOP, BELOW, DOMAIN] {
        at.create(holder, 5).await;
    }
    let admin = &at.scene.admin;
    let service = &at.scene.app.seed.service_id;
    for (query, count) in [
        ("resource_name=ram".to_owned(), 3),
        ("resource_name=disk".to_owned(), 0),
        ("resource_name__icontains=RA".to_owned(), 3),
        (format!("service_id={service}"), 3),
        ("region_id=RegionOne".to_owned(), 0),
        (format!("domain_id={ACME}"), 1),
        (format!("domain_id={ACME}&project_id=top"), 0),
        ("limit=2".to_owned(), 2),
    ] {
        assert_eq!(at.holders(admin, &query).await.len(), count, "{query}");
    }
    at.scene
        .get(&format!("{PATH}?service_id=bad"))
        .await
        .error(400);
    at.scene.get(&format!("{PATH}?limit=abc")).await.error(400);
    let page = at
        .scene
        .get(&format!("{PATH}?limit=2"))
        .await
        .expect(200)
        .json();
    let next = page["links"]["next"].as_str().expect("a link");
    let rest = at
        .scene
        .get(&next.replace("http://keystone.test", ""))
        .await
        .expect(200)
        .json();
    assert_eq!(rest["limits"].as_array().expect("a list").len(), 1);
}

#[tokio::test]
async fn the_model_is_told_to_everybody_with_a_token() {
    for (config, name) in [("", "flat"), (STRICT, "strict_two_level")] {
        let scene = Scene::with_config(config).await;
        let reader = scene.app.persona("rita", "reader").await.token;
        let path = "/v3/limits/model";
        let answer = scene
            .app
            .get(path)
            .token(&reader)
            .send()
            .await
            .expect(200)
            .json();
        assert_eq!(answer["model"]["name"], name);
        assert!(answer["model"]["description"].is_string());
        scene.app.get(path).send().await.error(401);
        scene.head(path).await.expect(200);
    }
}

#[tokio::test]
async fn the_flat_model_compares_nothing() {
    let at = Limited::new("").await;
    at.create(DOMAIN, 1).await;
    at.create(TOP, 1000).await;
    at.create(BELOW, 2000).await;
}

#[tokio::test]
async fn in_two_levels_a_project_stays_within_its_domain_or_the_default() {
    let at = Limited::new(STRICT).await;
    at.try_create(json!([at.limit(TOP, 11)])).await.error(403);
    let top = at.create(TOP, 10).await;
    at.try_create(json!([at.limit(DOMAIN, 9)])).await.error(403);
    let domain = at.create(DOMAIN, 20).await;
    at.set(&top, 21).await.error(403);
    at.set(&top, 20).await.expect(200);
    at.set(&domain, 19).await.error(403);
    at.set(&domain, 25).await.expect(200);
    // Further down it is the default that counts.
    at.try_create(json!([at.limit(BELOW, 11)])).await.error(403);
    let below = at.create(BELOW, 10).await;
    at.scene.delete(&format!("{PATH}/{top}")).await.expect(204);
    at.set(&domain, 9).await.error(403);
    at.scene
        .delete(&format!("{PATH}/{below}"))
        .await
        .expect(204);
    at.set(&domain, 9).await.expect(200);
    // What is no amount is not compared.
    let body = json!({ "limit": { "description": "d" } });
    at.scene
        .patch(&format!("{PATH}/{domain}"), body)
        .await
        .expect(200);
}

#[tokio::test]
async fn limits_that_come_together_are_compared_with_each_other() {
    let at = Limited::new(STRICT).await;
    at.try_create(json!([at.limit(DOMAIN, 5), at.limit(TOP, 6)]))
        .await
        .error(403);
    assert!(at.holders(&at.scene.admin, "").await.is_empty());
    at.try_create(json!([at.limit(TOP, 40), at.limit(DOMAIN, 50)]))
        .await
        .expect(201);
}

#[tokio::test]
async fn in_two_levels_projects_are_two_levels_deep() {
    let scene = Scene::with_config(STRICT).await;
    let child = |name: &str, parent: &str| json!({ "project": { "name": name, "domain_id": ACME, "parent_id": parent } });
    scene
        .post("/v3/projects", child("second", "top"))
        .await
        .expect(201);
    scene
        .post("/v3/projects", child("third", "below"))
        .await
        .error(403);
}

#[tokio::test]
async fn what_is_deleted_takes_its_limits_along() {
    let at = Limited::new("").await;
    for holder in [TOP, BELOW, DOMAIN, ("domain_id", UMBRELLA)] {
        at.create(holder, 5).await;
    }
    at.scene.delete("/v3/projects/below").await.expect(204);
    assert_eq!(at.holders(&at.scene.admin, "").await.len(), 3);
    let off = json!({ "domain": { "enabled": false } });
    at.scene
        .patch(&format!("/v3/domains/{ACME}"), off)
        .await
        .expect(200);
    at.scene
        .delete(&format!("/v3/domains/{ACME}"))
        .await
        .expect(204);
    assert_eq!(at.holders(&at.scene.admin, "").await, [UMBRELLA]);
}

#[tokio::test]
async fn relatives_in_a_projects_answer_carry_their_limits_on_demand() {
    let at = Limited::new("").await;
    at.create(BELOW, 5).await;
    let admin = format!(
        "/v3/projects/below/users/{}/roles/{}",
        at.scene.app.seed.user_id,
        at.scene.role("admin")
    );
    at.scene.put(&admin).await.expect(204);
    let path = "/v3/projects/top?subtree_as_list&include_limits";
    let answer = at.scene.get(path).await.expect(200).json();
    let project = &answer["project"]["subtree"][0]["project"];
    assert_eq!(project["limits"][0]["resource_limit"], 5);
    assert!(project["limits"][0].get("links").is_none());
    assert!(answer["project"].get("limits").is_none());
}
