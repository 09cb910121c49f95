//! `trust_flush`: which trusts go, and which stay.

use super::harness::{Home, said};
use crate::harness::db::TestDb;
use keystone::driver::sql::db::{Db, sql};
use keystone::model::Timestamp;

/// A trust that nobody deleted and that never ends.
#[derive(Clone, Copy)]
struct Row {
    id: &'static str,
    project: &'static str,
    trustor: &'static str,
    trustee: &'static str,
    deleted: bool,
    end: Option<&'static str>,
}

const LIVE: Row = Row {
    id: "live",
    project: "p",
    trustor: "uma",
    trustee: "vic",
    deleted: false,
    end: None,
};

async fn plant(db: &Db, rows: &[Row]) {
    for row in rows {
        let end = row.end.map(|end| Timestamp::parse(end).expect("a time"));
        let deleted = row
            .deleted
            .then(|| Timestamp::parse("2026-01-01T00:00:00Z").expect("a time"));
        let trust = sql(
            "INSERT INTO trust (id, trustor_user_id, trustee_user_id, project_id, impersonation, \
             deleted_at, expires_at, expires_at_int, extra) VALUES (?, ?, ?, ?, ?, ?, ?, ?, '{}')",
        )
        .bind(row.id)
        .bind(row.trustor)
        .bind(row.trustee)
        .bind(row.project)
        .bind(true)
        .bind(deleted)
        .bind(end)
        .bind(end.map(Timestamp::micros));
        let role = sql("INSERT INTO trust_role (trust_id, role_id) VALUES (?, 'r')").bind(row.id);
        let mut session = db.session().await.expect("a session");
        session.execute(trust).await.expect("a trust");
        session.execute(role).await.expect("its role");
    }
}

/// Ids in a table, in order.
async fn ids(db: &Db, query: &'static str) -> Vec<String> {
    let mut session = db.session().await.expect("a session");
    let rows = session.fetch_all(sql(query)).await.expect("rows");
    rows.iter()
        .map(|row| row.text("id").expect("an id"))
        .collect()
}

async fn left(db: &Db) -> Vec<String> {
    ids(db, "SELECT id FROM trust ORDER BY id").await
}

async fn with(rows: &[Row]) -> (TestDb, Home) {
    let db = TestDb::synced().await;
    plant(&db.db, rows).await;
    let home = Home::new();
    home.config(&db.sqlalchemy_url(), "");
    (db, home)
}

fn flush(home: &Home, words: &[&str]) {
    let output = home.manage(&[&["trust_flush"], words].concat());
    assert_eq!(output.status.code(), Some(0), "{}", said(&output));
}

#[tokio::test]
async fn trusts_that_are_deleted_or_over_go_with_their_roles_and_no_others() {
    let rows = [
        LIVE,
        Row {
            id: "deleted",
            trustor: "a",
            deleted: true,
            ..LIVE
        },
        Row {
            id: "over",
            trustor: "b",
            end: Some("2020-01-01T00:00:00Z"),
            ..LIVE
        },
        Row {
            id: "later",
            trustor: "c",
            end: Some("2999-01-01T00:00:00Z"),
            ..LIVE
        },
        Row {
            id: "deleted-later",
            trustor: "d",
            deleted: true,
            end: Some("2999-01-01T00:00:00Z"),
            ..LIVE
        },
        Row {
            id: "old",
            trustor: "e",
            end: Some("2019-01-01T00:00:00Z"),
            ..LIVE
        },
    ];
    let (db, home) = with(&rows).await;
    // Releases before the integer column was there left it empty.
    let old = sql("UPDATE trust SET expires_at_int = NULL WHERE id = 'old'");
    let mut session = db.db.session().await.expect("a session");
    session.execute(old).await.expect("a change");
    drop(session);
    flush(&home, &[]);
    assert_eq!(left(&db.db).await, ["later", "live"]);
    let roles = "SELECT trust_id AS id FROM trust_role ORDER BY trust_id";
    assert_eq!(ids(&db.db, roles).await, ["later", "live"]);
    flush(&home, &[]);
    assert_eq!(left(&db.db).await, ["later", "live"]);
}

#[tokio::test]
async fn a_day_says_what_is_over_and_deleted_trusts_go_in_any_case() {
    let rows = [
        Row {
            id: "before",
            trustor: "a",
            end: Some("2026-01-30T23:59:59Z"),
            ..LIVE
        },
        Row {
            id: "begin",
            trustor: "b",
            end: Some("2026-01-31T00:00:00Z"),
            ..LIVE
        },
        Row {
            id: "deleted",
            trustor: "c",
            deleted: true,
            end: Some("2999-01-01T00:00:00Z"),
            ..LIVE
        },
    ];
    let (db, home) = with(&rows).await;
    flush(&home, &["--date", "31-01-2026"]);
    assert_eq!(left(&db.db).await, ["begin"]);
    // A day to come makes what will be over by then go.
    flush(&home, &["--date", "01-02-2999"]);
    assert_eq!(left(&db.db).await, [""; 0]);
}

#[tokio::test]
async fn filters_narrow_it_and_all_of_them_must_fit() {
    let deleted = Row {
        deleted: true,
        ..LIVE
    };
    let rows = [
        Row { id: "1", ..deleted },
        Row {
            id: "2",
            project: "q",
            ..deleted
        },
        Row {
            id: "3",
            trustor: "zoe",
            ..deleted
        },
        Row {
            id: "4",
            trustee: "zoe",
            ..deleted
        },
        Row {
            id: "5",
            project: "q",
            trustor: "x",
            trustee: "y",
            ..deleted
        },
    ];
    for (words, expected) in [
        (&["--project-id", "q"][..], &["1", "3", "4"][..]),
        (&["--trustor-user-id", "zoe"], &["1", "2", "4", "5"]),
        (&["--trustee-user-id", "zoe"], &["1", "2", "3", "5"]),
        (
            &["--project-id", "q", "--trustor-user-id", "x"],
            &["1", "2", "3", "4"],
        ),
        (
            &["--project-id", "q", "--trustee-user-id", "zoe"],
            &["1", "2", "3", "4", "5"],
        ),
        (&["--trustor-user-id", "nobody"], &["1", "2", "3", "4", "5"]),
    ] {
        let (db, home) = with(&rows).await;
        flush(&home, words);
        assert_eq!(left(&db.db).await, expected, "{words:?}");
    }
}

#[tokio::test]
async fn what_is_no_day_is_refused_and_nothing_goes() {
    let (db, home) = with(&[Row {
        deleted: true,
        ..LIVE
    }])
    .await;
    for day in ["2026-01-31", "31/01/2026", "32-01-2026", "soon", ""] {
        let output = home.manage(&["trust_flush", "--date", day]);
        assert_eq!(output.status.code(), Some(1), "{day}: {}", said(&output));
        assert!(said(&output).contains("DD-MM-YYYY"), "{}", said(&output));
    }
    assert_eq!(left(&db.db).await, ["live"]);
}
