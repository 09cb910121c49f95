//! The database type keeps its promises on SQLite, PostgreSQL and MySQL alike.

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use chrono::{NaiveDate, NaiveDateTime};
use keystone::Error;
use keystone::driver::sql::db::{
    Area, Db, DbOptions, Dialect, Row, Server, ServerKind, Session, Target, Tls, sql,
};
use keystone::driver::sql::identity;
use keystone::model::{DomainId, GroupId, ProjectId, RoleId, Timestamp, UserId};

use crate::harness::db::TestDb;

fn moment(text: &str) -> Timestamp {
    Timestamp::parse(text).unwrap()
}

async fn insert_role(s: &mut Session, id: &str, name: &str) -> keystone::Result<u64> {
    let insert = sql("INSERT INTO role (id, name, extra) VALUES (?, ?, ?)");
    s.execute(insert.bind(id).bind(name).bind("{}")).await
}

async fn role(s: &mut Session, id: &str) -> Option<Row> {
    s.fetch_optional(sql("SELECT * FROM role WHERE id = ?").bind(id))
        .await
        .unwrap()
}

#[tokio::test]
async fn every_kind_of_value_comes_back() {
    let test = TestDb::synced().await;
    let mut s = test.db.session().await.unwrap();
    let id = UserId::from("u1");
    let insert = sql(
        "INSERT INTO \"user\" (id, extra, enabled, default_project_id, created_at, last_active_at, \
         domain_id) VALUES (?, ?, ?, ?, ?, ?, ?)",
    );
    let created = moment("2026-02-03T04:05:06.789012Z");
    let insert = insert
        .bind(&id)
        .bind(&serde_json::json!({"email": "a@b"}))
        .bind(true)
        .bind(Some(&ProjectId::from("p")))
        .bind(created)
        .bind(NaiveDate::from_ymd_opt(2026, 2, 3))
        .bind(DomainId::from("d"));
    assert_eq!(s.execute(insert).await.unwrap(), 1);

    let row = s
        .fetch_one(sql("SELECT * FROM \"user\" WHERE id = ?").bind(&id))
        .await
        .unwrap();
    assert_eq!(row.id::<UserId>("id").unwrap(), id);
    assert_eq!(row.json("extra").unwrap()["email"], "a@b");
    assert!(row.bool("enabled").unwrap());
    assert_eq!(
        row.opt_id::<ProjectId>("default_project_id")
            .unwrap()
            .unwrap(),
        "p"
    );
    let kept = if test.db.dialect() == Dialect::Mysql {
        created.whole_seconds()
    } else {
        created
    };
    assert_eq!(row.time("created_at").unwrap(), kept);
    assert_eq!(
        row.opt_date("last_active_at").unwrap(),
        NaiveDate::from_ymd_opt(2026, 2, 3)
    );

    let found = sql("SELECT COUNT(*) AS n FROM \"user\" WHERE created_at = ? AND enabled = ?");
    let row = s.fetch_one(found.bind(created).bind(true)).await.unwrap();
    assert_eq!(row.int("n").unwrap(), 1);
}

