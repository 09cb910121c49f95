//! The v3 API: one file per resource, and the table of its routes.

pub mod auth;
pub mod domains;
pub mod projects;
pub mod routes;
