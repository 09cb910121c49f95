//! Query strings: parameters, list filters, pages.

use crate::error::{Error, Result};
use crate::model::Timestamp;
use crate::model::list::{Comparator, Filter, ListHints};
use serde_json::{Map, Value};

/// A parsed query string: names and values in their order, repeated names included.
///
/// `+` is a space. A broken percent escape, or one of bytes that are not UTF-8, stays as it was
/// written. A name without `=` has an empty value.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Query(Vec<(String, String)>);

/// How `password_expires_at` compares.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Inequality {
    /// `eq`, or no operator.
    Equal,
    /// `neq`.
    NotEqual,
    /// `lt`.
    Less,
    /// `lte`.
    LessOrEqual,
    /// `gt`.
    Greater,
    /// `gte`.
    GreaterOrEqual,
}

impl Inequality {
    /// Whether `left` stands in this relation to `right`.
    pub fn holds<T: PartialOrd>(self, left: T, right: T) -> bool {
        match self {
            Self::Equal => left == right,
            Self::NotEqual => left != right,
            Self::Less => left < right,
            Self::LessOrEqual => left <= right,
            Self::Greater => left > right,
            Self::GreaterOrEqual => left >= right,
        }
    }

    fn named(name: &str) -> Option<Self> {
        Some(match name {
            "eq" => Self::Equal,
            "neq" => Self::NotEqual,
            "lt" => Self::Less,
            "lte" => Self::LessOrEqual,
            "gt" => Self::Greater,
            "gte" => Self::GreaterOrEqual,
            _ => return None,
        })
    }
}

/// Which pages a collection gives when the client does not say, and at most.
#[derive(Clone, Copy, Debug)]
pub struct PageRules {
    /// `[section] list_limit`, else `[DEFAULT] list_limit`; used when the client gives no limit.
    pub list_limit: Option<u64>,
    /// `[DEFAULT] max_db_limit`; a larger limit becomes this one.
    pub max: Option<u64>,
}

impl PageRules {
    /// All of it, unless the client wants less.
    pub const NONE: Self = Self {
        list_limit: None,
        max: None,
    };
}

/// Parameters of one request. Each filter adds to a statement, and databases bound those.
const MOST_PARAMETERS: usize = 50;

/// Bytes of a parameter's value.
const LONGEST_VALUE: usize = 8192;

impl Query {
    /// Parses what a client wrote after the `?`.
    ///
    /// # Errors
    /// [`Error::BadRequest`] for more parameters, or longer ones, than any use has.
    pub fn read(raw: &str) -> Result<Self> {
        let query = Self::parse(raw);
        if query.0.len() > MOST_PARAMETERS {
            return Err(Error::bad_request(format!(
                "A query can have at most {MOST_PARAMETERS} parameters."
            )));
        }
        if query.0.iter().any(|(_, value)| value.len() > LONGEST_VALUE) {
            return Err(Error::bad_request(format!(
                "A query's parameter can have at most {LONGEST_VALUE} bytes."
            )));
        }
        Ok(query)
    }

    /// Parses what stands after the `?`.
    pub fn parse(raw: &str) -> Self {
        let pairs = raw.split('&').filter(|pair| !pair.is_empty());
        Self(
            pairs
                .map(|pair| pair.split_once('=').unwrap_or((pair, "")))
                .map(|(name, value)| (decode(name), decode(value)))
                .collect(),
        )
    }

