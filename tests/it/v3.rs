//! Tests of `/v3`, one file per resource.

mod auth_tokens;
mod domain_config;
mod domains;
mod endpoints;
mod grants;
mod groups;
mod implied_roles;
mod limits;
mod os_endpoint_policy;
mod os_ep_filter;
mod passwords;
mod policies;
mod projects;
mod regions;
mod registered_limits;
mod role_assignments;
mod roles;
mod services;
mod trusts;
mod users;
