//! The schema is Keystone's, to the last name, on all three databases.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use keystone::driver::sql::db::{Area, Db, Dialect, sql};
use keystone::driver::sql::migrate::{self, Check, Phase, SchemaState, Synced};

use crate::harness::db::TestDb;

/// What a database holds, as sorted lines that name every column, key, index and type.
///
/// This program's own tables and indexes are left out.
async fn reflect(db: &Db) -> String {
    let mut lines = match db.dialect() {
        Dialect::Sqlite => reflect_sqlite(db).await,
        Dialect::Postgres => reflect_postgres(db).await,
        Dialect::Mysql => reflect_mysql(db).await,
    };
    lines.retain(|line| !line.contains("keystone_native_"));
    lines.sort();
    lines.join("\n") + "\n"
}

async fn lines(db: &Db, query: &'static str) -> Vec<String> {
    let rows = db
        .session()
        .await
        .unwrap()
        .fetch_all(sql(query))
        .await
        .unwrap();
    rows.iter().map(|row| row.text("line").unwrap()).collect()
}

/// SQLite keeps the statements themselves, and names of constraints stand nowhere else.
async fn reflect_sqlite(db: &Db) -> Vec<String> {
    let tables = "SELECT name || ' ' || sql AS line FROM sqlite_master WHERE type = 'table'";
    let indexes = "SELECT tbl_name || ' ' || sql AS line FROM sqlite_master WHERE type = 'index' \
                   AND sql IS NOT NULL";
    let mut found: Vec<String> = lines(db, indexes)
        .await
        .iter()
        .map(|line| in_one_style(line))
        .collect();
    for table in lines(db, tables).await {
        let (name, statement) = table.split_once(' ').unwrap();
        let body = statement
            .split_once('(')
            .unwrap()
            .1
            .rsplit_once(')')
            .unwrap()
            .0;
        for item in top_level_items(body) {
            found.push(format!("{name} {}", in_one_style(&item)));
        }
    }
    found
}

/// Without the freedom that spaces and needless quotes give.
fn in_one_style(text: &str) -> String {
    let words: Vec<_> = text.split_whitespace().collect();
    words
        .join(" ")
        .replace('"', "")
        .replace(" (", "(")
        .replace("( ", "(")
}

fn top_level_items(body: &str) -> Vec<String> {
    let mut items = vec![String::new()];
    let mut depth = 0;
    for c in body.chars() {
        match c {
            '(' => depth += 1,
            ')' => depth -= 1,
            ',' if depth == 0 => {
                items.push(String::new());
                continue;
            }
            _ => {}
        }
        items.last_mut().unwrap().push(c);
    }
    items
}

async fn reflect_postgres(db: &Db) -> Vec<String> {
    let mut found = lines(
        db,
        "SELECT c.relname || ' column ' || a.attname || ' ' || format_type(a.atttypid, a.atttypmod)
                || CASE WHEN a.attnotnull THEN ' not null' ELSE '' END
                || COALESCE(' default ' || pg_get_expr(d.adbin, d.adrelid), '') AS line
         FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
         LEFT JOIN pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum
         WHERE c.relkind = 'r' AND c.relnamespace = current_schema()::regnamespace
               AND a.attnum > 0 AND NOT a.attisdropped",
    )
    .await;
    found.extend(
        lines(
            db,
            "SELECT c.relname || ' constraint ' || k.conname || ' ' || pg_get_constraintdef(k.oid)
                    AS line
             FROM pg_constraint k JOIN pg_class c ON c.oid = k.conrelid
             WHERE k.connamespace = current_schema()::regnamespace",
        )
        .await,
    );
    found.extend(
        lines(
            db,
            "SELECT tablename || ' ' || indexdef AS line FROM pg_indexes
             WHERE schemaname = current_schema()",
        )
        .await,
    );
    found.extend(
        lines(
            db,
            "SELECT 'enum ' || t.typname || ' ' || string_agg(e.enumlabel, ', '
                    ORDER BY e.enumsortorder) AS line
             FROM pg_enum e JOIN pg_type t ON t.oid = e.enumtypid GROUP BY t.typname",
        )
        .await,
    );
    found.extend(
        lines(
            db,
            "SELECT 'sequence ' || sequencename || ' ' || data_type || ' of '
                    || COALESCE(c.relname || '.' || a.attname, 'nothing') AS line
             FROM pg_sequences s
             JOIN pg_depend d ON d.objid = quote_ident(s.sequencename)::regclass
                  AND d.deptype = 'a'
             JOIN pg_class c ON c.oid = d.refobjid
             JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = d.refobjsubid
             WHERE s.schemaname = current_schema()",
        )
        .await,
    );
    found
}