    /// The first value of a parameter.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.all(name).next()
    }

    /// Every value of a parameter.
    pub fn all<'a>(&'a self, name: &str) -> impl Iterator<Item = &'a str> {
        self.0
            .iter()
            .filter(move |(key, _)| key == name)
            .map(|(_, value)| value.as_str())
    }

    /// Whether a parameter is there at all, e.g. `?nocatalog`.
    pub fn has(&self, name: &str) -> bool {
        self.get(name).is_some()
    }

    /// A flag such as `?effective`: present, and not exactly `0`.
    pub fn flag(&self, name: &str) -> bool {
        self.get(name).is_some_and(|value| value != "0")
    }

    /// A flag such as `?allow_expired`, which must say so: `1`, `t`, `true`, `on`, `y` or `yes` in any
    /// case.
    pub fn is_true(&self, name: &str) -> bool {
        const TRUE: [&str; 6] = ["1", "t", "true", "on", "y", "yes"];
        self.get(name).is_some_and(|value| {
            TRUE.iter()
                .any(|word| value.trim().eq_ignore_ascii_case(word))
        })
    }

    /// What `?enabled=…` asks for, once per occurrence, all of which must hold. `0`, `f`, `false`,
    /// `n`, `no` and `off` in any case are false, everything else is true, also nothing.
    pub fn booleans(&self, name: &str) -> Vec<bool> {
        const FALSE: [&str; 6] = ["0", "f", "false", "n", "no", "off"];
        self.all(name)
            .map(|value| {
                !FALSE
                    .iter()
                    .any(|word| value.trim().eq_ignore_ascii_case(word))
            })
            .collect()
    }

    /// The first value of each parameter, for [`Schema::validate`](super::schema::Schema::validate).
    pub fn to_value(&self) -> Value {
        let mut members = Map::new();
        for (name, value) in &self.0 {
            members
                .entry(name.as_str())
                .or_insert_with(|| Value::from(value.as_str()));
        }
        Value::Object(members)
    }

    /// As [`to_value`](Self::to_value), without the page that it asks for, for lists whose schema
    /// knows no pages.
    pub fn without_page(&self) -> Value {
        let mut value = self.to_value();
        if let Value::Object(members) = &mut value {
            members.shift_remove("marker");
            members.shift_remove("limit");
        }
        value
    }

    /// The filters on text attributes: `name=v`, and `name__contains=v` with `startswith`,
    /// `endswith` and an `i` before for any case. Unknown attributes and comparators don't filter.
    pub fn filters(&self, attributes: &[&'static str]) -> Vec<Filter> {
        self.0
            .iter()
            .filter_map(|(key, value)| {
                let (name, comparator) = key.split_once("__").unwrap_or((key, "equals"));
                let attribute = attributes.iter().find(|attribute| **attribute == name)?;
                let (comparator, case_insensitive) = match comparator {
                    "equals" if name == key => (Comparator::Equals, false),
                    "contains" => (Comparator::Contains, false),
                    "icontains" => (Comparator::Contains, true),
                    "startswith" => (Comparator::StartsWith, false),
                    "istartswith" => (Comparator::StartsWith, true),
                    "endswith" => (Comparator::EndsWith, false),
                    "iendswith" => (Comparator::EndsWith, true),
                    _ => return None,
                };
                Some(Filter {
                    attribute,
                    comparator,
                    case_insensitive,
                    value: value.clone(),
                })
            })
            .collect()
    }

    /// Whether the filters on `id` and `enabled` let an object pass.
    pub fn wants(&self, id: &str, enabled: bool) -> bool {
        self.filters(&["id"])
            .iter()
            .all(|filter| filter.matches(id))
            && self
                .booleans("enabled")
                .iter()
                .all(|wanted| *wanted == enabled)
    }

    /// Filters and page of a list.
    ///
    /// # Errors
    /// [`Error::BadRequest`] when `limit` is not a whole number of zero or more.
    pub fn list_hints(&self, attributes: &[&'static str], rules: PageRules) -> Result<ListHints> {
        let marker = self
            .get("marker")
            .filter(|marker| !marker.is_empty())
            .map(str::to_owned);
        let limit = match (self.limit()?.or(rules.list_limit), rules.max) {
            (Some(limit), Some(max)) => Some(limit.min(max)),
            (limit, max) => limit.or(max),
        };
        Ok(ListHints {
            filters: self.filters(attributes),
            limit,
            marker,
        })
    }

    /// The client's `limit`; more than fits is the largest there is.
    fn limit(&self) -> Result<Option<u64>> {
        let Some(text) = self
            .get("limit")
            .map(str::trim)
            .filter(|text| !text.is_empty())
        else {
            return Ok(None);
        };
        let digits = text.strip_prefix('+').unwrap_or(text);
        if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(Error::bad_request(
                "limit must be a whole number of zero or more.",
            ));
        }
        Ok(Some(digits.parse().unwrap_or(u64::MAX)))
    }

    /// The conditions of `password_expires_at=<operator>:<time>`, all of which must hold.
    ///
    /// # Errors
    /// [`Error::BadRequest`] for an unknown operator or something that is not a time.
    pub fn password_expires_at(&self) -> Result<Vec<(Inequality, Timestamp)>> {
        self.all("password_expires_at").map(inequality).collect()
    }
}

