//! THE route table of v3: one line a route, sorted by path.

use super::{auth, endpoints, regions, services};
use crate::api::route::{Route, delete, get, patch, post, put};

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
        get("/v3/endpoints", &["identity:list_endpoints"], endpoints::list),
        post("/v3/endpoints", &["identity:create_endpoint"], endpoints::create),
        get("/v3/endpoints/{endpoint_id}", &["identity:get_endpoint"], endpoints::show),
        patch("/v3/endpoints/{endpoint_id}", &["identity:update_endpoint"], endpoints::update),
        delete("/v3/endpoints/{endpoint_id}", &["identity:delete_endpoint"], endpoints::delete),
        get("/v3/regions", &["identity:list_regions"], regions::list),
        post("/v3/regions", &["identity:create_region"], regions::create),
        get("/v3/regions/{region_id}", &["identity:get_region"], regions::show),
        put("/v3/regions/{region_id}", &["identity:create_region"], regions::create_with_id),
        patch("/v3/regions/{region_id}", &["identity:update_region"], regions::update),
        delete("/v3/regions/{region_id}", &["identity:delete_region"], regions::delete),
        get("/v3/services", &["identity:list_services"], services::list),
        post("/v3/services", &["identity:create_service"], services::create),
        get("/v3/services/{service_id}", &["identity:get_service"], services::show),
        patch("/v3/services/{service_id}", &["identity:update_service"], services::update),
        delete("/v3/services/{service_id}", &["identity:delete_service"], services::delete),
    ]
}