#[tokio::test]
async fn nulls_of_every_kind_go_in_and_come_back() {
    let test = TestDb::synced().await;
    let mut s = test.db.session().await.unwrap();
    let insert = sql(
        "INSERT INTO \"user\" (id, extra, enabled, default_project_id, created_at, last_active_at, \
         domain_id) VALUES (?, ?, ?, ?, ?, ?, ?)",
    );
    let insert = insert
        .bind("u1")
        .bind(None::<String>)
        .bind(None::<bool>)
        .bind(None::<&ProjectId>)
        .bind(None::<NaiveDateTime>)
        .bind(None::<NaiveDate>)
        .bind("d");
    s.execute(insert).await.unwrap();
    let row = s.fetch_one(sql("SELECT * FROM \"user\"")).await.unwrap();
    assert_eq!(row.opt_text("extra").unwrap(), None);
    assert_eq!(row.json("extra").unwrap(), serde_json::Value::Null);
    assert_eq!(row.opt_bool("enabled").unwrap(), None);
    assert_eq!(row.opt_id::<ProjectId>("default_project_id").unwrap(), None);
    assert_eq!(row.opt_time("created_at").unwrap(), None);
    assert_eq!(row.opt_date("last_active_at").unwrap(), None);
    let error = row.text("extra").unwrap_err();
    assert!(
        matches!(&error, Error::Internal(reason) if reason.contains("extra")),
        "{error}"
    );

    let trust = sql(
        "INSERT INTO \"trust\" (id, trustor_user_id, trustee_user_id, impersonation, \
         remaining_uses, expires_at_int) VALUES (?, ?, ?, ?, ?, ?)",
    );
    let trust = trust
        .bind("t")
        .bind("a")
        .bind("b")
        .bind(false)
        .bind(None::<i64>);
    s.execute(trust.bind(Some(1_i64 << 50))).await.unwrap();
    let row = s.fetch_one(sql("SELECT * FROM \"trust\"")).await.unwrap();
    assert_eq!(row.opt_int("remaining_uses").unwrap(), None);
    assert_eq!(row.int("expires_at_int").unwrap(), 1 << 50);
}

#[tokio::test]
async fn a_column_of_another_type_is_a_defect_that_names_it() {
    let test = TestDb::synced().await;
    let mut s = test.db.session().await.unwrap();
    insert_role(&mut s, "r1", "admin").await.unwrap();
    let row = role(&mut s, "r1").await.unwrap();
    for error in [
        row.int("name").unwrap_err(),
        row.bool("name").unwrap_err(),
        row.time("name").unwrap_err(),
        row.opt_date("name").unwrap_err(),
        row.json("name").unwrap_err(),
    ] {
        assert!(
            matches!(&error, Error::Internal(reason) if reason.contains("name")),
            "{error}"
        );
    }
    assert!(row.text("no_such_column").is_err());
    let row = s
        .fetch_one(sql("SELECT is_domain FROM project"))
        .await
        .unwrap();
    assert!(row.text("is_domain").is_err());
}

#[tokio::test]
async fn enum_columns_are_written_read_and_compared_as_text() {
    let test = TestDb::synced().await;
    let mut s = test.db.session().await.unwrap();
    insert_role(&mut s, "r1", "admin").await.unwrap();
    let insert = "INSERT INTO assignment (type, actor_id, target_id, role_id, inherited) \
                  VALUES (?, ?, ?, ?, ?)";
    for kind in ["UserProject", "GroupProject", "UserDomain"] {
        let insert = sql(insert)
            .bind(kind)
            .bind("a")
            .bind("t")
            .bind(RoleId::from("r1"));
        s.execute(insert.bind(false)).await.unwrap();
    }
    let query = sql("SELECT type FROM assignment WHERE actor_id = ? AND").bind("a");
    let query = query.push_in("type", ["UserProject", "UserDomain", "GroupDomain"]);
    let rows = s
        .fetch_all(query.push(" AND type <> ?").bind("UserDomain"))
        .await
        .unwrap();
    assert_eq!(rows.len(), 1);
    assert_eq!(rows[0].text("type").unwrap(), "UserProject");

    let copy = sql(
        "INSERT INTO assignment (type, actor_id, target_id, role_id, inherited) \
         SELECT ?, actor_id, ?, role_id, inherited FROM assignment WHERE type = ?",
    );
    let copy = copy.bind("GroupDomain").bind("other").bind("UserDomain");
    assert_eq!(s.execute(copy).await.unwrap(), 1);

    let mapping = "INSERT INTO id_mapping (public_id, domain_id, local_id, entity_type) \
                   VALUES (?, ?, ?, ?)";
    let mapping = sql(mapping).bind("p").bind("d").bind("l").bind("group");
    s.execute(mapping).await.unwrap();
    let row = s
        .fetch_one(sql("SELECT entity_type FROM id_mapping"))
        .await
        .unwrap();
    assert_eq!(row.text("entity_type").unwrap(), "group");
}

