//! OpenStack's identity service as one native program.

pub mod driver;
pub mod error;
pub mod model;

pub use error::{Error, Result};
