//! Making the schema, and recognizing what a database holds.
//!
//! Keystone's own tables are exactly those of release 2026.1, with its version rows, so that Python
//! Keystone runs on a database made here and this program on one made there. This program's own
//! tables stand beside them. Databases of other releases are left alone: their migrations are
//! Python's.

mod indexes;

use std::collections::BTreeSet;

use super::db::{Area, Db, Dialect, Session, sql};
use crate::error::{Error, Result};

/// The version row of the schema's expand branch; what `keystone-manage db_version` prints.
pub const EXPAND_HEAD: &str = "742c857f1dfb";
/// The version row of the schema's contract branch.
pub const CONTRACT_HEAD: &str = "c88cdce8f248";
/// The release whose schema this is.
const RELEASE: &str = "2026.1";

/// The version rows of older schemas: the branch's row, the release that brought it, and whether it
/// belongs to the expand branch.
const OLDER: [(&str, &str, bool); 8] = [
    ("27e647c0fad4", "before Yoga", true),
    ("29e87d24a316", "Yoga", true),
    ("b4f8b3f584e0", "2023.2 (Bobcat)", true),
    ("11c3b243b4cb", "2023.2 (Bobcat)", true),
    ("47147121", "2024.1", true),
    ("e8725d6fa226", "2025.2", true),
    ("e25ffa003242", "Yoga", false),
    ("99de3849d860", "2023.2 (Bobcat)", false),
];

/// The migrations of one dialect. Each is embedded and numbered as its file.
struct Migrations {
    keystone: &'static str,
    native: &'static str,
}

const SQLITE: Migrations = Migrations {
    keystone: include_str!("../../../migrations/sqlite/0001_keystone_2026_1.sql"),
    native: include_str!("../../../migrations/sqlite/0002_keystone_native.sql"),
};
const POSTGRES: Migrations = Migrations {
    keystone: include_str!("../../../migrations/postgres/0001_keystone_2026_1.sql"),
    native: include_str!("../../../migrations/postgres/0002_keystone_native.sql"),
};
const MYSQL: Migrations = Migrations {
    keystone: include_str!("../../../migrations/mysql/0001_keystone_2026_1.sql"),
    native: include_str!("../../../migrations/mysql/0002_keystone_native.sql"),
};

impl Migrations {
    fn of(dialect: Dialect) -> &'static Self {
        match dialect {
            Dialect::Sqlite => &SQLITE,
            Dialect::Postgres => &POSTGRES,
            Dialect::Mysql => &MYSQL,
        }
    }
}

/// What a database holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SchemaState {
    /// None of Keystone's tables.
    Empty,
    /// Everything that this program needs.
    Head,
    /// Keystone's schema at the right release, without this program's own tables: Python made it.
    NativePending,
    /// Keystone's schema at another release, or between two.
    Other {
        /// The version rows.
        versions: Vec<String>,
    },
    /// Some of Keystone's tables, but no version row.
    Unversioned {
        /// Whether this program began to make them and was cut off; then `sync` goes on.
        interrupted: bool,
    },
}

/// What `db_sync` is asked to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// Everything.
    All,
    /// What may happen while older nodes still run.
    Expand,
    /// The rest.
    Contract,
}

/// What [`sync`] did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Synced {
    /// Made the schema.
    Created,
    /// Added this program's tables to a schema made by Python.
    Adopted,
    /// Nothing: all was there.
    UpToDate,
}

/// What `db_sync --check` finds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Check {
    /// Nothing is to be done.
    UpToDate,
    /// There is no schema, or its expand phase is to be run.
    ExpandOutstanding,
    /// The contract phase is to be run.
    ContractOutstanding,
}

impl Check {
    /// The command's exit code.
    pub fn exit_code(self) -> u8 {
        match self {
            Self::UpToDate => 0,
            Self::ExpandOutstanding => 2,
            Self::ContractOutstanding => 4,
        }
    }
}

/// What the database holds.
pub async fn state(db: &Db) -> Result<SchemaState> {
    state_in(&mut db.session().await?).await
}

/// The version rows, in order; none when there is no schema.
pub async fn versions(db: &Db) -> Result<Vec<String>> {
    let mut session = db.session().await?;
    let tables = tables(&mut session).await?;
    versions_in(&mut session, &tables).await
}

/// The version of the expand branch, which stands for the schema's; `None` without a schema.
pub async fn version(db: &Db) -> Result<Option<String>> {
    let is_contract = |row: &str| {
        row == CONTRACT_HEAD
            || OLDER
                .iter()
                .any(|(known, _, expand)| row == *known && !expand)
    };
    Ok(versions(db)
        .await?
        .into_iter()
        .find(|row| !is_contract(row)))
}

/// Whether anything is left to do for `db_sync`. This program's own tables don't count: they are
/// made when it starts.
pub async fn check(db: &Db) -> Result<Check> {
    Ok(match state(db).await? {
        SchemaState::Head | SchemaState::NativePending => Check::UpToDate,
        SchemaState::Other { versions } if versions.iter().any(|row| row == EXPAND_HEAD) => {
            Check::ContractOutstanding
        }
        SchemaState::Empty | SchemaState::Other { .. } | SchemaState::Unversioned { .. } => {
            Check::ExpandOutstanding
        }
    })
}

