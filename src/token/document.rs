//! A token as v3 shows it: what its answers carry, what PKI tokens sign, what the token table holds.

mod read;

pub use read::payload;

use crate::model::application_credential::ApplicationCredential;
use crate::model::delegation::Delegation;
use crate::model::token::{ResolvedScope, TokenOrigin, ValidToken};
use crate::model::trust::Trust;
use serde_json::{Map, Value, json};

/// `{"token": {…}}`, members in the order in which Keystone gives them.
pub fn of(token: &ValidToken, with_catalog: bool) -> Value {
    let payload = &token.payload;
    let mut body = Map::new();
    let mut set = |key: &str, value: Value| body.insert(key.to_owned(), value);
    set("methods", json!(payload.methods));
    let mut user = json!({
        "domain": token.user.domain,
        "id": token.user.id,
        "name": token.user.name,
        "password_expires_at": token.user.password_expires_at.map(|time| time.without_zone()),
    });
    if let TokenOrigin::Federated {
        group_ids,
        idp_id,
        protocol_id,
    } = &payload.origin
    {
        let groups: Vec<_> = group_ids.iter().map(|id| json!({ "id": id })).collect();
        if let Some(user) = user.as_object_mut() {
            user.shift_remove("password_expires_at");
        }
        user["OS-FEDERATION"] = json!({
            "groups": groups,
            "identity_provider": { "id": idp_id },
            "protocol": { "id": protocol_id },
        });
    }
    set("user", user);
    set("audit_ids", json!(payload.audit_ids));
    set("expires_at", json!(payload.expires_at));
    set("issued_at", json!(payload.issued_at));
    if let Some(trust) = token.trust() {
        set("OS-TRUST:trust", trust_member(trust));
    }
    match &token.scope {
        ResolvedScope::Unscoped => {}
        ResolvedScope::Project { id, name, domain } => {
            set(
                "project",
                json!({ "domain": domain, "id": id, "name": name }),
            );
            if token.trust().is_none() {
                // Tokens for a domain's own row are for the domain.
                set("is_domain", json!(false));
            }
        }
        ResolvedScope::Domain(domain) => {
            set("domain", json!(domain));
        }
        ResolvedScope::System => {}
    }
    if !matches!(token.scope, ResolvedScope::Unscoped) {
        set("roles", roles(token));
    }
    if matches!(token.scope, ResolvedScope::System) {
        set("system", json!({ "all": true }));
    }
    if let (None, Some(is_admin_project)) = (token.trust(), token.is_admin_project) {
        set("is_admin_project", json!(is_admin_project));
    }
    if let (true, Some(catalog)) = (with_catalog, &token.catalog) {
        set("catalog", json!(catalog));
    }
    if !token.service_providers.is_empty() {
        set("service_providers", json!(token.service_providers[..]));
    }
    for step in &token.delegation {
        match step {
            Delegation::OAuth1(access_token) => set(
                "OS-OAUTH1",
                json!({
                    "access_token_id": access_token.id,
                    "consumer_id": access_token.consumer_id,
                }),
            ),
            Delegation::ApplicationCredential(credential) => set(
                "application_credential",
                application_credential_member(credential),
            ),
            Delegation::OAuth2 { thumbprint } => {
                set("oauth2_credential", json!({ "x5t#S256": thumbprint }))
            }
            Delegation::Trust { .. }
            | Delegation::Certificate
            | Delegation::Ec2Credential
            | Delegation::Unknown => continue,
        };
    }
    json!({ "token": body })
}

fn trust_member(trust: &Trust) -> Value {
    json!({
        "id": trust.id,
        "trustor_user": { "id": trust.trustor_user_id },
        "trustee_user": { "id": trust.trustee_user_id },
        "impersonation": trust.impersonation,
    })
}

fn application_credential_member(credential: &ApplicationCredential) -> Value {
    let mut member = json!({
        "id": credential.id,
        "name": credential.name,
        "restricted": !credential.is_unrestricted(),
    });
    if !credential.access_rules.is_empty() {
        member["access_rules"] = json!(credential.access_rules);
    }
    member
}

/// A trust's token and a federated one show their roles whole, all others their ids and names.
fn roles(token: &ValidToken) -> Value {
    let whole = token.delegation.iter().find_map(|step| match step {
        Delegation::Trust { roles, .. } => Some(roles),
        _ => None,
    });
    match whole.or(token.whole_roles.as_ref()) {
        Some(roles) => roles
            .iter()
            .map(|role| Value::from(role.attributes()))
            .collect(),
        None => json!(token.roles),
    }
}
