//! OpenStack's identity service as one native program.

pub mod error;
pub mod model;
pub mod policy;

pub use error::{Error, Result};
