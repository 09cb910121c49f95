//! OpenStack's identity service as one native program.

pub mod crypto;
pub mod error;
pub mod model;
pub mod token;

pub use error::{Error, Result};
