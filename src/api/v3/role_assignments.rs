//! `/v3/role_assignments`

use crate::api::context::Context;
use crate::api::query::{PageRules, Query};
use crate::api::schema;
use crate::error::{Error, Result};
use crate::manager::assignment::expansion::ListedAssignment;
use crate::manager::assignment::listing::{AssignmentQuery, Named, Names};
use crate::manager::assignment::marker::Marker;
use crate::model::{Actor, AssignmentTarget, DomainId, ProjectId, RoleId};
use crate::policy::Target;
use axum::response::Response;
use serde_json::{Map, Value, json};

/// `GET /v3/role_assignments`
pub async fn list(ctx: Context) -> Result<Response> {
    schema::ROLE_ASSIGNMENT_LIST.validate(&ctx.query.to_value())?;
    let (query, tree) = (&ctx.query, ctx.query.flag("include_subtree"));
    let effective = query.flag("effective");
    enforce(&ctx, tree).await?;
    let hints = query.list_hints(&[], PageRules::NONE)?;
    let mut wanted = AssignmentQuery {
        actor: actor(query),
        target: target(query)?,
        role_id: query.get("role.id").map(RoleId::from),
        inherited: query
            .get("scope.OS-INHERIT:inherited_to")
            .map(|to| to == "projects"),
        subtree: tree,
        // Whether a tree is the caller's to see, policy has said.
        within: ctx.domain_of_scope().filter(|_| !tree).cloned(),
        limit: hints.limit,
        after: hints.marker.as_deref().map(Marker::parse).transpose()?,
    };
    let manager = ctx.app.assignment();
    let page = if effective {
        check_effective(&wanted)?;
        // Effective assignments leave the system out, also when they are asked for by it.
        wanted
            .target
            .take_if(|target| *target == AssignmentTarget::System);
        manager.effective_assignments(&wanted).await?
    } else {
        manager.assignments(&wanted).await?
    };
    let names = match query.flag("include_names") {
        true => Some(manager.names_in(&page.items).await?),
        false => None,
    };
    let marker = |one: &ListedAssignment| match effective {
        true => Marker::of_effective(one).to_text(),
        false => Marker::of_grant(one).to_text(),
    };
    Ok(
        ctx.marked_page("role_assignments", &page, hints.limit, marker, |one| {
            view(&ctx, one, names.as_ref())
        }),
    )
}

/// A listing is judged by the domain that the caller's token is for, one of a tree by the project's.
async fn enforce(ctx: &Context, tree: bool) -> Result<()> {
    if !tree {
        let domain_id = ctx.domain_of_scope().map(DomainId::as_str);
        let target = Target::new().with("target.domain_id", domain_id);
        return ctx.enforce("identity:list_role_assignments", &target);
    }
    ctx.authenticated()?;
    let id = ProjectId::from(ctx.query.get("scope.project.id").unwrap_or_default());
    let project = ctx.app.assignment().top_of_tree(&id).await?;
    let domain_id = project
        .as_ref()
        .and_then(|project| project.domain_id.as_deref());
    let target = Target::new().with("target.domain_id", domain_id);
    ctx.enforce("identity:list_role_assignments_for_tree", &target)?;
    match project {
        Some(_) => Ok(()),
        None => Err(Error::not_found("project", id)),
    }
}

fn given<'a>(query: &'a Query, name: &str) -> Option<&'a str> {
    query.get(name).filter(|value| !value.is_empty())
}

fn actor(query: &Query) -> Option<Actor> {
    let user = given(query, "user.id").map(|id| Actor::User(id.into()));
    user.or_else(|| given(query, "group.id").map(|id| Actor::Group(id.into())))
}

/// The one target that a query names. Of the system only `all` narrows the listing, but anything
/// that is said of it excludes the others.
fn target(query: &Query) -> Result<Option<AssignmentTarget>> {
    let project = given(query, "scope.project.id");
    let domain = given(query, "scope.domain.id");
    match (given(query, "scope.system"), project, domain) {
        (_, Some(_), Some(_)) | (Some(_), Some(_), None) | (Some(_), None, Some(_)) => {
            Err(Error::bad_request(
                "Only one of scope.project.id, scope.domain.id and scope.system can be given.",
            ))
        }
        (Some(system), None, None) => Ok((system == "all").then_some(AssignmentTarget::System)),
        (None, Some(id), None) => Ok(Some(AssignmentTarget::Project(id.into()))),
        (None, None, Some(id)) => Ok(Some(AssignmentTarget::Domain(id.into()))),
        (None, None, None) => Ok(None),
    }
}