async fn reflect_mysql(db: &Db) -> Vec<String> {
    let tables = lines(
        db,
        "SELECT table_name AS line FROM information_schema.tables
         WHERE table_schema = DATABASE()",
    )
    .await;
    let mut found = Vec::new();
    let mut session = db.session().await.unwrap();
    for table in tables {
        let show = sql("SHOW CREATE TABLE ").push(format!("\"{table}\""));
        let statement = session
            .fetch_one(show)
            .await
            .unwrap()
            .text("Create Table")
            .unwrap();
        for line in statement.lines().skip(1) {
            // The version table has the database's own character set.
            let of_database = table == "alembic_version" && line.starts_with(") ENGINE");
            let line = if of_database { ") ENGINE=InnoDB" } else { line };
            let line = line.trim().trim_end_matches(',');
            let counter = line
                .split(' ')
                .find(|word| word.starts_with("AUTO_INCREMENT="));
            let line = counter.map_or(line.to_owned(), |c| line.replace(&format!("{c} "), ""));
            found.push(format!("{table} {line}"));
        }
    }
    found
}

fn golden(dialect: Dialect) -> PathBuf {
    let name = match dialect {
        Dialect::Sqlite => "sqlite.txt",
        Dialect::Postgres => "postgres.txt",
        Dialect::Mysql => "mariadb.txt",
    };
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/golden/schema")
        .join(name)
}

#[tokio::test]
async fn no_large_table_is_read_whole_to_answer_about_one_object() {
    let test = TestDb::synced().await;
    // The other databases have no plan before they have rows.
    if test.db.dialect() != Dialect::Sqlite {
        return;
    }
    let mut session = test.db.session().await.unwrap();
    for (table, column) in [
        ("user", "id"),
        ("local_user", "user_id"),
        ("nonlocal_user", "user_id"),
        ("federated_user", "user_id"),
        ("password", "local_user_id"),
        ("user_option", "user_id"),
        ("user_group_membership", "user_id"),
        ("user_group_membership", "group_id"),
        ("project", "parent_id"),
        ("project", "domain_id"),
        ("project_tag", "project_id"),
        ("assignment", "actor_id"),
        ("assignment", "target_id"),
        ("assignment", "role_id"),
        ("assignment", "inherited"),
        ("credential", "user_id"),
        ("credential", "project_id"),
        ("application_credential", "user_id"),
        ("application_credential", "project_id"),
        ("trust", "trustor_user_id"),
        ("trust", "trustee_user_id"),
        ("trust", "project_id"),
        ("trust", "redelegated_trust_id"),
        ("user", "domain_id"),
        ("local_user", "name"),
        ("group", "name"),
        ("project", "name"),
        ("project_tag", "name"),
        ("application_credential_access_rule", "access_rule_id"),
        ("application_credential_role", "role_id"),
        ("expiring_user_group_membership", "group_id"),
        ("expiring_user_group_membership", "idp_id"),
        ("limit", "project_id"),
        ("limit", "domain_id"),
        ("limit", "registered_limit_id"),
        ("project_endpoint", "project_id"),
        ("project_endpoint", "endpoint_id"),
    ] {
        let plan = sql("EXPLAIN QUERY PLAN SELECT * FROM ")
            .push(format!("\"{table}\" WHERE {column} = ?"))
            .bind("x");
        for row in session.fetch_all(plan).await.unwrap() {
            let step = row.text("detail").unwrap();
            assert!(step.starts_with("SEARCH"), "{table}.{column}: {step}");
        }
    }
}

#[tokio::test]
async fn a_new_schema_is_the_one_that_python_makes() {
    let test = TestDb::synced().await;
    let mut expected = fs::read_to_string(golden(test.db.dialect())).unwrap();
    if test.db.dialect() == Dialect::Mysql && !is_mariadb(&test.db).await {
        eprintln!("SKIPPED: the expected schema was read from MariaDB, this is MySQL");
        return;
    }
    let found = reflect(&test.db).await;
    if found != expected {
        let (found, expected) = (found.lines(), std::mem::take(&mut expected));
        let here: Vec<_> = found
            .filter(|l| !expected.lines().any(|e| e == *l))
            .collect();
        panic!("only in ours, or missing from ours: {here:#?}");
    }
}

async fn is_mariadb(db: &Db) -> bool {
    let mut session = db.session().await.unwrap();
    let row = session
        .fetch_one(sql("SELECT VERSION() AS version"))
        .await
        .unwrap();
    row.text("version").unwrap().contains("MariaDB")
}

