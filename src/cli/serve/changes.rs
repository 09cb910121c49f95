//! What changes while the server runs: its configuration, keys and policy, and the database's facts
//! by other hands.

use super::database;
use crate::app::{App, Clock, Settings, WatchedFiles};
use crate::cli::environment::Environment;
use crate::cli::logging::Log;
use crate::config::{Config, OptionValue, groups};
use crate::crypto::password::Algorithm;
use crate::driver::sql::db::Db;
use std::sync::Arc;
use std::time::Duration;
use tokio::signal::unix::Signal;
use tokio::time::{MissedTickBehavior, interval};

/// How often key and policy files are looked at.
const FILE_INTERVAL: Duration = Duration::from_millis(500);

/// How often rows that are past use are removed.
const PRUNING_INTERVAL: Duration = Duration::from_secs(300);

/// The database is not asked more often than this.
const SHORTEST_POLL: Duration = Duration::from_millis(10);

/// Owns what a reload needs, and reloads.
pub(super) struct Supervisor {
    app: Arc<App>,
    environment: Environment,
    log: Arc<Log>,
    /// Unknown until the database was there once.
    default_hash: Option<Algorithm>,
    files: WatchedFiles,
    /// Why the last reading failed. It is tried again without a change of the files' stamps, because
    /// `chmod` and `chown` leave those as they are.
    broken: Option<String>,
}

impl Supervisor {
    /// Reads the first settings and makes the app of them.
    pub async fn start(
        environment: Environment,
        config: Arc<Config>,
        db: Db,
        log: Arc<Log>,
    ) -> anyhow::Result<Self> {
        let default_hash = database::open(&db).await?;
        let (settings, files) = settings(&environment, config, default_hash)?;
        let app = App::new(settings, db, Clock::System)?;
        Ok(Self {
            app,
            environment,
            log,
            default_hash,
            files,
            broken: None,
        })
    }

    /// The app, which stays the same over all reloads.
    pub fn app(&self) -> Arc<App> {
        Arc::clone(&self.app)
    }

    /// Follows changes for ever; returns when the server can't go on.
    pub async fn run(mut self, mut hangup: Signal) -> anyhow::Error {
        let app = self.app();
        let mut database = std::pin::pin!(database::wait_for(&app.db));
        let mut facts = std::pin::pin!(follow_facts(&app));
        let mut pruning = std::pin::pin!(prune(&app));
        let mut files = interval(FILE_INTERVAL);
        files.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                hung_up = hangup.recv() => match hung_up {
                    Some(()) => self.reload(),
                    None => return anyhow::anyhow!("the process gets no signals any more"),
                },
                _ = files.tick() => tokio::task::block_in_place(|| self.look_at_files()),
                found = &mut database, if self.default_hash.is_none() => match found {
                    Ok(algorithm) => {
                        self.default_hash = Some(algorithm);
                        self.replace(self.app.config(), "the database's kind");
                    }
                    Err(error) => return error,
                },
                () = &mut facts => {}
                () = &mut pruning => {}
            }
        }
    }

    /// SIGHUP: everything is read anew. What is broken stays as it was.
    fn reload(&mut self) {
        tracing::info!("SIGHUP: reading the configuration, keys and policy");
        match self.environment.load() {
            Ok(loaded) => {
                for warning in &loaded.warnings {
                    tracing::warn!("{warning}");
                }
                warn_of_fixed(&self.app.config(), &loaded.config);
                let config = Arc::new(loaded.config);
                if self.replace(Arc::clone(&config), "SIGHUP") {
                    self.log.follow(&config);
                }
            }
            Err(error) => {
                tracing::error!("the configuration is broken; the former one stays: {error}");
            }
        }
    }

    fn look_at_files(&mut self) {
        if self.broken.is_some() || self.files.changed() {
            self.replace(self.app.config(), "changed files");
        }
    }

    /// Makes settings of a configuration and puts them in place, if they can be made.
    fn replace(&mut self, config: Arc<Config>, cause: &str) -> bool {
        self.files = WatchedFiles::of(&config, self.environment.policy_folders());
        match settings(&self.environment, config, self.default_hash) {
            Ok((settings, files)) => {
                self.files = files;
                self.broken = None;
                self.app.replace_settings(settings);
                tracing::info!("keys and policy were read anew because of {cause}");
                true
            }
            Err(error) => {
                let reason = format!("{error:#}");
                if self.broken.as_ref() != Some(&reason) {
                    tracing::error!("keys or policy are broken; the former ones stay: {reason}");
                }
                self.broken = Some(reason);
                false
            }
        }
    }
}

