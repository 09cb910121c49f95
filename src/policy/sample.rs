//! The sample policy file, made from the built-in rules.

use super::defaults;
use std::fmt::Write as _;

/// `etc/policy.yaml.sample`: every rule as a comment, with what it is for.
pub fn sample() -> String {
    let mut text = String::from(
        "# Keystone's rules as they are built in. To change one, copy its line into policy.yaml\n\
         # without the leading `#`; a policy.yaml needs only the rules that differ from these.\n",
    );
    for rule in defaults::all() {
        let _ = write!(text, "\n# {}\n", rule.description);
        for operation in rule.operations {
            let _ = writeln!(text, "#   {operation}");
        }
        if !rule.scopes.is_empty() {
            let scopes: Vec<_> = rule.scopes.iter().map(|scope| scope.as_str()).collect();
            let _ = writeln!(text, "# For tokens with scope: {}", scopes.join(", "));
        }
        if let Some(former) = rule
            .deprecated
            .as_ref()
            .filter(|former| former.check != rule.check)
        {
            let _ = writeln!(
                text,
                "# Before release {}: \"{}\"",
                former.since, former.check
            );
        }
        let _ = writeln!(text, "#\"{}\": \"{}\"", rule.name, rule.check);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::{Policy, PolicyOptions};

    #[test]
    fn the_committed_sample_is_the_one_that_the_rules_make() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/etc/policy.yaml.sample");
        if std::env::var_os("UPDATE_SAMPLES").is_some() {
            std::fs::write(path, sample()).unwrap();
        }
        assert!(
            std::fs::read_to_string(path).unwrap_or_default() == sample(),
            "etc/policy.yaml.sample is stale: run this test with UPDATE_SAMPLES=1"
        );
    }

    #[test]
    fn the_sample_without_its_hashes_is_a_policy_file_with_the_same_rules() {
        let folder = tempfile::tempdir().unwrap();
        let live = sample().replace("\n#\"", "\n\"");
        std::fs::write(folder.path().join("policy.yaml"), live).unwrap();
        let options = PolicyOptions {
            config_dirs: vec![folder.path().to_owned()],
            ..PolicyOptions::default()
        };
        let loaded = Policy::load(&options).unwrap();
        let built_in = Policy::defaults(&options);
        for rule in defaults::all() {
            assert_eq!(
                loaded.policy.check(rule.name),
                built_in.check(rule.name),
                "{}",
                rule.name
            );
        }
        assert!(loaded.warnings.is_empty());
    }
}
