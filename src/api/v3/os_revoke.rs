//! `/v3/OS-REVOKE` and `/v3/auth/tokens/OS-PKI`: what has been revoked, for services that validate
//! tokens by themselves.

use crate::api::context::Context;
use crate::api::response::json;
use crate::error::{Error, Result};
use crate::model::{RevocationEvent, Timestamp};
use crate::policy::Target;
use axum::http::StatusCode;
use axum::response::Response;
use serde_json::{Map, Value, json};

/// `GET /v3/OS-REVOKE/events`
pub async fn list_events(ctx: Context) -> Result<Response> {
    ctx.enforce("identity:list_revoke_events", &Target::new())?;
    let since = match ctx.query.get("since") {
        Some(text) => Some(Timestamp::parse(text).ok_or_else(|| {
            Error::bad_request("'since' must be a time such as 2026-01-31T00:00:00Z.")
        })?),
        None => None,
    };
    let events = ctx.app.revoke().events(since).await?;
    let events: Vec<_> = events.iter().map(event_view).collect();
    let own = format!("{}/OS-REVOKE/events", ctx.base().v3());
    let links = json!({ "next": null, "self": own, "previous": null });
    Ok(json(
        StatusCode::OK,
        &json!({ "events": events, "links": links }),
    ))
}

/// The members that an event has; others would match everything.
fn event_view(event: &RevocationEvent) -> Map<String, Value> {
    let domain = match event.expires_at {
        // Such an event means the domain that a token is scoped to.
        Some(_) => "domain_scope_id",
        None => "domain_id",
    };
    let members = [
        ("user_id", &event.user_id),
        ("role_id", &event.role_id),
        (domain, &event.domain_id),
        ("project_id", &event.project_id),
        ("audit_id", &event.audit_id),
        ("audit_chain_id", &event.audit_chain_id),
        ("OS-TRUST:trust_id", &event.trust_id),
        ("OS-OAUTH1:consumer_id", &event.consumer_id),
        ("OS-OAUTH1:access_token_id", &event.access_token_id),
    ];
    let mut view = Map::new();
    for (name, value) in members {
        if let Some(value) = value {
            view.insert(name.to_owned(), json!(value));
        }
    }
    if let Some(expires_at) = event.expires_at {
        view.insert(
            "expires_at".to_owned(),
            json!(expires_at.without_fraction()),
        );
    }
    view.insert(
        "issued_before".to_owned(),
        json!(event.issued_before.whole_seconds()),
    );
    view.insert(
        "revoked_at".to_owned(),
        json!(event.revoked_at.whole_seconds()),
    );
    view
}

/// `GET /v3/auth/tokens/OS-PKI/revoked`
pub async fn revocation_list(ctx: Context) -> Result<Response> {
    ctx.enforce("identity:revocation_list", &Target::new())?;
    let tokens = ctx.app.token();
    if ctx.query.has("audit_id_only") {
        let revoked = tokens.revoked().await?;
        let entries = revoked.iter().filter_map(|token| {
            let audit_id = token.audit_id.as_ref()?;
            Some(json!({ "audit_id": audit_id, "expires": token.expires.without_fraction() }))
        });
        let revoked: Vec<_> = entries.collect();
        return Ok(json(StatusCode::OK, &json!({ "revoked": revoked })));
    }
    let signed = tokens.signed_revocation_list().await?;
    Ok(json(StatusCode::OK, &json!({ "signed": signed })))
}
