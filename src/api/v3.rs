//! The v3 API: one file per resource, and the table of its routes.

pub mod auth;
pub mod domains;
pub mod endpoints;
mod members;
mod page;
pub mod projects;
pub mod regions;
pub mod routes;
pub mod services;
