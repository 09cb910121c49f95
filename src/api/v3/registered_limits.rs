//! `/v3/registered_limits`

use super::members_of;
use crate::api::attributes::Attributes;
use crate::api::body::JsonBody;
use crate::api::context::{Context, PathArgs};
use crate::api::response::{json, no_content};
use crate::api::schema;
use crate::error::{Error, Result};
use crate::manager::limit::RegisteredLimitChanges;
use crate::model::{RegionId, RegisteredLimit, ServiceId};
use crate::policy::Target;
use axum::http::StatusCode;
use axum::response::Response;
use serde_json::{Value, json};

/// `GET /v3/registered_limits`
pub async fn list(ctx: Context) -> Result<Response> {
    schema::REGISTERED_LIMIT_LIST.validate(&ctx.query.to_value())?;
    ctx.enforce("identity:list_registered_limits", &Target::new())?;
    let list_limit = ctx.settings.config.unified_limit.list_limit;
    let hints = ctx.query.list_hints(
        &["service_id", "region_id", "resource_name"],
        ctx.open_page_rules(list_limit),
    )?;
    let page = ctx.app.limits().registered_limits(&hints).await?;
    Ok(ctx.page(
        "registered_limits",
        &page,
        hints.limit,
        |limit| &limit.id,
        |limit| view(&ctx, limit),
    ))
}

/// `POST /v3/registered_limits`: many at once.
pub async fn create(ctx: Context, body: JsonBody) -> Result<Response> {
    schema::REGISTERED_LIMIT_CREATE.validate(&body.0)?;
    ctx.enforce("identity:create_registered_limits", &Target::new())?;
    let new: Vec<RegisteredLimit> = body
        .members("registered_limits")?
        .map(|member| new_limit(Attributes::of(member?)))
        .collect::<Result<_>>()?;
    ctx.app.limits().create_registered_limits(&new).await?;
    let created: Vec<Value> = new.iter().map(|limit| view(&ctx, limit)).collect();
    Ok(json(
        StatusCode::CREATED,
        &json!({ "registered_limits": created }),
    ))
}

fn new_limit(sent: Attributes<'_>) -> Result<RegisteredLimit> {
    let description = sent.nullable_text("description")?.flatten();
    let region_id = sent.nullable_text("region_id")?.flatten();
    Ok(RegisteredLimit {
        id: uuid::Uuid::new_v4().simple().to_string(),
        service_id: Some(sent.required_text("service_id")?.into()),
        region_id: region_id.map(RegionId::from),
        resource_name: Some(sent.required_text("resource_name")?.to_owned()),
        default_limit: sent.required_integer("default_limit")?,
        description: description.map(str::to_owned),
    })
}

/// `GET /v3/registered_limits/{registered_limit_id}`
pub async fn show(ctx: Context, path: PathArgs) -> Result<Response> {
    let id = path.id::<String>(0)?;
    let limit = permitted(&ctx, "identity:get_registered_limit", &id).await?;
    respond(&ctx, &limit)
}

/// `PATCH /v3/registered_limits/{registered_limit_id}`
pub async fn update(ctx: Context, path: PathArgs, body: JsonBody) -> Result<Response> {
    schema::REGISTERED_LIMIT_UPDATE.validate(&body.0)?;
    let id = path.id::<String>(0)?;
    permitted(&ctx, "identity:update_registered_limit", &id).await?;
    let sent = Attributes::of(body.member("registered_limit")?);
    let region_id = sent.nullable_text("region_id")?;
    let description = sent.nullable_text("description")?;
    let changes = RegisteredLimitChanges {
        service_id: sent.text("service_id")?.map(ServiceId::from),
        region_id: region_id.map(|id| id.map(RegionId::from)),
        resource_name: sent.text("resource_name")?.map(str::to_owned),
        default_limit: sent.integer("default_limit")?,
        description: description.map(|text| text.map(str::to_owned)),
    };
    let limits = ctx.app.limits();
    let limit = limits.update_registered_limit(&id, &changes).await?;
    respond(&ctx, &limit)
}

/// `DELETE /v3/registered_limits/{registered_limit_id}`
pub async fn delete(ctx: Context, path: PathArgs) -> Result<Response> {
    let id = path.id::<String>(0)?;
    permitted(&ctx, "identity:delete_registered_limit", &id).await?;
    ctx.app.limits().delete_registered_limit(&id).await?;
    Ok(no_content())
}

/// The registered limit, once policy has agreed. Who may not see it does not learn whether it exists.
async fn permitted(ctx: &Context, rule: &str, id: &str) -> Result<RegisteredLimit> {
    ctx.authenticated()?;
    let found = ctx.app.limits().find_registered_limit(id).await?;
    let attributes = found.as_ref().map(members_of).transpose()?;
    let attributes = attributes.unwrap_or_default();
    let target = Target::new()
        .with("registered_limit_id", id)
        .object("target.registered_limit", &attributes);
    ctx.enforce(rule, &target)?;
    found.ok_or_else(|| Error::not_found("registered limit", id))
}

fn view(ctx: &Context, limit: &RegisteredLimit) -> Value {
    let mut map = members_of(limit).unwrap_or_default();
    let links = ctx.base().member_links("registered_limits", &limit.id);
    map.insert("links".to_owned(), links);
    Value::Object(map)
}

fn respond(ctx: &Context, limit: &RegisteredLimit) -> Result<Response> {
    let (key, collection) = ("registered_limit", "registered_limits");
    let body = members_of(limit)?;
    Ok(ctx.member(StatusCode::OK, key, collection, &limit.id, body))
}
