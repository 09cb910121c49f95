//! What holds for every request: discovery, paths, methods, bodies, ids, links.

use crate::harness::{ADMIN_PASSWORD, RequestBuilder, TestApp, login_body};
use serde_json::{Value, json};

#[tokio::test]
async fn the_root_offers_versions_with_300_and_v3_describes_itself() {
    let app = TestApp::new().await;
    let root = app.get("/").send().await.expect(300);
    assert_eq!(root.header("location"), "http://keystone.test/v3/");
    let version = root.json()["versions"]["values"][0].clone();
    assert_eq!(version["id"], "v3.14");
    for path in ["/v3", "/v3/"] {
        let v3 = app.get(path).send().await.expect(200);
        assert_eq!(v3.json()["version"], version);
        assert_eq!(v3.header("content-type"), "application/json");
    }
    let head = app.head("/v3").send().await.expect(200);
    assert_eq!(head.body, "");
}

#[tokio::test]
async fn json_home_is_given_to_who_asks_for_it() {
    let app = TestApp::new().await;
    let home = app
        .get("/v3")
        .header("accept", "application/json-home")
        .send()
        .await
        .expect(200);
    assert_eq!(home.header("content-type"), "application/json-home");
    let resources = home.json()["resources"].as_object().unwrap().len();
    assert_eq!(resources, 121);
    app.get("/v3")
        .header("accept", "text/html")
        .send()
        .await
        .expect(200)
        .json()["version"]
        .as_object()
        .unwrap();
}

#[tokio::test]
async fn links_follow_the_request_and_its_proxy() {
    let app = TestApp::new().await;
    let link = |answer: Value| {
        answer["version"]["links"][0]["href"]
            .as_str()
            .unwrap()
            .to_owned()
    };
    let proto = app
        .get("/v3")
        .header("x-forwarded-proto", "https")
        .send()
        .await
        .json();
    assert_eq!(link(proto), "https://keystone.test/v3/");
    let host = app
        .get("/v3")
        .header("x-forwarded-host", "elsewhere")
        .send()
        .await
        .json();
    assert_eq!(link(host), "http://keystone.test/v3/");
    let app =
        TestApp::with_config("[oslo_middleware]\nenable_proxy_headers_parsing = true\n").await;
    let host = app
        .get("/v3")
        .header("x-forwarded-host", "elsewhere")
        .send()
        .await
        .json();
    assert_eq!(link(host), "http://elsewhere/v3/");
    let app = TestApp::with_config("[DEFAULT]\npublic_endpoint = https://cloud.test:5000\n").await;
    let fixed = app
        .get("/v3")
        .header("x-forwarded-proto", "http")
        .send()
        .await
        .json();
    assert_eq!(link(fixed), "https://cloud.test:5000/v3/");
}

#[tokio::test]
async fn the_admin_listener_may_have_an_endpoint_of_its_own_in_links() {
    let config = "[DEFAULT]\npublic_endpoint = https://cloud.test:5000\n\
                  admin_endpoint = https://admin.test:35357/\n";
    let app = TestApp::with_config(config).await;
    for (path, version) in [("/v3", "v3"), ("/v2.0", "v2.0")] {
        let link = async |request: RequestBuilder<'_>| {
            let document = request.send().await.expect(200).json();
            document["version"]["links"][0]["href"].clone()
        };
        assert_eq!(
            link(app.get(path)).await,
            format!("https://admin.test:35357/{version}/")
        );
        assert_eq!(
            link(app.get(path).public()).await,
            format!("https://cloud.test:5000/{version}/")
        );
    }
}

#[tokio::test]
async fn unknown_paths_are_404_and_wrong_methods_405_with_allow() {
    let app = TestApp::new().await;
    let unknown = app.get("/v3/nope").send().await.expect(404);
    assert!(unknown.header("content-type").starts_with("text/html"));
    let wrong = app.put("/v3/users").send().await.expect(405);
    assert!(wrong.json()["message"].is_string());
    let mut allowed: Vec<&str> = wrong.header("allow").split(',').map(str::trim).collect();
    allowed.sort_unstable();
    assert_eq!(allowed, ["GET", "HEAD", "OPTIONS", "POST"]);
    let options = app
        .request(axum::http::Method::OPTIONS, "/v3/users")
        .send()
        .await
        .expect(200);
    let mut allowed: Vec<&str> = options.header("allow").split(',').map(str::trim).collect();
    allowed.sort_unstable();
    assert_eq!(allowed, ["GET", "HEAD", "OPTIONS", "POST"]);
}

#[tokio::test]
async fn bodies_must_be_json_objects_of_bounded_size() {
    let app = TestApp::new().await;
    for (content_type, body) in [
        ("application/json", "{\"a\": "),
        ("application/json", "[]"),
        ("application/json", "\u{0}"),
        ("text/plain", "{}"),
    ] {
        let request = app.post("/v3/auth/tokens", json!({})).bytes(body);
        let request = if content_type == "text/plain" {
            app.request(axum::http::Method::POST, "/v3/auth/tokens")
                .header("content-type", content_type)
                .bytes(body)
        } else {
            request
        };
        request.send().await.error(400);
    }
    let deep = "[".repeat(50_000);
    app.post("/v3/auth/tokens", json!({}))
        .bytes(deep)
        .send()
        .await
        .error(400);
    let large = format!("{{\"a\": \"{}\"}}", "x".repeat(120_000));
    let refused = app
        .post("/v3/auth/tokens", json!({}))
        .bytes(large.clone())
        .send()
        .await
        .expect(413);
    assert!(refused.header("content-type").starts_with("text/plain"));
    let length = large.len().to_string();
    let declared = app
        .post("/v3/auth/tokens", json!({}))
        .header("content-length", &length)
        .bytes(large);
    let refused = declared.send().await.expect(413);
    assert!(refused.headers.get("x-openstack-request-id").is_none());
}