fn inequality(value: &str) -> Result<(Inequality, Timestamp)> {
    let named = value
        .split_once(':')
        .and_then(|(name, time)| Some((Inequality::named(name)?, time)));
    let (inequality, time) = named.unwrap_or((Inequality::Equal, value));
    let time = Timestamp::parse(time).ok_or_else(|| {
        Error::bad_request(
            "password_expires_at must be a time such as 2030-01-01T00:00:00Z, \
             optionally after one of eq:, neq:, lt:, lte:, gt:, gte:.",
        )
    })?;
    Ok((inequality, time))
}

/// Decodes `+` and percent escapes; what does not decode to UTF-8 stays escaped.
fn decode(raw: &str) -> String {
    let spaced = raw.replace('+', " ");
    let bytes: Vec<u8> = percent_encoding::percent_decode_str(&spaced).collect();
    let mut text = String::with_capacity(bytes.len());
    for chunk in bytes.utf8_chunks() {
        text.push_str(chunk.valid());
        for byte in chunk.invalid() {
            text.push_str(percent_encoding::percent_encode_byte(*byte));
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn first_pair(raw: &str) -> (String, String) {
        Query::parse(raw).0.swap_remove(0)
    }

    #[test]
    fn a_query_is_decoded_as_python_decodes_it() {
        let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        assert_eq!(first_pair("na%6de=a+b%2B"), pair("name", "a b+"));
        assert_eq!(first_pair("name"), pair("name", ""));
        assert_eq!(first_pair("name=a=b"), pair("name", "a=b"));
        assert_eq!(first_pair("&&a=1;name=2&"), pair("a", "1;name=2"));
        assert_eq!(first_pair("name=a%FFb"), pair("name", "a%FFb"));
        assert_eq!(first_pair("name=%E2%82"), pair("name", "%E2%82"));
        assert_eq!(first_pair("name=%zz%4"), pair("name", "%zz%4"));
        assert_eq!(first_pair("name=%C3%BC"), pair("name", "ü"));
    }

    #[test]
    fn a_flag_is_on_unless_it_is_0() {
        for (raw, on) in [("x", false), ("effective", true), ("effective=", true)] {
            assert_eq!(Query::parse(raw).flag("effective"), on, "{raw}");
        }
        for (raw, on) in [
            ("=0", false),
            ("=false", true),
            ("=00", true),
            ("=0&effective=1", false),
        ] {
            assert_eq!(
                Query::parse(&format!("effective{raw}")).flag("effective"),
                on,
                "{raw}"
            );
        }
    }

    #[test]
    fn allow_expired_must_say_yes() {
        let is_true = |raw: &str| Query::parse(raw).is_true("x");
        for raw in ["x=1", "x=T", "x=True", "x=on", "x=y", "x=%20YES"] {
            assert!(is_true(raw), "{raw}");
        }
        for raw in ["", "x", "x=", "x=0", "x=false", "x=2", "x=no&x=1"] {
            assert!(!is_true(raw), "{raw}");
        }
    }

    #[test]
    fn a_boolean_filter_is_true_unless_it_reads_false() {
        for word in ["0", "f", "F", "false", "fAlSe", "n", "No", "OFF", "%200"] {
            assert_eq!(
                Query::parse(&format!("enabled={word}")).booleans("enabled"),
                [false],
                "{word}"
            );
        }
        for word in ["", "1", "true", "y", "00", "abc", "none"] {
            assert_eq!(
                Query::parse(&format!("enabled={word}")).booleans("enabled"),
                [true],
                "{word}"
            );
        }
        assert_eq!(
            Query::parse("enabled=0&enabled").booleans("enabled"),
            [false, true]
        );
        assert!(Query::parse("").booleans("enabled").is_empty());
    }

    #[test]
    fn filters_come_from_declared_names_and_known_comparators_only() {
        let filter = |raw: &str| {
            let mut found = Query::parse(raw).filters(&["name", "domain_id"]);
            found
                .pop()
                .map(|filter| (filter.comparator, filter.case_insensitive, filter.value))
        };
        let text = |value: &str| value.to_owned();
        assert_eq!(
            filter("name=A"),
            Some((Comparator::Equals, false, text("A")))
        );
        assert_eq!(
            filter("name__contains="),
            Some((Comparator::Contains, false, text("")))
        );
        assert_eq!(
            filter("name__istartswith=a"),
            Some((Comparator::StartsWith, true, text("a")))
        );
        assert_eq!(
            filter("name__endswith=a"),
            Some((Comparator::EndsWith, false, text("a")))
        );
        for raw in [
            "name__foo=m",
            "name__=x",
            "name__equals=x",
            "name__contains__x=1",
            "__contains=x",
            "name__STARTSWITH=a",
            "description__contains=x",
            "other=1",
        ] {
            assert_eq!(filter(raw), None, "{raw}");
        }
        assert_eq!(
            Query::parse("name=mfa&name=admin").filters(&["name"]).len(),
            2
        );
    }

    #[test]
    fn a_limit_is_the_clients_within_the_servers() {
        let limit = |raw: &str, list_limit, max| {
            let rules = PageRules { list_limit, max };
            Query::parse(raw).list_hints(&[], rules).unwrap().limit
        };
        assert_eq!(limit("", None, None), None);
        assert_eq!(limit("limit=", Some(7), None), Some(7));
        assert_eq!(limit("limit=3", Some(7), Some(10)), Some(3));
        assert_eq!(limit("limit=30", Some(7), Some(10)), Some(10));
        assert_eq!(limit("", Some(7), Some(5)), Some(5));
        assert_eq!(limit("", None, Some(5)), Some(5));
        assert_eq!(limit("limit=0", None, None), Some(0));
        assert_eq!(limit("limit=+3", None, None), Some(3));
        assert_eq!(limit("limit=%2B3", None, None), Some(3));
        assert_eq!(
            limit("limit=99999999999999999999999", None, Some(1000)),
            Some(1000)
        );
        for raw in [
            "limit=abc",
            "limit=-1",
            "limit=1.0",
            "limit=1_0",
            "limit=%2B",
        ] {
            let answer = Query::parse(raw).list_hints(&[], PageRules::NONE);
            assert!(matches!(answer, Err(Error::BadRequest(_))), "{raw}");
        }
    }

    #[test]
    fn an_empty_marker_is_no_marker() {
        let marker = |raw| {
            Query::parse(raw)
                .list_hints(&[], PageRules::NONE)
                .unwrap()
                .marker
        };
        assert_eq!(marker("marker="), None);
        assert_eq!(marker("marker=a%20b").as_deref(), Some("a b"));
    }

    #[test]
    fn password_expires_at_takes_an_operator_and_a_time() {
        let parse =
            |raw: &str| Query::parse(&format!("password_expires_at={raw}")).password_expires_at();
        let time = Timestamp::parse("2016-11-06T15:32:17Z").unwrap();
        assert_eq!(
            parse("lt:2016-11-06T15:32:17Z").unwrap(),
            [(Inequality::Less, time)]
        );
        assert_eq!(
            parse("neq:2016-11-06T15:32:17").unwrap(),
            [(Inequality::NotEqual, time)]
        );
        assert_eq!(
            parse("2016-11-06T15:32:17Z").unwrap(),
            [(Inequality::Equal, time)]
        );
        for raw in [
            "xx:2016-11-06T15:32:17Z",
            "LT:2016-11-06T15:32:17Z",
            "lt:",
            "abc",
            "",
        ] {
            assert!(matches!(parse(raw), Err(Error::BadRequest(_))), "{raw}");
        }
        assert!(Inequality::GreaterOrEqual.holds(2, 2) && !Inequality::Greater.holds(2, 2));
    }

    #[test]
    fn a_query_is_validated_by_the_first_value_of_each_parameter() {
        let value = Query::parse("a=1&b&a=2").to_value();
        assert_eq!(value, serde_json::json!({"a": "1", "b": ""}));
    }
}
