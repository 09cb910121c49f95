//! `/v3/OS-FEDERATION/identity_providers/{idp_id}/protocols`

use super::identity_providers::COLLECTION;
use crate::api::attributes::Attributes;
use crate::api::body::JsonBody;
use crate::api::context::{Context, PathArgs};
use crate::api::response::{json, no_content};
use crate::api::schema;
use crate::error::Result;
use crate::manager::federation::ProtocolChanges;
use crate::model::federation::Protocol;
use crate::model::{IdpId, MappingId, ProtocolId};
use crate::policy::Target;
use axum::http::StatusCode;
use axum::response::Response;
use serde_json::{Value, json};

/// `GET /v3/OS-FEDERATION/identity_providers/{idp_id}/protocols`
pub async fn list(ctx: Context, path: PathArgs) -> Result<Response> {
    let idp = path.id::<IdpId>(0)?;
    let target = Target::new().with("idp_id", idp.as_str());
    ctx.enforce("identity:list_protocols", &target)?;
    let found = ctx.app.federation().protocols(&idp).await?;
    let items = found.iter().map(|protocol| listed(&ctx, protocol));
    Ok(ctx.collection("protocols", items.collect()))
}

/// `GET /v3/OS-FEDERATION/identity_providers/{idp_id}/protocols/{protocol_id}`
pub async fn show(ctx: Context, path: PathArgs) -> Result<Response> {
    let (idp, id) = permitted(&ctx, "identity:get_protocol", &path)?;
    let protocol = ctx.app.federation().protocol(&idp, &id).await?;
    Ok(respond(&ctx, StatusCode::OK, &protocol))
}

/// `PUT /v3/OS-FEDERATION/identity_providers/{idp_id}/protocols/{protocol_id}`
pub async fn create(ctx: Context, path: PathArgs, body: JsonBody) -> Result<Response> {
    schema::PROTOCOL_CREATE.validate(&body.0)?;
    let (idp_id, id) = permitted(&ctx, "identity:create_protocol", &path)?;
    let sent = Attributes::of(body.member("protocol")?);
    let attribute = sent.nullable_text("remote_id_attribute")?.flatten();
    let protocol = Protocol {
        id,
        idp_id,
        mapping_id: MappingId::from(sent.required_text("mapping_id")?),
        remote_id_attribute: attribute.map(str::to_owned),
    };
    ctx.app.federation().create_protocol(&protocol).await?;
    Ok(respond(&ctx, StatusCode::CREATED, &protocol))
}

/// `PATCH /v3/OS-FEDERATION/identity_providers/{idp_id}/protocols/{protocol_id}`
pub async fn update(ctx: Context, path: PathArgs, body: JsonBody) -> Result<Response> {
    schema::PROTOCOL_UPDATE.validate(&body.0)?;
    let (idp, id) = permitted(&ctx, "identity:update_protocol", &path)?;
    let sent = Attributes::of(body.member("protocol")?);
    let changes = ProtocolChanges {
        mapping_id: MappingId::from(sent.required_text("mapping_id")?),
        remote_id_attribute: sent.text("remote_id_attribute")?.map(str::to_owned),
    };
    let federation = ctx.app.federation();
    let protocol = federation.update_protocol(&idp, &id, &changes).await?;
    Ok(respond(&ctx, StatusCode::OK, &protocol))
}

/// `DELETE /v3/OS-FEDERATION/identity_providers/{idp_id}/protocols/{protocol_id}`
pub async fn delete(ctx: Context, path: PathArgs) -> Result<Response> {
    let (idp, id) = permitted(&ctx, "identity:delete_protocol", &path)?;
    ctx.app.federation().delete_protocol(&idp, &id).await?;
    Ok(no_content())
}

/// What the path names, once policy has agreed.
fn permitted(ctx: &Context, rule: &str, path: &PathArgs) -> Result<(IdpId, ProtocolId)> {
    let (idp, id) = (path.id::<IdpId>(0)?, path.id::<ProtocolId>(1)?);
    let target = Target::new()
        .with("idp_id", idp.as_str())
        .with("protocol_id", id.as_str());
    ctx.enforce(rule, &target)?;
    Ok((idp, id))
}

fn listed(ctx: &Context, protocol: &Protocol) -> Value {
    let mut item = json!(protocol);
    item["links"] = links(ctx, protocol);
    item
}

/// A single protocol shows less of itself than in lists.
fn respond(ctx: &Context, status: StatusCode, protocol: &Protocol) -> Response {
    let shown = json!({
        "id": protocol.id,
        "mapping_id": protocol.mapping_id,
        "links": links(ctx, protocol),
    });
    json(status, &json!({ "protocol": shown }))
}

fn links(ctx: &Context, protocol: &Protocol) -> Value {
    let provider = ctx.base().member(COLLECTION, &protocol.idp_id);
    let collection = ["OS-FEDERATION", "identity_providers"];
    let rest = [protocol.idp_id.as_str(), "protocols", &protocol.id];
    let itself = ctx.base().nested(&[collection.as_slice(), &rest].concat());
    json!({ "self": itself, "identity_provider": provider })
}
