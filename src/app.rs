//! The program's parts, put together in one place.

mod database;
mod settings;
mod token_formats;
mod token_stores;
mod watch;

pub use database::database_options;
pub use settings::{hash_parameters, policy_options};
pub use watch::WatchedFiles;

use crate::api::environment::ProxyRules;
use crate::api::links::LinkRules;
use crate::api::metrics::Metrics;
use crate::config::{Config, DomainFile};
use crate::crypto::fernet::FernetKeys;
use crate::crypto::hashing_pool::HashingPool;
use crate::crypto::password::HashParameters;
use crate::driver::notification::Driver;
use crate::driver::sql::db::Db;
use crate::driver::templated_catalog::TemplatedCatalog;
use crate::driver::token_store::TokenStore;
use crate::error::Result;
use crate::manager::{
    application_credential::ApplicationCredentialManager,
    assignment::AssignmentManager,
    auth::AuthManager,
    catalog::{CatalogCache, CatalogManager},
    credential::{CredentialManager, KeyPairCache},
    domain_config::DomainConfigManager,
    federation::FederationManager,
    identity::{DriverCache, IdentityManager},
    limit::LimitManager,
    notify::Notifier,
    oauth1::{OAuth1Manager, RequestCount},
    policy::PolicyManager,
    receipt::ReceiptManager,
    resource::ResourceManager,
    revoke::{RevocationLog, RevokeManager},
    token::{RevocationList, TokenCache, TokenManager},
    trust::TrustManager,
};
use crate::model::Timestamp;
use crate::model::event::{Event, Origin};
use crate::policy::Policy;
use crate::token::provider::TokenProvider;
use crate::token::receipt::ReceiptProvider;
use arc_swap::ArcSwap;
use std::ops::Deref;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

/// The program as one request sees it: everything that the process is made of, and on whose behalf
/// it works.
pub struct App {
    parts: Arc<Parts>,
    /// Transactions on it tell the notifier what they did.
    pub db: Db,
    origin: Arc<Origin>,
}

/// Everything that one process is made of. Shared by all requests; read through [`App`].
pub struct Parts {
    settings: ArcSwap<Settings>,
    pub clock: Clock,
    pub notifier: Notifier,
    pub hashing: HashingPool,
    pub tokens: TokenCache,
    /// Where tokens are kept that are not their own proof.
    pub token_store: Arc<dyn TokenStore>,
    /// OAuth1 requests.
    pub signed_requests: RequestCount,
    pub revocation_list: RevocationList,
    pub catalogs: CatalogCache,
    pub key_pairs: KeyPairCache,
    /// Who keeps the users and groups of which domain.
    pub drivers: DriverCache,
    pub revocations: RevocationLog,
    pub metrics: Metrics,
}

/// What a reload replaces, all at once: a request sees one generation of it.
#[derive(Clone)]
pub struct Settings {
    pub config: Arc<Config>,
    /// The configurations of single domains that are in files.
    pub domains: Arc<[DomainFile]>,
    pub policy: Arc<Policy>,
    pub tokens: Arc<TokenProvider>,
    /// What credentials in the database are encrypted with.
    pub credential_keys: Arc<FernetKeys>,
    /// The catalog, where a file holds it and not the database.
    pub templates: Option<Arc<TemplatedCatalog>>,
    pub receipts: Arc<ReceiptProvider>,
    /// How new passwords are hashed.
    pub hashing: Arc<HashParameters>,
    pub links: Arc<LinkRules>,
    pub proxies: Arc<ProxyRules>,
}

impl App {
    /// Puts the parts together.
    ///
    /// # Errors
    /// When the threads that hash passwords can't be started, `[token] driver` is not known, or the
    /// message bus is set up wrongly.
    pub fn new(settings: Settings, db: Db, clock: Clock) -> Result<Arc<Self>> {
        let drivers = Notifier::drivers(&settings.config)?;
        Self::with_notification_drivers(settings, db, clock, drivers)
    }

    /// As [`new`](Self::new), with other drivers than the configuration's.
    pub fn with_notification_drivers(
        settings: Settings,
        db: Db,
        clock: Clock,
        drivers: Vec<Box<dyn Driver>>,
    ) -> Result<Arc<Self>> {
        let config = &settings.config;
        let hashing = HashingPool::new(
            config.identity.password_hash_concurrency as usize,
            config.identity.password_hash_queue as usize,
        )?;
        let parts = Arc::new(Parts {
            notifier: Notifier::start(drivers, db.clone()),
            hashing,
            tokens: TokenCache::new(&config.cache),
            key_pairs: KeyPairCache::new(config.cache.enabled != Some(false)),
            drivers: DriverCache::default(),
            token_store: token_stores::open(config, &db)?,
            signed_requests: RequestCount::default(),
            revocation_list: RevocationList::default(),
            catalogs: CatalogCache::new(config.cache.enabled != Some(false)),
            revocations: RevocationLog::default(),
            metrics: Metrics::default(),
            settings: ArcSwap::from_pointee(settings),
            clock,
        });
        Ok(Self::view(parts, &db, Origin::default()))
    }

