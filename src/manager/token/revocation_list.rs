//! The list of revoked tokens, for services that validate signed tokens by themselves: they ask nobody
//! about a token, so whatever would be refused here has to stand in the list.
//!
//! Three things make it up. Tokens that were deleted one by one lie deleted in the store. What new
//! revocation events say of users and trusts is carried over into the store, which has indices for them.
//! Everything else, such as a project or a domain that is disabled, a role that was taken away or events
//! that name neither user nor trust, shows only when a token is looked at: the valid tokens of the store
//! are walked through, and validated as if somebody had come with them. What the walk finds is
//! remembered in this process and written nowhere.

use super::TokenManager;
use super::cache::{Facts, Freshness};
use super::stored::payload_of;
use crate::driver::sql::db::Area;
use crate::driver::sql::revoke as events;
use crate::driver::token_store::{RevokedToken, StoredToken, TokenFilter};
use crate::error::{Error, Result};
use crate::model::RevocationEvent;
use crate::model::token::ValidToken;
use crate::token::pki;
use arc_swap::ArcSwap;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::time::{Duration, Instant};
use tokio::sync::Mutex;

/// Ids are given before the commit: an event may appear so far below a newer one.
const RECENT_IDS: i64 = 1000;

/// Events are read in pieces of so many.
const EVENTS_AT_ONCE: usize = 1000;

/// A request for the list goes on with the walk for no longer than this, and takes what is known then.
const TIME_TO_WALK: Duration = Duration::from_secs(2);

/// A walk that took longer than one request has for it is followed by a rest of so many times as long,
/// within bounds: in a large store, whose facts change all the time, one walk would follow on the other.
const RESTS: u32 = 3;
const LONGEST_REST: Duration = Duration::from_secs(20);

type Tokens = BTreeSet<RevokedToken>;

/// What is known for the list.
#[derive(Default)]
pub struct RevocationList {
    carried: Carried,
    walk: Mutex<Walk>,
    /// The tokens that would be refused though the store has them, as far as the walk has come.
    refused: ArcSwap<Tokens>,
}

/// How far revocation events have been carried over into the store.
#[derive(Default)]
struct Carried {
    /// The version of the events, one more; 0 before the first time.
    version: AtomicU64,
    newest: AtomicI64,
}

/// The walk that is under way, or else the last one.
#[derive(Default)]
struct Walk {
    /// Where it goes on, while it is under way.
    place: Option<String>,
    /// What the database stood at when it began; `None` before the first one.
    of: Option<(Facts, Freshness)>,
    /// For how long it has been going.
    took: Duration,
    /// No other one before then.
    rest_until: Option<Instant>,
    found: Tokens,
    /// What the one before it found.
    former: Arc<Tokens>,
}

