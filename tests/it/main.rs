//! The one integration-test binary: an in-process server on a real database, asked over HTTP.
//!
//! `KEYSTONE_TEST_DB` chooses the database: unset for SQLite, or the URL of a PostgreSQL or
//! MySQL/MariaDB server on which every test makes a database of its own.

mod harness;
mod structure;
mod v3;