/// Whether this program made Keystone's tables, rather than Python.
pub async fn is_created_here(db: &Db) -> Result<bool> {
    let mut session = db.session().await?;
    let value = meta(&mut session, "created_by").await?;
    Ok(value.as_deref() == Some("native"))
}

/// Brings the database to the schema's head. Several processes may do so at once.
///
/// A new database gets the whole schema in the expand phase: no older node can be running on it.
///
/// # Errors
///
/// [`Error::Internal`], with a message for the operator, on a database of another release, on one
/// whose tables have no version, and for the contract phase on an empty one.
pub async fn sync(db: &Db, phase: Phase) -> Result<Synced> {
    if db.dialect() == Dialect::Mysql {
        return sync_mysql(db, phase).await;
    }
    db.transaction(|s| {
        Box::pin(async move {
            if s.dialect() == Dialect::Postgres {
                // Held to the transaction's end. SQLite's transaction is itself the lock.
                let lock = "SELECT 1 AS locked FROM pg_advisory_xact_lock(5427871365018215778)";
                s.fetch_one(sql(lock)).await?;
            }
            sync_in(s, phase).await
        })
    })
    .await
}

/// MySQL commits after each statement of a migration, so there is no transaction: a lock of the
/// connection keeps others away, and a mark in our own table tells a run that was cut off.
async fn sync_mysql(db: &Db, phase: Phase) -> Result<Synced> {
    const NAME: &str = "CONCAT('keystone_native.', SHA1(DATABASE()))";
    let mut session = db.session().await?;
    session.close_on_drop();
    let lock = sql("SELECT GET_LOCK(").push(NAME).push(", 600) AS locked");
    if session.fetch_one(lock).await?.opt_int("locked")? != Some(1) {
        return Err(Error::internal(
            "another process has been changing the schema for 10 minutes",
        ));
    }
    let synced = sync_in(&mut session, phase).await;
    let unlock = sql("SELECT RELEASE_LOCK(").push(NAME).push(") AS released");
    session.fetch_one(unlock).await?;
    synced
}

async fn sync_in(s: &mut Session, phase: Phase) -> Result<Synced> {
    let found = state_in(s).await?;
    match found {
        SchemaState::Head => Ok(Synced::UpToDate),
        SchemaState::NativePending => {
            run(s, Migrations::of(s.dialect()).native).await?;
            make_indexes(s).await?;
            Ok(Synced::Adopted)
        }
        SchemaState::Empty if phase == Phase::Contract => Err(Error::internal(
            "the database is empty: run `db_sync --expand` or `db_sync` before `--contract`",
        )),
        SchemaState::Empty | SchemaState::Unversioned { interrupted: true } => {
            create(s).await?;
            Ok(Synced::Created)
        }
        SchemaState::Unversioned { interrupted: false } => Err(Error::internal(
            "the database has tables of Keystone but no row in alembic_version, so their release \
             is unknown; use an empty database, or one at the schema of 2026.1",
        )),
        SchemaState::Other { versions } => Err(Error::internal(other_release(&versions))),
    }
}

/// Makes all tables. Our own come first, because they hold the mark of a run that is under way;
/// Keystone's version rows come last, because they say that all is there.
async fn create(s: &mut Session) -> Result<()> {
    let migrations = Migrations::of(s.dialect());
    run(s, migrations.native).await?;
    s.execute(sql("DELETE FROM keystone_native_meta")).await?;
    let mark = "INSERT INTO keystone_native_meta (name, value) \
                VALUES ('schema', 'creating'), ('created_by', 'native')";
    s.execute(sql(mark)).await?;
    run(s, migrations.keystone).await?;
    make_indexes(s).await?;
    s.execute(sql(
        "DELETE FROM keystone_native_meta WHERE name = 'schema'",
    ))
    .await?;
    Ok(())
}

/// Makes our own indexes, and notes that they are there.
async fn make_indexes(s: &mut Session) -> Result<()> {
    indexes::make(s).await?;
    let former = "DELETE FROM keystone_native_meta WHERE name = 'indexes'";
    s.execute(sql(former)).await?;
    let mark = "INSERT INTO keystone_native_meta (name, value) VALUES ('indexes', ?)";
    s.execute(sql(mark).bind(indexes::VERSION)).await?;
    Ok(())
}

/// Runs a migration, one statement after the other. A statement ends with `;` at a line's end.
async fn run(s: &mut Session, migration: &str) -> Result<()> {
    for statement in migration
        .split(";\n")
        .filter(|statement| !statement.trim().is_empty())
    {
        s.execute_raw(statement).await?;
    }
    Ok(())
}

