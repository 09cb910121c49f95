//! `/v3/projects/{project_id}/tags`

use crate::api::body::JsonBody;
use crate::api::context::{Context, PathArgs};
use crate::api::response::{json, no_content};
use crate::api::schema;
use crate::api::v3::projects;
use crate::error::{Error, Result};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

/// `GET /v3/projects/{project_id}/tags`
pub async fn list(ctx: Context, path: PathArgs) -> Result<Response> {
    let project = projects::load(&ctx, &path, "identity:list_project_tags").await?;
    Ok(answer(&ctx, &project.tags))
}

/// `PUT /v3/projects/{project_id}/tags`: replaces all.
pub async fn replace(ctx: Context, path: PathArgs, body: JsonBody) -> Result<Response> {
    schema::PROJECT_TAGS_BODY.validate(&body.0)?;
    let project = projects::load(&ctx, &path, "identity:update_project_tags").await?;
    let tags = body.0.get("tags").unwrap_or(&Value::Null);
    schema::PROJECT_TAGS.validate(tags)?;
    let tags = body
        .0
        .as_object()
        .and_then(projects::tags)
        .unwrap_or_default();
    let tags = ctx.app.resource().set_tags(&project.id, tags).await?;
    Ok(answer(&ctx, &tags))
}

/// `DELETE /v3/projects/{project_id}/tags`
pub async fn clear(ctx: Context, path: PathArgs) -> Result<Response> {
    let project = projects::load(&ctx, &path, "identity:delete_project_tags").await?;
    ctx.app.resource().set_tags(&project.id, Vec::new()).await?;
    Ok(no_content())
}

/// `GET /v3/projects/{project_id}/tags/{value}`
pub async fn check(ctx: Context, path: PathArgs) -> Result<Response> {
    let project = projects::load(&ctx, &path, "identity:get_project_tag").await?;
    let tag: String = path.id(1)?;
    match project.tags.contains(&tag) {
        true => Ok(no_content()),
        false => Err(Error::not_found("project tag", tag)),
    }
}

/// `PUT /v3/projects/{project_id}/tags/{value}`: answers with the tag's own URL and no body.
pub async fn add(ctx: Context, path: PathArgs) -> Result<Response> {
    let project = projects::load(&ctx, &path, "identity:create_project_tag").await?;
    let tag: String = path.id(1)?;
    schema::PROJECT_TAG.validate(&Value::from(tag.as_str()))?;
    ctx.app.resource().add_tag(&project.id, &tag).await?;
    let url = ctx
        .base()
        .member(&format!("projects/{}/tags", project.id), tag.trim());
    let location = HeaderValue::try_from(url).map_err(Error::internal)?;
    Ok((StatusCode::CREATED, [(header::LOCATION, location)]).into_response())
}

/// `DELETE /v3/projects/{project_id}/tags/{value}`
pub async fn remove(ctx: Context, path: PathArgs) -> Result<Response> {
    let project = projects::load(&ctx, &path, "identity:delete_project_tag").await?;
    let tag: String = path.id(1)?;
    ctx.app.resource().remove_tag(&project.id, &tag).await?;
    Ok(no_content())
}

/// The tags. Keystone's link to them is the API's root with the query of the request.
fn answer(ctx: &Context, tags: &[String]) -> Response {
    let mut url = ctx.base().v3();
    if let Some((_, query)) = ctx.request.target.split_once('?') {
        url = format!("{url}?{query}");
    }
    let body = json!({ "links": { "self": url }, "tags": tags });
    json(StatusCode::OK, &body)
}
