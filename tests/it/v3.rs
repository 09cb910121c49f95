//! Tests of `/v3`, one file per resource.

mod application_credentials;
mod auth_tokens;
mod domain_config;
mod domains;
mod endpoints;
mod grants;
mod groups;
mod implied_roles;
mod limits;
mod oauth;
mod os_endpoint_policy;
mod os_ep_filter;
mod os_revoke;
mod passwords;
mod policies;
mod projects;
mod regions;
mod registered_limits;
mod revocation_matrix;
mod role_assignments;
mod roles;
mod services;
mod token_formats;
mod trusts;
mod users;
