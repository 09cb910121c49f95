//! `/v3/regions`

use crate::harness::TestApp;
use keystone::driver::sql::db::sql;
use serde_json::{Value, json};

async fn create(app: &TestApp, token: &str, region: Value) -> Value {
    let body = json!({ "region": region });
    let answer = app.post("/v3/regions", body).token(token).send().await;
    answer.expect(201).json()["region"].take()
}

fn ids(list: &Value) -> Vec<&str> {
    let regions = list["regions"].as_array().expect("a list");
    regions
        .iter()
        .map(|region| region["id"].as_str().expect("an id"))
        .collect()
}

#[tokio::test]
async fn a_created_region_is_answered_with_its_defaults_and_link() {
    let app = TestApp::new().await;
    let admin = app.admin().await;
    let body = json!({ "region": {
        "id": "R2", "description": "second", "parent_region_id": "RegionOne"
    } });
    let answer = app.post("/v3/regions", body).token(&admin).send().await;
    let answer = answer.expect(201);
    let expected = concat!(
        r#"{"region":{"id":"R2","description":"second","parent_region_id":"RegionOne","#,
        r#""links":{"self":"http://keystone.test/v3/regions/R2"}}}"#,
        "\n"
    );
    assert_eq!(answer.body, expected);
    let shown = app.get("/v3/regions/R2").token(&admin).send().await;
    assert_eq!(shown.expect(200).body, expected);
    let bare = create(&app, &admin, json!({ "description": null })).await;
    assert_eq!(bare["id"].as_str().map(str::len), Some(32));
    assert_eq!(bare["description"], "");
    assert_eq!(bare["parent_region_id"], Value::Null);
    let empty = create(&app, &admin, json!({ "id": "" })).await;
    assert_eq!(empty["id"].as_str().map(str::len), Some(32));
}

#[tokio::test]
async fn names_of_extra_members_are_normalized_on_creation_only() {
    let app = TestApp::new().await;
    let admin = app.admin().await;
    let region = json!({ "id": "R2", "a-b": 1, "c:d": null, "links": { "x": 1 } });
    let region = create(&app, &admin, region).await;
    assert_eq!(region["a_b"], 1);
    assert!(region.as_object().expect("an object").contains_key("c_d"));
    let links = json!({ "self": "http://keystone.test/v3/regions/R2" });
    assert_eq!(region["links"], links);
    let change = json!({ "region": { "x-y": 2, "a_b": null } });
    let answer = app.patch("/v3/regions/R2", change).token(&admin);
    let region = &answer.send().await.expect(200).json()["region"];
    assert_eq!(region["x-y"], 2);
    assert_eq!(region["a_b"], Value::Null);
}

#[tokio::test]
async fn an_id_is_escaped_in_links_and_unescaped_in_paths() {
    let app = TestApp::new().await;
    let admin = app.admin().await;
    let region = create(&app, &admin, json!({ "id": "Région 1" })).await;
    let link = "http://keystone.test/v3/regions/R%C3%A9gion%201";
    assert_eq!(region["links"]["self"], link);
    let answer = app.get("/v3/regions/R%C3%A9gion%201").token(&admin);
    let answer = answer.send().await.expect(200);
    assert_eq!(answer.json()["region"]["id"], "Région 1");
}

#[tokio::test]
async fn put_creates_under_the_id_in_the_path_once() {
    let app = TestApp::new().await;
    let admin = app.admin().await;
    let put = async |id: &str, region: Value| {
        let request = app.put(&format!("/v3/regions/{id}"));
        let request = request.json(json!({ "region": region }));
        request.token(&admin).send().await
    };
    let answer = put("R3", json!({})).await.expect(201);
    assert_eq!(answer.json()["region"]["id"], "R3");
    put("R4", json!({ "id": "R4", "description": "d" }))
        .await
        .expect(201);
    put("R3", json!({})).await.error(409);
    put("R5", json!({ "id": "R6" })).await.error(400);
    put("R5", json!({ "id": null })).await.error(400);
    put(&"a".repeat(256), json!({})).await.error(400);
}

#[tokio::test]
async fn a_taken_id_conflicts_and_a_missing_parent_is_not_found() {
    let app = TestApp::new().await;
    let admin = app.admin().await;
    let post = async |region: Value| {
        let request = app.post("/v3/regions", json!({ "region": region }));
        request.token(&admin).send().await
    };
    post(json!({ "id": "RegionOne" })).await.error(409);
    post(json!({ "id": "R2", "parent_region_id": "nope" }))
        .await
        .error(404);
    post(json!({ "id": "R2", "parent_region_id": "R2" }))
        .await
        .error(404);
    post(json!({ "id": 5 })).await.error(400);
    post(json!({ "id": "R2", "parent-region-id": 5 }))
        .await
        .error(400);
}

