//! The rules of each subsystem. Managers are borrowed views of the [`App`](crate::app::App); they know
//! neither HTTP nor SQL.

pub mod application_credential;
pub mod assignment;
pub mod auth;
pub mod bootstrap;
pub mod catalog;
pub mod credential;
pub mod delegation;
pub mod domain_config;
pub mod federation;
pub mod identity;
pub mod limit;
pub mod notify;
pub mod oauth1;
pub mod policy;
pub mod receipt;
pub mod resource;
pub mod revoke;
pub mod token;
pub mod trust;
