//! What requests cost in round trips to the database. Every statement counts, `BEGIN` and `COMMIT` too.

mod hot_routes;

use crate::harness::{Answer, TestApp, signing};
use serde_json::json;

/// The answer, and how many statements it took.
async fn counted(app: &TestApp, request: impl Future<Output = Answer>) -> (Answer, u64) {
    let before = app.app.db.statements();
    let answer = request.await;
    (answer, app.app.db.statements() - before)
}

fn validation<'a>(
    app: &'a TestApp,
    bearer: &'a str,
    subject: &'a str,
) -> impl Future<Output = Answer> + 'a {
    app.get("/v3/auth/tokens")
        .token(bearer)
        .subject(subject)
        .send()
}

#[tokio::test]
async fn a_validated_token_is_validated_again_without_the_database() {
    let app = TestApp::new().await;
    let token = app.admin().await;
    validation(&app, &token, &token).await.expect(200);
    for _ in 0..2 {
        let (answer, statements) = counted(&app, validation(&app, &token, &token)).await;
        answer.expect(200);
        assert_eq!(statements, 0);
    }
}

#[tokio::test]
async fn a_cold_validation_takes_four_statements() {
    let app = TestApp::new().await;
    let bearer = app.admin().await;
    let subject = app.persona("alice", "member").await.token;
    app.app.tokens.clear();
    validation(&app, &bearer, &bearer).await.expect(200);
    // Nothing is known of the subject, and what was known of the catalog is too old.
    app.wait(4);
    let (answer, statements) = counted(&app, validation(&app, &bearer, &subject)).await;
    answer.expect(200);
    // Its user, its project, its roles, the catalog.
    assert_eq!(statements, 4);
}

#[tokio::test]
async fn another_token_of_the_same_user_for_the_same_project_is_validated_from_memory() {
    let app = TestApp::new().await;
    let first = app.admin().await;
    validation(&app, &first, &first).await.expect(200);
    let rescoping = json!({ "auth": {
        "identity": { "methods": ["token"], "token": { "id": first } },
        "scope": { "project": { "id": app.seed.project_id } },
    }});
    let mut others = Vec::new();
    for _ in 0..2 {
        let answer = app.post("/v3/auth/tokens", rescoping.clone()).send().await;
        others.push(answer.expect(201).header("x-subject-token").to_owned());
    }
    for other in &others {
        let (answer, statements) = counted(&app, validation(&app, &first, other)).await;
        answer.expect(200);
        assert_eq!(statements, 0);
    }
    // What is believed for a while is then read once for all of them.
    app.wait(6);
    validation(&app, &first, &first).await.expect(200);
    validation(&app, &first, &others[0]).await.expect(200);
    let (answer, statements) = counted(&app, validation(&app, &first, &others[1])).await;
    answer.expect(200);
    assert_eq!(statements, 0);
}

#[tokio::test]
async fn a_revocation_makes_tokens_look_at_new_events_once() {
    let app = TestApp::new().await;
    let alice = app.persona("alice", "member").await.token;
    let bob = app.persona("bob", "member").await.token;
    let admin = app.admin().await;
    for token in [&alice, &bob] {
        validation(&app, &admin, token).await.expect(200);
    }
    app.delete("/v3/auth/tokens")
        .token(&admin)
        .subject(&alice)
        .send()
        .await
        .expect(204);
    validation(&app, &admin, &alice).await.expect(404);
    // All events were read for the bearer's sake already.
    let (answer, statements) = counted(&app, validation(&app, &admin, &bob)).await;
    answer.expect(200);
    assert_eq!(statements, 0);
}

/// How many statements a rescoping takes that finds everything else in memory.
async fn statements_of_an_issue(config: &str) -> u64 {
    let app = TestApp::with_config(config).await;
    let first = app.admin().await;
    let rescoping = json!({ "auth": {
        "identity": { "methods": ["token"], "token": { "id": first } },
        "scope": { "project": { "id": app.seed.project_id } },
    }});
    let request = || app.post("/v3/auth/tokens", rescoping.clone()).send();
    request().await.expect(201);
    let (answer, statements) = counted(&app, request()).await;
    answer.expect(201);
    statements
}

#[tokio::test]
async fn a_token_that_is_kept_in_the_database_takes_one_statement_more_than_one_that_is_not() {
    let fernet = statements_of_an_issue(&signing::config("fernet")).await;
    for format in ["uuid", "pki", "pkiz"] {
        let kept = statements_of_an_issue(&signing::config(format)).await;
        assert_eq!(kept, fernet + 1, "{format}");
    }
    // Elsewhere it takes none.
    let config = signing::config("uuid") + "driver = memory\n";
    assert_eq!(statements_of_an_issue(&config).await, fernet);
}

#[tokio::test]
async fn a_list_of_users_takes_as_many_statements_as_a_short_one() {
    let app = TestApp::new().await;
    let token = app.admin().await;
    let few = counted(&app, app.get("/v3/users").token(&token).send())
        .await
        .1;
    for number in 0..10 {
        let body =
            json!({ "user": { "name": format!("user-{number}"), "email": "u@example.org" } });
        app.post("/v3/users", body)
            .token(&token)
            .send()
            .await
            .expect(201);
    }
    app.get("/v3/users").token(&token).send().await.expect(200);
    let (answer, statements) = counted(&app, app.get("/v3/users").token(&token).send()).await;
    assert_eq!(
        answer.expect(200).json()["users"].as_array().map(Vec::len),
        Some(11)
    );
    assert!(statements <= few, "{statements} against {few}");
}

#[tokio::test]
async fn a_user_takes_a_second_statement_only_for_options_and_links() {
    let app = TestApp::new().await;
    let token = app.admin().await;
    let body = json!({ "user": { "name": "plain" } });
    let made = app.post("/v3/users", body).token(&token).send().await;
    let id = made.expect(201).json()["user"]["id"]
        .as_str()
        .map(str::to_owned);
    let path = format!("/v3/users/{}", id.expect("an id"));
    app.get(&path).token(&token).send().await.expect(200);
    let (answer, statements) = counted(&app, app.get(&path).token(&token).send()).await;
    assert_eq!(answer.expect(200).json()["user"]["options"], json!({}));
    assert_eq!(statements, 1);

    let options = json!({ "ignore_password_expiry": true });
    let body = json!({ "user": { "options": options } });
    let changed = app.patch(&path, body).token(&token).send().await;
    changed.expect(200);
    app.get(&path).token(&token).send().await.expect(200);
    let (answer, statements) = counted(&app, app.get(&path).token(&token).send()).await;
    assert_eq!(answer.expect(200).json()["user"]["options"], options);
    assert_eq!(statements, 2);
}
