//! One connection in use, alone or inside a transaction.

use std::marker::PhantomData;
use std::ops::{Deref, DerefMut};
use std::sync::Arc;
use std::sync::atomic::Ordering;

use sqlx::Executor;
use sqlx::mysql::MySql;
use sqlx::pool::PoolConnection;
use sqlx::postgres::Postgres;
use sqlx::sqlite::Sqlite;
use tokio::sync::OwnedSemaphorePermit;

use super::db::Shared;
use super::dialect::Dialect;
use super::error_mapping;
use super::pool::{Lease, Pool, patiently};
use super::row::{Columns, Row};
use super::statement::{Sql, sql};
use super::value::{mysql_arguments, postgres_arguments, sqlite_arguments};
use super::versions::{Area, Touched};
use crate::error::{Error, Result};
use crate::model::event::Event;

/// A connection on which statements are run one after the other.
///
/// From `Db::session` each statement is committed by itself. In `Db::transaction` all of them are
/// committed or none; dropping it before the commit rolls back.
pub struct Session {
    lane: Lane,
    db: Arc<Shared>,
    touched: Touched,
    /// Those of the touched areas whose versions this transaction has raised already.
    raised: Touched,
    events: Vec<Event>,
    _lease: Lease,
    /// SQLite allows one writer; they queue here rather than fail with BUSY. Declared after `lane`,
    /// so that the transaction is over when the next one may begin.
    _turn: Option<OwnedSemaphorePermit>,
}

