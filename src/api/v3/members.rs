//! Members of a resource's body, taken out one by one; what remains are its extra attributes.

use crate::error::{Error, Result};
use serde_json::{Map, Value};

/// The members of a body's object.
pub struct Members(Map<String, Value>);

impl Members {
    /// All members.
    pub fn new(members: Map<String, Value>) -> Self {
        Self(members)
    }

    /// Takes out a text: `None` when it is absent, `Some(None)` when it is null.
    ///
    /// # Errors
    /// 400 when it is something else. Schemas look at names as they were sent, before creation
    /// makes `parent_region_id` of `parent-region-id`, so they don't see everything.
    pub fn text(&mut self, name: &str) -> Result<Option<Option<String>>> {
        match self.0.shift_remove(name) {
            None => Ok(None),
            Some(Value::Null) => Ok(Some(None)),
            Some(Value::String(text)) => Ok(Some(Some(text))),
            Some(_) => Err(Error::bad_request(format!(
                "'{name}' must be text or null."
            ))),
        }
    }

    /// Takes out a text that must be one if it is there at all.
    ///
    /// # Errors
    /// 400 when it is something else.
    pub fn some_text(&mut self, name: &str) -> Result<Option<String>> {
        match self.text(name)? {
            Some(None) => Err(Error::bad_request(format!("'{name}' must be text."))),
            found => Ok(found.flatten()),
        }
    }

    /// Takes out a text that must be there.
    ///
    /// # Errors
    /// 400 when it is absent or something else.
    pub fn required_text(&mut self, name: &str) -> Result<String> {
        self.some_text(name)?
            .ok_or_else(|| Error::bad_request(format!("'{name}' is missing.")))
    }

    /// Takes out a boolean.
    ///
    /// # Errors
    /// 400 when it is something else.
    pub fn boolean(&mut self, name: &str) -> Result<Option<bool>> {
        match self.0.shift_remove(name) {
            None => Ok(None),
            Some(Value::Bool(value)) => Ok(Some(value)),
            Some(_) => Err(Error::bad_request(format!(
                "'{name}' must be true or false."
            ))),
        }
    }

    /// Takes out the id of a PATCH, which may only repeat the one in the path. Null counts as absent.
    ///
    /// # Errors
    /// 400 when it is another one.
    pub fn same_id(&mut self, id: &str) -> Result<()> {
        match self.0.shift_remove("id") {
            None | Some(Value::Null) => Ok(()),
            Some(Value::String(other)) if other == id => Ok(()),
            Some(_) => Err(Error::bad_request("An id can't be changed.")),
        }
    }

    /// What was not taken out, without `unstored` and what is no attribute: `links` is ours to
    /// give, and `extra` is the column's own name.
    pub fn extra(mut self, unstored: &[&str]) -> Map<String, Value> {
        for name in ["id", "links", "extra"].iter().chain(unstored) {
            self.0.shift_remove(*name);
        }
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn members(value: Value) -> Members {
        Members::new(value.as_object().unwrap().clone())
    }

    #[test]
    fn what_is_not_taken_out_is_extra() {
        let mut members = members(json!({"id": "x", "name": "n", "b": 1, "links": {}, "a": null}));
        assert_eq!(members.some_text("name").unwrap().as_deref(), Some("n"));
        assert_eq!(Value::Object(members.extra(&["a"])), json!({"b": 1}));
    }

    #[test]
    fn null_is_told_from_absent() {
        let mut members = members(json!({"a": null, "b": "text", "c": 1}));
        assert_eq!(members.text("a").unwrap(), Some(None));
        assert_eq!(members.text("b").unwrap(), Some(Some("text".to_owned())));
        assert_eq!(members.text("d").unwrap(), None);
        assert!(members.text("c").is_err());
    }

    #[test]
    fn an_id_may_only_be_repeated() {
        assert!(members(json!({})).same_id("x").is_ok());
        assert!(members(json!({"id": null})).same_id("x").is_ok());
        assert!(members(json!({"id": "x"})).same_id("x").is_ok());
        assert!(members(json!({"id": "y"})).same_id("x").is_err());
    }
}
