//! Who keeps the users and groups of which domain: the database, or a directory.
//!
//! `[identity] driver` is for all domains that have none of their own. Those have it from a file, which is
//! read at the start, or from the database, where it may change at any time.

use super::directory::{KeptDirectory, time_to_live};
use crate::config::{Config, DomainFile, Sources};
use crate::driver::sql::db::{Area, Db, Session};
use crate::driver::sql::domain_config::{self, Visibility};
use crate::driver::sql::resource;
use crate::error::{Error, Result};
use crate::model::{ConfigOption, DomainId, Timestamp};
use arc_swap::ArcSwapOption;
use serde_json::Value;
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use tokio::sync::Mutex;

/// The domains' configurations in the database may be changed by others without a word: for so many
/// seconds is believed what was read.
const TIME_TO_LIVE: i64 = 5;

/// What `[identity] driver` may say.
const SQL: &str = "sql";
const LDAP: &str = "ldap";

/// Who keeps users and groups.
#[derive(Clone)]
pub enum Driver {
    Sql,
    Ldap(Arc<KeptDirectory>),
    /// Of a domain whose configuration in the database is of no use, and why.
    Unusable(Arc<str>),
}

/// The driver of a domain.
#[derive(Clone)]
pub struct DomainDriver {
    pub driver: Driver,
    /// Whether it is the one of `[identity] driver`, not the domain's own.
    pub is_default: bool,
    /// The domain's own `list_limit`.
    pub list_limit: Option<i64>,
}

/// The drivers of all domains at some moment.
pub struct Drivers {
    default: DomainDriver,
    of_domains: HashMap<DomainId, DomainDriver>,
    stamp: Stamp,
}

/// What they were made of.
struct Stamp {
    config: Arc<Config>,
    files: Arc<[DomainFile]>,
    /// Versions of the domains and of their configurations.
    versions: (u64, u64),
    read_at: Timestamp,
}

impl Drivers {
    /// The driver of a domain that has none of its own.
    pub fn default(&self) -> &DomainDriver {
        &self.default
    }

    /// The driver of a domain.
    ///
    /// # Errors
    /// 404 when a directory is the driver of all domains, and this is not the default one: it can't
    /// tell them apart.
    pub fn of_domain(&self, domain: &DomainId) -> Result<&DomainDriver> {
        if let Some(own) = self.of_domains.get(domain) {
            return Ok(own);
        }
        let config = &self.stamp.config;
        match self.default.driver {
            Driver::Ldap(_) if *domain != config.identity.default_domain_id.as_str() => {
                Err(Error::not_found("domain", domain))
            }
            _ => Ok(&self.default),
        }
    }

    /// Whether domains may have drivers of their own.
    pub fn has_specific(&self) -> bool {
        self.stamp.config.identity.domain_specific_drivers_enabled
    }

    /// The configuration that they were made of.
    pub fn config(&self) -> &Config {
        &self.stamp.config
    }
}

/// Who may have a driver of their own, with everything that is read to find out.
#[derive(Clone, Copy)]
pub struct DriverSource<'a> {
    pub db: &'a Db,
    pub config: &'a Arc<Config>,
    pub files: &'a Arc<[DomainFile]>,
    pub now: Timestamp,
}

/// The drivers of this moment, made anew when what they were made of has changed.
#[derive(Default)]
pub struct DriverCache {
    known: ArcSwapOption<Drivers>,
    making: Mutex<()>,
}

/// Whether the database keeps all users and groups, and nothing need be found out.
pub fn is_plain(config: &Config) -> bool {
    config.identity.driver == SQL && !config.identity.domain_specific_drivers_enabled
}

/// Whether there can be one domain only: a directory is the driver of all, and can't tell them apart.
pub fn is_single_domain(config: &Config) -> bool {
    config.identity.driver == LDAP && !config.identity.domain_specific_drivers_enabled
}

/// Refuses drivers that nobody knows or that can't work, and a second driver `sql`. Blocking I/O.
///
/// # Errors
/// 500, with a message for the operator.
pub fn check(config: &Config, files: &[DomainFile]) -> Result<()> {
    check_one(config, "[identity] driver")?;
    let mut has_sql = config.identity.driver == SQL;
    for file in files {
        let place = format!("{}: [identity] driver", file.path.display());
        check_one(&file.config, &place)?;
        let is_sql = file.config.identity.driver == SQL;
        if is_sql && has_sql {
            return Err(Error::internal(format!(
                "{place}: only one driver can be sql, and there is another one"
            )));
        }
        has_sql = has_sql || is_sql;
    }
    Ok(())
}