#[tokio::test]
async fn text_of_all_scripts_comes_back_where_the_schema_can_hold_it() {
    let test = TestDb::synced().await;
    let mut s = test.db.session().await.unwrap();
    let name = "Zürich 東京 ' \" \\ ? $1 `x`";
    insert_role(&mut s, "r1", name).await.unwrap();
    assert_eq!(
        role(&mut s, "r1").await.unwrap().text("name").unwrap(),
        name
    );
    let by_name = sql("SELECT id FROM role WHERE name = ?").bind(name);
    assert!(s.fetch_optional(by_name).await.unwrap().is_some());

    // MySQL's tables have three bytes a character.
    let emoji = insert_role(&mut s, "r2", "🔑").await;
    if test.db.dialect() == Dialect::Mysql {
        assert!(matches!(emoji, Err(Error::BadRequest(_))), "{emoji:?}");
    } else {
        assert_eq!(emoji.unwrap(), 1);
    }
    let by_name = sql("SELECT id FROM role WHERE name = ? OR name LIKE ?");
    let found = s.fetch_all(by_name.bind("🔑🔑").bind("%🗝%")).await;
    match test.db.dialect() {
        // It refuses to compare them, too.
        Dialect::Mysql => assert!(matches!(found, Err(Error::BadRequest(_)))),
        Dialect::Sqlite | Dialect::Postgres => assert_eq!(found.unwrap().len(), 0),
    }
}

#[tokio::test]
async fn a_value_that_does_not_fit_is_a_bad_request() {
    let test = TestDb::synced().await;
    let mut s = test.db.session().await.unwrap();
    let long = insert_role(&mut s, "r1", &"x".repeat(256)).await;
    let nul = insert_role(&mut s, "r2", "a\0b").await;
    match test.db.dialect() {
        // SQLite has no widths.
        Dialect::Sqlite => assert!(long.is_ok() && nul.is_ok()),
        Dialect::Postgres => {
            assert!(matches!(long, Err(Error::BadRequest(_))), "{long:?}");
            assert!(matches!(nul, Err(Error::BadRequest(_))), "{nul:?}");
        }
        Dialect::Mysql => assert!(matches!(long, Err(Error::BadRequest(_))), "{long:?}"),
    }
}

#[tokio::test]
async fn a_taken_key_is_told_from_other_failures() {
    let test = TestDb::synced().await;
    let mut s = test.db.session().await.unwrap();
    insert_role(&mut s, "r1", "admin").await.unwrap();
    let same_id = insert_role(&mut s, "r1", "other").await;
    let same_name = insert_role(&mut s, "r2", "admin").await;
    assert!(
        matches!(same_id, Err(Error::DuplicateKey(_))),
        "{same_id:?}"
    );
    assert!(
        matches!(same_name, Err(Error::DuplicateKey(_))),
        "{same_name:?}"
    );
    let conflict = same_name.unwrap_err().or_conflict(|| "taken".to_owned());
    assert!(matches!(conflict, Error::Conflict(message) if message == "taken"));
    let broken = s.fetch_all(sql("SELECT nothing FROM nowhere")).await;
    assert!(matches!(broken, Err(Error::Internal(_))));
}

#[tokio::test]
async fn an_update_counts_the_rows_it_matched_even_when_nothing_changes() {
    let test = TestDb::synced().await;
    let mut s = test.db.session().await.unwrap();
    insert_role(&mut s, "r1", "admin").await.unwrap();
    for _ in 0..2 {
        let update = sql("UPDATE role SET name = ? WHERE id = ?")
            .bind("root")
            .bind("r1");
        assert_eq!(s.execute(update).await.unwrap(), 1);
    }
    let missing = sql("UPDATE role SET name = ? WHERE id = ?")
        .bind("root")
        .bind("r9");
    assert_eq!(s.execute(missing).await.unwrap(), 0);
}

