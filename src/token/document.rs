//! A token as v3 shows it: what its answers carry.

use crate::model::token::{ResolvedScope, ValidToken};
use serde_json::{Map, Value, json};

/// `{"token": {…}}`, members in the order in which Keystone gives them.
pub fn of(token: &ValidToken, with_catalog: bool) -> Value {
    let payload = &token.payload;
    let mut body = Map::new();
    let mut set = |key: &str, value: Value| body.insert(key.to_owned(), value);
    set("methods", json!(payload.methods));
    set(
        "user",
        json!({
            "domain": token.user.domain,
            "id": token.user.id,
            "name": token.user.name,
            "password_expires_at": token.user.password_expires_at.map(|time| time.without_zone()),
        }),
    );
    set("audit_ids", json!(payload.audit_ids));
    set("expires_at", json!(payload.expires_at));
    set("issued_at", json!(payload.issued_at));
    match &token.scope {
        ResolvedScope::Unscoped => {}
        ResolvedScope::Project {
            id,
            name,
            domain,
            is_domain,
        } => {
            set(
                "project",
                json!({ "domain": domain, "id": id, "name": name }),
            );
            set("is_domain", json!(is_domain));
        }
        ResolvedScope::Domain(domain) => {
            set("domain", json!(domain));
        }
        ResolvedScope::System => {}
    }
    if !matches!(token.scope, ResolvedScope::Unscoped) {
        set("roles", json!(token.roles));
    }
    if matches!(token.scope, ResolvedScope::System) {
        set("system", json!({ "all": true }));
    }
    if let Some(is_admin_project) = token.is_admin_project {
        set("is_admin_project", json!(is_admin_project));
    }
    if let (true, Some(catalog)) = (with_catalog, &token.catalog) {
        set("catalog", json!(catalog));
    }
    json!({ "token": body })
}
