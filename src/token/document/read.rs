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
        let groups = federation.get("groups")?.as_array()?;
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
