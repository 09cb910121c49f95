//! The rules that hold where the operator's files are silent: Keystone 30.0.0's, by subsystem.

mod application_credential;
mod assignment;
mod auth;
mod base;
mod catalog;
mod credential;
mod endpoint_filter;
mod endpoint_policy;
mod federation;
mod identity;
mod limit;
mod oauth1;
mod resource;
mod trust;

use super::credentials::ScopeKind;

/// One rule as the program knows it.
#[derive(Debug)]
pub struct RuleDefault {
    /// `identity:get_user`, or a bare word for what other rules refer to.
    pub name: &'static str,
    /// In the policy language.
    pub check: &'static str,
    /// What the caller's token must be for; empty means anything.
    pub scopes: &'static [ScopeKind],
    /// `METHOD /path` of the calls that it governs.
    pub operations: &'static [&'static str],
    /// What it was before, if that still counts with `enforce_new_defaults = false`.
    pub deprecated: Option<Deprecated>,
    /// One sentence for the sample file.
    pub description: &'static str,
}

/// A rule's former check, under the same name.
#[derive(Debug)]
pub struct Deprecated {
    /// In the policy language.
    pub check: &'static str,
    /// The release that replaced it, as upstream letters them (`S` is Stein, `T` Train).
    pub since: &'static str,
}

const ANY: &[ScopeKind] = &[];
const PROJECT: &[ScopeKind] = &[ScopeKind::Project];
const SYSTEM_PROJECT: &[ScopeKind] = &[ScopeKind::System, ScopeKind::Project];
const ALL: &[ScopeKind] = &[ScopeKind::System, ScopeKind::Domain, ScopeKind::Project];

const ADMIN: &str = "rule:admin_required";
const ADMIN_OR_OWNER: &str = "rule:admin_or_owner";
const ADMIN_OR_SYSTEM_READER: &str = "rule:admin_required or (role:reader and system_scope:all)";

/// Every rule, those that others refer to first.
pub fn all() -> impl Iterator<Item = &'static RuleDefault> {
    [
        base::RULES,
        auth::RULES,
        identity::RULES,
        resource::RULES,
        assignment::RULES,
        catalog::RULES,
        credential::RULES,
        application_credential::RULES,
        trust::RULES,
        limit::RULES,
        federation::RULES,
        oauth1::RULES,
        endpoint_filter::RULES,
        endpoint_policy::RULES,
    ]
    .into_iter()
    .flatten()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};
    use std::collections::BTreeMap;

    #[test]
    fn the_defaults_are_those_of_keystone_30() {
        let golden: Vec<Value> =
            serde_json::from_str(include_str!("../../tests/golden/policy_defaults.json")).unwrap();
        let ours: BTreeMap<_, _> = all().map(|rule| (rule.name, rule)).collect();
        assert_eq!((all().count(), ours.len()), (golden.len(), golden.len()));
        for theirs in &golden {
            let rule = ours[theirs["name"].as_str().unwrap()];
            let scopes: Vec<_> = rule.scopes.iter().map(|scope| scope.as_str()).collect();
            let ours = json!({
                "name": rule.name,
                "check": rule.check,
                "scope": if scopes.is_empty() { Value::Null } else { json!(scopes) },
                "operations": rule.operations,
                "deprecated": rule.deprecated.as_ref().map(|former| {
                    json!({"name": rule.name, "check": former.check, "since": former.since})
                }),
            });
            assert_eq!(&ours, theirs);
            assert!(rule.description.ends_with('.'), "{}", rule.name);
        }
    }
}
