//! The outermost layer of every request: ids, body bounds, normal paths, error bodies, the access log.
//!
//! It stands outside the router because it changes the path before routing and must see every answer,
//! also the router's own 404 and 405.

use crate::api::Listener;
use crate::api::cors::CrossOrigin;
use crate::api::environment::Environment;
use crate::api::links::{BaseUrl, Connection, LinkRules};
use crate::api::response::{render_error, status_of};
use crate::api::route::{RoutePath, is_v2};
use crate::app::App;
use crate::config::Config;
use crate::error::Error;
use axum::Router;
use axum::body::{Body, HttpBody};
use axum::http::uri::{PathAndQuery, Uri};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Request, Response, StatusCode, header};
use axum::response::IntoResponse;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tower::ServiceExt;

static REQUEST_ID: HeaderName = HeaderName::from_static("x-openstack-request-id");

/// What is known of a request before anything reads it.
#[derive(Debug)]
pub struct RequestMeta {
    /// `req-` and a UUID; in every answer and every log line.
    pub id: String,
    /// The id that the client's own request had, when it sent one of the same form.
    pub global_id: Option<String>,
    /// What links start with.
    pub base: BaseUrl,
    /// What a trusted proxy says about it.
    pub environment: Environment,
    /// Where the connection comes from.
    pub peer: Option<IpAddr>,
    /// Path and query as sent, with no trailing slash on the path.
    pub target: String,
}

/// The other end of the connection that a request came on; listeners put it into its extensions.
#[derive(Clone, Copy, Debug)]
pub struct Peer(pub IpAddr);

impl RequestMeta {
    /// Whether the request is for v2.0.
    pub fn is_v2(&self) -> bool {
        let path = self.target.split('?').next().unwrap_or_default();
        is_v2(path)
    }
}

/// The service that a listener serves.
#[derive(Clone)]
pub struct Edge {
    app: Arc<App>,
    listener: Listener,
    router: Router,
    /// What links name when a request names no host.
    authority: Arc<str>,
}

impl Edge {
    /// What a listener serves; `authority` is its address.
    pub fn new(app: Arc<App>, listener: Listener, authority: &str) -> Self {
        Self {
            router: listener.router(&app),
            app,
            listener,
            authority: authority.into(),
        }
    }

    /// Answers one request; never fails.
    pub async fn handle(&self, mut request: Request<Body>) -> Response<Body> {
        let started = Instant::now();
        let settings = self.app.settings();
        let limit = body_limit(&settings.config);
        let peer = request.extensions().get::<Peer>().map(|peer| peer.0);
        let meta = Arc::new(RequestMeta {
            id: format!("req-{}", uuid::Uuid::new_v4()),
            global_id: global_request_id(request.headers()),
            base: self.base_url(&settings.links, &request),
            environment: settings.proxies.environment(peer, request.headers()),
            peer,
            target: normalize_path(request.uri_mut()),
        });
        if declared_length(request.headers()).is_some_and(|length| length > limit) {
            return render_error(&Error::TooLarge(limit), &meta, false);
        }
        let method = request.method().clone();
        let cross_origin = CrossOrigin::of(&settings.config.cors, &method, request.headers());
        let hidden = !settings.config.default.enable_v2 && meta.is_v2();
        request.extensions_mut().insert(Arc::clone(&meta));

        let mut response = if hidden {
            unknown_path(request.uri().clone()).await
        } else {
            match self.router.clone().oneshot(request).await {
                Ok(response) => response,
                Err(never) => match never {},
            }
        };
        let failure = response.extensions_mut().remove::<Error>();
        if let Some(error) = &failure {
            let rendered = render_error(error, &meta, settings.config.default.insecure_debug);
            let (parts, body) = rendered.into_parts();
            // The router has counted the empty body that stood in for this one. HEAD says what GET
            // would have.
            response.headers_mut().remove(header::CONTENT_LENGTH);
            if let Some(length) = body.size_hint().exact() {
                response
                    .headers_mut()
                    .insert(header::CONTENT_LENGTH, length.into());
            }
            *response.body_mut() = if method == http::Method::HEAD {
                Body::empty()
            } else {
                body
            };
            response.headers_mut().extend(parts.headers);
        }
        let elapsed = started.elapsed();
        let route = response
            .extensions()
            .get::<RoutePath>()
            .map_or("", |route| route.0);
        self.app
            .metrics
            .request(&method, route, response.status(), elapsed);
        log_access(
            &meta,
            &method,
            route,
            response.status(),
            failure.as_ref(),
            elapsed,
        );
        decorate(&mut response, &meta, route);
        if let Some(cross_origin) = cross_origin {
            cross_origin.permit(&settings.config.cors, &mut response);
        }
        response
    }
}

