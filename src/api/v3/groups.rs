//! `/v3/groups`: groups and who is in them.

use crate::api::attributes::Attributes;
use crate::api::body::JsonBody;
use crate::api::context::{Context, PathArgs};
use crate::api::response::no_content;
use crate::api::schema;
use crate::api::v3::users;
use crate::error::{Error, Result};
use crate::manager::identity::{GroupUpdate, NewGroup};
use crate::model::{DomainId, Group, GroupId, GroupOfUser, UserId};
use crate::policy::Target;
use axum::http::StatusCode;
use axum::response::Response;
use serde_json::{Map, Value, json};

/// Members of a request that are not stored in `extra`.
const KNOWN: [&str; 3] = ["name", "domain_id", "description"];

/// `GET /v3/groups`
pub async fn list(ctx: Context) -> Result<Response> {
    schema::GROUP_LIST.validate(&ctx.query.to_value())?;
    let target = match ctx.domain_of_scope() {
        Some(domain) => Target::new().with("target.group.domain_id", domain.as_str()),
        None => Target::new(),
    };
    ctx.enforce("identity:list_groups", &target)?;
    let mut domain = ctx.query.get("domain_id").map(DomainId::from);
    let contradicts = ctx
        .query
        .all("domain_id")
        .any(|id| domain.as_deref() != Some(id));
    if contradicts || !users::narrow_to_domain(&ctx, &mut domain) {
        return Ok(ctx.collection("groups", Vec::new()));
    }
    let domain = domain.or_else(|| ctx.domain_for_list());
    let list_limit = ctx.app.identity().list_limit(domain.as_ref()).await?;
    let rules = ctx.page_rules(list_limit);
    let hints = ctx.query.list_hints(&["name"], rules)?;
    let page = ctx.app.identity().groups(&hints, domain.as_ref()).await?;
    Ok(ctx.page(
        "groups",
        &page,
        hints.limit,
        |group| &group.id,
        |group| item(&ctx, group),
    ))
}

/// `POST /v3/groups`
pub async fn create(ctx: Context, body: JsonBody) -> Result<Response> {
    schema::GROUP_CREATE.validate(&body.0)?;
    let sent = Attributes::of(body.member("group")?);
    let domain_id = sent.text("domain_id")?.map(DomainId::from);
    let target = Target::of_new("target.group.domain_id", domain_id.as_deref());
    ctx.enforce("identity:create_group", &target)?;
    let description = sent.nullable_text("description")?.unwrap_or(Some(""));
    let group = NewGroup {
        name: sent.required_text("name")?.to_owned(),
        domain_id: domain_id.map_or_else(|| ctx.domain_for_new(), Ok)?,
        description: description.map(str::to_owned),
        extra: sent.rest_normalized(&KNOWN),
    };
    let group = ctx.app.identity().create_group(group).await?;
    Ok(ctx.member(
        StatusCode::CREATED,
        "group",
        "groups",
        &group.id,
        view(&group),
    ))
}

/// `GET /v3/groups/{group_id}`
pub async fn show(ctx: Context, path: PathArgs) -> Result<Response> {
    let id = path.id::<GroupId>(0)?;
    let group = ctx.app.identity().find_group(&id).await?;
    enforce(&ctx, "identity:get_group", &id, group.as_ref())?;
    let group = group.ok_or_else(|| Error::not_found("group", &id))?;
    Ok(ctx.member(StatusCode::OK, "group", "groups", &id, view(&group)))
}

/// `PATCH /v3/groups/{group_id}`
pub async fn update(ctx: Context, path: PathArgs, body: JsonBody) -> Result<Response> {
    let id = path.id::<GroupId>(0)?;
    schema::GROUP_UPDATE.validate(&body.0)?;
    let group = ctx.app.identity().find_group(&id).await?;
    enforce(&ctx, "identity:update_group", &id, group.as_ref())?;
    let sent = Attributes::of(body.member("group")?);
    sent.check_id(&id)?;
    let update = GroupUpdate {
        name: sent.text("name")?.map(str::to_owned),
        description: sent
            .nullable_text("description")?
            .map(|text| text.map(str::to_owned)),
        extra: sent.rest(&KNOWN),
        domain_id: sent.text("domain_id")?.map(DomainId::from),
    };
    let group = ctx.app.identity().update_group(&id, update).await?;
    Ok(ctx.member(StatusCode::OK, "group", "groups", &id, view(&group)))
}

