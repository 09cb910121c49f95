//! THE route table of v3: one line a route, sorted by path.

use super::auth;
use crate::api::route::{Route, delete, get, post};

/// Every v3 route.
#[rustfmt::skip]
pub fn table() -> Vec<Route> {
    vec![
        get("/v3/auth/catalog", &["identity:get_auth_catalog"], auth::show_catalog),
        get("/v3/auth/domains", &["identity:get_auth_domains"], auth::list_domains),
        get("/v3/auth/projects", &["identity:get_auth_projects"], auth::list_projects),
        get("/v3/auth/system", &["identity:get_auth_system"], auth::show_system),
        get("/v3/auth/tokens", &["identity:validate_token", "identity:check_token"], auth::show_token),
        post("/v3/auth/tokens", &[], auth::create_token),
        delete("/v3/auth/tokens", &["identity:revoke_token"], auth::revoke_token),
    ]
}
