//! The formats that one server issues and accepts, with their keys.

use super::pki::{self, ShortIdHash};
use super::{PayloadCodec, fernet, jws};
use crate::crypto::cms::{self, SigningCertificate, SigningKey};
use crate::crypto::fernet::FernetKeys;
use crate::crypto::jws_keys::JwsSigningKey;
use crate::model::token::TokenPayload;
use crate::{Error, Result};
use std::str::FromStr;

/// What a token looks like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TokenFormat {
    /// Encrypted; says everything itself.
    Fernet,
    /// Signed and readable; says everything itself.
    Jws,
    /// 32 hexadecimal digits; the store says the rest.
    Uuid,
    /// A signed document with everything that an answer shows, so that services can validate it
    /// alone. Kept in the store besides.
    Pki,
    /// The same, compressed.
    Pkiz,
}

impl TokenFormat {
    /// All formats, in the order in which they are documented.
    pub const ALL: [Self; 5] = [Self::Fernet, Self::Jws, Self::Uuid, Self::Pki, Self::Pkiz];

    /// The name in the configuration.
    pub fn name(self) -> &'static str {
        match self {
            Self::Fernet => "fernet",
            Self::Jws => "jws",
            Self::Uuid => "uuid",
            Self::Pki => "pki",
            Self::Pkiz => "pkiz",
        }
    }

    /// Whether tokens are kept in the store.
    pub fn is_stored(self) -> bool {
        matches!(self, Self::Uuid | Self::Pki | Self::Pkiz)
    }
}

impl FromStr for TokenFormat {
    type Err = Error;

    /// Reads a name, or the class by which old configurations call the format.
    fn from_str(text: &str) -> Result<Self> {
        let old = text
            .strip_prefix("keystone.token.providers.")
            .and_then(|rest| rest.strip_suffix(".Provider"));
        let name = old.unwrap_or(text);
        let found = Self::ALL.into_iter().find(|format| format.name() == name);
        found.ok_or_else(|| {
            let names = Self::ALL.map(Self::name).join(", ");
            Error::internal(format!(
                "the token format {text} is not known; there are {names}"
            ))
        })
    }
}

/// Writes tokens in the configured format and reads all that are accepted.
pub struct TokenProvider {
    issues: TokenFormat,
    accepts: Vec<TokenFormat>,
    keys: Keys,
    codec: PayloadCodec,
    short_id: ShortIdHash,
}

/// What formats sign, encrypt and verify with; `None` where a format is not in use.
#[derive(Default)]
pub struct Keys {
    pub fernet: Option<FernetKeys>,
    pub jws_signing: Option<JwsSigningKey>,
    pub jws: Option<jws::JwsVerifier>,
    pub pki: Option<PkiKeys>,
}

/// `[signing]` keys.
pub struct PkiKeys {
    pub certificate: SigningCertificate,
    /// `None` where nothing is signed: tokens of others are read all the same.
    pub signing: Option<SigningKey>,
}

/// What a text turned out to be.
#[derive(Debug)]
pub enum Recognized {
    /// A token that says everything itself.
    Payload(TokenPayload),
    /// A token that the store may know by this id.
    Stored(String),
    /// None of ours.
    Unknown,
}

impl TokenProvider {
    /// A provider of one format that accepts some.
    pub fn new(
        issues: TokenFormat,
        accepts: Vec<TokenFormat>,
        keys: Keys,
        codec: PayloadCodec,
        short_id: ShortIdHash,
    ) -> Self {
        Self {
            issues,
            accepts,
            keys,
            codec,
            short_id,
        }
    }

    /// The format of new tokens.
    pub fn issues(&self) -> TokenFormat {
        self.issues
    }

    /// Whether any accepted format is kept in the store.
    pub fn uses_store(&self) -> bool {
        self.accepts.iter().any(|format| format.is_stored())
    }

