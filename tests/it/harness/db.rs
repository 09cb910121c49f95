//! A database for each test: a fresh one, removed when the test is over, or one of several that tests
//! have one after the other.

mod spare;

use std::time::Duration;

use keystone::driver::sql::db::{
    Db, DbOptions, Server, ServerKind, Session, Target, Tls, TlsMode, sql,
};
use keystone::driver::sql::migrate::{self, Phase};
use url::Url;

/// A database of one test's own.
pub struct TestDb {
    pub db: Db,
    pub options: DbOptions,
    /// Holds SQLite's file; `None` on servers.
    _folder: Option<tempfile::TempDir>,
    /// Whether another test may have it afterwards.
    is_lent: bool,
}

impl TestDb {
    /// A database without any table.
    pub async fn empty() -> Self {
        // What the program logs, for `RUST_LOG=keystone=debug cargo test`.
        let filter = tracing_subscriber::EnvFilter::from_default_env();
        let log = tracing_subscriber::fmt()
            .with_env_filter(filter)
            .with_test_writer();
        let _ = log.try_init();
        let (options, folder) = match server() {
            None => {
                let folder = tempfile::tempdir().expect("a temporary folder");
                let path = Some(folder.path().join("keystone.db"));
                (DbOptions::new(Target::Sqlite { path }), Some(folder))
            }
            Some(mut server) => {
                let name = format!("{}{}", spare::prefix(), uuid::Uuid::new_v4().simple());
                administer(&server, format!("CREATE DATABASE {name}")).await;
                if server.kind == ServerKind::Postgres {
                    // What a test leaves need not survive a crash.
                    let hasty = format!("ALTER DATABASE {name} SET synchronous_commit = off");
                    administer(&server, hasty).await;
                }
                server.database = name;
                (DbOptions::new(Target::Server(Box::new(server))), None)
            }
        };
        let db = Db::connect(&options).await.expect("valid options");
        Self {
            db,
            options,
            _folder: folder,
            is_lent: false,
        }
    }

    /// As [`synced`](Self::synced), for tests that leave the schema alone: on a server, where making
    /// the schema takes long, one that another test had before, if there is any.
    pub async fn lent() -> Self {
        let mut test = match spare::take() {
            Some(server) => {
                let options = DbOptions::new(Target::Server(Box::new(server)));
                Self {
                    db: Db::connect(&options).await.expect("valid options"),
                    options,
                    _folder: None,
                    is_lent: false,
                }
            }
            None => Self::synced().await,
        };
        test.is_lent = true;
        test
    }

    /// A database with Keystone's schema.
    pub async fn synced() -> Self {
        let test = Self::empty().await;
        migrate::sync(&test.db, Phase::All)
            .await
            .expect("a new schema");
        test
    }

    /// Another process's view: a second pool on the same database.
    pub async fn second_pool(&self) -> Db {
        Db::connect(&self.options).await.expect("valid options")
    }

    /// The database's address as Python's configuration spells it.
    pub fn sqlalchemy_url(&self) -> String {
        match &self.options.target {
            Target::Sqlite { path } => {
                format!("sqlite:///{}", path.as_ref().expect("a file").display())
            }
            Target::Server(server) => {
                let driver = match server.kind {
                    ServerKind::Postgres => "postgresql+psycopg2",
                    ServerKind::Mysql => "mysql+pymysql",
                };
                let user = server.user.as_deref().unwrap_or("root");
                let password = server.password.as_ref().map(|p| p.expose().to_owned());
                let host = server.host.as_deref().unwrap_or("localhost");
                let port = server
                    .port
                    .map(|port| format!(":{port}"))
                    .unwrap_or_default();
                let password = password.map(|p| format!(":{p}")).unwrap_or_default();
                format!(
                    "{driver}://{user}{password}@{host}{port}/{}",
                    server.database
                )
            }
        }
    }
}

