//! The connection pool: one of three kinds, opened lazily.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use futures_util::future::BoxFuture;
use sqlx::mysql::{MySql, MySqlConnectOptions, MySqlDatabaseError, MySqlSslMode};
use sqlx::pool::PoolOptions;
use sqlx::postgres::{PgConnectOptions, PgSslMode, Postgres};
use sqlx::sqlite::{Sqlite, SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous};
use sqlx::{ConnectOptions, Connection, Database, Executor};
use tokio::sync::Mutex;
use tokio::time::{Instant, timeout};

use super::error_mapping;
use super::options::{DbOptions, Server, ServerKind, Target, Tls, TlsMode};
use crate::error::Result;

/// Prepared statements kept per connection; the program has fewer texts than this.
const STATEMENTS_KEPT: usize = 512;
/// A connection that was idle for longer is tried before it is used.
const TRUSTED_IDLE: Duration = Duration::from_secs(5);
/// How long to wait for a connection before asking whether the server is there at all.
const PATIENCE: Duration = Duration::from_millis(250);
/// How long the answer to that question counts.
const PROBE_COUNTS: Duration = Duration::from_secs(1);
/// How long SQLite waits for another process's write before it says BUSY.
const SQLITE_BUSY: Duration = Duration::from_secs(5);

/// A pool of connections to one kind of database.
pub(super) enum Pool {
    Sqlite(sqlx::Pool<Sqlite>),
    Postgres(sqlx::Pool<Postgres>),
    Mysql(sqlx::Pool<MySql>),
}

impl Pool {
    pub(super) fn open(options: &DbOptions) -> Self {
        match &options.target {
            Target::Sqlite { path } => {
                let connect = SqliteConnectOptions::new()
                    .create_if_missing(true)
                    // As Python leaves them. The program removes dependent rows itself.
                    .foreign_keys(false)
                    .busy_timeout(SQLITE_BUSY)
                    .statement_cache_capacity(STATEMENTS_KEPT);
                let Some(path) = path else {
                    // Each connection to memory would be a database of its own.
                    let pool = pool_options(options).max_connections(1).min_connections(0);
                    let pool = pool.max_lifetime(None).idle_timeout(None);
                    return Self::Sqlite(pool.connect_lazy_with(connect.in_memory(true)));
                };
                let connect = connect
                    .filename(path)
                    .journal_mode(SqliteJournalMode::Wal)
                    // NORMAL may lose the last commits when the power fails: a revoked token
                    // would be valid again.
                    .synchronous(SqliteSynchronous::Full);
                Self::Sqlite(pool_options(options).connect_lazy_with(connect))
            }
            Target::Server(server) => match server.kind {
                ServerKind::Postgres => {
                    let pool = pool_options(options).after_connect(|connection: &mut _, _| {
                        Box::pin(set_postgres_mode(connection))
                    });
                    Self::Postgres(pool.connect_lazy_with(postgres(server)))
                }
                ServerKind::Mysql => {
                    let sync_wait = options.mysql_sync_wait;
                    let pool = pool_options(options).after_connect(move |connection: &mut _, _| {
                        Box::pin(set_mysql_mode(connection, sync_wait))
                    });
                    Self::Mysql(pool.connect_lazy_with(mysql(server)))
                }
            },
        }
    }

    pub(super) fn size(&self) -> u32 {
        match self {
            Self::Sqlite(pool) => pool.size(),
            Self::Postgres(pool) => pool.size(),
            Self::Mysql(pool) => pool.size(),
        }
    }

    pub(super) fn idle(&self) -> usize {
        match self {
            Self::Sqlite(pool) => pool.num_idle(),
            Self::Postgres(pool) => pool.num_idle(),
            Self::Mysql(pool) => pool.num_idle(),
        }
    }

    pub(super) async fn close(&self) {
        match self {
            Self::Sqlite(pool) => pool.close().await,
            Self::Postgres(pool) => pool.close().await,
            Self::Mysql(pool) => pool.close().await,
        }
    }
}

