//! `/v3/users`: users, their passwords, groups, projects and tokens.

use crate::api::attributes::Attributes;
use crate::api::body::JsonBody;
use crate::api::context::{Context, PathArgs};
use crate::api::paging;
use crate::api::query::Inequality;
use crate::api::response::no_content;
use crate::api::schema;
use crate::api::v3::{groups, projects};
use crate::error::{Error, Result};
use crate::manager::identity::{
    ExpiryComparison, NewUser, PasswordExpiryFilter, UserQuery, UserUpdate,
};
use crate::model::{DomainId, FederatedLink, ProjectId, Secret, User, UserChanges, UserId};
use crate::policy::Target;
use axum::http::StatusCode;
use axum::response::Response;
use serde_json::{Map, Value, json};

/// Members of a request that are not stored in `extra`.
const KNOWN: [&str; 8] = [
    "name",
    "domain_id",
    "enabled",
    "default_project_id",
    "password",
    "password_expires_at",
    "options",
    "federated",
];

/// `GET /v3/users`
pub async fn list(ctx: Context) -> Result<Response> {
    schema::USER_LIST.validate(&ctx.query.to_value())?;
    let target = match ctx.domain_of_scope() {
        Some(domain) => Target::new().with("target.domain_id", domain.as_str()),
        None => Target::new(),
    };
    ctx.enforce("identity:list_users", &target)?;
    let mut domain = ctx.query.get("domain_id").map(DomainId::from);
    let is_possible = narrow_to_domain(&ctx, &mut domain);
    let domain = domain.or_else(|| ctx.domain_for_list());
    let list_limit = ctx.app.identity().list_limit(domain.as_ref()).await?;
    let Some(mut query) = query(&ctx, list_limit)?.filter(|_| is_possible) else {
        return Ok(ctx.collection("users", Vec::new()));
    };
    query.domain_id = domain;
    let limit = query.hints.limit;
    let page = ctx.app.identity().users(query).await?;
    Ok(ctx.page(
        "users",
        &page,
        limit,
        |user| &user.id,
        |user| item(&ctx, user),
    ))
}

/// `POST /v3/users`
pub async fn create(ctx: Context, body: JsonBody) -> Result<Response> {
    schema::USER_CREATE.validate(&body.0)?;
    let members = body.member("user")?;
    let sent = Attributes::of(members);
    let domain_id = sent.text("domain_id")?.map(DomainId::from);
    ctx.enforce(
        "identity:create_user",
        &Target::of_new("target.user.domain_id", domain_id.as_deref()),
    )?;
    let user = NewUser {
        name: sent.required_text("name")?.to_owned(),
        domain_id: domain_id.map_or_else(|| ctx.domain_for_new(), Ok)?,
        enabled: sent.boolean("enabled")?.unwrap_or(true),
        default_project_id: sent
            .nullable_text("default_project_id")?
            .flatten()
            .map(ProjectId::from),
        password: sent
            .nullable_text("password")?
            .map(|text| text.map(Secret::from)),
        options: sent.object("options")?.cloned().unwrap_or_default(),
        federated: links(members)?,
        extra: sent.rest_normalized(&KNOWN),
    };
    let user = ctx.app.identity().create_user(user).await?;
    Ok(ctx.member(StatusCode::CREATED, "user", "users", &user.id, view(&user)))
}

/// `GET /v3/users/{user_id}`
pub async fn show(ctx: Context, path: PathArgs) -> Result<Response> {
    let id = path.id::<UserId>(0)?;
    let user = ctx.app.identity().find_user(&id).await?;
    enforce(&ctx, "identity:get_user", &id, user.as_ref())?;
    let user = user.ok_or_else(|| Error::not_found("user", &id))?;
    Ok(ctx.member(StatusCode::OK, "user", "users", &id, view(&user)))
}

/// `PATCH /v3/users/{user_id}`
pub async fn update(ctx: Context, path: PathArgs, body: JsonBody) -> Result<Response> {
    let id = path.id::<UserId>(0)?;
    schema::USER_UPDATE.validate(&body.0)?;
    let user = ctx.app.identity().find_user(&id).await?;
    enforce(&ctx, "identity:update_user", &id, user.as_ref())?;
    let members = body.member("user")?;
    let sent = Attributes::of(members);
    sent.check_id(&id)?;
    let federated = links(members)?;
    let update = UserUpdate {
        changes: UserChanges {
            name: sent.text("name")?.map(str::to_owned),
            enabled: sent.boolean("enabled")?,
            default_project_id: sent
                .nullable_text("default_project_id")?
                .map(|id| id.map(ProjectId::from)),
            options: sent.object("options")?.cloned(),
            extra: sent.rest(&KNOWN),
            // An empty list changes nothing: a user's last link can't be taken away.
            federated: (!federated.is_empty()).then_some(federated),
        },
        password: sent
            .nullable_text("password")?
            .map(|text| text.map(Secret::from)),
        domain_id: sent.text("domain_id")?.map(DomainId::from),
    };
    if update.password.is_some() {
        ctx.permit_password_of(&id)?;
    }
    let user = ctx.app.identity().update_user(&id, update).await?;
    Ok(ctx.member(StatusCode::OK, "user", "users", &id, updated_view(&user)))
}

