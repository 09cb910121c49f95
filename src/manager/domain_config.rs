//! Configuration of single domains: which options they may have, and what they are.
//!
//! An option that is sensitive is stored and never shown; others may name it as `%(option)s`, and are
//! shown with the name, not with what it stands for.

mod rules;

use crate::app::App;
use crate::config::{Config, OptionValue};
use crate::driver::sql::db::Session;
use crate::driver::sql::domain_config::{self as sql, Visibility};
use crate::error::{Error, Result};
use crate::model::{ConfigOption, ConfigPlace, DomainId};
use rules::Rules;
use serde_json::{Map, Value, json};

/// Options of the passwords' rules that everybody may read, of the default domain alone.
const OF_PASSWORDS: [&str; 2] = ["password_regex", "password_regex_description"];

/// The group of those options.
pub const SECURITY_COMPLIANCE: &str = "security_compliance";

/// Configuration of single domains.
pub struct DomainConfigManager<'a> {
    app: &'a App,
}

impl<'a> DomainConfigManager<'a> {
    /// A view of the app.
    pub fn new(app: &'a App) -> Self {
        Self { app }
    }

    /// What a domain's configuration shows at a place: groups of options, or of a single option its
    /// name and value.
    ///
    /// # Errors
    /// 403 for a group or option that domains can't have; 404 when nothing is set there.
    pub async fn config(
        &self,
        domain: &DomainId,
        place: &ConfigPlace,
    ) -> Result<Map<String, Value>> {
        Rules::of(&self.app.config()).check(place)?;
        let mut session = self.app.db.session().await?;
        let shown = sql::options(&mut session, domain, place, Visibility::Shown).await?;
        if shown.is_empty() {
            return Err(not_set(domain, place));
        }
        Ok(arranged(shown, place))
    }

    /// What the rules for passwords are, of the domain that they hold for.
    ///
    /// # Errors
    /// 403 for any other domain, and for options that are nobody's business.
    pub fn password_rules(
        &self,
        domain: &DomainId,
        place: &ConfigPlace,
    ) -> Result<Map<String, Value>> {
        let config = self.app.config();
        if *domain != *config.identity.default_domain_id.as_str() {
            return Err(Error::forbidden_action(format!(
                "The rules for passwords are those of the default domain, not of {domain}."
            )));
        }
        let names: Vec<&str> = match place.names() {
            (_, Some(option)) => match OF_PASSWORDS.iter().find(|name| **name == option) {
                Some(name) => vec![name],
                None => {
                    return Err(Error::forbidden_action(format!(
                        "[{SECURITY_COMPLIANCE}] {option} can't be read here; only {} can.",
                        OF_PASSWORDS.join(" and ")
                    )));
                }
            },
            _ => OF_PASSWORDS.to_vec(),
        };
        let options = names
            .into_iter()
            .map(|name| server_wide(&config, SECURITY_COMPLIANCE, name));
        Ok(arranged(options.collect(), place))
    }

    /// What holds for domains that say nothing else, at a place.
    ///
    /// # Errors
    /// 403 for a group or option that domains can't have, or that is never shown.
    pub fn defaults(&self, place: &ConfigPlace) -> Result<Map<String, Value>> {
        let config = self.app.config();
        let rules = Rules::of(&config);
        rules.check(place)?;
        let options = rules.shown_at(place)?;
        let options = options
            .into_iter()
            .map(|(group, option)| server_wide(&config, group, option));
        Ok(arranged(options.collect(), place))
    }

    /// Replaces a domain's configuration. Returns what is shown of the new one, and whether there
    /// was one before.
    ///
    /// # Errors
    /// 403 for an empty configuration, and for groups or options that domains can't have. Whether there
    /// is such a domain is not asked.
    pub async fn create(
        &self,
        domain: &DomainId,
        groups: &Map<String, Value>,
    ) -> Result<(Map<String, Value>, bool)> {
        let config = self.app.config();
        let rules = Rules::of(&config);
        let options = &rules.options_of(groups)?;
        let rules = &rules;
        self.app
            .db
            .transaction(|s| {
                Box::pin(async move {
                    let existed = sql::has_options(s, domain, &ConfigPlace::Whole).await?;
                    sql::delete_options(s, domain, &ConfigPlace::Whole).await?;
                    insert(s, domain, options, rules).await?;
                    Ok((shown(s, domain).await?, existed))
                })
            })
            .await
    }

    /// Sets options of a domain and leaves its others as they are. With a group or an option in
    /// `place`, the request may hold nothing else, and it must be set already. Returns what is shown
    /// of the whole configuration.
    ///
    /// # Errors
    /// 403 as for [`create`](Self::create), and when the request holds something else than its place
    /// says; 404 when nothing is set at the place.
    pub async fn update(
        &self,
        domain: &DomainId,
        place: &ConfigPlace,
        sent: &Map<String, Value>,
    ) -> Result<Map<String, Value>> {
        let config = self.app.config();
        let rules = Rules::of(&config);
        let options = match place {
            ConfigPlace::Option { group, .. } => {
                let mut groups = Map::new();
                groups.insert(group.clone(), Value::Object(sent.clone()));
                rules.options_of(&groups)?
            }
            _ => rules.options_of(sent)?,
        };
        rules.check(place)?;
        check_only(place, &options)?;
        let (options, rules) = (&options, &rules);
        self.app
            .db
            .transaction(|s| {
                Box::pin(async move {
                    let partial = *place != ConfigPlace::Whole;
                    if partial && !sql::has_options(s, domain, place).await? {
                        return Err(not_set(domain, place));
                    }
                    for option in options {
                        sql::delete_options(s, domain, &place_of(option)).await?;
                    }
                    insert(s, domain, options, rules).await?;
                    shown(s, domain).await
                })
            })
            .await
    }