#[tokio::test]
async fn a_list_is_ordered_by_id_and_filtered_by_parent() {
    let app = TestApp::new().await;
    let admin = app.admin().await;
    create(
        &app,
        &admin,
        json!({ "id": "child2", "parent_region_id": "RegionOne" }),
    )
    .await;
    create(
        &app,
        &admin,
        json!({ "id": "child1", "parent_region_id": "RegionOne" }),
    )
    .await;
    let children = "/v3/regions?parent_region_id=RegionOne";
    let list = app
        .get(children)
        .token(&admin)
        .send()
        .await
        .expect(200)
        .json();
    assert_eq!(ids(&list), ["child1", "child2"]);
    assert_eq!(
        list["links"]["self"],
        format!("http://keystone.test{children}")
    );
    assert_eq!(list["links"]["next"], Value::Null);
    assert!(list.get("truncated").is_none());
    let link = "http://keystone.test/v3/regions/child1";
    assert_eq!(list["regions"][0]["links"]["self"], link);
    let all = app
        .get("/v3/regions")
        .token(&admin)
        .send()
        .await
        .expect(200)
        .json();
    assert_eq!(ids(&all).len(), 3);
    let head = app
        .head("/v3/regions")
        .token(&admin)
        .send()
        .await
        .expect(200);
    assert_eq!(head.body, "");
    for query in ["foo=1", "limit=x", "parent_region_id="] {
        let request = app.get(&format!("/v3/regions?{query}")).token(&admin);
        request.send().await.error(400);
    }
}

#[tokio::test]
async fn the_next_links_of_a_limited_list_lead_through_all_of_it() {
    let app = TestApp::with_config("[catalog]\nlist_limit = 2\n").await;
    let admin = app.admin().await;
    for id in ["R2", "R3", "R4"] {
        create(&app, &admin, json!({ "id": id })).await;
    }
    let mut path = "/v3/regions".to_owned();
    let mut seen: Vec<String> = Vec::new();
    loop {
        let list = app.get(&path).token(&admin).send().await.expect(200).json();
        seen.extend(ids(&list).into_iter().map(str::to_owned));
        let Some(next) = list["links"]["next"].as_str() else {
            break;
        };
        assert_eq!(list["truncated"], true);
        path = next.trim_start_matches("http://keystone.test").to_owned();
    }
    assert_eq!(seen.len(), 4);
    seen.sort();
    assert_eq!(seen, ["R2", "R3", "R4", "RegionOne"]);
}

#[tokio::test]
async fn a_change_replaces_the_given_members_only() {
    let app = TestApp::new().await;
    let admin = app.admin().await;
    let region = json!({ "id": "R2", "description": "d", "parent_region_id": "RegionOne" });
    create(&app, &admin, region).await;
    let patch = async |region: Value| {
        let request = app.patch("/v3/regions/R2", json!({ "region": region }));
        request.token(&admin).send().await
    };
    let region = patch(json!({ "id": "R2", "description": null }))
        .await
        .expect(200)
        .json();
    assert_eq!(region["region"]["description"], "");
    assert_eq!(region["region"]["parent_region_id"], "RegionOne");
    let region = patch(json!({ "parent_region_id": null }))
        .await
        .expect(200)
        .json();
    assert_eq!(region["region"]["parent_region_id"], Value::Null);
    patch(json!({ "id": "other", "description": "x" }))
        .await
        .error(400);
    patch(json!({})).await.error(400);
    patch(json!({ "parent_region_id": "nope" }))
        .await
        .error(404);
    let missing = json!({ "region": { "description": "x" } });
    app.patch("/v3/regions/nope", missing)
        .token(&admin)
        .send()
        .await
        .error(404);
}

#[tokio::test]
async fn a_region_can_not_stand_below_itself() {
    let app = TestApp::new().await;
    let admin = app.admin().await;
    create(&app, &admin, json!({ "id": "A" })).await;
    create(&app, &admin, json!({ "id": "B", "parent_region_id": "A" })).await;
    create(&app, &admin, json!({ "id": "C", "parent_region_id": "B" })).await;
    for parent in ["A", "B", "C"] {
        let body = json!({ "region": { "parent_region_id": parent } });
        app.patch("/v3/regions/A", body)
            .token(&admin)
            .send()
            .await
            .error(400);
    }
    let body = json!({ "region": { "parent_region_id": "A" } });
    app.patch("/v3/regions/C", body)
        .token(&admin)
        .send()
        .await
        .expect(200);
}

