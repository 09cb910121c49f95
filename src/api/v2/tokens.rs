//! `/v2.0/tokens`

use super::access;
use super::caller::as_unauthorized;
use super::envelope::{argument, optional_text};
use crate::api::body::JsonBody;
use crate::api::context::{Context, PathArgs};
use crate::api::response::{json, no_content, raw_json};
use crate::error::{Error, Result};
use crate::manager::auth::{
    AuthMethod, AuthRequest, DomainLookup, EXTERNAL, RemoteUser, RequestedScope,
};
use crate::manager::identity::UserLookup;
use crate::manager::token::TokenEntry;
use crate::model::token::{ResolvedScope, ValidToken};
use crate::model::{DomainId, Project, ProjectId, Secret, TrustId, UserId};
use crate::policy::Target;
use axum::http::StatusCode;
use axum::response::Response;
use bytes::Bytes;
use serde_json::{Map, Value, json};

/// Longest name or id in a login, in characters.
const LONGEST_NAME: usize = 64;
/// Longest token in a login.
const LONGEST_TOKEN: usize = 8192;

/// `POST /v2.0/tokens`
pub async fn create(ctx: Context, body: JsonBody) -> Result<Response> {
    let remote = remote_user(&ctx);
    let auth = match argument(&body, "auth")? {
        // Who comes through a proxy that knows the user has nothing to say.
        Value::Object(auth) if !auth.is_empty() || remote.is_some() => auth,
        _ => {
            return Err(Error::bad_request(
                "'auth' must be an object that says who logs in.",
            ));
        }
    };
    let method = method(&ctx, auth, remote)?;
    let mut scope = scope(&ctx, auth)?;
    let trust_id = optional_text(auth, "trust_id", LONGEST_NAME)?.map(TrustId::from);
    let mut by_trust = false;
    if let AuthMethod::Token { id } = &method {
        let parent = ctx.app.token().validate(id.expose(), 0).await;
        let parent = parent.map_err(as_unauthorized)?;
        access::check_expressible(&parent.token)?;
        if let Some(trust_id) = trust_id {
            check_trust(&ctx, &trust_id, &parent.token, &scope).await?;
            scope = RequestedScope::Trust(trust_id);
            by_trust = true;
        }
    }
    let request = AuthRequest {
        methods: vec![method],
        receipt: None,
        remote: None,
        scope,
    };
    let issued = ctx.app.auth().authenticate(request).await;
    let (token, entry) = issued.map_err(|error| match as_unauthorized(error) {
        // The login was good: it is the trust that does not hold.
        Error::Unauthorized { reason, .. } if by_trust => Error::Forbidden(reason),
        error => error,
    })?;
    respond(&ctx, &token, &entry).await
}

/// Whether a token's user may use a trust for a tenant, which a login has to name beside it.
///
/// # Errors
/// 403, whatever is wrong with the trust; 401 for an unknown tenant.
async fn check_trust(
    ctx: &Context,
    id: &TrustId,
    trustee: &ValidToken,
    scope: &RequestedScope,
) -> Result<()> {
    let refuse = |why: &str| Err(Error::Forbidden(format!("trust {id}: {why}")));
    let trust = match ctx.app.trust().trust(id).await {
        Err(Error::NotFound { .. }) => return refuse("there is none that could be used"),
        trust => trust?,
    };
    if trust.trustee_user_id != trustee.payload.user_id {
        return refuse("the caller is not the trustee");
    }
    let tenant = match scope {
        RequestedScope::Project(id) => id.clone(),
        RequestedScope::ProjectByName { name, .. } => {
            let (resource, domain) = (ctx.app.resource(), default_domain(ctx));
            let found = resource.project_by_name(&domain, name).await;
            found.map_err(as_unauthorized)?.id
        }
        _ => return refuse("a tenant must be named"),
    };
    if trust.project_id != Some(tenant) {
        return refuse("it is for another tenant");
    }
    Ok(())
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
    ctx.app.token().subject(&token, 0).await?;
    ctx.app.token().revoke(&token, false).await?;
    Ok(no_content())
}

