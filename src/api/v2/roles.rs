//! `/v2.0/OS-KSADM/roles`, and who has which role on which tenant.

use super::envelope::{new_object, object, optional_text};
use super::tenants;
use crate::api::attributes::Attributes;
use crate::api::body::JsonBody;
use crate::api::context::{Context, PathArgs};
use crate::api::query::Query;
use crate::api::response::{json, no_content};
use crate::error::{Error, Result};
use crate::model::list::ListHints;
use crate::model::{ProjectId, Role, RoleId, UserId};
use axum::http::StatusCode;
use axum::response::Response;
use serde_json::{Map, Value, json};

/// Longest name and description, in characters.
const LONGEST: usize = 255;
/// Longest id, in characters.
const LONGEST_ID: usize = 64;

/// Members of a request that are not stored in `extra`.
const KNOWN: [&str; 5] = ["name", "domain_id", "description", "options", "links"];

/// `GET /v2.0/OS-KSADM/roles`
pub async fn list(ctx: Context) -> Result<Response> {
    ctx.enforce_admin()?;
    let hints = ListHints::default();
    let page = ctx.app.assignment().roles(None, &hints).await?;
    Ok(collection(&page.items))
}

/// `POST /v2.0/OS-KSADM/roles`: the configured member role gets its configured id.
pub async fn create(ctx: Context, body: JsonBody) -> Result<Response> {
    let members = new_object(&body, "role")?;
    let name = optional_text(&members, "name", LONGEST)?
        .ok_or_else(|| Error::bad_request("A role must have a 'name'."))?;
    let description = optional_text(&members, "description", LONGEST)?;
    let config = &ctx.settings.config.default;
    let role = Role {
        id: match name == config.member_role_name {
            true => RoleId::from(config.member_role_id.as_str()),
            false => RoleId::random(),
        },
        name: name.to_owned(),
        domain_id: None,
        description: description.map(str::to_owned),
        options: Map::new(),
        extra: Attributes::of(&members).rest(&KNOWN),
    };
    ctx.enforce_admin()?;
    let role = ctx.app.assignment().create_role(role).await?;
    Ok(member(&role))
}

/// `GET /v2.0/OS-KSADM/roles/{role_id}`
pub async fn show(ctx: Context, path: PathArgs) -> Result<Response> {
    ctx.enforce_admin()?;
    let role = ctx.app.assignment().role(&path.id(0)?).await?;
    Ok(member(&role))
}

/// `DELETE /v2.0/OS-KSADM/roles/{role_id}`
pub async fn delete(ctx: Context, path: PathArgs) -> Result<Response> {
    ctx.enforce_admin()?;
    ctx.app.assignment().delete_role(&path.id(0)?).await?;
    Ok(no_content())
}

/// `GET /v2.0/tenants/{tenant_id}/users/{user_id}/roles`
pub async fn list_on_tenant(ctx: Context, path: PathArgs) -> Result<Response> {
    ctx.enforce_admin()?;
    let tenant = tenants::existing(&ctx, &path.id(0)?).await?;
    let assignment = ctx.app.assignment();
    let roles = assignment.roles_of_user(&path.id(1)?, &tenant.id).await?;
    Ok(collection(&roles))
}

/// `PUT /v2.0/tenants/{tenant_id}/users/{user_id}/roles/OS-KSADM/{role_id}`
pub async fn grant(ctx: Context, path: PathArgs) -> Result<Response> {
    ctx.enforce_admin()?;
    let (tenant, user) = (path.id::<ProjectId>(0)?, path.id::<UserId>(1)?);
    let assignment = ctx.app.assignment();
    let role = assignment.add_role(&user, &tenant, &path.id(2)?).await?;
    Ok(member(&role))
}

/// `DELETE /v2.0/tenants/{tenant_id}/users/{user_id}/roles/OS-KSADM/{role_id}`
pub async fn revoke(ctx: Context, path: PathArgs) -> Result<Response> {
    ctx.enforce_admin()?;
    let (tenant, user) = (path.id::<ProjectId>(0)?, path.id::<UserId>(1)?);
    let assignment = ctx.app.assignment();
    assignment.remove_role(&user, &tenant, &path.id(2)?).await?;
    Ok(no_content())
}

/// Roles of a user without a tenant, which v2.0 has paths for and never had.
pub async fn without_tenant(ctx: Context) -> Result<Response> {
    ctx.enforce_admin()?;
    Err(Error::NotImplemented(
        "Users have roles on tenants only.".to_owned(),
    ))
}

/// `GET /v2.0/users/{user_id}/roleRefs`
pub async fn list_refs(ctx: Context, path: PathArgs) -> Result<Response> {
    ctx.enforce_admin()?;
    let user = path.id::<UserId>(0)?;
    let found = ctx.app.assignment().roles_on_projects(&user).await?;
    let refs: Vec<Value> = found
        .iter()
        .map(|(tenant, role)| {
            json!({
                "id": format!("roleId={role}&userId={user}&tenantId={tenant}"),
                "roleId": role,
                "tenantId": tenant,
                "userId": user,
            })
        })
        .collect();
    Ok(json(StatusCode::OK, &json!({ "roles": refs })))
}

/// `POST /v2.0/users/{user_id}/roleRefs`
pub async fn create_ref(ctx: Context, path: PathArgs, body: JsonBody) -> Result<Response> {
    let sent = object(&body, "role")?;
    let required = |name: &str| {
        optional_text(sent, name, LONGEST_ID)?
            .ok_or_else(|| Error::bad_request(format!("'role' must have a '{name}'.")))
    };
    let tenant = ProjectId::from(required("tenantId")?);
    let role = RoleId::from(required("roleId")?);
    ctx.enforce_admin()?;
    let user = path.id::<UserId>(0)?;
    let role = ctx.app.assignment().add_role(&user, &tenant, &role).await?;
    Ok(member(&role))
}

/// `DELETE /v2.0/users/{user_id}/roleRefs/{role_ref_id}`
pub async fn delete_ref(ctx: Context, path: PathArgs) -> Result<Response> {
    ctx.enforce_admin()?;
    let user = path.id::<UserId>(0)?;
    let id = Query::parse(&path.id::<String>(1)?);
    let (Some(tenant), Some(role)) = (id.get("tenantId"), id.get("roleId")) else {
        return Err(Error::bad_request("That is no id of a role reference."));
    };
    let (tenant, role) = (ProjectId::from(tenant), RoleId::from(role));
    ctx.app
        .assignment()
        .remove_role(&user, &tenant, &role)
        .await?;
    Ok(no_content())
}

/// A role; the members of `extra` stand beside the others.
fn view(role: &Role) -> Map<String, Value> {
    let mut view = role.extra.clone();
    let mut set = |name: &str, value: Value| view.insert(name.to_owned(), value);
    set("id", json!(role.id));
    set("name", json!(role.name));
    set("domain_id", json!(role.domain_id));
    if let Some(description) = &role.description {
        set("description", json!(description));
    }
    view
}

fn member(role: &Role) -> Response {
    json(StatusCode::OK, &json!({ "role": view(role) }))
}

fn collection(roles: &[Role]) -> Response {
    let roles: Vec<_> = roles.iter().map(view).collect();
    json(StatusCode::OK, &json!({ "roles": roles }))
}
