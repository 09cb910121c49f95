//! `[database] connection`: SQLAlchemy's URLs, taken apart.
//!
//! `dialect+driver://user:password@host:port/database?arguments`. The driver part names a Python
//! library and means nothing here. Measured on SQLAlchemy 2.1: the user ends at the first `:` and
//! the password at the first `@`; both, and the database, are percent-decoded, and `+` is a blank
//! in arguments only.

mod tls;

pub use tls::{Tls, TlsMode};

use super::Database;
use crate::model::Secret;
use percent_encoding::percent_decode_str;
use std::path::PathBuf;

/// Which database to open.
#[derive(Clone, Debug)]
pub enum DatabaseUrl {
    /// SQLite.
    Sqlite {
        /// The file, relative to the working folder unless absolute; `None` is a database in
        /// memory.
        path: Option<PathBuf>,
    },
    /// PostgreSQL and what speaks its protocol.
    Postgres(ServerUrl),
    /// MySQL and MariaDB.
    Mysql(ServerUrl),
}

/// How to reach a database server.
#[derive(Clone, Debug, Default)]
pub struct ServerUrl {
    /// Login name; unset means the driver's own idea.
    pub user: Option<String>,
    /// Password.
    pub password: Option<Secret>,
    /// Host name or address, IPv6 without brackets; unset means this machine.
    pub host: Option<String>,
    /// TCP port; unset means the usual one.
    pub port: Option<u16>,
    /// MySQL: the socket file. PostgreSQL: the folder that holds the socket.
    pub unix_socket: Option<PathBuf>,
    /// Name of the database.
    pub database: Option<String>,
    /// Character set of the connection, e.g. `utf8mb4`.
    pub charset: Option<String>,
    /// Seconds that the server may take to answer.
    pub connect_timeout: Option<u64>,
    /// Encryption.
    pub tls: Tls,
}

/// A URL that can't be used. The messages never hold the URL itself: it may hold a password.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DatabaseUrlError {
    /// No `dialect://` at the start.
    #[error(
        "expected a URL such as sqlite:////path or mysql+pymysql://user:password@host/database"
    )]
    NotAUrl,
    /// A database that this program doesn't know.
    #[error(
        "the scheme {0:?} is not supported; supported are sqlite, mysql, mariadb and postgresql"
    )]
    Scheme(String),
    /// The port is no number from 0 to 65535.
    #[error("the port is not a number from 0 to 65535")]
    Port,
    /// A percent-encoded part is not UTF-8.
    #[error("the {0} is not UTF-8 once percent-decoded")]
    Encoding(&'static str),
    /// SQLite has no server.
    #[error("sqlite takes no host: write sqlite:///relative/path or sqlite:////absolute/path")]
    SqliteHost,
    /// A query argument with a value that it can't have.
    #[error("the argument {name} {reason}")]
    Argument {
        /// The argument's name.
        name: String,
        /// What is wrong with it.
        reason: String,
    },
}

/// A URL's meaning, and the names of its arguments that have none here.
#[derive(Clone, Debug)]
pub struct ParsedUrl {
    /// The database.
    pub url: DatabaseUrl,
    /// Arguments that nothing reads; worth a warning.
    pub ignored: Vec<String>,
}

impl Database {
    /// `connection` together with `connection_parameters`, taken apart; `None` when unset.
    pub fn url(&self) -> Result<Option<ParsedUrl>, DatabaseUrlError> {
        let Some(connection) = &self.connection else {
            return Ok(None);
        };
        let connection = connection.expose();
        if self.connection_parameters.is_empty() {
            return DatabaseUrl::parse(connection).map(Some);
        }
        let sign = if connection.contains('?') { '&' } else { '?' };
        DatabaseUrl::parse(&format!("{connection}{sign}{}", self.connection_parameters)).map(Some)
    }
}

