//! How far this process has read the table of revocation events, and what it read.

use super::index::Index;
use super::marks::Marks;
use crate::driver::sql::db::Session;
use crate::driver::sql::revoke::{self as sql, StoredEvent};
use crate::error::Result;
use crate::model::Timestamp;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{PoisonError, RwLock};
use tokio::sync::{Mutex, MutexGuard};

/// Ids are given before the commit, so an event may appear below a newer one. Among so many of the
/// newest ids that is noticed.
const RECENT_IDS: i64 = 1000;

/// Events read at once.
const PAGE: usize = 10_000;

/// The events that this process knows. Reading goes on where it stopped, so nothing is read twice.
pub struct RevocationLog {
    index: RwLock<Index>,
    reading: Mutex<Reading>,
    /// The version of the area, as this process counts it, whose events are all in the index.
    read_up_to: AtomicU64,
}

impl Default for RevocationLog {
    fn default() -> Self {
        Self {
            index: RwLock::default(),
            reading: Mutex::default(),
            read_up_to: AtomicU64::new(u64::MAX),
        }
    }
}

/// The right to read on, and how far it has come.
#[derive(Debug, Default)]
pub(super) struct Reading {
    newest: i64,
    /// The newest events by id, with when they came: a database may give an id again after its row is
    /// gone.
    recent: BTreeMap<i64, Timestamp>,
    /// Whether everything that was there at the start has been read.
    is_complete: bool,
}

impl RevocationLog {
    /// Whether all events of a version are known.
    pub(super) fn is_read_up_to(&self, version: u64) -> bool {
        self.read_up_to.load(Ordering::Acquire) == version
    }

    /// Notes that all events of a version are known.
    pub(super) fn set_read_up_to(&self, version: u64) {
        self.read_up_to.store(version, Ordering::Release);
    }

    pub(super) fn revokes(&self, token: &Marks<'_>) -> bool {
        let index = self.index.read().unwrap_or_else(PoisonError::into_inner);
        index.revokes(token)
    }

    /// Waits for the turn to read.
    pub(super) async fn reading(&self) -> MutexGuard<'_, Reading> {
        self.reading.lock().await
    }

    /// Forgets events that can only mean tokens that were issued up to a time.
    pub(super) fn forget(&self, issued_until: Timestamp) {
        let mut index = self.index.write().unwrap_or_else(PoisonError::into_inner);
        index.forget(issued_until);
    }

    fn add(&self, events: Vec<StoredEvent>) {
        let mut index = self.index.write().unwrap_or_else(PoisonError::into_inner);
        for stored in events {
            index.insert(stored.event);
        }
    }

    /// Reads what has come since the last look; one statement when nothing has. Returns whether anything
    /// has.
    pub(super) async fn read_on(&self, s: &mut Session, at: &mut Reading) -> Result<bool> {
        if at.is_complete && sql::tail(s, at.low()).await? == at.expected() {
            return Ok(false);
        }
        let mut found = self.read_newer(s, at).await?;
        if at.is_complete && sql::tail(s, at.low()).await? != at.expected() {
            found |= self.reread_recent(s, at).await?;
        }
        at.is_complete = true;
        Ok(found)
    }

    async fn read_newer(&self, s: &mut Session, at: &mut Reading) -> Result<bool> {
        let mut found = false;
        loop {
            let events = sql::events_after(s, at.newest, PAGE).await?;
            let is_last = events.len() < PAGE;
            found |= !events.is_empty();
            at.advance(&events);
            self.add(events);
            if is_last {
                return Ok(found);
            }
        }
    }

    /// An event was committed late, or recent ones were removed: compares the recent ones one by one.
    async fn reread_recent(&self, s: &mut Session, at: &mut Reading) -> Result<bool> {
        let mut events = sql::events_after(s, at.low(), usize::MAX).await?;
        let Some(last) = events.last() else {
            // All of them are gone; the database may begin again with its ids.
            at.recent.clear();
            at.newest = 0;
            return self.read_newer(s, at).await;
        };
        let former = std::mem::take(&mut at.recent);
        at.newest = last.id;
        at.advance(&events);
        events.retain(|stored| former.get(&stored.id) != Some(&stored.event.revoked_at));
        let found = !events.is_empty();
        self.add(events);
        Ok(found)
    }
}

impl Reading {
    /// The id above which events are recent.
    fn low(&self) -> i64 {
        self.newest.saturating_sub(RECENT_IDS)
    }

    /// What the database says of the recent events if none is new, late or gone.
    fn expected(&self) -> sql::Tail {
        sql::Tail {
            count: i64::try_from(self.recent.len()).unwrap_or(i64::MAX),
            newest: self.recent.keys().next_back().copied(),
            latest: self.recent.values().max().copied(),
        }
    }

    fn advance(&mut self, events: &[StoredEvent]) {
        for stored in events {
            self.newest = self.newest.max(stored.id);
            self.recent.insert(stored.id, stored.event.revoked_at);
        }
        let low = self.low();
        self.recent.retain(|id, _| *id > low);
    }
}