#[tokio::test]
async fn a_transaction_commits_on_ok_and_rolls_back_on_err() {
    let test = TestDb::synced().await;
    let id = String::from("kept");
    let committed = test
        .db
        .transaction(|s| Box::pin(async { insert_role(s, &id, "kept").await.map(|_| 7) }))
        .await;
    assert_eq!(committed.unwrap(), 7);
    let refused: keystone::Result<()> = test
        .db
        .transaction(|s| {
            Box::pin(async {
                insert_role(s, "lost", "lost").await?;
                Err(Error::bad_request("no"))
            })
        })
        .await;
    assert!(matches!(refused, Err(Error::BadRequest(_))));
    let mut s = test.db.session().await.unwrap();
    assert!(role(&mut s, "kept").await.is_some());
    assert!(role(&mut s, "lost").await.is_none());
}

#[tokio::test]
async fn a_cancelled_transaction_rolls_back_and_blocks_nobody() {
    let test = TestDb::synced().await;
    let db = test.db.clone();
    let (reached, has_reached) = tokio::sync::oneshot::channel();
    let reached = std::sync::Mutex::new(Some(reached));
    let cancelled = tokio::spawn(async move {
        db.transaction(|s| {
            let reached = reached.lock().unwrap().take();
            Box::pin(async move {
                insert_role(s, "lost", "lost").await?;
                reached.map(|reached| reached.send(()));
                std::future::pending::<keystone::Result<()>>().await
            })
        })
        .await
    });
    has_reached.await.unwrap();
    cancelled.abort();
    assert!(cancelled.await.unwrap_err().is_cancelled());
    let same_key = test
        .db
        .transaction(|s| Box::pin(async { insert_role(s, "lost", "found").await }))
        .await;
    assert_eq!(same_key.unwrap(), 1);
    let mut s = test.db.session().await.unwrap();
    assert_eq!(
        role(&mut s, "lost").await.unwrap().text("name").unwrap(),
        "found"
    );
}

#[tokio::test]
async fn a_transaction_that_the_database_gives_up_runs_again_as_a_whole() {
    let test = TestDb::synced().await;
    let tries = AtomicU32::new(0);
    let done = test
        .db
        .transaction(|s| {
            Box::pin(async {
                insert_role(s, "r1", "admin").await?;
                match tries.fetch_add(1, Ordering::Relaxed) {
                    0 | 1 => Err(Error::Transient("deadlock".to_owned())),
                    _ => Ok("done"),
                }
            })
        })
        .await;
    assert_eq!(done.unwrap(), "done");
    assert_eq!(tries.load(Ordering::Relaxed), 3);
}

#[tokio::test]
async fn a_transaction_that_never_succeeds_ends_as_unavailable() {
    let mut test = TestDb::synced().await;
    test.options.max_retries = 2;
    let db = test.second_pool().await;
    let tries = AtomicU32::new(0);
    let failed: keystone::Result<()> = db
        .transaction(|_| {
            tries.fetch_add(1, Ordering::Relaxed);
            Box::pin(async { Err(Error::Transient("deadlock".to_owned())) })
        })
        .await;
    assert!(matches!(failed, Err(Error::Unavailable(_))), "{failed:?}");
    assert_eq!(tries.load(Ordering::Relaxed), 3);
    db.close().await;
}

