//! `/v3/endpoints`, and what tokens' catalogs show of them.

use crate::harness::TestApp;
use keystone::driver::sql::db::sql;
use serde_json::{Value, json};

/// An endpoint of the seeded service with these members besides.
fn endpoint(app: &TestApp, members: Value) -> Value {
    let mut endpoint = json!({
        "service_id": app.seed.service_id, "interface": "public", "url": "http://x/"
    });
    let map = endpoint.as_object_mut().expect("an object");
    map.extend(members.as_object().expect("an object").clone());
    json!({ "endpoint": endpoint })
}

async fn create(app: &TestApp, token: &str, members: Value) -> Value {
    let request = app.post("/v3/endpoints", endpoint(app, members));
    let answer = request.token(token).send().await.expect(201);
    answer.json()["endpoint"].take()
}

fn path_of(endpoint: &Value) -> String {
    format!("/v3/endpoints/{}", endpoint["id"].as_str().expect("an id"))
}

/// The URLs in the catalog of a freshly resolved token of the seeded admin.
async fn urls_in_catalog(app: &TestApp, token: &str) -> Vec<String> {
    let answer = app
        .get("/v3/auth/catalog")
        .token(token)
        .send()
        .await
        .expect(200)
        .json();
    let mut urls: Vec<String> = Vec::new();
    for service in answer["catalog"].as_array().expect("services") {
        for endpoint in service["endpoints"].as_array().expect("endpoints") {
            urls.push(endpoint["url"].as_str().expect("a url").to_owned());
        }
    }
    urls.sort();
    urls.dedup();
    urls
}

#[tokio::test]
async fn a_created_endpoint_is_answered_with_its_region_twice() {
    let app = TestApp::new().await;
    let admin = app.admin().await;
    let body = endpoint(
        &app,
        json!({ "url": "http://n/$(project_id)s", "region_id": "RegionOne" }),
    );
    let answer = app
        .post("/v3/endpoints", body)
        .token(&admin)
        .send()
        .await
        .expect(201);
    let created = answer.json();
    let id = created["endpoint"]["id"].as_str().expect("an id");
    let service = &app.seed.service_id;
    let expected = format!(
        concat!(
            r#"{{"endpoint":{{"id":"{id}","interface":"public","region_id":"RegionOne","#,
            r#""service_id":"{service}","url":"http://n/$(project_id)s","enabled":true,"#,
            r#""region":"RegionOne","links":{{"self":"http://keystone.test/v3/endpoints/{id}"}}}}}}"#,
            "\n"
        ),
        id = id,
        service = service
    );
    assert_eq!(answer.body, expected);
    let shown = app
        .get(&path_of(&created["endpoint"]))
        .token(&admin)
        .send()
        .await;
    assert_eq!(shown.expect(200).body, expected);
    let none = create(&app, &admin, json!({ "interface": "admin" })).await;
    assert_eq!(none["region_id"], Value::Null);
    assert_eq!(none["region"], Value::Null);
}

#[tokio::test]
async fn extra_members_come_first_and_ours_are_not_overridden() {
    let app = TestApp::new().await;
    let admin = app.admin().await;
    let members = json!({ "name": "nm", "foo-b": 3, "id": "mine", "legacy_endpoint_id": "x" });
    let endpoint = create(&app, &admin, members).await;
    let names: Vec<_> = endpoint.as_object().expect("an object").keys().collect();
    assert_eq!(names[..3], ["name", "foo_b", "id"]);
    assert_ne!(endpoint["id"], "mine");
    assert!(endpoint.get("legacy_endpoint_id").is_none());
}

