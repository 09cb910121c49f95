//! `serve`: from a configuration to listeners, and back down on a signal.

mod changes;
mod database;
mod unread;

use super::environment::Environment;
use super::first_run::{Access, StateDir};
use super::logging::Log;
use crate::api::Listener;
use crate::api::edge::Edge;
use crate::api::server::{self, ServeOptions};
use crate::app::{App, Clock, database_options};
use crate::config::{AdminBind, Config};
use crate::driver::sql::db::Db;
use anyhow::Context as _;
use changes::Supervisor;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::watch;
use tokio::task::JoinSet;

/// Serves until a signal says stop.
pub(super) fn serve(
    environment: Environment,
    config: Config,
    log: Arc<Log>,
) -> anyhow::Result<ExitCode> {
    let mut runtime = tokio::runtime::Builder::new_multi_thread();
    runtime.enable_all().thread_name("keystone");
    if config.server.workers > 0 {
        runtime.worker_threads(config.server.workers as usize);
    }
    runtime
        .build()?
        .block_on(run(environment, Arc::new(config), log))?;
    Ok(ExitCode::SUCCESS)
}

async fn run(environment: Environment, config: Arc<Config>, log: Arc<Log>) -> anyhow::Result<()> {
    tracing::info!("{}", environment.describe());
    unread::warn(&config);
    // Before anything else: a SIGHUP that comes early must not end the process.
    let hangup = signal(SignalKind::hangup())?;
    let mut stop = StopSignals::new()?;
    let listeners = Listeners::bind(&config).await?;
    // A start may wait long for others who change the schema.
    let supervisor = tokio::select! {
        name = stop.next() => {
            tracing::info!("{name}: stopped while starting");
            return Ok(());
        }
        supervisor = start(environment, config, &listeners, log) => supervisor?,
    };
    let app = supervisor.app();
    let (stopping, stopped) = watch::channel(false);
    let mut serving = listeners.serve(&app, &stopped);
    let ended = tokio::select! {
        name = stop.wait() => {
            tracing::info!("{name}: no new connections; requests in flight are finished");
            Ok(())
        }
        error = supervisor.run(hangup) => Err(error),
    };
    let _ = stopping.send(true);
    while serving.join_next().await.is_some() {}
    app.notifier.close().await;
    app.db.close().await;
    tracing::info!("stopped");
    ended
}

/// Makes what is missing in a folder of our own, and everything that serves requests.
async fn start(
    environment: Environment,
    config: Arc<Config>,
    listeners: &Listeners,
    log: Arc<Log>,
) -> anyhow::Result<Supervisor> {
    let db = Db::connect(&database_options(&config)?).await?;
    let own = environment
        .state()
        .filter(|state| state.owns_database_of(&config));
    if let Some(state) = own {
        let access = listeners.access(&config);
        state
            .prepare(&config, &db, &access, Clock::System.now())
            .await?;
        welcome(state, &access)?;
    }
    Supervisor::start(environment, config, db, log).await
}

/// The signals that end the program; a second one ends it at once.
struct StopSignals {
    terminate: Signal,
    interrupt: Signal,
}

impl StopSignals {
    fn new() -> anyhow::Result<Self> {
        let terminate = signal(SignalKind::terminate())?;
        Ok(Self {
            terminate,
            interrupt: signal(SignalKind::interrupt())?,
        })
    }

    async fn next(&mut self) -> &'static str {
        tokio::select! {
            _ = self.terminate.recv() => "SIGTERM",
            _ = self.interrupt.recv() => "SIGINT",
        }
    }

    /// Waits for the first signal, and leaves somebody behind who waits for the second.
    async fn wait(mut self) -> &'static str {
        let name = self.next().await;
        tokio::spawn(async move {
            self.next().await;
            std::process::exit(1);
        });
        name
    }
}

/// Bound sockets.
struct Listeners {
    public: TcpListener,
    public_address: SocketAddr,
    admin: Option<(TcpListener, SocketAddr)>,
}

impl Listeners {
    async fn bind(config: &Config) -> anyhow::Result<Self> {
        let (public, public_address) = bind(config.server.bind).await?;
        let admin = match config.server.admin_bind {
            AdminBind::Address(address) => Some(bind(address).await?),
            AdminBind::None => None,
        };
        Ok(Self {
            public,
            public_address,
            admin,
        })
    }

    /// Where clients on this machine reach the listeners.
    fn access(&self, config: &Config) -> Access {
        let public = match &config.default.public_endpoint {
            Some(url) => format!("{}/v3", url.trim_end_matches('/').trim_end_matches("/v3")),
            None => url_of(self.public_address),
        };
        let admin = self.admin.as_ref().map(|(_, address)| url_of(*address));
        Access {
            admin: admin.unwrap_or_else(|| public.clone()),
            public,
            domain_id: config.identity.default_domain_id.clone(),
        }
    }

    /// Serves on all of them until `stopped` turns true.
    fn serve(self, app: &Arc<App>, stopped: &watch::Receiver<bool>) -> JoinSet<()> {
        let config = app.config();
        let options = ServeOptions {
            header_read_timeout: Duration::from_secs(config.server.header_read_timeout),
            shutdown_timeout: Duration::from_secs(config.server.shutdown_timeout),
        };
        let mut serving = JoinSet::new();
        let mut spawn = |kind, socket, address: SocketAddr| {
            let edge = Edge::new(Arc::clone(app), kind, &address.to_string());
            serving.spawn(server::serve(socket, edge, options, stopped.clone()));
        };
        tracing::info!("serving the public API on {}", self.public_address);
        spawn(Listener::Public, self.public, self.public_address);
        if let Some((socket, address)) = self.admin {
            tracing::info!("serving the admin API and metrics on {address}");
            spawn(Listener::Admin, socket, address);
        }
        serving
    }
}

async fn bind(address: SocketAddr) -> anyhow::Result<(TcpListener, SocketAddr)> {
    let listener = TcpListener::bind(address)
        .await
        .with_context(|| format!("can't listen on {address}"))?;
    let address = listener.local_addr()?;
    Ok((listener, address))
}

fn url_of(address: SocketAddr) -> String {
    format!("http://{}/v3", reachable(address))
}

/// An address that a client on this machine can connect to: "any address" is none.
pub(super) fn reachable(mut address: SocketAddr) -> SocketAddr {
    if address.ip().is_unspecified() {
        address.set_ip(match address {
            SocketAddr::V4(_) => IpAddr::V4(Ipv4Addr::LOCALHOST),
            SocketAddr::V6(_) => IpAddr::V6(Ipv6Addr::LOCALHOST),
        });
    }
    address
}

fn welcome(state: &StateDir, access: &Access) -> anyhow::Result<()> {
    super::print(&state.welcome(access)).map(drop)
}
