//! Revocation events, whoever recorded them, however many there are.

use crate::harness::TestApp;
use keystone::driver::sql::db::{Sql, sql};
use keystone::model::Timestamp;

impl TestApp {
    async fn execute(&self, statement: Sql) {
        let mut session = self.app.db.session().await.expect("a session");
        session.execute(statement).await.expect("a row");
    }

    /// An event that names a user, as another process writes it: our versions stay as they are.
    async fn foreign_event(&self, id: i64, user_id: &str, time: Timestamp) {
        let insert = sql(
            "INSERT INTO revocation_event (id, user_id, issued_before, revoked_at) \
             VALUES (?, ?, ?, ?)",
        );
        let insert = insert.bind(id).bind(user_id).bind(time).bind(time);
        self.execute(insert).await;
    }

    async fn status_of(&self, token: &str) -> u16 {
        self.get("/v3/auth/tokens")
            .token(token)
            .subject(token)
            .send()
            .await
            .status
    }

    fn now(&self) -> Timestamp {
        self.app.clock.now()
    }
}

#[tokio::test]
async fn an_event_that_was_committed_after_a_newer_one_is_noticed() {
    let app = TestApp::new().await;
    let token = app.admin().await;
    app.foreign_event(100, "somebody", app.now()).await;
    app.app.revoke().follow().await.expect("a look");
    assert_eq!(app.status_of(&token).await, 200);
    app.foreign_event(50, &app.seed.user_id, app.now()).await;
    app.app.revoke().follow().await.expect("a look");
    assert_eq!(app.status_of(&token).await, 401);
}

#[tokio::test]
async fn an_event_that_has_the_id_of_one_that_is_gone_is_noticed() {
    // Databases go on after the highest id that is left, which may be far below the one that was.
    for former in [1, 5000] {
        let app = TestApp::new().await;
        app.foreign_event(former, "somebody", app.now()).await;
        app.wait(10);
        let token = app.admin().await;
        app.app.revoke().follow().await.expect("a look");
        assert_eq!(app.status_of(&token).await, 200);
        app.execute(sql("DELETE FROM revocation_event")).await;
        app.foreign_event(1, &app.seed.user_id, app.now()).await;
        app.app.revoke().follow().await.expect("a look");
        assert_eq!(app.status_of(&token).await, 401);
    }
}

#[tokio::test]
async fn without_a_cache_an_event_is_noticed_at_the_next_request() {
    let app = TestApp::with_config("[cache]\nenabled = false\n").await;
    let token = app.admin().await;
    assert_eq!(app.status_of(&token).await, 200);
    app.foreign_event(7, &app.seed.user_id, app.now()).await;
    assert_eq!(app.status_of(&token).await, 401);
}

#[tokio::test]
async fn tokens_are_held_against_a_long_table_that_is_read_once() {
    let app = TestApp::new().await;
    let other = app.persona("alice", "member").await.token;
    let token = app.admin().await;
    const EVENTS: usize = 12_000;
    for batch in 0..EVENTS / 500 {
        let mut insert =
            sql("INSERT INTO revocation_event (audit_id, issued_before, revoked_at) VALUES ");
        for row in 0..500 {
            let comma = if row == 0 { "" } else { ", " };
            insert = insert
                .push(format!("{comma}('event-{batch}-{row}', ?, ?)"))
                .bind(app.now())
                .bind(app.now());
        }
        app.execute(insert).await;
    }
    app.foreign_event(90_000, &app.seed.user_id, app.now())
        .await;
    app.app.revoke().follow().await.expect("a look");
    assert_eq!(app.status_of(&token).await, 401);
    assert_eq!(app.status_of(&other).await, 200);
    let before = app.app.db.statements();
    assert_eq!(app.status_of(&other).await, 200);
    assert_eq!(app.app.db.statements(), before);
}

#[tokio::test]
async fn events_past_use_are_removed_and_others_stay() {
    let app = TestApp::new().await;
    app.foreign_event(1, "old", app.now()).await;
    // [token] expiration and [revoke] expiration_buffer.
    app.wait(3600 + 1800 + 1);
    app.foreign_event(2, "young", app.now()).await;
    assert_eq!(app.app.revoke().prune().await.expect("a removal"), 1);
    let mut session = app.app.db.session().await.expect("a session");
    let rows = session
        .fetch_all(sql("SELECT user_id FROM revocation_event"))
        .await
        .expect("rows");
    let left: Vec<_> = rows
        .iter()
        .map(|row| row.text("user_id").expect("text"))
        .collect();
    assert_eq!(left, ["young"]);
}