fn check_effective(wanted: &AssignmentQuery) -> Result<()> {
    match (&wanted.target, wanted.inherited) {
        (Some(AssignmentTarget::Domain(_)), Some(true)) => Err(Error::bad_request(
            "Nothing inherited takes effect on a domain itself: \
             effective, scope.domain.id and inherited_to find nothing together.",
        )),
        _ => Ok(()),
    }
}

fn view(ctx: &Context, one: &ListedAssignment, names: Option<&Names>) -> Value {
    let mut scope = Map::new();
    match &one.target {
        AssignmentTarget::System => scope.insert("system".to_owned(), json!({ "all": true })),
        AssignmentTarget::Domain(id) => {
            let named = names.map(|names| json!({ "id": id, "name": domain_name(names, id) }));
            scope.insert(
                "domain".to_owned(),
                named.unwrap_or_else(|| json!({ "id": id })),
            )
        }
        AssignmentTarget::Project(id) => {
            let named = names.map(|names| (names, names.projects.get(id)));
            scope.insert("project".to_owned(), reference(id, named))
        }
    };
    if one.grant.inherited {
        scope.insert("OS-INHERIT:inherited_to".to_owned(), json!("projects"));
    }
    let (kind, actor) = match &one.actor {
        Actor::User(id) => (
            "user",
            reference(id, names.map(|names| (names, names.users.get(id)))),
        ),
        Actor::Group(id) => (
            "group",
            reference(id, names.map(|names| (names, names.groups.get(id)))),
        ),
    };
    json!({ "links": links(ctx, one), "scope": scope, kind: actor, "role": role(&one.role_id, names) })
}

/// An id, and if names are wanted the name and the domain, empty for what does not exist any more.
fn reference(id: &str, named: Option<(&Names, Option<&Named>)>) -> Value {
    match named {
        None => json!({ "id": id }),
        Some((names, Some(named))) => json!({
            "id": id,
            "name": named.name,
            "domain": { "id": named.domain_id, "name": domain_name(names, &named.domain_id) },
        }),
        Some((_, None)) => json!({ "id": id, "name": "", "domain": { "id": "", "name": "" } }),
    }
}

fn domain_name<'a>(names: &'a Names, id: &DomainId) -> &'a str {
    names
        .projects
        .get(id.as_str())
        .map_or("", |named| &named.name)
}

fn role(id: &RoleId, names: Option<&Names>) -> Value {
    let Some(names) = names else {
        return json!({ "id": id });
    };
    let role = names.roles.get(id);
    let mut body = json!({ "id": id, "name": role.map_or("", |role| &role.name) });
    if let Some(domain) = role.and_then(|role| role.domain_id.as_ref()) {
        body["domain"] = json!({ "id": domain, "name": domain_name(names, domain) });
    }
    body
}

/// Where the grant can be seen, and what stands between it and this element.
fn links(ctx: &Context, one: &ListedAssignment) -> Value {
    let v3 = ctx.base().v3();
    let mut links = Map::new();
    if let Some(group) = one.through() {
        let user = one.actor.id();
        links.insert(
            "membership".to_owned(),
            json!(format!("{v3}/groups/{group}/users/{user}")),
        );
    }
    let place = match &one.grant.target {
        AssignmentTarget::Project(id) => format!("projects/{id}"),
        AssignmentTarget::Domain(id) => format!("domains/{id}"),
        AssignmentTarget::System => "system".to_owned(),
    };
    let holder = match &one.grant.actor {
        Actor::Group(group) => format!("groups/{group}"),
        Actor::User(user) => format!("users/{user}"),
    };
    let role = one.implied_by.as_ref().unwrap_or(&one.role_id);
    let grant = match one.grant.inherited {
        true => format!("{v3}/OS-INHERIT/{place}/{holder}/roles/{role}/inherited_to_projects"),
        false => format!("{v3}/{place}/{holder}/roles/{role}"),
    };
    links.insert("assignment".to_owned(), json!(grant));
    if let Some(prior) = &one.implied_by {
        // Not the path of the rule, and the implied role first: clients know it so.
        let rule = format!("{v3}/prior_role/{}/implies/{prior}", one.role_id);
        links.insert("prior_role".to_owned(), json!(rule));
    }
    Value::Object(links)
}
