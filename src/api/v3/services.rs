//! `/v3/services`

use crate::api::attributes::Attributes;
use crate::api::body::JsonBody;
use crate::api::context::{Context, PathArgs};
use crate::api::response::no_content;
use crate::api::schema;
use crate::error::{Error, Result};
use crate::manager::catalog::ServiceChanges;
use crate::model::{Service, ServiceId};
use crate::policy::Target;
use axum::http::StatusCode;
use axum::response::Response;
use serde_json::{Map, Value};

/// Members that are not kept in `extra`.
const KNOWN: [&str; 3] = ["type", "enabled", "links"];

/// `GET /v3/services`
pub async fn list(ctx: Context) -> Result<Response> {
    ctx.enforce("identity:list_services", &Target::new())?;
    let list_limit = ctx.settings.config.catalog.list_limit;
    let hints = ctx
        .query
        .list_hints(&["type", "name"], ctx.open_page_rules(list_limit))?;
    let page = ctx.app.catalog().services(&hints).await?;
    Ok(ctx.page(
        "services",
        &page,
        hints.limit,
        |service| &service.id,
        |service| Value::Object(view(&ctx, service)),
    ))
}

/// `POST /v3/services`
pub async fn create(ctx: Context, body: JsonBody) -> Result<Response> {
    schema::SERVICE_CREATE.validate(&body.0)?;
    ctx.enforce("identity:create_service", &Target::new())?;
    let member = body.new_member("service")?;
    let sent = Attributes::of(&member);
    let mut service = Service {
        id: ServiceId::random(),
        service_type: Some(sent.required_text("type")?.to_owned()),
        enabled: sent.boolean("enabled")?.unwrap_or(true),
        extra: sent.rest(&KNOWN),
    };
    service
        .extra
        .entry("name")
        .or_insert_with(|| Value::from(""));
    ctx.app.catalog().create_service(&service).await?;
    Ok(respond(&ctx, StatusCode::CREATED, &service))
}

/// `GET /v3/services/{service_id}`
pub async fn show(ctx: Context, path: PathArgs) -> Result<Response> {
    let service = permitted(&ctx, "identity:get_service", &path.id(0)?).await?;
    Ok(respond(&ctx, StatusCode::OK, &service))
}

/// `PATCH /v3/services/{service_id}`
pub async fn update(ctx: Context, path: PathArgs, body: JsonBody) -> Result<Response> {
    schema::SERVICE_UPDATE.validate(&body.0)?;
    let id = path.id::<ServiceId>(0)?;
    permitted(&ctx, "identity:update_service", &id).await?;
    let sent = Attributes::of(body.member("service")?);
    sent.check_id(&id)?;
    let changes = ServiceChanges {
        service_type: sent.text("type")?.map(str::to_owned),
        enabled: sent.boolean("enabled")?,
        extra: sent.rest(&KNOWN),
    };
    let service = ctx.app.catalog().update_service(&id, &changes).await?;
    Ok(respond(&ctx, StatusCode::OK, &service))
}

/// `DELETE /v3/services/{service_id}`
pub async fn delete(ctx: Context, path: PathArgs) -> Result<Response> {
    let id = path.id::<ServiceId>(0)?;
    permitted(&ctx, "identity:delete_service", &id).await?;
    ctx.app.catalog().delete_service(&id).await?;
    Ok(no_content())
}

/// The service, once policy has agreed. Who may not see it does not learn whether it exists.
async fn permitted(ctx: &Context, rule: &str, id: &ServiceId) -> Result<Service> {
    ctx.authenticated()?;
    let found = ctx.app.catalog().find_service(id).await?;
    let attributes = found.as_ref().map(attributes).unwrap_or_default();
    let target = Target::new()
        .with("service_id", id.as_str())
        .object("target.service", &attributes);
    ctx.enforce(rule, &target)?;
    found.ok_or_else(|| Error::not_found("service", id))
}

/// Name and description are among the extra attributes; every service has a name.
fn attributes(service: &Service) -> Map<String, Value> {
    let mut map = service.extra.clone();
    map.entry("name").or_insert_with(|| Value::from(""));
    map.insert("id".to_owned(), Value::from(&service.id));
    map.insert(
        "type".to_owned(),
        Value::from(service.service_type.as_deref()),
    );
    map.insert("enabled".to_owned(), Value::from(service.enabled));
    map
}

/// A service as answers show it.
pub fn view(ctx: &Context, service: &Service) -> Map<String, Value> {
    let mut map = attributes(service);
    map.insert(
        "links".to_owned(),
        ctx.base().member_links("services", &service.id),
    );
    map
}

fn respond(ctx: &Context, status: StatusCode, service: &Service) -> Response {
    ctx.member(
        status,
        "service",
        "services",
        &service.id,
        attributes(service),
    )
}
