//! Validated tokens, kept as long as what they were resolved from stays true.

use crate::config;
use crate::driver::sql::db::{Area, Versions};
use crate::model::token::{TokenOrigin, TokenPayload, TokenScope, ValidToken};
use crate::model::{Timestamp, UserId};
use bytes::Bytes;
use quick_cache::Weighter;
use quick_cache::sync::Cache;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};

/// So many bytes of tokens are kept, by [`weight`]; the least used go first.
const TOKENS_CAPACITY: u64 = 64 << 20;
const SUBJECTS_CAPACITY: u64 = 16 << 20;

/// Processes that don't count versions (Python ones on the same database) can change rows behind our
/// back: what was read is believed for so many seconds.
const TIME_TO_LIVE: i64 = 5;

/// A good token and its rendered answer.
pub struct TokenEntry {
    pub token: ValidToken,
    /// The body of the answer without the catalog. Rendered when first asked for.
    pub body: OnceLock<Bytes>,
    /// The token's text and the body of v2.0's answer, which repeats it.
    pub v2_body: OnceLock<(String, Bytes)>,
    facts: Facts,
    revoke_version: AtomicU64,
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

    /// Whether no revocation event came between the two.
    pub fn same_revocations(&self, other: &Self) -> bool {
        self.revoke == other.revoke
    }
}

/// Of which state of the database facts are, and since when they are believed.
#[derive(Clone, Copy, Debug)]
pub struct Facts {
    version: u64,
    read_at: Timestamp,
}

impl Facts {
    /// Facts that are read after this moment.
    pub fn new(freshness: &Freshness, now: Timestamp) -> Self {
        Self {
            version: freshness.facts,
            read_at: now,
        }
    }

    /// When they were read.
    pub fn read_at(&self) -> Timestamp {
        self.read_at
    }

    /// Whether they are still believed.
    pub fn are_fresh(&self, freshness: &Freshness, now: Timestamp) -> bool {
        let age = now.seconds().saturating_sub(self.read_at.seconds());
        self.version == freshness.facts && (0..TIME_TO_LIVE).contains(&age)
    }
}

impl TokenEntry {
    /// An entry for a token that was just found unrevoked.
    pub fn new(token: ValidToken, facts: Facts, freshness: &Freshness) -> Self {
        Self {
            token,
            body: OnceLock::new(),
            v2_body: OnceLock::new(),
            facts,
            revoke_version: AtomicU64::new(freshness.revoke),
        }
    }

    /// An entry for a token that was just made and that nobody has held against the events yet: one of
    /// this second may revoke it.
    pub fn issued(token: ValidToken, facts: Facts, freshness: &Freshness) -> Self {
        let unchecked = Freshness {
            revoke: u64::MAX,
            ..*freshness
        };
        Self::new(token, facts, &unchecked)
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

/// What the facts behind a token depend on: all that it carries but times and audit ids. Many tokens
/// share one: services ask for a new token again
/// and again, always as the same user for the same project.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Subject {
    user_id: UserId,
    methods: Vec<String>,
    scope: TokenScope,
    origin: TokenOrigin,
}

impl Subject {
    fn of(payload: &TokenPayload) -> Self {
        Self {
            user_id: payload.user_id.clone(),
            methods: payload.methods.clone(),
            scope: payload.scope.clone(),
            origin: payload.origin.clone(),
        }
    }
}

/// Tokens that were found good, by their text, and what was found out about their subjects.
pub struct TokenCache {
    kept: Option<Kept>,
    /// `[cache] version_poll_interval_ms = 0`.
    asks_every_time: bool,
}

struct Kept {
    tokens: Cache<Arc<str>, Arc<TokenEntry>, Weight>,
    /// With the payload of the token that was resolved first.
    subjects: Cache<Subject, Arc<(ValidToken, Facts)>, Weight>,
}

impl TokenCache {
    /// A cache as configured; with `[cache] enabled = false` one that keeps nothing, because every
    /// request must read the database.
    pub fn new(options: &config::Cache) -> Self {
        let enabled = options.enabled != Some(false);
        let items = |capacity| usize::try_from(capacity / USUAL_WEIGHT).unwrap_or_default();
        Self {
            kept: enabled.then(|| Kept {
                tokens: Cache::with_weighter(items(TOKENS_CAPACITY), TOKENS_CAPACITY, Weight),
                subjects: Cache::with_weighter(items(SUBJECTS_CAPACITY), SUBJECTS_CAPACITY, Weight),
            }),
            asks_every_time: enabled && options.version_poll_interval_ms == 0,
        }
    }

    /// Whether anything is kept at all.
    pub fn is_enabled(&self) -> bool {
        self.kept.is_some()
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
        let entry = self.kept.as_ref()?.tokens.get(token)?;
        entry.facts.are_fresh(freshness, now).then_some(entry)
    }

    /// Keeps an entry.
    pub fn insert(&self, token: &str, entry: &Arc<TokenEntry>) {
        if let Some(kept) = &self.kept {
            kept.tokens.insert(token.into(), Arc::clone(entry));
        }
    }

    /// What another token of the same subject was resolved to, with this payload in its place.
    pub fn resolved(
        &self,
        payload: &TokenPayload,
        freshness: &Freshness,
        now: Timestamp,
    ) -> Option<(ValidToken, Facts)> {
        let known = self.kept.as_ref()?.subjects.get(&Subject::of(payload))?;
        let (token, facts) = &*known;
        facts.are_fresh(freshness, now).then(|| {
            let token = ValidToken {
                payload: payload.clone(),
                ..token.clone()
            };
            (token, *facts)
        })
    }

    /// Keeps what a token was resolved to for others of the same subject.
    pub fn keep_resolved(&self, token: &ValidToken, facts: Facts) {
        if let Some(kept) = &self.kept {
            let subject = Subject::of(&token.payload);
            kept.subjects
                .insert(subject, Arc::new((token.clone(), facts)));
        }
    }

    /// Forgets everything.
    pub fn clear(&self) {
        if let Some(kept) = &self.kept {
            kept.tokens.clear();
            kept.subjects.clear();
        }
    }
}

/// About how much memory an entry takes. A catalog counts for every token that shows it, though many
/// share one: so it holds in the worst case too.
#[derive(Clone)]
struct Weight;

/// Only the first guess at how many entries fit.
const USUAL_WEIGHT: u64 = 10 << 10;

impl Weighter<Arc<str>, Arc<TokenEntry>> for Weight {
    fn weight(&self, text: &Arc<str>, entry: &Arc<TokenEntry>) -> u64 {
        text.len() as u64 + weight(&entry.token)
    }
}

impl Weighter<Subject, Arc<(ValidToken, Facts)>> for Weight {
    fn weight(&self, _: &Subject, resolved: &Arc<(ValidToken, Facts)>) -> u64 {
        weight(&resolved.0)
    }
}

fn weight(token: &ValidToken) -> u64 {
    const BESIDES: usize = 2_048;
    const ROLE: usize = 160;
    const WHOLE_ROLE: usize = 512;
    const GROUP: usize = 160;
    let catalog = token.catalog.as_ref().map_or(0, |it| it.json().len());
    let whole_roles = token.whole_roles.as_ref().map_or(0, Vec::len);
    let roles = ROLE * token.roles.len() + WHOLE_ROLE * whole_roles;
    let groups = GROUP * token.federated_groups().len();
    (BESIDES + roles + groups + catalog) as u64
}
