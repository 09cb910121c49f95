//! Plain types that every layer shares. Nothing here does I/O.

mod assignment;
mod catalog;
mod id;
mod limit;
pub mod list;
mod policy_document;
mod resource;
mod revocation;
mod secret;
mod timestamp;
pub mod token;
mod user;

pub use assignment::*;
pub use catalog::*;
pub use id::*;
pub use limit::Limit;
pub use policy_document::*;
pub use resource::*;
pub use revocation::*;
pub use secret::Secret;
pub use timestamp::Timestamp;
pub use user::*;