/// `DELETE /v3/users/{user_id}`
pub async fn delete(ctx: Context, path: PathArgs) -> Result<Response> {
    let id = path.id::<UserId>(0)?;
    let user = ctx.app.identity().find_user(&id).await?;
    enforce(&ctx, "identity:delete_user", &id, user.as_ref())?;
    ctx.app.identity().delete_user(&id).await?;
    Ok(no_content())
}

/// `POST /v3/users/{user_id}/password`: needs no token, the original password is the proof.
pub async fn change_password(ctx: Context, path: PathArgs, body: JsonBody) -> Result<Response> {
    let id = path.id::<UserId>(0)?;
    let members = body.member("user")?;
    schema::USER_PASSWORD.validate(&Value::Object(members.clone()))?;
    let sent = Attributes::of(members);
    let original = Secret::from(sent.required_text("original_password")?);
    let new = Secret::from(sent.required_text("password")?);
    ctx.app
        .identity()
        .change_password(&id, &original, &new)
        .await?;
    Ok(no_content())
}

/// `GET /v3/users/{user_id}/groups`
pub async fn list_groups(ctx: Context, path: PathArgs) -> Result<Response> {
    let id = path.id::<UserId>(0)?;
    let user = ctx.app.identity().find_user(&id).await?;
    enforce(&ctx, "identity:list_groups_for_user", &id, user.as_ref())?;
    let domain = user.as_ref().map(|user| &user.domain_id);
    let list_limit = ctx.app.identity().list_limit(domain).await?;
    let rules = ctx.page_rules(list_limit);
    let hints = ctx.query.list_hints(&["name"], rules)?;
    let mut memberships = ctx.app.identity().groups_of_user(&id).await?;
    memberships.retain(|membership| {
        let group = &membership.group;
        ctx.domain_of_scope()
            .is_none_or(|domain| *domain == group.domain_id)
            && hints
                .filters
                .iter()
                .all(|filter| filter.matches(&group.name))
    });
    let page = paging::cut(memberships, &hints, |membership| &membership.group.id)?;
    Ok(ctx.page(
        "groups",
        &page,
        hints.limit,
        |membership| &membership.group.id,
        |membership| groups::membership_item(&ctx, membership),
    ))
}

/// `GET /v3/users/{user_id}/projects`
pub async fn list_projects(ctx: Context, path: PathArgs) -> Result<Response> {
    let id = path.id::<UserId>(0)?;
    let user = ctx.app.identity().find_user(&id).await?;
    enforce(&ctx, "identity:list_user_projects", &id, user.as_ref())?;
    let user = user.ok_or_else(|| Error::not_found("user", &id))?;
    let hints = ctx.query.list_hints(
        &["name", "domain_id"],
        ctx.page_rules(ctx.settings.config.resource.list_limit),
    )?;
    let enabled = ctx.query.booleans("enabled");
    let assignment = ctx.app.assignment();
    let page = assignment
        .projects_of_user(&user.id, &[], &enabled, &hints)
        .await?;
    Ok(ctx.page(
        "projects",
        &page,
        hints.limit,
        |project| &project.id,
        |project| projects::view(&ctx, project),
    ))
}

/// `DELETE /v3/users/{user_id}/tokens`
pub async fn revoke_tokens(ctx: Context, path: PathArgs) -> Result<Response> {
    let id = path.id::<UserId>(0)?;
    ctx.enforce(
        "identity:revoke_tokens_for_user",
        &Target::new().with("user_id", id.as_str()),
    )?;
    ctx.app.identity().revoke_tokens(&id).await?;
    Ok(no_content())
}

/// Asks policy about one user. A user who is not there has no attributes, so that only those learn
/// of it whom the rule lets see everybody.
fn enforce(ctx: &Context, rule: &str, id: &UserId, user: Option<&User>) -> Result<()> {
    let facts = user.map(view).unwrap_or_default();
    let target = Target::new()
        .object("target.user", &facts)
        .with("user_id", id.as_str());
    ctx.enforce(rule, &target)
}

/// Restricts a list to the domain that the caller's token is for; false when the caller asked for
/// another one, which holds nothing for it.
pub(super) fn narrow_to_domain(ctx: &Context, wanted: &mut Option<DomainId>) -> bool {
    let Some(scope) = ctx.domain_of_scope() else {
        return true;
    };
    wanted.get_or_insert_with(|| scope.clone()) == scope
}

