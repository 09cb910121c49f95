//! The configuration: the oslo.config dialect, one table of every option, one struct per section.
//!
//! Each option is declared once, in `sections/`: the field's comment is its help text, its type
//! says how it is read, and the rest (default, range, older names) follows. From these
//! declarations come the typed sections of [`Config`], the generic table ([`options`]), and the
//! sample file ([`sample()`]).

mod database_url;
mod domains;
mod field;
pub mod ini;
mod load;
mod option;
mod sample;
mod sections;
mod substitute;
#[cfg(test)]
mod tests;
mod transport_url;
mod value;

pub use database_url::{DatabaseUrl, DatabaseUrlError, ParsedUrl, ServerUrl, Tls, TlsMode};
pub use domains::{DomainFile, domain_of_file};
pub use load::{ConfigError, Origin, Place, Problem, Sources};
pub use option::OptionSpec;
pub use sample::sample;
pub use sections::*;
pub use transport_url::{BusHost, MessageBus, TransportUrl, TransportUrlError};
pub use value::{Kind, OptionValue};

use field::Section;
use load::Values;
use std::path::Path;

/// A configuration, and what the operator should be told about it.
#[derive(Clone, Debug)]
pub struct Loaded {
    /// The configuration.
    pub config: Config,
    /// Unknown and deprecated options, each with its place.
    pub warnings: Vec<String>,
}

/// One group of the option table.
#[derive(Clone, Copy, Debug)]
pub struct Group {
    /// The group's name in the file.
    pub name: &'static str,
    /// What it is about, one line for each line of the source.
    pub help: &'static [&'static str],
    /// Its options.
    pub options: &'static [OptionSpec],
}

/// Declares [`Config`] from its sections.
macro_rules! config {
    ($($field:ident: $section:ty,)+) => {
        /// Every option's value. Read-only, and meant to be shared in an `Arc`; a reload makes a
        /// new one. Its `Debug` shows no secrets.
        #[derive(Clone, Debug)]
        pub struct Config {
            $(
                #[doc = concat!("`[", stringify!($field), "]`.")]
                pub $field: $section,
            )+
            database_url: Option<DatabaseUrl>,
            values: Values,
        }

        const GROUPS: &[Group] = &[$(
            Group { name: <$section>::GROUP, help: <$section>::HELP, options: <$section>::OPTIONS },
        )+];

        impl Config {
            /// Puts the sections together. The values have been checked one by one.
            fn assemble(values: Values, database_url: Option<DatabaseUrl>) -> Result<Self, String> {
                let get = |group: &'static str| {
                    let settings = &values.settings;
                    move |name: &'static str| {
                        settings.get(&(group, name)).map_or(&OptionValue::Unset, |(value, _)| value)
                    }
                };
                $(let $field = <$section>::read(get(<$section>::GROUP))?;)+
                Ok(Self { $($field,)+ database_url, values })
            }
        }
    };
}

config! {
    default: Default_,
    server: Server,
    api: Api,
    application_credential: ApplicationCredential,
    assignment: Assignment,
    auth: Auth,
    cache: Cache,
    catalog: Catalog,
    cors: Cors,
    credential: Credential,
    database: Database,
    domain_config: DomainConfig,
    endpoint_filter: EndpointFilter,
    endpoint_policy: EndpointPolicy,
    eventlet_server_ssl: EventletServerSsl,
    federation: Federation,
    fernet_receipts: FernetReceipts,
    fernet_tokens: FernetTokens,
    healthcheck: Healthcheck,
    identity: Identity,
    identity_mapping: IdentityMapping,
    jwt_tokens: JwtTokens,
    ldap: Ldap,
    memcache: Memcache,
    oauth1: Oauth1,
    oauth2: Oauth2,
    oslo_messaging_kafka: OsloMessagingKafka,
    oslo_messaging_notifications: OsloMessagingNotifications,
    oslo_messaging_rabbit: OsloMessagingRabbit,
    oslo_middleware: OsloMiddleware,
    oslo_middleware_tracing: OsloMiddlewareTracing,
    oslo_policy: OsloPolicy,
    policy: Policy,
    profiler: Profiler,
    profiler_jaeger: ProfilerJaeger,
    profiler_otlp: ProfilerOtlp,
    receipt: Receipt,
    resource: Resource,
    revoke: Revoke,
    role: Role,
    saml: Saml,
    security_compliance: SecurityCompliance,
    shadow_users: ShadowUsers,
    signing: Signing,
    ssl: Ssl,
    token: Token,
    token_store: TokenStore,
    tokenless_auth: TokenlessAuth,
    totp: Totp,
    trust: Trust,
    unified_limit: UnifiedLimit,
    wsgi: Wsgi,
}

