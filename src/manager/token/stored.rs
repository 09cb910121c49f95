//! Tokens that are kept in a store: writing them, looking them up, and telling services that validate
//! by themselves which of them are revoked.

use super::TokenManager;
use crate::driver::sql::db::Area;
use crate::driver::sql::revoke as events;
use crate::driver::token_store::{RevokedToken, StoredToken, TokenFilter};
use crate::error::{Error, Result};
use crate::model::RevocationEvent;
use crate::model::token::{ResolvedScope, TokenPayload, ValidToken};
use crate::token::document;
use crate::token::provider::{Recognized, TokenProvider};
use serde_json::{Map, Value, json};
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use subtle::ConstantTimeEq as _;

/// A file by which services check signatures.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CertificateFile {
    /// `[signing] ca_certs`
    Ca,
    /// `[signing] certfile`
    Signing,
}

/// How far revocation events have been carried over into the store.
#[derive(Debug, Default)]
pub struct StoreMark {
    /// The version of the events, one more; 0 before the first time.
    version: AtomicU64,
    newest: AtomicI64,
}

/// Ids are given before the commit: an event may appear so far below a newer one.
const RECENT_IDS: i64 = 1000;

/// Events are read in pieces of so many.
const EVENTS_AT_ONCE: usize = 1000;

impl TokenManager<'_> {
    /// Writes a token and puts it into the store. Returns its text.
    pub(super) async fn keep(
        &self,
        provider: &TokenProvider,
        token: &ValidToken,
    ) -> Result<String> {
        let document = document::of(token, true);
        let text = provider.write(&document)?;
        let stored = StoredToken {
            expires: Some(token.payload.expires_at),
            user_id: Some(token.user.id.to_string()),
            trust_id: token.trust().map(|trust| trust.id.to_string()),
            extra: extra(token, &text, document),
        };
        let id = provider.unique_id(&text);
        let store = &self.app.token_store;
        let created = store.create_token(&id, &stored, self.app.clock.now()).await;
        if let Err(Error::Conflict(_)) = created {
            // The same text twice, or a write whose answer got lost: it is there all the same.
            store.get_token(&id).await?;
        } else {
            created?;
        }
        Ok(text)
    }

    /// What a token in the store says.
    ///
    /// # Errors
    /// 401 when it is not there or deleted; 503 when the store can't be asked.
    pub(super) async fn look_up(&self, text: &str, id: &str) -> Result<TokenPayload> {
        let stored = self.app.token_store.get_token(id).await;
        let stored = stored.map_err(|error| match error {
            Error::NotFound { .. } => {
                Error::unauthorized("the token store does not have the token")
            }
            other => other,
        })?;
        let unreadable = || Error::unauthorized("the token store has a token that can't be read");
        let key = stored.key().unwrap_or(id);
        // Two texts may have one short id, if somebody took the trouble.
        if text != id && !bool::from(key.as_bytes().ct_eq(text.as_bytes())) {
            return Err(Error::unauthorized(
                "the token store has another token of this id",
            ));
        }
        let data = stored.extra.get("token_data").ok_or_else(unreadable)?;
        let mut payload = document::payload(data).ok_or_else(unreadable)?;
        let end = stored.expires.ok_or_else(unreadable)?;
        payload.expires_at = payload.expires_at.min(end);
        Ok(payload)
    }

    /// Deletes a token from the store, if it is one that is kept there.
    pub(super) async fn drop_kept(&self, text: &str) -> Result<()> {
        let settings = self.app.settings();
        if !settings.config.token.revoke_by_id {
            return Ok(());
        }
        let Recognized::Stored(id) = settings.tokens.recognize(text) else {
            return Ok(());
        };
        let now = self.app.clock.now();
        match self.app.token_store.delete_token(&id, now).await {
            // Somebody was quicker.
            Err(Error::NotFound { .. }) => Ok(()),
            done => done,
        }
    }

    /// The tokens of the store that are revoked and have not expired, by end and id.
    ///
    /// # Errors
    /// 410 when `[token] revoke_by_id` is off.
    pub async fn revoked(&self) -> Result<Vec<RevokedToken>> {
        if !self.app.config().token.revoke_by_id {
            return Err(Error::Gone(
                "Tokens are not revoked by their ids here.".to_owned(),
            ));
        }
        self.carry_events_over().await?;
        let now = self.app.clock.now();
        self.app.token_store.list_revoked_tokens(now).await
    }

    /// The list of revoked tokens as a signed document, PEM.
    ///
    /// # Errors
    /// As [`revoked`](Self::revoked); 403 when there is no certificate to sign it with.
    pub async fn signed_revocation_list(&self) -> Result<String> {
        let revoked = self.revoked().await?;
        let settings = self.app.settings();
        if !settings.tokens.can_sign() {
            return Err(Error::forbidden_action(
                "This server has no certificate to sign the list with.",
            ));
        }
        settings.tokens.sign_pem(&revocation_document(&revoked))
    }

    /// The text of a certificate file.
    ///
    /// # Errors
    /// 410 when there is none.
    pub async fn certificate(&self, which: CertificateFile) -> Result<String> {
        let config = self.app.config();
        let path = match which {
            CertificateFile::Ca => &config.signing.ca_certs,
            CertificateFile::Signing => &config.signing.certfile,
        };
        tokio::fs::read_to_string(path).await.map_err(|error| {
            tracing::debug!(path = %path.display(), %error, "no certificate to serve");
            Error::Gone("This server has no such certificate.".to_owned())
        })
    }

    /// Deletes from the store what new revocation events end. Tokens are held against the events
    /// whenever they come here; this is for those who only see the list.
    async fn carry_events_over(&self) -> Result<()> {
        if !self.app.settings().tokens.uses_store() {
            return Ok(());
        }
        let mark = &self.app.store_mark;
        let version = self.app.db.versions().of(Area::Revoke).wrapping_add(1);
        if mark.version.load(Ordering::Acquire) == version {
            return Ok(());
        }
        let newest = mark.newest.load(Ordering::Acquire);
        let mut last = newest.saturating_sub(RECENT_IDS);
        let now = self.app.clock.now();
        loop {
            let mut session = self.app.db.session().await?;
            let new = events::events_after(&mut session, last, EVENTS_AT_ONCE).await?;
            drop(session);
            for filter in new.iter().filter_map(|stored| tokens_of(&stored.event)) {
                self.app.token_store.delete_tokens(&filter, now).await?;
            }
            last = new.last().map_or(last, |stored| stored.id);
            if new.len() < EVENTS_AT_ONCE {
                break;
            }
        }
        mark.newest.fetch_max(last, Ordering::AcqRel);
        mark.version.store(version, Ordering::Release);
        Ok(())
    }
}

