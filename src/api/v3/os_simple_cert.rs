//! `/v3/OS-SIMPLE-CERT`: the certificates by which services check PKI tokens and the revocation list.

use crate::api::context::Context;
use crate::api::response::file;
use crate::error::Result;
use crate::manager::token::CertificateFile;
use axum::response::Response;

/// What PEM files are called here.
const PEM: &str = "application/x-pem-file";

/// `GET /v3/OS-SIMPLE-CERT/ca`
pub async fn show_ca(ctx: Context) -> Result<Response> {
    let text = ctx.app.token().certificate(CertificateFile::Ca).await?;
    Ok(file(PEM, text))
}

/// `GET /v3/OS-SIMPLE-CERT/certificates`
pub async fn show_signing(ctx: Context) -> Result<Response> {
    let text = ctx
        .app
        .token()
        .certificate(CertificateFile::Signing)
        .await?;
    Ok(file(PEM, text))
}