async fn state_in(s: &mut Session) -> Result<SchemaState> {
    let tables = tables(s).await?;
    let versions = versions_in(s, &tables).await?;
    if versions.is_empty() {
        let keystone = Migrations::of(s.dialect()).keystone;
        if !tables_of(keystone).any(|table| table != "alembic_version" && tables.contains(table)) {
            return Ok(SchemaState::Empty);
        }
        let marked = tables.contains("keystone_native_meta")
            && meta(s, "schema").await?.as_deref() == Some("creating");
        return Ok(SchemaState::Unversioned {
            interrupted: marked,
        });
    }
    if versions != [EXPAND_HEAD, CONTRACT_HEAD] {
        return Ok(SchemaState::Other { versions });
    }
    let native = Migrations::of(s.dialect()).native;
    if !tables_of(native).all(|table| tables.contains(table)) {
        return Ok(SchemaState::NativePending);
    }
    let counted = s
        .fetch_one(sql("SELECT COUNT(*) AS areas FROM keystone_native_version"))
        .await?;
    let complete = usize::try_from(counted.int("areas")?).is_ok_and(|n| n >= Area::ALL.len());
    let indexed = meta(s, "indexes").await?.as_deref() == Some(indexes::VERSION);
    Ok(if complete && indexed {
        SchemaState::Head
    } else {
        SchemaState::NativePending
    })
}

async fn tables(s: &mut Session) -> Result<BTreeSet<String>> {
    let query = match s.dialect() {
        Dialect::Sqlite => "SELECT name FROM sqlite_master WHERE type = 'table'",
        Dialect::Postgres => {
            "SELECT tablename AS name FROM pg_catalog.pg_tables WHERE schemaname = current_schema()"
        }
        Dialect::Mysql => {
            "SELECT table_name AS name FROM information_schema.tables \
             WHERE table_schema = DATABASE()"
        }
    };
    s.fetch_all(sql(query))
        .await?
        .iter()
        .map(|row| row.text("name"))
        .collect()
}

async fn versions_in(s: &mut Session, tables: &BTreeSet<String>) -> Result<Vec<String>> {
    if !tables.contains("alembic_version") {
        return Ok(Vec::new());
    }
    let rows = s
        .fetch_all(sql("SELECT version_num FROM alembic_version ORDER BY 1"))
        .await?;
    rows.iter().map(|row| row.text("version_num")).collect()
}

async fn meta(s: &mut Session, name: &str) -> Result<Option<String>> {
    let query = sql("SELECT value FROM keystone_native_meta WHERE name = ?").bind(name);
    s.fetch_optional(query)
        .await?
        .map(|row| row.text("value"))
        .transpose()
}

/// The tables that a migration makes.
fn tables_of(migration: &str) -> impl Iterator<Item = &str> {
    migration.lines().filter_map(|line| {
        let rest = line.strip_prefix("CREATE TABLE ")?;
        let rest = rest.strip_prefix("IF NOT EXISTS ").unwrap_or(rest);
        Some(rest.strip_suffix(" (")?.trim_matches(['"', '`']))
    })
}

fn other_release(versions: &[String]) -> String {
    let rows = versions.join(", ");
    let known = |row: &String| OLDER.iter().find(|(known, ..)| row == known);
    if versions.iter().any(|row| row == EXPAND_HEAD) {
        return format!(
            "the database's upgrade to {RELEASE} is half done (version rows {rows}): finish it \
             with `db_sync --contract` of Python Keystone {RELEASE}"
        );
    }
    // The expand branch moves with each release; the contract branch rests for years.
    let expand = versions
        .iter()
        .filter_map(known)
        .find(|(.., expand)| *expand);
    match expand.or_else(|| versions.iter().find_map(known)) {
        Some((_, release, _)) => format!(
            "the database has the schema of {release} (version rows {rows}), this program needs \
             that of {RELEASE}: upgrade it with `db_sync` of Python Keystone {RELEASE}"
        ),
        None => format!(
            "the database has the schema of an unknown, perhaps newer, release (version rows \
             {rows}); this program needs that of {RELEASE}"
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_dialects_make_the_same_tables() {
        let sqlite: BTreeSet<_> = tables_of(SQLITE.keystone).collect();
        assert_eq!(sqlite.len(), 49);
        for other in [&POSTGRES, &MYSQL] {
            assert_eq!(tables_of(other.keystone).collect::<BTreeSet<_>>(), sqlite);
            assert!(tables_of(other.native).eq(tables_of(SQLITE.native)));
        }
    }

    #[test]
    fn every_area_has_a_version_row_everywhere() {
        for migrations in [&SQLITE, &POSTGRES, &MYSQL] {
            for area in Area::ALL {
                assert!(
                    migrations
                        .native
                        .contains(&format!("('{}', 0)", area.name()))
                );
            }
        }
    }

    #[test]
    fn the_release_of_a_foreign_schema_is_named() {
        let rows = |rows: &[&str]| rows.iter().map(|row| (*row).to_owned()).collect::<Vec<_>>();
        assert!(other_release(&rows(&["47147121", CONTRACT_HEAD])).contains("schema of 2024.1"));
        assert!(other_release(&rows(&[EXPAND_HEAD, "e25ffa003242"])).contains("half done"));
        assert!(other_release(&rows(&["feedbeef0000"])).contains("unknown"));
    }
}
