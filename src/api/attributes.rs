//! Reading the object that a client sent: its known members, and the rest, which becomes `extra`.

use crate::error::{Error, Result};
use crate::manager::assignment::lookup::RoleLookup;
use serde_json::{Map, Value};

/// The members of a request's object. A schema has checked them; what has another type all the same
/// is a 400.
#[derive(Clone, Copy)]
pub struct Attributes<'a>(&'a Map<String, Value>);

impl<'a> Attributes<'a> {
    /// Reads an object.
    pub fn of(members: &'a Map<String, Value>) -> Self {
        Self(members)
    }

    /// A text; `None` when it is absent.
    pub fn text(self, name: &str) -> Result<Option<&'a str>> {
        match self.0.get(name) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(_) => Err(Error::bad_request(format!("'{name}' must be a text."))),
        }
    }

    /// A text that must be there.
    pub fn required_text(self, name: &str) -> Result<&'a str> {
        self.text(name)?
            .ok_or_else(|| Error::bad_request(format!("'{name}' is missing.")))
    }

    /// A text or null; `None` when it is absent.
    pub fn nullable_text(self, name: &str) -> Result<Option<Option<&'a str>>> {
        match self.0.get(name) {
            Some(Value::Null) => Ok(Some(None)),
            _ => Ok(self.text(name)?.map(Some)),
        }
    }

    /// A boolean, or one of the words that schemas accept for one; `None` when it is absent.
    pub fn boolean(self, name: &str) -> Result<Option<bool>> {
        const TRUE: [&str; 5] = ["1", "true", "y", "yes", "on"];
        match self.0.get(name) {
            None => Ok(None),
            Some(Value::Bool(flag)) => Ok(Some(*flag)),
            Some(Value::String(word)) => {
                Ok(Some(TRUE.iter().any(|yes| word.eq_ignore_ascii_case(yes))))
            }
            Some(_) => Err(Error::bad_request(format!("'{name}' must be a boolean."))),
        }
    }

    /// A whole number, also one that is written with a fraction of zero; `None` when it is absent.
    pub fn integer(self, name: &str) -> Result<Option<i64>> {
        // What a float holds exactly.
        const MOST: f64 = 9_007_199_254_740_992.0;
        let Some(value) = self.0.get(name) else {
            return Ok(None);
        };
        let whole = value
            .as_f64()
            .filter(|number| number.fract() == 0.0 && number.abs() <= MOST);
        #[expect(
            clippy::cast_possible_truncation,
            reason = "it is whole and within bounds"
        )]
        let integer = value.as_i64().or(whole.map(|number| number as i64));
        match integer {
            Some(integer) => Ok(Some(integer)),
            None => Err(Error::bad_request(format!("'{name}' must be an integer."))),
        }
    }

    /// A whole number or null; `None` when it is absent.
    pub fn nullable_integer(self, name: &str) -> Result<Option<Option<i64>>> {
        match self.0.get(name) {
            Some(Value::Null) => Ok(Some(None)),
            _ => Ok(self.integer(name)?.map(Some)),
        }
    }

    /// A list of texts, which null stands for when it is empty; `None` when it is absent.
    pub fn texts_or_null(self, name: &str) -> Result<Option<Vec<&'a str>>> {
        let wrong = || Error::bad_request(format!("'{name}' must be a list of texts."));
        match self.0.get(name) {
            None => Ok(None),
            Some(Value::Null) => Ok(Some(Vec::new())),
            Some(Value::Array(texts)) => {
                let texts = texts.iter().map(|text| text.as_str().ok_or_else(wrong));
                texts.collect::<Result<_>>().map(Some)
            }
            Some(_) => Err(wrong()),
        }
    }

    /// A whole number that must be there.
    pub fn required_integer(self, name: &str) -> Result<i64> {
        self.integer(name)?
            .ok_or_else(|| Error::bad_request(format!("'{name}' is missing.")))
    }

    /// An object; `None` when it is absent.
    pub fn object(self, name: &str) -> Result<Option<&'a Map<String, Value>>> {
        match self.0.get(name) {
            None => Ok(None),
            Some(Value::Object(members)) => Ok(Some(members)),
            Some(_) => Err(Error::bad_request(format!("'{name}' must be an object."))),
        }
    }

    /// A list of roles, each by `id` or by `name`; `None` when it is absent.
    pub fn roles(self, name: &str) -> Result<Option<Vec<RoleLookup>>> {
        let Some(roles) = self.0.get(name) else {
            return Ok(None);
        };
        let roles = roles.as_array().map(Vec::as_slice).unwrap_or_default();
        let one = |role: &Value| {
            let given = |key| role.get(key).and_then(Value::as_str);
            match (given("id"), given("name")) {
                (Some(id), _) => Ok(RoleLookup::Id(id.into())),
                (None, Some(name)) => Ok(RoleLookup::Name(name.to_owned())),
                (None, None) => Err(Error::bad_request(
                    "A role must be given by 'id' or by 'name'.",
                )),
            }
        };
        roles.iter().map(one).collect::<Result<_>>().map(Some)
    }

    /// What is none of the known members, and not `id` or `extra`, which clients can't set.
    pub fn rest(self, known: &[&str]) -> Map<String, Value> {
        self.0
            .iter()
            .filter(|(name, _)| !is_known(known, name))
            .map(|(name, value)| (name.clone(), value.clone()))
            .collect()
    }

    /// [`rest`](Self::rest) for a new object: `:` and `-` in names become `_`, as Keystone stores
    /// them.
    pub fn rest_normalized(self, known: &[&str]) -> Map<String, Value> {
        self.rest(known)
            .into_iter()
            .map(|(name, value)| (name.replace([':', '-'], "_"), value))
            .filter(|(name, _)| !is_known(known, name))
            .collect()
    }

    /// Refuses an update whose `id` is not the one in the path.
    ///
    /// # Errors
    /// 400.
    pub fn check_id(self, id: &str) -> Result<()> {
        match self.0.get("id") {
            None => Ok(()),
            Some(Value::String(given)) if given == id => Ok(()),
            Some(_) => Err(Error::bad_request("An id can't be changed.")),
        }
    }
}

