//! Tests of `/v3`, one file per resource.

mod auth_tokens;
mod domains;
mod projects;
