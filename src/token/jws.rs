//! JWS tokens: signed, readable JSON (`[token] provider = jws`).
//!
//! A compact JWS (RFC 7515) with the header `{"alg": …, "typ": "JWT"}` and claims named as below.

use super::payload::WHOLE_SYSTEM;
use crate::crypto::jws_keys::{JwsAlgorithm, JwsSigningKey, JwsVerifyingKey};
use crate::model::token::{TokenOrigin, TokenPayload, TokenScope};
use crate::model::{GroupId, Timestamp};
use crate::{Error, Result};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};
use std::borrow::Cow;

/// The longest text that is looked at, in characters.
pub const MAX_LENGTH: usize = 64 * 1024;

/// The keys that are tried on a token, and the algorithms that they may be used with.
#[derive(Clone, Debug)]
pub struct JwsVerifier {
    /// Every public key of the repository.
    pub keys: Vec<JwsVerifyingKey>,
    /// `jws_accepted_algorithms`.
    pub accepted: Vec<JwsAlgorithm>,
}

#[derive(Serialize, Deserialize)]
struct Header<'a> {
    #[serde(borrow)]
    alg: Cow<'a, str>,
    #[serde(borrow, default)]
    typ: Option<Cow<'a, str>>,
    /// Extensions that a verifier must understand (RFC 7515, 4.1.11). None are.
    #[serde(default, skip_serializing)]
    crit: Option<serde::de::IgnoredAny>,
}

/// The claims, in the order in which peers write them.
#[derive(Serialize, Deserialize, Default)]
struct Claims<'a> {
    #[serde(borrow)]
    sub: Cow<'a, str>,
    iat: i64,
    exp: i64,
    openstack_methods: Cow<'a, [String]>,
    openstack_audit_ids: Cow<'a, [String]>,
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    openstack_system: Option<Cow<'a, str>>,
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    openstack_domain_id: Option<Cow<'a, str>>,
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    openstack_project_id: Option<Cow<'a, str>>,
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    openstack_trust_id: Option<Cow<'a, str>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    openstack_group_ids: Option<Vec<Group>>,
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    openstack_idp_id: Option<Cow<'a, str>>,
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    openstack_protocol_id: Option<Cow<'a, str>>,
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    openstack_access_token_id: Option<Cow<'a, str>>,
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    openstack_app_cred_id: Option<Cow<'a, str>>,
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    openstack_thumbprint: Option<Cow<'a, str>>,
}

#[derive(Serialize, Deserialize)]
struct Group {
    id: GroupId,
}

/// Signs a token.
///
/// # Errors
/// [`Error::Internal`] when the key fails.
pub fn encode(key: &JwsSigningKey, token: &TokenPayload) -> Result<String> {
    let alg = Cow::Borrowed(key.algorithm().as_str());
    let header = Header {
        alg,
        typ: Some(Cow::Borrowed("JWT")),
        crit: None,
    };
    let header = serde_json::to_vec(&header).map_err(Error::internal)?;
    let claims = serde_json::to_vec(&claims(token)).map_err(Error::internal)?;
    let mut text = URL_SAFE_NO_PAD.encode(header);
    text.push('.');
    URL_SAFE_NO_PAD.encode_string(claims, &mut text);
    let signature = key.sign(text.as_bytes())?;
    text.push('.');
    URL_SAFE_NO_PAD.encode_string(signature, &mut text);
    Ok(text)
}

/// What a token says; `None` when none of the keys has signed it with an accepted algorithm.
/// Whether it has expired is not looked at.
pub fn decode(verifier: &JwsVerifier, text: &str) -> Option<TokenPayload> {
    if text.len() > MAX_LENGTH {
        return None;
    }
    let (message, signature) = text.rsplit_once('.')?;
    let (header, claims) = message.split_once('.')?;

    let header = URL_SAFE_NO_PAD.decode(header).ok()?;
    let header: Header = serde_json::from_slice(&header).ok()?;
    let algorithm: JwsAlgorithm = header.alg.parse().ok()?;
    if header.crit.is_some() || !verifier.accepted.contains(&algorithm) {
        return None;
    }
    let signature = URL_SAFE_NO_PAD.decode(signature).ok()?;
    // The key decides what it can check, never the header alone.
    let fits = |key: &JwsVerifyingKey| {
        key.algorithm() == algorithm && key.verify(message.as_bytes(), &signature)
    };
    verifier.keys.iter().find(|key| fits(key))?;

    let claims = URL_SAFE_NO_PAD.decode(claims).ok()?;
    payload(serde_json::from_slice(&claims).ok()?)
}

