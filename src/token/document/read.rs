//! From a token's document back to what the token says.
//!
//! Documents of v3 are read, and of v2 as old rows of the token table hold them. Names, roles and
//! catalogs in them are passed over: they are looked up anew.

use crate::model::Timestamp;
use crate::model::token::{TokenOrigin, TokenPayload, TokenScope};
use serde_json::Value;

/// The payload of `{"token": {…}}` or `{"access": {…}}`; `None` when something that every token has
/// is not there.
pub fn payload(document: &Value) -> Option<TokenPayload> {
    match (document.get("token"), document.get("access")) {
        (Some(token), _) => v3(token),
        (None, Some(access)) => v2(access),
        (None, None) => None,
    }
}

fn v3(token: &Value) -> Option<TokenPayload> {
    let origin = origin(token)?;
    let trust = token.get("OS-TRUST:trust");
    let trustee = trust.and_then(|trust| text(trust.get("trustee_user")?, "id"));
    Some(TokenPayload {
        // Who was authenticated is the trustee, even where the document shows the trustor.
        user_id: trustee.or_else(|| text(token.get("user")?, "id"))?.into(),
        methods: texts(token.get("methods")?)?,
        issued_at: time(token, "issued_at")?,
        expires_at: time(token, "expires_at")?,
        // Tokens of the oldest releases have none.
        audit_ids: token.get("audit_ids").map_or(Some(Vec::new()), texts)?,
        scope: scope(token)?,
        origin,
    })
}

fn scope(token: &Value) -> Option<TokenScope> {
    if let Some(project) = token.get("project").filter(|project| !project.is_null()) {
        return Some(TokenScope::Project(text(project, "id")?.into()));
    }
    if let Some(domain) = token.get("domain").filter(|domain| !domain.is_null()) {
        return Some(TokenScope::Domain(text(domain, "id")?.into()));
    }
    match token.get("system").filter(|system| !system.is_null()) {
        // The only system there is; another word must not become power over it.
        Some(system) if system["all"] == true => Some(TokenScope::System),
        Some(_) => None,
        None => Some(TokenScope::Unscoped),
    }
}

/// How the token came to be. A member that names a delegation or federation and can't be read makes
/// the token unreadable: without it the token would be worth more.
fn origin(token: &Value) -> Option<TokenOrigin> {
    if let Some(oauth) = token.get("OS-OAUTH1") {
        return Some(TokenOrigin::OAuth1 {
            access_token_id: text(oauth, "access_token_id")?.into(),
        });
    }
    if let Some(trust) = token.get("OS-TRUST:trust") {
        return Some(TokenOrigin::Trust(text(trust, "id")?.into()));
    }
    if let Some(federation) = token.get("user").and_then(|user| user.get("OS-FEDERATION")) {
        // Old releases left groups out of tokens with a scope; without them a token is worth less.
        let groups = match federation.get("groups") {
            Some(groups) => groups.as_array()?.as_slice(),
            None => &[],
        };
        let groups = groups.iter().map(|group| Some(text(group, "id")?.into()));
        return Some(TokenOrigin::Federated {
            group_ids: groups.collect::<Option<_>>()?,
            idp_id: text(federation.get("identity_provider")?, "id")?.into(),
            protocol_id: text(federation.get("protocol")?, "id")?,
        });
    }
    if let Some(credential) = token.get("application_credential") {
        let id = text(credential, "id")?.into();
        return Some(TokenOrigin::ApplicationCredential(id));
    }
    if let Some(credential) = token.get("oauth2_credential") {
        return Some(TokenOrigin::OAuth2 {
            thumbprint: text(credential, "x5t#S256")?,
        });
    }
    Some(TokenOrigin::Direct)
}

/// The answer of `POST /v2.0/tokens`.
fn v2(access: &Value) -> Option<TokenPayload> {
    let token = access.get("token")?;
    let trust = access.get("trust");
    let trustee = trust.and_then(|trust| text(trust, "trustee_user_id"));
    let tenant = token.get("tenant").filter(|tenant| !tenant.is_null());
    Some(TokenPayload {
        user_id: trustee.or_else(|| text(access.get("user")?, "id"))?.into(),
        methods: vec!["password".to_owned()],
        issued_at: time(token, "issued_at")?,
        expires_at: time(token, "expires")?,
        audit_ids: token.get("audit_ids").map_or(Some(Vec::new()), texts)?,
        scope: match tenant {
            Some(tenant) => TokenScope::Project(text(tenant, "id")?.into()),
            None => TokenScope::Unscoped,
        },
        origin: match trust {
            Some(trust) => TokenOrigin::Trust(text(trust, "id")?.into()),
            None => TokenOrigin::Direct,
        },
    })
}

fn text(of: &Value, name: &str) -> Option<String> {
    of.get(name)?.as_str().map(str::to_owned)
}

fn texts(list: &Value) -> Option<Vec<String>> {
    let items = list.as_array()?.iter();
    items.map(|item| item.as_str().map(str::to_owned)).collect()
}

