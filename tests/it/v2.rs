//! The Identity API v2.0, as old clients know it.

mod discovery;
