//! `/v3/OS-FEDERATION/identity_providers`

use crate::api::attributes::Attributes;
use crate::api::body::JsonBody;
use crate::api::context::{Context, PathArgs};
use crate::api::response::no_content;
use crate::api::schema;
use crate::error::{Error, Result};
use crate::manager::federation::IdentityProviderChanges;
use crate::model::federation::IdentityProvider;
use crate::model::{DomainId, IdpId};
use crate::policy::Target;
use axum::http::StatusCode;
use axum::response::Response;
use serde_json::{Map, Value, json};

pub(super) const COLLECTION: &str = "OS-FEDERATION/identity_providers";

/// `GET /v3/OS-FEDERATION/identity_providers`
pub async fn list(ctx: Context) -> Result<Response> {
    schema::IDENTITY_PROVIDER_LIST.validate(&ctx.query.to_value())?;
    ctx.enforce("identity:list_identity_providers", &Target::new())?;
    let found = ctx.app.federation().identity_providers().await?;
    let items = found
        .iter()
        .filter(|provider| ctx.query.wants(&provider.id, provider.enabled))
        .map(|provider| listed(&ctx, provider))
        .collect();
    Ok(ctx.collection("identity_providers", items))
}

/// `GET /v3/OS-FEDERATION/identity_providers/{idp_id}`
pub async fn show(ctx: Context, path: PathArgs) -> Result<Response> {
    let id = path.id::<IdpId>(0)?;
    ctx.enforce("identity:get_identity_provider", &target(&id))?;
    let provider = ctx.app.federation().identity_provider(&id).await?;
    respond(&ctx, StatusCode::OK, &provider)
}

/// `PUT /v3/OS-FEDERATION/identity_providers/{idp_id}`
pub async fn create(ctx: Context, path: PathArgs, body: JsonBody) -> Result<Response> {
    schema::IDENTITY_PROVIDER_CREATE.validate(&body.0)?;
    let id = path.id::<IdpId>(0)?;
    ctx.enforce("identity:create_identity_provider", &target(&id))?;
    // The schema asks for no member at all.
    let empty = Map::new();
    let sent = body.0.get("identity_provider").and_then(Value::as_object);
    let sent = Attributes::of(sent.unwrap_or(&empty));
    let domain = sent.nullable_text("domain_id")?.flatten();
    let domain = domain.filter(|id| !id.is_empty()).map(DomainId::from);
    let provider = IdentityProvider {
        id,
        domain_id: DomainId::from(""),
        enabled: sent.boolean("enabled")?.unwrap_or(false),
        description: sent
            .nullable_text("description")?
            .flatten()
            .map(str::to_owned),
        remote_ids: remote_ids(sent)?.unwrap_or_default(),
        authorization_ttl: ttl(sent)?.flatten(),
    };
    let federation = ctx.app.federation();
    let provider = federation
        .create_identity_provider(provider, domain)
        .await?;
    respond(&ctx, StatusCode::CREATED, &provider)
}

/// `PATCH /v3/OS-FEDERATION/identity_providers/{idp_id}`
pub async fn update(ctx: Context, path: PathArgs, body: JsonBody) -> Result<Response> {
    schema::IDENTITY_PROVIDER_UPDATE.validate(&body.0)?;
    let id = path.id::<IdpId>(0)?;
    ctx.enforce("identity:update_identity_provider", &target(&id))?;
    let sent = Attributes::of(body.member("identity_provider")?);
    let description = sent.nullable_text("description")?;
    let changes = IdentityProviderChanges {
        enabled: sent.boolean("enabled")?,
        description: description.map(|text| text.map(str::to_owned)),
        remote_ids: remote_ids(sent)?,
        authorization_ttl: ttl(sent)?,
    };
    let federation = ctx.app.federation();
    let provider = federation.update_identity_provider(&id, &changes).await?;
    respond(&ctx, StatusCode::OK, &provider)
}

/// `DELETE /v3/OS-FEDERATION/identity_providers/{idp_id}`
pub async fn delete(ctx: Context, path: PathArgs) -> Result<Response> {
    let id = path.id::<IdpId>(0)?;
    ctx.enforce("identity:delete_identity_provider", &target(&id))?;
    ctx.app.federation().delete_identity_provider(&id).await?;
    Ok(no_content())
}

fn target(id: &IdpId) -> Target<'_> {
    Target::new().with("idp_id", id.as_str())
}

/// Null stands for an empty list.
fn remote_ids(sent: Attributes<'_>) -> Result<Option<Vec<String>>> {
    let texts = sent.texts_or_null("remote_ids")?;
    Ok(texts.map(|texts| {
        let mut ids: Vec<String> = texts.into_iter().map(str::to_owned).collect();
        ids.sort_unstable();
        ids
    }))
}

fn ttl(sent: Attributes<'_>) -> Result<Option<Option<i64>>> {
    let minutes = sent.nullable_integer("authorization_ttl")?;
    // What the column holds.
    if minutes
        .flatten()
        .is_some_and(|ttl| i32::try_from(ttl).is_err())
    {
        return Err(Error::bad_request("'authorization_ttl' is too large."));
    }
    Ok(minutes)
}

fn listed(ctx: &Context, provider: &IdentityProvider) -> Value {
    let address = ctx.base().member(COLLECTION, &provider.id);
    let mut item = json!(provider);
    item["links"] = json!({ "self": address, "protocols": format!("{address}/protocols") });
    item
}

fn respond(ctx: &Context, status: StatusCode, provider: &IdentityProvider) -> Result<Response> {
    let (key, id) = ("identity_provider", &provider.id);
    Ok(ctx.member(status, key, COLLECTION, id, super::members_of(provider)?))
}
