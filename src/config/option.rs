//! What is known of one option: the rows of the option table.

use super::field::FromOption;
use super::value::{Kind, OptionValue};

/// One option: where it stands, how its text is read, what it may hold.
///
/// Rows are made by the `section!` macro from `default` or `unset` and the builder methods.
#[derive(Clone, Copy, Debug)]
pub struct OptionSpec {
    /// Section of the file.
    pub group: &'static str,
    /// Name in the file.
    pub name: &'static str,
    /// How the text is read.
    pub kind: Kind,
    /// The text that applies when nothing is set, in the file's notation (of a repeatable option,
    /// its values separated by commas).
    pub default: Option<&'static str>,
    /// Smallest and largest number allowed.
    pub range: (Option<f64>, Option<f64>),
    /// The texts allowed, of a list those of its items; empty when any is.
    pub choices: &'static [&'static str],
    /// Whether choices are compared without regard to case.
    pub ignore_case: bool,
    /// Longest text allowed, in characters.
    pub max_length: Option<usize>,
    /// Schemes that a URI may have; empty when any is.
    pub schemes: &'static [&'static str],
    /// Older places of the option, still read: group and name.
    pub deprecated: &'static [(&'static str, &'static str)],
    /// Whether the option is on its way out.
    pub obsolete: bool,
    /// Whether the value must not be shown.
    pub secret: bool,
    /// What the option does, one line for each line of the source.
    pub help: &'static [&'static str],
    /// Whether the section's field can take the value.
    pub(super) check: fn(&OptionValue) -> Result<(), String>,
}

/// An option with a default, in the file's notation.
pub(super) const fn default(text: &'static str) -> OptionSpec {
    OptionSpec {
        default: Some(text),
        ..unset()
    }
}

/// An option without a default.
pub(super) const fn unset() -> OptionSpec {
    OptionSpec {
        group: "",
        name: "",
        kind: Kind::String,
        default: None,
        range: (None, None),
        choices: &[],
        ignore_case: false,
        max_length: None,
        schemes: &[],
        deprecated: &[],
        obsolete: false,
        secret: false,
        help: &[],
        check: |_| Ok(()),
    }
}

impl OptionSpec {
    /// Smallest number allowed.
    pub(super) const fn min(self, min: i32) -> Self {
        Self {
            range: (Some(min as f64), self.range.1),
            ..self
        }
    }

    /// Largest number allowed.
    pub(super) const fn max(self, max: i32) -> Self {
        Self {
            range: (self.range.0, Some(max as f64)),
            ..self
        }
    }

    /// Smallest and largest number allowed, where they are not whole.
    pub(super) const fn between(self, min: f64, max: f64) -> Self {
        Self {
            range: (Some(min), Some(max)),
            ..self
        }
    }

    /// The texts allowed.
    pub(super) const fn choices(self, choices: &'static [&'static str]) -> Self {
        Self { choices, ..self }
    }

    /// Choices without regard to case.
    pub(super) const fn ignore_case(self) -> Self {
        Self {
            ignore_case: true,
            ..self
        }
    }

    /// Longest text allowed, in characters.
    pub(super) const fn max_length(self, max: usize) -> Self {
        Self {
            max_length: Some(max),
            ..self
        }
    }

    /// A URI with one of these schemes; none listed means any.
    pub(super) const fn uri(self, schemes: &'static [&'static str]) -> Self {
        Self {
            kind: Kind::Uri,
            schemes,
            ..self
        }
    }

    /// Every assignment adds a value.
    pub(super) const fn multi(self) -> Self {
        Self {
            kind: Kind::Multi,
            ..self
        }
    }

    /// Older places of the option.
    pub(super) const fn deprecated(self, places: &'static [(&'static str, &'static str)]) -> Self {
        Self {
            deprecated: places,
            ..self
        }
    }

    /// The option is on its way out.
    pub(super) const fn obsolete(self) -> Self {
        Self {
            obsolete: true,
            ..self
        }
    }

    /// Gives the option its place, the reading of its field's type, and its help.
    pub(super) const fn place<T: FromOption>(
        self,
        group: &'static str,
        name: &'static str,
        help: &'static [&'static str],
    ) -> Self {
        // `uri` and `multi` have said more than the type can.
        let kind = if matches!(self.kind, Kind::String) {
            T::KIND
        } else {
            self.kind
        };
        let choices = if self.choices.is_empty() {
            T::CHOICES
        } else {
            self.choices
        };
        let check = |value: &OptionValue| T::from_option(value).map(drop);
        Self {
            group,
            name,
            help,
            kind,
            choices,
            secret: T::SECRET,
            check,
            ..self
        }
    }

    /// Reads a text as this option's value and checks it against all that is known of the option.
    /// The error is the reason alone and shows no part of a secret.
    pub fn parse(&self, text: &str) -> Result<OptionValue, String> {
        let value = self.kind.parse(text)?;
        self.check_bounds(&value)?;
        let value = if self.secret {
            value.into_secret()
        } else {
            value
        };
        (self.check)(&value)?;
        Ok(value)
    }

    /// Reads all texts of a repeatable option, or the one text of another; none means unset.
    pub(super) fn parse_all(&self, texts: &[String]) -> Result<OptionValue, String> {
        if self.kind == Kind::Multi {
            let value = OptionValue::List(texts.to_vec());
            self.check_bounds(&value)?;
            return Ok(if self.secret {
                value.into_secret()
            } else {
                value
            });
        }
        match texts {
            [] => Ok(OptionValue::Unset),
            [.., last] => self.parse(last),
        }
    }

    /// The texts when nothing is set, with `$` references not yet replaced.
    pub(super) fn default_texts(&self) -> Vec<String> {
        match (self.default, self.kind) {
            (None, _) => Vec::new(),
            (Some(""), Kind::Multi) => Vec::new(),
            (Some(text), Kind::Multi) => text.split(',').map(str::to_owned).collect(),
            (Some(text), _) => vec![text.to_owned()],
        }
    }

    fn check_bounds(&self, value: &OptionValue) -> Result<(), String> {
        match value {
            // The bounds are small enough to be exact in floating point.
            OptionValue::Integer(number) => self.check_range(*number as f64),
            OptionValue::Float(number) => self.check_range(*number),
            OptionValue::String(text) => self.check_text(text),
            OptionValue::List(items) => items.iter().try_for_each(|item| self.check_text(item)),
            _ => Ok(()),
        }
    }

    fn check_range(&self, number: f64) -> Result<(), String> {
        match self.range {
            (Some(min), _) if number < min => Err(format!("must be at least {min}")),
            (_, Some(max)) if number > max => Err(format!("must be at most {max}")),
            _ => Ok(()),
        }
    }

    fn check_text(&self, text: &str) -> Result<(), String> {
        if let Some(max) = self.max_length.filter(|max| text.chars().count() > *max) {
            return Err(format!("must have at most {max} characters"));
        }
        if self.kind == Kind::Uri && !self.schemes.is_empty() {
            let scheme = text.split(':').next().unwrap_or_default();
            if !self
                .schemes
                .iter()
                .any(|allowed| allowed.eq_ignore_ascii_case(scheme))
            {
                return Err(format!(
                    "must have one of the schemes {}",
                    self.schemes.join(", ")
                ));
            }
        }
        let is_text = |choice: &&'static str| {
            text == *choice || self.ignore_case && text.eq_ignore_ascii_case(choice)
        };
        if self.choices.is_empty() || self.choices.iter().any(is_text) {
            return Ok(());
        }
        Err(format!(
            "{text:?} is not one of {}",
            self.choices.join(", ")
        ))
    }
}
