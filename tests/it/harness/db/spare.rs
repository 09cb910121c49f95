//! Databases that one test after the other has.
//!
//! Making Keystone's schema takes MariaDB most of a second, emptying it some milliseconds. So the
//! database of a test that is over is emptied, and the next test starts on what a new one would hold:
//! the rows that the migrations insert. The databases are removed when the run ends.

use std::io::Read as _;
use std::process::{Command, Stdio};
use std::sync::{Mutex, Once};

use keystone::driver::sql::db::{Db, DbOptions, Server, ServerKind, Session, Target, sql};

use super::{administrator, disconnect, remove, server};

/// Names the run whose databases are to be removed, in the environment of the process that does it.
const RUN: &str = "KEYSTONE_TEST_RUN";

static SPARE: Mutex<Vec<Server>> = Mutex::new(Vec::new());
static REMOVAL: Once = Once::new();

/// How the names of this run's databases begin.
pub(super) fn prefix() -> String {
    format!("keystone_it_{}_", std::process::id())
}

/// A database that another test had, if there is any.
pub(super) fn take() -> Option<Server> {
    SPARE.lock().expect("no test panics here").pop()
}

/// Empties a database and keeps it for another test; false when its schema is not what it was.
pub(super) async fn give_back(server: &Server) -> bool {
    REMOVAL.call_once(remove_at_the_end);
    let administrator = administrator(server).await;
    let mut session = administrator.session().await.expect("a session");
    disconnect(&mut session, server).await;
    drop(session);
    administrator.close().await;

    let db = Db::connect(&DbOptions::new(Target::Server(Box::new(server.clone()))))
        .await
        .expect("valid options");
    let mut session = db.session().await.expect("KEYSTONE_TEST_DB is reachable");
    let kind = server.kind;
    let is_whole = has_all_columns(&mut session, kind).await;
    drop(session);
    if is_whole {
        let emptied = db.transaction(|s| Box::pin(empty(s, kind))).await;
        emptied.expect("an empty database");
    }
    db.close().await;
    if is_whole {
        let mut spare = SPARE.lock().expect("no test panics here");
        spare.push(server.clone());
    }
    is_whole
}

/// The statements that make Keystone's schema and ours, the tables of each before those that refer to
/// them.
fn migrations(kind: ServerKind) -> [&'static str; 2] {
    match kind {
        ServerKind::Postgres => [
            include_str!("../../../../migrations/postgres/0001_keystone_2026_1.sql"),
            include_str!("../../../../migrations/postgres/0002_keystone_native.sql"),
        ],
        ServerKind::Mysql => [
            include_str!("../../../../migrations/mysql/0001_keystone_2026_1.sql"),
            include_str!("../../../../migrations/mysql/0002_keystone_native.sql"),
        ],
    }
}

/// The tables, and how many columns each has.
fn tables(kind: ServerKind) -> Vec<(&'static str, usize)> {
    let mut tables: Vec<(&str, usize)> = Vec::new();
    for line in migrations(kind).into_iter().flat_map(str::lines) {
        if let Some(rest) = line.strip_prefix("CREATE TABLE ") {
            let name = rest.trim_start_matches("IF NOT EXISTS ");
            let name = name.trim_end_matches(" (").trim_matches(['"', '`']);
            tables.push((name, 0));
        } else if let (Some(column), Some(table)) = (line.strip_prefix("    "), tables.last_mut()) {
            let is_key = [
                "PRIMARY ",
                "UNIQUE ",
                "KEY ",
                "CONSTRAINT ",
                "FOREIGN ",
                " ",
                "(",
            ];
            table.1 += usize::from(!is_key.iter().any(|start| column.starts_with(start)));
        }
    }
    tables
}

/// Whether the tables have as many columns as they were made with.
async fn has_all_columns(s: &mut Session, kind: ServerKind) -> bool {
    let schema = match kind {
        ServerKind::Postgres => "current_schema()",
        ServerKind::Mysql => "DATABASE()",
    };
    let query = sql(
        "SELECT table_name AS name, COUNT(*) AS columns FROM information_schema.columns \
         WHERE table_schema = ",
    )
    .push(schema)
    .push(" GROUP BY table_name");
    let mut found: Vec<(String, usize)> = Vec::new();
    for row in s.fetch_all(query).await.expect("the tables") {
        let columns = row.int("columns").expect("a number");
        let columns = usize::try_from(columns).expect("a small number");
        found.push((row.text("name").expect("a name"), columns));
    }
    let mut expected: Vec<(String, usize)> = tables(kind)
        .into_iter()
        .map(|(name, columns)| (name.to_owned(), columns))
        .collect();
    found.sort_unstable();
    expected.sort_unstable();
    found == expected
}

/// Leaves the rows that the migrations insert, and our own notes about the schema.
async fn empty(s: &mut Session, kind: ServerKind) -> keystone::Result<()> {
    if kind == ServerKind::Mysql {
        let unchecked = "SET SESSION foreign_key_checks = 0";
        s.execute(sql(unchecked)).await?;
    }
    for (table, _) in tables(kind).iter().rev() {
        if *table != "keystone_native_meta" {
            let delete = sql("DELETE FROM ").push(format!("\"{table}\""));
            s.execute(delete).await?;
        }
    }
    for script in migrations(kind) {
        for statement in script.split(";\n").filter_map(insertion) {
            s.execute(sql("").push(statement)).await?;
        }
    }
    Ok(())
}

fn insertion(statement: &str) -> Option<&str> {
    let at = statement.find("INSERT ")?;
    let before = &statement[..at];
    let is_first = before
        .lines()
        .all(|line| line.is_empty() || line.starts_with("--"));
    is_first.then(|| &statement[at..])
}

/// Starts this program once more, to wait for the end of the run and then to remove its databases.
/// Nothing else is sure to be run: threads don't outlive `main`, and tests may be killed.
fn remove_at_the_end() {
    let program = std::env::current_exe().expect("this program");
    let name = "harness::db::spare::removes_the_databases_of_a_run";
    let janitor = Command::new(program)
        .args([name, "--exact", "--ignored"])
        .env(RUN, prefix())
        // Its end is this program's, however that comes.
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("this program starts");
    std::mem::forget(janitor);
}

#[tokio::test]
#[ignore = "no test: the end of a run on a server"]
async fn removes_the_databases_of_a_run() {
    let (Ok(prefix), Some(mut server)) = (std::env::var(RUN), server()) else {
        return;
    };
    let wait = || std::io::stdin().read_to_end(&mut Vec::new());
    tokio::task::spawn_blocking(wait)
        .await
        .expect("a thread")
        .expect("the end");
    let databases = match server.kind {
        ServerKind::Postgres => "SELECT datname AS name FROM pg_database",
        ServerKind::Mysql => "SELECT schema_name AS name FROM information_schema.schemata",
    };
    let db = administrator(&server).await;
    let mut session = db.session().await.expect("a session");
    for row in session.fetch_all(sql(databases)).await.expect("a list") {
        let name = row.text("name").expect("a name");
        if name.starts_with(&prefix) {
            server.database = name;
            remove(&server).await;
        }
    }
}