fn pool_options<D: Database>(options: &DbOptions) -> PoolOptions<D> {
    PoolOptions::new()
        .max_connections(options.max_connections.max(1))
        .min_connections(options.min_connections.min(options.max_connections))
        .acquire_timeout(options.acquire_timeout)
        .max_lifetime(options.max_lifetime)
        // A ping at every use would double the round trips.
        .test_before_acquire(false)
        .before_acquire(|connection: &mut D::Connection, usage| {
            Box::pin(async move {
                if usage.idle_for > TRUSTED_IDLE {
                    connection.ping().await?;
                }
                Ok(true)
            })
        })
}

/// The mode in which Python runs, so that values that don't fit are refused rather than cut, and
/// `||` concatenates as everywhere else. Galera's causality checks where they are asked for.
fn set_mysql_mode(
    connection: &mut <MySql as Database>::Connection,
    sync_wait: Option<i64>,
) -> BoxFuture<'_, sqlx::Result<()>> {
    Box::pin(async move {
        connection
            .execute("SET SESSION sql_mode = 'TRADITIONAL,PIPES_AS_CONCAT'")
            .await?;
        let Some(sync_wait) = sync_wait else {
            return Ok(());
        };
        let set = format!("SET SESSION wsrep_sync_wait = {sync_wait}");
        match connection.execute(set.as_str()).await {
            // A server without Galera has nothing to wait for.
            Err(error) if is_unknown_variable(&error) => Ok(()),
            done => done.map(drop),
        }
    })
}

fn is_unknown_variable(error: &sqlx::Error) -> bool {
    const UNKNOWN_SYSTEM_VARIABLE: u16 = 1193;
    error
        .as_database_error()
        .and_then(|error| error.try_downcast_ref::<MySqlDatabaseError>())
        .is_some_and(|error| error.number() == UNKNOWN_SYSTEM_VARIABLE)
}

/// Without compiling statements: PostgreSQL guesses that walks of the tree of projects are long, and
/// compiles them for hundreds of milliseconds to run for one. A server that can't compile is left alone.
fn set_postgres_mode(
    connection: &mut <Postgres as Database>::Connection,
) -> BoxFuture<'_, sqlx::Result<()>> {
    Box::pin(async move {
        connection
            .execute("SELECT set_config(name, 'off', false) FROM pg_settings WHERE name = 'jit'")
            .await?;
        Ok(())
    })
}

fn postgres(server: &Server) -> PgConnectOptions {
    let Tls {
        mode,
        ca,
        certificate,
        key,
    } = &server.tls;
    let mut connect = PgConnectOptions::new()
        .database(&server.database)
        .application_name("keystone")
        .statement_cache_capacity(STATEMENTS_KEPT)
        .ssl_mode(match mode {
            TlsMode::Disable => PgSslMode::Disable,
            TlsMode::Prefer => PgSslMode::Prefer,
            TlsMode::Require => PgSslMode::Require,
            TlsMode::VerifyCa => PgSslMode::VerifyCa,
            TlsMode::VerifyFull => PgSslMode::VerifyFull,
        });
    if let Some(host) = &server.host {
        connect = connect.host(host);
    }
    if let Some(port) = server.port {
        connect = connect.port(port);
    }
    if let Some(socket) = &server.socket {
        connect = connect.socket(socket);
    }
    if let Some(user) = &server.user {
        connect = connect.username(user);
    }
    if let Some(password) = &server.password {
        connect = connect.password(password.expose());
    }
    if let Some(ca) = ca {
        connect = connect.ssl_root_cert(ca);
    }
    if let Some(certificate) = certificate {
        connect = connect.ssl_client_cert(certificate);
    }
    if let Some(key) = key {
        connect = connect.ssl_client_key(key);
    }
    connect
}

