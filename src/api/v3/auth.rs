//! `/v3/auth/…`: tokens, and what the caller's token could be scoped to.

use crate::api::body::JsonBody;
use crate::api::context::Context;
use crate::api::response::{json, no_content, raw_json};
use crate::api::schema;
use crate::api::v3::{domains, projects};
use crate::config::Config;
use crate::error::{Error, Result};
use crate::manager::auth::{AuthMethod, AuthRequest, DomainLookup, RequestedScope};
use crate::manager::identity::UserLookup;
use crate::manager::token::TokenEntry;
use crate::model::token::{ResolvedScope, ValidToken};
use crate::model::{ProjectId, Secret, UserId};
use crate::policy::Target;
use crate::token::document;
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::Response;
use bytes::Bytes;
use serde_json::{Map, Value, json};
use std::sync::Arc;

/// `POST /v3/auth/tokens`
pub async fn create_token(ctx: Context, body: JsonBody) -> Result<Response> {
    let auth = body.member("auth")?;
    schema::AUTH_TOKENS.validate(&Value::Object(auth.clone()))?;
    let request = parse(auth, &ctx.settings.config)?;
    let (token, entry) = ctx.app.auth().authenticate(request).await?;
    Ok(token_response(
        &ctx,
        StatusCode::CREATED,
        Some(&token),
        &entry,
    ))
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
    let window = if ctx.query.flag("allow_expired") {
        ctx.settings.config.token.allow_expired_window
    } else {
        0
    };
    let entry = subject(&ctx, rule, token, window).await?;
    Ok(token_response(&ctx, StatusCode::OK, Some(token), &entry))
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

/// `GET /v3/auth/projects`
pub async fn list_projects(ctx: Context) -> Result<Response> {
    ctx.enforce("identity:get_auth_projects", &Target::new())?;
    let user_id = &ctx.token()?.payload.user_id;
    let projects = ctx.app.assignment().projects_of_user(user_id).await?;
    let items: Vec<_> = projects
        .iter()
        .filter(|project| project.enabled)
        .map(|project| projects::view(&ctx, project))
        .collect();
    Ok(ctx.collection("projects", items, None))
}

/// `GET /v3/auth/domains`
pub async fn list_domains(ctx: Context) -> Result<Response> {
    ctx.enforce("identity:get_auth_domains", &Target::new())?;
    let user_id = &ctx.token()?.payload.user_id;
    let domains = ctx.app.assignment().domains_of_user(user_id).await?;
    let items: Vec<_> = domains
        .iter()
        .filter(|domain| domain.enabled)
        .map(|domain| domains::view(&ctx, domain))
        .collect();
    Ok(ctx.collection("domains", items, None))
}

/// `GET /v3/auth/system`
pub async fn show_system(ctx: Context) -> Result<Response> {
    ctx.enforce("identity:get_auth_system", &Target::new())?;
    let user_id = &ctx.token()?.payload.user_id;
    let has_roles = ctx.app.assignment().has_system_role(user_id).await?;
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
    let validated = ctx
        .app
        .token()
        .validate(token, window)
        .await
        .map_err(|error| match error {
            Error::Unauthorized { reason, .. } => Error::NotFound {
                kind: "token",
                id: format!("({reason})"),
            },
            other => other,
        });
    match validated {
        Ok(entry) => {
            let target =
                Target::new().with("target.token.user_id", entry.token.payload.user_id.as_str());
            ctx.enforce(rule, &target)?;
            Ok(entry)
        }
        Err(error) => {
            ctx.mark_enforced();
            Err(error)
        }
    }
}

/// What a token's owner or a service sees of it. The token itself is left out when it is not to be
/// given away.
pub fn token_response(
    ctx: &Context,
    status: StatusCode,
    token: Option<&str>,
    entry: &TokenEntry,
) -> Response {
    let body = if ctx.query.has("nocatalog") {
        entry
            .body_without_catalog
            .get_or_init(|| render(&entry.token, false))
    } else {
        entry.body.get_or_init(|| render(&entry.token, true))
    };
    let mut response = raw_json(status, body.clone());
    if let Some(Ok(value)) = token.map(HeaderValue::from_str) {
        response.headers_mut().insert("x-subject-token", value);
    }
    response
}

fn render(token: &ValidToken, with_catalog: bool) -> Bytes {
    Bytes::from(document::of(token, with_catalog).to_string())
}

/// Reads the `auth` object. Its schema was checked; what schemas can't say is checked here.
fn parse(auth: &Map<String, Value>, config: &Config) -> Result<AuthRequest> {
    let identity = object(auth, "identity")?;
    let names = identity
        .get("methods")
        .and_then(Value::as_array)
        .map(Vec::as_slice)
        .unwrap_or_default();
    let mut methods = Vec::new();
    for name in names.iter().filter_map(Value::as_str) {
        let offered = config.auth.methods.iter().any(|method| method == name);
        methods.push(match name {
            "password" if offered => password(object(identity, name)?)?,
            "token" if offered => AuthMethod::Token {
                id: Secret::from(text(object(identity, name)?, "id")?),
            },
            _ => return Err(unsupported_method(name, config)),
        });
    }
    Ok(AuthRequest {
        methods,
        scope: scope(auth.get("scope"))?,
    })
}

fn unsupported_method(name: &str, config: &Config) -> Error {
    Error::Unauthorized {
        reason: format!("authentication method {name} is not offered"),
        identity: Some(Box::new(json!({ "methods": config.auth.methods }))),
    }
}

fn password(method: &Map<String, Value>) -> Result<AuthMethod> {
    let user = object(method, "user")?;
    let password = user.get("password").and_then(Value::as_str);
    let lookup = match (
        user.get("id").and_then(Value::as_str),
        user.get("name").and_then(Value::as_str),
    ) {
        (Some(id), _) => UserLookup::Id(UserId::from(id)),
        (None, Some(name)) => UserLookup::Name {
            name: name.to_owned(),
            domain: domain_of(user, "user")?,
        },
        (None, None) => {
            return Err(Error::bad_request(
                "The user must be given by 'id' or by 'name'.",
            ));
        }
    };
    match password {
        Some(password) => Ok(AuthMethod::Password {
            user: lookup,
            password: Secret::from(password),
        }),
        None => Err(Error::unauthorized("no password was sent")),
    }
}

fn domain_of(of: &Map<String, Value>, kind: &str) -> Result<DomainLookup> {
    match of.get("domain").and_then(Value::as_object) {
        Some(domain) => domain_lookup(domain),
        None => Err(Error::bad_request(format!(
            "A {kind} given by name needs its 'domain'."
        ))),
    }
}

fn domain_lookup(domain: &Map<String, Value>) -> Result<DomainLookup> {
    if let Some(id) = domain.get("id").and_then(Value::as_str) {
        return Ok(DomainLookup::Id(id.into()));
    }
    Ok(DomainLookup::Name(
        text(domain, "name")
            .map_err(|_| Error::bad_request("A domain must be given by 'id' or by 'name'."))?
            .to_owned(),
    ))
}

fn scope(scope: Option<&Value>) -> Result<RequestedScope> {
    let scope = match scope {
        None => return Ok(RequestedScope::Default),
        Some(Value::String(word)) if word == "unscoped" => return Ok(RequestedScope::Unscoped),
        Some(Value::Object(scope)) => scope,
        Some(_) => {
            return Err(Error::bad_request(
                "'scope' must be an object or the text 'unscoped'.",
            ));
        }
    };
    const KINDS: [&str; 5] = ["system", "project", "domain", "OS-TRUST:trust", "unscoped"];
    let mut named = KINDS.iter().filter(|kind| scope.contains_key(**kind));
    let (Some(kind), None) = (named.next(), named.next()) else {
        return Err(Error::bad_request(format!(
            "'scope' must name exactly one of {}.",
            KINDS.join(", ")
        )));
    };
    match *kind {
        "unscoped" => Ok(RequestedScope::Unscoped),
        "system" => Ok(RequestedScope::System),
        "domain" => Ok(RequestedScope::Domain(domain_lookup(object(
            scope, "domain",
        )?)?)),
        "project" => {
            let project = object(scope, "project")?;
            if let Some(id) = project.get("id").and_then(Value::as_str) {
                return Ok(RequestedScope::Project(ProjectId::from(id)));
            }
            let name = text(project, "name")
                .map_err(|_| Error::bad_request("A project must be given by 'id' or by 'name'."))?;
            Ok(RequestedScope::ProjectByName {
                name: name.to_owned(),
                domain: domain_of(project, "project")?,
            })
        }
        _ => Err(Error::unauthorized("trust scope is not offered")),
    }
}

fn object<'a>(of: &'a Map<String, Value>, key: &str) -> Result<&'a Map<String, Value>> {
    of.get(key)
        .and_then(Value::as_object)
        .ok_or_else(|| Error::bad_request(format!("'{key}' must be given as an object.")))
}

fn text<'a>(of: &'a Map<String, Value>, key: &str) -> Result<&'a str> {
    of.get(key)
        .and_then(Value::as_str)
        .ok_or_else(|| Error::bad_request(format!("'{key}' must be given as text.")))
}