fn claims(token: &TokenPayload) -> Claims<'_> {
    let mut claims = Claims {
        sub: Cow::Borrowed(&token.user_id),
        iat: token.issued_at.seconds(),
        exp: token.expires_at.seconds(),
        openstack_methods: Cow::Borrowed(&token.methods),
        openstack_audit_ids: Cow::Borrowed(&token.audit_ids),
        ..Claims::default()
    };
    let some = |text| Some(Cow::Borrowed(text));
    match &token.scope {
        TokenScope::Unscoped => {}
        TokenScope::System => claims.openstack_system = some(WHOLE_SYSTEM),
        TokenScope::Domain(id) => claims.openstack_domain_id = some(id),
        TokenScope::Project(id) => claims.openstack_project_id = some(id),
    }
    match &token.origin {
        TokenOrigin::Direct => {}
        TokenOrigin::Trust(id) => claims.openstack_trust_id = some(id),
        TokenOrigin::ApplicationCredential(id) => claims.openstack_app_cred_id = some(id),
        TokenOrigin::OAuth1 { access_token_id } => {
            claims.openstack_access_token_id = some(access_token_id);
        }
        TokenOrigin::OAuth2 { thumbprint } => claims.openstack_thumbprint = some(thumbprint),
        TokenOrigin::Federated {
            group_ids,
            idp_id,
            protocol_id,
        } => {
            let groups = group_ids.iter().map(|id| Group { id: id.clone() });
            claims.openstack_group_ids = Some(groups.collect());
            claims.openstack_idp_id = some(idp_id);
            claims.openstack_protocol_id = some(protocol_id);
        }
    }
    claims
}

