//! `/v3/ec2tokens` and `/v3/s3tokens`: services ask who signed a request that they received.

use crate::api::body::JsonBody;
use crate::api::context::Context;
use crate::api::v3::auth::answer;
use crate::crypto::ec2_signature::{S3StringToSign, SignedRequest};
use crate::error::{Error, Result};
use crate::manager::credential::{Signed, SignedLogin};
use crate::policy::Target;
use axum::http::StatusCode;
use axum::response::Response;
use serde_json::{Map, Value};
use std::sync::LazyLock;

/// `POST /v3/ec2tokens`
pub async fn check_ec2(ctx: Context, body: JsonBody) -> Result<Response> {
    ctx.enforce("identity:ec2tokens_validate", &Target::new())?;
    let login = ec2_login(credentials(&body)?)?;
    let (token, entry) = ctx.app.credential().authenticate_signed(&login).await?;
    Ok(answer::token(&ctx, StatusCode::OK, Some(&token), &entry))
}

/// `POST /v3/s3tokens`: the answer tells about the token, but not the token itself.
pub async fn check_s3(ctx: Context, body: JsonBody) -> Result<Response> {
    ctx.enforce("identity:s3tokens_validate", &Target::new())?;
    let login = s3_login(credentials(&body)?)?;
    let (_, entry) = ctx.app.credential().authenticate_signed(&login).await?;
    Ok(answer::token(&ctx, StatusCode::OK, None, &entry))
}

/// The login that a described request amounts to.
///
/// # Errors
/// 401 when something is missing, 400 when it has another type.
pub fn ec2_login(sent: &Map<String, Value>) -> Result<SignedLogin<'_>> {
    static NONE: LazyLock<Map<String, Value>> = LazyLock::new(Map::new);
    let (params, headers) = (object(sent, "params")?, object(sent, "headers")?);
    Ok(SignedLogin {
        access: text(sent, "access")?.ok_or_else(|| missing("access"))?,
        signature: text(sent, "signature")?.ok_or_else(|| missing("signature"))?,
        signed: Signed::Ec2(SignedRequest {
            params: params.unwrap_or(&NONE),
            headers: headers.unwrap_or(&NONE),
            verb: text(sent, "verb")?,
            host: text(sent, "host")?,
            path: text(sent, "path")?,
            body_hash: text(sent, "body_hash")?,
        }),
    })
}

/// As [`ec2_login`], of S3.
pub fn s3_login(sent: &Map<String, Value>) -> Result<SignedLogin<'_>> {
    let access = text(sent, "access")?.ok_or_else(|| missing("access"))?;
    let token = text(sent, "token")?.ok_or_else(|| missing("token"))?;
    Ok(SignedLogin {
        access,
        signature: text(sent, "signature")?.ok_or_else(|| missing("signature"))?,
        signed: Signed::S3(S3StringToSign::decode(token)?),
    })
}

/// The object that describes the request; clients know it by three names.
fn credentials(body: &JsonBody) -> Result<&Map<String, Value>> {
    let body = body.0.as_object().filter(|body| !body.is_empty());
    let body = body.ok_or_else(|| Error::bad_request("The body is empty."))?;
    ["credentials", "credential", "ec2Credentials"]
        .iter()
        .find_map(|name| body.get(*name)?.as_object().filter(|sent| !sent.is_empty()))
        .ok_or_else(|| missing("credentials"))
}

fn object<'a>(sent: &'a Map<String, Value>, name: &str) -> Result<Option<&'a Map<String, Value>>> {
    match sent.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::Object(members)) => Ok(Some(members)),
        Some(_) => Err(Error::bad_request(format!("'{name}' must be an object."))),
    }
}

fn text<'a>(sent: &'a Map<String, Value>, name: &str) -> Result<Option<&'a str>> {
    match sent.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text)),
        Some(_) => Err(Error::bad_request(format!("'{name}' must be a text."))),
    }
}

fn missing(what: &str) -> Error {
    Error::unauthorized(format!("the signed request has no {what}"))
}
