//! `/v2.0/tokens`

use super::access;
use super::caller::as_unauthorized;
use super::envelope::{argument, optional_text};
use crate::api::body::JsonBody;
use crate::api::context::{Context, PathArgs};
use crate::api::response::{json, no_content, raw_json};
use crate::error::{Error, Result};
use crate::manager::auth::{AuthMethod, AuthRequest, DomainLookup, RequestedScope};
use crate::manager::identity::UserLookup;
use crate::manager::token::TokenEntry;
use crate::model::{DomainId, ProjectId, Secret, UserId};
use crate::policy::Target;
use axum::http::StatusCode;
use axum::response::Response;
use bytes::Bytes;
use serde_json::{Map, Value, json};
use std::sync::Arc;

/// Longest name or id in a login, in characters.
const LONGEST_NAME: usize = 64;
/// Longest token in a login.
const LONGEST_TOKEN: usize = 8192;

/// `POST /v2.0/tokens`
pub async fn create(ctx: Context, body: JsonBody) -> Result<Response> {
    let auth = match argument(&body, "auth")? {
        Value::Object(auth) if !auth.is_empty() => auth,
        _ => {
            return Err(Error::bad_request(
                "'auth' must be an object that says who logs in.",
            ));
        }
    };
    let method = method(&ctx, auth)?;
    let scope = scope(&ctx, auth)?;
    if let AuthMethod::Token { id } = &method {
        let parent = ctx.app.token().validate(id.expose(), 0).await;
        access::check_expressible(&parent.map_err(as_unauthorized)?.token)?;
    }
    let request = AuthRequest {
        methods: vec![method],
        receipt: None,
        remote: None,
        scope,
    };
    let issued = ctx.app.auth().authenticate(request).await;
    let (token, entry) = issued.map_err(as_unauthorized)?;
    respond(&ctx, &token, &entry).await
}

/// `GET /v2.0/tokens/{token_id}`
pub async fn show(ctx: Context, path: PathArgs) -> Result<Response> {
    ctx.enforce("identity:validate_token", &Target::new())
        .map_err(as_unauthorized)?;
    validated(&ctx, &path).await
}

/// `HEAD /v2.0/tokens/{token_id}`: the rule was `identity:validate_token_head`, and its default this.
pub async fn check(ctx: Context, path: PathArgs) -> Result<Response> {
    ctx.enforce("service_or_admin", &Target::new())
        .map_err(as_unauthorized)?;
    validated(&ctx, &path).await
}

/// `DELETE /v2.0/tokens/{token_id}`
pub async fn revoke(ctx: Context, path: PathArgs) -> Result<Response> {
    ctx.enforce_admin()?;
    let token = path.id::<String>(0)?;
    subject(&ctx, &token).await?;
    ctx.app.token().revoke(&token, false).await?;
    Ok(no_content())
}

/// `GET /v2.0/tokens/{token_id}/endpoints`
pub async fn list_endpoints(ctx: Context, path: PathArgs) -> Result<Response> {
    ctx.enforce_admin()?;
    let entry = subject(&ctx, &path.id::<String>(0)?).await?;
    let catalog = entry.token.catalog.as_deref().unwrap_or_default();
    Ok(json(
        StatusCode::OK,
        &json!({ "endpoints": access::endpoints(catalog), "endpoints_links": [] }),
    ))
}

async fn validated(ctx: &Context, path: &PathArgs) -> Result<Response> {
    let token = path.id::<String>(0)?;
    let entry = subject(ctx, &token).await?;
    access::check_expressible(&entry.token)?;
    let wanted = ctx.query.get("belongsTo").filter(|id| !id.is_empty());
    if let Some(wanted) = wanted
        && access::tenant_id(&entry.token).is_none_or(|id| id.as_str() != wanted)
    {
        return Err(Error::unauthorized(
            "the token does not belong to that tenant",
        ));
    }
    respond(ctx, &token, &entry).await
}