#[tokio::test]
async fn a_new_database_goes_from_empty_to_head_and_knows_its_maker() {
    let test = TestDb::empty().await;
    let db = &test.db;
    assert_eq!(migrate::state(db).await.unwrap(), SchemaState::Empty);
    assert_eq!(migrate::check(db).await.unwrap(), Check::ExpandOutstanding);
    assert_eq!(migrate::version(db).await.unwrap(), None);
    assert!(migrate::sync(db, Phase::Contract).await.is_err());

    assert_eq!(
        migrate::sync(db, Phase::Expand).await.unwrap(),
        Synced::Created
    );
    assert_eq!(migrate::state(db).await.unwrap(), SchemaState::Head);
    assert_eq!(migrate::check(db).await.unwrap(), Check::UpToDate);
    assert_eq!(
        migrate::version(db).await.unwrap().as_deref(),
        Some(migrate::EXPAND_HEAD)
    );
    assert!(migrate::is_created_here(db).await.unwrap());
    assert_eq!(
        migrate::sync(db, Phase::Contract).await.unwrap(),
        Synced::UpToDate
    );
    assert_eq!(
        migrate::sync(db, Phase::All).await.unwrap(),
        Synced::UpToDate
    );
}

#[tokio::test]
async fn indexes_of_an_earlier_version_are_replaced() {
    let test = TestDb::synced().await;
    let mut session = test.db.session().await.unwrap();
    let on = match test.db.dialect() {
        Dialect::Mysql => " ON assignment",
        Dialect::Sqlite | Dialect::Postgres => "",
    };
    for statement in [
        "UPDATE keystone_native_meta SET value = '1' WHERE name = 'indexes'".to_owned(),
        format!("DROP INDEX keystone_native_assignment_by_target{on}"),
        "CREATE INDEX keystone_native_assignment_target_id ON assignment (target_id)".to_owned(),
    ] {
        session.execute(sql("").push(statement)).await.unwrap();
    }
    drop(session);
    let pending = migrate::state(&test.db).await.unwrap();
    assert_eq!(pending, SchemaState::NativePending);
    migrate::sync(&test.db, Phase::All).await.unwrap();
    assert_eq!(migrate::state(&test.db).await.unwrap(), SchemaState::Head);
    let mut session = test.db.session().await.unwrap();
    for (statement, works) in [
        ("keystone_native_assignment_target_id", false),
        ("keystone_native_assignment_by_target", true),
    ] {
        let drop_it = format!("DROP INDEX {statement}{on}");
        let dropped = session.execute(sql("").push(drop_it)).await;
        assert_eq!(dropped.is_ok(), works, "{statement}");
    }
}

#[tokio::test]
async fn a_database_of_python_gets_our_tables_and_keeps_its_maker() {
    let test = TestDb::synced().await;
    let mut session = test.db.session().await.unwrap();
    for table in [
        "keystone_native_version",
        "keystone_native_meta",
        "keystone_native_nonce",
    ] {
        session
            .execute(sql("DROP TABLE ").push(table))
            .await
            .unwrap();
    }
    drop(session);
    assert_eq!(
        migrate::state(&test.db).await.unwrap(),
        SchemaState::NativePending
    );
    assert_eq!(migrate::check(&test.db).await.unwrap(), Check::UpToDate);
    assert_eq!(
        migrate::sync(&test.db, Phase::All).await.unwrap(),
        Synced::Adopted
    );
    assert_eq!(migrate::state(&test.db).await.unwrap(), SchemaState::Head);
    assert!(!migrate::is_created_here(&test.db).await.unwrap());
}

#[tokio::test]
async fn a_database_that_an_older_build_made_gets_the_tables_that_are_new() {
    let test = TestDb::synced().await;
    let mut session = test.db.session().await.unwrap();
    let drop_newest = sql("DROP TABLE keystone_native_nonce");
    session.execute(drop_newest).await.unwrap();
    drop(session);
    assert_eq!(
        migrate::state(&test.db).await.unwrap(),
        SchemaState::NativePending
    );
    assert_eq!(
        migrate::sync(&test.db, Phase::All).await.unwrap(),
        Synced::Adopted
    );
    assert_eq!(migrate::state(&test.db).await.unwrap(), SchemaState::Head);
    assert!(migrate::is_created_here(&test.db).await.unwrap());
}

