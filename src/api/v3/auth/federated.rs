//! Logins of users whom an identity provider sends, at the addresses that web servers' modules for
//! SAML and OpenID Connect protect. What a client sends in a body counts for nothing here; what counts
//! is what a trusted proxy says.

use super::{answer, authenticate, websso};
use crate::api::context::{Context, PathArgs};
use crate::error::{Error, Result};
use crate::manager::token::TokenEntry;
use crate::model::ProtocolId;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use serde_json::{Map, json};
use std::sync::Arc;

/// `GET` and `POST /v3/OS-FEDERATION/identity_providers/{idp_id}/protocols/{protocol_id}/auth`
pub async fn create_token(ctx: Context, headers: HeaderMap, path: PathArgs) -> Result<Response> {
    let (idp, protocol) = (path.id::<String>(0)?, path.id::<String>(1)?);
    let (token, entry) = log_in(&ctx, &headers, &idp, &protocol).await?;
    Ok(answer::token(
        &ctx,
        StatusCode::CREATED,
        Some(&token),
        &entry,
    ))
}

/// `GET` and `POST /v3/auth/OS-FEDERATION/identity_providers/{idp_id}/protocols/{protocol_id}/websso`
pub async fn sign_on(ctx: Context, headers: HeaderMap, path: PathArgs) -> Result<Response> {
    let dashboard = websso::dashboard(&ctx)?;
    let (idp, protocol) = (path.id::<String>(0)?, path.id::<String>(1)?);
    let (token, _) = log_in(&ctx, &headers, &idp, &protocol).await?;
    websso::page(&ctx, &dashboard, &token).await
}

/// `GET` and `POST /v3/auth/OS-FEDERATION/websso/{protocol_id}`
pub async fn sign_on_from_anywhere(
    ctx: Context,
    headers: HeaderMap,
    path: PathArgs,
) -> Result<Response> {
    let protocol = path.id::<ProtocolId>(0)?;
    let environment = &ctx.request.environment;
    let federation = ctx.app.federation();
    let variable = |name: &str| environment.get(name).map(str::to_owned);
    let found = federation.provider_of_request(&protocol, variable).await;
    // That no provider has sent anybody is said first, then that nobody would be sent on.
    let found = match found {
        Err(error @ Error::Unauthorized { .. }) => return Err(error),
        other => other,
    };
    let dashboard = websso::dashboard(&ctx)?;
    let (token, _) = log_in(&ctx, &headers, &found?, &protocol).await?;
    websso::page(&ctx, &dashboard, &token).await
}

/// The protocol is the method, and must be one that is offered.
async fn log_in(
    ctx: &Context,
    headers: &HeaderMap,
    idp: &str,
    protocol: &str,
) -> Result<(String, Arc<TokenEntry>)> {
    let login = json!({ "identity_provider": idp, "protocol": protocol });
    let identity = Map::from_iter([
        ("methods".to_owned(), json!([protocol])),
        (protocol.to_owned(), login),
    ]);
    let auth = Map::from_iter([("identity".to_owned(), identity.into())]);
    authenticate(ctx, headers, &auth).await
}
