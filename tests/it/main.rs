//! The one integration-test binary: real drivers, and an in-process server asked over HTTP.
//!
//! `KEYSTONE_TEST_DB` chooses the database: unset is SQLite in a temporary file,
//! `postgres://user@host/` and `mysql://user@host/` a server on which the user may create databases.

mod changes_at_once;
mod cli;
mod cors;
mod cost;
mod database;
mod delegation_chains;
mod delegation_matrix;
mod edge;
mod effective_roles;
mod harness;
mod healthcheck;
mod ldap;
mod message_bus;
mod notifications;
mod openapi;
mod paging;
mod rbac;
mod revocation;
mod routes;
mod schema;
mod structure;
mod token_store;
mod v2;
mod v3;
