//! Plain types that every layer shares. Nothing here does I/O.

mod id;
pub mod secret;
mod timestamp;
pub mod token;

pub use id::*;
pub use secret::Secret;
pub use timestamp::Timestamp;
