//! `/v2.0/tenants`: projects, as v2.0 calls and shows them.

use super::caller::as_unauthorized;
use super::envelope::{new_object, object};
use super::tokens::default_domain;
use super::users;
use crate::api::attributes::Attributes;
use crate::api::body::JsonBody;
use crate::api::context::{Context, PathArgs};
use crate::api::paging;
use crate::api::query::PageRules;
use crate::api::response::{json, no_content};
use crate::error::{Error, Result};
use crate::manager::resource::{NewProject, ProjectQuery, ProjectUpdate};
use crate::model::list::{Comparator, Filter, ListHints};
use crate::model::{Project, ProjectChanges, ProjectId};
use axum::http::StatusCode;
use axum::response::Response;
use serde_json::{Map, Value, json};

/// Longest name and longest chosen id, in characters.
const LONGEST: usize = 64;

/// Members of a request that are not stored in `extra`.
const KNOWN: [&str; 9] = [
    "name",
    "description",
    "enabled",
    "domain_id",
    "parent_id",
    "is_domain",
    "tags",
    "options",
    "links",
];

/// `GET /v2.0/tenants` on the public listener: those that the caller has a role on.
pub async fn list_own(ctx: Context) -> Result<Response> {
    let user_id = &ctx.token().map_err(as_unauthorized)?.user.id;
    let hints = page(&ctx)?;
    let of_domain = ListHints {
        filters: vec![Filter {
            attribute: "domain_id",
            comparator: Comparator::Equals,
            case_insensitive: false,
            value: default_domain(&ctx).to_string(),
        }],
        ..ListHints::default()
    };
    let assignment = ctx.app.assignment();
    let tenants = assignment
        .projects_of_user(user_id, &[], &[], &of_domain)
        .await?;
    let page = paging::cut(tenants.items, &hints, |tenant| &tenant.id).map_err(as_bad_marker)?;
    Ok(collection(&page.items))
}

/// `GET /v2.0/tenants` on the admin listener: all of them, or with `name` the one.
pub async fn list(ctx: Context) -> Result<Response> {
    ctx.enforce_admin()?;
    let domain = default_domain(&ctx);
    if let Some(name) = ctx.query.get("name") {
        let tenant = ctx.app.resource().project_by_name(&domain, name).await?;
        return Ok(member(view(&tenant)));
    }
    let query = ProjectQuery {
        hints: page(&ctx)?,
        domain_id: Some(domain.clone()),
        is_domain: vec![false],
        ..ProjectQuery::default()
    };
    let resource = ctx.app.resource();
    let page = resource.projects(&query).await.map_err(as_bad_marker)?;
    Ok(collection(&page.items))
}

/// `POST /v2.0/tenants`
pub async fn create(ctx: Context, body: JsonBody) -> Result<Response> {
    let members = new_object(&body, "tenant")?;
    let sent = Attributes::of(&members);
    let name = name(sent)?.ok_or_else(|| Error::bad_request("A tenant must have a 'name'."))?;
    if members.contains_key("is_domain") {
        return Err(Error::bad_request("A tenant can't act as a domain."));
    }
    let id = sent
        .nullable_text("id")?
        .flatten()
        .map(chosen_id)
        .transpose()?;
    let new = NewProject {
        id,
        name: name.to_owned(),
        domain_id: Some(default_domain(&ctx)),
        parent_id: None,
        is_domain: false,
        description: Some(description(sent)?.unwrap_or_default()),
        enabled: enabled(&members)?.unwrap_or(true),
        tags: Vec::new(),
        options: Map::new(),
        extra: sent.rest(&KNOWN),
    };
    ctx.enforce_admin()?;
    let tenant = ctx.app.resource().create_project(new).await?;
    Ok(member(view(&tenant)))
}

/// `GET /v2.0/tenants/{tenant_id}`
pub async fn show(ctx: Context, path: PathArgs) -> Result<Response> {
    ctx.enforce_admin()?;
    let tenant = existing(&ctx, &path.id(0)?).await?;
    Ok(member(view(&tenant)))
}

/// `POST` and `PUT /v2.0/tenants/{tenant_id}`: a partial update. Ids in the body don't count.
pub async fn update(ctx: Context, path: PathArgs, body: JsonBody) -> Result<Response> {
    let members = object(&body, "tenant")?;
    let sent = Attributes::of(members);
    let changes = ProjectChanges {
        name: name(sent)?.map(str::to_owned),
        description: description(sent)?.map(Some),
        enabled: enabled(members)?,
        extra: sent.rest(&KNOWN),
        ..ProjectChanges::default()
    };
    ctx.enforce_admin()?;
    let tenant = existing(&ctx, &path.id(0)?).await?;
    let update = ProjectUpdate {
        changes,
        ..ProjectUpdate::default()
    };
    let tenant = ctx
        .app
        .resource()
        .update_project(&tenant.id, update)
        .await?;
    let mut shown = view(&tenant);
    shown.insert("extra".to_owned(), Value::Object(tenant.extra));
    Ok(member(shown))
}

