//! `/v3/endpoints`

use crate::api::attributes::Attributes;
use crate::api::body::JsonBody;
use crate::api::context::{Context, PathArgs};
use crate::api::response::no_content;
use crate::api::schema;
use crate::error::{Error, Result};
use crate::manager::catalog::{EndpointChanges, NewEndpoint, RegionChoice};
use crate::model::{Endpoint, EndpointId, ServiceId};
use crate::policy::Target;
use axum::http::StatusCode;
use axum::response::Response;
use serde_json::{Map, Value};

/// Members that are not kept in `extra`: columns, `region`, which is shown from `region_id`, and links,
/// which are ours to give.
const KNOWN: [&str; 8] = [
    "interface",
    "service_id",
    "region_id",
    "url",
    "enabled",
    "region",
    "legacy_endpoint_id",
    "links",
];

/// `GET /v3/endpoints`
pub async fn list(ctx: Context) -> Result<Response> {
    schema::ENDPOINT_LIST.validate(&ctx.query.to_value())?;
    ctx.enforce("identity:list_endpoints", &Target::new())?;
    let list_limit = ctx.settings.config.catalog.list_limit;
    let hints = ctx.query.list_hints(
        &["interface", "service_id", "region_id"],
        ctx.open_page_rules(list_limit),
    )?;
    let page = ctx.app.catalog().endpoints(&hints).await?;
    Ok(ctx.page(
        "endpoints",
        &page,
        hints.limit,
        |endpoint| &endpoint.id,
        |endpoint| Value::Object(view(&ctx, endpoint)),
    ))
}

/// `POST /v3/endpoints`
pub async fn create(ctx: Context, body: JsonBody) -> Result<Response> {
    schema::ENDPOINT_CREATE.validate(&body.0)?;
    ctx.enforce("identity:create_endpoint", &Target::new())?;
    let member = body.new_member("endpoint")?;
    let sent = Attributes::of(&member);
    let new = NewEndpoint {
        interface: sent.required_text("interface")?.to_owned(),
        service_id: sent.required_text("service_id")?.into(),
        region: region(sent)?,
        url: sent.required_text("url")?.to_owned(),
        enabled: sent.boolean("enabled")?.unwrap_or(true),
        extra: sent.rest(&KNOWN),
    };
    let endpoint = ctx.app.catalog().create_endpoint(&new).await?;
    Ok(respond(&ctx, StatusCode::CREATED, &endpoint))
}

/// `GET /v3/endpoints/{endpoint_id}`
pub async fn show(ctx: Context, path: PathArgs) -> Result<Response> {
    let endpoint = permitted(&ctx, "identity:get_endpoint", &path.id(0)?).await?;
    Ok(respond(&ctx, StatusCode::OK, &endpoint))
}

/// `PATCH /v3/endpoints/{endpoint_id}`
pub async fn update(ctx: Context, path: PathArgs, body: JsonBody) -> Result<Response> {
    schema::ENDPOINT_UPDATE.validate(&body.0)?;
    let id = path.id::<EndpointId>(0)?;
    permitted(&ctx, "identity:update_endpoint", &id).await?;
    let sent = Attributes::of(body.member("endpoint")?);
    sent.check_id(&id)?;
    let changes = EndpointChanges {
        interface: sent.text("interface")?.map(str::to_owned),
        service_id: sent.text("service_id")?.map(ServiceId::from),
        region: region(sent)?,
        url: sent.text("url")?.map(str::to_owned),
        enabled: sent.boolean("enabled")?,
        extra: sent.rest(&KNOWN),
    };
    let endpoint = ctx.app.catalog().update_endpoint(&id, &changes).await?;
    Ok(respond(&ctx, StatusCode::OK, &endpoint))
}

/// `DELETE /v3/endpoints/{endpoint_id}`
pub async fn delete(ctx: Context, path: PathArgs) -> Result<Response> {
    let id = path.id::<EndpointId>(0)?;
    permitted(&ctx, "identity:delete_endpoint", &id).await?;
    ctx.app.catalog().delete_endpoint(&id).await?;
    Ok(no_content())
}

/// `region_id` wins over `region`, its older name; a null `region` says nothing.
fn region(sent: Attributes<'_>) -> Result<RegionChoice> {
    let legacy = sent.nullable_text("region")?.flatten();
    Ok(match (sent.nullable_text("region_id")?, legacy) {
        (Some(Some(id)), _) => RegionChoice::Existing(id.into()),
        (_, Some(id)) => RegionChoice::MadeOnDemand(id.into()),
        (Some(None), None) => RegionChoice::Nowhere,
        (None, None) => RegionChoice::Unsaid,
    })
}

/// The endpoint, once policy has agreed. Who may not see it does not learn whether it exists.
async fn permitted(ctx: &Context, rule: &str, id: &EndpointId) -> Result<Endpoint> {
    ctx.authenticated()?;
    let found = ctx.app.catalog().find_endpoint(id).await?;
    let attributes = found.as_ref().map(attributes).unwrap_or_default();
    let target = Target::new()
        .with("endpoint_id", id.as_str())
        .object("target.endpoint", &attributes);
    ctx.enforce(rule, &target)?;
    found.ok_or_else(|| Error::not_found("endpoint", id))
}

fn attributes(endpoint: &Endpoint) -> Map<String, Value> {
    let mut map = endpoint.extra.clone();
    let region = Value::from(endpoint.region_id.clone());
    map.insert("id".to_owned(), Value::from(&endpoint.id));
    map.insert(
        "interface".to_owned(),
        Value::from(endpoint.interface.as_str()),
    );
    map.insert("region_id".to_owned(), region.clone());
    map.insert("service_id".to_owned(), Value::from(&endpoint.service_id));
    map.insert("url".to_owned(), Value::from(endpoint.url.as_str()));
    map.insert("enabled".to_owned(), Value::from(endpoint.enabled));
    map.insert("region".to_owned(), region);
    map
}

/// An endpoint as answers show it.
pub fn view(ctx: &Context, endpoint: &Endpoint) -> Map<String, Value> {
    let mut map = attributes(endpoint);
    map.insert(
        "links".to_owned(),
        ctx.base().member_links("endpoints", &endpoint.id),
    );
    map
}

fn respond(ctx: &Context, status: StatusCode, endpoint: &Endpoint) -> Response {
    ctx.member(
        status,
        "endpoint",
        "endpoints",
        &endpoint.id,
        attributes(endpoint),
    )
}
