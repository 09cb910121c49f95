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

/// Which of the two listeners a request came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Listener {
    /// For everybody.
    Public,
    /// v3 as on the public one, v2.0's administration, and what only operators should reach.
    Admin,
}

impl Listener {
    /// What it serves.
    pub fn router(self, app: &Arc<App>) -> Router {
        match self {
            Self::Public => router(v2::routes::public(), app),
            Self::Admin => router(v2::routes::admin(), app)
                .route("/metrics", get(metrics::show).with_state(Arc::clone(app))),
        }
    }
}

fn router(v2: Vec<Route>, app: &Arc<App>) -> Router {
    let mut routes = versions::table();
    routes.extend(v2);
    routes.extend(v3::routes::table());
    route::router(routes, Arc::clone(app))
}