#[tokio::test]
async fn deleting_a_region_removes_those_below_unless_an_endpoint_stands_there() {
    let app = TestApp::new().await;
    let admin = app.admin().await;
    create(&app, &admin, json!({ "id": "A" })).await;
    create(&app, &admin, json!({ "id": "B", "parent_region_id": "A" })).await;
    create(&app, &admin, json!({ "id": "C", "parent_region_id": "B" })).await;
    let endpoint = json!({ "endpoint": {
        "service_id": app.seed.service_id, "interface": "public", "url": "http://x/", "region_id": "C"
    } });
    let answer = app
        .post("/v3/endpoints", endpoint)
        .token(&admin)
        .send()
        .await;
    let endpoint = answer.expect(201).json()["endpoint"]["id"].take();
    let delete = async |path: &str| app.delete(path).token(&admin).send().await;
    delete("/v3/regions/A").await.error(403);
    delete("/v3/regions/C").await.error(403);
    let endpoint = endpoint.as_str().expect("an id");
    delete(&format!("/v3/endpoints/{endpoint}"))
        .await
        .expect(204);
    delete("/v3/regions/A").await.expect(204);
    for id in ["A", "B", "C"] {
        let request = app.get(&format!("/v3/regions/{id}")).token(&admin);
        request.send().await.error(404);
    }
    delete("/v3/regions/A").await.error(404);
}

#[tokio::test]
async fn a_deleted_region_leaves_no_policy_association_behind() {
    let app = TestApp::new().await;
    let admin = app.admin().await;
    create(&app, &admin, json!({ "id": "R2" })).await;
    let associate = sql(
        "INSERT INTO policy_association (id, policy_id, service_id, region_id) \
         VALUES ('a', 'p', ?, 'R2')",
    );
    let mut session = app.app.db.session().await.expect("a session");
    session
        .execute(associate.bind(app.seed.service_id.as_str()))
        .await
        .expect("a row");
    app.delete("/v3/regions/R2")
        .token(&admin)
        .send()
        .await
        .expect(204);
    let count = sql("SELECT COUNT(*) AS rows_left FROM policy_association");
    let row = session.fetch_one(count).await.expect("a count");
    assert_eq!(row.int("rows_left").expect("a number"), 0);
}

#[tokio::test]
async fn everybody_with_a_token_sees_regions_and_only_admins_change_them() {
    let app = TestApp::new().await;
    let member = app.persona("mia", "member").await.token;
    for path in ["/v3/regions", "/v3/regions/RegionOne"] {
        app.get(path).token(&member).send().await.expect(200);
        app.get(path).send().await.error(401);
    }
    app.get("/v3/regions/nope")
        .token(&member)
        .send()
        .await
        .error(404);
    let body = json!({ "region": { "description": "x" } });
    app.post("/v3/regions", body.clone())
        .token(&member)
        .send()
        .await
        .error(403);
    app.post("/v3/regions", body.clone())
        .send()
        .await
        .error(401);
    let put = app.put("/v3/regions/R9").json(body.clone());
    put.token(&member).send().await.error(403);
    for path in ["/v3/regions/RegionOne", "/v3/regions/nope"] {
        app.patch(path, body.clone())
            .token(&member)
            .send()
            .await
            .error(403);
        app.patch(path, body.clone()).send().await.error(401);
        app.delete(path).token(&member).send().await.error(403);
        app.delete(path).send().await.error(401);
    }
}

#[tokio::test]
async fn a_malformed_body_is_refused_before_anybody_asks_who_sent_it() {
    let app = TestApp::new().await;
    let body = json!({ "region": { "id": 5 } });
    app.post("/v3/regions", body).send().await.error(400);
    app.get("/v3/regions?foo=1").send().await.error(400);
}

#[tokio::test]
async fn own_attributes_may_hold_any_character() {
    let app = TestApp::new().await;
    let admin = app.admin().await;
    let region = json!({ "region": { "id": "Zürich", "note": "Grüezi 😀 \u{1}\"\\" } });
    app.post("/v3/regions", region)
        .token(&admin)
        .send()
        .await
        .expect(201);
    let shown = app
        .get("/v3/regions/Z%C3%BCrich")
        .token(&admin)
        .send()
        .await;
    assert_eq!(
        shown.expect(200).json()["region"]["note"],
        "Grüezi 😀 \u{1}\"\\"
    );
}
