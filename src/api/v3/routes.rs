//! THE route table of v3: one line a route, sorted by path.

use super::{auth, groups, users};
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

        get("/v3/groups", &["identity:list_groups"], groups::list),
        post("/v3/groups", &["identity:create_group"], groups::create),
        get("/v3/groups/{group_id}", &["identity:get_group"], groups::show),
        patch("/v3/groups/{group_id}", &["identity:update_group"], groups::update),
        delete("/v3/groups/{group_id}", &["identity:delete_group"], groups::delete),
        get("/v3/groups/{group_id}/users", &["identity:list_users_in_group"], groups::list_users),
        get("/v3/groups/{group_id}/users/{user_id}", &["identity:check_user_in_group"], groups::check_user),
        put("/v3/groups/{group_id}/users/{user_id}", &["identity:add_user_to_group"], groups::add_user),
        delete("/v3/groups/{group_id}/users/{user_id}", &["identity:remove_user_from_group"], groups::remove_user),

        get("/v3/users", &["identity:list_users"], users::list),
        post("/v3/users", &["identity:create_user"], users::create),
        get("/v3/users/{user_id}", &["identity:get_user"], users::show),
        patch("/v3/users/{user_id}", &["identity:update_user"], users::update),
        delete("/v3/users/{user_id}", &["identity:delete_user"], users::delete),
        get("/v3/users/{user_id}/groups", &["identity:list_groups_for_user"], users::list_groups),
        post("/v3/users/{user_id}/password", &[], users::change_password),
        get("/v3/users/{user_id}/projects", &["identity:list_user_projects"], users::list_projects),
        delete("/v3/users/{user_id}/tokens", &["identity:revoke_tokens_for_user"], users::revoke_tokens),
    ]
}
