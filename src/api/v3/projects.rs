//! `/v3/projects`

use crate::api::attributes::Attributes;
use crate::api::body::JsonBody;
use crate::api::context::{Context, PathArgs};
use crate::api::response::no_content;
use crate::api::schema;
use crate::error::{Error, Result};
use crate::manager::resource::{NewProject, ProjectQuery, ProjectUpdate, TagFilters, tree_of_ids};
use crate::model::{DomainId, Limit, Project, ProjectChanges, ProjectId};
use crate::policy::Target;
use axum::http::StatusCode;
use axum::response::Response;
use serde_json::{Map, Value, json};

/// Members of a request that are not stored in `extra`.
const KNOWN: [&str; 9] = [
    "name",
    "domain_id",
    "parent_id",
    "is_domain",
    "description",
    "enabled",
    "tags",
    "options",
    "links",
];

/// `GET /v3/projects`
pub async fn list(ctx: Context) -> Result<Response> {
    schema::PROJECT_LIST.validate(&ctx.query.to_value())?;
    let target = match ctx.domain_of_scope() {
        Some(domain) => Target::new().with("target.domain_id", domain.as_str()),
        None => Target::new(),
    };
    ctx.enforce("identity:list_projects", &target)?;
    let query = query(&ctx)?;
    let page = ctx.app.resource().projects(&query).await?;
    Ok(ctx.page(
        "projects",
        &page,
        query.hints.limit,
        |project| &project.id,
        |project| view(&ctx, project),
    ))
}

/// `POST /v3/projects`
pub async fn create(ctx: Context, body: JsonBody) -> Result<Response> {
    schema::PROJECT_CREATE.validate(&body.0)?;
    let members = body.member("project")?;
    let sent = Attributes::of(members);
    let domain_id = sent.nullable_text("domain_id")?.flatten();
    let domain_id = domain_id.map(DomainId::from);
    let target = Target::of_new("target.project.domain_id", domain_id.as_deref());
    ctx.enforce("identity:create_project", &target)?;
    let parent_id = sent.nullable_text("parent_id")?.flatten();
    let is_domain = sent.boolean("is_domain")?.unwrap_or(false);
    let new = NewProject {
        id: None,
        name: sent.required_text("name")?.to_owned(),
        domain_id: match domain_id {
            None if !is_domain => Some(ctx.domain_for_new()?),
            given => given,
        },
        parent_id: parent_id.map(ProjectId::from),
        is_domain,
        description: new_description(sent)?,
        enabled: sent.boolean("enabled")?.unwrap_or(true),
        tags: tags(members).unwrap_or_default(),
        options: sent.object("options")?.cloned().unwrap_or_default(),
        extra: sent.rest_normalized(&KNOWN),
    };
    let project = ctx.app.resource().create_project(new).await?;
    Ok(member(
        &ctx,
        StatusCode::CREATED,
        &project,
        attributes(&project),
    ))
}

/// `GET /v3/projects/{project_id}`, with what is above and below it on demand.
pub async fn show(ctx: Context, path: PathArgs) -> Result<Response> {
    let project = load(&ctx, &path, "identity:get_project").await?;
    let mut body = attributes(&project);
    for (name, value) in relatives(&ctx, &project).await? {
        body.insert(name.to_owned(), value);
    }
    Ok(member(&ctx, StatusCode::OK, &project, body))
}

/// `PATCH /v3/projects/{project_id}`
pub async fn update(ctx: Context, path: PathArgs, body: JsonBody) -> Result<Response> {
    schema::PROJECT_UPDATE.validate(&body.0)?;
    let project = load(&ctx, &path, "identity:update_project").await?;
    // A body without a project changes nothing.
    let nothing = Map::new();
    let members = match body.0.get("project") {
        Some(_) => body.member("project")?,
        None => &nothing,
    };
    let sent = Attributes::of(members);
    sent.check_id(&project.id)?;
    let parent_id = sent.nullable_text("parent_id")?;
    let domain_id = sent.nullable_text("domain_id")?;
    let update = ProjectUpdate {
        changes: changes(members, sent.rest(&KNOWN))?,
        parent_id: parent_id.map(|id| id.map(ProjectId::from)),
        domain_id: domain_id.map(|id| id.map(DomainId::from)),
        is_domain: sent.boolean("is_domain")?,
    };
    let project = ctx
        .app
        .resource()
        .update_project(&project.id, update)
        .await?;
    Ok(member(
        &ctx,
        StatusCode::OK,
        &project,
        updated_attributes(&project),
    ))
}

