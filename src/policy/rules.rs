//! The compiled rule set, and the question that it answers.

use super::check::{Check, Verdict};
use super::credentials::{Credentials, ScopeKind};
use super::defaults;
use super::files::{PolicyError, PolicyOptions};
use super::parse::parse;
use super::tangle;
use super::target::Target;
use crate::error::Error;
use std::collections::HashMap;

/// A compiled rule set. Immutable: a changed file makes a new one.
#[derive(Debug)]
pub struct Policy {
    places: HashMap<Box<str>, usize>,
    checks: Vec<Check>,
    /// Of the rule at the same place: what the caller's token must be for; empty means anything.
    scopes: Vec<&'static [ScopeKind]>,
    /// The rule that stands in for rules that do not exist.
    fallback: Option<usize>,
    enforce_scope: bool,
}

/// Why the policy refuses a call.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Denied {
    /// The rule does not hold.
    #[error("The policy does not let you do this: {0}.")]
    Rule(String),
    /// The rule is for tokens that reach something else.
    #[error("This needs a token for another scope: {rule}.")]
    Scope {
        /// The rule's name.
        rule: String,
        /// What the token should be for.
        allowed: &'static [ScopeKind],
        /// What it is for.
        caller: ScopeKind,
    },
    /// There is no such rule, nor one that stands in for it.
    #[error("The policy has no rule for this: {0}.")]
    UnknownRule(String),
}

impl From<Denied> for Error {
    fn from(denied: Denied) -> Self {
        Self::forbidden_action(denied.to_string())
    }
}

impl Policy {
    /// The built-in rules alone.
    ///
    /// # Panics
    /// If a built-in rule is broken, which a test rules out.
    pub fn defaults(options: &PolicyOptions) -> Self {
        Self::compile(options, Vec::new())
            .expect("the built-in rules compile")
            .0
    }

    /// The built-in rules with the operator's own over them, and warnings about what looks wrong.
    pub(super) fn compile(
        options: &PolicyOptions,
        overrides: Vec<(String, Check)>,
    ) -> Result<(Self, Vec<String>), PolicyError> {
        let mut policy = Self {
            places: HashMap::new(),
            checks: Vec::new(),
            scopes: Vec::new(),
            fallback: None,
            enforce_scope: options.enforce_scope,
        };
        for rule in defaults::all() {
            let broken = |reason| PolicyError::BuiltIn {
                rule: rule.name,
                reason,
            };
            let mut check = parse(rule.check).map_err(broken)?;
            if let Some(former) = &rule.deprecated
                && !options.enforce_new_defaults
                && former.check != rule.check
            {
                check = Check::Or(vec![check, parse(former.check).map_err(broken)?]);
            }
            policy.set(rule.name, check, rule.scopes);
        }
        // A rule in a file replaces the former check too: the operator has decided.
        for (name, check) in overrides {
            policy.set(&name, check, &[]);
        }
        policy.fallback = policy
            .places
            .get(options.policy_default_rule.as_str())
            .copied();
        let warnings = policy.link();
        tangle::refuse(&policy.places, &policy.checks)?;
        Ok((policy, warnings))
    }

    fn set(&mut self, name: &str, check: Check, scopes: &'static [ScopeKind]) {
        if let Some(&place) = self.places.get(name) {
            self.checks[place] = check;
        } else {
            self.places.insert(name.into(), self.checks.len());
            self.checks.push(check);
            self.scopes.push(scopes);
        }
    }

    /// Turns the names after `rule:` into places.
    fn link(&mut self) -> Vec<String> {
        let mut warnings = Vec::new();
        let Self {
            places,
            checks,
            fallback,
            ..
        } = self;
        let mut names: Vec<(&str, usize)> = places
            .iter()
            .map(|(name, place)| (&**name, *place))
            .collect();
        names.sort_unstable();
        for (name, place) in names {
            let check = &mut checks[place];
            if check.is_remote() {
                warnings.push(format!(
                    "rule {name}: http: and https: checks are never asked and permit nothing"
                ));
            }
            check.each_rule_mut(&mut |rule| {
                rule.place = places.get(&rule.name).copied();
                if rule.place.is_none() {
                    warnings.push(format!(
                        "rule {name} refers to {}, which is unknown",
                        rule.name
                    ));
                    rule.place = *fallback;
                }
            });
        }
        warnings
    }

    /// The check of a rule, as it was compiled.
    pub fn check(&self, rule: &str) -> Option<&Check> {
        self.places.get(rule).map(|&place| &self.checks[place])
    }

