//! The Identity API v2.0, for clients that know no other: the same managers and database as v3, seen
//! through the default domain, whose projects are called tenants.

mod access;
mod caller;
mod certificates;
mod ec2;
mod endpoints;
mod envelope;
mod extensions;
mod own_password;
mod roles;
pub mod routes;
mod services;
mod tenants;
mod tokens;
mod users;
mod version;
