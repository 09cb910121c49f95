//! `[cors]`: what web pages from other origins are told.

use crate::harness::{Answer, TestApp};
use axum::http::Method;

const ORIGIN: &str = "https://dashboard.test";

async fn app() -> TestApp {
    TestApp::with_config(&format!(
        "[cors]\nallowed_origin = {ORIGIN},https://other.test\n"
    ))
    .await
}

async fn preflight(app: &TestApp, headers: &[(&str, &str)]) -> Answer {
    let mut request = app.request(Method::OPTIONS, "/v3/users");
    for (name, value) in headers {
        request = request.header(name, value);
    }
    request.send().await
}

fn permission<'a>(answer: &'a Answer, what: &str) -> Option<&'a str> {
    let value = answer.headers.get(format!("access-control-{what}"))?;
    Some(value.to_str().expect("text"))
}

#[tokio::test]
async fn pages_of_a_permitted_origin_may_read_answers() {
    let app = app().await;
    let answer = app.get("/v3").header("origin", ORIGIN).send().await;
    assert_eq!(permission(&answer, "allow-origin"), Some(ORIGIN));
    assert_eq!(permission(&answer, "allow-credentials"), Some("true"));
    assert_eq!(
        permission(&answer, "expose-headers"),
        Some("X-Auth-Token,X-Openstack-Request-Id,X-Subject-Token,Openstack-Auth-Receipt")
    );
    let vary: Vec<_> = answer.headers.get_all("vary").iter().collect();
    assert_eq!(vary, ["X-Auth-Token", "Origin"]);
    // Failures too, or the page could not tell what went wrong.
    let answer = app.get("/v3/users").header("origin", ORIGIN).send().await;
    answer.error(401);
    assert_eq!(permission(&answer, "allow-origin"), Some(ORIGIN));
}

#[tokio::test]
async fn other_origins_and_none_are_told_nothing() {
    let app = app().await;
    for origin in [
        "https://evil.test",
        "https://DASHBOARD.test",
        "https://dashboard.test.evil.test",
        "null",
        "",
    ] {
        let answer = app.get("/v3").header("origin", origin).send().await;
        assert_eq!(permission(&answer, "allow-origin"), None, "{origin}");
    }
    let answer = app.get("/v3").send().await;
    assert_eq!(permission(&answer, "allow-origin"), None);
    let closed = TestApp::new().await;
    let answer = closed.get("/v3").header("origin", ORIGIN).send().await;
    assert_eq!(permission(&answer, "allow-origin"), None);
}

#[tokio::test]
async fn a_page_may_ask_before_it_sends() {
    let app = app().await;
    let wanted = "X-Auth-Token, content-type";
    let answer = preflight(
        &app,
        &[
            ("origin", ORIGIN),
            ("access-control-request-method", "PATCH"),
            ("access-control-request-headers", wanted),
        ],
    )
    .await
    .expect(200);
    assert_eq!(permission(&answer, "allow-origin"), Some(ORIGIN));
    assert_eq!(permission(&answer, "allow-methods"), Some("PATCH"));
    assert_eq!(
        permission(&answer, "allow-headers"),
        Some("X-Auth-Token,content-type")
    );
    assert_eq!(permission(&answer, "max-age"), Some("3600"));
    assert_eq!(permission(&answer, "expose-headers"), None);
}

#[tokio::test]
async fn what_a_page_may_not_do_gets_no_permission() {
    let app = app().await;
    let method = ("access-control-request-method", "GET");
    for headers in [
        &[("origin", ORIGIN)][..],
        &[method],
        &[("origin", "https://evil.test"), method],
        &[
            ("origin", ORIGIN),
            ("access-control-request-method", "TRACE"),
        ],
        &[
            ("origin", ORIGIN),
            method,
            ("access-control-request-headers", "x-secret"),
        ],
    ] {
        let answer = preflight(&app, headers).await.expect(200);
        assert_eq!(permission(&answer, "allow-origin"), None, "{headers:?}");
        assert_eq!(permission(&answer, "allow-methods"), None, "{headers:?}");
    }
}

#[tokio::test]
async fn a_star_permits_every_origin() {
    let config = "[cors]\nallowed_origin = *\nallow_credentials = false\n";
    let app = TestApp::with_config(config).await;
    let answer = app.get("/v3").header("origin", ORIGIN).send().await;
    assert_eq!(permission(&answer, "allow-origin"), Some("*"));
    assert_eq!(permission(&answer, "allow-credentials"), None);
}
