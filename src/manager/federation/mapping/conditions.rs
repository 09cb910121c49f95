//! The `remote` side of rules.

use super::{Assertion, MappingError, Result};
use fancy_regex::{Regex, RegexBuilder};
use serde::Deserialize;
use serde_json::Value;
use std::collections::HashSet;

/// How often expressions are tried for one assertion, and how far one may go back.
const MOST_TRIALS: usize = 10_000;
const MOST_STEPS_BACK: usize = 10_000;
/// Bytes that a compiled expression may take.
const LARGEST_EXPRESSION: usize = 1 << 20;

/// A condition on one attribute.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Condition {
    #[serde(rename = "type")]
    attribute: String,
    #[serde(default)]
    any_one_of: Option<Vec<Value>>,
    #[serde(default)]
    not_any_of: Option<Vec<Value>>,
    #[serde(default)]
    blacklist: Option<Vec<Value>>,
    #[serde(default)]
    whitelist: Option<Vec<Value>>,
    /// Whether the list has expressions, which are searched for, instead of values.
    #[serde(default)]
    regex: bool,
}

/// What is left of the work that may be put into one assertion.
pub(super) struct Effort {
    trials: usize,
}

impl Default for Effort {
    fn default() -> Self {
        Self {
            trials: MOST_TRIALS,
        }
    }
}

impl Effort {
    fn spend(&mut self) -> Result<()> {
        let left = self.trials.checked_sub(1);
        self.trials =
            left.ok_or_else(|| MappingError::unusable("it has too much to search for"))?;
        Ok(())
    }
}

/// The values that conditions give, in their order; `None` when one of them does not hold.
pub(super) fn values_of(
    conditions: &[Condition],
    assertion: &Assertion,
    effort: &mut Effort,
) -> Result<Option<Vec<Vec<String>>>> {
    let mut given = Vec::new();
    for condition in conditions {
        let Some(values) = assertion.values(&condition.attribute) else {
            return Ok(None);
        };
        let wanted = match (&condition.any_one_of, &condition.not_any_of) {
            (Some(list), _) => Some((list, true)),
            (None, Some(list)) => Some((list, false)),
            (None, None) => None,
        };
        match wanted {
            Some((list, wanted)) => {
                let found = found(list, condition.regex, values, effort)?;
                if found.contains(&true) != wanted {
                    return Ok(None);
                }
            }
            None => given.push(condition.filtered(values, effort)?),
        }
    }
    Ok(Some(given))
}

impl Condition {
    /// The attribute's values but for those that a list takes out, in their order.
    fn filtered(&self, values: &[String], effort: &mut Effort) -> Result<Vec<String>> {
        let (list, wanted) = match (&self.blacklist, &self.whitelist) {
            (Some(list), _) => (list, false),
            (None, Some(list)) => (list, true),
            (None, None) => return Ok(values.to_vec()),
        };
        let found = found(list, self.regex, values, effort)?;
        let mut seen = HashSet::new();
        let kept = values.iter().zip(found);
        Ok(kept
            .filter(|(value, found)| *found == wanted && seen.insert(*value))
            .map(|(value, _)| value.clone())
            .collect())
    }
}

/// Of each value, whether a list has it.
fn found(list: &[Value], regex: bool, values: &[String], effort: &mut Effort) -> Result<Vec<bool>> {
    if regex {
        return found_by_expressions(list, values, effort);
    }
    // What a list has besides texts is no attribute's value. A list in it can't have been meant.
    if list.iter().any(|item| item.is_array() || item.is_object()) {
        return Err(MappingError::unusable("a condition lists what is no text"));
    }
    let listed: HashSet<&str> = list.iter().filter_map(Value::as_str).collect();
    Ok(values
        .iter()
        .map(|value| listed.contains(value.as_str()))
        .collect())
}

fn found_by_expressions(
    list: &[Value],
    values: &[String],
    effort: &mut Effort,
) -> Result<Vec<bool>> {
    let mut found = vec![false; values.len()];
    for item in list {
        // One at a time: many may be large.
        effort.spend()?;
        let expression = expression(item)?;
        for (value, found) in values.iter().zip(&mut found) {
            if !*found {
                effort.spend()?;
                *found = expression.is_match(value).map_err(undecided)?;
            }
        }
    }
    Ok(found)
}

fn expression(item: &Value) -> Result<Regex> {
    let pattern = item
        .as_str()
        .ok_or_else(|| MappingError::unusable("a regular expression is no text"))?;
    RegexBuilder::new(pattern)
        .backtrack_limit(MOST_STEPS_BACK)
        .delegate_size_limit(LARGEST_EXPRESSION)
        .build()
        .map_err(undecided)
}

fn undecided(error: fancy_regex::Error) -> MappingError {
    MappingError::unusable(format!("regular expression: {error}"))
}
