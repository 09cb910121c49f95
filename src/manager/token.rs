//! Tokens: made from what a login found out, checked when they come back, revoked.

mod cache;
mod granted;
pub(in crate::manager) mod resolve;
mod revocation_list;
mod stored;

pub use cache::{TokenCache, TokenEntry};
pub use revocation_list::RevocationList;
pub use stored::CertificateFile;

use crate::app::App;
use crate::error::{Error, Result};
use crate::model::delegation::expiry;
use crate::model::token::{TokenPayload, ValidToken};
use crate::model::{RevocationEvent, Timestamp};
use crate::token::provider::Recognized;
use cache::{Facts, Freshness};
use std::sync::Arc;

/// Issues, validates and revokes tokens.
pub struct TokenManager<'a> {
    app: &'a App,
}

impl<'a> TokenManager<'a> {
    /// A view of the app.
    pub fn new(app: &'a App) -> Self {
        Self { app }
    }

    /// When a token that begins at a time ends: after `[token] expiration`, but no later than anything
    /// that it comes from.
    pub fn end(
        &self,
        begin: Timestamp,
        bounds: impl IntoIterator<Item = Option<Timestamp>>,
    ) -> Timestamp {
        let lifetime = i64::try_from(self.app.config().token.expiration).unwrap_or(i64::MAX);
        expiry(begin.plus_seconds(lifetime), bounds).whole_seconds()
    }

    /// Writes a token for a payload, and resolves what its answer shows.
    ///
    /// # Errors
    /// 401 when the scope is not there, is disabled, or gives the user no role.
    pub async fn issue(&self, payload: TokenPayload) -> Result<(String, Arc<TokenEntry>)> {
        let settings = self.app.settings();
        let freshness = Freshness::of(self.app.db.versions());
        let now = self.app.clock.now();
        let resolved = self.resolve_or_recall(payload, &freshness, now).await;
        let (resolved, facts) = resolved.map_err(|error| match error {
            Error::NotFound { .. } => Error::unauthorized(error.to_string()),
            other => other,
        })?;
        let provider = &settings.tokens;
        // Only now: an id that names nothing need not fit into a token.
        let token = match provider.issues().is_stored() {
            true => Box::pin(self.keep(provider, &resolved)).await?,
            false => provider.encode(&resolved.payload)?,
        };
        let entry = Arc::new(TokenEntry::issued(resolved, facts, &freshness));
        self.app.tokens.insert(&token, &entry);
        Ok((token, entry))
    }

    /// Finds out what a token says and whether it is still good. A token counts as unexpired for
    /// `window` seconds longer than it says.
    ///
    /// # Errors
    /// 401 when it can't be read, has expired or is revoked, or its user is gone or disabled; 404 when
    /// its scope is gone, disabled or gives no role any more.
    pub async fn validate(&self, token: &str, window: i64) -> Result<Arc<TokenEntry>> {
        let now = self.app.clock.now();
        // What reads the database is boxed: its futures are large, and moving them would cost a
        // validation from the cache more than all the rest of it.
        if self.app.tokens.asks_every_time() {
            Box::pin(self.app.db.refresh_versions()).await?;
        }
        let freshness = Freshness::of(self.app.db.versions());
        let Some(entry) = self.app.tokens.get(token, &freshness, now) else {
            self.app.metrics.token_cache_misses.inc();
            return Box::pin(self.validate_anew(token, window, freshness, now)).await;
        };
        self.app.metrics.token_cache_hits.inc();
        check_expiry(&entry.token.payload, now.seconds(), window)?;
        if !entry.revocations_checked_at(&freshness) {
            Box::pin(self.app.revoke().check(&entry.token)).await?;
            entry.mark_revocations_checked(&freshness);
        }
        Ok(entry)
    }

    /// As [`validate`](Self::validate), for a token that somebody asks about: one that is no good is one
    /// that isn't there.
    ///
    /// # Errors
    /// 404 in place of 401.
    pub async fn subject(&self, token: &str, window: i64) -> Result<Arc<TokenEntry>> {
        let validated = self.validate(token, window).await;
        validated.map_err(|error| match error {
            Error::Unauthorized { reason, .. } => Error::not_found("token", format!("({reason})")),
            other => other,
        })
    }

    async fn validate_anew(
        &self,
        token: &str,
        window: i64,
        freshness: Freshness,
        now: Timestamp,
    ) -> Result<Arc<TokenEntry>> {
        let payload = match self.app.settings().tokens.recognize(token) {
            Recognized::Payload(payload) => payload,
            Recognized::Stored(id) => self.look_up(token, &id).await?,
            Recognized::Unknown => {
                return Err(Error::unauthorized(
                    "the token is not one that this server can read",
                ));
            }
        };
        check_expiry(&payload, now.seconds(), window)?;
        let (resolved, facts) = self.resolve_or_recall(payload, &freshness, now).await?;
        self.app.revoke().check(&resolved).await?;
        let entry = Arc::new(TokenEntry::new(resolved, facts, &freshness));
        self.app.tokens.insert(token, &entry);
        Ok(entry)
    }

    /// What the payload names: read, unless a token of the same user for the same scope was resolved a
    /// moment ago.
    async fn resolve_or_recall(
        &self,
        payload: TokenPayload,
        freshness: &Freshness,
        now: Timestamp,
    ) -> Result<(ValidToken, Facts)> {
        if let Some(known) = self.app.tokens.resolved(&payload, freshness, now) {
            return Ok(known);
        }
        let facts = Facts::new(freshness, now);
        let resolved = Box::pin(self.resolve(payload)).await?;
        self.app.tokens.keep_resolved(&resolved, facts);
        Ok((resolved, facts))
    }

    /// Revokes a token, and with `cascade` every token that was made from it.
    ///
    /// # Errors
    /// As [`validate`](Self::validate): what is no good token can't be revoked.
    pub async fn revoke(&self, token: &str, cascade: bool) -> Result<()> {
        let entry = self.validate(token, 0).await?;
        let Some(audit_id) = entry.token.payload.audit_ids.first() else {
            return Err(Error::unauthorized("the token has no audit id"));
        };
        let now = self.app.clock.now();
        let mut events = vec![RevocationEvent {
            audit_id: Some(audit_id.clone()),
            ..RevocationEvent::at(now)
        }];
        if cascade {
            let chain = RevocationEvent {
                audit_chain_id: Some(audit_id.clone()),
                ..RevocationEvent::at(now)
            };
            events.push(chain);
        }
        self.drop_kept(token).await?;
        self.app.revoke().record(events).await
    }
}

/// A token is good until the second that it names.
fn check_expiry(payload: &TokenPayload, now: i64, window: i64) -> Result<()> {
    if now < payload.expires_at.seconds().saturating_add(window) {
        Ok(())
    } else {
        Err(Error::unauthorized("the token has expired"))
    }
}