/// Two processes that write the same two rows in opposite order: real deadlocks.
///
/// Two, because the promise is bounded: with more, PostgreSQL gives a waiting third the lock that
/// the victim held, and a victim may lose every one of its tries.
#[tokio::test]
async fn transactions_of_two_processes_that_deadlock_all_succeed() {
    let test = TestDb::synced().await;
    let mut s = test.db.session().await.unwrap();
    insert_role(&mut s, "r1", "0").await.unwrap();
    insert_role(&mut s, "r2", "0x").await.unwrap();
    drop(s);
    let mut running = Vec::new();
    for task in 0..2 {
        // Each with a pool of its own, as separate processes have.
        let db = test.second_pool().await;
        running.push(tokio::spawn(async move {
            for _ in 0..5 {
                let order = if task % 2 == 0 {
                    ["r1", "r2"]
                } else {
                    ["r2", "r1"]
                };
                let add_one = db.transaction(|s| {
                    Box::pin(async move {
                        for id in order {
                            let add = "UPDATE role SET description = \
                                       COALESCE(description, '') || 'x' WHERE id = ?";
                            s.execute(sql(add).bind(id)).await?;
                            tokio::time::sleep(Duration::from_millis(2)).await;
                        }
                        s.touch(Area::Assignment);
                        Ok(())
                    })
                });
                add_one.await.unwrap();
            }
            db.close().await;
        }));
    }
    for task in running {
        task.await.unwrap();
    }
    let mut s = test.db.session().await.unwrap();
    for id in ["r1", "r2"] {
        let description = role(&mut s, id).await.unwrap().text("description").unwrap();
        assert_eq!(description.len(), 10);
    }
    let version = sql("SELECT version FROM keystone_native_version WHERE area = ?");
    let row = s.fetch_one(version.bind("assignment")).await.unwrap();
    assert_eq!(row.int("version").unwrap(), 10);
}

#[tokio::test]
async fn a_change_is_known_here_at_once_and_elsewhere_after_a_poll() {
    let test = TestDb::synced().await;
    let elsewhere = test.second_pool().await;
    test.db.refresh_versions().await.unwrap();
    elsewhere.refresh_versions().await.unwrap();
    let here = test.db.versions().of(Area::Catalog);
    let there = elsewhere.versions().of(Area::Catalog);
    let untouched = elsewhere.versions().of(Area::Identity);

    let failed: keystone::Result<()> = test
        .db
        .transaction(|s| {
            s.touch(Area::Catalog);
            Box::pin(async { Err(Error::bad_request("no")) })
        })
        .await;
    assert!(failed.is_err());
    elsewhere.refresh_versions().await.unwrap();
    assert_eq!(test.db.versions().of(Area::Catalog), here);
    assert_eq!(elsewhere.versions().of(Area::Catalog), there);

    test.db
        .transaction(|s| {
            s.touch(Area::Catalog);
            Box::pin(async { Ok(()) })
        })
        .await
        .unwrap();
    assert_ne!(test.db.versions().of(Area::Catalog), here);
    assert_eq!(elsewhere.versions().of(Area::Catalog), there);
    elsewhere.refresh_versions().await.unwrap();
    assert_ne!(elsewhere.versions().of(Area::Catalog), there);
    assert_eq!(elsewhere.versions().of(Area::Identity), untouched);
    elsewhere.close().await;
}

#[tokio::test]
async fn statements_are_counted_without_the_poll() {
    let test = TestDb::synced().await;
    let before = test.db.statements();
    test.db.refresh_versions().await.unwrap();
    assert_eq!(test.db.statements(), before);
    let mut s = test.db.session().await.unwrap();
    role(&mut s, "r1").await;
    drop(s);
    assert_eq!(test.db.statements(), before + 1);
    test.db
        .transaction(|s| Box::pin(async { insert_role(s, "r1", "admin").await }))
        .await
        .unwrap();
    assert_eq!(test.db.statements(), before + 4);
}

#[tokio::test]
async fn a_database_in_memory_is_one_database_for_all_sessions() {
    let db = Db::connect(&DbOptions::new(Target::Sqlite { path: None }))
        .await
        .unwrap();
    db.session()
        .await
        .unwrap()
        .execute(sql("CREATE TABLE t (n INTEGER)"))
        .await
        .unwrap();
    for n in 0..3 {
        let insert = db.transaction(|s| {
            Box::pin(async move { s.execute(sql("INSERT INTO t VALUES (?)").bind(n)).await })
        });
        insert.await.unwrap();
    }
    let mut s = db.session().await.unwrap();
    let row = s
        .fetch_one(sql("SELECT COUNT(*) AS n FROM t"))
        .await
        .unwrap();
    assert_eq!(row.int("n").unwrap(), 3);
}

