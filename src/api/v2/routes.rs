//! THE route tables of v2.0, one for each listener: one line a route, sorted by path.

use super::{
    certificates, ec2, endpoints, extensions, own_password, roles, services, tenants, tokens,
    users, version,
};
use crate::api::route::{Route, delete, get, head, patch, post, put};

/// Routes of the public listener.
#[rustfmt::skip]
pub fn public() -> Vec<Route> {
    let mut routes = common();
    routes.extend([
        patch("/v2.0/OS-KSCRUD/users/{user_id}", &[], own_password::change),
        post("/v2.0/ec2tokens", &["identity:ec2tokens_validate"], ec2::check_ec2_publicly),
        get("/v2.0/extensions", &[], extensions::list_public),
        get("/v2.0/extensions/{alias}", &[], extensions::show_public),
        get("/v2.0/tenants", &[], tenants::list_own),
    ]);
    routes
}

/// Routes of the admin listener.
#[rustfmt::skip]
pub fn admin() -> Vec<Route> {
    let mut routes = common();
    routes.extend([
        get("/v2.0/OS-KSADM/roles", &["admin_required"], roles::list),
        post("/v2.0/OS-KSADM/roles", &["admin_required"], roles::create),
        get("/v2.0/OS-KSADM/roles/{role_id}", &["admin_required"], roles::show),
        delete("/v2.0/OS-KSADM/roles/{role_id}", &["admin_required"], roles::delete),
        get("/v2.0/OS-KSADM/services", &["admin_required"], services::list),
        post("/v2.0/OS-KSADM/services", &["admin_required"], services::create),
        get("/v2.0/OS-KSADM/services/{service_id}", &["admin_required"], services::show),
        delete("/v2.0/OS-KSADM/services/{service_id}", &["admin_required"], services::delete),
        post("/v2.0/ec2tokens", &[], ec2::check_ec2),
        get("/v2.0/endpoints", &["admin_required"], endpoints::list),
        post("/v2.0/endpoints", &["admin_required"], endpoints::create),
        delete("/v2.0/endpoints/{endpoint_id}", &["admin_required"], endpoints::delete),
        get("/v2.0/extensions", &[], extensions::list_admin),
        get("/v2.0/extensions/{alias}", &[], extensions::show_admin),
        post("/v2.0/s3tokens", &[], ec2::check_s3),
        get("/v2.0/tenants", &["admin_required"], tenants::list),
        post("/v2.0/tenants", &["admin_required"], tenants::create),
        get("/v2.0/tenants/{tenant_id}", &["admin_required"], tenants::show),
        post("/v2.0/tenants/{tenant_id}", &["admin_required"], tenants::update),
        put("/v2.0/tenants/{tenant_id}", &["admin_required"], tenants::update),
        delete("/v2.0/tenants/{tenant_id}", &["admin_required"], tenants::delete),
        get("/v2.0/tenants/{tenant_id}/users", &["admin_required"], tenants::list_users),
        get("/v2.0/tenants/{tenant_id}/users/{user_id}/roles", &["admin_required"], roles::list_on_tenant),
        put("/v2.0/tenants/{tenant_id}/users/{user_id}/roles/OS-KSADM/{role_id}", &["admin_required"], roles::grant),
        delete("/v2.0/tenants/{tenant_id}/users/{user_id}/roles/OS-KSADM/{role_id}", &["admin_required"], roles::revoke),
        get("/v2.0/users", &["admin_required"], users::list),
        post("/v2.0/users", &["admin_required"], users::create),
        get("/v2.0/users/{user_id}", &["admin_required"], users::show),
        put("/v2.0/users/{user_id}", &["admin_required"], users::update),
        delete("/v2.0/users/{user_id}", &["admin_required"], users::delete),
        put("/v2.0/users/{user_id}/OS-KSADM/enabled", &["admin_required"], users::update),
        put("/v2.0/users/{user_id}/OS-KSADM/password", &["admin_required"], users::update),
        put("/v2.0/users/{user_id}/OS-KSADM/tenant", &["admin_required"], users::update),
        put("/v2.0/users/{user_id}/enabled", &["admin_required"], users::update),
        put("/v2.0/users/{user_id}/password", &["admin_required"], users::update),
        get("/v2.0/users/{user_id}/roleRefs", &["admin_required"], roles::list_refs),
        post("/v2.0/users/{user_id}/roleRefs", &["admin_required"], roles::create_ref),
        delete("/v2.0/users/{user_id}/roleRefs/{role_ref_id}", &["admin_required"], roles::delete_ref),
        get("/v2.0/users/{user_id}/roles", &["admin_required"], roles::without_tenant),
        put("/v2.0/users/{user_id}/roles/OS-KSADM/{role_id}", &["admin_required"], roles::without_tenant),
        delete("/v2.0/users/{user_id}/roles/OS-KSADM/{role_id}", &["admin_required"], roles::without_tenant),
        put("/v2.0/users/{user_id}/tenant", &["admin_required"], users::update),
    ]);
    routes
}

/// Routes of both.
#[rustfmt::skip]
fn common() -> Vec<Route> {
    vec![
        get("/v2.0", &[], version::show),
        head("/v2.0", &[], version::show),
        post("/v2.0", &[], version::show),
        put("/v2.0", &[], version::show),
        patch("/v2.0", &[], version::show),
        delete("/v2.0", &[], version::show),
        get("/v2.0/certificates/ca", &[], certificates::show_ca),
        get("/v2.0/certificates/signing", &[], certificates::show_signing),
        post("/v2.0/tokens", &[], tokens::create),
        get("/v2.0/tokens/revoked", &["identity:revocation_list"], certificates::revocation_list),
        get("/v2.0/tokens/{token_id}", &["identity:validate_token"], tokens::show),
        head("/v2.0/tokens/{token_id}", &["service_or_admin"], tokens::check),
        delete("/v2.0/tokens/{token_id}", &["admin_required"], tokens::revoke),
        get("/v2.0/tokens/{token_id}/endpoints", &["admin_required"], tokens::list_endpoints),
        get("/v2.0/users/{user_id}/credentials/OS-EC2", &["admin_or_owner"], ec2::list),
        post("/v2.0/users/{user_id}/credentials/OS-EC2", &["admin_or_owner"], ec2::create),
        get("/v2.0/users/{user_id}/credentials/OS-EC2/{access}", &["admin_or_owner"], ec2::show),
        delete("/v2.0/users/{user_id}/credentials/OS-EC2/{access}", &["admin_or_owner"], ec2::delete),
    ]
}