    /// Whether the caller may do to the target what the rule governs.
    ///
    /// The caller with the `admin_token` may do everything. A caller without a scope counts as one
    /// with a project where rules name the scopes that they are for.
    ///
    /// # Errors
    /// Says why not.
    pub fn enforce(
        &self,
        rule: &str,
        credentials: &Credentials<'_>,
        target: &Target<'_>,
    ) -> Result<(), Denied> {
        if credentials.is_admin {
            return Ok(());
        }
        let Some(place) = self.places.get(rule).copied().or(self.fallback) else {
            return Err(Denied::UnknownRule(rule.to_owned()));
        };
        let allowed = self.scopes[place];
        if self.enforce_scope && !allowed.is_empty() {
            let caller = credentials.scope();
            let counts_as = match caller {
                ScopeKind::Unscoped => ScopeKind::Project,
                scoped => scoped,
            };
            if !allowed.contains(&counts_as) {
                return Err(Denied::Scope {
                    rule: rule.to_owned(),
                    allowed,
                    caller,
                });
            }
        }
        match self.checks[place].evaluate(&self.checks, credentials, target) {
            Verdict::Yes => Ok(()),
            Verdict::No | Verdict::Unclear => Err(Denied::Rule(rule.to_owned())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::parse::parse_value;
    use super::super::target::TargetValue;
    use super::*;
    use serde::Deserialize;
    use serde_json::{Map, Value, json};

    /// What oslo.policy gives an answer to and we refuse to load: literals, substitutions
    /// and spellings that no rule has a use for.
    const REFUSED: [&str; 14] = [
        "[1]:[1]",
        "{}:{}",
        "...:Ellipsis",
        "b'a':b'a'",
        "r'a':a",
        "u'a':a",
        "f'a':a",
        "--1:1",
        "~1:-2",
        "user_id:%(user_id)r",
        "user_id:%(user_id)10s",
        "n:%(five)d",
        "user_id:%s",
        "(role:zz)or(role:admin)",
    ];

    fn compile(rules: &[(&str, &str)]) -> Result<(Policy, Vec<String>), PolicyError> {
        let rules = rules
            .iter()
            .map(|(name, rule)| ((*name).to_owned(), parse(rule).unwrap()))
            .collect();
        Policy::compile(&PolicyOptions::default(), rules)
    }

    #[derive(Deserialize)]
    struct Golden {
        credentials: Vec<Caller>,
        target: Map<String, Value>,
        language: Vec<LanguageCase>,
        defaults: Vec<DefaultCase>,
    }

    #[derive(Deserialize)]
    struct Caller {
        user_id: String,
        user_name: String,
        user_domain_id: String,
        roles: Vec<String>,
        project_id: Option<String>,
        project_name: Option<String>,
        project_domain_id: Option<String>,
        domain_id: Option<String>,
        domain_name: Option<String>,
        system: bool,
        methods: Vec<String>,
    }

    #[derive(Deserialize)]
    struct LanguageCase {
        rule: Value,
        creds: usize,
        /// A boolean, or `broken` when oslo.policy fails to read the rule or raises.
        result: Value,
        #[serde(default)]
        null_match: bool,
    }

    #[derive(Deserialize)]
    struct DefaultCase {
        rule: String,
        creds: usize,
        target: Map<String, Value>,
        new_defaults: bool,
        result: bool,
        #[serde(default)]
        null_match: bool,
    }

    fn golden() -> Golden {
        serde_json::from_str(include_str!("../../tests/golden/policy.json")).unwrap()
    }

    fn credentials(caller: &Caller) -> Credentials<'_> {
        Credentials {
            user_id: Some(&caller.user_id),
            user_domain_id: Some(&caller.user_domain_id),
            project_id: caller.project_id.as_deref(),
            project_domain_id: caller.project_domain_id.as_deref(),
            domain_id: caller.domain_id.as_deref(),
            system: caller.system,
            roles: &caller.roles,
            is_admin_project: true,
            token: super::super::TokenFields {
                methods: &caller.methods,
                user_name: Some(&caller.user_name),
                project_name: caller.project_name.as_deref(),
                domain_name: caller.domain_name.as_deref(),
                ..Default::default()
            },
            ..Credentials::default()
        }
    }

    fn target(attributes: &Map<String, Value>) -> Target<'static> {
        attributes
            .iter()
            .fold(Target::new(), |target, (key, value)| {
                let value = match value {
                    Value::Null => TargetValue::Null,
                    Value::String(text) => text.clone().into(),
                    Value::Bool(flag) => (*flag).into(),
                    other => other.as_i64().unwrap().into(),
                };
                target.with(key.clone().leak(), value)
            })
    }

    #[test]
    fn the_language_means_what_it_means_to_oslo_policy() {
        let golden = golden();
        let target = target(&golden.target);
        for case in &golden.language {
            let label = format!("{} for caller {}", case.rule, case.creds);
            let check = parse_value(&case.rule);
            let theirs = case.result.as_bool();
            let Ok(check) = check else {
                let refused = case
                    .rule
                    .as_str()
                    .is_some_and(|rule| REFUSED.contains(&rule));
                assert!(
                    theirs.is_none() || refused,
                    "we cannot read {label}: {check:?}"
                );
                continue;
            };
            let rules = [("yes", "@"), ("no", "!"), ("adm", "role:admin")]
                .map(|(name, rule)| (name.to_owned(), parse(rule).unwrap()));
            let rules = rules.into_iter().chain([("r".to_owned(), check)]).collect();
            let (policy, _) = match Policy::compile(&PolicyOptions::default(), rules) {
                Ok(compiled) => compiled,
                Err(error) => panic!("{label}: {error}"),
            };
            let caller = credentials(&golden.credentials[case.creds]);
            let ours = policy.enforce("r", &caller, &target).is_ok();
            let theirs = theirs.unwrap_or(false);
            let agree = if case.null_match {
                !ours || theirs
            } else {
                ours == theirs
            };
            assert!(agree, "{label}: ours {ours}, theirs {theirs}");
        }
    }

    #[test]
    fn the_defaults_answer_as_keystone_does() {
        let golden = golden();
        let new = Policy::defaults(&PolicyOptions::default());
        let old = PolicyOptions {
            enforce_new_defaults: false,
            ..PolicyOptions::default()
        };
        let old = Policy::defaults(&old);
        for case in &golden.defaults {
            let policy = if case.new_defaults { &new } else { &old };
            let caller = credentials(&golden.credentials[case.creds]);
            let ours = policy
                .enforce(&case.rule, &caller, &target(&case.target))
                .is_ok();
            let agree = if case.null_match {
                !ours || case.result
            } else {
                ours == case.result
            };
            assert!(
                agree,
                "{} for caller {} on {}: ours {ours}",
                case.rule,
                case.creds,
                json!(case.target)
            );
        }
    }

    #[test]
    fn a_rule_that_leads_back_to_itself_is_refused() {
        for rules in [
            &[("a", "rule:a")][..],
            &[
                ("a", "role:x or not rule:b"),
                ("b", "rule:c"),
                ("c", "rule:a"),
            ],
            // Unknown names lead to the rule `default`.
            &[("default", "rule:nowhere")],
        ] {
            let error = compile(rules).unwrap_err().to_string();
            assert!(error.contains("leads back to itself"), "{error}");
        }
    }

    #[test]
    fn a_long_chain_of_rules_is_refused() {
        let chain: Vec<_> = (0..1000)
            .map(|n| (format!("r{n}"), format!("rule:r{}", n + 1)))
            .collect();
        let chain: Vec<_> = chain
            .iter()
            .map(|(n, r)| (n.as_str(), r.as_str()))
            .collect();
        assert!(
            compile(&chain)
                .unwrap_err()
                .to_string()
                .contains("too deep")
        );
    }

    #[test]
    fn an_unknown_rule_permits_nothing_unless_there_is_a_default() {
        let (caller, target) = (Credentials::default(), Target::new());
        let (policy, warnings) = compile(&[("a", "rule:nowhere")]).unwrap();
        assert_eq!(warnings, ["rule a refers to nowhere, which is unknown"]);
        assert_eq!(
            policy.enforce("nowhere", &caller, &target),
            Err(Denied::UnknownRule("nowhere".to_owned()))
        );
        assert!(policy.enforce("a", &caller, &target).is_err());
        let (policy, _) = compile(&[("a", "rule:nowhere"), ("default", "@")]).unwrap();
        assert_eq!(policy.enforce("nowhere", &caller, &target), Ok(()));
        assert_eq!(policy.enforce("a", &caller, &target), Ok(()));
    }

    #[test]
    fn an_override_keeps_the_rules_scopes() {
        let (policy, _) =
            compile(&[("identity:list_users", "@"), ("identity:create_trust", "@")]).unwrap();
        let target = Target::new();
        let domain = Credentials {
            domain_id: Some("d"),
            ..Credentials::default()
        };
        assert_eq!(
            policy.enforce("identity:list_users", &domain, &target),
            Ok(())
        );
        assert!(matches!(
            policy.enforce("identity:create_trust", &domain, &target),
            Err(Denied::Scope {
                caller: ScopeKind::Domain,
                ..
            })
        ));
        let loose = PolicyOptions {
            enforce_scope: false,
            ..PolicyOptions::default()
        };
        let rules = vec![("identity:create_trust".to_owned(), Check::Always)];
        let (policy, _) = Policy::compile(&loose, rules).unwrap();
        assert_eq!(
            policy.enforce("identity:create_trust", &domain, &target),
            Ok(())
        );
    }

    #[test]
    fn an_override_silences_the_former_check() {
        let old = PolicyOptions {
            enforce_new_defaults: false,
            ..PolicyOptions::default()
        };
        let rule = "identity:list_domains";
        let both = Policy::defaults(&old).check(rule).unwrap().to_string();
        assert!(both.ends_with(" or rule:admin_required"), "{both}");
        let (policy, _) = Policy::compile(&old, vec![(rule.to_owned(), Check::Never)]).unwrap();
        assert_eq!(policy.check(rule), Some(&Check::Never));
    }

    #[test]
    fn the_admin_token_passes_every_rule() {
        let (policy, _) = compile(&[("closed", "!")]).unwrap();
        let admin = Credentials {
            is_admin: true,
            ..Credentials::default()
        };
        assert_eq!(policy.enforce("closed", &admin, &Target::new()), Ok(()));
    }
}
