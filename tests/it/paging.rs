//! Every collection pages: the `next` links of its pages lead through all of it once, and end.
//!
//! The collections are those that `/openapi.json` gives a `marker`, on the scene of the policy tests.

use crate::harness::{Answer, TestApp};
use crate::rbac::scene::{Case, PolicyScene};
use keystone::api::openapi;
use serde_json::{Value, json};

/// Lists that the scene leaves shorter than two.
const SHORT: [&str; 3] = [
    "GET /v3/OS-REVOKE/events",
    "GET /v3/OS-TRUST/trusts/{trust_id}/roles",
    "GET /v3/users/{user_id}/OS-OAUTH1/access_tokens",
];

/// The list of something that the scene does not have: an access token takes three parties.
const NOWHERE: &str = "GET /v3/users/{user_id}/OS-OAUTH1/access_tokens/{access_token_id}/roles";

/// The collections' calls, and the keys of their elements.
fn collections() -> Vec<(String, String)> {
    let text = openapi::text("").expect("a description");
    let document: Value = serde_json::from_str(&text).expect("JSON");
    let mut found = Vec::new();
    for (path, operations) in document["paths"].as_object().expect("paths") {
        let get = &operations["get"];
        let parameters = get["parameters"].as_array();
        if parameters.is_some_and(|all| all.iter().any(|it| it["name"] == "marker")) {
            let schema = &get["responses"]["200"]["content"]["application/json"]["schema"];
            let key = schema["required"][0].as_str().expect("a key");
            found.push((format!("GET {path}"), key.to_owned()));
            found.retain(|(call, _)| call != NOWHERE);
        }
    }
    assert!(found.len() > 20);
    found
}

/// Whose lists are asked for: what one can reach, or has, is asked by somebody who has something.
fn reader(call: &str) -> &'static str {
    let own = [
        "/access_rules",
        "/OS-FEDERATION/domains",
        "/OS-FEDERATION/projects",
    ];
    if call.contains("/auth/") || own.iter().any(|end| call.ends_with(end)) {
        "self"
    } else {
        "root"
    }
}

struct Walk {
    items: Vec<Value>,
    pages: usize,
}

/// Follows `next` from a first page to the last, whose pages have at most `limit` elements.
async fn walk(scene: &PolicyScene, case: &Case, key: &str, limit: usize) -> Walk {
    let caller = reader(&case.call);
    let mut walk = Walk {
        items: Vec::new(),
        pages: 0,
    };
    let mut answer = scene.ask(case, axum::http::Method::GET, caller).await;
    loop {
        let page = answer.expect(200).json();
        let items = page[key].as_array().expect("elements").clone();
        assert!(items.len() <= limit, "{}: {page}", case.call);
        walk.items.extend(items);
        walk.pages += 1;
        assert!(walk.pages < 100, "{} does not end", case.call);
        assert_eq!(page["links"]["previous"], Value::Null);
        let Some(next) = page["links"]["next"].as_str() else {
            assert_eq!(page.get("truncated"), None, "{}", case.call);
            return walk;
        };
        assert_eq!(page["truncated"], true, "{}", case.call);
        let path = next
            .strip_prefix("http://keystone.test")
            .expect("a link here");
        answer = scene.get(path, caller).await;
    }
}

#[tokio::test]
async fn next_links_lead_through_every_collection_once() {
    let scene = PolicyScene::new().await;
    for (call, key) in collections() {
        let Some(mut case) = scene.first_case(&call) else {
            panic!("{call} has no case in rbac.py");
        };
        let whole = walk(&scene, &case, &key, usize::MAX).await;
        assert_eq!(whole.pages, 1, "{call}");
        let count = whole.items.len();
        if count < 2 {
            assert!(
                SHORT.contains(&call.as_str()),
                "{call}: the scene has {count}"
            );
            continue;
        }
        let query = case.query.clone();
        let mut ask = async |limit: usize| {
            case.query = format!("{query}&limit={limit}");
            walk(&scene, &case, &key, limit).await
        };
        let mut sorted: Vec<String> = whole.items.iter().map(Value::to_string).collect();
        sorted.sort();
        for (limit, pages) in [(1, count), (count - 1, 2), (count, 1), (count + 1, 1)] {
            let walked = ask(limit).await;
            // Two pages of one and one are the first case already.
            assert_eq!(
                walked.pages,
                pages.max(count.div_ceil(limit)),
                "{call} by {limit}"
            );
            let mut items: Vec<String> = walked.items.iter().map(Value::to_string).collect();
            assert_eq!(
                items,
                ask(limit)
                    .await
                    .items
                    .iter()
                    .map(Value::to_string)
                    .collect::<Vec<_>>()
            );
            items.sort();
            assert_eq!(items, sorted, "{call} by {limit}");
        }
    }
}

#[tokio::test]
async fn a_bad_limit_is_refused_and_an_unknown_marker_breaks_no_collection() {
    let scene = PolicyScene::new().await;
    for (call, _) in collections() {
        let mut case = scene.first_case(&call).expect("a case");
        if SHORT.contains(&call.as_str()) {
            continue;
        }
        let query = case.query.clone();
        // Lists that the database pages go on after any marker; the others miss theirs.
        let cases: [(&str, &[u16]); 3] = [
            ("limit=x", &[400]),
            ("limit=-1", &[400]),
            ("marker=nobody", &[200, 404]),
        ];
        for (page, statuses) in cases {
            case.query = format!("{query}&{page}");
            let answer: Answer = scene
                .ask(&case, axum::http::Method::GET, reader(&call))
                .await;
            let (status, body) = (answer.status, &answer.body);
            assert!(statuses.contains(&status), "{call} {page}: {status} {body}");
        }
    }
}

/// The collections that `list_limit` cuts, when they are served.
const LIMITED: [&str; 10] = [
    "users",
    "groups",
    "domains",
    "projects",
    "roles",
    "regions",
    "services",
    "endpoints",
    "policies",
    "credentials",
];

#[tokio::test]
async fn list_limit_cuts_what_the_client_did_not_limit() {
    let scene = PolicyScene::with_config("[DEFAULT]\nlist_limit = 1\n").await;
    for name in LIMITED {
        let Some(case) = scene.first_case(&format!("GET /v3/{name}")) else {
            continue;
        };
        assert!(walk(&scene, &case, name, 1).await.pages > 1, "{name}");
        let mut larger = case.clone();
        larger.query = "limit=2".to_owned();
        assert!(
            walk(&scene, &larger, name, 2).await.items.len() >= 2,
            "{name}"
        );
    }
}

#[tokio::test]
async fn links_of_pages_start_with_the_public_endpoint() {
    let config = "[DEFAULT]\npublic_endpoint = https://id.example/identity\n";
    let app = TestApp::with_config(config).await;
    let admin = app.admin().await;
    let page = app.get("/v3/roles?limit=1&name__contains=e").token(&admin);
    let links = page.send().await.expect(200).json()["links"].clone();
    let base = "https://id.example/identity/v3/roles?";
    assert_eq!(
        links["self"],
        json!(format!("{base}limit=1&name__contains=e"))
    );
    let next = links["next"].as_str().expect("a next page");
    assert!(
        next.starts_with(base) && next.contains("name__contains=e"),
        "{next}"
    );
    let rest = next
        .strip_prefix("https://id.example/identity")
        .expect("a link here");
    let second = app.get(rest).token(&admin).send().await.expect(200).json();
    assert_eq!(second["roles"].as_array().map(Vec::len), Some(1));
}
