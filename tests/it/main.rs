//! The integration tests: one binary, real drivers.
//!
//! `KEYSTONE_TEST_DB` chooses the database: unset is SQLite in a temporary file,
//! `postgres://user@host/` and `mysql://user@host/` a server on which the user may create databases.

mod harness;

mod database;
mod schema;
