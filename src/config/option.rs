//! What is known of one option: the rows of the option table.

use super::value::{Kind, OptionValue};
use crate::model::Secret;
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::PathBuf;

/// One option: where it stands, how its text is read, what it may hold.
///
/// Rows are made by the `section!` macro from [`default`] or [`unset`] and the builder methods.
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

/// A type that a section's field can have.
pub(super) trait FromOption: Sized {
    /// How the text of such an option is read, unless its row says otherwise.
    const KIND: Kind;
    /// Whether such an option is secret.
    const SECRET: bool = false;
    /// The texts that the type knows; empty when any.
    const CHOICES: &'static [&'static str] = &[];

    /// Takes the value; the error is the reason why it can't.
    fn from_option(value: &OptionValue) -> Result<Self, String>;
}

fn unfit<T>(value: &OptionValue) -> Result<T, String> {
    Err(match value {
        OptionValue::Unset => "must not be empty".to_owned(),
        _ => "is of another type".to_owned(),
    })
}

impl<T: FromOption> FromOption for Option<T> {
    const KIND: Kind = T::KIND;
    const SECRET: bool = T::SECRET;
    const CHOICES: &'static [&'static str] = T::CHOICES;

    fn from_option(value: &OptionValue) -> Result<Self, String> {
        match value {
            OptionValue::Unset => Ok(None),
            value => T::from_option(value).map(Some),
        }
    }
}

/// Implements [`FromOption`] for a type: its kind, and one arm for each value it takes.
macro_rules! from_option {
    ($($type:ty, $kind:ident: $($pattern:pat => $value:expr),+;)*) => {$(
        impl FromOption for $type {
            const KIND: Kind = Kind::$kind;

            fn from_option(value: &OptionValue) -> Result<Self, String> {
                match value {
                    $($pattern => $value,)+
                    other => unfit(other),
                }
            }
        }
    )*};
}

from_option! {
    String, String: OptionValue::String(text) => Ok(text.clone());
    PathBuf, String: OptionValue::String(text) => Ok(PathBuf::from(text));
    bool, Boolean: OptionValue::Boolean(truth) => Ok(*truth);
    i64, Integer: OptionValue::Integer(number) => Ok(*number);
    f64, Float: OptionValue::Float(number) => Ok(*number);
    u64, Integer: OptionValue::Integer(number) =>
        u64::try_from(*number).map_err(|_| "must be at least 0".to_owned());
    u32, Integer: OptionValue::Integer(number) =>
        u32::try_from(*number).map_err(|_| format!("must be from 0 to {}", u32::MAX));
    SocketAddr, String: OptionValue::String(text) =>
        text.parse().map_err(|_| "expected ADDRESS:PORT, such as 127.0.0.1:5000".to_owned());
    Vec<String>, List: OptionValue::List(items) => Ok(items.clone()), OptionValue::Unset => Ok(Vec::new());
    BTreeMap<String, String>, Dict:
        OptionValue::Dict(map) => Ok(map.clone()), OptionValue::Unset => Ok(BTreeMap::new());
    BTreeMap<String, Vec<String>>, DictOfLists:
        OptionValue::DictOfLists(map) => Ok(map.clone()), OptionValue::Unset => Ok(BTreeMap::new());
}

impl FromOption for Secret {
    const KIND: Kind = Kind::String;
    const SECRET: bool = true;

    fn from_option(value: &OptionValue) -> Result<Self, String> {
        match value {
            OptionValue::Secret(secret) => Ok(secret.clone()),
            other => unfit(other),
        }
    }
}

impl FromOption for Vec<Secret> {
    const KIND: Kind = Kind::List;
    const SECRET: bool = true;

    fn from_option(value: &OptionValue) -> Result<Self, String> {
        match value {
            OptionValue::Secrets(secrets) => Ok(secrets.clone()),
            OptionValue::Unset => Ok(Vec::new()),
            other => unfit(other),
        }
    }
}

/// Declares an enum whose variants are the texts that an option may hold.
macro_rules! choices {
    ($($(#[$doc:meta])* $name:ident { $($(#[$variant_doc:meta])* $variant:ident = $text:literal,)+ })*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum $name {
            $($(#[$variant_doc])* $variant,)+
        }

        impl $name {
            /// The variant's text in the configuration file.
            pub fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $text,)+
                }
            }
        }

        impl $crate::config::option::FromOption for $name {
            const KIND: $crate::config::Kind = $crate::config::Kind::String;
            const CHOICES: &'static [&'static str] = &[$($text),+];

            fn from_option(value: &$crate::config::OptionValue) -> Result<Self, String> {
                match value {
                    $($crate::config::OptionValue::String(text) if text == $text => Ok(Self::$variant),)+
                    _ => Err(format!("must be one of {}", Self::CHOICES.join(", "))),
                }
            }
        }
    )*};
}
pub(super) use choices;

/// A struct that holds one group of options.
pub(super) trait Section: Sized {
    /// The group's name.
    const GROUP: &'static str;
    /// What the group is about.
    const HELP: &'static [&'static str];
    /// Its rows of the option table.
    const OPTIONS: &'static [OptionSpec];

    /// Takes the values; `get` gives that of the option with a name.
    fn read<'a>(get: impl Fn(&'static str) -> &'a OptionValue) -> Result<Self, String>;
}

/// Declares a [`Section`]: each field is an option of the same name, its comment is the help text,
/// its type says how the text is read, and the expression after `=` gives the rest of the row.
macro_rules! section {
    (
        $(#[doc = $group_help:literal])+
        $struct:ident in $group:literal {
            $($(#[doc = $help:literal])+ $name:ident: $type:ty = $spec:expr;)+
        }
    ) => {
        $(#[doc = $group_help])+
        #[derive(Clone, Debug)]
        pub struct $struct {
            $($(#[doc = $help])+ pub $name: $type,)+
        }

        impl $crate::config::option::Section for $struct {
            const GROUP: &'static str = $group;
            const HELP: &'static [&'static str] = &[$($group_help),+];
            const OPTIONS: &'static [$crate::config::OptionSpec] =
                &[$($spec.place::<$type>($group, stringify!($name), &[$($help),+]),)+];

            fn read<'a>(
                get: impl Fn(&'static str) -> &'a $crate::config::OptionValue,
            ) -> Result<Self, String> {
                use $crate::config::option::FromOption;
                Ok(Self { $($name: <$type>::from_option(get(stringify!($name)))?,)+ })
            }
        }
    };
}
pub(super) use section;