/// `GET /v2.0/tokens/{token_id}/endpoints`
pub async fn list_endpoints(ctx: Context, path: PathArgs) -> Result<Response> {
    ctx.enforce_admin()?;
    let entry = ctx.app.token().subject(&path.id::<String>(0)?, 0).await?;
    Ok(json(
        StatusCode::OK,
        &json!({ "endpoints": access::endpoints(&entry.token.services()?), "endpoints_links": [] }),
    ))
}

async fn validated(ctx: &Context, path: &PathArgs) -> Result<Response> {
    let token = path.id::<String>(0)?;
    let entry = ctx.app.token().subject(&token, 0).await?;
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

/// The token's document, rendered once for all who ask.
pub(super) async fn respond(ctx: &Context, token: &str, entry: &TokenEntry) -> Result<Response> {
    if let Some((text, body)) = entry.v2_body.get()
        && text == token
    {
        return Ok(raw_json(StatusCode::OK, body.clone()));
    }
    let body = Box::pin(render(ctx, token, entry)).await?;
    let _ = entry.v2_body.set((token.to_owned(), body.clone()));
    Ok(raw_json(StatusCode::OK, body))
}

/// The document of a token that a signed request was exchanged for.
pub(super) async fn respond_whole(
    ctx: &Context,
    token: &str,
    entry: &TokenEntry,
) -> Result<Response> {
    access::check_expressible(&entry.token)?;
    check_trust_is_at_home(ctx, &entry.token).await?;
    let tenant = tenant(ctx, &entry.token).await?;
    let document = access::whole_document(&entry.token, token, tenant.as_ref())?;
    Ok(raw_json(StatusCode::OK, Bytes::from(document.to_string())))
}

async fn tenant(ctx: &Context, token: &ValidToken) -> Result<Option<Project>> {
    match access::tenant_id(token) {
        Some(id) => Ok(Some(ctx.app.resource().project(id).await?)),
        None => Ok(None),
    }
}

async fn render(ctx: &Context, token: &str, entry: &TokenEntry) -> Result<Bytes> {
    check_trust_is_at_home(ctx, &entry.token).await?;
    let tenant = tenant(ctx, &entry.token).await?;
    let document = access::document(&entry.token, token, tenant.as_ref())?;
    Ok(Bytes::from(document.to_string()))
}

/// Fails with 401 for the token of a trust that reaches beyond the default domain, which v2.0 knows
/// nothing of: trustor, trustee and tenant must be in it.
async fn check_trust_is_at_home(ctx: &Context, token: &ValidToken) -> Result<()> {
    let Some(trust) = token.trust() else {
        return Ok(());
    };
    let home = default_domain(ctx);
    let mut is_at_home = match &token.scope {
        ResolvedScope::Project { domain, .. } => domain.id == home,
        _ => false,
    };
    for party in [&trust.trustor_user_id, &trust.trustee_user_id] {
        let user = ctx.app.identity().find_user(party).await?;
        is_at_home &= user.is_some_and(|user| user.domain_id == home);
    }
    match is_at_home {
        true => Ok(()),
        false => Err(Error::unauthorized(
            "the trust reaches beyond the default domain",
        )),
    }
}

/// The user of the default domain whom a trusted proxy has identified.
fn remote_user(ctx: &Context) -> Option<RemoteUser> {
    let methods = &ctx.settings.config.auth.methods;
    let name = ctx.request.environment.get("REMOTE_USER")?;
    let counts = methods.iter().any(|method| method == EXTERNAL);
    counts.then(|| RemoteUser {
        name: name.to_owned(),
        domain: None,
    })
}

/// How the caller logs in. A token wins over what a proxy says, that over a password; a name wins over an
/// id.
fn method(
    ctx: &Context,
    auth: &Map<String, Value>,
    remote: Option<RemoteUser>,
) -> Result<AuthMethod> {
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
    if remote.is_some() {
        return Ok(AuthMethod::Remote {
            method: EXTERNAL,
            user: remote,
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