impl Edge {
    fn base_url(&self, rules: &LinkRules, request: &Request<Body>) -> BaseUrl {
        let authority = request
            .uri()
            .authority()
            .map_or(&*self.authority, |authority| authority.as_str());
        BaseUrl::of_request(
            rules,
            self.listener,
            request.headers(),
            Connection {
                scheme: "http",
                authority,
            },
        )
    }
}

/// Headers that every routed answer has.
fn decorate(response: &mut Response<Body>, meta: &RequestMeta, route: &str) {
    if response.status() == StatusCode::PAYLOAD_TOO_LARGE {
        return;
    }
    let headers = response.headers_mut();
    if route != "/healthcheck" {
        headers.insert(header::VARY, HeaderValue::from_static("X-Auth-Token"));
    }
    if let Ok(id) = HeaderValue::from_str(&meta.id) {
        headers.insert(REQUEST_ID.clone(), id);
    }
}

/// Each request is one line; each failure of ours is one line more detailed, with the same request id.
fn log_access(
    meta: &RequestMeta,
    method: &http::Method,
    route: &str,
    status: StatusCode,
    failure: Option<&Error>,
    elapsed: Duration,
) {
    let global_id = meta.global_id.as_deref();
    let duration_us = u64::try_from(elapsed.as_micros()).unwrap_or(u64::MAX);
    match failure {
        Some(error) if status_of(error).is_server_error() => tracing::error!(
            request_id = meta.id, global_id, %method, route, status = status.as_u16(), duration_us, %error,
            "request failed"
        ),
        Some(error) => tracing::info!(
            request_id = meta.id, global_id, %method, route, status = status.as_u16(), duration_us, %error,
            "request refused"
        ),
        None => tracing::info!(
            request_id = meta.id, global_id, %method, route, status = status.as_u16(), duration_us, "request"
        ),
    }
}

/// The client's request id, when it has the one form that is safe to repeat in logs.
fn global_request_id(headers: &HeaderMap) -> Option<String> {
    let id = headers.get(&REQUEST_ID)?.to_str().ok()?;
    let uuid = id.strip_prefix("req-")?;
    uuid::Uuid::try_parse(uuid).ok()?;
    Some(id.to_owned())
}

/// `[oslo_middleware] max_request_body_size` in bytes.
pub fn body_limit(config: &Config) -> u64 {
    u64::try_from(config.oslo_middleware.max_request_body_size).unwrap_or(0)
}

fn declared_length(headers: &HeaderMap) -> Option<u64> {
    headers
        .get(header::CONTENT_LENGTH)?
        .to_str()
        .ok()?
        .parse()
        .ok()
}

/// `/v3/users/` is `/v3/users`, and `/v2.0//tenants` is `/v2.0/tenants`. Returns path and query as
/// they are afterwards.
fn normalize_path(uri: &mut Uri) -> String {
    if let Some(path) = normal_path(uri.path()) {
        let target = match uri.query() {
            Some(query) => format!("{path}?{query}"),
            None => path,
        };
        if let Ok(normal) = target.parse::<PathAndQuery>() {
            let mut parts = std::mem::take(uri).into_parts();
            parts.path_and_query = Some(normal);
            *uri = Uri::from_parts(parts).unwrap_or_default();
        }
        return target;
    }
    uri.path_and_query()
        .map_or("/", PathAndQuery::as_str)
        .to_owned()
}

/// The path to route, if it is another one than the client wrote.
fn normal_path(path: &str) -> Option<String> {
    let stripped = match path.trim_end_matches('/') {
        "" => "/",
        stripped => stripped,
    };
    if let Some(rest) = stripped.strip_prefix("/v2.0//") {
        return Some(format!("/v2.0/{}", rest.trim_start_matches('/')));
    }
    (stripped.len() < path.len()).then(|| stripped.to_owned())
}

/// The router's answer to a path that no route has.
pub async fn unknown_path(uri: Uri) -> Response<Body> {
    if is_v2(uri.path()) {
        return unknown_v2_path().await.into_response();
    }
    const PAGE: &str = "<!doctype html>\n<html lang=en>\n<title>404 Not Found</title>\n\
        <h1>Not Found</h1>\n<p>No such path on this server.</p>\n</html>\n";
    (
        StatusCode::NOT_FOUND,
        [(header::CONTENT_TYPE, "text/html; charset=utf-8")],
        PAGE,
    )
        .into_response()
}

/// The same of v2.0, also for a method that a path doesn't have: an error as any other.
pub async fn unknown_v2_path() -> Error {
    Error::not_found("resource", "at this path")
}

/// The answer to a method that a path doesn't have; the router adds `Allow`.
pub async fn wrong_method() -> impl IntoResponse {
    const BODY: &str = "{\"message\": \"This path does not have that method.\"}\n";
    (
        StatusCode::METHOD_NOT_ALLOWED,
        [(header::CONTENT_TYPE, "application/json")],
        BODY,
    )
}
