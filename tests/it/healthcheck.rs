//! `/healthcheck`: in which forms it answers, and to whom.

use crate::harness::TestApp;
use serde_json::json;

fn config(options: &str) -> String {
    format!("[healthcheck]\n{options}\n")
}

#[tokio::test]
async fn a_healthy_node_answers_200_and_204_to_head() {
    let app = TestApp::new().await;
    let answer = app.get("/healthcheck").send().await.expect(200);
    assert_eq!(answer.body, "");
    assert_eq!(answer.header("content-type"), "text/plain; charset=UTF-8");
    app.head("/healthcheck").send().await.expect(204);
}

#[tokio::test]
async fn the_answer_has_the_form_that_the_client_wants() {
    let options = config("backends = disable_by_file\ndisable_by_file_path = /nowhere/at/all");
    let app = TestApp::with_config(&options).await;
    let get = async |accept: &str| {
        let request = app.get("/healthcheck").header("accept", accept);
        request.send().await.expect(200)
    };
    assert_eq!(get("text/plain").await.body, "OK");
    assert_eq!(get("*/*").await.body, "OK");
    let answer = get("application/json").await;
    assert_eq!(
        answer.json(),
        json!({ "detailed": false, "reasons": ["OK"] })
    );
    let answer = get("image/png, text/html;q=0.9").await;
    assert_eq!(answer.header("content-type"), "text/html; charset=UTF-8");
    assert!(!answer.body.contains("/nowhere"));
}

#[tokio::test]
async fn details_are_told_when_the_operator_wants_that() {
    let options = "detailed = true\nbackends = disable_by_file,enable_by_files\n\
        enable_by_file_paths = /nowhere/at/all";
    let app = TestApp::with_config(&config(options)).await;
    let request = app.get("/healthcheck").header("accept", "application/json");
    let report = request.send().await.expect(503).json();
    assert_eq!(report["detailed"], true);
    assert_eq!(report["now"], "2026-01-01 00:00:00.000000");
    assert_eq!(report["reasons"][0]["class"], "DisableByFileHealthcheck");
    assert_eq!(
        report["reasons"][1],
        json!({
            "class": "EnableByFilesHealthcheck",
            "reason": "FILE PATH MISSING",
            "details": "File path /nowhere/at/all is missing",
        })
    );
    let request = app.get("/healthcheck").header("accept", "text/html");
    let page = request.send().await.expect(503).body;
    assert!(page.contains("File path /nowhere/at/all is missing"));
    app.head("/healthcheck").send().await.expect(503);
}

#[tokio::test]
async fn those_who_may_not_look_find_no_such_page() {
    // Tests come from no address at all.
    let app = TestApp::with_config(&config("allowed_source_ranges = 10.0.0.0/8")).await;
    app.get("/healthcheck").send().await.expect(404);
    let app = TestApp::with_config(&config("ignore_proxied_requests = true")).await;
    app.get("/healthcheck").send().await.expect(200);
    let proxied = app
        .get("/healthcheck")
        .header("x-forwarded-for", "10.1.1.1");
    proxied.send().await.expect(404);
}