fn payload(claims: Claims<'_>) -> Option<TokenPayload> {
    let scope = if let Some(id) = claims.openstack_project_id {
        TokenScope::Project(id.into_owned().into())
    } else if let Some(id) = claims.openstack_domain_id {
        TokenScope::Domain(id.into_owned().into())
    } else if let Some(system) = claims.openstack_system {
        // The only system there is; another word must not become power over it.
        (system == WHOLE_SYSTEM).then_some(TokenScope::System)?
    } else {
        TokenScope::Unscoped
    };
    // The same precedence as among the versions of a Fernet payload.
    let origin = if let Some(id) = claims.openstack_access_token_id {
        TokenOrigin::OAuth1 {
            access_token_id: id.into_owned().into(),
        }
    } else if let Some(id) = claims.openstack_trust_id {
        TokenOrigin::Trust(id.into_owned().into())
    } else if let Some(idp_id) = claims.openstack_idp_id {
        let groups = claims.openstack_group_ids.unwrap_or_default();
        TokenOrigin::Federated {
            group_ids: groups.into_iter().map(|group| group.id).collect(),
            idp_id: idp_id.into_owned().into(),
            protocol_id: claims.openstack_protocol_id?.into_owned(),
        }
    } else if let Some(id) = claims.openstack_app_cred_id {
        TokenOrigin::ApplicationCredential(id.into_owned().into())
    } else if let Some(thumbprint) = claims.openstack_thumbprint {
        TokenOrigin::OAuth2 {
            thumbprint: thumbprint.into_owned(),
        }
    } else {
        TokenOrigin::Direct
    };
    Some(TokenPayload {
        user_id: claims.sub.into_owned().into(),
        methods: claims.openstack_methods.into_owned(),
        issued_at: Timestamp::from_seconds(claims.iat)?,
        expires_at: Timestamp::from_seconds(claims.exp)?,
        audit_ids: claims.openstack_audit_ids.into_owned(),
        scope,
        origin,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::token::golden::{self, Golden};
    use proptest::prelude::*;

    fn verifier(golden: &Golden) -> JwsVerifier {
        let key = JwsVerifyingKey::from_pem(&golden.jws.public_pem).unwrap();
        JwsVerifier {
            keys: vec![key],
            accepted: JwsAlgorithm::ALL.to_vec(),
        }
    }

    /// A text with any header and claims, signed by a key.
    fn signed(key: &JwsSigningKey, header: &str, claims: &str) -> String {
        let message = format!(
            "{}.{}",
            URL_SAFE_NO_PAD.encode(header),
            URL_SAFE_NO_PAD.encode(claims)
        );
        let signature = key.sign(message.as_bytes()).unwrap();
        format!("{message}.{}", URL_SAFE_NO_PAD.encode(signature))
    }

    #[test]
    fn a_token_of_python_is_read() {
        let golden = golden::read();
        let token = decode(&verifier(&golden), &golden.jws.token);
        assert_eq!(token, Some(golden.jws_payload()));
    }

    #[test]
    fn header_and_claims_are_those_of_python_byte_for_byte() {
        let golden = golden::read();
        let key = JwsSigningKey::from_pem(JwsAlgorithm::Es256, &golden.jws.private_pem).unwrap();
        let text = encode(&key, &golden.jws_payload()).unwrap();
        // The signature has a random part.
        assert_eq!(
            text.rsplit_once('.').unwrap().0,
            golden.jws.token.rsplit_once('.').unwrap().0
        );
        assert_eq!(
            decode(&verifier(&golden), &text),
            Some(golden.jws_payload())
        );
    }

    #[test]
    fn every_kind_of_token_comes_back_with_every_algorithm() {
        let golden = golden::read();
        for algorithm in JwsAlgorithm::ALL {
            let key = JwsSigningKey::generate(algorithm).unwrap();
            let verifier = JwsVerifier {
                keys: vec![key.verifying_key().unwrap()],
                accepted: vec![algorithm],
            };
            for vector in &golden.fernet {
                let token = golden.readable(vector);
                let text = encode(&key, &token).unwrap();
                assert_eq!(decode(&verifier, &text), Some(token), "{}", vector.name);
            }
        }
    }

    #[test]
    fn another_key_or_an_algorithm_that_is_not_accepted_is_refused() {
        let golden = golden::read();
        let mut verifier = verifier(&golden);
        verifier.accepted = vec![JwsAlgorithm::EdDsa];
        assert_eq!(decode(&verifier, &golden.jws.token), None);
        let other = JwsSigningKey::generate(JwsAlgorithm::Es256).unwrap();
        verifier.accepted = vec![JwsAlgorithm::Es256];
        verifier.keys = vec![other.verifying_key().unwrap()];
        assert_eq!(decode(&verifier, &golden.jws.token), None);
        assert_eq!(decode(&verifier, &golden.jws.token.repeat(300)), None);
    }

    #[test]
    fn headers_that_ask_for_less_than_a_signature_are_refused() {
        let golden = golden::read();
        let key = JwsSigningKey::generate(JwsAlgorithm::Es256).unwrap();
        let verifier = JwsVerifier {
            keys: vec![key.verifying_key().unwrap()],
            accepted: JwsAlgorithm::ALL.to_vec(),
        };
        let claims = serde_json::to_string(&claims(&golden.jws_payload())).unwrap();
        let decode = |header: &str| decode(&verifier, &signed(&key, header, &claims));
        assert!(decode(r#"{"alg":"ES256","typ":"JWT"}"#).is_some());
        for header in [
            r#"{"alg":"none"}"#,
            r#"{"alg":"HS256"}"#,
            r#"{"alg":"ES384"}"#,
            r#"{"alg":"ES256","crit":["x"]}"#,
            r#"{}"#,
        ] {
            assert_eq!(decode(header), None, "{header}");
        }
    }

    #[test]
    fn escaped_claims_are_read() {
        let key = JwsSigningKey::generate(JwsAlgorithm::EdDsa).unwrap();
        let verifier = JwsVerifier {
            keys: vec![key.verifying_key().unwrap()],
            accepted: vec![JwsAlgorithm::EdDsa],
        };
        let claims = r#"{"sub":"zo\u00eb","iat":1,"exp":2,"openstack_methods":["password"],
                         "openstack_audit_ids":[],"openstack_trust_id":null,"other":1}"#;
        let text = signed(&key, r#"{"alg":"EdDSA"}"#, claims);
        let token = decode(&verifier, &text).unwrap();
        assert_eq!(
            (token.user_id.as_str(), token.origin),
            ("zoë", TokenOrigin::Direct)
        );
    }

    proptest! {
        #[test]
        fn no_text_panics(text in r"[A-Za-z0-9_.=-]{0,200}") {
            let golden = golden::read();
            prop_assert_eq!(decode(&verifier(&golden), &text), None);
        }
    }
}
