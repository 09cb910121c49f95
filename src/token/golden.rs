//! Tokens that Python Keystone made with fixed keys, times and IV (`tests/golden/tokens.json`).

use super::payload::PayloadCodec;
use crate::crypto::fernet::{FernetKey, FernetKeys};
use crate::model::Timestamp;
use crate::model::token::{TokenOrigin, TokenPayload, TokenScope};
use serde::Deserialize;

#[derive(Deserialize)]
pub(super) struct Golden {
    primary_key: String,
    staged_key: String,
    pub issued_at: i64,
    expires_at: i64,
    pub iv: [u8; 16],
    methods: Vec<String>,
    default_domain_id: String,
    pub fernet: Vec<Vector>,
    pub receipt: Receipt,
    pub jws: Jws,
}

#[derive(Deserialize)]
pub(super) struct Vector {
    pub name: String,
    /// What the token was made from.
    given: Facts,
    /// What is read from it, where that differs.
    read: Option<Facts>,
    pub msgpack: String,
    pub token: String,
}

#[derive(Deserialize)]
pub(super) struct Receipt {
    pub user_id: String,
    pub methods: Vec<String>,
    pub expires_at: i64,
    pub msgpack: String,
    pub token: String,
}

#[derive(Deserialize)]
pub(super) struct Jws {
    pub private_pem: String,
    pub public_pem: String,
    pub token: String,
    issued_at: i64,
    expires_at: i64,
    given: Facts,
}

#[derive(Deserialize, Clone)]
struct Facts {
    user_id: String,
    methods: Vec<String>,
    audit_ids: Vec<String>,
    system: Option<String>,
    domain_id: Option<String>,
    project_id: Option<String>,
    trust_id: Option<String>,
    federated_group_ids: Option<Vec<String>>,
    identity_provider_id: Option<String>,
    protocol_id: Option<String>,
    access_token_id: Option<String>,
    app_cred_id: Option<String>,
    thumbprint: Option<String>,
}

impl Facts {
    fn payload(&self, issued_at: i64, expires_at: i64) -> TokenPayload {
        let facts = self.clone();
        let scope = match (facts.project_id, facts.domain_id, facts.system) {
            (Some(project), _, _) => TokenScope::Project(project.into()),
            (_, Some(domain), _) => TokenScope::Domain(domain.into()),
            (_, _, Some(_)) => TokenScope::System,
            _ => TokenScope::Unscoped,
        };
        let origin = if let Some(id) = facts.trust_id {
            TokenOrigin::Trust(id.into())
        } else if let Some(id) = facts.app_cred_id {
            TokenOrigin::ApplicationCredential(id.into())
        } else if let Some(access_token_id) = facts.access_token_id {
            TokenOrigin::OAuth1 {
                access_token_id: access_token_id.into(),
            }
        } else if let Some(thumbprint) = facts.thumbprint {
            TokenOrigin::OAuth2 { thumbprint }
        } else if let Some(groups) = facts.federated_group_ids {
            TokenOrigin::Federated {
                group_ids: groups.into_iter().map(Into::into).collect(),
                idp_id: facts.identity_provider_id.unwrap().into(),
                protocol_id: facts.protocol_id.unwrap(),
            }
        } else {
            TokenOrigin::Direct
        };
        TokenPayload {
            user_id: facts.user_id.into(),
            methods: facts.methods,
            issued_at: Timestamp::from_seconds(issued_at).unwrap(),
            expires_at: Timestamp::from_seconds(expires_at).unwrap(),
            audit_ids: facts.audit_ids,
            scope,
            origin,
        }
    }
}

impl Golden {
    pub fn keys(&self) -> FernetKeys {
        let keys = [&self.primary_key, &self.staged_key];
        FernetKeys::new(
            keys.iter()
                .map(|key| FernetKey::parse(key).unwrap())
                .collect(),
        )
        .unwrap()
    }

    pub fn codec(&self) -> PayloadCodec {
        PayloadCodec {
            methods: self.methods.clone(),
            default_domain_id: self.default_domain_id.as_str().into(),
        }
    }

    /// What to make the token from; `None` for the one token with two scopes, which our type
    /// can't say and no server issues.
    pub fn encodable(&self, vector: &Vector) -> Option<TokenPayload> {
        let two_scopes = vector.given.project_id.is_some() && vector.given.domain_id.is_some();
        (!two_scopes).then(|| vector.given.payload(self.issued_at, self.expires_at))
    }

    /// What is read from the token.
    pub fn readable(&self, vector: &Vector) -> TokenPayload {
        let facts = vector.read.as_ref().unwrap_or(&vector.given);
        facts.payload(self.issued_at, self.expires_at)
    }

    pub fn jws_payload(&self) -> TokenPayload {
        self.jws
            .given
            .payload(self.jws.issued_at, self.jws.expires_at)
    }
}

impl Vector {
    pub fn bytes(&self) -> Vec<u8> {
        let digit_pairs = self.msgpack.as_bytes().chunks(2);
        digit_pairs
            .map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap())
            .collect()
    }

    /// With every `bin8` of 16 bytes as a text of 16 bytes.
    pub fn bytes_in_old_form(&self) -> Vec<u8> {
        let mut bytes = self.bytes();
        while let Some(at) = bytes.windows(2).position(|pair| pair == [0xc4, 0x10]) {
            bytes.splice(at..at + 2, [0xb0]);
        }
        bytes
    }
}

/// Reads the file, once for each test that asks.
pub(super) fn read() -> Golden {
    serde_json::from_str(include_str!("../../tests/golden/tokens.json")).unwrap()
}
