//! The right side of a check: text with `%(key)s` places that the target fills.

use super::check::Verdict;
use super::target::{Target, TargetValue};
use std::fmt::{self, Write as _};

/// A right side, taken apart once.
#[derive(Clone, Debug, PartialEq)]
pub struct Template(Vec<Part>);

#[derive(Clone, Debug, PartialEq)]
enum Part {
    Text(Box<str>),
    Key(Box<str>),
}

/// How a text compares with a filled template.
#[derive(Clone, Copy)]
pub(super) struct Comparison {
    /// They are the same, null written as `None`. False when the target lacks a key.
    pub equal: bool,
    /// A key of the template is null in the target.
    pub saw_null: bool,
}

impl Template {
    /// Takes a right side apart. `%%` is a percent sign; any other use of `%` is refused.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let mut parts = Vec::new();
        let mut constant = String::new();
        let mut rest = text;
        while let Some(at) = rest.find('%') {
            constant.push_str(&rest[..at]);
            rest = &rest[at + 1..];
            if let Some(after) = rest.strip_prefix('%') {
                constant.push('%');
                rest = after;
            } else if let Some((key, after)) =
                rest.strip_prefix('(').and_then(|r| r.split_once(')'))
                && let Some(after) = after.strip_prefix('s')
            {
                if !constant.is_empty() {
                    parts.push(Part::Text(std::mem::take(&mut constant).into()));
                }
                parts.push(Part::Key(key.into()));
                rest = after;
            } else {
                return Err(format!(
                    "in `{text}`, `%` must begin `%(key)s` or be doubled"
                ));
            }
        }
        constant.push_str(rest);
        if !constant.is_empty() {
            parts.push(Part::Text(constant.into()));
        }
        Ok(Self(parts))
    }

    /// Whether the target has no part in it.
    pub(super) fn is_constant(&self) -> bool {
        self.0.iter().all(|part| matches!(part, Part::Text(_)))
    }

    /// Compares a text with the filled template, without building the latter.
    pub(super) fn compare(&self, text: &str, target: &Target<'_>) -> Comparison {
        let mut rest = Remainder(text);
        let mut saw_null = false;
        for part in &self.0 {
            let fits = match part {
                Part::Text(constant) => rest.write_str(constant),
                Part::Key(key) => match target.lookup(key) {
                    None => Err(fmt::Error),
                    Some(TargetValue::Text(value)) => rest.write_str(&value),
                    Some(value) => {
                        saw_null |= value == TargetValue::Null;
                        write!(rest, "{value}")
                    }
                },
            };
            if fits.is_err() {
                return Comparison {
                    equal: false,
                    saw_null,
                };
            }
        }
        Comparison {
            equal: rest.0.is_empty(),
            saw_null,
        }
    }

    /// Whether the filled template names one of the roles; letters' case does not matter.
    pub(super) fn matches_role(&self, roles: &[String], target: &Target<'_>) -> Verdict {
        if let [Part::Text(name)] = self.0.as_slice() {
            let held = roles.iter().any(|role| same_letters(role, name));
            return if held { Verdict::Yes } else { Verdict::No };
        }
        let mut name = String::new();
        let mut saw_null = false;
        for part in &self.0 {
            match part {
                Part::Text(constant) => name.push_str(constant),
                Part::Key(key) => match target.lookup(key) {
                    None => return Verdict::No,
                    Some(value) => {
                        saw_null |= value == TargetValue::Null;
                        name.push_str(&value.to_string());
                    }
                },
            }
        }
        match roles.iter().any(|role| same_letters(role, &name)) {
            false => Verdict::No,
            true if saw_null => Verdict::Unclear,
            true => Verdict::Yes,
        }
    }
}

/// Case-insensitive equality; allocates only for letters beyond ASCII.
fn same_letters(left: &str, right: &str) -> bool {
    left.eq_ignore_ascii_case(right)
        || !(left.is_ascii() && right.is_ascii()) && left.to_lowercase() == right.to_lowercase()
}

/// A text that shrinks by whatever is written to it, and fails when that is not its beginning.
struct Remainder<'a>(&'a str);

impl fmt::Write for Remainder<'_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.0 = self.0.strip_prefix(text).ok_or(fmt::Error)?;
        Ok(())
    }
}

impl fmt::Display for Template {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|part| match part {
            Part::Text(text) => f.write_str(&text.replace('%', "%%")),
            Part::Key(key) => write!(f, "%({key})s"),
        })
    }
}
