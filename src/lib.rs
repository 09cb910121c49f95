//! OpenStack's identity service as one native program.

pub mod config;
pub mod error;
pub mod model;

pub use error::{Error, Result};