    fn view(parts: Arc<Parts>, db: &Db, origin: Origin) -> Arc<Self> {
        let origin = Arc::new(origin);
        let db = if parts.notifier.is_listened_to() {
            let (parts, origin) = (Arc::clone(&parts), Arc::clone(&origin));
            db.heard_by(Arc::new(move |events| parts.tell(events, &origin)))
        } else {
            db.clone()
        };
        Arc::new(Self { parts, db, origin })
    }

    /// The program as a request with this origin sees it: what it makes happen is told with the
    /// origin's name.
    pub fn on_behalf_of(self: &Arc<Self>, origin: impl FnOnce() -> Origin) -> Arc<Self> {
        if self.notifier.is_listened_to() {
            Self::view(Arc::clone(&self.parts), &self.db, origin())
        } else {
            Arc::clone(self)
        }
    }

    /// Tells of something that no transaction did, such as a refused login.
    pub fn notify(&self, event: Event) {
        self.parts.tell(vec![event], &self.origin);
    }

    /// The settings of this moment.
    pub fn settings(&self) -> Arc<Settings> {
        self.settings.load_full()
    }

    /// The configuration of this moment.
    pub fn config(&self) -> Arc<Config> {
        Arc::clone(&self.settings.load().config)
    }

    /// Replaces the settings; requests in flight keep theirs. Cached tokens are dropped, because
    /// what they say may depend on what changed.
    pub fn replace_settings(&self, settings: Settings) {
        self.settings.store(Arc::new(settings));
        self.tokens.clear();
        self.key_pairs.clear();
    }

    /// Users, groups, passwords.
    pub fn identity(&self) -> IdentityManager<'_> {
        IdentityManager::new(self)
    }

    /// Configuration of single domains.
    pub fn domain_config(&self) -> DomainConfigManager<'_> {
        DomainConfigManager::new(self)
    }

    /// Projects and domains.
    pub fn resource(&self) -> ResourceManager<'_> {
        ResourceManager::new(self)
    }

    /// Roles and who has them.
    pub fn assignment(&self) -> AssignmentManager<'_> {
        AssignmentManager::new(self)
    }

    /// Regions, services, endpoints.
    pub fn catalog(&self) -> CatalogManager<'_> {
        CatalogManager::new(self)
    }

    /// Identity providers, protocols, mappings, service providers.
    pub fn federation(&self) -> FederationManager<'_> {
        FederationManager::new(self)
    }

    /// Limits and registered limits.
    pub fn limits(&self) -> LimitManager<'_> {
        LimitManager::new(self)
    }

    /// Policy documents and what they are attached to.
    pub fn policies(&self) -> PolicyManager<'_> {
        PolicyManager::new(self)
    }

    /// Tokens: issue, validate, revoke.
    pub fn token(&self) -> TokenManager<'_> {
        TokenManager::new(self)
    }

    /// Credentials.
    pub fn credential(&self) -> CredentialManager<'_> {
        CredentialManager::new(self)
    }

    /// Receipts of logins that need more methods.
    pub fn receipt(&self) -> ReceiptManager<'_> {
        ReceiptManager::new(self)
    }

    /// Logins.
    pub fn auth(&self) -> AuthManager<'_> {
        AuthManager::new(self)
    }

    /// Application credentials.
    pub fn application_credential(&self) -> ApplicationCredentialManager<'_> {
        ApplicationCredentialManager::new(self)
    }

    /// OAuth1.
    pub fn oauth1(&self) -> OAuth1Manager<'_> {
        OAuth1Manager::new(self)
    }

    /// Trusts.
    pub fn trust(&self) -> TrustManager<'_> {
        TrustManager::new(self)
    }

    /// Revocation events.
    pub fn revoke(&self) -> RevokeManager<'_> {
        RevokeManager::new(self)
    }
}

impl Deref for App {
    type Target = Parts;

    fn deref(&self) -> &Parts {
        &self.parts
    }
}

impl Parts {
    fn tell(&self, events: Vec<Event>, origin: &Arc<Origin>) {
        let settings = self.settings.load();
        self.notifier
            .tell(events, origin, &settings.config, self.clock.now());
    }
}

/// The time of day. Tests stop it and move it.
#[derive(Clone, Debug)]
pub enum Clock {
    /// The machine's clock.
    System,
    /// Microseconds since 1970, set by whoever shares it.
    Manual(Arc<AtomicI64>),
}

impl Clock {
    /// A clock that stands still at a time.
    pub fn stopped_at(time: Timestamp) -> Self {
        Self::Manual(Arc::new(AtomicI64::new(time.micros())))
    }

    /// Now.
    pub fn now(&self) -> Timestamp {
        match self {
            Self::System => chrono::Utc::now().into(),
            Self::Manual(micros) => Timestamp::from_micros(micros.load(Ordering::Relaxed))
                .unwrap_or_else(|| chrono::DateTime::UNIX_EPOCH.into()),
        }
    }

    /// Moves a manual clock; the machine's clock stays as it is.
    pub fn advance(&self, seconds: i64) {
        if let Self::Manual(micros) = self {
            micros.fetch_add(seconds.saturating_mul(1_000_000), Ordering::Relaxed);
        }
    }
}
