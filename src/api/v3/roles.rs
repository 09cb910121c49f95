//! `/v3/roles`

use crate::api::attributes::Attributes;
use crate::api::body::JsonBody;
use crate::api::context::{Context, PathArgs};
use crate::api::response::no_content;
use crate::api::schema;
use crate::error::{Error, Result};
use crate::model::{DomainId, Role, RoleChanges, RoleId};
use crate::policy::Target;
use axum::http::StatusCode;
use axum::response::Response;
use serde_json::{Map, Value, json};

/// `GET /v3/roles`: the global roles, or with `?domain_id=` those of a domain.
pub async fn list(ctx: Context) -> Result<Response> {
    schema::ROLE_LIST.validate(&ctx.query.to_value())?;
    let domain_id = ctx.query.get("domain_id").map(DomainId::from);
    let rule = match domain_id {
        Some(_) => "identity:list_domain_roles",
        None => "identity:list_roles",
    };
    ctx.enforce(rule, &Target::new())?;
    let rules = ctx.open_page_rules(ctx.settings.config.role.list_limit);
    let hints = ctx.query.list_hints(&["name"], rules)?;
    let page = ctx
        .app
        .assignment()
        .roles(domain_id.as_ref(), &hints)
        .await?;
    Ok(ctx.page(
        "roles",
        &page,
        hints.limit,
        |role| &role.id,
        |role| view(&ctx, role),
    ))
}

/// `POST /v3/roles`
pub async fn create(ctx: Context, body: JsonBody) -> Result<Response> {
    schema::ROLE_CREATE.validate(&body.0)?;
    let role = new_role(&body.new_member("role")?)?;
    let rule = match role.domain_id {
        Some(_) => "identity:create_domain_role",
        None => "identity:create_role",
    };
    ctx.enforce(rule, &Target::new())?;
    let role = ctx.app.assignment().create_role(role).await?;
    Ok(member(&ctx, StatusCode::CREATED, &role))
}

/// `GET /v3/roles/{role_id}`
pub async fn show(ctx: Context, path: PathArgs) -> Result<Response> {
    let role = load(&ctx, &path).await?;
    ctx.enforce(
        rule_for(&role, "identity:get_role", "identity:get_domain_role"),
        &target(&role),
    )?;
    Ok(member(&ctx, StatusCode::OK, &role))
}

/// `PATCH /v3/roles/{role_id}`
pub async fn update(ctx: Context, path: PathArgs, body: JsonBody) -> Result<Response> {
    schema::ROLE_UPDATE.validate(&body.0)?;
    let role = load(&ctx, &path).await?;
    let rule = rule_for(&role, "identity:update_role", "identity:update_domain_role");
    ctx.enforce(rule, &target(&role))?;
    let changes = changes(&role, body.member("role")?)?;
    let role = ctx.app.assignment().update_role(&role.id, &changes).await?;
    Ok(member(&ctx, StatusCode::OK, &role))
}

/// `DELETE /v3/roles/{role_id}`
pub async fn delete(ctx: Context, path: PathArgs) -> Result<Response> {
    let role = load(&ctx, &path).await?;
    let rule = rule_for(&role, "identity:delete_role", "identity:delete_domain_role");
    ctx.enforce(rule, &target(&role))?;
    ctx.app.assignment().delete_role(&role.id).await?;
    Ok(no_content())
}

/// The role that the path names. Which rule governs it depends on the role, so it is read before
/// policy is asked; without a token nothing is said about it.
async fn load(ctx: &Context, path: &PathArgs) -> Result<Role> {
    ctx.authenticated()?;
    ctx.app.assignment().role(&path.id(0)?).await
}

fn rule_for(role: &Role, global: &'static str, of_domain: &'static str) -> &'static str {
    if role.domain_id.is_some() {
        of_domain
    } else {
        global
    }
}

fn target(role: &Role) -> Target<'_> {
    with_role(Target::new(), role).with("role_id", role.id.as_str())
}

/// Adds what policy may know of a role.
pub(super) fn with_role<'a>(target: Target<'a>, role: &'a Role) -> Target<'a> {
    target
        .with("target.role.id", role.id.as_str())
        .with("target.role.name", role.name.as_str())
        .with("target.role.domain_id", role.domain_id.as_deref())
}

/// A role as collections show it.
pub(super) fn view(ctx: &Context, role: &Role) -> Value {
    let mut body = role.attributes();
    body.insert(
        "links".to_owned(),
        ctx.base().member_links("roles", &role.id),
    );
    Value::Object(body)
}

/// A role as other resources mention it.
pub(super) fn reference(ctx: &Context, role: &Role) -> Value {
    json!({
        "id": role.id,
        "links": ctx.base().member_links("roles", &role.id),
        "name": role.name,
    })
}

fn member(ctx: &Context, status: StatusCode, role: &Role) -> Response {
    ctx.member(status, "role", "roles", &role.id, role.attributes())
}

/// Members of the body that are columns, or that the server alone decides about.
const KNOWN: [&str; 5] = ["name", "domain_id", "description", "options", "links"];

fn owned<T: for<'a> From<&'a str>>(text: Option<Option<&str>>) -> Option<T> {
    text.flatten().map(T::from)
}

/// The role that a checked body describes.
fn new_role(body: &Map<String, Value>) -> Result<Role> {
    let sent = Attributes::of(body);
    Ok(Role {
        id: RoleId::random(),
        name: sent.required_text("name")?.to_owned(),
        domain_id: owned(sent.nullable_text("domain_id")?),
        description: owned(sent.nullable_text("description")?),
        options: sent.object("options")?.cloned().unwrap_or_default(),
        extra: sent.rest(&KNOWN),
    })
}

/// What a checked body changes in a role.
fn changes(role: &Role, body: &Map<String, Value>) -> Result<RoleChanges> {
    let sent = Attributes::of(body);
    sent.check_id(&role.id)?;
    let domain_id = sent.nullable_text("domain_id")?;
    if domain_id.is_some_and(|id| id != role.domain_id.as_deref()) {
        return Err(Error::bad_request(
            "A role can't be moved to another domain.",
        ));
    }
    let description = sent.nullable_text("description")?;
    Ok(RoleChanges {
        name: sent.text("name")?.map(str::to_owned),
        description: description.map(|text| text.map(str::to_owned)),
        options: sent.object("options")?.cloned(),
        extra: sent.rest(&KNOWN),
    })
}
