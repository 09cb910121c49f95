//! The v3 API: one file per resource, and the table of its routes.

pub mod access_rules;
pub mod application_credentials;
pub mod auth;
pub mod domain_config;
pub mod domains;
pub mod endpoint_groups;
pub mod endpoints;
mod expiration;
pub mod grants;
pub mod groups;
pub mod implied_roles;
pub mod os_endpoint_policy;
pub mod os_ep_filter;
pub mod os_oauth1;
pub mod os_oauth2;
pub mod os_revoke;
pub mod os_simple_cert;
pub mod policies;
pub mod project_tags;
pub mod projects;
pub mod regions;
pub mod role_assignments;
pub mod roles;
pub mod routes;
pub mod services;
pub mod trusts;
pub mod users;
