//! What is needed to reach a database.

use std::path::PathBuf;
use std::time::Duration;

use super::dialect::Dialect;
use crate::model::Secret;

/// Where the database is and how its pool behaves.
#[derive(Clone, Debug)]
pub struct DbOptions {
    /// The database itself.
    pub target: Target,
    /// The most connections at a time, over all tasks. SQLite in memory always has one.
    pub max_connections: u32,
    /// Connections that are kept open when idle.
    pub min_connections: u32,
    /// How long a request waits for a free connection before it is answered 503.
    pub acquire_timeout: Duration,
    /// Connections older than this are replaced; `None` keeps them for ever.
    pub max_lifetime: Option<Duration>,
    /// How long a server may take to answer before it counts as away.
    pub connect_timeout: Duration,
    /// Galera's causality checks (`wsrep_sync_wait`); `None` leaves the server's own.
    pub mysql_sync_wait: Option<i64>,
    /// How often a transaction that the database gave up is run again before it is answered 503.
    pub max_retries: u32,
}

/// The database behind a pool.
#[derive(Clone, Debug)]
pub enum Target {
    /// A file, made when it is missing; `None` is a fresh database in memory.
    Sqlite {
        /// The file.
        path: Option<PathBuf>,
    },
    /// A database server.
    Server(Box<Server>),
}

/// A database on a server.
#[derive(Clone, Debug)]
pub struct Server {
    /// PostgreSQL or MySQL.
    pub kind: ServerKind,
    /// Host name or address; `None` is the socket's host, else `localhost`.
    pub host: Option<String>,
    /// TCP port; `None` is the kind's default.
    pub port: Option<u16>,
    /// Unix socket: MySQL's socket file, PostgreSQL's socket directory. Wins over the host.
    pub socket: Option<PathBuf>,
    /// Login name; `None` leaves it to the client library's default.
    pub user: Option<String>,
    /// Password, if the server wants one.
    pub password: Option<Secret>,
    /// The database's name.
    pub database: String,
    /// Connection character set (MySQL); `None` is `utf8mb4`.
    pub charset: Option<String>,
    /// Encryption of the connection.
    pub tls: Tls,
}

/// A kind of database server.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ServerKind {
    /// PostgreSQL.
    Postgres,
    /// MySQL or MariaDB.
    Mysql,
}

/// Encryption of the connection to a database server.
#[derive(Clone, Debug, Default)]
pub struct Tls {
    /// Whether to encrypt, and what to check.
    pub mode: TlsMode,
    /// Certificate authorities to trust (PEM).
    pub ca: Option<PathBuf>,
    /// Our certificate (PEM).
    pub certificate: Option<PathBuf>,
    /// Our certificate's key (PEM).
    pub key: Option<PathBuf>,
}

/// How much the connection's encryption is insisted on.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum TlsMode {
    /// Never.
    Disable,
    /// When the server offers it.
    #[default]
    Prefer,
    /// Always, with any certificate.
    Require,
    /// Always, with a certificate of a trusted authority.
    VerifyCa,
    /// Always, with a trusted certificate for the host's name.
    VerifyFull,
}

impl DbOptions {
    /// The defaults for a database.
    pub fn new(target: Target) -> Self {
        Self {
            target,
            max_connections: 20,
            min_connections: 0,
            acquire_timeout: Duration::from_secs(30),
            max_lifetime: Some(Duration::from_secs(3600)),
            connect_timeout: Duration::from_secs(5),
            mysql_sync_wait: None,
            max_retries: 20,
        }
    }

    pub(super) fn dialect(&self) -> Dialect {
        match &self.target {
            Target::Sqlite { .. } => Dialect::Sqlite,
            Target::Server(server) => match server.kind {
                ServerKind::Postgres => Dialect::Postgres,
                ServerKind::Mysql => Dialect::Mysql,
            },
        }
    }
}