    /// The text of a token that says everything itself.
    ///
    /// # Errors
    /// 500 when the payload can't be written in the format, or new tokens are of another kind.
    pub fn encode(&self, payload: &TokenPayload) -> Result<String> {
        match (self.issues, &self.keys) {
            (
                TokenFormat::Fernet,
                Keys {
                    fernet: Some(keys), ..
                },
            ) => fernet::encode(keys, &self.codec, payload),
            (
                TokenFormat::Jws,
                Keys {
                    jws_signing: Some(key),
                    ..
                },
            ) => jws::encode(key, payload),
            (format, _) => Err(no_keys(format)),
        }
    }

    /// The text of a token that is kept in the store.
    ///
    /// # Errors
    /// As [`encode`](Self::encode).
    pub fn write(&self, document: &serde_json::Value) -> Result<String> {
        match self.issues {
            TokenFormat::Uuid => Ok(uuid::Uuid::new_v4().simple().to_string()),
            TokenFormat::Pki => Ok(pki::to_pki(&self.sign(&pki::json(document))?)),
            TokenFormat::Pkiz => Ok(pki::to_pkiz(&self.sign(&pki::json(document))?)),
            format => Err(no_keys(format)),
        }
    }

    /// A signed document around a text.
    ///
    /// # Errors
    /// 500 without a signing key.
    pub fn sign(&self, text: &str) -> Result<Vec<u8>> {
        let keys = self.keys.pki.as_ref();
        let signing = keys.and_then(|keys| Some((keys.signing.as_ref()?, &keys.certificate)));
        let (key, certificate) = signing.ok_or_else(|| no_keys(TokenFormat::Pki))?;
        cms::sign(key, certificate, text.as_bytes())
    }

    /// [`sign`](Self::sign), armoured.
    ///
    /// # Errors
    /// 500 without a signing key.
    pub fn sign_pem(&self, text: &str) -> Result<String> {
        Ok(cms::to_pem(&self.sign(text)?))
    }

    /// Whether documents can be signed.
    pub fn can_sign(&self) -> bool {
        let keys = self.keys.pki.as_ref();
        keys.is_some_and(|keys| keys.signing.is_some())
    }

    /// What a text is. Whether it is still good is not looked at.
    pub fn recognize(&self, token: &str) -> Recognized {
        if pki::is_signed(token) {
            let format = if token.starts_with("MII") {
                TokenFormat::Pki
            } else {
                TokenFormat::Pkiz
            };
            // A text that nobody signed is not worth a look into the store.
            if self.accepts(format) && self.is_signed_here(token) {
                return Recognized::Stored(self.short_id.of(token));
            }
            return Recognized::Unknown;
        }
        if token.contains('.') {
            let verifier = self.keys.jws.as_ref();
            let verifier = verifier.filter(|_| self.accepts(TokenFormat::Jws));
            let payload = verifier.and_then(|verifier| jws::decode(verifier, token));
            return payload.map_or(Recognized::Unknown, Recognized::Payload);
        }
        if self.uses_store() && is_hex(token) {
            return Recognized::Stored(token.to_owned());
        }
        let keys = self.keys.fernet.as_ref();
        let keys = keys.filter(|_| self.accepts(TokenFormat::Fernet));
        let payload = keys.and_then(|keys| fernet::decode(keys, &self.codec, token));
        payload.map_or(Recognized::Unknown, Recognized::Payload)
    }

    /// The id under which the store keeps a token of this text.
    pub fn unique_id(&self, token: &str) -> String {
        if pki::is_signed(token) {
            self.short_id.of(token)
        } else {
            token.to_owned()
        }
    }

    fn accepts(&self, format: TokenFormat) -> bool {
        self.accepts.contains(&format)
    }

    fn is_signed_here(&self, token: &str) -> bool {
        let document = pki::document_of(token);
        let keys = self.keys.pki.as_ref();
        keys.zip(document)
            .is_some_and(|(keys, document)| cms::verify(&keys.certificate, &document).is_some())
    }
}

/// UUIDs and short ids: from MD5's 32 digits to SHA-256's 64.
fn is_hex(token: &str) -> bool {
    (32..=64).contains(&token.len())
        && token
            .bytes()
            .all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

fn no_keys(format: TokenFormat) -> Error {
    Error::internal(format!("there are no keys for {} tokens", format.name()))
}
