//! `token_flush`: what goes, what stays, and what operators see.

use super::harness::{Home, said};
use crate::harness::db::TestDb;
use keystone::driver::sql::db::{Db, sql};
use keystone::driver::sql::flush::{Flush, REVOCATION_EVENTS, TOKENS};
use keystone::model::{RevocationEvent, Timestamp};
use std::process::{Child, Command, Output, Stdio};
use std::time::Duration;

fn home(db: &TestDb, more: &str) -> Home {
    let home = Home::new();
    home.config(&db.sqlalchemy_url(), more);
    home
}

/// A moment that has passed.
fn noon() -> Timestamp {
    Timestamp::parse("2026-01-01T12:00:00Z").expect("a time")
}

/// Tokens that expire one second after the other, the last of them at a time.
async fn plant(db: &Db, prefix: &str, count: i64, last: Timestamp, valid: bool) {
    db.transaction(|s| {
        Box::pin(async move {
            for index in 0..count {
                let statement =
                    sql("INSERT INTO token (id, expires, extra, valid) VALUES (?, ?, '{}', ?)")
                        .bind(format!("{prefix}{index:06}"))
                        .bind(last.plus_seconds(index + 1 - count))
                        .bind(valid);
                s.execute(statement).await?;
            }
            Ok(())
        })
    })
    .await
    .expect("tokens");
}

async fn left(db: &Db) -> i64 {
    let mut session = db.session().await.expect("a session");
    let query = sql("SELECT COUNT(*) AS tokens FROM token");
    let row = session.fetch_one(query).await.expect("a row");
    row.int("tokens").expect("a number")
}

#[tokio::test]
async fn token_flush_removes_what_expired_valid_or_not_and_nothing_else() {
    let db = TestDb::synced().await;
    let home = home(&db, "");
    plant(&db.db, "valid", 30, noon(), true).await;
    plant(&db.db, "revoked", 30, noon(), false).await;
    plant(&db.db, "live", 10, noon().plus_seconds(100), true).await;
    let before = ["--before", "2026-01-01T12:00:00Z"];
    let flush = |more: &[&str]| home.manage(&[&["token_flush"], &before[..], more].concat());

    let output = flush(&["--dry-run"]);
    assert_eq!(output.status.code(), Some(0), "{}", said(&output));
    assert!(String::from_utf8_lossy(&output.stdout).starts_with("60 tokens"));
    assert_eq!(left(&db.db).await, 70);

    let output = flush(&["--batch-size", "7"]);
    assert_eq!(output.status.code(), Some(0), "{}", said(&output));
    let line = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(line.starts_with("60 tokens removed"), "{line}");
    assert!(line.contains(" 9 batches"), "{line}");
    assert_eq!(line.lines().count(), 1);
    assert_eq!(left(&db.db).await, 10);

    let output = flush(&[]);
    assert_eq!(output.status.code(), Some(0), "{}", said(&output));
}

#[tokio::test]
async fn token_flush_spares_tokens_that_services_may_still_validate() {
    let db = TestDb::synced().await;
    let window = home(&db, "[token]\nallow_expired_window = 1000000000\n");
    plant(&db.db, "a", 3, noon(), true).await;
    assert!(window.manage(&["token_flush"]).status.success());
    assert_eq!(left(&db.db).await, 3);
    let none = home(&db, "[token]\nallow_expired_window = 0\n");
    assert!(none.manage(&["token_flush"]).status.success());
    assert_eq!(left(&db.db).await, 0);
}

#[tokio::test]
async fn two_flushes_at_once_remove_each_row_once() {
    let db = TestDb::synced().await;
    plant(&db.db, "a", 500, noon(), true).await;
    let other = db.second_pool().await;
    let (one, two) = tokio::join!(
        Flush::new(&db.db, TOKENS, noon()).at_most(20).finish(),
        Flush::new(&other, TOKENS, noon()).at_most(30).finish(),
    );
    let removed = one.expect("a flush") + two.expect("a flush");
    assert_eq!(removed, 500);
    assert_eq!(left(&db.db).await, 0);
    other.close().await;
}

/// Starts `token_flush` of everything up to noon, one token at a time so that it takes a while.
fn start(home: &Home) -> Child {
    let words = [
        "token_flush",
        "--before",
        "2026-01-01T12:00:00Z",
        "--batch-size",
        "1",
    ];
    let mut command = home.manage_command(&words);
    let command = command.stdout(Stdio::piped()).stderr(Stdio::piped());
    command.spawn().expect("keystone-manage starts")
}

