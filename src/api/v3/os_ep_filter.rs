//! OS-EP-FILTER: the associations of projects with endpoints and with endpoint groups.

use super::{endpoint_groups, endpoints, projects};
use crate::api::context::{Context, PathArgs};
use crate::api::response::{json, no_content};
use crate::error::Result;
use crate::model::list::{ListHints, Page};
use crate::model::{Endpoint, EndpointGroupId, EndpointId, Project, ProjectId};
use crate::policy::Target;
use axum::http::StatusCode;
use axum::response::Response;
use serde_json::{Value, json};

/// `GET /v3/OS-EP-FILTER/endpoint_groups/{endpoint_group_id}/endpoints`
pub async fn list_endpoints_of_group(ctx: Context, path: PathArgs) -> Result<Response> {
    let id = path.id::<EndpointGroupId>(0)?;
    let target = Target::new().with("endpoint_group_id", id.as_str());
    ctx.enforce(
        "identity:list_endpoints_associated_with_endpoint_group",
        &target,
    )?;
    let hints = hints(&ctx)?;
    let page = ctx.app.catalog().endpoints_of_group(&id, &hints).await?;
    Ok(endpoints_page(&ctx, &page, &hints))
}

/// `GET /v3/OS-EP-FILTER/endpoint_groups/{endpoint_group_id}/projects`
pub async fn list_projects_of_group(ctx: Context, path: PathArgs) -> Result<Response> {
    let id = path.id::<EndpointGroupId>(0)?;
    let target = Target::new().with("endpoint_group_id", id.as_str());
    ctx.enforce(
        "identity:list_projects_associated_with_endpoint_group",
        &target,
    )?;
    let hints = hints(&ctx)?;
    let page = ctx.app.catalog().projects_of_group(&id, &hints).await?;
    Ok(projects_page(&ctx, &page, &hints))
}

/// `GET /v3/OS-EP-FILTER/endpoint_groups/{endpoint_group_id}/projects/{project_id}`
pub async fn show_group_of_project(ctx: Context, path: PathArgs) -> Result<Response> {
    let (group, project) = group_and_project(&path)?;
    ctx.enforce(
        "identity:get_endpoint_group_in_project",
        &of_group(&group, &project),
    )?;
    let manager = ctx.app.catalog();
    manager.check_group_of_project(&project, &group).await?;
    let collection = format!("OS-EP-FILTER/endpoint_groups/{group}/projects");
    let body = json!({ "project_endpoint_group": {
        "endpoint_group_id": group,
        "project_id": project,
        "links": ctx.base().member_links(&collection, &project),
    }});
    Ok(json(StatusCode::OK, &body))
}

/// `PUT /v3/OS-EP-FILTER/endpoint_groups/{endpoint_group_id}/projects/{project_id}`
pub async fn add_group_to_project(ctx: Context, path: PathArgs) -> Result<Response> {
    let (group, project) = group_and_project(&path)?;
    ctx.enforce(
        "identity:add_endpoint_group_to_project",
        &of_group(&group, &project),
    )?;
    let manager = ctx.app.catalog();
    manager.add_group_to_project(&project, &group).await?;
    Ok(no_content())
}

/// `DELETE /v3/OS-EP-FILTER/endpoint_groups/{endpoint_group_id}/projects/{project_id}`
pub async fn remove_group_from_project(ctx: Context, path: PathArgs) -> Result<Response> {
    let (group, project) = group_and_project(&path)?;
    ctx.enforce(
        "identity:remove_endpoint_group_from_project",
        &of_group(&group, &project),
    )?;
    let manager = ctx.app.catalog();
    manager.remove_group_from_project(&project, &group).await?;
    Ok(no_content())
}

/// `GET /v3/OS-EP-FILTER/endpoints/{endpoint_id}/projects`
pub async fn list_projects_of_endpoint(ctx: Context, path: PathArgs) -> Result<Response> {
    let id = path.id::<EndpointId>(0)?;
    let target = Target::new().with("endpoint_id", id.as_str());
    ctx.enforce("identity:list_projects_for_endpoint", &target)?;
    let hints = hints(&ctx)?;
    let page = ctx.app.catalog().projects_of_endpoint(&id, &hints).await?;
    Ok(projects_page(&ctx, &page, &hints))
}

