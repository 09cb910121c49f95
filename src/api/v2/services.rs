//! `/v2.0/OS-KSADM/services`

use super::envelope::{object, optional_text};
use crate::api::attributes::Attributes;
use crate::api::body::JsonBody;
use crate::api::context::{Context, PathArgs};
use crate::api::response::{json, no_content};
use crate::error::{Error, Result};
use crate::model::list::ListHints;
use crate::model::{Service, ServiceId};
use axum::http::StatusCode;
use axum::response::Response;
use serde_json::{Map, Value, json};

/// The name of a service in bodies.
const SERVICE: &str = "OS-KSADM:service";

/// Longest type, in characters.
const LONGEST_TYPE: usize = 255;

/// Members of a request that are not stored in `extra`, where name and description are.
const KNOWN: [&str; 3] = ["type", "enabled", "links"];

/// `GET /v2.0/OS-KSADM/services`
pub async fn list(ctx: Context) -> Result<Response> {
    ctx.enforce_admin()?;
    let page = ctx.app.catalog().services(&ListHints::default()).await?;
    let services: Vec<_> = page.items.iter().map(view).collect();
    Ok(json(
        StatusCode::OK,
        &json!({ "OS-KSADM:services": services }),
    ))
}

/// `POST /v2.0/OS-KSADM/services`
pub async fn create(ctx: Context, body: JsonBody) -> Result<Response> {
    let members = object(&body, SERVICE)?;
    let sent = Attributes::of(members);
    sent.nullable_text("name")?;
    sent.nullable_text("description")?;
    let service = Service {
        id: ServiceId::random(),
        service_type: optional_text(members, "type", LONGEST_TYPE)?.map(str::to_owned),
        enabled: match members.get("enabled") {
            None => true,
            Some(Value::Bool(enabled)) => *enabled,
            Some(_) => return Err(Error::bad_request("'enabled' must be a boolean.")),
        },
        extra: sent.rest(&KNOWN),
    };
    ctx.enforce_admin()?;
    ctx.app.catalog().create_service(&service).await?;
    Ok(member(&service))
}

/// `GET /v2.0/OS-KSADM/services/{service_id}`
pub async fn show(ctx: Context, path: PathArgs) -> Result<Response> {
    ctx.enforce_admin()?;
    let id = path.id::<ServiceId>(0)?;
    let found = ctx.app.catalog().find_service(&id).await?;
    let service = found.ok_or_else(|| Error::not_found("service", &id))?;
    Ok(member(&service))
}

/// `DELETE /v2.0/OS-KSADM/services/{service_id}`: its endpoints go with it.
pub async fn delete(ctx: Context, path: PathArgs) -> Result<Response> {
    ctx.enforce_admin()?;
    ctx.app.catalog().delete_service(&path.id(0)?).await?;
    Ok(no_content())
}

fn view(service: &Service) -> Map<String, Value> {
    let mut view = service.extra.clone();
    let mut set = |name: &str, value: Value| view.insert(name.to_owned(), value);
    set("id", json!(service.id));
    set("type", json!(service.service_type));
    set("enabled", json!(service.enabled));
    view
}

fn member(service: &Service) -> Response {
    json(StatusCode::OK, &json!({ SERVICE: view(service) }))
}
