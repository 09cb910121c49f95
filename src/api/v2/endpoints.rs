//! `/v2.0/endpoints`: up to three endpoints of v3, one an interface, seen as one.

use super::envelope::{object, optional_text};
use crate::api::attributes::Attributes;
use crate::api::body::JsonBody;
use crate::api::context::{Context, PathArgs};
use crate::api::response::{json, no_content};
use crate::error::{Error, Result};
use crate::manager::catalog::{EndpointTriple, NewEndpointTriple};
use crate::model::{RegionId, ServiceId};
use axum::http::StatusCode;
use axum::response::Response;
use serde_json::{Map, Value, json};

/// Longest id, in characters.
const LONGEST_ID: usize = 255;
/// Longest URL, in characters.
const LONGEST_URL: usize = 8192;

/// The interfaces, and the members that hold their URLs.
const URLS: [(&str, &str); 3] = [
    ("public", "publicurl"),
    ("internal", "internalurl"),
    ("admin", "adminurl"),
];

/// Members of a request that are not stored in `extra`.
const KNOWN: [&str; 12] = [
    "service_id",
    "region",
    "region_id",
    "publicurl",
    "internalurl",
    "adminurl",
    "enabled",
    "interface",
    "url",
    "legacy_endpoint_id",
    "links",
    "name",
];

/// `GET /v2.0/endpoints`
pub async fn list(ctx: Context) -> Result<Response> {
    ctx.enforce_admin()?;
    let triples = ctx.app.catalog().endpoint_triples().await?;
    let endpoints: Vec<_> = triples.iter().map(view).collect();
    Ok(json(StatusCode::OK, &json!({ "endpoints": endpoints })))
}

/// `POST /v2.0/endpoints`: the answer repeats what was sent.
pub async fn create(ctx: Context, body: JsonBody) -> Result<Response> {
    let members = object(&body, "endpoint")?;
    let required = |name: &str, longest: usize| {
        optional_text(members, name, longest)?
            .ok_or_else(|| Error::bad_request(format!("An endpoint must have a '{name}'.")))
    };
    required("publicurl", LONGEST_URL)?;
    let service_id = ServiceId::from(required("service_id", LONGEST_ID)?);
    let mut urls = Vec::new();
    for (interface, name) in URLS {
        if let Some(url) = optional_text(members, name, LONGEST_URL)? {
            urls.push((interface, url.to_owned()));
        }
    }
    let new = NewEndpointTriple {
        service_id,
        region_id: optional_text(members, "region", LONGEST_ID)?.map(RegionId::from),
        urls,
        enabled: match members.get("enabled") {
            None => true,
            Some(Value::Bool(enabled)) => *enabled,
            Some(_) => return Err(Error::bad_request("'enabled' must be a boolean.")),
        },
        extra: Attributes::of(members).rest(&KNOWN),
    };
    ctx.enforce_admin()?;
    let id = ctx.app.catalog().create_endpoint_triple(&new).await?;
    let mut shown = members.clone();
    shown.retain(|name, value| {
        let is_url = URLS.iter().any(|(_, url)| url == name);
        !is_url || value.as_str().is_some_and(|url| !url.is_empty())
    });
    shown.insert("id".to_owned(), json!(id));
    Ok(json(StatusCode::OK, &json!({ "endpoint": shown })))
}

/// `DELETE /v2.0/endpoints/{endpoint_id}`: only what v2.0 made has such an id.
pub async fn delete(ctx: Context, path: PathArgs) -> Result<Response> {
    ctx.enforce_admin()?;
    let id = path.id::<String>(0)?;
    ctx.app.catalog().delete_endpoint_triple(&id).await?;
    Ok(no_content())
}

fn view(triple: &EndpointTriple) -> Map<String, Value> {
    let mut view = triple.extra.clone();
    let mut set = |name: &str, value: Value| view.insert(name.to_owned(), value);
    set("id", json!(triple.id));
    set("service_id", json!(triple.service_id));
    set("region", json!(triple.region_id));
    set("enabled", json!(triple.enabled));
    for (interface, name) in URLS {
        if let Some((_, url)) = triple.urls.iter().find(|(known, _)| known == interface) {
            set(name, json!(url));
        }
    }
    view
}
