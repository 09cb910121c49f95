//! The v3 API: one file per resource, and the table of its routes.

pub mod access_rules;
pub mod application_credentials;
pub mod auth;
pub mod credentials;
pub mod domain_config;
pub mod domains;
pub mod ec2tokens;
pub mod endpoint_groups;
pub mod endpoints;
mod expiration;
pub mod grants;
pub mod groups;
pub mod identity_providers;
pub mod implied_roles;
pub mod limits;
pub mod mappings;
pub mod os_ec2;
pub mod os_endpoint_policy;
pub mod os_ep_filter;
pub mod os_oauth1;
pub mod os_oauth2;
pub mod os_revoke;
pub mod os_simple_cert;
pub mod policies;
pub mod project_tags;
pub mod projects;
pub mod protocols;
pub mod regions;
pub mod registered_limits;
pub mod role_assignments;
pub mod roles;
pub mod routes;
pub mod saml2;
pub mod service_providers;
pub mod services;
pub mod trusts;
pub mod users;

use crate::error::{Error, Result};
use serde::Serialize;
use serde_json::{Map, Value};

/// The members of an object that shows all of itself.
fn members_of(object: &impl Serialize) -> Result<Map<String, Value>> {
    match serde_json::to_value(object) {
        Ok(Value::Object(members)) => Ok(members),
        Ok(_) => Err(Error::internal("an object was expected")),
        Err(error) => Err(Error::internal(error)),
    }
}
