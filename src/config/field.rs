//! From option values to the fields of section structs, and the macros that declare both at once.

use super::option::OptionSpec;
use super::value::{Kind, OptionValue};
use crate::model::Secret;
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::PathBuf;

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
    Vec<String>, List:
        OptionValue::List(items) => Ok(items.clone()), OptionValue::Unset => Ok(Vec::new());
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
    ($(
        $(#[$doc:meta])*
        $name:ident { $($(#[$variant_doc:meta])* $variant:ident = $text:literal,)+ }
    )*) => {$(
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

        impl $crate::config::field::FromOption for $name {
            const KIND: $crate::config::Kind = $crate::config::Kind::String;
            const CHOICES: &'static [&'static str] = &[$($text),+];

            fn from_option(value: &$crate::config::OptionValue) -> Result<Self, String> {
                use $crate::config::OptionValue;
                match value {
                    $(OptionValue::String(text) if text == $text => Ok(Self::$variant),)+
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

        impl $crate::config::field::Section for $struct {
            const GROUP: &'static str = $group;
            const HELP: &'static [&'static str] = &[$($group_help),+];
            const OPTIONS: &'static [$crate::config::OptionSpec] =
                &[$($spec.place::<$type>($group, stringify!($name), &[$($help),+]),)+];

            fn read<'a>(
                get: impl Fn(&'static str) -> &'a $crate::config::OptionValue,
            ) -> Result<Self, String> {
                use $crate::config::field::FromOption;
                Ok(Self { $($name: <$type>::from_option(get(stringify!($name)))?,)+ })
            }
        }
    };
}
pub(super) use section;
