//! The SQL database: SQLite, PostgreSQL or MySQL/MariaDB, chosen when the program starts.
//!
//! `db` is what a subsystem's file needs: a session, a way to write a query once for all three
//! databases, rows with checked columns, and transactions that are run again when the database
//! gives one up. Each subsystem keeps all its SQL in one file beside it.

pub mod application_credential;
pub mod assignment;
pub mod catalog;
pub mod credential;
pub mod db;
mod dialect;
pub mod domain_config;
pub mod endpoint_policy;
mod error_mapping;
pub mod federation;
pub mod filter;
pub mod flush;
pub mod id_mapping;
pub mod identity;
pub mod limit;
mod listed;
pub mod migrate;
pub mod oauth1;
mod options;
pub mod policy;
mod pool;
pub mod resource;
pub mod revoke;
mod row;
mod session;
mod statement;
pub mod token;
pub mod token_store;
pub mod trust;
mod value;
mod versions;