impl Drop for TestDb {
    fn drop(&mut self) {
        let Target::Server(server) = self.options.target.clone() else {
            return;
        };
        let is_lent = self.is_lent;
        // The test's own runtime can't wait here.
        let removal = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build();
            runtime.expect("a runtime").block_on(async {
                if !is_lent || !spare::give_back(&server).await {
                    remove(&server).await;
                }
            });
        });
        if removal.join().is_err() && !std::thread::panicking() {
            panic!("the test's database could not be removed");
        }
    }
}

/// The server that `KEYSTONE_TEST_DB` names; `None` means SQLite.
pub fn server() -> Option<Server> {
    let text = std::env::var("KEYSTONE_TEST_DB")
        .ok()
        .filter(|text| !text.is_empty())?;
    let url = Url::parse(&text).expect("KEYSTONE_TEST_DB is a URL");
    let kind = match url.scheme() {
        "postgres" | "postgresql" => ServerKind::Postgres,
        "mysql" | "mariadb" => ServerKind::Mysql,
        other => panic!("KEYSTONE_TEST_DB names the unknown database {other}"),
    };
    Some(Server {
        kind,
        host: url.host_str().map(str::to_owned),
        port: url.port(),
        socket: None,
        user: Some(url.username().to_owned()).filter(|user| !user.is_empty()),
        password: url.password().map(Into::into),
        database: String::new(),
        charset: None,
        tls: Tls {
            mode: TlsMode::Disable,
            ..Tls::default()
        },
    })
}

/// Removes a test's database, whatever the test still has open on it.
async fn remove(server: &Server) {
    let database = &server.database;
    match server.kind {
        ServerKind::Postgres => {
            administer(server, format!("DROP DATABASE {database} WITH (FORCE)")).await;
        }
        ServerKind::Mysql => {
            let db = administrator(server).await;
            let mut session = db.session().await.expect("KEYSTONE_TEST_DB is reachable");
            disconnect(&mut session, server).await;
            // Rather a loud failure than a test that never ends.
            session
                .execute(sql("SET SESSION lock_wait_timeout = 20"))
                .await
                .expect("a setting");
            let drop_it = sql("DROP DATABASE ").push(database);
            session
                .execute(drop_it)
                .await
                .expect("the right to manage databases");
            drop(session);
            db.close().await;
        }
    }
}

/// Ends whatever is connected to a database: a connection that was given back inside a transaction
/// rolls back only when the test's runtime runs again, and that runtime waits for this.
async fn disconnect(s: &mut Session, server: &Server) {
    let (open, end) = match server.kind {
        ServerKind::Postgres => (
            "SELECT CAST(pid AS bigint) AS id FROM pg_stat_activity WHERE datname = ?",
            "SELECT pg_terminate_backend",
        ),
        ServerKind::Mysql => (
            "SELECT id FROM information_schema.processlist WHERE db = ?",
            "KILL ",
        ),
    };
    let open = s.fetch_all(sql(open).bind(&server.database)).await;
    for connection in open.expect("the server's list") {
        let id = connection.int("id").expect("a number");
        // One that ended by itself meanwhile can't be ended.
        let _ = s.execute(sql(end).push(format!("({id})"))).await;
    }
}

/// Runs a statement outside the test's database.
async fn administer(server: &Server, statement: String) {
    let db = administrator(server).await;
    let mut session = db.session().await.expect("KEYSTONE_TEST_DB is reachable");
    session
        .execute(sql("").push(statement))
        .await
        .expect("the right to manage databases");
    drop(session);
    db.close().await;
}

/// The database that the server always has.
async fn administrator(server: &Server) -> Db {
    let mut server = server.clone();
    server.database = match server.kind {
        ServerKind::Postgres => "postgres".to_owned(),
        ServerKind::Mysql => "mysql".to_owned(),
    };
    let mut options = DbOptions::new(Target::Server(Box::new(server)));
    options.acquire_timeout = Duration::from_secs(10);
    Db::connect(&options).await.expect("valid options")
}