/// The token that the path names. A bad one is one that is not there.
async fn subject(ctx: &Context, token: &str) -> Result<Arc<TokenEntry>> {
    let validated = ctx.app.token().validate(token, 0).await;
    validated.map_err(|error| match error {
        Error::Unauthorized { reason, .. } => Error::not_found("token", format!("({reason})")),
        other => other,
    })
}

/// The token's document, rendered once for all who ask.
async fn respond(ctx: &Context, token: &str, entry: &TokenEntry) -> Result<Response> {
    if let Some((text, body)) = entry.v2_body.get()
        && text == token
    {
        return Ok(raw_json(StatusCode::OK, body.clone()));
    }
    let body = Box::pin(render(ctx, token, entry)).await?;
    let _ = entry.v2_body.set((token.to_owned(), body.clone()));
    Ok(raw_json(StatusCode::OK, body))
}

async fn render(ctx: &Context, token: &str, entry: &TokenEntry) -> Result<Bytes> {
    let tenant = match access::tenant_id(&entry.token) {
        Some(id) => Some(ctx.app.resource().project(id).await?),
        None => None,
    };
    let document = access::document(&entry.token, token, tenant.as_ref());
    Ok(Bytes::from(document.to_string()))
}

/// How the caller logs in. A token wins over a password, a name over an id.
fn method(ctx: &Context, auth: &Map<String, Value>) -> Result<AuthMethod> {
    if let Some(token) = auth.get("token") {
        let token = token.as_object();
        let id = match token.map(|token| optional_text(token, "id", LONGEST_TOKEN)) {
            Some(id) => id?,
            None => None,
        };
        let id = id.ok_or_else(|| Error::bad_request("'token' must be an object with an 'id'."))?;
        return Ok(AuthMethod::Token {
            id: Secret::from(id),
        });
    }
    let Some(credentials) = auth.get("passwordCredentials").and_then(Value::as_object) else {
        return Err(Error::bad_request(
            "'auth' must have 'passwordCredentials' or 'token', an object.",
        ));
    };
    if !credentials.contains_key("password") {
        return Err(Error::bad_request(
            "'passwordCredentials' has no 'password'.",
        ));
    }
    let user = match (
        optional_text(credentials, "username", LONGEST_NAME)?,
        optional_text(credentials, "userId", LONGEST_NAME)?,
    ) {
        (Some(name), _) => UserLookup::Name {
            name: name.to_owned(),
            domain: DomainLookup::Id(default_domain(ctx)),
        },
        (None, Some(id)) => UserLookup::Id(UserId::from(id)),
        (None, None) => {
            return Err(Error::bad_request(
                "'passwordCredentials' must have 'username' or 'userId'.",
            ));
        }
    };
    let longest = ctx.settings.config.identity.max_password_length;
    let longest = usize::try_from(longest).unwrap_or(usize::MAX);
    let password = optional_text(credentials, "password", longest)?
        .ok_or_else(|| Error::unauthorized("no password was sent"))?;
    Ok(AuthMethod::Password {
        user,
        password: Secret::from(password),
    })
}

/// What the token is to be for. Unlike in v3, the user's own default project does not matter.
fn scope(ctx: &Context, auth: &Map<String, Value>) -> Result<RequestedScope> {
    let name = optional_text(auth, "tenantName", LONGEST_NAME)?;
    let id = optional_text(auth, "tenantId", LONGEST_NAME)?;
    Ok(match (name, id) {
        (Some(name), _) => RequestedScope::ProjectByName {
            name: name.to_owned(),
            domain: DomainLookup::Id(default_domain(ctx)),
        },
        (None, Some(id)) => RequestedScope::Project(ProjectId::from(id)),
        (None, None) => RequestedScope::Unscoped,
    })
}

/// Where v2.0 looks for names.
pub(super) fn default_domain(ctx: &Context) -> DomainId {
    DomainId::from(ctx.settings.config.identity.default_domain_id.as_str())
}