#[tokio::test]
async fn the_older_member_region_makes_the_region_when_it_is_missing() {
    let app = TestApp::new().await;
    let admin = app.admin().await;
    let endpoint = create(&app, &admin, json!({ "region": "New" })).await;
    assert_eq!(endpoint["region_id"], "New");
    let region = app
        .get("/v3/regions/New")
        .token(&admin)
        .send()
        .await
        .expect(200)
        .json();
    assert_eq!(region["region"]["description"], "");
    let both = json!({ "region": "Other", "region_id": "RegionOne" });
    assert_eq!(create(&app, &admin, both).await["region"], "RegionOne");
    app.get("/v3/regions/Other")
        .token(&admin)
        .send()
        .await
        .error(404);
    let null = json!({ "region": "New", "region_id": null });
    assert_eq!(create(&app, &admin, null).await["region_id"], "New");
    let change = json!({ "endpoint": { "region": "Newer" } });
    let changed = app
        .patch(&path_of(&endpoint), change)
        .token(&admin)
        .send()
        .await;
    assert_eq!(changed.expect(200).json()["endpoint"]["region"], "Newer");
    app.get("/v3/regions/Newer")
        .token(&admin)
        .send()
        .await
        .expect(200);
}

#[tokio::test]
async fn a_failed_creation_leaves_no_region_behind() {
    let app = TestApp::new().await;
    let admin = app.admin().await;
    let body = endpoint(&app, json!({ "region": "New", "service_id": "nope" }));
    app.post("/v3/endpoints", body)
        .token(&admin)
        .send()
        .await
        .error(400);
    app.get("/v3/regions/New")
        .token(&admin)
        .send()
        .await
        .error(404);
}

#[tokio::test]
async fn references_templates_and_interfaces_are_checked_on_creation() {
    let app = TestApp::new().await;
    let admin = app.admin().await;
    for members in [
        json!({ "service_id": "nope" }),
        json!({ "region_id": "nope" }),
        json!({ "interface": "pub" }),
        json!({ "url": "no-scheme" }),
        json!({ "url": "http://n/$(password)s" }),
        json!({ "url": "http://n/%(project_id)d" }),
        json!({ "url": "http://n/$(project_id" }),
        json!({ "url": "http://n/%20" }),
        json!({ "region": "r".repeat(256) }),
    ] {
        let body = endpoint(&app, members);
        app.post("/v3/endpoints", body)
            .token(&admin)
            .send()
            .await
            .error(400);
    }
    for body in [json!({}), json!({ "endpoint": { "url": "http://n/" } })] {
        app.post("/v3/endpoints", body)
            .token(&admin)
            .send()
            .await
            .error(400);
    }
    for url in [
        "http://n/$",
        "http://n/%%",
        "http://n/$(compute_host)s",
        "http://n/%(tenant_id)s",
    ] {
        create(&app, &admin, json!({ "url": url })).await;
    }
}

#[tokio::test]
async fn a_change_replaces_the_given_members_only() {
    let app = TestApp::new().await;
    let admin = app.admin().await;
    let endpoint = create(
        &app,
        &admin,
        json!({ "region_id": "RegionOne", "name": "n" }),
    )
    .await;
    let path = path_of(&endpoint);
    let patch = async |members: Value| {
        let request = app.patch(&path, json!({ "endpoint": members }));
        request.token(&admin).send().await
    };
    let changed = patch(json!({ "url": "http://y/", "enabled": false, "region": null })).await;
    let changed = &changed.expect(200).json()["endpoint"];
    assert_eq!(changed["url"], "http://y/");
    assert_eq!(changed["enabled"], false);
    assert_eq!(changed["region_id"], "RegionOne");
    assert_eq!(changed["name"], "n");
    let changed = patch(json!({ "region_id": null, "description": null }))
        .await
        .expect(200)
        .json();
    assert_eq!(changed["endpoint"]["region"], Value::Null);
    assert_eq!(changed["endpoint"]["description"], Value::Null);
    for members in [
        json!({ "region_id": "nope" }),
        json!({ "service_id": "nope" }),
        json!({ "id": "nope" }),
        json!({}),
    ] {
        patch(members).await.error(400);
    }
    let body = json!({ "endpoint": { "url": "http://y/" } });
    app.patch("/v3/endpoints/nope", body)
        .token(&admin)
        .send()
        .await
        .error(404);
}