#[tokio::test]
async fn a_body_without_content_type_is_read_as_json() {
    let app = TestApp::new().await;
    let body = login_body("admin", ADMIN_PASSWORD, Value::Null).to_string();
    let request = app
        .request(axum::http::Method::POST, "/v3/auth/tokens")
        .bytes(body);
    request.send().await.expect(201);
}

#[tokio::test]
async fn every_answer_has_a_request_id_of_its_own() {
    let app = TestApp::new().await;
    let sent = "req-6ba7b810-9dad-11d1-80b4-00c04fd430c8";
    let first = app
        .get("/v3")
        .header("x-openstack-request-id", sent)
        .send()
        .await;
    let second = app.get("/v3").send().await;
    assert_ne!(first.header("x-openstack-request-id"), sent);
    assert_ne!(
        first.header("x-openstack-request-id"),
        second.header("x-openstack-request-id")
    );
}

#[tokio::test]
async fn the_admin_token_works_when_it_is_set_and_only_then() {
    let app = TestApp::with_config("[DEFAULT]\nadmin_token = s3cret\n").await;
    app.get("/v3/users")
        .token("s3cret")
        .send()
        .await
        .expect(200);
    app.get("/v3/users").token("s3cre").send().await.error(401);
    app.get("/v3/users").token("").send().await.error(401);
    let app = TestApp::new().await;
    app.get("/v3/users").token("s3cret").send().await.error(401);
    app.get("/v3/users").token("").send().await.error(401);
}

#[tokio::test]
async fn the_admin_token_is_of_no_domain() {
    let app = TestApp::with_config("[DEFAULT]\nadmin_token = s3cret\n").await;
    for kind in ["user", "group", "project"] {
        let path = format!("/v3/{kind}s");
        for (domain, status) in [(json!({}), 400), (json!({ "domain_id": "default" }), 201)] {
            let mut body = json!({ kind: domain });
            body[kind]["name"] = json!("new");
            let answer = app.post(&path, body).token("s3cret").send().await;
            assert_eq!(answer.status, status, "{kind}: {}", answer.body);
        }
    }
    let body = json!({ "project": { "name": "d", "is_domain": true } });
    let made = app.post("/v3/projects", body).token("s3cret").send().await;
    made.expect(201);
}

#[tokio::test]
async fn a_query_of_any_size_is_answered_or_refused() {
    let app = TestApp::new().await;
    let admin = app.admin().await;
    let times = |part: &str, count: usize| vec![part; count].join("&");
    let tags = |count: usize| vec!["t"; count].join(",");
    let underscores = |count: usize| "_".repeat(count);
    for (path, status) in [
        (format!("/v3/users?{}", times("name=a", 50)), 200),
        (format!("/v3/users?{}", times("name=a", 61)), 400),
        (
            format!("/v3/users?name__contains={}", underscores(8192)),
            200,
        ),
        (
            format!("/v3/users?name__contains={}", underscores(25_001)),
            400,
        ),
        (format!("/v3/projects?tags={}", tags(500)), 200),
        (format!("/v3/projects?tags-any={}", tags(500)), 200),
        (format!("/v3/projects?not-tags={}", tags(500)), 200),
        (format!("/v3/projects?not-tags-any={}", tags(500)), 200),
        (format!("/v3/projects?tags={}", tags(1000)), 400),
        (
            format!("/v3/projects?tags-any={0}&not-tags={0}", tags(300)),
            400,
        ),
        (format!("/v3/roles?{}", times("name__icontains=a", 50)), 200),
        (format!("/v3/groups?{}", times("name__contains=a", 51)), 400),
        (format!("/v2.0/users?{}", times("name=a", 51)), 400),
    ] {
        let answer = app.get(&path).token(&admin).send().await;
        let shown = path.chars().take(60).collect::<String>();
        assert_eq!(answer.status, status, "{shown}: {}", answer.body);
        if status == 400 {
            answer.error(400);
        }
    }
}

#[tokio::test]
async fn metrics_count_requests_by_route_and_status() {
    let app = TestApp::new().await;
    app.get("/v3/users").send().await.error(401);
    let metrics = app.get("/metrics").send().await.expect(200).body;
    let line = metrics
        .lines()
        .find(|line| line.starts_with("keystone_requests_total") && line.contains("/v3/users"))
        .expect("a counter");
    assert!(
        line.contains("status=\"401\"") && line.ends_with(" 1"),
        "{line}"
    );
    assert!(!metrics.contains("s3cret"));
}

#[tokio::test]
async fn a_node_that_is_taken_out_says_so_to_its_load_balancer() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("out");
    let config = format!("[healthcheck]\ndisable_by_file_path = {}\n", file.display());
    let app = TestApp::with_config(&config).await;
    app.get("/healthcheck").send().await.expect(200);
    std::fs::write(&file, "").unwrap();
    app.get("/healthcheck").send().await.expect(503);
}
