//! The catalog's rows, kept as long as they stay true, and what tokens show of them.

use super::urls::UrlContext;
use crate::driver::sql::token::CatalogRow;
use crate::error::Result;
use crate::model::token::{Catalog, CatalogService};
use crate::model::{ProjectId, Timestamp, UserId};
use arc_swap::ArcSwapOption;
use quick_cache::Weighter;
use quick_cache::sync::Cache;
use std::sync::Arc;

/// Processes that don't count versions (Python ones on the same database) can change rows behind our
/// back. What a token shows is cached besides, so this adds to the age of what a client sees.
const TIME_TO_LIVE: i64 = 1;

/// So many bytes of filled-in catalogs are kept; those of the least used projects go first.
const CAPACITY: u64 = 16 << 20;

/// A catalog of the size that a small cloud has; only the first guess at how many fit.
const USUAL_SIZE: u64 = 8 << 10;

/// What every token's catalog is made of.
pub struct CatalogSnapshot {
    pub rows: Arc<[CatalogRow]>,
    /// Whether any project sees less than all of it.
    pub has_associations: bool,
    /// Catalogs of all rows, by what their URLs are filled with; `None` when nothing is kept.
    whole: Option<Arc<Cache<Blanks, Catalog, Size>>>,
    version: u64,
    read_at: Timestamp,
}

/// What the URLs of a catalog are filled with. The user counts only where a URL names it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Blanks {
    project_id: Option<ProjectId>,
    user_id: Option<UserId>,
    public_endpoint: Option<String>,
}

#[derive(Clone)]
struct Size;

impl Weighter<Blanks, Catalog> for Size {
    fn weight(&self, _: &Blanks, catalog: &Catalog) -> u64 {
        const BESIDES: u64 = 256;
        catalog.json().len() as u64 + BESIDES
    }
}

impl CatalogSnapshot {
    /// The catalog of all rows; `assemble` is asked when none was filled with the same before.
    pub fn whole(
        &self,
        urls: &UrlContext<'_>,
        assemble: impl FnOnce() -> Vec<CatalogService>,
    ) -> Result<Catalog> {
        let Some(whole) = &self.whole else {
            return Catalog::new(&assemble());
        };
        let names_user = |row: &CatalogRow| {
            let endpoint = row.endpoint.as_ref();
            endpoint.is_some_and(|endpoint| endpoint.url.contains("user_id"))
        };
        let user_id = self
            .rows
            .iter()
            .any(names_user)
            .then(|| urls.user_id.clone());
        let blanks = Blanks {
            project_id: urls.project_id.cloned(),
            user_id,
            public_endpoint: urls.public_endpoint.map(str::to_owned),
        };
        whole.get_or_insert_with(&blanks, || Catalog::new(&assemble()))
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

    /// Keeps what was read instead of the snapshot before; `version` is the catalog's before the rows
    /// were read. Rows that have not changed go on with the catalogs that were made of them.
    pub fn keep(
        &self,
        rows: Vec<CatalogRow>,
        has_associations: bool,
        version: u64,
        read_at: Timestamp,
    ) -> Arc<CatalogSnapshot> {
        let former = self.0.as_ref().and_then(|cache| cache.load_full());
        let (rows, whole) = match former {
            Some(former) if *former.rows == *rows => {
                (Arc::clone(&former.rows), former.whole.clone())
            }
            _ => (rows.into(), self.0.as_ref().map(|_| Arc::new(empty()))),
        };
        let snapshot = Arc::new(CatalogSnapshot {
            rows,
            has_associations,
            whole,
            version,
            read_at,
        });
        if let Some(cache) = &self.0 {
            cache.store(Some(Arc::clone(&snapshot)));
        }
        snapshot
    }
}

fn empty() -> Cache<Blanks, Catalog, Size> {
    let items = usize::try_from(CAPACITY / USUAL_SIZE).unwrap_or_default();
    Cache::with_weighter(items, CAPACITY, Size)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::driver::sql::token::CatalogEndpointRow;
    use serde_json::json;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_micros(second * 1_000_000).unwrap()
    }

    fn rows(url: &str) -> Vec<CatalogRow> {
        vec![CatalogRow {
            service_id: "s".into(),
            service_type: None,
            service_extra: json!({}),
            endpoint: Some(CatalogEndpointRow {
                id: "e".to_owned(),
                interface: "public".to_owned(),
                url: url.to_owned(),
                region_id: None,
                extra: json!({}),
            }),
        }]
    }

    /// Whether the catalog of this user had to be made.
    fn is_made(snapshot: &CatalogSnapshot, user: &str) -> bool {
        let mut made = false;
        let user_id = UserId::from(user);
        let urls = UrlContext {
            user_id: &user_id,
            project_id: None,
            public_endpoint: None,
        };
        let assemble = || {
            made = true;
            Vec::new()
        };
        snapshot.whole(&urls, assemble).unwrap();
        made
    }

    #[test]
    fn a_snapshot_serves_its_own_version_for_a_short_time() {
        let cache = CatalogCache::new(true);
        cache.keep(Vec::new(), false, 7, at(100));
        assert!(cache.get(7, at(100)).is_some());
        assert!(cache.get(7, at(101)).is_some());
        assert!(cache.get(7, at(102)).is_none(), "too old");
        assert!(cache.get(7, at(99)).is_none(), "from the future");
        assert!(cache.get(8, at(100)).is_none(), "changed since");
    }

    #[test]
    fn a_cache_that_is_off_keeps_nothing() {
        let cache = CatalogCache::new(false);
        cache.keep(Vec::new(), false, 7, at(100));
        assert!(cache.get(7, at(100)).is_none());
    }

    #[test]
    fn catalogs_are_made_again_only_for_other_rows() {
        let cache = CatalogCache::new(true);
        let first = cache.keep(rows("http://h"), false, 1, at(100));
        assert!(is_made(&first, "u"));
        assert!(!is_made(&first, "v"), "no URL names the user");
        assert!(!is_made(
            &cache.keep(rows("http://h"), false, 2, at(105)),
            "u"
        ));
        assert!(is_made(
            &cache.keep(rows("http://other"), false, 3, at(110)),
            "u"
        ));
    }

    #[test]
    fn users_have_catalogs_of_their_own_where_a_url_names_them() {
        let cache = CatalogCache::new(true);
        let snapshot = cache.keep(rows("http://h/$(user_id)s"), false, 1, at(100));
        assert!(is_made(&snapshot, "u"));
        assert!(is_made(&snapshot, "v"));
        assert!(!is_made(&snapshot, "u"));
    }
}
