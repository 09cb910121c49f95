//! Request bodies: JSON objects of bounded size.

use crate::api::edge::body_limit;
use crate::app::App;
use crate::error::{Error, Result};
use axum::extract::{FromRequest, Request};
use axum::http::{HeaderMap, header};
use serde_json::{Map, Value};
use std::sync::Arc;

/// A body that must be a JSON object; an absent body reads as `{}`.
pub struct JsonBody(pub Value);

impl JsonBody {
    /// The object under the one key that an envelope has, e.g. `user`. Schemas have checked it before.
    pub fn member(&self, name: &str) -> Result<&Map<String, Value>> {
        self.0.get(name).and_then(Value::as_object).ok_or_else(|| {
            Error::bad_request(format!("The body must have an object named '{name}'."))
        })
    }

    /// The objects of the one list that an envelope has, e.g. `limits`. Schemas have checked them
    /// before.
    pub fn members(&self, name: &str) -> Result<impl Iterator<Item = Result<&Map<String, Value>>>> {
        let list = self.0.get(name).and_then(Value::as_array);
        let list = list.ok_or_else(|| {
            Error::bad_request(format!("The body must have a list named '{name}'."))
        })?;
        Ok(list.iter().map(|member| {
            let member = member.as_object();
            member.ok_or_else(|| Error::bad_request("A member of the list is no object."))
        }))
    }

    /// As [`member`](Self::member), for an object that is to be created: `:` and `-` in its
    /// members' names become `_`, as Keystone does on creation only.
    pub fn new_member(&self, name: &str) -> Result<Map<String, Value>> {
        let member = self.member(name)?;
        let normal =
            |(name, value): (&String, &Value)| (name.replace([':', '-'], "_"), value.clone());
        Ok(member.iter().map(normal).collect())
    }
}

impl FromRequest<Arc<App>> for JsonBody {
    type Rejection = Error;

    async fn from_request(request: Request, app: &Arc<App>) -> Result<Self> {
        let limit = body_limit(&app.settings().config);
        check_content_type(request.headers())?;
        let bytes = axum::body::to_bytes(
            request.into_body(),
            usize::try_from(limit).unwrap_or(usize::MAX),
        )
        .await
        .map_err(|error| read_failure(error, limit))?;
        if bytes.is_empty() {
            return Ok(Self(Value::Object(Map::new())));
        }
        let value: Value = serde_json::from_slice(&bytes)
            .map_err(|error| Error::bad_request(format!("The body is not valid JSON: {error}.")))?;
        if !value.is_object() {
            return Err(Error::bad_request("The body must be a JSON object."));
        }
        Ok(Self(value))
    }
}

/// Keystone takes a missing or empty Content-Type as JSON, and refuses any other type.
fn check_content_type(headers: &HeaderMap) -> Result<()> {
    let Some(value) = headers.get(header::CONTENT_TYPE) else {
        return Ok(());
    };
    let essence = value
        .to_str()
        .unwrap_or("?")
        .split(';')
        .next()
        .unwrap_or_default()
        .trim();
    if essence.is_empty() || essence.eq_ignore_ascii_case("application/json") {
        Ok(())
    } else {
        Err(Error::bad_request(format!(
            "The body must be application/json, not {essence}."
        )))
    }
}

fn read_failure(error: axum::Error, limit: u64) -> Error {
    let mut source: Option<&(dyn std::error::Error + 'static)> = Some(&error);
    while let Some(cause) = source {
        if cause.is::<http_body_util::LengthLimitError>() {
            return Error::TooLarge(limit);
        }
        source = cause.source();
    }
    Error::bad_request("The body could not be read to its end.")
}

/// A body of `application/x-www-form-urlencoded`; of any other type it reads as an empty form.
pub struct FormBody(Vec<(String, String)>);

impl FormBody {
    /// The first value of a field.
    pub fn get(&self, name: &str) -> Option<&str> {
        let found = self.0.iter().find(|(field, _)| field == name);
        found.map(|(_, value)| value.as_str())
    }
}

impl FromRequest<Arc<App>> for FormBody {
    type Rejection = Error;

    async fn from_request(request: Request, app: &Arc<App>) -> Result<Self> {
        let limit = body_limit(&app.settings().config);
        let content_type = request.headers().get(header::CONTENT_TYPE);
        let essence = content_type
            .and_then(|value| value.to_str().ok()?.split(';').next())
            .unwrap_or_default()
            .trim();
        if !essence.eq_ignore_ascii_case("application/x-www-form-urlencoded") {
            return Ok(Self(Vec::new()));
        }
        let bytes = axum::body::to_bytes(
            request.into_body(),
            usize::try_from(limit).unwrap_or(usize::MAX),
        )
        .await
        .map_err(|error| read_failure(error, limit))?;
        let fields = url::form_urlencoded::parse(&bytes).into_owned();
        Ok(Self(fields.collect()))
    }
}