impl DatabaseUrl {
    /// Takes a SQLAlchemy URL apart.
    pub fn parse(text: &str) -> Result<ParsedUrl, DatabaseUrlError> {
        let (scheme, rest) = text
            .trim()
            .split_once("://")
            .ok_or(DatabaseUrlError::NotAUrl)?;
        let mut parts = Parts::split(rest)?;
        let dialect = scheme.split('+').next().unwrap_or_default();
        let url = match dialect.to_ascii_lowercase().as_str() {
            "sqlite" => sqlite(&mut parts)?,
            "mysql" | "mariadb" => Self::Mysql(mysql(&mut parts)?),
            "postgresql" | "postgres" => Self::Postgres(postgres(&mut parts)?),
            _ => return Err(DatabaseUrlError::Scheme(dialect.to_owned())),
        };
        let mut ignored: Vec<_> = parts.arguments.into_iter().map(|(name, _)| name).collect();
        ignored.dedup();
        Ok(ParsedUrl { url, ignored })
    }
}

/// A URL behind its scheme, decoded.
struct Parts {
    user: Option<String>,
    password: Option<String>,
    host: Option<String>,
    port: Option<u16>,
    database: Option<String>,
    /// Those that nobody has taken yet.
    arguments: Vec<(String, String)>,
}

impl Parts {
    fn split(rest: &str) -> Result<Self, DatabaseUrlError> {
        let (login, rest) = split_login(rest);
        let (rest, query) = rest.split_once('?').unwrap_or((rest, ""));
        let (address, database) = rest
            .split_once('/')
            .map_or((rest, None), |(address, database)| {
                (address, Some(database))
            });
        let (host, port) = match address
            .strip_prefix('[')
            .and_then(|rest| rest.split_once(']'))
        {
            Some((host, after)) => (host, after.strip_prefix(':')),
            None => address
                .split_once(':')
                .map_or((address, None), |(host, port)| (host, Some(port))),
        };
        let (user, password) =
            login.map_or((None, None), |(user, password)| (Some(user), password));
        Ok(Self {
            user: decode("user", user)?,
            password: decode("password", password)?,
            host: Some(host.to_owned()).filter(|host| !host.is_empty()),
            port: port
                .map(|port| port.parse().map_err(|_| DatabaseUrlError::Port))
                .transpose()?,
            database: decode("database", database)?.filter(|name| !name.is_empty()),
            arguments: url::form_urlencoded::parse(query.as_bytes())
                .into_owned()
                .collect(),
        })
    }

    /// Takes an argument out; the last one when it is repeated. An empty one counts as absent.
    fn take(&mut self, name: &str) -> Option<String> {
        let mut value = None;
        self.arguments.retain_mut(|(key, text)| {
            let found = key == name;
            if found {
                value = Some(std::mem::take(text));
            }
            !found
        });
        value.filter(|text| !text.is_empty())
    }

    fn take_path(&mut self, name: &str) -> Option<PathBuf> {
        self.take(name).map(PathBuf::from)
    }

    fn take_number(&mut self, name: &str) -> Result<Option<u64>, DatabaseUrlError> {
        let Some(text) = self.take(name) else {
            return Ok(None);
        };
        text.parse()
            .map(Some)
            .map_err(|_| bad_argument(name, "must be a whole number"))
    }

    fn take_bool(&mut self, name: &str) -> Result<Option<bool>, DatabaseUrlError> {
        match self
            .take(name)
            .map(|text| text.to_ascii_lowercase())
            .as_deref()
        {
            None => Ok(None),
            Some("true" | "1" | "yes" | "on") => Ok(Some(true)),
            Some("false" | "0" | "no" | "off") => Ok(Some(false)),
            Some(_) => Err(bad_argument(name, "must be true or false")),
        }
    }

    /// Drops arguments that are about the Python driver only.
    fn drop_python_only(&mut self, names: &[&str]) {
        self.arguments
            .retain(|(name, _)| !names.contains(&name.as_str()));
    }

    fn server(&mut self, tls: Tls) -> ServerUrl {
        ServerUrl {
            user: self.user.take(),
            password: self.password.take().map(Secret::from),
            host: self.host.take(),
            port: self.port,
            database: self.database.take(),
            tls,
            ..ServerUrl::default()
        }
    }
}

fn bad_argument(name: &str, reason: &str) -> DatabaseUrlError {
    DatabaseUrlError::Argument {
        name: name.to_owned(),
        reason: reason.to_owned(),
    }
}

/// A user, and the password when there is one.
type Login<'a> = (&'a str, Option<&'a str>);

