//! Option values: from text to a typed value, as oslo.config reads each type.

use crate::model::Secret;
use std::collections::BTreeMap;

/// What an option holds after its text was read by its [`Kind`].
#[derive(Clone, Debug)]
pub enum OptionValue {
    /// Neither set nor given a default, or a number set to nothing.
    Unset,
    /// Text, also of a URI or a choice.
    String(String),
    /// Text of an option that is marked secret.
    Secret(Secret),
    /// A truth value.
    Boolean(bool),
    /// A whole number.
    Integer(i64),
    /// A number.
    Float(f64),
    /// A comma-separated list, or the values of a repeatable option.
    List(Vec<String>),
    /// The values of a repeatable option that is marked secret.
    Secrets(Vec<Secret>),
    /// `key:value,…`.
    Dict(BTreeMap<String, String>),
    /// `key:[a,b],…`.
    DictOfLists(BTreeMap<String, Vec<String>>),
}

impl OptionValue {
    /// Hides the text of an option that is marked secret.
    pub(super) fn into_secret(self) -> Self {
        match self {
            Self::String(text) => Self::Secret(text.into()),
            Self::List(texts) => Self::Secrets(texts.into_iter().map(Secret::from).collect()),
            other => other,
        }
    }

    /// The value as `$option` inserts it into another option; nothing when unset. Shows secrets.
    pub fn to_text(&self) -> String {
        fn pairs<V>(map: &BTreeMap<String, V>, text: impl Fn(&V) -> String) -> String {
            let pairs: Vec<_> = map
                .iter()
                .map(|(key, value)| format!("{key}:{}", text(value)))
                .collect();
            pairs.join(",")
        }
        match self {
            Self::Unset => String::new(),
            Self::String(text) => text.clone(),
            Self::Secret(secret) => secret.expose().to_owned(),
            Self::Boolean(true) => "True".to_owned(),
            Self::Boolean(false) => "False".to_owned(),
            Self::Integer(number) => number.to_string(),
            Self::Float(number) => format!("{number:?}"),
            // oslo.config inserts Python's notation here, which no list option reads as meant.
            Self::List(items) => items.join(","),
            Self::Secrets(items) => items
                .iter()
                .map(Secret::expose)
                .collect::<Vec<_>>()
                .join(","),
            Self::Dict(map) => pairs(map, String::clone),
            Self::DictOfLists(map) => pairs(map, |items| format!("[{}]", items.join(","))),
        }
    }
}

/// How an option's text is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Text as it stands.
    String,
    /// Text that must have a scheme and a host.
    Uri,
    /// `true/false`, `yes/no`, `on/off`, `1/0` in any case.
    Boolean,
    /// A whole number; nothing means unset.
    Integer,
    /// A number; nothing means unset.
    Float,
    /// Texts separated by commas.
    List,
    /// Every assignment adds one text.
    Multi,
    /// `key:value` separated by commas.
    Dict,
    /// `key:[a,b]` separated by commas.
    DictOfLists,
}

impl Kind {
    /// The kind's name in the sample file.
    pub fn name(self) -> &'static str {
        match self {
            Self::String => "text",
            Self::Uri => "URI",
            Self::Boolean => "boolean",
            Self::Integer => "integer",
            Self::Float => "number",
            Self::List => "list",
            Self::Multi => "text, may be repeated",
            Self::Dict => "dict",
            Self::DictOfLists => "dict of lists",
        }
    }

    /// Reads one text. Errors say what is expected, without the text itself.
    pub fn parse(self, text: &str) -> Result<OptionValue, String> {
        match self {
            Self::String => Ok(OptionValue::String(text.to_owned())),
            Self::Uri => uri(text).map(|()| OptionValue::String(text.to_owned())),
            Self::Boolean => boolean(text).map(OptionValue::Boolean),
            Self::Integer | Self::Float if text.trim().is_empty() => Ok(OptionValue::Unset),
            Self::Integer => integer(text.trim()).map(OptionValue::Integer),
            Self::Float => float(text.trim()).map(OptionValue::Float),
            Self::List => Ok(OptionValue::List(list(text))),
            Self::Multi => Ok(OptionValue::List(vec![text.to_owned()])),
            Self::Dict => dict(text).map(OptionValue::Dict),
            Self::DictOfLists => dict_of_lists(text).map(OptionValue::DictOfLists),
        }
    }
}