fn check_one(config: &Config, place: &str) -> Result<()> {
    match config.identity.driver.as_str() {
        SQL => Ok(()),
        LDAP => KeptDirectory::new(config, 0).map(drop),
        other => Err(Error::internal(format!(
            "{place}: '{other}' is not known; known are sql and ldap"
        ))),
    }
}

impl DriverCache {
    /// The drivers of this moment.
    ///
    /// # Errors
    /// 503 when the database is away.
    pub async fn get(&self, source: DriverSource<'_>) -> Result<Arc<Drivers>> {
        if let Some(known) = self.fresh(&source) {
            return Ok(known);
        }
        let _turn = self.making.lock().await;
        // Somebody else may have made them meanwhile.
        if let Some(known) = self.fresh(&source) {
            return Ok(known);
        }
        let before = self.known.load_full();
        let made = Arc::new(source.make(before.as_deref()).await?);
        self.known.store(Some(Arc::clone(&made)));
        Ok(made)
    }

    fn fresh(&self, source: &DriverSource<'_>) -> Option<Arc<Drivers>> {
        let known = self.known.load_full()?;
        let stamp = &known.stamp;
        let is_same =
            Arc::ptr_eq(&stamp.config, source.config) && Arc::ptr_eq(&stamp.files, source.files);
        let age = source.now.seconds().saturating_sub(stamp.read_at.seconds());
        let is_fresh = !source.config.identity.domain_specific_drivers_enabled
            || (stamp.versions == source.versions()
                && (0..TIME_TO_LIVE).contains(&age)
                && source.config.cache.enabled != Some(false));
        (is_same && is_fresh).then_some(known)
    }
}

impl DriverSource<'_> {
    fn versions(&self) -> (u64, u64) {
        let versions = self.db.versions();
        (versions.of(Area::Resource), versions.of(Area::Config))
    }

    /// Directories that were there before are taken over with their connections.
    async fn make(&self, before: Option<&Drivers>) -> Result<Drivers> {
        let stamp = Stamp {
            config: Arc::clone(self.config),
            files: Arc::clone(self.files),
            versions: self.versions(),
            read_at: self.now,
        };
        let default = DomainDriver {
            driver: self.driver(self.config, before).await?,
            is_default: true,
            list_limit: None,
        };
        let mut of_domains = HashMap::new();
        if self.config.identity.domain_specific_drivers_enabled {
            for (domain, config) in self.domains().await? {
                let list_limit = match &config {
                    Ok(config) => config.identity.list_limit.or(config.default.list_limit),
                    Err(_) => None,
                };
                let driver = match config {
                    Ok(config) => self.driver(&config, before).await,
                    Err(error) => Err(error),
                };
                let own = DomainDriver {
                    driver: driver.unwrap_or_else(|why| unusable(&domain, &why, before)),
                    is_default: false,
                    list_limit,
                };
                of_domains.insert(domain, own);
            }
        }
        Ok(Drivers {
            default,
            of_domains,
            stamp,
        })
    }

    async fn driver(&self, config: &Arc<Config>, before: Option<&Drivers>) -> Result<Driver> {
        match config.identity.driver.as_str() {
            SQL => return Ok(Driver::Sql),
            LDAP => {}
            other => {
                return Err(Error::internal(format!(
                    "[identity] driver: '{other}' is not known"
                )));
            }
        }
        let time_to_live = time_to_live(self.config);
        let known = before.into_iter().flat_map(|before| {
            before
                .of_domains
                .values()
                .chain([&before.default])
                .filter_map(|known| match &known.driver {
                    Driver::Ldap(directory) => Some(directory),
                    _ => None,
                })
        });
        for directory in known {
            if directory.is_of(config, time_to_live) {
                return Ok(Driver::Ldap(Arc::clone(directory)));
            }
        }
        let made = KeptDirectory::open(Arc::clone(config), time_to_live).await?;
        Ok(Driver::Ldap(Arc::new(made)))
    }

    /// The domains with a configuration of their own.
    async fn domains(&self) -> Result<Vec<(DomainId, Result<Arc<Config>>)>> {
        let s = &mut self.db.session().await?;
        if self.config.identity.domain_configurations_from_database {
            return from_database(s).await;
        }
        let mut found = Vec::new();
        for file in self.files.iter() {
            // The domain may be made later than its file.
            match resource::domain_by_name(s, &file.domain).await? {
                Some(domain) => found.push((domain.id.into(), Ok(Arc::clone(&file.config)))),
                None => tracing::debug!(file = %file.path.display(), "there is no such domain"),
            }
        }
        Ok(found)
    }
}

