//! `/v2.0/users`

use super::envelope::{new_object, object};
use super::tenants;
use super::tokens::default_domain;
use crate::api::attributes::Attributes;
use crate::api::body::JsonBody;
use crate::api::context::{Context, PathArgs};
use crate::api::response::{json, no_content};
use crate::error::{Error, Result};
use crate::manager::assignment::MemberRole;
use crate::manager::identity::{NewUser, UserQuery, UserUpdate};
use crate::model::{ProjectId, RoleId, Secret, User, UserChanges, UserId};
use axum::http::StatusCode;
use axum::response::Response;
use serde_json::{Map, Value, json};

/// Longest name, in characters.
const LONGEST_NAME: usize = 255;

/// Members of a request that are not stored in `extra`.
const KNOWN: [&str; 13] = [
    "name",
    "domain_id",
    "enabled",
    "tenantId",
    "default_project_id",
    "password",
    "OS-KSADM:password",
    "OS_KSADM_password",
    "password_expires_at",
    "options",
    "federated",
    "links",
    "roles",
];

/// `GET /v2.0/users`: all of them, or with `name` the one.
pub async fn list(ctx: Context) -> Result<Response> {
    ctx.enforce_admin()?;
    let domain = default_domain(&ctx);
    if let Some(name) = ctx.query.get("name") {
        let user = ctx.app.identity().user_by_name(&domain, name).await?;
        return Ok(member(view(&user)));
    }
    let query = UserQuery {
        domain_id: Some(domain),
        ..UserQuery::default()
    };
    let page = ctx.app.identity().users(query).await?;
    Ok(collection(&page.items))
}

/// `POST /v2.0/users`: a user with a `tenantId` becomes a member of that tenant.
pub async fn create(ctx: Context, body: JsonBody) -> Result<Response> {
    let members = new_object(&body, "user")?;
    let sent = Attributes::of(&members);
    let name = name(sent)?.ok_or_else(|| Error::bad_request("A user must have a 'name'."))?;
    let tenant_id = tenant_id(sent)?;
    let new = NewUser {
        name: name.to_owned(),
        domain_id: default_domain(&ctx),
        enabled: enabled(&members)?.unwrap_or(true),
        default_project_id: tenant_id.clone(),
        password: password(sent)?,
        options: Map::new(),
        federated: Vec::new(),
        extra: extra(&members),
    };
    ctx.enforce_admin()?;
    let member_role = member_role(&ctx);
    if let Some(id) = &tenant_id {
        tenants::existing(&ctx, id).await?;
    }
    let identity = ctx.app.identity();
    let user = identity.create_member(new, &member_role).await?;
    Ok(member(view(&user)))
}

/// `GET /v2.0/users/{user_id}`
pub async fn show(ctx: Context, path: PathArgs) -> Result<Response> {
    ctx.enforce_admin()?;
    let user = ctx.app.identity().user(&path.id::<UserId>(0)?).await?;
    Ok(member(view(&user)))
}

/// `PUT /v2.0/users/{user_id}`, and below it `password`, `enabled` and `tenant`, which all take any
/// part of a user. Another `tenantId` moves the membership; null changes nothing.
pub async fn update(ctx: Context, path: PathArgs, body: JsonBody) -> Result<Response> {
    let id = path.id::<UserId>(0)?;
    let members = object(&body, "user")?;
    let sent = Attributes::of(members);
    sent.check_id(&id)?;
    let tenant_id = tenant_id(sent)?;
    let update = UserUpdate {
        changes: UserChanges {
            name: name(sent)?.map(str::to_owned),
            enabled: enabled(members)?,
            default_project_id: tenant_id.clone().map(Some),
            extra: extra(members),
            ..UserChanges::default()
        },
        password: password(sent)?,
        domain_id: None,
    };
    ctx.enforce_admin()?;
    if update.password.is_some() {
        ctx.permit_password_of(&id)?;
    }
    let member_role = member_role(&ctx);
    if let Some(id) = &tenant_id {
        tenants::existing(&ctx, id).await?;
    }
    let identity = ctx.app.identity();
    let user = identity.update_member(&id, update, &member_role).await?;
    let mut shown = view(&user);
    shown.insert("extra".to_owned(), Value::Object(user.extra));
    Ok(member(shown))
}

/// `DELETE /v2.0/users/{user_id}`
pub async fn delete(ctx: Context, path: PathArgs) -> Result<Response> {
    ctx.enforce_admin()?;
    ctx.app.identity().delete_user(&path.id(0)?).await?;
    Ok(no_content())
}

/// A user without what v2.0 has no word for; the members of `extra` stand beside the others.
fn view(user: &User) -> Map<String, Value> {
    let mut view = user.extra.clone();
    view.remove("tenantId");
    let mut set = |name: &str, value: Value| view.insert(name.to_owned(), value);
    set("id", json!(user.id));
    set("name", json!(user.name));
    set("enabled", json!(user.enabled));
    if let Some(tenant) = &user.default_project_id {
        set("tenantId", json!(tenant));
    }
    view.entry("username").or_insert_with(|| json!(user.name));
    view
}

fn member(user: Map<String, Value>) -> Response {
    json(StatusCode::OK, &json!({ "user": user }))
}

/// `{"users": […]}`
pub(super) fn collection(users: &[User]) -> Response {
    let users: Vec<_> = users.iter().map(view).collect();
    json(StatusCode::OK, &json!({ "users": users }))
}

/// The role by which a user belongs to its tenant.
fn member_role(ctx: &Context) -> MemberRole {
    let config = &ctx.settings.config.default;
    MemberRole {
        id: RoleId::from(config.member_role_id.as_str()),
        name: config.member_role_name.clone(),
    }
}

/// `name`, or `username` when it stands alone.
///
/// # Errors
/// 400 when it is empty or too long.
fn name(sent: Attributes<'_>) -> Result<Option<&str>> {
    let name = match sent.text("name")? {
        Some(name) => Some(name),
        None => sent.text("username")?,
    };
    if name.is_some_and(|name| name.trim().is_empty() || name.chars().count() > LONGEST_NAME) {
        return Err(Error::bad_request(format!(
            "A user's 'name' must have 1 to {LONGEST_NAME} characters."
        )));
    }
    Ok(name)
}

/// What is not a member of its own. A `username` beside another `name` is kept as it is.
fn extra(members: &Map<String, Value>) -> Map<String, Value> {
    let mut extra = Attributes::of(members).rest(&KNOWN);
    if !members.contains_key("name") {
        extra.remove("username");
    }
    extra
}

fn tenant_id(sent: Attributes<'_>) -> Result<Option<ProjectId>> {
    let id = sent.nullable_text("tenantId")?.flatten();
    Ok(id.map(ProjectId::from))
}

/// `password`, or what OS-KSADM calls it; null is no password.
fn password(sent: Attributes<'_>) -> Result<Option<Option<Secret>>> {
    for name in ["password", "OS-KSADM:password", "OS_KSADM_password"] {
        if let Some(password) = sent.nullable_text(name)? {
            return Ok(Some(password.map(Secret::from)));
        }
    }
    Ok(None)
}

fn enabled(members: &Map<String, Value>) -> Result<Option<bool>> {
    match members.get("enabled") {
        None => Ok(None),
        Some(Value::Bool(enabled)) => Ok(Some(*enabled)),
        Some(_) => Err(Error::bad_request("'enabled' must be a boolean.")),
    }
}
