//! The route table is that of Python's Keystone 30.0.0: `tests/golden/routes.json` has its
//! operations, with the statuses and policy rules observed there.
//!
//! What Python answers by accident of its framework is left out of the file: methods that exist only
//! on the other path of a resource (400), operations meant as 405, `/static/{filename}`.

use keystone::api::route::Route;
use keystone::api::{v3, versions};
use keystone::policy;
use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet};

/// Operations that Python's Keystone does not have.
const OURS: &[&str] = &["GET /openapi.json"];

/// One operation of 30.0.0.
#[derive(Deserialize)]
pub struct Operation {
    pub method: String,
    pub path: String,
    /// Statuses seen; 5xx among the errors are defects there.
    pub success: BTreeSet<u16>,
    pub errors: BTreeSet<u16>,
    /// Of GET, and of HEAD where that has one of its own.
    rules: BTreeSet<String>,
    /// The status of HEAD, where it is not that of GET.
    head: Option<u16>,
}

impl Operation {
    /// `METHOD /path`
    pub fn name(&self) -> String {
        format!("{} {}", self.method, self.path)
    }
}

/// The operations of 30.0.0.
pub fn golden() -> Vec<Operation> {
    serde_json::from_str(include_str!("../golden/routes.json")).expect("a list of operations")
}

/// The operations that are served, by `METHOD /path`.
pub fn served() -> BTreeMap<String, Route> {
    let routes: Vec<Route> = versions::table()
        .into_iter()
        .chain(v3::routes::table())
        .collect();
    let count = routes.len();
    let by_name: BTreeMap<String, Route> = routes
        .into_iter()
        .map(|route| (format!("{} {}", route.method, route.path), route))
        .collect();
    assert_eq!(by_name.len(), count, "an operation is in the table twice");
    by_name
}

/// Statuses of HEAD that differ from those of GET, by path.
pub fn head_statuses() -> BTreeMap<String, u16> {
    golden()
        .into_iter()
        .filter_map(|operation| Some((operation.path, operation.head?)))
        .collect()
}

#[test]
fn every_operation_of_keystone_30_is_served_and_no_other() {
    let served: BTreeSet<String> = served().into_keys().collect();
    let wanted: BTreeSet<String> = golden().iter().map(Operation::name).collect();
    let missing: Vec<&String> = wanted.difference(&served).collect();
    assert!(missing.is_empty(), "not served: {missing:#?}");
    let extra: BTreeSet<&str> = served.difference(&wanted).map(String::as_str).collect();
    assert_eq!(extra, BTreeSet::from_iter(OURS.iter().copied()));
}

#[test]
fn every_operation_asks_the_rules_that_keystone_30_asks() {
    let served = served();
    for operation in golden() {
        // 30.0.0 answers 403 to everybody; here the list is for those who may see it.
        if operation.name() == "GET /v3/auth/tokens/OS-PKI/revoked" {
            continue;
        }
        if let Some(route) = served.get(&operation.name()) {
            let asked: BTreeSet<String> = route.rules.iter().map(|&rule| rule.into()).collect();
            assert_eq!(asked, operation.rules, "{}", operation.name());
        }
    }
}

#[test]
fn every_rule_that_is_asked_has_a_default() {
    let defaults: BTreeSet<&str> = policy::defaults().map(|rule| rule.name).collect();
    for (name, route) in served() {
        for rule in route.rules {
            assert!(
                defaults.contains(rule),
                "{name} asks {rule}, which is unknown"
            );
        }
    }
}
