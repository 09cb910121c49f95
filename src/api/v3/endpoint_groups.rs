//! `/v3/OS-EP-FILTER/endpoint_groups`

use crate::api::attributes::Attributes;
use crate::api::body::JsonBody;
use crate::api::context::{Context, PathArgs};
use crate::api::response::no_content;
use crate::api::schema;
use crate::error::{Error, Result};
use crate::manager::catalog::EndpointGroupChanges;
use crate::model::{EndpointGroup, EndpointGroupId};
use crate::policy::Target;
use axum::http::StatusCode;
use axum::response::Response;
use serde_json::{Map, Value};

const COLLECTION: &str = "OS-EP-FILTER/endpoint_groups";

/// `GET /v3/OS-EP-FILTER/endpoint_groups`
pub async fn list(ctx: Context) -> Result<Response> {
    schema::ENDPOINT_GROUP_LIST.validate(&ctx.query.without_page())?;
    ctx.enforce("identity:list_endpoint_groups", &Target::new())?;
    let list_limit = ctx.settings.config.catalog.list_limit;
    let hints = ctx
        .query
        .list_hints(&["name"], ctx.open_page_rules(list_limit))?;
    let page = ctx.app.catalog().endpoint_groups(&hints).await?;
    Ok(ctx.page(
        "endpoint_groups",
        &page,
        hints.limit,
        |group| &group.id,
        |group| view(&ctx, group),
    ))
}

/// `POST /v3/OS-EP-FILTER/endpoint_groups`
pub async fn create(ctx: Context, body: JsonBody) -> Result<Response> {
    schema::ENDPOINT_GROUP_CREATE.validate(&body.0)?;
    ctx.enforce("identity:create_endpoint_group", &Target::new())?;
    let sent = Attributes::of(body.member("endpoint_group")?);
    let description = sent.nullable_text("description")?.flatten();
    let group = EndpointGroup {
        id: EndpointGroupId::random(),
        name: sent.required_text("name")?.to_owned(),
        description: description.map(str::to_owned),
        filters: sent.object("filters")?.cloned().unwrap_or_default(),
    };
    ctx.app.catalog().create_endpoint_group(&group).await?;
    Ok(respond(&ctx, StatusCode::CREATED, &group))
}

/// `GET /v3/OS-EP-FILTER/endpoint_groups/{endpoint_group_id}`
pub async fn show(ctx: Context, path: PathArgs) -> Result<Response> {
    let group = permitted(&ctx, "identity:get_endpoint_group", &path.id(0)?).await?;
    Ok(respond(&ctx, StatusCode::OK, &group))
}

/// `PATCH /v3/OS-EP-FILTER/endpoint_groups/{endpoint_group_id}`
pub async fn update(ctx: Context, path: PathArgs, body: JsonBody) -> Result<Response> {
    schema::ENDPOINT_GROUP_UPDATE.validate(&body.0)?;
    let id = path.id::<EndpointGroupId>(0)?;
    permitted(&ctx, "identity:update_endpoint_group", &id).await?;
    let sent = Attributes::of(body.member("endpoint_group")?);
    let description = sent.nullable_text("description")?;
    let changes = EndpointGroupChanges {
        name: sent.text("name")?.map(str::to_owned),
        description: description.map(|text| text.map(str::to_owned)),
        filters: sent.object("filters")?.cloned(),
    };
    let group = ctx
        .app
        .catalog()
        .update_endpoint_group(&id, &changes)
        .await?;
    Ok(respond(&ctx, StatusCode::OK, &group))
}

/// `DELETE /v3/OS-EP-FILTER/endpoint_groups/{endpoint_group_id}`
pub async fn delete(ctx: Context, path: PathArgs) -> Result<Response> {
    let id = path.id::<EndpointGroupId>(0)?;
    permitted(&ctx, "identity:delete_endpoint_group", &id).await?;
    ctx.app.catalog().delete_endpoint_group(&id).await?;
    Ok(no_content())
}

/// The group, once policy has agreed. Who may not see it does not learn whether it exists.
async fn permitted(ctx: &Context, rule: &str, id: &EndpointGroupId) -> Result<EndpointGroup> {
    ctx.authenticated()?;
    let found = ctx.app.catalog().find_endpoint_group(id).await?;
    let attributes = found.as_ref().map(attributes).unwrap_or_default();
    let target = Target::new()
        .with("endpoint_group_id", id.as_str())
        .object("target.endpoint_group", &attributes);
    ctx.enforce(rule, &target)?;
    found.ok_or_else(|| Error::not_found("endpoint group", id))
}

fn attributes(group: &EndpointGroup) -> Map<String, Value> {
    let mut map = Map::new();
    map.insert("id".to_owned(), Value::from(&group.id));
    map.insert("name".to_owned(), Value::from(group.name.as_str()));
    map.insert(
        "description".to_owned(),
        Value::from(group.description.as_deref()),
    );
    map.insert("filters".to_owned(), Value::Object(group.filters.clone()));
    map
}

/// An endpoint group as answers show it.
pub fn view(ctx: &Context, group: &EndpointGroup) -> Value {
    let mut map = attributes(group);
    let links = ctx.base().member_links(COLLECTION, &group.id);
    map.insert("links".to_owned(), links);
    Value::Object(map)
}

fn respond(ctx: &Context, status: StatusCode, group: &EndpointGroup) -> Response {
    ctx.member(
        status,
        "endpoint_group",
        COLLECTION,
        &group.id,
        attributes(group),
    )
}