/// Splits `user:password@` off. A password may hold slashes, so the address starts after the `@`.
fn split_login(rest: &str) -> (Option<Login<'_>>, &str) {
    let user_end = rest.find([':', '/']).unwrap_or(rest.len());
    let (user, after) = rest.split_at(user_end);
    if let Some((password, rest)) = after
        .strip_prefix(':')
        .and_then(|after| after.split_once('@'))
    {
        return (Some((user, Some(password))), rest);
    }
    match user.rfind('@') {
        Some(at) => (Some((&rest[..at], None)), &rest[at + 1..]),
        None => (None, rest),
    }
}

fn decode(what: &'static str, text: Option<&str>) -> Result<Option<String>, DatabaseUrlError> {
    text.map(|text| percent_decode_str(text).decode_utf8().map(String::from))
        .transpose()
        .map_err(|_| DatabaseUrlError::Encoding(what))
}

fn sqlite(parts: &mut Parts) -> Result<DatabaseUrl, DatabaseUrlError> {
    if parts.host.is_some() || parts.user.is_some() || parts.port.is_some() {
        return Err(DatabaseUrlError::SqliteHost);
    }
    if parts.take_bool("uri")? == Some(true) {
        return Err(bad_argument(
            "uri",
            "is not supported: give the file's path",
        ));
    }
    parts.drop_python_only(&[
        "check_same_thread",
        "detect_types",
        "isolation_level",
        "cached_statements",
    ]);
    let path = parts
        .database
        .take()
        .filter(|name| name != ":memory:")
        .map(PathBuf::from);
    Ok(DatabaseUrl::Sqlite { path })
}

fn mysql(parts: &mut Parts) -> Result<ServerUrl, DatabaseUrlError> {
    for name in ["read_default_file", "read_default_group"] {
        if parts.take(name).is_some() {
            let reason = "is not supported: put what that file says into the URL";
            return Err(bad_argument(name, reason));
        }
    }
    parts.drop_python_only(&[
        "plugin",
        "use_unicode",
        "autocommit",
        "binary_prefix",
        "local_infile",
    ]);
    let tls = tls::mysql(parts)?;
    let mut server = parts.server(tls);
    server.unix_socket = parts.take_path("unix_socket");
    server.charset = parts.take("charset");
    server.connect_timeout = parts.take_number("connect_timeout")?;
    Ok(server)
}