/// How many tokens a flush says that it removed.
fn removed(output: &Output) -> i64 {
    let line = String::from_utf8_lossy(&output.stdout).into_owned();
    let line = line.strip_prefix("interrupted: ").unwrap_or(&line);
    let number = line.split_once(" tokens removed").map(|(number, _)| number);
    let number = number.unwrap_or_else(|| panic!("{}", said(output)));
    number.parse().expect("a number")
}

#[tokio::test]
async fn two_commands_at_once_share_the_work() {
    let db = TestDb::synced().await;
    let home = home(&db, "");
    plant(&db.db, "a", 300, noon(), true).await;
    let flushes = [start(&home), start(&home)];
    let outputs = flushes.map(|flush| flush.wait_with_output().expect("an end"));
    for output in &outputs {
        assert_eq!(output.status.code(), Some(0), "{}", said(output));
    }
    assert_eq!(outputs.iter().map(removed).sum::<i64>(), 300);
    assert_eq!(left(&db.db).await, 0);
}

#[tokio::test]
async fn an_interrupted_flush_says_how_far_it_came_and_can_be_run_again() {
    const TOKENS: i64 = 3000;
    for signal in ["INT", "TERM"] {
        let db = TestDb::synced().await;
        let home = home(&db, "");
        plant(&db.db, "a", TOKENS, noon(), true).await;
        let flush = start(&home);
        while left(&db.db).await == TOKENS {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        let pid = flush.id().to_string();
        let kill = Command::new("kill").args(["-s", signal, &pid]).status();
        assert!(kill.expect("kill runs").success());
        let output = flush.wait_with_output().expect("an end");
        assert_eq!(output.status.code(), Some(1), "{}", said(&output));
        let line = String::from_utf8_lossy(&output.stdout);
        assert!(line.starts_with("interrupted: "), "{line}");
        let rest = left(&db.db).await;
        assert!(rest > 0, "it was too quick to be interrupted");
        assert_eq!(removed(&output) + rest, TOKENS);
        let output = home.manage(&["token_flush", "--before", "2026-01-01T12:00:00Z"]);
        assert_eq!(output.status.code(), Some(0), "{}", said(&output));
        assert_eq!(removed(&output), rest);
    }
}

#[tokio::test]
async fn a_flush_that_was_cut_off_goes_on_where_it_stopped() {
    let db = TestDb::synced().await;
    // All at one moment: the walk must not stop in the middle of it, nor skip any.
    for index in 0..5 {
        plant(&db.db, &format!("{index}-"), 20, noon(), true).await;
    }
    let mut first = Flush::new(&db.db, TOKENS, noon()).at_most(13);
    for _ in 0..3 {
        let batch = first.next().await.expect("a batch").expect("rows");
        // Fewer after one that took long.
        assert!((10..=13).contains(&batch.deleted), "{batch:?}");
    }
    let rest = 100 - first.flushed().deleted;
    drop(first);
    assert_eq!(left(&db.db).await, i64::try_from(rest).expect("a few"));
    let second = Flush::new(&db.db, TOKENS, noon())
        .at_most(13)
        .finish()
        .await;
    assert_eq!(second.expect("the rest"), rest);
}

#[tokio::test]
async fn revocation_events_past_use_go_by_the_same_engine() {
    let db = TestDb::synced().await;
    db.db
        .transaction(|s| {
            Box::pin(async move {
                for seconds in 0..50 {
                    let event = RevocationEvent::at(noon().plus_seconds(seconds));
                    keystone::driver::sql::revoke::insert(s, &event).await?;
                }
                Ok(())
            })
        })
        .await
        .expect("events");
    let flush = Flush::new(&db.db, REVOCATION_EVENTS, noon().plus_seconds(39)).at_most(11);
    assert_eq!(flush.finish().await.expect("a flush"), 40);
    let mut session = db.db.session().await.expect("a session");
    let left = REVOCATION_EVENTS.count(&mut session, noon().plus_seconds(100));
    assert_eq!(left.await.expect("a number"), 10);
}

#[test]
fn token_flush_says_no_where_nothing_is_to_be_flushed() {
    for driver in ["memcache", "kvs", "redis"] {
        let home = Home::new();
        home.config("sqlite://", &format!("[token]\ndriver = {driver}\n"));
        let output = home.manage(&["token_flush"]);
        assert_eq!(output.status.code(), Some(1), "{}", said(&output));
    }
    let home = Home::new();
    home.config("sqlite://", "");
    for words in [
        &["token_flush", "--batch-size", "0"][..],
        &["token_flush", "--before", "yesterday"],
    ] {
        let output = home.manage(words);
        assert_eq!(output.status.code(), Some(1), "{}", said(&output));
    }
}
