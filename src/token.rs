//! Token formats as pure functions: text on one side,
//! [`TokenPayload`](crate::model::token::TokenPayload) on the other.
//! Whether a token is still good is for others to say.

pub mod audit_id;
pub mod document;
pub mod fernet;
#[cfg(test)]
mod golden;
pub mod jws;
mod msgpack;
pub mod payload;
pub mod pki;
pub mod provider;
pub mod receipt;

pub use payload::PayloadCodec;