fn boolean(text: &str) -> Result<bool, String> {
    match text.to_lowercase().as_str() {
        "true" | "1" | "on" | "yes" => Ok(true),
        "false" | "0" | "off" | "no" => Ok(false),
        _ => Err("expected a boolean: true/false, yes/no, on/off or 1/0".to_owned()),
    }
}

/// Takes out the underscores that Python allows between two digits.
fn without_underscores(text: &str) -> Option<String> {
    let digit = |part: Option<char>| part.is_some_and(|c| c.is_ascii_digit());
    let parts: Vec<&str> = text.split('_').collect();
    let between_digits = parts
        .windows(2)
        .all(|pair| digit(pair[0].chars().next_back()) && digit(pair[1].chars().next()));
    between_digits.then(|| parts.concat())
}

fn integer(text: &str) -> Result<i64, String> {
    without_underscores(text)
        .and_then(|digits| digits.parse().ok())
        .ok_or_else(|| "expected a whole number of at most 64 bits".to_owned())
}

fn float(text: &str) -> Result<f64, String> {
    without_underscores(text)
        .and_then(|digits| digits.parse().ok())
        .ok_or_else(|| "expected a number".to_owned())
}

fn list(text: &str) -> Vec<String> {
    match text.trim().trim_end_matches(',') {
        "" => Vec::new(),
        items => items
            .split(',')
            .map(|item| item.trim().to_owned())
            .collect(),
    }
}

/// Splits `key:value` and puts it into a map without taking the place of another.
fn insert_pair<V>(
    map: &mut BTreeMap<String, V>,
    pair: &str,
    value: impl FnOnce(&str) -> V,
) -> Result<(), String> {
    let Some((key, text)) = pair.split_once(':') else {
        return Err("expected key:value pairs separated by commas".to_owned());
    };
    match key.trim() {
        "" => Err("a key before : is empty".to_owned()),
        key if map.contains_key(key) => Err(format!("the key {key:?} stands there twice")),
        key => {
            map.insert(key.to_owned(), value(text.trim()));
            Ok(())
        }
    }
}

fn dict(text: &str) -> Result<BTreeMap<String, String>, String> {
    let mut map = BTreeMap::new();
    if !text.trim().is_empty() {
        for pair in text.split(',') {
            insert_pair(&mut map, pair, str::to_owned)?;
        }
    }
    Ok(map)
}

fn dict_of_lists(text: &str) -> Result<BTreeMap<String, Vec<String>>, String> {
    let mut map = BTreeMap::new();
    let mut rest = text.trim();
    while !rest.is_empty() {
        let shape = || "expected key:[a,b] pairs separated by commas".to_owned();
        let (pair, after) = rest.split_once(']').ok_or_else(shape)?;
        let (key, items) = pair.split_once('[').ok_or_else(shape)?;
        if !key.trim_end().ends_with(':') {
            return Err(shape());
        }
        insert_pair(&mut map, key, |_| list(items))?;
        rest = match after.trim_start() {
            "" => "",
            // A comma promises another pair.
            after => after
                .strip_prefix(',')
                .map(str::trim)
                .filter(|r| !r.is_empty())
                .ok_or_else(shape)?,
        };
    }
    Ok(map)
}

