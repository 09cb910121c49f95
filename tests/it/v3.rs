//! Tests of `/v3`, one file per resource.

mod auth_methods;
mod auth_tokens;
mod credentials;
mod domain_config;
mod domains;
mod ec2tokens;
mod endpoints;
mod grants;
mod groups;
mod implied_roles;
mod os_ec2;
mod os_endpoint_policy;
mod os_ep_filter;
mod passwords;
mod policies;
mod projects;
mod regions;
mod role_assignments;
mod roles;
mod services;
mod trusts;
mod users;