fn time(of: &Value, name: &str) -> Option<Timestamp> {
    let time = Timestamp::parse(of.get(name)?.as_str()?)?;
    Some(time.whole_seconds())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crypto::cms::{self, SigningCertificate};
    use crate::token::pki;
    use serde_json::json;
    use std::path::Path;

    /// A document with what every token has, and some members more.
    fn token(members: Value) -> Value {
        let mut token = json!({
            "methods": ["mapped", "token"],
            "user": { "id": "u" },
            "audit_ids": ["own", "chain"],
            "issued_at": "2026-01-01T00:00:00.000000Z",
            "expires_at": "2026-01-01T01:00:00.000000Z",
        });
        if let (Value::Object(token), Value::Object(members)) = (&mut token, members) {
            token.extend(members);
        }
        json!({ "token": token })
    }

    fn federated(groups: Value) -> Value {
        let mut user = json!({ "id": "u", "OS-FEDERATION": {
            "identity_provider": { "id": "idp" }, "protocol": { "id": "mapped" },
        } });
        if !groups.is_null() {
            user["OS-FEDERATION"]["groups"] = groups;
        }
        json!({ "user": user })
    }

    #[test]
    fn federated_tokens_are_read_with_and_without_a_scope() {
        let groups = json!([{ "id": "g" }, { "id": "h" }]);
        for (groups, ids) in [
            (groups, vec!["g", "h"]),
            (json!([]), vec![]),
            (Value::Null, vec![]),
        ] {
            for (scope, expected) in [
                (json!({}), TokenScope::Unscoped),
                (
                    json!({ "project": { "id": "p" } }),
                    TokenScope::Project("p".into()),
                ),
                (
                    json!({ "domain": { "id": "d" } }),
                    TokenScope::Domain("d".into()),
                ),
            ] {
                let mut members = federated(groups.clone());
                if let (Value::Object(members), Value::Object(scope)) = (&mut members, scope) {
                    members.extend(scope);
                }
                let read = payload(&token(members)).expect("a payload");
                assert_eq!(read.scope, expected);
                assert_eq!(
                    read.origin,
                    TokenOrigin::Federated {
                        group_ids: ids.iter().map(|id| (*id).into()).collect(),
                        idp_id: "idp".into(),
                        protocol_id: "mapped".to_owned(),
                    }
                );
                assert_eq!(read.methods, ["mapped", "token"]);
                assert_eq!(read.audit_ids, ["own", "chain"]);
            }
        }
    }

    #[test]
    fn federation_that_can_not_be_read_is_not_passed_over() {
        for broken in [json!("g"), json!([{ "name": "g" }]), json!([7])] {
            assert_eq!(payload(&token(federated(broken))), None);
        }
        let no_provider = json!({ "user": { "id": "u", "OS-FEDERATION": { "groups": [] } } });
        assert_eq!(payload(&token(no_provider)), None);
    }

    #[test]
    fn the_trustee_of_a_v2_document_was_authenticated() {
        let document = json!({ "access": {
            "token": {
                "id": "placeholder", "tenant": { "id": "p", "name": "demo" },
                "issued_at": "2026-01-01T00:00:00.000000Z", "expires": "2026-01-01T01:00:00Z",
                "audit_ids": ["own"],
            },
            "trust": {
                "id": "t", "impersonation": true,
                "trustor_user_id": "trustor", "trustee_user_id": "trustee",
            },
            "user": { "id": "trustor", "name": "alice" },
        } });
        let read = payload(&document).expect("a payload");
        assert_eq!(read.user_id.as_str(), "trustee");
        assert_eq!(read.origin, TokenOrigin::Trust("t".into()));
        assert_eq!(read.scope, TokenScope::Project("p".into()));
        let mut broken = document;
        broken["access"]["trust"]["id"] = json!(7);
        assert_eq!(payload(&broken), None);
    }

    #[test]
    fn what_an_old_server_signed_says_what_it_answered() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/pki/server");
        let certificate = SigningCertificate::load(&folder.join("signing_cert.pem"));
        let certificate = certificate.expect("a certificate");
        let file = |name: String| std::fs::read_to_string(folder.join(name)).expect("a file");
        for name in ["pki-v2", "pki-v3", "pkiz-v2", "pkiz-v3"] {
            let document = pki::document_of(file(format!("{name}.token")).trim());
            let document = document.expect("a document");
            let content = cms::verify(&certificate, &document).expect("its signature");
            let signed = serde_json::from_slice(content).expect("JSON");
            let answered = serde_json::from_str(&file(format!("{name}-response.json")));
            let signed = payload(&signed).expect("a payload");
            assert_eq!(
                Some(&signed),
                payload(&answered.expect("JSON")).as_ref(),
                "{name}"
            );
            assert!(matches!(signed.scope, TokenScope::Project(_)), "{name}");
            assert_eq!(signed.audit_ids.len(), 1, "{name}");
        }
    }
}
