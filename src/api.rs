//! HTTP: the only place that knows header names, query strings and JSON envelopes.

pub mod attributes;
pub mod body;
pub mod context;
pub mod cors;
pub mod discovery;
pub mod edge;
pub mod environment;
pub mod health;
pub mod json_home;
pub mod links;
pub mod metrics;
pub mod openapi;
pub mod paging;
pub mod query;
pub mod response;
pub mod route;
pub mod schema;
pub mod server;
pub mod tokenless;
pub mod v2;
pub mod v3;
pub mod versions;

use crate::app::App;
use axum::Router;
use axum::routing::get;
use route::Route;
use std::sync::Arc;

/// The router of the public listener.
pub fn public_router(app: &Arc<App>) -> Router {
    router(v2::routes::public(), app)
}

/// The router of the admin listener: v3 as on the public one, v2.0's administration, and what only
/// operators should reach.
pub fn admin_router(app: &Arc<App>) -> Router {
    router(v2::routes::admin(), app)
        .route("/metrics", get(metrics::show).with_state(Arc::clone(app)))
}

fn router(v2: Vec<Route>, app: &Arc<App>) -> Router {
    let mut routes = versions::table();
    routes.extend(v2);
    routes.extend(v3::routes::table());
    route::router(routes, Arc::clone(app))
}