fn uri(text: &str) -> Result<(), String> {
    let error =
        || Err("expected a URI with scheme and host, such as https://example.com/".to_owned());
    let Some((scheme, rest)) = text.split_once("://") else {
        return error();
    };
    let scheme_is_fine = scheme.starts_with(|c: char| c.is_ascii_alphabetic())
        && scheme
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || "+-.".contains(c));
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let host = authority
        .rsplit_once('@')
        .map_or(authority, |(_, host)| host);
    let host_is_fine =
        !host.is_empty() && !host.starts_with(':') && !host.contains(char::is_whitespace);
    if scheme_is_fine && host_is_fine {
        Ok(())
    } else {
        error()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn booleans_have_four_spellings_in_any_case() {
        for (text, expected) in [
            ("TRUE", true),
            ("oN", true),
            ("1", true),
            ("No", false),
            ("0", false),
        ] {
            assert_eq!(boolean(text), Ok(expected));
        }
        for text in ["t", "2", "", "none"] {
            assert!(boolean(text).is_err(), "{text:?}");
        }
    }

    #[test]
    fn numbers_are_read_as_python_reads_them() {
        assert_eq!(integer("1_000"), Ok(1000));
        assert_eq!(integer("+5"), Ok(5));
        assert_eq!(integer("-3"), Ok(-3));
        for text in [
            "0x10",
            "1.5",
            "_1",
            "1__0",
            "1_",
            "five",
            "9223372036854775808",
        ] {
            assert!(integer(text).is_err(), "{text:?}");
        }
        assert_eq!(float("1e3"), Ok(1000.0));
        assert_eq!(float(".5"), Ok(0.5));
        assert_eq!(float("1_0.5"), Ok(10.5));
        assert_eq!(float("inf"), Ok(f64::INFINITY));
        assert!(float("abc").is_err());
        assert!(matches!(Kind::Integer.parse("  "), Ok(OptionValue::Unset)));
        assert!(matches!(
            Kind::Integer.parse(" 5 "),
            Ok(OptionValue::Integer(5))
        ));
    }

    #[test]
    fn lists_split_at_every_comma_and_drop_the_last_ones() {
        assert_eq!(list("a, b ,c,"), ["a", "b", "c"]);
        assert_eq!(list("\"a,b\",c"), ["\"a", "b\"", "c"]);
        assert_eq!(list(",a"), ["", "a"]);
        assert_eq!(list("a,,b"), ["a", "", "b"]);
        assert_eq!(list("1,\n2,\n3"), ["1", "2", "3"]);
        assert!(list("").is_empty());
    }

    #[test]
    fn dicts_keep_later_colons_and_refuse_double_keys() {
        let map = dict(" a : b , c : d:e ").unwrap();
        assert_eq!(map["a"], "b");
        assert_eq!(map["c"], "d:e");
        assert!(dict("").unwrap().is_empty());
        for text in ["a", "a:1,a:2", ":b", "a:b,"] {
            assert!(dict(text).is_err(), "{text:?}");
        }
    }

    #[test]
    fn dicts_of_lists_need_brackets() {
        let map = dict_of_lists("identity:[a, b], ldap:[c]").unwrap();
        assert_eq!(map["identity"], ["a", "b"]);
        assert_eq!(map["ldap"], ["c"]);
        for text in [
            "a:b,c:d",
            "ldap:a,b",
            "a:[b",
            "a[b]",
            "a:[b],",
            "a:[b]c:[d]",
        ] {
            assert!(dict_of_lists(text).is_err(), "{text:?}");
        }
    }

    #[test]
    fn uris_need_scheme_and_host() {
        for text in [
            "http://h",
            "http://h:99999/",
            "http://[::1]:5000/v3",
            "http://h/%zz",
        ] {
            assert_eq!(uri(text), Ok(()), "{text:?}");
        }
        for text in [
            "nohost",
            "",
            "http://",
            "/path",
            "mailto:x",
            "http://h h",
            "1a://h",
        ] {
            assert!(uri(text).is_err(), "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn no_text_makes_a_reader_panic(text in r"([\[\],:_/@0-9.]|\PC){0,40}") {
            use Kind::*;
            for kind in [String, Uri, Boolean, Integer, Float, List, Multi, Dict, DictOfLists] {
                let _ = kind.parse(&text);
            }
        }
    }
}