#[tokio::test]
async fn a_server_that_is_away_is_unavailable_soon() {
    for kind in [ServerKind::Postgres, ServerKind::Mysql] {
        let server = Server {
            kind,
            host: Some("127.0.0.1".to_owned()),
            // Nothing listens on the port that is reserved for multiplexing.
            port: Some(1),
            socket: None,
            user: Some("keystone".to_owned()),
            password: None,
            database: "keystone".to_owned(),
            charset: None,
            tls: Tls::default(),
        };
        let mut options = DbOptions::new(Target::Server(Box::new(server)));
        options.max_connections = 2;
        let db = Db::connect(&options).await.unwrap();
        let started = Instant::now();
        // More requests than connections: the waiting ones must not hang either.
        let requests = (0..5).map(|_| async { db.session().await.map(drop) });
        for answer in futures_util::future::join_all(requests).await {
            assert!(matches!(answer, Err(Error::Unavailable(_))), "{answer:?}");
        }
        let transaction = db.transaction(|_| Box::pin(async { Ok(()) })).await;
        assert!(matches!(transaction, Err(Error::Unavailable(_))));
        assert!(
            started.elapsed() < Duration::from_secs(5),
            "{:?}",
            started.elapsed()
        );
    }
}

/// A test that fails halfway leaves a transaction open, and its runtime can't roll it back while the
/// database is being removed.
#[tokio::test]
async fn a_database_with_an_open_transaction_is_removed_all_the_same() {
    let test = TestDb::synced().await;
    let stuck = test.db.transaction(|s| {
        Box::pin(async {
            insert_role(s, "r1", "admin").await?;
            std::future::pending::<keystone::Result<()>>().await
        })
    });
    assert!(
        tokio::time::timeout(Duration::from_millis(200), stuck)
            .await
            .is_err()
    );
    drop(test);
}

#[tokio::test]
async fn connections_to_a_galera_wait_as_the_configuration_says() {
    let test = TestDb::synced().await;
    let mut options = test.options.clone();
    options.mysql_sync_wait = Some(3);
    let db = Db::connect(&options).await.unwrap();
    let mut session = db.session().await.unwrap();
    if db.dialect() != Dialect::Mysql {
        return;
    }
    let variable = "SELECT COUNT(*) AS known FROM information_schema.session_variables \
                    WHERE variable_name = 'wsrep_sync_wait'";
    if session
        .fetch_one(sql(variable))
        .await
        .unwrap()
        .int("known")
        .unwrap()
        == 0
    {
        eprintln!("SKIPPED: this server is built without Galera; it must be usable all the same");
        return;
    }
    let query = sql("SELECT CAST(@@session.wsrep_sync_wait AS SIGNED) AS value");
    let row = session.fetch_one(query).await.unwrap();
    assert_eq!(row.int("value").unwrap(), 3);
}

#[tokio::test]
async fn groups_are_found_by_more_ids_than_a_statement_can_bind() {
    let test = TestDb::synced().await;
    let mut s = test.db.session().await.unwrap();
    for id in ["g2", "g1"] {
        let insert = sql(
            "INSERT INTO \"group\" (id, domain_id, name, description, extra) VALUES (?, ?, ?, '', '{}')",
        );
        s.execute(insert.bind(id).bind("d").bind(id)).await.unwrap();
    }
    let mut ids: Vec<_> = (0..70_000)
        .map(|n| GroupId::from(format!("none{n}")))
        .collect();
    ids[0] = "g2".into();
    ids[69_999] = "g1".into();
    let found = identity::groups_by_ids(&mut s, &ids).await.unwrap();
    let found: Vec<_> = found.iter().map(|group| group.id.as_str()).collect();
    assert_eq!(found, ["g1", "g2"]);
}
