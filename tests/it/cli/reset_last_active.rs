//! `keystone-manage reset_last_active`.

use super::harness::{Home, said};
use crate::harness::Seed;
use crate::harness::db::TestDb;
use keystone::driver::sql::db::{Db, sql};
use keystone::model::Timestamp;
use std::io::Write as _;
use std::process::{Output, Stdio};

/// A database in which one user has been active, on this day, and another never.
async fn home() -> (Home, TestDb) {
    let db = TestDb::synced().await;
    let now = Timestamp::parse("2026-01-01T00:00:00Z").expect("a time");
    Seed::plant(&db.db, now).await;
    for statement in [
        r#"UPDATE "user" SET last_active_at = NULL"#,
        "INSERT INTO \"user\" (id, domain_id, enabled, last_active_at) \
         VALUES ('active', 'default', ?, '2020-02-03')",
    ] {
        let statement = match statement.contains('?') {
            true => sql(statement).bind(true),
            false => sql(statement),
        };
        db.db.execute(statement).await.expect("a statement");
    }
    let home = Home::new();
    home.config(&db.sqlalchemy_url(), "");
    (home, db)
}

/// The days of the users' last activity; `-` is none.
async fn days(db: &Db) -> Vec<String> {
    let mut session = db.session().await.expect("a session");
    let rows = session
        .fetch_all(sql(r#"SELECT last_active_at FROM "user""#))
        .await
        .expect("rows");
    let mut days: Vec<_> = rows
        .iter()
        .map(|row| match row.opt_date("last_active_at").expect("a day") {
            Some(day) => day.to_string(),
            None => "-".to_owned(),
        })
        .collect();
    days.sort();
    days.dedup();
    days
}

fn answer(home: &Home, text: &str) -> Output {
    let mut command = home.manage_command(&["reset_last_active"]);
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("keystone-manage starts");
    let mut input = child.stdin.take().expect("a pipe");
    input.write_all(text.as_bytes()).expect("it reads");
    drop(input);
    child.wait_with_output().expect("it ends")
}

#[tokio::test]
async fn users_without_a_last_activity_get_one_and_others_keep_theirs() {
    let (home, db) = home().await;
    assert_eq!(days(&db.db).await, ["-", "2020-02-03"]);
    let output = home.manage(&["reset_last_active", "--force"]);
    assert!(output.status.success(), "{}", said(&output));
    let today = chrono::Utc::now().date_naive();
    let days = days(&db.db).await;
    assert_eq!(days[0], "2020-02-03");
    // The day may have ended meanwhile.
    assert!(
        [today, today.pred_opt().expect("a day")]
            .iter()
            .any(|day| days[1..] == [day.to_string()]),
        "{days:?}"
    );
}

#[tokio::test]
async fn without_a_yes_nothing_is_changed() {
    let (home, db) = home().await;
    for text in ["", "\n", "n\n", "nay\n"] {
        let output = answer(&home, text);
        assert_eq!(output.status.code(), Some(1), "{text:?}: {}", said(&output));
        assert!(said(&output).contains("[y/N]?"), "{}", said(&output));
    }
    assert_eq!(days(&db.db).await, ["-", "2020-02-03"]);
    for text in ["y\n", "YES\n"] {
        let output = answer(&home, text);
        assert!(output.status.success(), "{text:?}: {}", said(&output));
    }
    assert!(!days(&db.db).await.contains(&"-".to_owned()));
}
