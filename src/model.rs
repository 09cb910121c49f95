//! Plain types that every layer shares. Nothing here does I/O.

pub mod access_path;
pub mod application_credential;
mod assignment;
mod catalog;
pub mod delegation;
mod domain_config;
pub mod event;
mod id;
mod limit;
pub mod list;
pub mod oauth1;
mod policy_document;
mod resource;
mod revocation;
mod secret;
mod timestamp;
pub mod token;
pub mod trust;
mod user;

pub use assignment::*;
pub use catalog::*;
pub use domain_config::{ConfigOption, ConfigPlace};
pub use id::*;
pub use limit::*;
pub use policy_document::*;
pub use resource::*;
pub use revocation::*;
pub use secret::Secret;
pub use timestamp::Timestamp;
pub use user::*;
