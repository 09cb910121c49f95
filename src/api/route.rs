//! What a route is, and how the table of them becomes a router.

use crate::api::context::Enforced;
use crate::api::edge;
use crate::api::links::BaseUrl;
use crate::app::App;
use axum::Router;
use axum::extract::Request;
use axum::handler::Handler;
use axum::http::{HeaderValue, Method, StatusCode, header};
use axum::middleware::{Next, from_fn};
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodFilter, MethodRouter, any, on};
use std::collections::BTreeMap;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{self, Poll};

/// One operation of the API.
pub struct Route {
    /// The method; GET of v3 answers HEAD too.
    pub method: Method,
    /// The path template: `/v3/users/{user_id}`.
    pub path: &'static str,
    /// The policy rules that its handler may ask; empty for an operation that anybody may call.
    pub rules: &'static [&'static str],
    handler: MethodRouter<Arc<App>>,
}

macro_rules! methods {
    ($($(#[$doc:meta])* $name:ident $method:ident;)*) => {$(
        $(#[$doc])*
        pub fn $name<H, T>(path: &'static str, rules: &'static [&'static str], handler: H) -> Route
        where
            H: Handler<T, Arc<App>, Future = HandlerFuture>,
            T: 'static,
        {
            let handler = on(MethodFilter::$method, Named { path, handler });
            Route { method: Method::$method, path, rules, handler }
        }
    )*};
}

methods! {
    /// A route for GET; v3 answers HEAD with it too.
    get GET;
    /// A route for HEAD, where v2.0 has one.
    head HEAD;
    /// A route for POST.
    post POST;
    /// A route for PUT.
    put PUT;
    /// A route for PATCH.
    patch PATCH;
    /// A route for DELETE.
    delete DELETE;
}

/// The router that serves a table of routes.
pub fn router(routes: Vec<Route>, app: Arc<App>) -> Router {
    let mut paths: BTreeMap<&'static str, (Vec<Method>, MethodRouter<Arc<App>>)> = BTreeMap::new();
    for route in routes {
        let protected = !route.rules.is_empty();
        let handler = if cfg!(debug_assertions) && protected {
            route.handler.layer(from_fn(assert_enforced))
        } else {
            route.handler
        };
        let (methods, merged) = paths
            .entry(route.path)
            .or_insert_with(|| (Vec::new(), unrouted(route.path)));
        methods.push(route.method);
        *merged = std::mem::take(merged).merge(handler);
    }
    let mut router = Router::new();
    for (path, (methods, mut handler)) in paths {
        if is_v2(path) {
            if !methods.contains(&Method::HEAD) && methods.contains(&Method::GET) {
                handler = handler.on(MethodFilter::HEAD, edge::unknown_v2_path);
            }
            router = router.route(path, handler);
            continue;
        }
        let allow = allow_header(&methods);
        let options = Named {
            path,
            handler: move || async move { options(allow) },
        };
        let wrong_method = Named {
            path,
            handler: edge::wrong_method,
        };
        let handler = handler
            .on(MethodFilter::OPTIONS, options)
            .fallback(wrong_method);
        router = router.route(path, handler);
    }
    router.fallback(edge::unknown_path).with_state(app)
}

/// Whether a path belongs to v2.0.
pub fn is_v2(path: &str) -> bool {
    path.strip_prefix(BaseUrl::V2)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// What answers the methods that a path does not have: v2.0 does not tell it from a path that is not
/// there, v3 says which methods there are.
fn unrouted(path: &str) -> MethodRouter<Arc<App>> {
    match is_v2(path) {
        true => any(edge::unknown_v2_path),
        false => MethodRouter::new(),
    }
}

fn allow_header(methods: &[Method]) -> HeaderValue {
    let mut names: Vec<&str> = methods.iter().map(Method::as_str).collect();
    if methods.contains(&Method::GET) {
        names.push("HEAD");
    }
    names.push("OPTIONS");
    HeaderValue::from_str(&names.join(", ")).unwrap_or_else(|_| HeaderValue::from_static("OPTIONS"))
}

fn options(allow: HeaderValue) -> Response {
    let content_type = HeaderValue::from_static("text/html; charset=utf-8");
    (
        StatusCode::OK,
        [(header::ALLOW, allow), (header::CONTENT_TYPE, content_type)],
    )
        .into_response()
}

/// In an answer's extensions: the path template of the route that gave it.
#[derive(Clone, Copy, Debug)]
pub struct RoutePath(pub &'static str);

/// A handler that says in its answers which route it belongs to. It stands in the handler's place and is
/// no layer around it, because every layer costs each request several allocations.
#[derive(Clone)]
struct Named<H> {
    path: &'static str,
    handler: H,
}

/// What axum's handlers return when they are functions.
type HandlerFuture = Pin<Box<dyn Future<Output = Response> + Send>>;

struct NamedFuture {
    path: &'static str,
    answer: HandlerFuture,
}

impl<H, T> Handler<T, Arc<App>> for Named<H>
where
    H: Handler<T, Arc<App>, Future = HandlerFuture>,
    T: 'static,
{
    type Future = NamedFuture;

    fn call(self, request: Request, app: Arc<App>) -> NamedFuture {
        NamedFuture {
            path: self.path,
            answer: self.handler.call(request, app),
        }
    }
}

impl Future for NamedFuture {
    type Output = Response;

    fn poll(mut self: Pin<&mut Self>, cx: &mut task::Context<'_>) -> Poll<Response> {
        let path = RoutePath(self.path);
        self.answer.as_mut().poll(cx).map(|mut response| {
            response.extensions_mut().insert(path);
            response
        })
    }
}

/// A protected route that answers a success without having asked policy is a hole. Debug builds, and
/// with them every test, refuse to answer it.
async fn assert_enforced(mut request: Request, next: Next) -> Response {
    let enforced = Arc::new(Enforced::default());
    request.extensions_mut().insert(Arc::clone(&enforced));
    let target = request.uri().path().to_owned();
    let method = request.method().clone();
    let response = next.run(request).await;
    assert!(
        enforced.get() || !response.status().is_success(),
        "{method} {target} answered {} without asking policy",
        response.status()
    );
    response
}
