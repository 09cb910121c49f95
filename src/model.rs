//! Plain types that every layer shares. Nothing here does I/O.

pub mod access_path;
pub mod application_credential;
mod assignment;
mod catalog;
mod credential;
pub mod delegation;
mod domain_config;
pub mod event;
pub mod federation;
mod id;
mod id_mapping;
mod limit;
pub mod list;
pub mod oauth1;
mod policy_document;
pub mod receipt;
mod resource;
mod revocation;
mod secret;
mod timestamp;
pub mod token;
pub mod trust;
mod user;

pub use assignment::*;
pub use catalog::*;
pub use credential::*;
pub use domain_config::{ConfigOption, ConfigPlace};
pub use id::*;
pub use id_mapping::*;
pub use limit::*;
pub use policy_document::*;
pub use resource::*;
pub use revocation::*;
pub use secret::Secret;
pub use timestamp::Timestamp;
pub use user::*;
