//! Bodies of v2.0: one named member, and nothing beside it.

use crate::api::body::JsonBody;
use crate::error::{Error, Result};
use serde_json::{Map, Value};

/// The value under the one name that a body may have. `:` and `-` in names count as `_`, so that
/// `OS-KSADM:service` is one; names that no argument can have are overlooked.
///
/// # Errors
/// 400 when the member is missing or another one is there.
pub fn argument<'a>(body: &'a JsonBody, name: &str) -> Result<&'a Value> {
    let normal = |name: &str| name.replace([':', '-'], "_");
    let mut found = None;
    for (key, value) in body.0.as_object().into_iter().flatten() {
        if normal(key) == normal(name) {
            found = Some(value);
        } else if !(key.starts_with('_') || key == "self" || key == "context") {
            return Err(Error::bad_request(format!(
                "The body has a member '{key}', which this call does not know."
            )));
        }
    }
    found.ok_or_else(|| Error::bad_request(format!("The body must have a member '{name}'.")))
}

/// As [`argument`], where it must be an object.
pub fn object<'a>(body: &'a JsonBody, name: &str) -> Result<&'a Map<String, Value>> {
    argument(body, name)?
        .as_object()
        .ok_or_else(|| Error::bad_request(format!("'{name}' must be an object.")))
}

/// As [`object`], for what is to be created: `:` and `-` in its members' names become `_`.
pub fn new_object(body: &JsonBody, name: &str) -> Result<Map<String, Value>> {
    let members = object(body, name)?.iter();
    Ok(members
        .map(|(name, value)| (name.replace([':', '-'], "_"), value.clone()))
        .collect())
}

/// A text member; absent, null and empty are the same.
///
/// # Errors
/// 400 for another type, or for more characters than `longest`.
pub fn optional_text<'a>(
    members: &'a Map<String, Value>,
    name: &str,
    longest: usize,
) -> Result<Option<&'a str>> {
    match members.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) if text.chars().count() > longest => Err(Error::bad_request(
            format!("'{name}' must have at most {longest} characters."),
        )),
        Some(Value::String(text)) => Ok(Some(text.as_str()).filter(|text| !text.is_empty())),
        Some(_) => Err(Error::bad_request(format!("'{name}' must be a text."))),
    }
}
