//! The checks themselves.

use super::{Code, Outcome};
use crate::app::policy_options;
use crate::cli::with_database;
use crate::config::Config;
use crate::driver::sql::assignment::role;
use crate::model::list::ListHints;
use crate::policy::{Check, Policy, PolicyFiles, PolicyOptions};
use std::path::PathBuf;

/// The rules of trusts that Keystone once had beside its policy as well.
const TRUST_RULES: [&str; 5] = [
    "identity:list_trusts",
    "identity:delete_trust",
    "identity:get_trust",
    "identity:list_roles_for_trust",
    "identity:get_role_for_trust",
];

const DEFAULT_ROLES: [&str; 3] = ["admin", "member", "reader"];

/// Makes all checks.
pub(super) fn all(config: &Config, policy_folders: Vec<PathBuf>) -> anyhow::Result<Vec<Outcome>> {
    let options = policy_options(config, policy_folders);
    Ok(vec![
        trust_rules(&options)?,
        default_roles(config)?,
        policy_file(&options)?,
    ])
}

/// Rules of trusts that anybody fulfils.
fn trust_rules(options: &PolicyOptions) -> anyhow::Result<Outcome> {
    let policy = Policy::load(options)?.policy;
    let open: Vec<_> = TRUST_RULES
        .into_iter()
        .filter(|rule| matches!(policy.check(rule), Some(Check::Always)))
        .collect();
    Ok(outcome(
        "Check trust policies are not empty",
        match open.is_empty() {
            true => Ok("No rule of trusts is open to everybody.".to_owned()),
            false => Err(format!(
                "The policy lets everybody do what these rules govern: {}. Remove them from the \
                 policy file, so that the defaults count, or give them a check.",
                open.join(", ")
            )),
        },
    ))
}

/// Default roles that could be changed or deleted.
fn default_roles(config: &Config) -> anyhow::Result<Outcome> {
    let roles = with_database(config, async |db| {
        let mut session = db.session().await?;
        Ok(role::roles(&mut session, None, &ListHints::default()).await?)
    })?;
    let mutable: Vec<_> = DEFAULT_ROLES
        .into_iter()
        .filter(|name| {
            roles
                .items
                .iter()
                .any(|role| role.name == *name && !role.is_immutable())
        })
        .collect();
    Ok(outcome(
        "Check default roles are immutable",
        match mutable.is_empty() {
            true => Ok("The default roles are immutable.".to_owned()),
            false => Err(format!(
                "These roles are not immutable: {}",
                mutable.join(", ")
            )),
        },
    ))
}

/// A policy file in JSON, which is on its way out.
fn policy_file(options: &PolicyOptions) -> anyhow::Result<Outcome> {
    let is_json = match PolicyFiles::policy_file(options) {
        None => false,
        Some(path) => {
            let text = std::fs::read_to_string(path)?;
            serde_json::from_str::<serde::de::IgnoredAny>(&text).is_ok()
        }
    };
    const NAME: &str = "Policy File JSON to YAML Migration";
    if is_json {
        let advice = "The policy file is JSON, which is deprecated. Write it as YAML, for example \
            with oslopolicy-convert-json-to-yaml, and let [oslo_policy] policy_file name that.";
        return Ok(outcome(NAME, Err(advice.to_owned())));
    }
    Ok(Outcome {
        check: NAME,
        code: Code::Success,
        details: None,
    })
}

fn outcome(check: &'static str, found: Result<String, String>) -> Outcome {
    let (code, details) = match found {
        Ok(details) => (Code::Success, details),
        Err(details) => (Code::Failure, details),
    };
    Outcome {
        check,
        code,
        details: Some(details),
    }
}
