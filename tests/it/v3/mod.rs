//! Tests of `/v3`, one file per resource.

mod auth_tokens;
mod endpoints;
mod groups;
mod passwords;
mod regions;
mod services;
mod users;
mod grants;
mod implied_roles;
mod role_assignments;
mod roles;
