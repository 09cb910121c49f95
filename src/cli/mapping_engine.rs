//! `mapping_engine`: what the rules of a mapping make of an assertion, for whoever writes them.

use super::arguments::MappingEngine;
use super::print;
use crate::api::v3::mappings::schema_of;
use crate::manager::federation::mapping::{Assertion, Rules, Version};
use anyhow::{Context as _, anyhow, bail};
use serde_json::{Map, Value, json};
use std::path::Path;
use std::process::ExitCode;

pub(super) fn run(options: &MappingEngine) -> anyhow::Result<ExitCode> {
    let (rules, version) = rules_of(options)?;
    let assertion = assertion_of(
        &options.input,
        options.prefix.as_deref().unwrap_or_default(),
    )?;
    let mut text = String::new();
    if options.engine_debug {
        let shown = json!({ "rules": rules });
        text.push_str(&format!("Using Rules:\n{shown:#}\n"));
        let shown = Value::from(assertion.clone());
        text.push_str(&format!("Using Assertion:\n{shown:#}\n"));
    }
    let pairs = assertion.iter();
    let pairs = pairs.map(|(name, value)| (name.as_str(), value.as_str().unwrap_or_default()));
    let mapped = Rules::read(&rules, version)?.apply(&Assertion::new(pairs))?;
    let mapped = serde_json::to_string_pretty(&mapped)?;
    print(&format!("{text}{mapped}\n"))
}

/// The rules, checked by the schema of their version.
fn rules_of(options: &MappingEngine) -> anyhow::Result<(Value, Version)> {
    let path = options.rules.display();
    let text = std::fs::read_to_string(&options.rules).with_context(|| format!("{path}"))?;
    let read: Value = serde_json::from_str(&text).with_context(|| format!("{path}"))?;
    let mut mapping = match read {
        Value::Object(mapping) => mapping,
        rules => Map::from_iter([("rules".to_owned(), rules)]),
    };
    let named = mapping.get("schema_version").and_then(Value::as_str);
    let version = options.mapping_schema_version.as_deref().or(named);
    let version = version
        .filter(|version| !version.is_empty())
        .unwrap_or("1.0");
    let version = version.to_owned();
    let (Some(schema), Some(known)) = (schema_of(&version), Version::named(&version)) else {
        bail!("there are the versions 1.0, 2.0 and 3.0 of rules, not {version}");
    };
    mapping.insert("schema_version".to_owned(), Value::from(version));
    let mut mapping = Value::Object(mapping);
    schema
        .validate(&mapping)
        .map_err(|error| anyhow!("{path}: {error}"))?;
    Ok((mapping["rules"].take(), known))
}

/// The attributes whose names begin with a prefix.
fn assertion_of(path: &Path, prefix: &str) -> anyhow::Result<Map<String, Value>> {
    let shown = path.display();
    let text = std::fs::read_to_string(path).with_context(|| format!("{shown}"))?;
    let mut assertion = Map::new();
    for (number, line) in text.lines().enumerate() {
        if line.trim().is_empty() {
            continue;
        }
        let Some((name, value)) = line.split_once(':') else {
            bail!("{shown}, line {}: 'NAME: value' was expected", number + 1);
        };
        let name = name.trim();
        if name.starts_with(prefix) {
            assertion.insert(name.to_owned(), Value::from(value.trim()));
        }
    }
    Ok(assertion)
}