/// `GET /v3/OS-EP-FILTER/projects/{project_id}/endpoint_groups`
pub async fn list_groups_of_project(ctx: Context, path: PathArgs) -> Result<Response> {
    let id = path.id::<ProjectId>(0)?;
    let target = Target::new().with("project_id", id.as_str());
    ctx.enforce("identity:list_endpoint_groups_for_project", &target)?;
    let hints = hints(&ctx)?;
    let page = ctx.app.catalog().endpoint_groups_of(&id, &hints).await?;
    Ok(ctx.page(
        "endpoint_groups",
        &page,
        hints.limit,
        |group| &group.id,
        |group| endpoint_groups::view(&ctx, group),
    ))
}

/// `GET /v3/OS-EP-FILTER/projects/{project_id}/endpoints`
pub async fn list_endpoints_of_project(ctx: Context, path: PathArgs) -> Result<Response> {
    let id = path.id::<ProjectId>(0)?;
    let target = Target::new().with("project_id", id.as_str());
    ctx.enforce("identity:list_endpoints_for_project", &target)?;
    let hints = hints(&ctx)?;
    let page = ctx.app.catalog().endpoints_of_project(&id, &hints).await?;
    Ok(endpoints_page(&ctx, &page, &hints))
}

/// `GET /v3/OS-EP-FILTER/projects/{project_id}/endpoints/{endpoint_id}`
pub async fn check_endpoint_of_project(ctx: Context, path: PathArgs) -> Result<Response> {
    let (project, endpoint) = project_and_endpoint(&path)?;
    ctx.enforce(
        "identity:check_endpoint_in_project",
        &of_endpoint(&project, &endpoint),
    )?;
    let manager = ctx.app.catalog();
    manager
        .check_endpoint_of_project(&project, &endpoint)
        .await?;
    Ok(no_content())
}

/// `PUT /v3/OS-EP-FILTER/projects/{project_id}/endpoints/{endpoint_id}`
pub async fn add_endpoint_to_project(ctx: Context, path: PathArgs) -> Result<Response> {
    let (project, endpoint) = project_and_endpoint(&path)?;
    ctx.enforce(
        "identity:add_endpoint_to_project",
        &of_endpoint(&project, &endpoint),
    )?;
    let manager = ctx.app.catalog();
    manager.add_endpoint_to_project(&project, &endpoint).await?;
    Ok(no_content())
}

/// `DELETE /v3/OS-EP-FILTER/projects/{project_id}/endpoints/{endpoint_id}`
pub async fn remove_endpoint_from_project(ctx: Context, path: PathArgs) -> Result<Response> {
    let (project, endpoint) = project_and_endpoint(&path)?;
    ctx.enforce(
        "identity:remove_endpoint_from_project",
        &of_endpoint(&project, &endpoint),
    )?;
    let manager = ctx.app.catalog();
    manager
        .remove_endpoint_from_project(&project, &endpoint)
        .await?;
    Ok(no_content())
}

fn group_and_project(path: &PathArgs) -> Result<(EndpointGroupId, ProjectId)> {
    Ok((path.id(0)?, path.id(1)?))
}

fn project_and_endpoint(path: &PathArgs) -> Result<(ProjectId, EndpointId)> {
    Ok((path.id(0)?, path.id(1)?))
}

fn of_group<'a>(group: &'a EndpointGroupId, project: &'a ProjectId) -> Target<'a> {
    Target::new()
        .with("endpoint_group_id", group.as_str())
        .with("project_id", project.as_str())
}

fn of_endpoint<'a>(project: &'a ProjectId, endpoint: &'a EndpointId) -> Target<'a> {
    Target::new()
        .with("project_id", project.as_str())
        .with("endpoint_id", endpoint.as_str())
}

/// The page that the client wants; these lists have no filters.
fn hints(ctx: &Context) -> Result<ListHints> {
    let list_limit = ctx.settings.config.catalog.list_limit;
    ctx.query.list_hints(&[], ctx.open_page_rules(list_limit))
}

fn endpoints_page(ctx: &Context, page: &Page<Endpoint>, hints: &ListHints) -> Response {
    ctx.page(
        "endpoints",
        page,
        hints.limit,
        |endpoint| &endpoint.id,
        |endpoint| Value::Object(endpoints::view(ctx, endpoint)),
    )
}

fn projects_page(ctx: &Context, page: &Page<Project>, hints: &ListHints) -> Response {
    ctx.page(
        "projects",
        page,
        hints.limit,
        |project| &project.id,
        |project| projects::view(ctx, project),
    )
}