/// The tokens in the store that an event ends; `None` for events that no filter describes, such as
/// those of one token.
fn tokens_of(event: &RevocationEvent) -> Option<TokenFilter> {
    let others = [
        &event.audit_id,
        &event.audit_chain_id,
        &event.domain_id,
        &event.role_id,
    ];
    if others.iter().any(|member| member.is_some()) || event.expires_at.is_some() {
        return None;
    }
    if event.user_id.is_none() && event.trust_id.is_none() {
        return None;
    }
    Some(TokenFilter {
        user_id: event.user_id.clone().unwrap_or_default(),
        tenant_id: event.project_id.clone(),
        trust_id: event.trust_id.clone(),
        consumer_id: event.consumer_id.clone(),
        issued_until: Some(event.issued_before),
    })
}

/// The JSON beside the columns, as older releases wrote it.
fn extra(token: &ValidToken, text: &str, document: Value) -> Map<String, Value> {
    let user = &token.user;
    let tenant = match &token.scope {
        ResolvedScope::Project {
            id, name, domain, ..
        } => json!({ "id": id, "name": name, "domain": domain }),
        _ => Value::Null,
    };
    let role_ids: Vec<_> = token.roles.iter().map(|role| &role.id).collect();
    let mut metadata = json!({ "roles": role_ids });
    if let Some(trust) = token.trust() {
        metadata["trust_id"] = json!(trust.id);
        metadata["trustee_user_id"] = json!(trust.trustee_user_id);
    }
    let members = [
        ("key", json!(text)),
        (
            "user",
            json!({ "id": user.id, "name": user.name, "domain": user.domain }),
        ),
        ("tenant", tenant),
        ("metadata", metadata),
        ("token_version", json!("v3.0")),
        ("token_data", document),
    ];
    let members = members.into_iter();
    members
        .map(|(name, value)| (name.to_owned(), value))
        .collect()
}

/// The JSON that is signed, spaced as readers have always got it.
fn revocation_document(revoked: &[RevokedToken]) -> String {
    let entries = revoked.iter().map(|token| {
        let audit_id = token.audit_id.as_ref();
        let audit_id = audit_id.map(|id| format!(", \"audit_id\": {}", json!(id)));
        format!(
            "{{\"expires\": \"{}\", \"id\": {}{}}}",
            token.expires.without_fraction(),
            json!(token.id),
            audit_id.unwrap_or_default()
        )
    });
    let entries: Vec<_> = entries.collect();
    format!("{{\"revoked\": [{}]}}", entries.join(", "))
}
