//! `/v2.0/certificates` and `/v2.0/tokens/revoked`: what services need that check PKI tokens themselves.

use super::caller::as_unauthorized;
use crate::api::context::Context;
use crate::api::response::{file, json};
use crate::error::Result;
use crate::manager::token::CertificateFile;
use crate::policy::Target;
use axum::http::StatusCode;
use axum::response::Response;
use serde_json::json;

/// What v2.0 calls PEM files.
const TEXT: &str = "text/html; charset=UTF-8";

/// `GET /v2.0/certificates/ca`
pub async fn show_ca(ctx: Context) -> Result<Response> {
    let text = ctx.app.token().certificate(CertificateFile::Ca).await?;
    Ok(file(TEXT, text))
}

/// `GET /v2.0/certificates/signing`
pub async fn show_signing(ctx: Context) -> Result<Response> {
    let tokens = ctx.app.token();
    let text = tokens.certificate(CertificateFile::Signing).await?;
    Ok(file(TEXT, text))
}

/// `GET /v2.0/tokens/revoked`
pub async fn revocation_list(ctx: Context) -> Result<Response> {
    ctx.enforce("identity:revocation_list", &Target::new())
        .map_err(as_unauthorized)?;
    let signed = ctx.app.token().signed_revocation_list().await?;
    Ok(json(StatusCode::OK, &json!({ "signed": signed })))
}
