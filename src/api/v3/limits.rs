//! `/v3/limits`

use super::members_of;
use crate::api::attributes::Attributes;
use crate::api::body::JsonBody;
use crate::api::context::{Context, PathArgs};
use crate::api::response::{json, no_content};
use crate::api::schema;
use crate::config::EnforcementModel;
use crate::error::{Error, Result};
use crate::manager::limit::{LimitChanges, LimitFacts, NewLimit};
use crate::model::token::ResolvedScope;
use crate::model::{Limit, LimitHolder, LimitScope, RegionId};
use crate::policy::Target;
use axum::http::StatusCode;
use axum::response::Response;
use serde_json::{Map, Value, json};

/// `GET /v3/limits`: everybody sees the limits of the own project or domain, administrators and
/// services all.
pub async fn list(ctx: Context) -> Result<Response> {
    schema::LIMIT_LIST.validate(&ctx.query.to_value())?;
    ctx.enforce("identity:list_limits", &Target::new())?;
    let list_limit = ctx.settings.config.unified_limit.list_limit;
    let hints = ctx.query.list_hints(
        &[
            "service_id",
            "region_id",
            "resource_name",
            "project_id",
            "domain_id",
        ],
        ctx.open_page_rules(list_limit),
    )?;
    let page = ctx.app.limits().limits(&seen_by(&ctx), &hints).await?;
    Ok(ctx.page(
        "limits",
        &page,
        hints.limit,
        |limit| &limit.id,
        |limit| view(&ctx, limit),
    ))
}

/// Whose limits the caller may list.
fn seen_by(ctx: &Context) -> LimitScope {
    if ctx.is_admin_token() || ctx.allows("service_or_admin", &Target::new()) {
        return LimitScope::All;
    }
    match ctx.scope() {
        Some(ResolvedScope::System) => LimitScope::All,
        Some(ResolvedScope::Domain(domain)) => LimitScope::Domain(domain.id.clone()),
        Some(ResolvedScope::Project { id, .. }) => LimitScope::Project(id.clone()),
        Some(ResolvedScope::Unscoped) | None => LimitScope::Nobody,
    }
}

/// `POST /v3/limits`: many at once.
pub async fn create(ctx: Context, body: JsonBody) -> Result<Response> {
    schema::LIMIT_CREATE.validate(&body.0)?;
    ctx.enforce("identity:create_limits", &Target::new())?;
    let new: Vec<NewLimit> = body
        .members("limits")?
        .map(|member| new_limit(Attributes::of(member?)))
        .collect::<Result<_>>()?;
    let created = ctx.app.limits().create_limits(&new).await?;
    let created: Vec<Value> = created.iter().map(|limit| view(&ctx, limit)).collect();
    Ok(json(StatusCode::CREATED, &json!({ "limits": created })))
}

fn new_limit(sent: Attributes<'_>) -> Result<NewLimit> {
    let project_id = sent.nullable_text("project_id")?.flatten();
    let domain_id = sent.nullable_text("domain_id")?.flatten();
    let description = sent.nullable_text("description")?.flatten();
    let region_id = sent.nullable_text("region_id")?.flatten();
    Ok(NewLimit {
        holder: match (project_id, domain_id) {
            (Some(id), None) => LimitHolder::Project(id.into()),
            (None, Some(id)) => LimitHolder::Domain(id.into()),
            _ => {
                return Err(Error::bad_request(
                    "A limit is for either a project or a domain.",
                ));
            }
        },
        service_id: sent.required_text("service_id")?.into(),
        region_id: region_id.map(RegionId::from),
        resource_name: sent.required_text("resource_name")?.to_owned(),
        resource_limit: sent.required_integer("resource_limit")?,
        description: description.map(str::to_owned),
    })
}

/// `GET /v3/limits/model`
pub async fn show_model(ctx: Context) -> Result<Response> {
    ctx.enforce("identity:get_limit_model", &Target::new())?;
    let (name, description) = match ctx.app.limits().model() {
        EnforcementModel::Flat => (
            "flat",
            "Each limit stands for itself, wherever its project is in the hierarchy.",
        ),
        EnforcementModel::StrictTwoLevel => (
            "strict_two_level",
            "Projects are at most two levels deep, and none may use more than its domain.",
        ),
    };
    let body = json!({ "model": { "name": name, "description": description } });
    Ok(json(StatusCode::OK, &body))
}

/// `GET /v3/limits/{limit_id}`
pub async fn show(ctx: Context, path: PathArgs) -> Result<Response> {
    let id = path.id::<String>(0)?;
    let limit = permitted(&ctx, "identity:get_limit", &id).await?;
    respond(&ctx, &limit)
}

/// `PATCH /v3/limits/{limit_id}`
pub async fn update(ctx: Context, path: PathArgs, body: JsonBody) -> Result<Response> {
    schema::LIMIT_UPDATE.validate(&body.0)?;
    let id = path.id::<String>(0)?;
    permitted(&ctx, "identity:update_limit", &id).await?;
    let sent = Attributes::of(body.member("limit")?);
    let description = sent.nullable_text("description")?;
    let changes = LimitChanges {
        resource_limit: sent.integer("resource_limit")?,
        description: description.map(|text| text.map(str::to_owned)),
    };
    let limit = ctx.app.limits().update_limit(&id, &changes).await?;
    respond(&ctx, &limit)
}

/// `DELETE /v3/limits/{limit_id}`
pub async fn delete(ctx: Context, path: PathArgs) -> Result<Response> {
    let id = path.id::<String>(0)?;
    permitted(&ctx, "identity:delete_limit", &id).await?;
    ctx.app.limits().delete_limit(&id).await?;
    Ok(no_content())
}

/// The limit, once policy has agreed. Who may not see it does not learn whether it exists.
async fn permitted(ctx: &Context, rule: &str, id: &str) -> Result<Limit> {
    ctx.authenticated()?;
    let found = ctx.app.limits().find_limit(id).await?;
    let attributes = found.as_ref().map(target_attributes).transpose()?;
    let attributes = attributes.unwrap_or_default();
    let target = Target::new()
        .with("limit_id", id)
        .object("target.limit", &attributes);
    ctx.enforce(rule, &target)?;
    let limit = found.map(|facts| facts.limit);
    limit.ok_or_else(|| Error::not_found("limit", id))
}

/// What policy asks about: also the domain, and the domain of the project.
fn target_attributes(facts: &LimitFacts) -> Result<Map<String, Value>> {
    let mut map = members_of(&facts.limit)?;
    if let Some(id) = &facts.limit.domain_id {
        map.insert("domain".to_owned(), json!({ "id": id }));
    }
    if let Some(id) = &facts.project_domain_id {
        map.insert("project".to_owned(), json!({ "domain_id": id }));
    }
    Ok(map)
}

fn view(ctx: &Context, limit: &Limit) -> Value {
    let mut map = members_of(limit).unwrap_or_default();
    let links = ctx.base().member_links("limits", &limit.id);
    map.insert("links".to_owned(), links);
    Value::Object(map)
}

fn respond(ctx: &Context, limit: &Limit) -> Result<Response> {
    let body = members_of(limit)?;
    Ok(ctx.member(StatusCode::OK, "limit", "limits", &limit.id, body))
}