enum Lane {
    Sqlite(PoolConnection<Sqlite>),
    Postgres(PoolConnection<Postgres>),
    Mysql(PoolConnection<MySql>),
    SqliteTransaction(sqlx::Transaction<'static, Sqlite>),
    PostgresTransaction(sqlx::Transaction<'static, Postgres>),
    MysqlTransaction(sqlx::Transaction<'static, MySql>),
}

/// Runs a statement on whichever connection the session has: the expression with `$query` and
/// `$connection`, then the wrapper on what it gives.
macro_rules! run {
    ($session:expr, $statement:expr, |$query:ident, $connection:ident| $call:expr, $($wrap:expr),*) => {{
        let Sql { text, values } = $statement;
        $session.db.statements.fetch_add(1, Ordering::Relaxed);
        let text = $session.db.spelling.of(text);
        run!(@lanes $session, text, values, $query, $connection, $call, $($wrap),*)
    }};
    (@lanes $session:expr, $text:ident, $values:ident, $query:ident, $connection:ident, $call:expr,
     $sqlite:expr, $postgres:expr, $mysql:expr) => {
        match &mut $session.lane {
            Lane::Sqlite(c) => run!(@lane c, $text, $values, $query, $connection, $call, sqlite_arguments, $sqlite),
            Lane::Postgres(c) => run!(@lane c, $text, $values, $query, $connection, $call, postgres_arguments, $postgres),
            Lane::Mysql(c) => run!(@lane c, $text, $values, $query, $connection, $call, mysql_arguments, $mysql),
            Lane::SqliteTransaction(c) => run!(@lane c, $text, $values, $query, $connection, $call, sqlite_arguments, $sqlite),
            Lane::PostgresTransaction(c) => run!(@lane c, $text, $values, $query, $connection, $call, postgres_arguments, $postgres),
            Lane::MysqlTransaction(c) => run!(@lane c, $text, $values, $query, $connection, $call, mysql_arguments, $mysql),
        }
    };
    (@lane $c:ident, $text:ident, $values:ident, $query:ident, $connection:ident, $call:expr,
     $arguments:ident, $wrap:expr) => {{
        let arguments = $arguments($values).map_err(Error::internal)?;
        let $query = sqlx::query_with(&$text, arguments);
        let $connection = &mut **$c;
        $call.await.map_err(error_mapping::error).map($wrap)
    }};
}

impl Session {
    /// A connection on which every statement is its own transaction.
    pub(super) async fn open(db: &Arc<Shared>) -> Result<Self> {
        let (lane, lease) = match &db.pool {
            Pool::Sqlite(pool) => {
                let (connection, lease) = patiently(pool, &db.watch, pool.acquire()).await?;
                (Lane::Sqlite(connection), lease)
            }
            Pool::Postgres(pool) => {
                let (connection, lease) = patiently(pool, &db.watch, pool.acquire()).await?;
                (Lane::Postgres(connection), lease)
            }
            Pool::Mysql(pool) => {
                let (connection, lease) = patiently(pool, &db.watch, pool.acquire()).await?;
                (Lane::Mysql(connection), lease)
            }
        };
        Ok(Self::new(db, lane, lease, None))
    }

    /// A connection inside a transaction.
    async fn begin(db: &Arc<Shared>) -> Result<Self> {
        let turn = db.writer_turn().await?;
        db.statements.fetch_add(1, Ordering::Relaxed);
        let (lane, lease) = match &db.pool {
            // A transaction that reads first and writes later would fail with BUSY when another
            // process wrote in between, however long it waits.
            Pool::Sqlite(pool) => {
                let begin = pool.begin_with("BEGIN IMMEDIATE");
                let (transaction, lease) = patiently(pool, &db.watch, begin).await?;
                (Lane::SqliteTransaction(transaction), lease)
            }
            Pool::Postgres(pool) => {
                let (transaction, lease) = patiently(pool, &db.watch, pool.begin()).await?;
                (Lane::PostgresTransaction(transaction), lease)
            }
            Pool::Mysql(pool) => {
                let (transaction, lease) = patiently(pool, &db.watch, pool.begin()).await?;
                (Lane::MysqlTransaction(transaction), lease)
            }
        };
        Ok(Self::new(db, lane, lease, turn))
    }

    fn new(db: &Arc<Shared>, lane: Lane, lease: Lease, turn: Option<OwnedSemaphorePermit>) -> Self {
        let db = Arc::clone(db);
        Self {
            lane,
            db,
            touched: Touched::default(),
            raised: Touched::default(),
            events: Vec::new(),
            _lease: lease,
            _turn: turn,
        }
    }

    async fn commit(self) -> Result<()> {
        self.db.statements.fetch_add(1, Ordering::Relaxed);
        match self.lane {
            Lane::SqliteTransaction(transaction) => transaction.commit().await,
            Lane::PostgresTransaction(transaction) => transaction.commit().await,
            Lane::MysqlTransaction(transaction) => transaction.commit().await,
            Lane::Sqlite(_) | Lane::Postgres(_) | Lane::Mysql(_) => Ok(()),
        }
        .map_err(error_mapping::error)
    }

    async fn rollback(self) -> Result<()> {
        self.db.statements.fetch_add(1, Ordering::Relaxed);
        match self.lane {
            Lane::SqliteTransaction(transaction) => transaction.rollback().await,
            Lane::PostgresTransaction(transaction) => transaction.rollback().await,
            Lane::MysqlTransaction(transaction) => transaction.rollback().await,
            Lane::Sqlite(_) | Lane::Postgres(_) | Lane::Mysql(_) => Ok(()),
        }
        .map_err(error_mapping::error)
    }

    /// Which database this is.
    pub fn dialect(&self) -> Dialect {
        self.db.dialect
    }

    /// All rows of a query.
    pub async fn fetch_all(&mut self, sql: Sql) -> Result<Vec<Row>> {
        run!(
            self,
            sql,
            |query, connection| query.fetch_all(connection),
            |rows| rows
                .into_iter()
                .map(|row| Row(Columns::Sqlite(row)))
                .collect(),
            |rows| rows
                .into_iter()
                .map(|row| Row(Columns::Postgres(row)))
                .collect(),
            |rows| rows
                .into_iter()
                .map(|row| Row(Columns::Mysql(row)))
                .collect()
        )
    }

    /// The first row of a query, if it has any.
    pub async fn fetch_optional(&mut self, sql: Sql) -> Result<Option<Row>> {
        run!(
            self,
            sql,
            |query, connection| query.fetch_optional(connection),
            |row| row.map(|row| Row(Columns::Sqlite(row))),
            |row| row.map(|row| Row(Columns::Postgres(row))),
            |row| row.map(|row| Row(Columns::Mysql(row)))
        )
    }

    /// The row of a query that always has one (`SELECT COUNT(*) …`).
    pub async fn fetch_one(&mut self, sql: Sql) -> Result<Row> {
        let row = self.fetch_optional(sql).await?;
        row.ok_or_else(|| Error::internal("a query that always has a row had none"))
    }

    /// Runs a statement. Returns how many rows it matched; on MySQL too this counts the rows that
    /// already had the new values.
    pub async fn execute(&mut self, sql: Sql) -> Result<u64> {
        run!(
            self,
            sql,
            |query, connection| query.execute(connection),
            |done| done.rows_affected(),
            |done| done.rows_affected(),
            |done| done.rows_affected()
        )
    }

    /// Runs statements of this database's own dialect, as migrations are.
    pub(super) async fn execute_raw(&mut self, script: &str) -> Result<()> {
        self.db.statements.fetch_add(1, Ordering::Relaxed);
        match &mut self.lane {
            Lane::Sqlite(c) => c.execute(script).await.map(drop),
            Lane::Postgres(c) => c.execute(script).await.map(drop),
            Lane::Mysql(c) => c.execute(script).await.map(drop),
            Lane::SqliteTransaction(c) => c.execute(script).await.map(drop),
            Lane::PostgresTransaction(c) => c.execute(script).await.map(drop),
            Lane::MysqlTransaction(c) => c.execute(script).await.map(drop),
        }
        .map_err(error_mapping::error)
    }

    /// Closes the connection after use instead of giving it back, so that whatever hangs on it
    /// (an advisory lock) ends with it.
    pub(super) fn close_on_drop(&mut self) {
        match &mut self.lane {
            Lane::Sqlite(connection) => connection.close_on_drop(),
            Lane::Postgres(connection) => connection.close_on_drop(),
            Lane::Mysql(connection) => connection.close_on_drop(),
            // A transaction's end ends what hangs on it.
            Lane::SqliteTransaction(_)
            | Lane::PostgresTransaction(_)
            | Lane::MysqlTransaction(_) => {}
        }
    }

    /// Marks an area as changed by this transaction: its version is raised with the commit.
    pub fn touch(&mut self, area: Area) {
        debug_assert!(
            self.in_transaction(),
            "{area:?} touched outside a transaction"
        );
        self.touched.insert(area);
    }

    /// Makes other transactions that take a turn at this area, or change it, wait until this one is
    /// over: what it reads still holds when it writes.
    ///
    /// This must be the transaction's first statement: MySQL reads everything as it was at the first
    /// read, and that must not lie before the turn.
    pub async fn take_turn(&mut self, area: Area) -> Result<()> {
        self.touch(area);
        // SQLite's transactions that write run one after the other anyway.
        if self.dialect() != Dialect::Sqlite {
            self.raise([area]).await?;
            self.raised.insert(area);
        }
        Ok(())
    }

    async fn raise(&mut self, areas: impl IntoIterator<Item = Area>) -> Result<()> {
        let areas = areas.into_iter().map(Area::name);
        let raise = sql("UPDATE keystone_native_version SET version = version + 1 WHERE");
        self.execute(raise.push_in("area", areas)).await?;
        Ok(())
    }

    /// Notes what this transaction does that others are told about, once it is committed.
    pub fn notify(&mut self, event: Event) {
        debug_assert!(
            self.in_transaction(),
            "{event:?} noted outside a transaction"
        );
        self.events.push(event);
    }

    fn in_transaction(&self) -> bool {
        matches!(
            self.lane,
            Lane::SqliteTransaction(_) | Lane::PostgresTransaction(_) | Lane::MysqlTransaction(_)
        )
    }
}

/// The session of a running transaction. It is used like a [`Session`], which it dereferences to.
///
/// `'env` is the lifetime of what the transaction's closure borrows from around it.
pub struct Transaction<'env> {
    session: Session,
    env: PhantomData<&'env ()>,
}

impl Transaction<'_> {
    pub(super) async fn begin(db: &Arc<Shared>) -> Result<Self> {
        let session = Session::begin(db).await?;
        Ok(Self {
            session,
            env: PhantomData,
        })
    }

    /// Commits, with the new versions of what was touched. Returns what others are to be told.
    pub(super) async fn commit(mut self) -> Result<Vec<Event>> {
        let touched = self.session.touched;
        let events = std::mem::take(&mut self.session.events);
        let db = Arc::clone(&self.session.db);
        let rest = touched.without(self.session.raised);
        if !rest.is_empty() {
            // The last statement before the commit, because it makes other writers wait.
            self.session.raise(rest.iter()).await?;
        }
        self.session.commit().await?;
        for area in touched.iter() {
            db.versions.bump_local(area);
        }
        Ok(events)
    }

    /// Gives everything up at once. Dropping does so too, but only when the connection is back in
    /// the pool, and until then its locks would be in the way of others.
    pub(super) async fn rollback(self) {
        if let Err(error) = self.session.rollback().await {
            tracing::debug!(%error, "a transaction's rollback failed; its connection goes with it");
        }
    }
}

impl Deref for Transaction<'_> {
    type Target = Session;

    fn deref(&self) -> &Session {
        &self.session
    }
}

impl DerefMut for Transaction<'_> {
    fn deref_mut(&mut self) -> &mut Session {
        &mut self.session
    }
}
