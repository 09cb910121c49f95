//! The state of an account: whether it may be used, and by which methods.

use super::IdentityManager;
use crate::config::Config;
use crate::driver::sql::identity::LockoutRule;
use crate::model::{LocalLogin, Timestamp, User};
use chrono::{Days, NaiveDate};
use serde_json::Value;

/// Whether an option that exempts a user is set.
pub(super) fn has_option(user: &User, name: &str) -> bool {
    user.options.get(name) == Some(&Value::Bool(true))
}

/// The last day whose logins are too long ago, by
/// `[security_compliance] disable_user_account_days_inactive`; `None` when inactivity disables
/// nobody.
pub(super) fn last_inactive_day(config: &Config, now: Timestamp) -> Option<NaiveDate> {
    let days = config
        .security_compliance
        .disable_user_account_days_inactive?;
    now.naive().date().checked_sub_days(Days::new(days))
}

/// Whether a user counts as disabled for not having logged in for long. Who never did counts from
/// the day of creation.
pub fn is_inactive(user: &User, config: &Config, now: Timestamp) -> bool {
    !has_option(user, "ignore_user_inactivity")
        && has_been_away(user.last_active_at, user.created_at, config, now)
}

/// Whether the last login of an account, or else its creation, is too long ago.
pub(in crate::manager) fn has_been_away(
    last_active_at: Option<NaiveDate>,
    created_at: Option<Timestamp>,
    config: &Config,
    now: Timestamp,
) -> bool {
    let active = last_active_at.or_else(|| created_at.map(|time| time.naive().date()));
    last_inactive_day(config, now)
        .zip(active)
        .is_some_and(|(last_day, active)| active <= last_day)
}

/// When a user's failures lock the account; `None` for one whom nothing locks.
pub(super) fn lockout_rule(user: &User, config: &Config, now: Timestamp) -> Option<LockoutRule> {
    let rules = &config.security_compliance;
    let attempts = rules.lockout_failure_attempts?;
    if has_option(user, "ignore_lockout_failure_attempts") {
        return None;
    }
    let seconds = |seconds: u64| i64::try_from(seconds).unwrap_or(i64::MAX);
    Some(LockoutRule {
        attempts: i64::try_from(attempts).unwrap_or(i64::MAX),
        over_since: rules
            .lockout_duration
            .map(|duration| now.plus_seconds(seconds(duration).saturating_neg())),
    })
}

/// Whether an account is locked as it was read. The last word has the database, when the outcome of
/// a login is recorded.
pub(super) fn is_locked(login: &LocalLogin, rule: LockoutRule) -> bool {
    let over = match (rule.over_since, login.failed_auth_at) {
        (Some(over_since), Some(failed_at)) => failed_at <= over_since,
        _ => false,
    };
    login.failed_auth_count >= rule.attempts && !over
}

impl IdentityManager<'_> {
    /// The user as everybody sees it: disabled by inactivity is disabled.
    pub(in crate::manager) fn as_it_reads(&self, mut user: User) -> User {
        let inactive = is_inactive(&user, &self.app.config(), self.app.clock.now());
        user.enabled = user.enabled && !inactive;
        user
    }
}

/// What a login lacks when the methods that it used satisfy none of the user's multi-factor rules: the
/// rules that it is on the way to, each as the methods that it takes. `None` when nothing is lacking.
///
/// Methods that the server does not offer are no part of a rule; rules of nothing else don't count.
pub fn lacking_methods(user: &User, used: &[String], config: &Config) -> Option<Vec<Vec<String>>> {
    if user.options.get("multi_factor_auth_enabled") == Some(&Value::Bool(false)) {
        return None;
    }
    let rules = user
        .options
        .get("multi_factor_auth_rules")
        .and_then(Value::as_array);
    let rules: Vec<_> = rules
        .into_iter()
        .flatten()
        .filter_map(|rule| offered_methods(rule, &config.auth.methods))
        .collect();
    let is_used = |method: &&str| used.iter().any(|used| used == method);
    if rules.is_empty() || rules.iter().any(|rule| rule.iter().all(is_used)) {
        return None;
    }
    let begun = rules.iter().filter(|rule| rule.iter().any(is_used));
    Some(
        begun
            .map(|rule| rule.iter().map(|method| (*method).to_owned()).collect())
            .collect(),
    )
}

fn offered_methods<'r>(rule: &'r Value, offered: &[String]) -> Option<Vec<&'r str>> {
    let methods: Vec<&str> = rule
        .as_array()?
        .iter()
        .filter_map(Value::as_str)
        .filter(|method| offered.iter().any(|name| name == method))
        .collect();
    (!methods.is_empty()).then_some(methods)
}