/// `DELETE /v2.0/tenants/{tenant_id}`
pub async fn delete(ctx: Context, path: PathArgs) -> Result<Response> {
    ctx.enforce_admin()?;
    let tenant = existing(&ctx, &path.id(0)?).await?;
    ctx.app.resource().delete_project(&tenant.id).await?;
    Ok(no_content())
}

/// `GET /v2.0/tenants/{tenant_id}/users`: whoever has a role on it, however it was given.
pub async fn list_users(ctx: Context, path: PathArgs) -> Result<Response> {
    ctx.enforce_admin()?;
    let tenant = existing(&ctx, &path.id(0)?).await?;
    let ids = ctx.app.assignment().user_ids_of_project(&tenant.id).await?;
    let found = ctx.app.identity().users_by_ids(&ids).await?;
    Ok(users::collection(&found))
}

/// The tenant with this id. Of which domain it is does not matter, but a domain is none.
pub(super) async fn existing(ctx: &Context, id: &ProjectId) -> Result<Project> {
    let found = ctx.app.resource().find_project(id).await?;
    found
        .filter(|project| !project.is_domain)
        .ok_or_else(|| Error::not_found("tenant", id))
}

/// A tenant without what v2.0 has no word for; the members of `extra` stand beside the others.
pub fn view(project: &Project) -> Map<String, Value> {
    let mut view = project.extra.clone();
    let mut set = |name: &str, value: Value| view.insert(name.to_owned(), value);
    set("id", json!(project.id));
    set("name", json!(project.name));
    set(
        "description",
        json!(project.description.as_deref().unwrap_or_default()),
    );
    set("enabled", json!(project.enabled));
    view
}

fn member(tenant: Map<String, Value>) -> Response {
    json(StatusCode::OK, &json!({ "tenant": tenant }))
}

/// v2.0 has the links of a list, but has never filled them.
fn collection(tenants: &[Project]) -> Response {
    let tenants: Vec<_> = tenants.iter().map(view).collect();
    json(
        StatusCode::OK,
        &json!({ "tenants": tenants, "tenants_links": [] }),
    )
}

fn page(ctx: &Context) -> Result<ListHints> {
    ctx.query.list_hints(&[], PageRules::NONE)
}

fn as_bad_marker(error: Error) -> Error {
    match error {
        Error::NotFound { kind: "marker", id } => {
            Error::bad_request(format!("There is no tenant {id} to go on from."))
        }
        other => other,
    }
}

/// A name, when one was sent.
///
/// # Errors
/// 400 when it is blank or too long.
fn name(sent: Attributes<'_>) -> Result<Option<&str>> {
    let name = sent.text("name")?;
    if name.is_some_and(|name| name.trim().is_empty()) {
        return Err(Error::bad_request("A tenant's 'name' must not be blank."));
    }
    if name.is_some_and(|name| name.chars().count() > LONGEST) {
        return Err(Error::bad_request(format!(
            "A tenant's 'name' must have at most {LONGEST} characters."
        )));
    }
    Ok(name)
}

fn chosen_id(id: &str) -> Result<ProjectId> {
    if id.is_empty() || id.chars().count() > LONGEST {
        return Err(Error::bad_request(format!(
            "A tenant's 'id' must have 1 to {LONGEST} characters."
        )));
    }
    Ok(ProjectId::from(id))
}

/// Null is an empty description.
fn description(sent: Attributes<'_>) -> Result<Option<String>> {
    let text = sent.nullable_text("description")?;
    Ok(text.map(|text| text.unwrap_or_default().to_owned()))
}

/// A boolean, or the number that old clients send for one.
fn enabled(members: &Map<String, Value>) -> Result<Option<bool>> {
    match members.get("enabled") {
        None => Ok(None),
        Some(Value::Bool(enabled)) => Ok(Some(*enabled)),
        Some(value) if value.as_u64() == Some(0) => Ok(Some(false)),
        Some(value) if value.as_u64() == Some(1) => Ok(Some(true)),
        Some(_) => Err(Error::bad_request("'enabled' must be a boolean.")),
    }
}