/// `DELETE /v3/groups/{group_id}`
pub async fn delete(ctx: Context, path: PathArgs) -> Result<Response> {
    let id = path.id::<GroupId>(0)?;
    ctx.authenticated()?;
    // Unlike elsewhere, everybody with a token is told that there is no such group.
    let group = ctx.app.identity().group(&id).await?;
    enforce(&ctx, "identity:delete_group", &id, Some(&group))?;
    ctx.app.identity().delete_group(&id).await?;
    Ok(no_content())
}

/// `GET /v3/groups/{group_id}/users`
pub async fn list_users(ctx: Context, path: PathArgs) -> Result<Response> {
    let id = path.id::<GroupId>(0)?;
    let group = ctx.app.identity().find_group(&id).await?;
    enforce(&ctx, "identity:list_users_in_group", &id, group.as_ref())?;
    let group = group.ok_or_else(|| Error::not_found("group", &id))?;
    let list_limit = ctx
        .app
        .identity()
        .list_limit(Some(&group.domain_id))
        .await?;
    let Some(mut query) = users::query(&ctx, list_limit)? else {
        return Ok(ctx.collection("users", Vec::new()));
    };
    if !users::narrow_to_domain(&ctx, &mut query.domain_id) {
        return Ok(ctx.collection("users", Vec::new()));
    }
    query.group_id = Some(group.id);
    let limit = query.hints.limit;
    let page = ctx.app.identity().users(query).await?;
    Ok(ctx.page(
        "users",
        &page,
        limit,
        |user| &user.id,
        |user| users::item(&ctx, user),
    ))
}

/// `GET` and `HEAD /v3/groups/{group_id}/users/{user_id}`
pub async fn check_user(ctx: Context, path: PathArgs) -> Result<Response> {
    let (group, user) = membership(&ctx, &path, "identity:check_user_in_group").await?;
    ctx.app.identity().check_member(&user, &group).await?;
    Ok(no_content())
}

/// `PUT /v3/groups/{group_id}/users/{user_id}`
pub async fn add_user(ctx: Context, path: PathArgs) -> Result<Response> {
    let (group, user) = membership(&ctx, &path, "identity:add_user_to_group").await?;
    ctx.app.identity().add_member(&user, &group).await?;
    Ok(no_content())
}

/// `DELETE /v3/groups/{group_id}/users/{user_id}`
pub async fn remove_user(ctx: Context, path: PathArgs) -> Result<Response> {
    let (group, user) = membership(&ctx, &path, "identity:remove_user_from_group").await?;
    ctx.app.identity().remove_member(&user, &group).await?;
    Ok(no_content())
}

/// The ids of a membership's path, once policy has agreed. It sees both objects as far as they are
/// there.
async fn membership(ctx: &Context, path: &PathArgs, rule: &str) -> Result<(GroupId, UserId)> {
    let (group_id, user_id) = (path.id::<GroupId>(0)?, path.id::<UserId>(1)?);
    let group = ctx.app.identity().find_group(&group_id).await?;
    let user = ctx.app.identity().find_user(&user_id).await?;
    let group = group.as_ref().map(view).unwrap_or_default();
    let user = user.as_ref().map(users::view).unwrap_or_default();
    let target = Target::new()
        .object("target.group", &group)
        .object("target.user", &user)
        .with("group_id", group_id.as_str())
        .with("user_id", user_id.as_str());
    ctx.enforce(rule, &target)?;
    Ok((group_id, user_id))
}

fn enforce(ctx: &Context, rule: &str, id: &GroupId, group: Option<&Group>) -> Result<()> {
    let facts = group.map(view).unwrap_or_default();
    let target = Target::new()
        .object("target.group", &facts)
        .with("group_id", id.as_str());
    ctx.enforce(rule, &target)
}

/// A group as the API shows it, without links: what is in `extra` comes first.
fn view(group: &Group) -> Map<String, Value> {
    let mut view = group.extra.clone();
    let mut set = |name: &str, value: Value| view.insert(name.to_owned(), value);
    set("id", json!(group.id));
    set("name", json!(group.name));
    set("domain_id", json!(group.domain_id));
    set("description", json!(group.description));
    view
}

/// A group in a collection.
fn item(ctx: &Context, group: &Group) -> Value {
    linked(ctx, &group.id, view(group))
}

/// A group among those of a user: with the end of the membership.
pub(super) fn membership_item(ctx: &Context, membership: &GroupOfUser) -> Value {
    let mut view = view(&membership.group);
    let ends = membership
        .membership_expires_at
        .map(|time| time.without_zone());
    view.insert("membership_expires_at".to_owned(), json!(ends));
    linked(ctx, &membership.group.id, view)
}

fn linked(ctx: &Context, id: &GroupId, mut view: Map<String, Value>) -> Value {
    view.insert("links".to_owned(), ctx.base().member_links("groups", id));
    Value::Object(view)
}