/// The option table by groups, in the order of the sample file.
pub fn groups() -> impl Iterator<Item = &'static Group> {
    GROUPS.iter()
}

/// Every option.
pub fn options() -> impl Iterator<Item = &'static OptionSpec> {
    GROUPS.iter().flat_map(|group| group.options)
}

/// The option with a group and a name.
pub fn option(group: &str, name: &str) -> Option<&'static OptionSpec> {
    GROUPS
        .iter()
        .find(|candidate| candidate.name == group)
        .and_then(|group| group.options.iter().find(|spec| spec.name == name))
}

impl Config {
    /// Reads a configuration. Fails with everything that is wrong with it: unreadable files, lines
    /// out of form, bad values, an unusable `[database] connection`.
    pub fn load(sources: &Sources) -> Result<Loaded, ConfigError> {
        Self::load_with(sources, &[])
    }

    /// As [`Config::load`], with other defaults for some options: group, name and the text, in
    /// which a dollar sign means itself.
    pub fn load_with(
        sources: &Sources,
        fallbacks: &[(&str, &str, String)],
    ) -> Result<Loaded, ConfigError> {
        let (values, warnings) = load::load(sources, fallbacks)?;
        Self::finish(values, warnings)
    }

    /// The configuration of a file with this text alone.
    pub fn from_text(text: &str) -> Result<Self, ConfigError> {
        let file = load::parse_text(Path::new("keystone.conf"), text)?;
        let (values, warnings) = load::merge(&[file], &Sources::default(), &[])?;
        Self::finish(values, warnings).map(|loaded| loaded.config)
    }

    /// The configuration when nothing is set.
    pub fn defaults() -> Self {
        Self::from_text("").expect("the option table's own defaults are valid; a test loads them")
    }

    fn finish(values: Values, mut warnings: Vec<String>) -> Result<Loaded, ConfigError> {
        let failed = |place: &dyn std::fmt::Display, reason: String| ConfigError {
            problems: vec![Problem::new(place, reason)],
        };
        let mut config =
            Self::assemble(values, None).map_err(|reason| failed(&"configuration", reason))?;
        match config.database.url() {
            Ok(None) => {}
            Ok(Some(ParsedUrl { url, ignored })) => {
                let place = config.origin("database", "connection");
                warnings.extend(ignored.iter().map(|argument| {
                    format!("{place}: [database] connection: the argument {argument} is ignored")
                }));
                config.database_url = Some(url);
            }
            Err(error) => {
                let place = config.origin("database", "connection");
                return Err(failed(place, format!("[database] connection: {error}")));
            }
        }
        Ok(Loaded { config, warnings })
    }

    /// An option's value by names, of any option in the table.
    pub fn get(&self, group: &str, name: &str) -> Option<&OptionValue> {
        self.setting(group, name).map(|(value, _)| value)
    }

    /// Where an option was set; [`Origin::Default`] also for an option that is not in the table.
    pub fn origin(&self, group: &str, name: &str) -> &Origin {
        self.setting(group, name)
            .map_or(&Origin::Default, |(_, origin)| origin)
    }

    fn setting(&self, group: &str, name: &str) -> Option<&(OptionValue, Origin)> {
        let spec = option(group, name)?;
        self.values.settings.get(&(spec.group, spec.name))
    }

    /// The text of an option that has no row in the table: `[auth] <method>` of further methods,
    /// and `[<protocol>] remote_id_attribute`.
    pub fn unlisted(&self, group: &str, name: &str) -> Option<&str> {
        self.values
            .unlisted
            .get(&(group.to_owned(), name.to_owned()))
            .map(String::as_str)
    }

    /// `[database] connection` with `connection_parameters`, taken apart; `None` when unset.
    pub fn database_url(&self) -> Option<&DatabaseUrl> {
        self.database_url.as_ref()
    }
}
