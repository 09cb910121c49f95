//! OpenStack's identity service as one native program.

pub mod api;
pub mod app;
pub mod cli;
pub mod config;
pub mod crypto;
pub mod driver;
pub mod error;
pub mod manager;
pub mod model;
pub mod policy;
pub mod token;

pub use error::{Error, Result};
