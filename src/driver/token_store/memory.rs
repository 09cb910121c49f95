//! Tokens in this process's memory, which Keystone calls `kvs`: for tests and toys. Nothing of it is
//! seen by other processes or survives a restart.

use super::{PAGE, RevokedToken, StoredToken, TokenFilter, TokenPage, TokenStore, absent, taken};
use crate::error::Result;
use crate::model::Timestamp;
use futures_util::future::{BoxFuture, ready};
use std::collections::{BTreeSet, HashMap};
use std::ops::Bound;
use std::sync::{Mutex, MutexGuard};

/// A bounded map. When it is full, the tokens that end first make room.
pub struct MemoryTokenStore {
    most: usize,
    tokens: Mutex<Tokens>,
}

#[derive(Default)]
struct Tokens {
    by_id: HashMap<String, Entry>,
    by_end: BTreeSet<(i64, String)>,
}

struct Entry {
    token: StoredToken,
    valid: bool,
}

impl MemoryTokenStore {
    /// A store for so many tokens.
    pub fn new(most: usize) -> Self {
        Self {
            most: most.max(1),
            tokens: Mutex::default(),
        }
    }

    fn lock(&self) -> MutexGuard<'_, Tokens> {
        self.tokens
            .lock()
            .unwrap_or_else(|poisoned| poisoned.into_inner())
    }
}

impl Tokens {
    fn insert(&mut self, id: &str, token: &StoredToken) {
        self.by_end.insert((end(token), id.to_owned()));
        let entry = Entry {
            token: token.clone(),
            valid: true,
        };
        self.by_id.insert(id.to_owned(), entry);
    }

    fn remove_first(&mut self) {
        if let Some((_, id)) = self.by_end.pop_first() {
            self.by_id.remove(&id);
        }
    }
}

fn end(token: &StoredToken) -> i64 {
    token.expires.map_or(i64::MIN, Timestamp::micros)
}

impl TokenStore for MemoryTokenStore {
    fn create_token<'a>(
        &'a self,
        id: &'a str,
        token: &'a StoredToken,
        _now: Timestamp,
    ) -> BoxFuture<'a, Result<()>> {
        let mut tokens = self.lock();
        if tokens.by_id.contains_key(id) {
            return Box::pin(ready(Err(taken())));
        }
        while tokens.by_id.len() >= self.most {
            tokens.remove_first();
        }
        tokens.insert(id, token);
        Box::pin(ready(Ok(())))
    }

    fn get_token<'a>(&'a self, id: &'a str) -> BoxFuture<'a, Result<StoredToken>> {
        let found = match self.lock().by_id.get(id) {
            Some(entry) if entry.valid => Ok(entry.token.clone()),
            _ => Err(absent()),
        };
        Box::pin(ready(found))
    }

    fn delete_token<'a>(&'a self, id: &'a str, _now: Timestamp) -> BoxFuture<'a, Result<()>> {
        let deleted = match self.lock().by_id.get_mut(id) {
            Some(entry) if entry.valid => {
                entry.valid = false;
                Ok(())
            }
            _ => Err(absent()),
        };
        Box::pin(ready(deleted))
    }

    fn delete_tokens<'a>(
        &'a self,
        filter: &'a TokenFilter,
        now: Timestamp,
    ) -> BoxFuture<'a, Result<Vec<String>>> {
        let mut tokens = self.lock();
        let matching = tokens.by_id.iter_mut().filter(|(_, entry)| {
            entry.valid && entry.token.is_live_at(now) && filter.matches(&entry.token)
        });
        let deleted = matching
            .map(|(id, entry)| {
                entry.valid = false;
                id.clone()
            })
            .collect();
        Box::pin(ready(Ok(deleted)))
    }

    fn list_revoked_tokens(&self, now: Timestamp) -> BoxFuture<'_, Result<Vec<RevokedToken>>> {
        let tokens = self.lock();
        let mut revoked: Vec<_> = tokens
            .by_id
            .iter()
            .filter(|(_, entry)| !entry.valid && entry.token.is_live_at(now))
            .filter_map(|(id, entry)| RevokedToken::of(id, &entry.token))
            .collect();
        revoked.sort();
        Box::pin(ready(Ok(revoked)))
    }

    fn list_tokens<'a>(
        &'a self,
        place: &'a str,
        now: Timestamp,
    ) -> BoxFuture<'a, Result<TokenPage>> {
        let tokens = self.lock();
        let after = place.split_once(' ');
        let after = after.and_then(|(end, id)| Some((end.parse().ok()?, id.to_owned())));
        let from = after.map_or(Bound::Unbounded, Bound::Excluded);
        let keys = tokens.by_end.range((from, Bound::Unbounded)).take(PAGE);
        let keys: Vec<_> = keys.collect();
        let live = keys.iter().filter_map(|(_, id)| {
            let entry = tokens.by_id.get(id)?;
            let is_meant = entry.valid && entry.token.is_live_at(now);
            is_meant.then(|| (id.clone(), entry.token.clone()))
        });
        let last = keys.last().filter(|_| keys.len() == PAGE);
        let page = TokenPage {
            tokens: live.collect(),
            next: last.map(|(end, id)| format!("{end} {id}")),
        };
        Box::pin(ready(Ok(page)))
    }

    fn flush_expired_tokens(&self, until: Timestamp) -> BoxFuture<'_, Result<u64>> {
        let mut tokens = self.lock();
        let mut flushed = 0;
        while tokens
            .by_end
            .first()
            .is_some_and(|(end, _)| *end <= until.micros())
        {
            tokens.remove_first();
            flushed += 1;
        }
        Box::pin(ready(Ok(flushed)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_full_store_drops_what_ends_first() {
        let store = MemoryTokenStore::new(2);
        let now = Timestamp::from_seconds(1000).unwrap();
        for (id, lifetime) in [("long", 30), ("short", 10), ("middle", 20)] {
            let token = StoredToken {
                expires: Some(now.plus_seconds(lifetime)),
                user_id: None,
                trust_id: None,
                extra: serde_json::Map::new(),
            };
            store.create_token(id, &token, now).await.unwrap();
        }
        assert!(store.get_token("short").await.unwrap_err().is_not_found());
        assert!(store.get_token("long").await.is_ok());
        assert!(store.get_token("middle").await.is_ok());
    }
}
