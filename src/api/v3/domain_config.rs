//! `/v3/domains/{domain_id}/config…` and `/v3/domains/config/…default`

use crate::api::body::JsonBody;
use crate::api::context::{Context, PathArgs};
use crate::api::response::{json, no_content};
use crate::error::{Error, Result};
use crate::manager::domain_config::SECURITY_COMPLIANCE;
use crate::model::{ConfigPlace, DomainId};
use crate::policy::Target;
use axum::http::StatusCode;
use axum::response::Response;
use serde_json::{Map, Value, json};

/// `GET /v3/domains/{domain_id}/config`, `…/{group}` and `…/{group}/{option}`
pub async fn show(ctx: Context, path: PathArgs) -> Result<Response> {
    let id = path.id::<DomainId>(0)?;
    let place = place(&path, 1);
    let domain_config = ctx.app.domain_config();
    if place.names().0 == Some(SECURITY_COMPLIANCE) {
        ctx.enforce(
            "identity:get_security_compliance_domain_config",
            &target(&id),
        )?;
        let options = domain_config.password_rules(&id, &place)?;
        ctx.app.resource().domain(&id).await?;
        return Ok(respond(StatusCode::OK, options));
    }
    ctx.enforce("identity:get_domain_config", &target(&id))?;
    let options = domain_config.config(&id, &place).await?;
    ctx.app.resource().domain(&id).await?;
    Ok(respond(StatusCode::OK, options))
}

/// `PUT /v3/domains/{domain_id}/config`
pub async fn create(ctx: Context, path: PathArgs, body: JsonBody) -> Result<Response> {
    let id = changeable(&ctx, &path, "identity:create_domain_config").await?;
    let (options, existed) = ctx.app.domain_config().create(&id, &sent(&body)?).await?;
    let status = match existed {
        true => StatusCode::OK,
        false => StatusCode::CREATED,
    };
    Ok(respond(status, options))
}

/// `PATCH /v3/domains/{domain_id}/config`, `…/{group}` and `…/{group}/{option}`
pub async fn update(ctx: Context, path: PathArgs, body: JsonBody) -> Result<Response> {
    let id = changeable(&ctx, &path, "identity:update_domain_config").await?;
    let (place, sent) = (place(&path, 1), sent(&body)?);
    let options = ctx.app.domain_config().update(&id, &place, &sent).await?;
    Ok(respond(StatusCode::OK, options))
}

/// `DELETE /v3/domains/{domain_id}/config`, `…/{group}` and `…/{group}/{option}`
pub async fn delete(ctx: Context, path: PathArgs) -> Result<Response> {
    let id = changeable(&ctx, &path, "identity:delete_domain_config").await?;
    ctx.app
        .domain_config()
        .delete(&id, &place(&path, 1))
        .await?;
    Ok(no_content())
}

/// `GET /v3/domains/config/default`, `…/{group}/default` and `…/{group}/{option}/default`
pub async fn show_default(ctx: Context, path: PathArgs) -> Result<Response> {
    ctx.enforce("identity:get_domain_config_default", &Target::new())?;
    let options = ctx.app.domain_config().defaults(&place(&path, 0))?;
    Ok(respond(StatusCode::OK, options))
}

/// The id of an existing domain, once policy has agreed to the change.
async fn changeable(ctx: &Context, path: &PathArgs, rule: &str) -> Result<DomainId> {
    let id = path.id::<DomainId>(0)?;
    ctx.enforce(rule, &target(&id))?;
    ctx.app.resource().domain(&id).await?;
    Ok(id)
}

fn target(id: &DomainId) -> Target<'_> {
    Target::new().with("domain_id", id.as_str())
}

/// What the path names from an argument on.
fn place(path: &PathArgs, from: usize) -> ConfigPlace {
    let name = |at: usize| path.id::<String>(from + at).ok();
    match (name(0), name(1)) {
        (None, _) => ConfigPlace::Whole,
        (Some(group), None) => ConfigPlace::Group(group),
        (Some(group), Some(option)) => ConfigPlace::Option { group, option },
    }
}

fn sent(body: &JsonBody) -> Result<Map<String, Value>> {
    match body.0.get("config") {
        None => Ok(Map::new()),
        Some(Value::Object(config)) => Ok(config.clone()),
        Some(_) => Err(Error::bad_request("'config' must be an object.")),
    }
}

fn respond(status: StatusCode, options: Map<String, Value>) -> Response {
    json(status, &json!({ "config": options }))
}
