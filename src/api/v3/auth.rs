//! `/v3/auth/…`: tokens, and what the caller's token could be scoped to.

pub mod answer;
pub mod federated;
mod request;
mod websso;

use crate::api::body::JsonBody;
use crate::api::context::Context;
use crate::api::query::PageRules;
use crate::api::response::{json, no_content};
use crate::api::schema;
use crate::api::v3::{domains, os_oauth1, projects};
use crate::error::{Error, Result};
use crate::manager::token::TokenEntry;
use crate::model::token::ResolvedScope;
use crate::policy::Target;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use serde_json::{Map, Value, json};
use std::sync::Arc;

/// `POST /v3/auth/tokens`
pub async fn create_token(ctx: Context, headers: HeaderMap, body: JsonBody) -> Result<Response> {
    let auth = body.member("auth")?;
    schema::AUTH_TOKENS.validate(&Value::Object(auth.clone()))?;
    let (token, entry) = authenticate(&ctx, &headers, auth).await?;
    Ok(answer::token(
        &ctx,
        StatusCode::CREATED,
        Some(&token),
        &entry,
    ))
}

/// The token that an `auth` object asks for.
async fn authenticate(
    ctx: &Context,
    headers: &HeaderMap,
    auth: &Map<String, Value>,
) -> Result<(String, Arc<TokenEntry>)> {
    let environment = &ctx.request.environment;
    let mut request = request::parse(auth, &ctx.settings.config, environment, || {
        os_oauth1::signed(ctx, "POST", headers)
    })?;
    // Bytes that are no text are no receipt either.
    let receipt = headers.get("openstack-auth-receipt");
    request.receipt = receipt.map(|text| text.to_str().unwrap_or_default().to_owned());
    ctx.app.auth().authenticate(request).await
}

/// `GET /v3/auth/tokens`
pub async fn show_token(
    ctx: Context,
    method: axum::http::Method,
    headers: HeaderMap,
) -> Result<Response> {
    let rule = if method == axum::http::Method::HEAD {
        "identity:check_token"
    } else {
        "identity:validate_token"
    };
    let token = subject_token(&headers)?;
    let window = if ctx.query.is_true("allow_expired") {
        ctx.settings.config.token.allow_expired_window
    } else {
        0
    };
    let entry = subject(&ctx, rule, token, window).await?;
    Ok(answer::token(&ctx, StatusCode::OK, Some(token), &entry))
}

/// `DELETE /v3/auth/tokens`
pub async fn revoke_token(ctx: Context, headers: HeaderMap) -> Result<Response> {
    let token = subject_token(&headers)?;
    subject(&ctx, "identity:revoke_token", token, 0).await?;
    let cascade = ctx
        .query
        .booleans("cascade")
        .into_iter()
        .all(|wanted| wanted);
    ctx.app.token().revoke(token, cascade).await?;
    Ok(no_content())
}

/// `GET /v3/auth/catalog`
pub async fn show_catalog(ctx: Context) -> Result<Response> {
    ctx.enforce("identity:get_auth_catalog", &Target::new())?;
    let token = ctx.token()?;
    let (ResolvedScope::Project { .. }, Some(catalog)) = (&token.scope, &token.catalog) else {
        return Err(Error::Forbidden(
            "only a project-scoped token has a catalog to show".to_owned(),
        ));
    };
    let links = json!({ "self": format!("{}/auth/catalog", ctx.base().v3()) });
    Ok(json(
        StatusCode::OK,
        &json!({ "catalog": catalog, "links": links }),
    ))
}

/// `GET /v3/auth/projects`, and `GET /v3/OS-FEDERATION/projects`, its older name
pub async fn list_projects(ctx: Context) -> Result<Response> {
    ctx.enforce("identity:get_auth_projects", &Target::new())?;
    let user_id = ctx.caller_id()?;
    let hints = ctx.query.list_hints(&[], PageRules::NONE)?;
    let assignment = ctx.app.assignment();
    let page = assignment
        .projects_of_user(user_id, ctx.federated_groups(), &[true], &hints)
        .await?;
    Ok(ctx.page(
        "projects",
        &page,
        hints.limit,
        |project| &project.id,
        |project| projects::view(&ctx, project),
    ))
}

/// `GET /v3/auth/domains`, and `GET /v3/OS-FEDERATION/domains`, its older name
pub async fn list_domains(ctx: Context) -> Result<Response> {
    ctx.enforce("identity:get_auth_domains", &Target::new())?;
    let user_id = ctx.caller_id()?;
    let hints = ctx.query.list_hints(&[], PageRules::NONE)?;
    let assignment = ctx.app.assignment();
    let page = assignment
        .domains_of_user(user_id, ctx.federated_groups(), &[true], &hints)
        .await?;
    Ok(ctx.page(
        "domains",
        &page,
        hints.limit,
        |domain| &domain.id,
        |domain| domains::view(&ctx, domain),
    ))
}

/// `GET /v3/auth/system`
pub async fn show_system(ctx: Context) -> Result<Response> {
    ctx.enforce("identity:get_auth_system", &Target::new())?;
    let user_id = ctx.caller_id()?;
    // No federated token can be for the system.
    let has_roles = !ctx.is_federated() && ctx.app.assignment().has_system_role(user_id).await?;
    let system = if has_roles {
        json!([{ "all": true }])
    } else {
        json!([])
    };
    let links = json!({ "self": format!("{}/auth/system", ctx.base().v3()) });
    Ok(json(
        StatusCode::OK,
        &json!({ "system": system, "links": links }),
    ))
}

fn subject_token(headers: &HeaderMap) -> Result<&str> {
    headers
        .get("x-subject-token")
        .and_then(|value| value.to_str().ok())
        .ok_or_else(|| Error::not_found("token", "(no X-Subject-Token was sent)"))
}

/// The subject token, once policy has agreed. A bad token is something that isn't there: 404, also
/// before policy is asked, since policy asks whose token it is.
async fn subject(ctx: &Context, rule: &str, token: &str, window: i64) -> Result<Arc<TokenEntry>> {
    ctx.authenticated()?;
    let entry = ctx.app.token().subject(token, window).await?;
    let rules = entry.token.application_credential();
    let ruled = rules.is_some_and(|credential| !credential.access_rules.is_empty());
    if ruled && !ctx.understands_access_rules {
        return Err(Error::not_found(
            "token",
            "(it has access rules, and the caller does not say that it knows of them)",
        ));
    }
    let target = Target::new().with("target.token.user_id", entry.token.payload.user_id.as_str());
    ctx.enforce(rule, &target)?;
    Ok(entry)
}