impl TokenManager<'_> {
    /// The tokens of the store that are refused and have not expired, by end and id.
    ///
    /// # Errors
    /// 410 when `[token] revoke_by_id` is off.
    pub async fn revoked(&self) -> Result<Vec<RevokedToken>> {
        let settings = self.app.settings();
        if !settings.config.token.revoke_by_id {
            return Err(Error::Gone(
                "Tokens are not revoked by their ids here.".to_owned(),
            ));
        }
        if settings.tokens.uses_store() {
            self.carry_events_over().await?;
            self.walk_on().await?;
        }
        let now = self.app.clock.now();
        let deleted = self.app.token_store.list_revoked_tokens(now).await?;
        let refused = self.app.revocation_list.refused.load_full();
        let refused = refused.iter().filter(|token| token.expires > now);
        let all: Tokens = deleted.into_iter().chain(refused.cloned()).collect();
        Ok(all.into_iter().collect())
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

    /// Deletes from the store what new revocation events of users and trusts end.
    async fn carry_events_over(&self) -> Result<()> {
        let carried = &self.app.revocation_list.carried;
        let version = self.app.db.versions().of(Area::Revoke).wrapping_add(1);
        if carried.version.load(Ordering::Acquire) == version {
            return Ok(());
        }
        let newest = carried.newest.load(Ordering::Acquire);
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
        carried.newest.fetch_max(last, Ordering::AcqRel);
        carried.version.store(version, Ordering::Release);
        Ok(())
    }

    /// Walks through the store's tokens, unless nothing has changed since the last time. One request at a
    /// time does; others take what is known.
    async fn walk_on(&self) -> Result<()> {
        let list = &self.app.revocation_list;
        let Ok(mut walk) = list.walk.try_lock() else {
            return Ok(());
        };
        if !self.app.tokens.is_enabled() {
            // Nobody polls the versions.
            self.app.db.refresh_versions().await?;
        }
        let freshness = Freshness::of(self.app.db.versions());
        let facts = Facts::new(&freshness, self.app.clock.now());
        if walk.place.is_none() && !walk.begin(facts, freshness) {
            return Ok(());
        }
        let done = self.walk_for_a_while(&mut walk).await;
        list.refused.store(walk.known());
        done
    }

    async fn walk_for_a_while(&self, walk: &mut Walk) -> Result<()> {
        let begun = Instant::now();
        while let Some(place) = &walk.place {
            let now = self.app.clock.now();
            let page = self.app.token_store.list_tokens(place, now).await?;
            for (id, token) in &page.tokens {
                if self.is_refused(token).await? {
                    walk.found.extend(RevokedToken::of(id, token));
                }
            }
            walk.place = page.next;
            if begun.elapsed() > TIME_TO_WALK {
                break;
            }
        }
        walk.took += begun.elapsed();
        if walk.place.is_none() {
            walk.end();
        }
        Ok(())
    }

    /// Whether a service that believes what a token says of itself should not.
    async fn is_refused(&self, stored: &StoredToken) -> Result<bool> {
        let Some(payload) = payload_of(stored) else {
            return Ok(true);
        };
        let freshness = Freshness::of(self.app.db.versions());
        let now = self.app.clock.now();
        let checked = async {
            let (token, _) = self.resolve_or_recall(payload, &freshness, now).await?;
            self.app.revoke().check(&token).await?;
            Ok::<_, Error>(token)
        };
        match checked.await {
            Ok(token) => Ok(promises_too_much(stored, &token)),
            Err(Error::Unauthorized { .. } | Error::NotFound { .. } | Error::Forbidden(_)) => {
                Ok(true)
            }
            Err(error) => Err(error),
        }
    }
}

impl Walk {
    /// Begins anew, if there is a reason to. A state of the database is believed in for as long as
    /// everywhere.
    fn begin(&mut self, facts: Facts, freshness: Freshness) -> bool {
        let is_known = self.of.is_some_and(|(known, of)| {
            known.are_fresh(&freshness, facts.read_at()) && of.same_revocations(&freshness)
        });
        let rests = self.rest_until.is_some_and(|until| Instant::now() < until);
        if is_known || rests {
            return false;
        }
        self.place = Some(String::new());
        self.of = Some((facts, freshness));
        self.took = Duration::ZERO;
        true
    }

    /// What the last whole walk and this one have found.
    fn known(&self) -> Arc<Tokens> {
        if self.found.is_empty() {
            return Arc::clone(&self.former);
        }
        Arc::new(self.former.union(&self.found).cloned().collect())
    }

    fn end(&mut self) {
        self.former = Arc::new(std::mem::take(&mut self.found));
        let rest = LONGEST_REST.min(self.took * RESTS);
        self.rest_until = (self.took > TIME_TO_WALK).then(|| Instant::now() + rest);
    }
}

/// Whether a signed document names a role that its token does not have any more. Here the token goes on
/// with the roles that are left, but who only reads the document would go on to believe in all of them.
fn promises_too_much(stored: &StoredToken, token: &ValidToken) -> bool {
    let is_read_by_others = stored.key().is_some_and(pki::is_signed);
    let metadata = stored.extra.get("metadata");
    let promised = metadata.and_then(|metadata| metadata.get("roles")?.as_array());
    let has = |id: &Value| token.roles.iter().any(|role| *id == *role.id.as_str());
    is_read_by_others && promised.is_some_and(|roles| !roles.iter().all(has))
}

/// The tokens in the store that an event ends; `None` for an event that no index of the store leads to.
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
