//! What a client is told about the first thing that a schema refuses.

use super::{BASE, documents};
use jsonschema::error::{TypeKind, ValidationErrorKind as Kind};
use jsonschema::paths::LocationSegment;
use jsonschema::{JsonType, ValidationError};
use serde_json::Value;
use std::fmt::Write;

/// `user.name: must have 1 character or more`. Never holds a value from the request.
pub fn of(error: &ValidationError<'_>) -> String {
    let place = place(error);
    let reason = reason(error);
    if place.is_empty() {
        format!("Invalid request: {reason}.")
    } else {
        format!("Invalid {place}: {reason}.")
    }
}

/// The member at fault as one writes it in code: `limits[0].service_id`.
fn place(error: &ValidationError<'_>) -> String {
    let mut place = String::new();
    for segment in error.instance_path().segments() {
        match segment {
            LocationSegment::Index(index) => {
                // Writing to a String cannot fail.
                let _ = write!(place, "[{index}]");
            }
            LocationSegment::Property(name) => {
                if !place.is_empty() {
                    place.push('.');
                }
                place.push_str(&name);
            }
        }
    }
    place
}

fn reason(error: &ValidationError<'_>) -> String {
    match error.kind() {
        Kind::Required { property } => format!("{} is required", bare(property)),
        Kind::AdditionalProperties { unexpected } => format!("unknown: {}", unexpected.join(", ")),
        Kind::Type {
            kind: TypeKind::Single(wanted),
        } => format!("must be {}", a_type(*wanted)),
        Kind::Type {
            kind: TypeKind::Multiple(wanted),
        } => {
            let names: Vec<_> = wanted.iter().map(a_type).collect();
            format!("must be {}", names.join(" or "))
        }
        Kind::Enum { options } => {
            let options: Vec<_> = options.as_array().into_iter().flatten().map(bare).collect();
            format!("must be one of {}", options.join(", "))
        }
        Kind::Constant { expected_value } => format!("must be {}", bare(expected_value)),
        Kind::MinLength { limit } => format!("must have {} or more", count(*limit, "character")),
        Kind::MaxLength { limit } => format!("must have at most {}", count(*limit, "character")),
        Kind::MinItems { limit } => format!("must have {} or more", count(*limit, "element")),
        Kind::MaxItems { limit } => format!("must have at most {}", count(*limit, "element")),
        Kind::MinProperties { limit } => format!("must have {} or more", count(*limit, "member")),
        Kind::MaxProperties { limit } => format!("must have at most {}", count(*limit, "member")),
        Kind::Minimum { limit } => format!("must be {limit} or more"),
        Kind::Maximum { limit } => format!("must be at most {limit}"),
        Kind::UniqueItems => "must not have the same element twice".to_owned(),
        Kind::Format { format } => format!("must be a {format}"),
        Kind::Pattern { .. } if error.schema_path().as_str().contains("printable") => {
            "must not be only spaces".to_owned()
        }
        Kind::Pattern { pattern } => format!("must match {}", pattern.replace("\\n?", "")),
        Kind::FalseSchema => "is not allowed here".to_owned(),
        Kind::Not { schema } => titled(Some(schema)),
        _ => titled(enclosing_schema(error)),
    }
}

/// The schema that holds the keyword that failed.
fn enclosing_schema(error: &ValidationError<'_>) -> Option<&'static Value> {
    let location = error
        .absolute_keyword_location()?
        .as_str()
        .strip_prefix(BASE)?;
    let (file, pointer) = location.split_once('#')?;
    let (schema, _keyword) = pointer.rsplit_once('/')?;
    documents().ok()?.get(file)?.pointer(schema)
}

/// Rules that have no plain keyword say what they want in their title.
fn titled(schema: Option<&Value>) -> String {
    schema
        .and_then(|schema| schema["title"].as_str())
        .unwrap_or("does not have an accepted form")
        .to_owned()
}

fn a_type(wanted: JsonType) -> &'static str {
    match wanted {
        JsonType::Array => "an array",
        JsonType::Boolean => "a boolean",
        JsonType::Integer => "an integer",
        JsonType::Null => "null",
        JsonType::Number => "a number",
        JsonType::Object => "an object",
        JsonType::String => "a string",
    }
}

/// A value of a schema without the quotes around a string, but with them around nothing.
fn bare(value: &Value) -> String {
    match value {
        Value::String(text) if !text.is_empty() => text.clone(),
        other => other.to_string(),
    }
}

fn count(number: u64, noun: &str) -> String {
    format!("{number} {noun}{}", if number == 1 { "" } else { "s" })
}

#[cfg(test)]
mod tests {
    use super::super::*;
    use serde_json::{Value, json};

    fn refusal(schema: &Schema, body: Value) -> String {
        schema.validate(&body).unwrap_err().to_string()
    }

    #[test]
    fn a_refusal_names_the_member_and_what_is_wanted() {
        let refused = |body| refusal(&USER_CREATE, body);
        assert_eq!(refused(json!({})), "Invalid request: user is required.");
        assert_eq!(
            refused(json!({"user": {}})),
            "Invalid user: name is required."
        );
        assert_eq!(
            refused(json!({"user": {"name": "  "}})),
            "Invalid user.name: must not be only spaces."
        );
        assert_eq!(
            refused(json!({"user": {"name": ""}})),
            "Invalid user.name: must have 1 character or more."
        );
        assert_eq!(
            refused(json!({"user": {"name": "a", "options": {"x": 1, "lock_password": true}}})),
            "Invalid user.options: unknown: x."
        );
        assert_eq!(
            refusal(&USER_LIST, json!({"sort_dir": "up"})),
            "Invalid sort_dir: must be one of asc, desc."
        );
        assert_eq!(
            refusal(&ROLE_LIST, json!({"domain_id": "a b"})),
            "Invalid domain_id: must match ^[a-zA-Z0-9-]+$."
        );
    }

    #[test]
    fn a_refusal_never_repeats_a_value() {
        let body = json!({"user": {"name": "a", "password": {"s3cret": "s3cret"}}});
        assert_eq!(
            refusal(&USER_CREATE, body),
            "Invalid user.password: must be null or a string."
        );
    }

    #[test]
    fn rules_between_members_are_said_in_words() {
        let limit =
            json!({"service_id": "0".repeat(32), "resource_name": "a", "resource_limit": 1});
        assert_eq!(
            refusal(&LIMIT_CREATE, json!({"limits": [limit]})),
            "Invalid limits[0]: exactly one of project_id and domain_id must be given."
        );
        assert_eq!(
            refusal(
                &ROLE_ASSIGNMENT_LIST,
                json!({"user.id": "a", "group.id": "b"})
            ),
            "Invalid request: user.id and group.id cannot be given together."
        );
        assert_eq!(
            refusal(&ROLE_ASSIGNMENT_LIST, json!({"include_subtree": ""})),
            "Invalid request: scope.project.id is required."
        );
        assert_eq!(
            refusal(&CONSUMER_UPDATE, json!({"secret": ""})),
            "Invalid request: secret cannot be changed."
        );
    }
}
