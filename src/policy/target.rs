//! What is acted upon: the attributes that `%(key)s` in a rule can name.
//!
//! Everything in a target comes from the database or the request's path. Bodies and query strings
//! stay out, or a caller could write the facts that permit the call; the one exception is what a
//! creation is about ([`Target::of_new`]).

use serde_json::{Map, Value};
use std::borrow::Cow;
use std::fmt;

/// The attributes of what is acted upon, by the names that rules use: `user_id` for a part of the
/// path, `target.project.domain_id` for an attribute of a loaded object.
#[derive(Clone, Debug, Default)]
pub struct Target<'a> {
    entries: Vec<(&'static str, TargetValue<'a>)>,
    objects: Vec<(&'static str, &'a Map<String, Value>)>,
}

/// One attribute's value. Displayed as rules compare it: `None`, `True`, `False`, digits, text.
#[derive(Clone, Debug, PartialEq)]
pub enum TargetValue<'a> {
    /// Known to be nothing.
    Null,
    /// A text.
    Text(Cow<'a, str>),
    /// A boolean.
    Flag(bool),
    /// An integer.
    Integer(i64),
}

impl<'a> Target<'a> {
    /// Nothing.
    pub fn new() -> Self {
        Self::default()
    }

    /// The target of a creation: whose the new object is to be, as the client says it.
    ///
    /// This is the one way for a value of a body into a target, and it is safe because the body
    /// speaks of an object that does not exist yet: the rules ask whether the caller may make one in
    /// that domain, or for that user, and what is then made is exactly that. Nothing that exists is
    /// described by it. An owner that the client does not name is no attribute, so only rules that
    /// don't ask for it permit the call.
    pub fn of_new(key: &'static str, named: Option<&'a str>) -> Self {
        match named {
            Some(owner) => Self::new().with(key, owner),
            None => Self::new(),
        }
    }

    /// Adds one attribute. One that was added before under the same name is hidden.
    pub fn with(mut self, key: &'static str, value: impl Into<TargetValue<'a>>) -> Self {
        self.entries.push((key, value.into()));
        self
    }

    /// Adds an object's attributes: with the prefix `target.user`, its `domain_id` is
    /// `target.user.domain_id`, and inner objects go on with dots. Lists are left out, and so are
    /// members whose own name holds a dot: they could pose as an inner object's member.
    pub fn object(mut self, prefix: &'static str, object: &'a Map<String, Value>) -> Self {
        self.objects.push((prefix, object));
        self
    }

    /// The attribute of that name, if the target has it.
    pub(super) fn lookup(&self, key: &str) -> Option<TargetValue<'_>> {
        if let Some((_, value)) = self.entries.iter().rev().find(|(name, _)| *name == key) {
            return Some(value.borrowed());
        }
        self.objects.iter().rev().find_map(|(prefix, object)| {
            member(object, key.strip_prefix(prefix)?.strip_prefix('.')?)
        })
    }
}

fn member<'v>(object: &'v Map<String, Value>, path: &str) -> Option<TargetValue<'v>> {
    if let Some((first, rest)) = path.split_once('.') {
        return member(object.get(first)?.as_object()?, rest);
    }
    match object.get(path)? {
        Value::Null => Some(TargetValue::Null),
        Value::String(text) => Some(TargetValue::Text(Cow::Borrowed(text))),
        Value::Bool(flag) => Some(TargetValue::Flag(*flag)),
        Value::Number(number) => number.as_i64().map(TargetValue::Integer),
        Value::Array(_) | Value::Object(_) => None,
    }
}

impl TargetValue<'_> {
    fn borrowed(&self) -> TargetValue<'_> {
        match self {
            Self::Null => TargetValue::Null,
            Self::Text(text) => TargetValue::Text(Cow::Borrowed(text)),
            Self::Flag(flag) => TargetValue::Flag(*flag),
            Self::Integer(integer) => TargetValue::Integer(*integer),
        }
    }
}

impl fmt::Display for TargetValue<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Null => f.write_str("None"),
            Self::Text(text) => f.write_str(text),
            Self::Flag(true) => f.write_str("True"),
            Self::Flag(false) => f.write_str("False"),
            Self::Integer(integer) => write!(f, "{integer}"),
        }
    }
}

impl<'a> From<&'a str> for TargetValue<'a> {
    fn from(text: &'a str) -> Self {
        Self::Text(Cow::Borrowed(text))
    }
}

impl From<String> for TargetValue<'_> {
    fn from(text: String) -> Self {
        Self::Text(Cow::Owned(text))
    }
}

impl From<bool> for TargetValue<'_> {
    fn from(flag: bool) -> Self {
        Self::Flag(flag)
    }
}

impl From<i64> for TargetValue<'_> {
    fn from(integer: i64) -> Self {
        Self::Integer(integer)
    }
}

impl<'a, T: Into<TargetValue<'a>>> From<Option<T>> for TargetValue<'a> {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Into::into)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn an_object_is_reached_by_dotted_names() {
        let user =
            json!({"id": "u", "domain": {"id": "d"}, "age": 5, "email": null, "tags": ["x"]});
        let target = Target::new().object("target.user", user.as_object().unwrap());
        let text = |key| target.lookup(key).map(|value| value.to_string());
        assert_eq!(text("target.user.id").as_deref(), Some("u"));
        assert_eq!(text("target.user.domain.id").as_deref(), Some("d"));
        assert_eq!(text("target.user.age").as_deref(), Some("5"));
        assert_eq!(target.lookup("target.user.email"), Some(TargetValue::Null));
        assert_eq!(text("target.user.tags"), None);
        assert_eq!(text("target.user.domain"), None);
        assert_eq!(text("target.user"), None);
        assert_eq!(text("target.username"), None);
    }

    #[test]
    fn an_extra_attribute_cannot_pose_as_an_inner_one() {
        let user = json!({"domain": {"id": "real"}, "domain.id": "forged"});
        let target = Target::new().object("target.user", user.as_object().unwrap());
        assert_eq!(target.lookup("target.user.domain.id"), Some("real".into()));
    }
}
