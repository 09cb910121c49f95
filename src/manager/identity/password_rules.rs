//! What a new password must be like, and how long it lasts.

use super::account::has_option;
use crate::config::Config;
use crate::error::{Error, Result};
use crate::model::{PasswordRow, Timestamp, User};
use fancy_regex::Regex;

const SECONDS_PER_DAY: i64 = 86_400;

/// Who sets a password.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum SetBy {
    /// An administrator, or whoever creates the user.
    Admin,
    /// The user.
    Owner,
}

/// Holds a password against `[security_compliance] password_regex`, from the password's start as
/// Python's `re.match` does.
///
/// # Errors
/// 400 with the configured description; 500 when the expression itself is broken.
pub(super) fn check_regex(config: &Config, password: &str) -> Result<()> {
    let rules = &config.security_compliance;
    let Some(pattern) = &rules.password_regex else {
        return Ok(());
    };
    let broken = |error: fancy_regex::Error| {
        Error::internal(format!("[security_compliance] password_regex: {error}"))
    };
    let regex = Regex::new(&format!(r"\A(?:{pattern})")).map_err(broken)?;
    if regex.is_match(password).map_err(broken)? {
        return Ok(());
    }
    let wanted = rules
        .password_regex_description
        .as_deref()
        .unwrap_or("it does not have the form that this cloud wants");
    Err(Error::bad_request(format!(
        "The password is not good enough: {wanted}."
    )))
}

/// When a password that is set now ends; `None` for never. `user` has the options that are in
/// force with the new password.
pub(super) fn expiry(config: &Config, user: &User, by: SetBy, now: Timestamp) -> Option<Timestamp> {
    let rules = &config.security_compliance;
    let must_change = by == SetBy::Admin
        && rules.change_password_upon_first_use
        && !has_option(user, "ignore_change_password_upon_first_use");
    if must_change {
        return Some(now);
    }
    let days = i64::try_from(rules.password_expires_days?).unwrap_or(i64::MAX);
    if has_option(user, "ignore_password_expiry") {
        return None;
    }
    let end = now.plus_seconds(days.saturating_mul(SECONDS_PER_DAY));
    Some(end.whole_seconds())
}

/// Whether the owner may change the password now.
///
/// # Errors
/// 400 when the `lock_password` option or the minimum age forbids it.
pub(super) fn check_change(
    config: &Config,
    user: &User,
    current: Option<&PasswordRow>,
    now: Timestamp,
) -> Result<()> {
    if has_option(user, "lock_password") {
        return Err(Error::bad_request(
            "This password may only be changed by an administrator.",
        ));
    }
    let days = config.security_compliance.minimum_password_age;
    let age = i64::try_from(days)
        .unwrap_or(i64::MAX)
        .saturating_mul(SECONDS_PER_DAY);
    // What an administrator set may be replaced at once.
    let changeable_at = current
        .filter(|row| row.self_service)
        .map(|row| row.created_at.plus_seconds(age));
    if changeable_at.is_some_and(|moment| now < moment) {
        return Err(Error::bad_request(format!(
            "A password must be kept for {days} days before it may be changed again."
        )));
    }
    Ok(())
}

/// How many old passwords stay beside a new one: what the history rule looks back on, and always
/// one.
pub(super) fn kept_history(config: &Config) -> u32 {
    let count = config.security_compliance.unique_last_password_count;
    u32::try_from(count).unwrap_or(u32::MAX).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(section: &str) -> Config {
        Config::from_text(&format!("[security_compliance]\n{section}\n")).unwrap()
    }

    #[test]
    fn a_password_regex_may_look_ahead() {
        let config = config(r"password_regex = ^(?=.*\d)(?=.*[a-zA-Z]).{7,}$");
        assert!(check_regex(&config, "abcdef1").is_ok());
        assert!(check_regex(&config, "abcdefg").is_err());
    }

    #[test]
    fn a_password_regex_counts_from_the_start() {
        let config = config("password_regex = a|b");
        assert!(check_regex(&config, "bc").is_ok());
        assert!(check_regex(&config, "cb").is_err());
    }
}
