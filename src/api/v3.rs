//! The v3 API: one file per resource, and the table of its routes.

pub mod auth;
pub mod credentials;
pub mod domains;
pub mod ec2tokens;
pub mod endpoints;
pub mod grants;
pub mod groups;
pub mod implied_roles;
pub mod os_ec2;
pub mod project_tags;
pub mod projects;
pub mod regions;
pub mod role_assignments;
pub mod roles;
pub mod routes;
pub mod services;
pub mod users;