/// Told of once, until it changes.
fn unusable(domain: &DomainId, why: &Error, before: Option<&Drivers>) -> Driver {
    let known = before.and_then(|before| before.of_domains.get(domain));
    let text = format!("the configuration of domain {domain} is of no use: {why}");
    match known.map(|known| &known.driver) {
        Some(Driver::Unusable(known)) if **known == *text => {}
        _ => tracing::error!("{text}"),
    }
    Driver::Unusable(text.into())
}

async fn from_database(s: &mut Session) -> Result<Vec<(DomainId, Result<Arc<Config>>)>> {
    let mut of_domains: BTreeMap<DomainId, (Vec<ConfigOption>, Vec<ConfigOption>)> =
        BTreeMap::new();
    for (domain, option) in domain_config::options_of_all(s, Visibility::Shown).await? {
        of_domains.entry(domain).or_default().0.push(option);
    }
    for (domain, option) in domain_config::options_of_all(s, Visibility::Hidden).await? {
        of_domains.entry(domain).or_default().1.push(option);
    }
    Ok(of_domains
        .into_iter()
        .map(|(domain, (shown, hidden))| (domain, config_of(&shown, &hidden)))
        .collect())
}

/// The configuration that a domain's options make. What may be shown can name what may not, as
/// `%(option)s`.
fn config_of(shown: &[ConfigOption], hidden: &[ConfigOption]) -> Result<Arc<Config>> {
    let mut arguments = Vec::new();
    for option in shown.iter().filter(|option| !option.value.is_null()) {
        let mut text = as_text(&option.value);
        for secret in hidden.iter().filter(|secret| secret.group == option.group) {
            let name = format!("%({})s", secret.option);
            if text.contains(&name) {
                text = text.replace(&name, &as_text(&secret.value));
            }
        }
        arguments.push((option.group.clone(), option.option.clone(), text));
    }
    for option in hidden {
        arguments.push((
            option.group.clone(),
            option.option.clone(),
            as_text(&option.value),
        ));
    }
    let sources = Sources {
        arguments,
        ..Sources::default()
    };
    Config::load(&sources)
        .map(|loaded| Arc::new(loaded.config))
        .map_err(Error::internal)
}

fn as_text(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        Value::Array(items) => items.iter().map(as_text).collect::<Vec<_>>().join(","),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn option(group: &str, option: &str, value: Value) -> ConfigOption {
        ConfigOption {
            group: group.to_owned(),
            option: option.to_owned(),
            value,
        }
    }

    #[test]
    fn options_of_the_database_make_a_configuration() {
        let shown = [
            option("identity", "driver", json!("ldap")),
            option("identity", "list_limit", json!(7)),
            option("ldap", "url", json!("ldap://u:%(password)s@h")),
            option("ldap", "use_tls", json!(true)),
            option("ldap", "user_attribute_ignore", json!(["a", "b"])),
            option("ldap", "page_size", json!("100")),
        ];
        let hidden = [option("ldap", "password", json!("p$1"))];
        let config = config_of(&shown, &hidden).unwrap();
        assert_eq!(config.identity.driver, "ldap");
        assert_eq!(config.identity.list_limit, Some(7));
        assert_eq!(config.ldap.url, "ldap://u:p$1@h");
        assert!(config.ldap.use_tls);
        assert_eq!(config.ldap.user_attribute_ignore, ["a", "b"]);
        assert_eq!(config.ldap.page_size, 100);
        assert_eq!(config.ldap.password.as_ref().unwrap().expose(), "p$1");
        assert!(config_of(&[option("ldap", "page_size", json!("x"))], &[]).is_err());
    }

    #[test]
    fn one_driver_at_most_is_sql() {
        let file = |driver: &str| DomainFile {
            domain: "d".to_owned(),
            path: "keystone.d.conf".into(),
            config: config(driver),
        };
        assert!(check(&config("sql"), &[file("ldap"), file("ldap")]).is_ok());
        assert!(check(&config("ldap"), &[file("sql"), file("ldap")]).is_ok());
        assert!(check(&config("sql"), &[file("sql")]).is_err());
        assert!(check(&config("ldap"), &[file("sql"), file("sql")]).is_err());
        assert!(check(&config("kvs"), &[]).is_err());
        assert!(check(&config("sql"), &[file("kvs")]).is_err());
    }

    fn config(driver: &str) -> Arc<Config> {
        let text = format!("[identity]\ndriver = {driver}\n");
        Arc::new(Config::from_text(&text).unwrap())
    }
}
