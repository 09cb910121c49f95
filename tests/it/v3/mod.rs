//! Tests of `/v3`, one file per resource.

mod auth_tokens;
mod grants;
mod implied_roles;
mod role_assignments;
mod roles;
