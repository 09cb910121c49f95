//! The v3 API: one file per resource, and the table of its routes.

pub mod access_rules;
pub mod application_credentials;
pub mod auth;
pub mod domains;
pub mod endpoints;
mod expiration;
pub mod grants;
pub mod groups;
pub mod implied_roles;
pub mod os_oauth1;
pub mod os_oauth2;
pub mod project_tags;
pub mod projects;
pub mod regions;
pub mod role_assignments;
pub mod roles;
pub mod routes;
pub mod services;
pub mod trusts;
pub mod users;