#[tokio::test]
async fn several_processes_may_make_the_schema_at_once() {
    let test = TestDb::empty().await;
    let mut running = Vec::new();
    for _ in 0..4 {
        let db = test.second_pool().await;
        running.push(tokio::spawn(async move {
            let synced = migrate::sync(&db, Phase::All).await.unwrap();
            db.close().await;
            synced
        }));
    }
    let mut created = 0;
    for process in running {
        match process.await.unwrap() {
            Synced::Created => created += 1,
            other => assert_eq!(other, Synced::UpToDate),
        }
    }
    assert_eq!(created, 1);
    assert_eq!(migrate::state(&test.db).await.unwrap(), SchemaState::Head);
}

#[tokio::test]
async fn another_release_is_refused_by_name() {
    let test = TestDb::synced().await;
    let mut session = test.db.session().await.unwrap();
    let older = sql("UPDATE alembic_version SET version_num = ? WHERE version_num = ?")
        .bind("e8725d6fa226")
        .bind(migrate::EXPAND_HEAD);
    session.execute(older).await.unwrap();
    drop(session);
    assert_eq!(
        migrate::check(&test.db).await.unwrap(),
        Check::ExpandOutstanding
    );
    let refused = migrate::sync(&test.db, Phase::All)
        .await
        .unwrap_err()
        .to_string();
    assert!(refused.contains("schema of 2025.2"), "{refused}");
}

#[tokio::test]
async fn tables_without_a_version_are_refused_unless_our_own_run_left_them() {
    let test = TestDb::synced().await;
    let mut session = test.db.session().await.unwrap();
    session
        .execute(sql("DELETE FROM alembic_version"))
        .await
        .unwrap();
    let found = migrate::state(&test.db).await.unwrap();
    assert_eq!(found, SchemaState::Unversioned { interrupted: false });
    assert!(migrate::sync(&test.db, Phase::All).await.is_err());
    if test.db.dialect() != Dialect::Mysql {
        return; // Elsewhere a run that is cut off leaves nothing.
    }
    let mark = "INSERT INTO keystone_native_meta (name, value) VALUES ('schema', 'creating')";
    session.execute(sql(mark)).await.unwrap();
    session.execute(sql("DROP TABLE \"trust\"")).await.unwrap();
    assert_eq!(
        migrate::sync(&test.db, Phase::All).await.unwrap(),
        Synced::Created
    );
    assert_eq!(migrate::state(&test.db).await.unwrap(), SchemaState::Head);
}

#[tokio::test]
async fn every_area_has_a_version() {
    let test = TestDb::synced().await;
    let mut session = test.db.session().await.unwrap();
    for area in Area::ALL {
        let query = sql("SELECT version FROM keystone_native_version WHERE area = ?");
        let row = session.fetch_one(query.bind(area.name())).await.unwrap();
        assert_eq!(row.int("version").unwrap(), 0);
    }
}

/// With `KEYSTONE_PYTHON_MANAGE` naming Python's `keystone-manage`.
#[tokio::test]
async fn python_takes_our_database_for_its_own_and_we_take_pythons() {
    let Some(manage) = std::env::var_os("KEYSTONE_PYTHON_MANAGE") else {
        eprintln!("SKIPPED: KEYSTONE_PYTHON_MANAGE is not set");
        return;
    };
    let python = |test: &TestDb, arguments: &[&str]| {
        let folder = tempfile::tempdir().unwrap();
        let config = folder.path().join("keystone.conf");
        fs::write(
            &config,
            format!("[database]\nconnection = {}\n", test.sqlalchemy_url()),
        )
        .unwrap();
        let mut command = Command::new(&manage);
        command.arg("--config-file").arg(&config).args(arguments);
        command.output().unwrap().status.code()
    };
    let ours = TestDb::synced().await;
    assert_eq!(python(&ours, &["db_sync", "--check"]), Some(0));
    assert_eq!(python(&ours, &["db_sync"]), Some(0));
    assert_eq!(migrate::state(&ours.db).await.unwrap(), SchemaState::Head);

    let theirs = TestDb::empty().await;
    assert_eq!(python(&theirs, &["db_sync"]), Some(0));
    assert_eq!(migrate::check(&theirs.db).await.unwrap(), Check::UpToDate);
    assert_eq!(
        migrate::state(&theirs.db).await.unwrap(),
        SchemaState::NativePending
    );
    let reflected = reflect(&theirs.db).await;
    if std::env::var_os("KEYSTONE_WRITE_GOLDEN").is_some() {
        fs::write(golden(theirs.db.dialect()), &reflected).unwrap();
    }
    assert_eq!(reflected, reflect(&ours.db).await);
    assert_eq!(
        migrate::sync(&theirs.db, Phase::All).await.unwrap(),
        Synced::Adopted
    );
    assert!(!migrate::is_created_here(&theirs.db).await.unwrap());
    assert_eq!(python(&theirs, &["db_sync", "--check"]), Some(0));
}