#[tokio::test]
async fn lists_are_filtered_and_paged() {
    let app = TestApp::new().await;
    let admin = app.admin().await;
    let service = json!({ "service": { "type": "x" } });
    let service = app.post("/v3/services", service).token(&admin).send().await;
    let service = service.expect(201).json()["service"]["id"].take();
    for interface in ["public", "admin"] {
        let members = json!({ "service_id": service, "interface": interface });
        create(&app, &admin, members).await;
    }
    let service = service.as_str().expect("an id");
    let count = async |query: &str| {
        let request = app.get(&format!("/v3/endpoints?{query}")).token(&admin);
        let list = request.send().await.expect(200).json();
        list["endpoints"].as_array().expect("a list").len()
    };
    assert_eq!(count("").await, 5);
    assert_eq!(count("interface=public").await, 2);
    assert_eq!(count(&format!("service_id={service}")).await, 2);
    assert_eq!(
        count(&format!("service_id={service}&interface=admin")).await,
        1
    );
    assert_eq!(count("region_id=RegionOne").await, 3);
    assert_eq!(count("region_id=").await, 0);
    assert_eq!(count("interface__contains=n").await, 3);
    app.get("/v3/endpoints?interface=pub")
        .token(&admin)
        .send()
        .await
        .error(400);
    let mut path = "/v3/endpoints?limit=2".to_owned();
    let mut pages = Vec::new();
    loop {
        let list = app.get(&path).token(&admin).send().await.expect(200).json();
        pages.push(list["endpoints"].as_array().expect("a list").len());
        let Some(next) = list["links"]["next"].as_str() else {
            break;
        };
        path = next.trim_start_matches("http://keystone.test").to_owned();
    }
    assert_eq!(pages, [2, 2, 1]);
}

#[tokio::test]
async fn only_admins_and_system_readers_see_endpoints() {
    let app = TestApp::new().await;
    let admin = app.admin().await;
    let member = app.persona("mia", "member").await.token;
    let path = path_of(&create(&app, &admin, json!({})).await);
    app.head(&path)
        .token(&app.system_admin().await)
        .send()
        .await
        .expect(200);
    for path in ["/v3/endpoints", &path, "/v3/endpoints/nope"] {
        app.get(path).token(&member).send().await.error(403);
        app.get(path).send().await.error(401);
    }
    let change = json!({ "endpoint": { "url": "http://y/" } });
    for path in [path.as_str(), "/v3/endpoints/nope"] {
        app.patch(path, change.clone())
            .token(&member)
            .send()
            .await
            .error(403);
        app.delete(path).token(&member).send().await.error(403);
        app.delete(path).send().await.error(401);
    }
    let body = endpoint(&app, json!({}));
    app.post("/v3/endpoints", body)
        .token(&member)
        .send()
        .await
        .error(403);
    app.delete(&path).token(&admin).send().await.expect(204);
    app.delete(&path).token(&admin).send().await.error(404);
}

#[tokio::test]
async fn a_change_is_in_the_catalog_of_known_tokens_at_once() {
    let app = TestApp::new().await;
    let admin = app.admin().await;
    let ours = "http://keystone.test/v3";
    assert_eq!(urls_in_catalog(&app, &admin).await, [ours]);
    let endpoint = create(&app, &admin, json!({ "url": "http://n/%(tenant_id)s" })).await;
    let filled = format!("http://n/{}", app.seed.project_id);
    assert_eq!(urls_in_catalog(&app, &admin).await, [ours, &filled]);
    let broken = json!({ "endpoint": { "url": "http://n/$(bad)s" } });
    app.patch(&path_of(&endpoint), broken)
        .token(&admin)
        .send()
        .await
        .expect(200);
    assert_eq!(urls_in_catalog(&app, &admin).await, [ours]);
    let off = json!({ "service": { "enabled": false } });
    let service = format!("/v3/services/{}", app.seed.service_id);
    app.patch(&service, off)
        .token(&admin)
        .send()
        .await
        .expect(200);
    assert!(urls_in_catalog(&app, &admin).await.is_empty());
}

