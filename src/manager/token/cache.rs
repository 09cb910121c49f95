//! Validated tokens, kept as long as what they were resolved from stays true.

use crate::config;
use crate::driver::sql::db::{Area, Versions};
use crate::model::Timestamp;
use crate::model::token::ValidToken;
use bytes::Bytes;
use moka::sync::Cache;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};

/// So many bytes of tokens are kept, by [`weight`]; the least used go first.
const CAPACITY: u64 = 32 << 20;

/// Processes that don't count versions (Python ones on the same database) can change rows behind our
/// back: what was read is believed for so many seconds.
const TIME_TO_LIVE: i64 = 5;

/// A good token and its rendered answers.
pub struct TokenEntry {
    pub token: ValidToken,
    /// The body of the answer, with the catalog. Rendered when first asked for.
    pub body: OnceLock<Bytes>,
    /// The body of the answer without it.
    pub body_without_catalog: OnceLock<Bytes>,
    /// The token's text and the body of v2.0's answer, which repeats it.
    pub v2_body: OnceLock<(String, Bytes)>,
    facts_version: u64,
    revoke_version: AtomicU64,
    resolved_at: Timestamp,
}

/// Versions of what a token's validity depends on, read before the facts are.
#[derive(Clone, Copy, Debug)]
pub struct Freshness {
    facts: u64,
    revoke: u64,
}

impl Freshness {
    /// The versions of this moment. They only grow, so their sum changes when any of them does.
    pub fn of(versions: &Versions) -> Self {
        let facts = [
            Area::Identity,
            Area::Resource,
            Area::Assignment,
            Area::Catalog,
            Area::Trust,
            Area::Credential,
            Area::Federation,
        ];
        Self {
            facts: facts.into_iter().map(|area| versions.of(area)).sum(),
            revoke: versions.of(Area::Revoke),
        }
    }
}

impl TokenEntry {
    /// An entry for a token that was just resolved and found unrevoked.
    pub fn new(token: ValidToken, freshness: Freshness, now: Timestamp) -> Self {
        Self {
            token,
            body: OnceLock::new(),
            body_without_catalog: OnceLock::new(),
            v2_body: OnceLock::new(),
            facts_version: freshness.facts,
            revoke_version: AtomicU64::new(freshness.revoke),
            resolved_at: now,
        }
    }

    /// An entry for a token that was just made and that nobody has held against the events yet: one of
    /// this second may revoke it.
    pub fn issued(token: ValidToken, freshness: Freshness, now: Timestamp) -> Self {
        let unchecked = Freshness {
            revoke: u64::MAX,
            ..freshness
        };
        Self::new(token, unchecked, now)
    }

    /// An entry for a new token that was resolved from the facts of this one. It is as old as they
    /// are.
    pub fn succeeded_by(&self, token: ValidToken) -> Self {
        let freshness = Freshness {
            facts: self.facts_version,
            revoke: 0,
        };
        Self::issued(token, freshness, self.resolved_at)
    }

    /// Whether what the token was resolved from is still as it was.
    pub fn is_fresh(&self, freshness: &Freshness, now: Timestamp) -> bool {
        let age = now.seconds().saturating_sub(self.resolved_at.seconds());
        self.facts_version == freshness.facts && (0..TIME_TO_LIVE).contains(&age)
    }

    /// Whether no revocation event came since the token was last held against them.
    pub fn revocations_checked_at(&self, freshness: &Freshness) -> bool {
        self.revoke_version.load(Ordering::Acquire) == freshness.revoke
    }

    /// Notes that the events up to a version don't revoke the token.
    pub fn mark_revocations_checked(&self, freshness: &Freshness) {
        self.revoke_version
            .store(freshness.revoke, Ordering::Release);
    }
}

/// Tokens that were found good, by their text.
pub struct TokenCache {
    entries: Option<Cache<Arc<str>, Arc<TokenEntry>>>,
    /// `[cache] version_poll_interval_ms = 0`.
    asks_every_time: bool,
}

impl TokenCache {
    /// A cache as configured; with `[cache] enabled = false` one that keeps nothing, because every
    /// request must read the database.
    pub fn new(options: &config::Cache) -> Self {
        let enabled = options.enabled != Some(false);
        Self {
            entries: enabled.then(|| {
                Cache::builder()
                    .max_capacity(CAPACITY)
                    .weigher(weight)
                    .build()
            }),
            asks_every_time: enabled && options.version_poll_interval_ms == 0,
        }
    }

    /// Whether anything is kept at all.
    pub fn is_enabled(&self) -> bool {
        self.entries.is_some()
    }

    /// Whether the versions must be read for each request, because nobody polls them.
    pub fn asks_every_time(&self) -> bool {
        self.asks_every_time
    }

    /// The entry of a token, unless something that it was resolved from has changed.
    pub fn get(
        &self,
        token: &str,
        freshness: &Freshness,
        now: Timestamp,
    ) -> Option<Arc<TokenEntry>> {
        let entry = self.entries.as_ref()?.get(token)?;
        entry.is_fresh(freshness, now).then_some(entry)
    }

    /// Keeps an entry.
    pub fn insert(&self, token: &str, entry: &Arc<TokenEntry>) {
        if let Some(cache) = &self.entries {
            cache.insert(token.into(), Arc::clone(entry));
        }
    }

    /// Forgets everything.
    pub fn clear(&self) {
        if let Some(cache) = &self.entries {
            cache.invalidate_all();
        }
    }
}

/// About how much memory an entry takes: what is resolved, and its rendered answer. The catalog is
/// nearly all of both.
fn weight(token: &Arc<str>, entry: &Arc<TokenEntry>) -> u32 {
    const BESIDES: usize = 2_048;
    const ENDPOINT: usize = 600;
    let services = entry.token.catalog.as_deref().unwrap_or_default();
    let endpoints: usize = services.iter().map(|service| service.endpoints.len()).sum();
    u32::try_from(token.len() + BESIDES + ENDPOINT * (services.len() + endpoints))
        .unwrap_or(u32::MAX)
}