/// `DELETE /v3/projects/{project_id}`
pub async fn delete(ctx: Context, path: PathArgs) -> Result<Response> {
    let project = load(&ctx, &path, "identity:delete_project").await?;
    ctx.app.resource().delete_project(&project.id).await?;
    Ok(no_content())
}

/// The project that the path names, if policy lets the caller reach it. A project that is not there
/// has no attributes, so that only those learn of it whom the rule lets reach every project.
pub(super) async fn load(ctx: &Context, path: &PathArgs, rule: &str) -> Result<Project> {
    let id = path.id::<ProjectId>(0)?;
    let project = ctx.app.resource().find_project(&id).await?;
    let facts = project.as_ref().map(attributes).unwrap_or_default();
    let target = Target::new()
        .object("target.project", &facts)
        .with("project_id", id.as_str());
    ctx.enforce(rule, &target)?;
    project.ok_or_else(|| Error::not_found("project", &id))
}

fn query(ctx: &Context) -> Result<ProjectQuery> {
    let rules = ctx.page_rules(ctx.settings.config.resource.list_limit);
    let mut is_domain = ctx.query.booleans("is_domain");
    if is_domain.is_empty() {
        // Domains are listed only for those who ask.
        is_domain.push(false);
    }
    Ok(ProjectQuery {
        hints: ctx
            .query
            .list_hints(&["name", "domain_id", "parent_id"], rules)?,
        domain_id: ctx.domain_of_scope().cloned(),
        enabled: ctx.query.booleans("enabled"),
        is_domain,
        tags: tag_filters(ctx)?,
    })
}

/// `?tags=a,b` and its like; each may be repeated, and all must hold.
fn tag_filters(ctx: &Context) -> Result<TagFilters> {
    let lists = |name: &str| -> Vec<Vec<String>> {
        let values = ctx.query.all(name);
        values
            .map(|tags| tags.split(',').map(str::to_owned).collect())
            .collect()
    };
    let filters = TagFilters {
        all: lists("tags").concat(),
        any: lists("tags-any"),
        not_all: lists("not-tags"),
        none: lists("not-tags-any").concat(),
    };
    let within = |lists: &[Vec<String>]| lists.iter().map(Vec::len).sum::<usize>();
    let alone = filters.all.len() + filters.none.len();
    if alone + within(&filters.any) + within(&filters.not_all) > MOST_TAGS_ASKED_FOR {
        return Err(Error::bad_request(format!(
            "A list can be filtered by at most {MOST_TAGS_ASKED_FOR} tags."
        )));
    }
    Ok(filters)
}

/// Each tag adds to the statement that finds the projects, and databases bound those.
const MOST_TAGS_ASKED_FOR: usize = 500;

/// `parents` and `subtree`, where the query asks for them.
async fn relatives(ctx: &Context, project: &Project) -> Result<Vec<(&'static str, Value)>> {
    let flag = |name: &str| ctx.query.flag(name);
    for side in ["parents", "subtree"] {
        if flag(&format!("{side}_as_list")) && flag(&format!("{side}_as_ids")) {
            return Err(Error::bad_request(format!(
                "Ask for {side} either as a list or as ids, not both."
            )));
        }
    }
    let resource = ctx.app.resource();
    let mut found = Vec::new();
    if flag("parents_as_list") {
        let above = resource.parents(&project.id).await?;
        found.push(("parents", list_of_relatives(ctx, above).await?));
    } else if flag("parents_as_ids") {
        let above = resource.parents(&project.id).await?;
        found.push(("parents", chain_of_ids(&above)));
    }
    if flag("subtree_as_list") {
        let below = resource.subtree(&project.id).await?;
        found.push(("subtree", list_of_relatives(ctx, below).await?));
    } else if flag("subtree_as_ids") {
        let below = resource.subtree(&project.id).await?;
        found.push(("subtree", tree_of_ids(&project.id, &below)));
    }
    Ok(found)
}