fn postgres(parts: &mut Parts) -> Result<ServerUrl, DatabaseUrlError> {
    let tls = tls::postgres(parts)?;
    parts.drop_python_only(&["plugin"]);
    let mut server = parts.server(tls);
    if parts
        .arguments
        .iter()
        .filter(|(name, _)| name == "host")
        .count()
        > 1
    {
        return Err(bad_argument("host", "may stand there once only"));
    }
    if let Some(host) = parts.take("host") {
        if host.starts_with('/') {
            server.unix_socket = Some(PathBuf::from(host));
        } else if host.contains([',', ':']) && host.parse::<std::net::Ipv6Addr>().is_err() {
            return Err(bad_argument(
                "host",
                "must be one host or one socket folder",
            ));
        } else {
            server.host = Some(host);
        }
    }
    if let Some(port) = parts.take_number("port")? {
        server.port = Some(u16::try_from(port).map_err(|_| DatabaseUrlError::Port)?);
    }
    server.user = parts.take("user").or(server.user);
    server.password = parts.take("password").map(Secret::from).or(server.password);
    server.database = parts.take("dbname").or(server.database);
    server.charset = parts
        .take("client_encoding")
        .or_else(|| parts.take("charset"));
    server.connect_timeout = parts.take_number("connect_timeout")?;
    Ok(server)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::path::Path;

    fn parsed(text: &str) -> DatabaseUrl {
        DatabaseUrl::parse(text).unwrap().url
    }

    fn server(text: &str) -> ServerUrl {
        match parsed(text) {
            DatabaseUrl::Postgres(server) | DatabaseUrl::Mysql(server) => server,
            DatabaseUrl::Sqlite { .. } => panic!("{text} names no server"),
        }
    }

    fn sqlite_path(text: &str) -> Option<PathBuf> {
        match parsed(text) {
            DatabaseUrl::Sqlite { path } => path,
            _ => panic!("{text} is no sqlite"),
        }
    }

    fn reason(text: &str) -> String {
        DatabaseUrl::parse(text).unwrap_err().to_string()
    }

    #[test]
    fn sqlite_counts_slashes() {
        for memory in [
            "sqlite://",
            "sqlite:///",
            "sqlite:///:memory:",
            "sqlite+pysqlite://",
        ] {
            assert_eq!(sqlite_path(memory), None, "{memory}");
        }
        assert_eq!(
            sqlite_path("sqlite:///rel/x.db").as_deref(),
            Some(Path::new("rel/x.db"))
        );
        assert_eq!(
            sqlite_path("sqlite:////abs/x.db").as_deref(),
            Some(Path::new("/abs/x.db"))
        );
        assert_eq!(
            sqlite_path("sqlite+pysqlite:///a%20b.db").as_deref(),
            Some(Path::new("a b.db"))
        );
        assert!(reason("sqlite://h/p").contains("no host"));
        assert!(reason("sqlite:///file:p?mode=ro&uri=true").contains("uri"));
    }

    #[test]
    fn user_and_password_are_decoded_and_the_driver_ignored() {
        let url = server("mysql+pymysql://u:p%40w@h:3307/db?charset=utf8mb4");
        assert_eq!(url.user.as_deref(), Some("u"));
        assert_eq!(url.password.unwrap().expose(), "p@w");
        assert_eq!((url.host.as_deref(), url.port), (Some("h"), Some(3307)));
        assert_eq!(url.database.as_deref(), Some("db"));
        assert_eq!(url.charset.as_deref(), Some("utf8mb4"));
        let password = |text| server(text).password.unwrap().expose().to_owned();
        assert_eq!(password("mysql://u:p/w@h/db"), "p/w");
        assert_eq!(password("mysql://u:p:q@h/db"), "p:q");
        assert_eq!(password("mysql://u:a+b%20c@h/db"), "a+b c");
        assert_eq!(password("mysql://u:@h/db"), "");
    }

    #[test]
    fn the_password_ends_at_the_first_at_sign() {
        let url = server("mysql://u:p@w@h/db");
        assert_eq!(url.password.unwrap().expose(), "p");
        assert_eq!(url.host.as_deref(), Some("w@h"));
    }

    #[test]
    fn parts_may_be_missing() {
        let url = server("mysql://h");
        assert_eq!((url.user, url.port, url.database), (None, None, None));
        let url = server("postgresql:///db");
        assert_eq!((url.host, url.database.as_deref()), (None, Some("db")));
        let url = server("postgresql+psycopg://u:p@[::1]:5/db");
        assert_eq!((url.host.as_deref(), url.port), (Some("::1"), Some(5)));
    }

    #[test]
    fn sockets_are_found() {
        let url = server("mysql://u@/db?unix_socket=/run/mysql.sock");
        assert_eq!(
            url.unix_socket.as_deref(),
            Some(Path::new("/run/mysql.sock"))
        );
        let url = server("postgresql+psycopg2://u:p@/db?host=/var/run/postgresql");
        assert_eq!(
            url.unix_socket.as_deref(),
            Some(Path::new("/var/run/postgresql"))
        );
        assert_eq!(
            server("postgresql:///db?host=pg").host.as_deref(),
            Some("pg")
        );
    }

    #[test]
    fn what_has_no_meaning_is_named() {
        let parsed = DatabaseUrl::parse("mysql://h/db?plugin=x&colour=red&charset=utf8").unwrap();
        assert_eq!(parsed.ignored, ["colour"]);
        assert!(reason("mysql://h/db?read_default_file=/etc/my.cnf").contains("read_default_file"));
        assert!(reason("postgresql:///db?host=a:1&host=b:2").contains("once"));
        assert!(reason("oracle://u:secret@h/db").contains("supported are sqlite, mysql"));
        assert!(reason("postgresql://h1:1,h2:2/db").contains("port"));
        assert!(reason("mysql://h:/db").contains("port"));
        assert!(reason("foo").contains("expected a URL"));
    }

    #[test]
    fn neither_debug_nor_errors_show_the_password() {
        let shown = format!("{:?}", server("mysql://u:geheim@h/db"));
        assert!(!shown.contains("geheim"));
        assert!(!reason("mysql://u:geheim@h:x/db").contains("geheim"));
        assert!(!reason("nosql://u:geheim@h/db").contains("geheim"));
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(
            text in r"(sqlite|mysql|postgresql)://([\[\]:/@?=%a]|\PC){0,40}",
        ) {
            let _ = DatabaseUrl::parse(&text);
        }
    }
}
