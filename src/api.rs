//! HTTP: the only place that knows header names, query strings and JSON envelopes.

pub mod discovery;
pub mod json_home;
pub mod links;
pub mod query;
pub mod schema;