/// What the query string asks of a list of users; `None` when no user can meet it.
pub(super) fn query(ctx: &Context, list_limit: Option<i64>) -> Result<Option<UserQuery>> {
    let rules = ctx.page_rules(list_limit);
    let enabled = ctx.query.booleans("enabled");
    let only = |name: &str| -> Option<Option<String>> {
        let mut values = ctx.query.all(name);
        let first = values.next();
        values
            .all(|value| Some(value) == first)
            .then(|| first.map(str::to_owned))
    };
    let (Some(domain), Some(idp_id), Some(protocol_id), Some(unique_id)) = (
        only("domain_id"),
        only("idp_id"),
        only("protocol_id"),
        only("unique_id"),
    ) else {
        return Ok(None);
    };
    if enabled.windows(2).any(|pair| pair[0] != pair[1]) {
        return Ok(None);
    }
    let conditions = ctx.query.password_expires_at()?;
    Ok(Some(UserQuery {
        hints: ctx.query.list_hints(&["name"], rules)?,
        domain_id: domain.map(DomainId::from),
        group_id: None,
        enabled: enabled.first().copied(),
        inactive_since: None,
        password_expires: conditions
            .into_iter()
            .map(|(inequality, time)| PasswordExpiryFilter {
                comparison: comparison(inequality),
                time,
            })
            .collect(),
        idp_id,
        protocol_id,
        unique_id,
    }))
}

fn comparison(inequality: Inequality) -> ExpiryComparison {
    match inequality {
        Inequality::Equal => ExpiryComparison::Equal,
        Inequality::NotEqual => ExpiryComparison::NotEqual,
        Inequality::Less => ExpiryComparison::Less,
        Inequality::LessOrEqual => ExpiryComparison::LessOrEqual,
        Inequality::Greater => ExpiryComparison::Greater,
        Inequality::GreaterOrEqual => ExpiryComparison::GreaterOrEqual,
    }
}

/// `federated` of a request: identity providers, each with protocols, as a flat list.
fn links(members: &Map<String, Value>) -> Result<Vec<FederatedLink>> {
    let providers = members.get("federated").and_then(Value::as_array);
    let mut links = Vec::new();
    for provider in providers.into_iter().flatten().filter_map(Value::as_object) {
        let idp_id = Attributes::of(provider).required_text("idp_id")?;
        let protocols = provider.get("protocols").and_then(Value::as_array);
        for protocol in protocols.into_iter().flatten().filter_map(Value::as_object) {
            let protocol = Attributes::of(protocol);
            links.push(FederatedLink {
                idp_id: idp_id.to_owned(),
                protocol_id: protocol.required_text("protocol_id")?.to_owned(),
                unique_id: protocol.required_text("unique_id")?.to_owned(),
            });
        }
    }
    Ok(links)
}

/// A user as the API shows it, without links: what is in `extra` comes first.
pub fn view(user: &User) -> Map<String, Value> {
    render(user, false)
}

/// The answer to PATCH repeats `extra` under its own name.
fn updated_view(user: &User) -> Map<String, Value> {
    render(user, true)
}

fn render(user: &User, with_extra: bool) -> Map<String, Value> {
    let mut view = user.extra.clone();
    let mut set = |name: &str, value: Value| view.insert(name.to_owned(), value);
    set("id", json!(user.id));
    set("name", json!(user.name));
    set("domain_id", json!(user.domain_id));
    set("enabled", json!(user.enabled));
    if let Some(project) = &user.default_project_id {
        set("default_project_id", json!(project));
    }
    let expires_at = user.password_expires_at.map(|time| time.without_zone());
    set("password_expires_at", json!(expires_at));
    if with_extra {
        set("extra", Value::Object(user.extra.clone()));
    }
    set("options", Value::Object(user.options.clone()));
    if !user.federated.is_empty() {
        set("federated", federated_view(&user.federated));
    }
    view
}

/// Links grouped by identity provider, in their order.
fn federated_view(links: &[FederatedLink]) -> Value {
    let mut providers: Vec<(&str, Vec<Value>)> = Vec::new();
    for link in links {
        let protocol = json!({ "protocol_id": link.protocol_id, "unique_id": link.unique_id });
        match providers
            .iter_mut()
            .find(|(idp_id, _)| *idp_id == link.idp_id)
        {
            Some((_, protocols)) => protocols.push(protocol),
            None => providers.push((&link.idp_id, vec![protocol])),
        }
    }
    providers
        .into_iter()
        .map(|(idp_id, protocols)| json!({ "idp_id": idp_id, "protocols": protocols }))
        .collect()
}

/// A user in a collection.
pub fn item(ctx: &Context, user: &User) -> Value {
    let mut item = view(user);
    item.insert(
        "links".to_owned(),
        ctx.base().member_links("users", &user.id),
    );
    Value::Object(item)
}
