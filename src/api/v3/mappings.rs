//! `/v3/OS-FEDERATION/mappings`

use crate::api::body::JsonBody;
use crate::api::context::{Context, PathArgs};
use crate::api::response::no_content;
use crate::api::schema::{self, Schema};
use crate::error::{Error, Result};
use crate::model::MappingId;
use crate::model::federation::Mapping;
use crate::policy::Target;
use axum::http::StatusCode;
use axum::response::Response;
use serde_json::{Map, Value, json};

const COLLECTION: &str = "OS-FEDERATION/mappings";

/// `GET /v3/OS-FEDERATION/mappings`
pub async fn list(ctx: Context) -> Result<Response> {
    ctx.enforce("identity:list_mappings", &Target::new())?;
    let found = ctx.app.federation().mappings().await?;
    let items = found.iter().map(|mapping| {
        let mut item = json!(mapping);
        item["links"] = ctx.base().member_links(COLLECTION, &mapping.id);
        item
    });
    Ok(ctx.collection("mappings", items.collect()))
}

/// `GET /v3/OS-FEDERATION/mappings/{mapping_id}`
pub async fn show(ctx: Context, path: PathArgs) -> Result<Response> {
    let id = permitted(&ctx, "identity:get_mapping", &path)?;
    let mapping = ctx.app.federation().mapping(&id).await?;
    respond(&ctx, StatusCode::OK, &mapping)
}

/// `PUT /v3/OS-FEDERATION/mappings/{mapping_id}`: policy is asked before the body is looked at, since
/// the body says which schema it has.
pub async fn create(ctx: Context, path: PathArgs, body: JsonBody) -> Result<Response> {
    let id = permitted(&ctx, "identity:create_mapping", &path)?;
    let (rules, schema_version) = checked(&ctx, &body)?;
    let mapping = Mapping {
        id,
        rules,
        schema_version,
    };
    ctx.app.federation().create_mapping(&mapping).await?;
    respond(&ctx, StatusCode::CREATED, &mapping)
}

/// `PATCH /v3/OS-FEDERATION/mappings/{mapping_id}`
pub async fn update(ctx: Context, path: PathArgs, body: JsonBody) -> Result<Response> {
    let id = permitted(&ctx, "identity:update_mapping", &path)?;
    let (rules, version) = checked(&ctx, &body)?;
    let federation = ctx.app.federation();
    let mapping = federation.update_mapping(&id, &rules, &version).await?;
    respond(&ctx, StatusCode::OK, &mapping)
}

/// `DELETE /v3/OS-FEDERATION/mappings/{mapping_id}`
pub async fn delete(ctx: Context, path: PathArgs) -> Result<Response> {
    let id = permitted(&ctx, "identity:delete_mapping", &path)?;
    ctx.app.federation().delete_mapping(&id).await?;
    Ok(no_content())
}

/// The id in the path, once policy has agreed.
fn permitted(ctx: &Context, rule: &str, path: &PathArgs) -> Result<MappingId> {
    let id = path.id::<MappingId>(0)?;
    ctx.enforce(rule, &Target::new().with("mapping_id", id.as_str()))?;
    Ok(id)
}

/// The rules that were sent, checked by the schema of their version, and the version. Without one it
/// is the configured one.
fn checked(ctx: &Context, body: &JsonBody) -> Result<(Value, String)> {
    let empty = Map::new();
    let sent = body.0.get("mapping").and_then(Value::as_object);
    let mut sent = sent.unwrap_or(&empty).clone();
    let named = sent
        .get("schema_version")
        .filter(|version| !is_empty(version));
    let version = match named {
        Some(Value::String(version)) => version.clone(),
        Some(_) => return Err(Error::bad_request("'schema_version' must be a text.")),
        None => {
            let federation = &ctx.settings.config.federation;
            federation.attribute_mapping_default_schema_version.clone()
        }
    };
    sent.insert("schema_version".to_owned(), Value::from(version.as_str()));
    let schema = schema_of(&version)
        .ok_or_else(|| Error::bad_request("'schema_version' must be one of 1.0, 2.0 and 3.0."))?;
    let mut sent = Value::Object(sent);
    schema.validate(&sent)?;
    Ok((sent["rules"].take(), version))
}

fn is_empty(version: &Value) -> bool {
    version.is_null() || version.as_str().is_some_and(str::is_empty)
}

/// The schema of a version of mappings.
pub fn schema_of(version: &str) -> Option<&'static Schema> {
    match version {
        "1.0" => Some(&schema::MAPPING_V1),
        "2.0" => Some(&schema::MAPPING_V2),
        "3.0" => Some(&schema::MAPPING_V3),
        _ => None,
    }
}

fn respond(ctx: &Context, status: StatusCode, mapping: &Mapping) -> Result<Response> {
    let id = &mapping.id;
    Ok(ctx.member(
        status,
        "mapping",
        COLLECTION,
        id,
        super::members_of(mapping)?,
    ))
}
