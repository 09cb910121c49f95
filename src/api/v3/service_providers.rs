//! `/v3/OS-FEDERATION/service_providers`

use crate::api::attributes::Attributes;
use crate::api::body::JsonBody;
use crate::api::context::{Context, PathArgs};
use crate::api::response::no_content;
use crate::api::schema;
use crate::error::Result;
use crate::manager::federation::ServiceProviderChanges;
use crate::model::ServiceProviderId;
use crate::model::federation::ServiceProvider;
use crate::policy::Target;
use axum::http::StatusCode;
use axum::response::Response;
use serde_json::json;

const COLLECTION: &str = "OS-FEDERATION/service_providers";

/// `GET /v3/OS-FEDERATION/service_providers`
pub async fn list(ctx: Context) -> Result<Response> {
    schema::SERVICE_PROVIDER_LIST.validate(&ctx.query.to_value())?;
    ctx.enforce("identity:list_service_providers", &Target::new())?;
    let found = ctx.app.federation().service_providers().await?;
    let items = found
        .iter()
        .filter(|provider| ctx.query.wants(&provider.id, provider.enabled))
        .map(|provider| {
            let mut item = json!(provider);
            item["links"] = ctx.base().member_links(COLLECTION, &provider.id);
            item
        })
        .collect();
    Ok(ctx.collection("service_providers", items))
}

/// `GET /v3/OS-FEDERATION/service_providers/{service_provider_id}`
pub async fn show(ctx: Context, path: PathArgs) -> Result<Response> {
    let id = permitted(&ctx, "identity:get_service_provider", &path)?;
    let provider = ctx.app.federation().service_provider(&id).await?;
    respond(&ctx, StatusCode::OK, &provider)
}

/// `PUT /v3/OS-FEDERATION/service_providers/{service_provider_id}`
pub async fn create(ctx: Context, path: PathArgs, body: JsonBody) -> Result<Response> {
    schema::SERVICE_PROVIDER_CREATE.validate(&body.0)?;
    let id = permitted(&ctx, "identity:create_service_provider", &path)?;
    let sent = Attributes::of(body.member("service_provider")?);
    let description = sent.nullable_text("description")?.flatten();
    let provider = ServiceProvider {
        auth_url: sent.required_text("auth_url")?.to_owned(),
        id,
        enabled: sent.boolean("enabled")?.unwrap_or(false),
        description: description.map(str::to_owned),
        relay_state_prefix: prefix(&ctx, sent)?.unwrap_or_else(|| default_prefix(&ctx)),
        sp_url: sent.required_text("sp_url")?.to_owned(),
    };
    let federation = ctx.app.federation();
    federation.create_service_provider(&provider).await?;
    respond(&ctx, StatusCode::CREATED, &provider)
}

/// `PATCH /v3/OS-FEDERATION/service_providers/{service_provider_id}`
pub async fn update(ctx: Context, path: PathArgs, body: JsonBody) -> Result<Response> {
    schema::SERVICE_PROVIDER_UPDATE.validate(&body.0)?;
    let id = permitted(&ctx, "identity:update_service_provider", &path)?;
    let sent = Attributes::of(body.member("service_provider")?);
    let description = sent.nullable_text("description")?;
    let changes = ServiceProviderChanges {
        auth_url: sent.text("auth_url")?.map(str::to_owned),
        enabled: sent.boolean("enabled")?,
        description: description.map(|text| text.map(str::to_owned)),
        relay_state_prefix: prefix(&ctx, sent)?,
        sp_url: sent.text("sp_url")?.map(str::to_owned),
    };
    let federation = ctx.app.federation();
    let provider = federation.update_service_provider(&id, &changes).await?;
    respond(&ctx, StatusCode::OK, &provider)
}

/// `DELETE /v3/OS-FEDERATION/service_providers/{service_provider_id}`
pub async fn delete(ctx: Context, path: PathArgs) -> Result<Response> {
    let id = permitted(&ctx, "identity:delete_service_provider", &path)?;
    ctx.app.federation().delete_service_provider(&id).await?;
    Ok(no_content())
}

/// The id in the path, once policy has agreed.
fn permitted(ctx: &Context, rule: &str, path: &PathArgs) -> Result<ServiceProviderId> {
    let id = path.id::<ServiceProviderId>(0)?;
    ctx.enforce(
        rule,
        &Target::new().with("service_provider_id", id.as_str()),
    )?;
    Ok(id)
}

/// Null stands for the configured prefix.
fn prefix(ctx: &Context, sent: Attributes<'_>) -> Result<Option<String>> {
    let given = sent.nullable_text("relay_state_prefix")?;
    Ok(given.map(|prefix| prefix.map_or_else(|| default_prefix(ctx), str::to_owned)))
}

fn default_prefix(ctx: &Context) -> String {
    ctx.settings.config.saml.relay_state_prefix.clone()
}

fn respond(ctx: &Context, status: StatusCode, provider: &ServiceProvider) -> Result<Response> {
    let (key, id) = ("service_provider", &provider.id);
    Ok(ctx.member(status, key, COLLECTION, id, super::members_of(provider)?))
}