fn mysql(server: &Server) -> MySqlConnectOptions {
    let Tls {
        mode,
        ca,
        certificate,
        key,
    } = &server.tls;
    let mut connect = MySqlConnectOptions::new()
        .database(&server.database)
        .charset(server.charset.as_deref().unwrap_or("utf8mb4"))
        .timezone(Some("+00:00".to_owned()))
        // The mode is set as a whole after connecting.
        .pipes_as_concat(false)
        .no_engine_substitution(false)
        .statement_cache_capacity(STATEMENTS_KEPT)
        .ssl_mode(match mode {
            TlsMode::Disable => MySqlSslMode::Disabled,
            TlsMode::Prefer => MySqlSslMode::Preferred,
            TlsMode::Require => MySqlSslMode::Required,
            TlsMode::VerifyCa => MySqlSslMode::VerifyCa,
            TlsMode::VerifyFull => MySqlSslMode::VerifyIdentity,
        });
    if let Some(host) = &server.host {
        connect = connect.host(host);
    }
    if let Some(port) = server.port {
        connect = connect.port(port);
    }
    if let Some(socket) = &server.socket {
        connect = connect.socket(socket);
    }
    if let Some(user) = &server.user {
        connect = connect.username(user);
    }
    if let Some(password) = &server.password {
        connect = connect.password(password.expose());
    }
    if let Some(ca) = ca {
        connect = connect.ssl_ca(ca);
    }
    if let Some(certificate) = certificate {
        connect = connect.ssl_client_cert(certificate);
    }
    if let Some(key) = key {
        connect = connect.ssl_client_key(key);
    }
    connect
}

/// Who has connections, and whether the server is there.
pub(super) struct Watch {
    /// How long the server may take to answer that it is there.
    answers_within: Duration,
    /// Connections in use.
    leased: Arc<AtomicUsize>,
    /// When the server was last asked whether it is there, and the answer.
    asked: Mutex<Option<(Instant, bool)>>,
}

/// Says for as long as it lives that a connection is in use.
pub(super) struct Lease(Arc<AtomicUsize>);

impl Drop for Lease {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Waits for `taken`, which takes a connection from the pool.
///
/// The pool itself takes a refused connection for a server that is starting, and tries again until
/// the time is up. Requests must not hang for that long: when the pool is slow although it could
/// open another connection, this asks the server directly, and gives up when it is away.
pub(super) async fn patiently<D: Database, T>(
    pool: &sqlx::Pool<D>,
    watch: &Watch,
    taken: impl Future<Output = sqlx::Result<T>>,
) -> Result<(T, Lease)> {
    let mut taken = std::pin::pin!(taken);
    loop {
        match timeout(PATIENCE, &mut taken).await {
            Ok(taken) => {
                let taken = taken.map_err(error_mapping::error)?;
                watch.leased.fetch_add(1, Ordering::Relaxed);
                return Ok((taken, Lease(Arc::clone(&watch.leased))));
            }
            // Neither idle nor in use: the pool is connecting.
            Err(_) if pool.size() as usize > pool.num_idle() + watch.leased() => {
                watch.ask(pool).await?;
            }
            Err(_) => {}
        }
    }
}

impl Watch {
    pub(super) fn new(answers_within: Duration) -> Self {
        Self {
            answers_within,
            leased: Arc::default(),
            asked: Mutex::default(),
        }
    }

    fn leased(&self) -> usize {
        self.leased.load(Ordering::Relaxed)
    }

    /// Fails when the server can't be reached. Waiting requests share one answer.
    async fn ask<D: Database>(&self, pool: &sqlx::Pool<D>) -> Result<()> {
        let mut last = self.asked.lock().await;
        let recent = last.filter(|(asked, _)| asked.elapsed() < PROBE_COUNTS);
        let there = match recent {
            Some((_, there)) => there,
            None => {
                let options = pool.connect_options();
                let there = match timeout(self.answers_within, options.connect()).await {
                    Ok(Ok(connection)) => connection.close().await.is_ok(),
                    Ok(Err(_)) | Err(_) => false,
                };
                *last = Some((Instant::now(), there));
                there
            }
        };
        if there {
            Ok(())
        } else {
            Err(error_mapping::unavailable(&"the server can't be reached"))
        }
    }
}