    /// Removes what a domain's configuration has at a place.
    ///
    /// # Errors
    /// 403 for a group or option that domains can't have; 404 when a group or option is not set.
    pub async fn delete(&self, domain: &DomainId, place: &ConfigPlace) -> Result<()> {
        Rules::of(&self.app.config()).check(place)?;
        self.app
            .db
            .transaction(|s| {
                Box::pin(async move {
                    let partial = *place != ConfigPlace::Whole;
                    if partial && !sql::has_options(s, domain, place).await? {
                        return Err(not_set(domain, place));
                    }
                    sql::delete_options(s, domain, place).await
                })
            })
            .await
    }
}

/// Stores the options of a domain that has none, as a file names them: all values are texts.
///
/// # Errors
/// 403 for options that domains can't have; 409 when the domain has options already.
pub async fn upload(
    s: &mut Session,
    config: &Config,
    domain: &DomainId,
    groups: &Map<String, Value>,
) -> Result<()> {
    let rules = Rules::of(config);
    let options = rules.options_of(groups)?;
    if sql::has_options(s, domain, &ConfigPlace::Whole).await? {
        return Err(Error::conflict(format!(
            "The domain {domain} has a configuration already."
        )));
    }
    insert(s, domain, &options, &rules).await
}

async fn insert(
    s: &mut Session,
    domain: &DomainId,
    options: &[ConfigOption],
    rules: &Rules<'_>,
) -> Result<()> {
    for option in options {
        sql::insert_option(s, domain, option, rules.visibility(option)).await?;
    }
    Ok(())
}

async fn shown(s: &mut Session, domain: &DomainId) -> Result<Map<String, Value>> {
    let options = sql::options(s, domain, &ConfigPlace::Whole, Visibility::Shown).await?;
    Ok(arranged(options, &ConfigPlace::Whole))
}

/// Options by group, or the one option that a request was about.
fn arranged(options: Vec<ConfigOption>, place: &ConfigPlace) -> Map<String, Value> {
    let mut arranged = Map::new();
    for ConfigOption {
        group,
        option,
        value,
    } in options
    {
        if let ConfigPlace::Option { .. } = place {
            arranged.insert(option, value);
            continue;
        }
        let group = arranged.entry(group).or_insert_with(|| json!({}));
        if let Value::Object(group) = group {
            group.insert(option, value);
        }
    }
    arranged
}

/// A request about a group or an option must hold that and nothing else.
fn check_only(place: &ConfigPlace, options: &[ConfigOption]) -> Result<()> {
    let (group, option) = place.names();
    let is_meant = |sent: &ConfigOption| {
        group.is_none_or(|group| sent.group == group)
            && option.is_none_or(|option| sent.option == option)
    };
    match options.iter().find(|sent| !is_meant(sent)) {
        Some(other) => Err(Error::forbidden_action(format!(
            "The request may only hold what its path names, not [{}] {}.",
            other.group, other.option
        ))),
        None => Ok(()),
    }
}

fn place_of(option: &ConfigOption) -> ConfigPlace {
    ConfigPlace::Option {
        group: option.group.clone(),
        option: option.option.clone(),
    }
}

fn not_set(domain: &DomainId, place: &ConfigPlace) -> Error {
    let what = match place.names() {
        (Some(group), Some(option)) => format!("[{group}] {option} of domain {domain}"),
        (Some(group), None) => format!("[{group}] of domain {domain}"),
        _ => format!("of domain {domain}"),
    };
    Error::not_found("configuration", what)
}

/// What the server itself goes by.
fn server_wide(config: &Config, group: &str, option: &str) -> ConfigOption {
    let value = match config.get(group, option) {
        None | Some(OptionValue::Unset) => Value::Null,
        Some(OptionValue::Boolean(truth)) => json!(truth),
        Some(OptionValue::Integer(number)) => json!(number),
        Some(OptionValue::Float(number)) => json!(number),
        Some(OptionValue::String(text)) => json!(text),
        Some(OptionValue::List(items)) => json!(items),
        Some(OptionValue::Dict(items)) => json!(items),
        Some(OptionValue::DictOfLists(items)) => json!(items),
        // Whatever an operator puts on the list of what is shown: secrets are not.
        Some(OptionValue::Secret(_) | OptionValue::Secrets(_)) => Value::Null,
    };
    ConfigOption {
        group: group.to_owned(),
        option: option.to_owned(),
        value,
    }
}