fn is_known(known: &[&str], name: &str) -> bool {
    name == "id" || name == "extra" || known.contains(&name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_new_objects_names_lose_colons_and_hyphens_but_gain_no_column() {
        let body =
            json!({ "a:b": 1, "c-d": 2, "domain-id": "x", "id": "y", "extra": {}, "e": null });
        let rest = Attributes::of(body.as_object().unwrap()).rest_normalized(&["domain_id"]);
        assert_eq!(
            Value::Object(rest),
            json!({ "a_b": 1, "c_d": 2, "e": null })
        );
    }

    #[test]
    fn integers_may_have_a_fraction_of_zero() {
        let body = json!({ "a": 5, "b": -1.0, "c": 0.5, "d": "5", "e": 1e300 });
        let read = |name| Attributes::of(body.as_object().unwrap()).integer(name);
        assert_eq!(read("a").unwrap(), Some(5));
        assert_eq!(read("b").unwrap(), Some(-1));
        for name in ["c", "d", "e"] {
            assert!(read(name).is_err(), "{name}");
        }
        assert_eq!(read("f").unwrap(), None);
    }

    #[test]
    fn booleans_may_be_words() {
        let body = json!({ "a": "True", "b": "off", "c": "", "d": false, "e": 1 });
        let read = |name| Attributes::of(body.as_object().unwrap()).boolean(name);
        assert_eq!(read("a").unwrap(), Some(true));
        assert_eq!(read("b").unwrap(), Some(false));
        assert_eq!(read("c").unwrap(), Some(false));
        assert_eq!(read("d").unwrap(), Some(false));
        assert!(read("e").is_err());
        assert_eq!(read("f").unwrap(), None);
    }
}
