//! Where clients begin: version documents, JSON-home, and the health check.

use super::context::Context;
use super::route::{Route, get};
use super::{discovery, health, json_home, response};
use axum::body::Body;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;

/// Routes outside any version.
pub fn table() -> Vec<Route> {
    vec![
        get("/", &[], root),
        get("/healthcheck", &[], health::show),
        get("/v3", &[], v3),
    ]
}

/// `GET /`: 300, because there are several versions to choose from.
async fn root(ctx: Context, headers: HeaderMap) -> Response {
    if wants_json_home(&headers) {
        return json_home_response(json_home::root());
    }
    let with_v2 = ctx.settings.config.default.enable_v2;
    let body = Bytes::from(discovery::root(ctx.base(), with_v2).to_string());
    let mut response = response::raw_json(StatusCode::MULTIPLE_CHOICES, body);
    if let Ok(location) = HeaderValue::from_str(&discovery::location(ctx.base())) {
        response.headers_mut().insert(header::LOCATION, location);
    }
    response
}

/// `GET /v3`
async fn v3(ctx: Context, headers: HeaderMap) -> Response {
    if wants_json_home(&headers) {
        return json_home_response(json_home::v3());
    }
    response::raw_json(
        StatusCode::OK,
        Bytes::from(discovery::v3(ctx.base()).to_string()),
    )
}

fn json_home_response(body: Bytes) -> Response {
    (
        [(header::CONTENT_TYPE, json_home::MEDIA_TYPE)],
        Body::from(body),
    )
        .into_response()
}

/// JSON-home must be asked for by name; everything else, also no Accept at all, means JSON.
fn wants_json_home(headers: &HeaderMap) -> bool {
    headers
        .get_all(header::ACCEPT)
        .iter()
        .filter_map(|accept| accept.to_str().ok())
        .flat_map(|accept| accept.split(','))
        .any(|range| {
            range
                .split(';')
                .next()
                .is_some_and(|kind| kind.trim() == json_home::MEDIA_TYPE)
        })
}