/// Those of the projects on which the caller has a role, each in its own envelope, with its limits on
/// demand.
async fn list_of_relatives(ctx: &Context, mut projects: Vec<Project>) -> Result<Value> {
    let resource = ctx.app.resource();
    if let Some(user) = ctx.user_id() {
        resource.only_with_role(user, &mut projects).await?;
    }
    let limits = match ctx.query.flag("include_limits") {
        true => Some(resource.limits_of(&projects).await?),
        false => None,
    };
    let items = projects.iter().map(|project| {
        let mut item = attributes(project);
        if let Some(limits) = &limits {
            let of_project = |limit: &&Limit| limit.project_id.as_ref() == Some(&project.id);
            let limits: Vec<_> = limits.iter().filter(of_project).collect();
            item.insert("limits".to_owned(), json!(limits));
        }
        json!({ "project": linked(ctx, project, item) })
    });
    Ok(items.collect())
}

/// The ids of projects that stand above each other, nested: `{parent: {domain: null}}`.
fn chain_of_ids(above: &[Project]) -> Value {
    above.iter().rev().fold(
        Value::Null,
        |inner, project| json!({ project.id.as_str(): inner }),
    )
}

/// What PATCH changes in a project or a domain; `extra` are the members that no column is for.
pub(super) fn changes(
    members: &Map<String, Value>,
    extra: Map<String, Value>,
) -> Result<ProjectChanges> {
    let sent = Attributes::of(members);
    let description = sent.nullable_text("description")?;
    Ok(ProjectChanges {
        name: sent.text("name")?.map(str::to_owned),
        description: description.map(|text| text.map(str::to_owned)),
        enabled: sent.boolean("enabled")?,
        tags: tags(members),
        options: sent.object("options")?.cloned(),
        extra,
    })
}

/// The description of something new: empty unless it is given, also as null.
pub(super) fn new_description(sent: Attributes<'_>) -> Result<Option<String>> {
    let given = sent.nullable_text("description")?;
    Ok(given.unwrap_or(Some("")).map(str::to_owned))
}

/// The tags in a checked body.
pub(super) fn tags(members: &Map<String, Value>) -> Option<Vec<String>> {
    let tags = members.get("tags")?.as_array()?;
    let texts = tags.iter().filter_map(Value::as_str);
    Some(texts.map(str::to_owned).collect())
}

/// A project as collections show it.
pub fn view(ctx: &Context, project: &Project) -> Value {
    linked(ctx, project, attributes(project))
}

fn linked(ctx: &Context, project: &Project, mut body: Map<String, Value>) -> Value {
    let links = ctx.base().member_links("projects", &project.id);
    body.insert("links".to_owned(), links);
    Value::Object(body)
}

fn member(
    ctx: &Context,
    status: StatusCode,
    project: &Project,
    body: Map<String, Value>,
) -> Response {
    ctx.member(status, "project", "projects", &project.id, body)
}

/// What the API shows of a project, without links: what is in `extra` comes first.
fn attributes(project: &Project) -> Map<String, Value> {
    render(project, false)
}

/// The answer to PATCH repeats `extra` under its own name.
fn updated_attributes(project: &Project) -> Map<String, Value> {
    render(project, true)
}

fn render(project: &Project, with_extra: bool) -> Map<String, Value> {
    let mut body = project.extra.clone();
    let mut set = |name: &str, value: Value| body.insert(name.to_owned(), value);
    set("id", json!(project.id));
    set("name", json!(project.name));
    set("domain_id", json!(project.domain_id));
    set("description", json!(project.description));
    set("enabled", json!(project.enabled));
    set("parent_id", json!(project.parent_id));
    set("is_domain", json!(project.is_domain));
    set("tags", json!(project.tags));
    if with_extra {
        set("extra", json!(project.extra));
    }
    set("options", json!(project.options));
    body
}
