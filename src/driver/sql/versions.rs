//! Which parts of the database changed, for caches that must not serve what is no longer true.
//!
//! The table `keystone_native_version` has one counter per [`Area`]. A transaction that changes an
//! area adds one in the same transaction, so every process that polls the table learns of the
//! change; the process that made it learns at once.

use std::collections::HashMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

/// A part of the database whose changes are counted together.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
#[repr(usize)]
pub enum Area {
    /// Users, groups, memberships, passwords, id mappings.
    Identity,
    /// Projects and domains.
    Resource,
    /// Roles, implications, assignments.
    Assignment,
    /// Regions, services, endpoints, endpoint groups.
    Catalog,
    /// Revocation events.
    Revoke,
    /// Credentials and application credentials.
    Credential,
    /// Trusts.
    Trust,
    /// Policies and their associations.
    Policy,
    /// Limits and registered limits.
    Limit,
    /// Identity providers, protocols, mappings, service providers.
    Federation,
    /// Domain configuration.
    Config,
}

impl Area {
    /// All areas.
    pub const ALL: [Self; 11] = [
        Self::Identity,
        Self::Resource,
        Self::Assignment,
        Self::Catalog,
        Self::Revoke,
        Self::Credential,
        Self::Trust,
        Self::Policy,
        Self::Limit,
        Self::Federation,
        Self::Config,
    ];

    /// The area's name in the version table.
    pub fn name(self) -> &'static str {
        match self {
            Self::Identity => "identity",
            Self::Resource => "resource",
            Self::Assignment => "assignment",
            Self::Catalog => "catalog",
            Self::Revoke => "revoke",
            Self::Credential => "credential",
            Self::Trust => "trust",
            Self::Policy => "policy",
            Self::Limit => "limit",
            Self::Federation => "federation",
            Self::Config => "config",
        }
    }
}

/// What this process knows about the areas' versions.
///
/// [`Versions::of`] is this process's own counter, not the database's: it moves whenever a change
/// became known, by an own commit or by a poll that found another number than the last one did.
/// Taking over the database's number instead would lose changes: an own commit and a foreign one
/// may lead to a number that was already in use here. So an own change is counted once more at
/// the next poll; caches then reload once too often, and never once too seldom.
#[derive(Debug, Default)]
pub struct Versions {
    known: [AtomicU64; Area::ALL.len()],
    /// The database's numbers at the last poll; `None` before the first.
    polled: Mutex<Option<[i64; Area::ALL.len()]>>,
}

impl Versions {
    /// The area's version. A cached fact is fresh while this is what it was *before* the fact was
    /// read from the database.
    pub fn of(&self, area: Area) -> u64 {
        self.known[area as usize].load(Ordering::Acquire)
    }

    /// Tells this process that the area changed.
    pub fn bump_local(&self, area: Area) {
        self.known[area as usize].fetch_add(1, Ordering::AcqRel);
    }

    /// Takes over what a poll read. An area that the table lacks counts as zero.
    pub(super) fn polled(&self, numbers: &HashMap<String, i64>) {
        let now = Area::ALL.map(|area| numbers.get(area.name()).copied().unwrap_or(0));
        let mut polled = self
            .polled
            .lock()
            .unwrap_or_else(|poisoned| poisoned.into_inner());
        // What changed before the first poll is unknown, so the first one bumps everything.
        let before = polled.replace(now);
        for area in Area::ALL {
            let index = area as usize;
            if before.is_none_or(|before| before[index] != now[index]) {
                self.bump_local(area);
            }
        }
    }
}

/// A set of areas, as a transaction collects them.
#[derive(Clone, Copy, Default, Debug)]
pub(super) struct Touched(u16);

impl Touched {
    pub(super) fn insert(&mut self, area: Area) {
        self.0 |= 1 << (area as usize);
    }

    pub(super) fn is_empty(self) -> bool {
        self.0 == 0
    }

    pub(super) fn without(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }

    /// The areas in one order for all transactions, lest two of them lock each other's rows.
    pub(super) fn iter(self) -> impl Iterator<Item = Area> {
        Area::ALL
            .into_iter()
            .filter(move |area| self.0 & (1 << (*area as usize)) != 0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn poll(versions: &Versions, identity: i64) {
        versions.polled(&HashMap::from([("identity".to_owned(), identity)]));
    }

    #[test]
    fn a_foreign_change_is_seen_even_when_own_commits_reached_its_number_first() {
        let versions = Versions::default();
        poll(&versions, 5);
        // Own commit to 6: polled before it is told to this process, so it counts twice.
        poll(&versions, 6);
        versions.bump_local(Area::Identity);
        let fact = versions.of(Area::Identity);
        // A foreign commit to 7.
        poll(&versions, 7);
        assert_ne!(versions.of(Area::Identity), fact);
    }

    #[test]
    fn a_poll_that_finds_nothing_new_changes_nothing() {
        let versions = Versions::default();
        poll(&versions, 5);
        let before = Area::ALL.map(|area| versions.of(area));
        poll(&versions, 5);
        assert_eq!(Area::ALL.map(|area| versions.of(area)), before);
    }

    #[test]
    fn all_areas_have_their_own_place_and_name() {
        let mut touched = Touched::default();
        for (index, area) in Area::ALL.into_iter().enumerate() {
            assert_eq!(area as usize, index);
            touched.insert(area);
        }
        assert!(touched.iter().eq(Area::ALL));
        let names: std::collections::HashSet<_> = Area::ALL.iter().map(|a| a.name()).collect();
        assert_eq!(names.len(), Area::ALL.len());
    }
}
