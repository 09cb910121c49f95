//! The formats that one server issues and accepts, with their keys.

use super::{PayloadCodec, fernet, jws};
use crate::Result;
use crate::crypto::fernet::FernetKeys;
use crate::crypto::jws_keys::JwsSigningKey;
use crate::model::token::TokenPayload;

/// Writes tokens in the configured format and reads them back.
pub struct TokenProvider {
    format: Format,
    codec: PayloadCodec,
}

/// `[token] provider` with what it needs.
pub enum Format {
    Fernet(FernetKeys),
    Jws {
        signing: JwsSigningKey,
        verifier: jws::JwsVerifier,
    },
}

impl TokenProvider {
    /// A provider of one format.
    pub fn new(format: Format, codec: PayloadCodec) -> Self {
        Self { format, codec }
    }

    /// The text of a token.
    ///
    /// # Errors
    /// 500 when the payload can't be written in this format.
    pub fn encode(&self, payload: &TokenPayload) -> Result<String> {
        match &self.format {
            Format::Fernet(keys) => fernet::encode(keys, &self.codec, payload),
            Format::Jws { signing, .. } => jws::encode(signing, payload),
        }
    }

    /// What a token says; `None` when it is not one of ours. Whether it is still good is not looked at.
    pub fn decode(&self, token: &str) -> Option<TokenPayload> {
        match &self.format {
            Format::Fernet(keys) => fernet::decode(keys, &self.codec, token),
            Format::Jws { verifier, .. } => jws::decode(verifier, token),
        }
    }
}
