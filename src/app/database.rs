//! From `[database]` to the options of a pool.

use crate::config::{self, Config, DatabaseUrl, ServerUrl};
use crate::driver::sql::db::{DbOptions, Server, ServerKind, Target, Tls, TlsMode};
use crate::error::{Error, Result};
use std::time::Duration;

/// Connections when a configuration asks for no limit.
const UNLIMITED: u32 = 1000;

/// SQLite reads on the processors of this machine: more connections than this only cost memory.
const MOST_SQLITE_CONNECTIONS: u32 = 8;

/// How the database of a configuration is reached.
///
/// # Errors
/// [`Error::Internal`], with a message for the operator, when the configuration names none.
pub fn database_options(config: &Config) -> Result<DbOptions> {
    let options = &config.database;
    let url = config
        .database_url()
        .ok_or_else(|| Error::internal("the configuration has no [database] connection"))?;
    let mut pool = DbOptions::new(target(url)?);
    pool.max_connections = most_connections(options.max_pool_size, options.max_overflow);
    if matches!(pool.target, Target::Sqlite { .. }) {
        pool.max_connections = pool.max_connections.min(MOST_SQLITE_CONNECTIONS);
    }
    if let Some(seconds) = options
        .pool_timeout
        .and_then(|seconds| u64::try_from(seconds).ok())
    {
        pool.acquire_timeout = Duration::from_secs(seconds);
    }
    pool.max_lifetime = u64::try_from(options.connection_recycle_time)
        .ok()
        .map(Duration::from_secs);
    pool.mysql_sync_wait = options.mysql_wsrep_sync_wait;
    if let DatabaseUrl::Postgres(url) | DatabaseUrl::Mysql(url) = url
        && let Some(seconds) = url.connect_timeout.filter(|seconds| *seconds > 0)
    {
        pool.connect_timeout = Duration::from_secs(seconds);
    }
    pool.max_retries = u32::try_from(options.db_max_retries).unwrap_or(u32::MAX);
    Ok(pool)
}

/// What SQLAlchemy's pool would open at most: 0 or less means no limit, of either part.
fn most_connections(kept: i64, overflow: i64) -> u32 {
    if kept <= 0 || overflow < 0 {
        return UNLIMITED;
    }
    u32::try_from(kept.saturating_add(overflow))
        .unwrap_or(UNLIMITED)
        .min(UNLIMITED)
}

fn target(url: &DatabaseUrl) -> Result<Target> {
    match url {
        DatabaseUrl::Sqlite { path } => Ok(Target::Sqlite { path: path.clone() }),
        DatabaseUrl::Postgres(url) => server(ServerKind::Postgres, url),
        DatabaseUrl::Mysql(url) => server(ServerKind::Mysql, url),
    }
}

fn server(kind: ServerKind, url: &ServerUrl) -> Result<Target> {
    let database = url.database.clone().ok_or_else(|| {
        Error::internal("[database] connection: the URL names no database after the server")
    })?;
    let server = Server {
        kind,
        host: url.host.clone(),
        port: url.port,
        socket: url.unix_socket.clone(),
        user: url.user.clone(),
        password: url.password.clone(),
        database,
        charset: url.charset.clone(),
        tls: Tls {
            mode: match url.tls.mode {
                config::TlsMode::Disable => TlsMode::Disable,
                config::TlsMode::Prefer => TlsMode::Prefer,
                config::TlsMode::Require => TlsMode::Require,
                config::TlsMode::VerifyCa => TlsMode::VerifyCa,
                config::TlsMode::VerifyFull => TlsMode::VerifyFull,
            },
            ca: url.tls.ca.clone(),
            certificate: url.tls.cert.clone(),
            key: url.tls.key.clone(),
        },
    };
    Ok(Target::Server(Box::new(server)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn options(database: &str) -> Result<DbOptions> {
        database_options(&Config::from_text(&format!("[database]\n{database}\n")).unwrap())
    }

    #[test]
    fn a_server_is_reached_as_its_url_says() {
        let options =
            options("connection = mysql+pymysql://u:p%40@db:3307/keystone?charset=utf8").unwrap();
        let Target::Server(server) = options.target else {
            panic!("a server")
        };
        assert_eq!(server.kind, ServerKind::Mysql);
        assert_eq!(
            (server.host.as_deref(), server.port),
            (Some("db"), Some(3307))
        );
        assert_eq!(server.password.unwrap().expose(), "p@");
        assert_eq!(server.database, "keystone");
        assert_eq!(server.charset.as_deref(), Some("utf8"));
    }

    #[test]
    fn the_pool_is_as_large_as_pythons_with_its_overflow() {
        assert_eq!(
            options("connection = mysql://h/d").unwrap().max_connections,
            55
        );
        let limited = "connection = mysql://h/d\nmax_pool_size = 2\nmax_overflow = 1";
        assert_eq!(options(limited).unwrap().max_connections, 3);
        let unlimited = "connection = mysql://h/d\nmax_pool_size = 0";
        assert_eq!(options(unlimited).unwrap().max_connections, UNLIMITED);
    }

    #[test]
    fn how_long_a_server_may_take_is_what_its_url_says() {
        let of = |connection: &str| {
            let options = options(&format!("connection = {connection}")).unwrap();
            options.connect_timeout.as_secs()
        };
        assert_eq!(of("mysql://h/d?connect_timeout=2"), 2);
        assert_eq!(of("postgresql://h/d?connect_timeout=3"), 3);
        assert_eq!(of("postgresql://h/d"), 5);
    }

    #[test]
    fn a_missing_database_is_said_to_be_missing() {
        assert!(
            options("")
                .unwrap_err()
                .to_string()
                .contains("[database] connection")
        );
        assert!(
            options("connection = mysql://host")
                .unwrap_err()
                .to_string()
                .contains("names no")
        );
    }
}