/// Reads keys and policy, and remembers the files as they were just before.
fn settings(
    environment: &Environment,
    config: Arc<Config>,
    default_hash: Option<Algorithm>,
) -> anyhow::Result<(Settings, WatchedFiles)> {
    let folders = environment.policy_folders();
    let files = WatchedFiles::of(&config, folders.clone());
    // Until the database is known to be ours, what Python can read is the safe choice.
    let default_hash = default_hash.unwrap_or(Algorithm::Bcrypt);
    let mut warnings = Vec::new();
    let settings = Settings::load(config, folders, default_hash, &mut warnings)?;
    for warning in warnings {
        tracing::warn!("{warning}");
    }
    Ok((settings, files))
}

/// Says which changed options count only at the next start.
fn warn_of_fixed(old: &Config, new: &Config) {
    let is_fixed = |group: &str, name: &str| match group {
        "server" | "database" => true,
        "identity" => matches!(name, "password_hash_concurrency" | "password_hash_queue"),
        "token_store" | "memcache" => true,
        "token" => name == "driver",
        "cache" => matches!(name, "enabled" | "version_poll_interval_ms"),
        "oslo_messaging_notifications" | "oslo_messaging_rabbit" => true,
        "DEFAULT" => matches!(
            name,
            "log_file"
                | "log_dir"
                | "log_date_format"
                | "log_color"
                | "use_json"
                | "use_stderr"
                | "transport_url"
                | "control_exchange"
        ),
        _ => false,
    };
    for spec in groups().flat_map(|group| group.options) {
        let text = |config: &Config| config.get(spec.group, spec.name).map(OptionValue::to_text);
        if is_fixed(spec.group, spec.name) && text(old) != text(new) {
            tracing::warn!(
                "[{}] {} takes effect at the next start",
                spec.group,
                spec.name
            );
        }
    }
}

/// Learns of changes that other processes made. Python's do not raise versions, so its revocations
/// are looked for as well.
async fn follow_facts(app: &App) {
    let options = &app.config().cache;
    if options.enabled == Some(false) {
        // Nothing is kept that could be outdated.
        return std::future::pending().await;
    }
    let pause = Duration::from_millis(options.version_poll_interval_ms);
    let mut ticks = interval(pause.max(SHORTEST_POLL));
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut is_away = false;
    loop {
        ticks.tick().await;
        match look_at_facts(app).await {
            Ok(()) => is_away = false,
            Err(error) if !is_away => {
                is_away = true;
                tracing::warn!(%error, "changes in the database can't be followed");
            }
            Err(_) => {}
        }
    }
}

async fn look_at_facts(app: &App) -> crate::Result<()> {
    app.db.refresh_versions().await?;
    app.revoke().follow().await
}

/// Removes revocation events and remembered requests that are past use, now and then.
async fn prune(app: &App) {
    let mut ticks = interval(PRUNING_INTERVAL);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        if let Err(error) = app.revoke().prune().await {
            tracing::warn!(%error, "old revocation events could not be removed");
        }
        if let Err(error) = app.oauth1().prune_requests().await {
            tracing::warn!(%error, "old OAuth1 requests could not be forgotten");
        }
    }
}
