//! Tests of `/v3`, one file per resource.

mod application_credentials;
mod auth_tokens;
mod domains;
mod endpoints;
mod grants;
mod groups;
mod implied_roles;
mod oauth;
mod passwords;
mod projects;
mod regions;
mod role_assignments;
mod roles;
mod services;
mod trusts;
mod users;