#[tokio::test]
async fn a_project_with_associated_endpoints_sees_no_others() {
    let app = TestApp::new().await;
    let admin = app.admin().await;
    let endpoint = create(&app, &admin, json!({ "url": "http://n/" })).await;
    // Behind the server's back, as another process would do it; found when the caches are too old.
    let associate = sql("INSERT INTO project_endpoint (endpoint_id, project_id) VALUES (?, ?)")
        .bind(endpoint["id"].as_str())
        .bind(&app.seed.project_id);
    let mut session = app.app.db.session().await.expect("a session");
    session.execute(associate).await.expect("a row");
    app.wait(10);
    assert_eq!(urls_in_catalog(&app, &admin).await, ["http://n/"]);
    let other = app.persona("mia", "member").await.token;
    assert_eq!(urls_in_catalog(&app, &other).await.len(), 2);
    app.delete(&path_of(&endpoint))
        .token(&admin)
        .send()
        .await
        .expect(204);
    assert_eq!(
        urls_in_catalog(&app, &admin).await,
        ["http://keystone.test/v3"]
    );
}

#[tokio::test]
async fn an_endpoint_group_shows_a_project_what_matches_its_filters() {
    let app = TestApp::new().await;
    let mia = app.persona("mia", "member").await;
    let admin = app.admin().await;
    create(
        &app,
        &admin,
        json!({ "url": "http://n/", "interface": "internal" }),
    )
    .await;
    let mut session = app.app.db.session().await.expect("a session");
    let group = sql("INSERT INTO endpoint_group (id, name, filters) VALUES ('g', 'g', ?)")
        .bind(r#"{"interface": "internal", "region_id": "RegionOne"}"#);
    session.execute(group).await.expect("a row");
    let associate =
        sql("INSERT INTO project_endpoint_group (endpoint_group_id, project_id) VALUES ('g', ?)");
    session
        .execute(associate.bind(&mia.project_id))
        .await
        .expect("a row");
    app.wait(10);
    assert_eq!(
        urls_in_catalog(&app, &mia.token).await,
        ["http://keystone.test/v3"]
    );
    assert_eq!(urls_in_catalog(&app, &admin).await.len(), 2);
}

#[tokio::test]
async fn a_project_without_associations_may_be_shown_nothing() {
    let config = "[endpoint_filter]\nreturn_all_endpoints_if_no_filter = false\n";
    let app = TestApp::with_config(config).await;
    let admin = app.admin().await;
    assert!(urls_in_catalog(&app, &admin).await.is_empty());
}

#[tokio::test]
async fn tokens_resolved_one_after_the_other_read_the_catalog_once() {
    let app = TestApp::new().await;
    app.admin().await;
    let before = app.app.db.statements();
    app.admin().await;
    let warm = app.app.db.statements() - before;
    let admin = app.admin().await;
    create(&app, &admin, json!({})).await;
    let before = app.app.db.statements();
    app.admin().await;
    // The user, the project and the roles are as unsure as the catalog when one of them has changed.
    assert_eq!(app.app.db.statements() - before, warm + 4);
}

#[tokio::test]
async fn without_the_cache_rows_written_by_others_show_at_once() {
    let app = TestApp::with_config("[cache]\nenabled = false\n").await;
    let admin = app.admin().await;
    assert_eq!(urls_in_catalog(&app, &admin).await.len(), 1);
    let mut session = app.app.db.session().await.expect("a session");
    let change = sql("UPDATE endpoint SET url = 'http://moved/' WHERE interface = 'admin'");
    session.execute(change).await.expect("a row");
    assert_eq!(urls_in_catalog(&app, &admin).await.len(), 2);
}
