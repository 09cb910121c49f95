//! The catalog's rows, kept as long as they stay true.

use crate::driver::sql::token::CatalogRow;
use crate::model::Timestamp;
use arc_swap::ArcSwapOption;
use std::sync::Arc;

/// Processes that don't count versions (Python ones on the same database) can change rows behind our
/// back. What a token shows is cached besides, so this adds to the age of what a client sees.
const TIME_TO_LIVE: i64 = 1;

/// What every token's catalog is made of.
pub struct CatalogSnapshot {
    pub rows: Vec<CatalogRow>,
    /// Whether any project sees less than all of it.
    pub has_associations: bool,
    version: u64,
    read_at: Timestamp,
}

impl CatalogSnapshot {
    /// `version` is the catalog's version before the rows were read.
    pub fn new(
        rows: Vec<CatalogRow>,
        has_associations: bool,
        version: u64,
        read_at: Timestamp,
    ) -> Self {
        Self {
            rows,
            has_associations,
            version,
            read_at,
        }
    }
}

/// The snapshot that was read last.
pub struct CatalogCache(Option<ArcSwapOption<CatalogSnapshot>>);

impl CatalogCache {
    /// A cache; one that keeps nothing when every request must read the database.
    pub fn new(enabled: bool) -> Self {
        Self(enabled.then(ArcSwapOption::empty))
    }

    /// The snapshot, unless the catalog has changed since or it is too old to know.
    pub fn get(&self, version: u64, now: Timestamp) -> Option<Arc<CatalogSnapshot>> {
        let snapshot = self.0.as_ref()?.load_full()?;
        let age = now.seconds().saturating_sub(snapshot.read_at.seconds());
        (snapshot.version == version && (0..=TIME_TO_LIVE).contains(&age)).then_some(snapshot)
    }

    /// Keeps a snapshot instead of the one before.
    pub fn keep(&self, snapshot: CatalogSnapshot) -> Arc<CatalogSnapshot> {
        let snapshot = Arc::new(snapshot);
        if let Some(cache) = &self.0 {
            cache.store(Some(Arc::clone(&snapshot)));
        }
        snapshot
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_micros(second * 1_000_000).unwrap()
    }

    #[test]
    fn a_snapshot_serves_its_own_version_for_a_short_time() {
        let cache = CatalogCache::new(true);
        cache.keep(CatalogSnapshot::new(Vec::new(), false, 7, at(100)));
        assert!(cache.get(7, at(100)).is_some());
        assert!(cache.get(7, at(101)).is_some());
        assert!(cache.get(7, at(102)).is_none(), "too old");
        assert!(cache.get(7, at(99)).is_none(), "from the future");
        assert!(cache.get(8, at(100)).is_none(), "changed since");
    }

    #[test]
    fn a_cache_that_is_off_keeps_nothing() {
        let cache = CatalogCache::new(false);
        cache.keep(CatalogSnapshot::new(Vec::new(), false, 7, at(100)));
        assert!(cache.get(7, at(100)).is_none());
    }
}
