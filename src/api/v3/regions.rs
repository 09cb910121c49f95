//! `/v3/regions`

use crate::api::attributes::Attributes;
use crate::api::body::JsonBody;
use crate::api::context::{Context, PathArgs};
use crate::api::response::no_content;
use crate::api::schema;
use crate::error::{Error, Result};
use crate::manager::catalog::RegionChanges;
use crate::model::{Region, RegionId};
use crate::policy::Target;
use axum::http::StatusCode;
use axum::response::Response;
use serde_json::{Map, Value};

/// Members that are not kept in `extra`.
const KNOWN: [&str; 3] = ["description", "parent_region_id", "links"];

/// `GET /v3/regions`
pub async fn list(ctx: Context) -> Result<Response> {
    schema::REGION_LIST.validate(&ctx.query.without_page())?;
    ctx.enforce("identity:list_regions", &Target::new())?;
    let list_limit = ctx.settings.config.catalog.list_limit;
    let hints = ctx
        .query
        .list_hints(&["parent_region_id"], ctx.open_page_rules(list_limit))?;
    let page = ctx.app.catalog().regions(&hints).await?;
    Ok(ctx.page(
        "regions",
        &page,
        hints.limit,
        |region| &region.id,
        |region| Value::Object(view(&ctx, region)),
    ))
}

/// `POST /v3/regions`
pub async fn create(ctx: Context, body: JsonBody) -> Result<Response> {
    schema::REGION_CREATE.validate(&body.0)?;
    ctx.enforce("identity:create_region", &Target::new())?;
    let member = body.new_member("region")?;
    let sent = Attributes::of(&member);
    let given = sent
        .nullable_text("id")?
        .flatten()
        .filter(|id| !id.is_empty());
    let id = given.map_or_else(RegionId::random, RegionId::from);
    create_as(&ctx, id, sent).await
}

/// `PUT /v3/regions/{region_id}`
pub async fn create_with_id(ctx: Context, path: PathArgs, body: JsonBody) -> Result<Response> {
    schema::REGION_CREATE.validate(&body.0)?;
    let id = path.id::<RegionId>(0)?;
    ctx.enforce(
        "identity:create_region",
        &Target::new().with("region_id", id.as_str()),
    )?;
    let member = body.new_member("region")?;
    let sent = Attributes::of(&member);
    if sent
        .nullable_text("id")?
        .is_some_and(|given| given != Some(id.as_str()))
    {
        return Err(Error::bad_request(
            "The body's id is not the one in the path.",
        ));
    }
    create_as(&ctx, id, sent).await
}

async fn create_as(ctx: &Context, id: RegionId, sent: Attributes<'_>) -> Result<Response> {
    let region = Region {
        id,
        description: sent
            .nullable_text("description")?
            .flatten()
            .unwrap_or_default()
            .to_owned(),
        parent_region_id: sent
            .nullable_text("parent_region_id")?
            .flatten()
            .map(RegionId::from),
        extra: sent.rest(&KNOWN),
    };
    ctx.app.catalog().create_region(&region).await?;
    Ok(respond(ctx, StatusCode::CREATED, &region))
}

/// `GET /v3/regions/{region_id}`
pub async fn show(ctx: Context, path: PathArgs) -> Result<Response> {
    let region = permitted(&ctx, "identity:get_region", &path.id(0)?).await?;
    Ok(respond(&ctx, StatusCode::OK, &region))
}

/// `PATCH /v3/regions/{region_id}`
pub async fn update(ctx: Context, path: PathArgs, body: JsonBody) -> Result<Response> {
    schema::REGION_UPDATE.validate(&body.0)?;
    let id = path.id::<RegionId>(0)?;
    permitted(&ctx, "identity:update_region", &id).await?;
    let sent = Attributes::of(body.member("region")?);
    sent.check_id(&id)?;
    let parent = sent.nullable_text("parent_region_id")?;
    let changes = RegionChanges {
        description: sent
            .nullable_text("description")?
            .map(|text| text.unwrap_or_default().to_owned()),
        parent_region_id: parent.map(|parent| parent.map(RegionId::from)),
        extra: sent.rest(&KNOWN),
    };
    let region = ctx.app.catalog().update_region(&id, &changes).await?;
    Ok(respond(&ctx, StatusCode::OK, &region))
}

/// `DELETE /v3/regions/{region_id}`
pub async fn delete(ctx: Context, path: PathArgs) -> Result<Response> {
    let id = path.id::<RegionId>(0)?;
    permitted(&ctx, "identity:delete_region", &id).await?;
    ctx.app.catalog().delete_region(&id).await?;
    Ok(no_content())
}

/// The region, once policy has agreed. Who may not see it does not learn whether it exists.
async fn permitted(ctx: &Context, rule: &str, id: &RegionId) -> Result<Region> {
    ctx.authenticated()?;
    let found = ctx.app.catalog().find_region(id).await?;
    let attributes = found.as_ref().map(attributes).unwrap_or_default();
    let target = Target::new()
        .with("region_id", id.as_str())
        .object("target.region", &attributes);
    ctx.enforce(rule, &target)?;
    found.ok_or_else(|| Error::not_found("region", id))
}

fn attributes(region: &Region) -> Map<String, Value> {
    let mut map = region.extra.clone();
    map.insert("id".to_owned(), Value::from(&region.id));
    map.insert(
        "description".to_owned(),
        Value::from(region.description.as_str()),
    );
    map.insert(
        "parent_region_id".to_owned(),
        Value::from(region.parent_region_id.clone()),
    );
    map
}

/// A region as answers show it.
pub fn view(ctx: &Context, region: &Region) -> Map<String, Value> {
    let mut map = attributes(region);
    map.insert(
        "links".to_owned(),
        ctx.base().member_links("regions", &region.id),
    );
    map
}

fn respond(ctx: &Context, status: StatusCode, region: &Region) -> Response {
    ctx.member(status, "region", "regions", &region.id, attributes(region))
}
