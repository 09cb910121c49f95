//! Points in time as the API and the database write them: UTC, microseconds.

use chrono::{DateTime, NaiveDateTime, SubsecRound, TimeDelta, Utc};
use serde::{Serialize, Serializer};
use std::fmt;

/// A point in time, UTC, at most microseconds fine.
///
/// Displayed and serialized as `2026-01-01T00:00:00.000000Z`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Timestamp(DateTime<Utc>);

impl Timestamp {
    /// From the naive UTC time that the database holds.
    pub fn from_naive(naive: NaiveDateTime) -> Self {
        Self(naive.and_utc())
    }

    /// From seconds since 1970; `None` when out of chrono's range.
    pub fn from_seconds(seconds: i64) -> Option<Self> {
        DateTime::from_timestamp(seconds, 0).map(Self)
    }

    /// From microseconds since 1970 (the `*_int` columns); `None` when out of chrono's range.
    pub fn from_micros(micros: i64) -> Option<Self> {
        DateTime::from_timestamp_micros(micros).map(Self)
    }

    /// Parses ISO 8601 as clients write it: with or without fraction, `Z` or an offset; no zone means UTC.
    pub fn parse(text: &str) -> Option<Self> {
        if let Ok(zoned) = DateTime::parse_from_rfc3339(text) {
            return Some(Self(zoned.with_timezone(&Utc).trunc_subsecs(6)));
        }
        [
            "%Y-%m-%dT%H:%M:%S%.f",
            "%Y-%m-%d %H:%M:%S%.f",
            "%Y-%m-%dT%H:%M",
            "%Y-%m-%dT%H:%M:%S%.f%z",
        ]
        .iter()
        .find_map(|format| NaiveDateTime::parse_from_str(text, format).ok())
        .map(|naive| Self(naive.and_utc().trunc_subsecs(6)))
    }

    /// Seconds since 1970.
    pub fn seconds(self) -> i64 {
        self.0.timestamp()
    }

    /// Microseconds since 1970.
    pub fn micros(self) -> i64 {
        self.0.timestamp_micros()
    }

    /// As the database writes it.
    pub fn naive(self) -> NaiveDateTime {
        self.0.naive_utc()
    }

    /// Without the part below one second, as tokens and revocation events carry times.
    pub fn whole_seconds(self) -> Self {
        Self(self.0.trunc_subsecs(0))
    }

    /// So many seconds later (earlier when negative); saturates at chrono's range.
    pub fn plus_seconds(self, seconds: i64) -> Self {
        let moved =
            TimeDelta::try_seconds(seconds).and_then(|delta| self.0.checked_add_signed(delta));
        Self(moved.unwrap_or(if seconds < 0 {
            DateTime::<Utc>::MIN_UTC
        } else {
            DateTime::<Utc>::MAX_UTC
        }))
    }

    /// `2026-01-01T00:00:00Z`, the form of v2.0's `expires`.
    pub fn without_fraction(self) -> String {
        self.0.format("%Y-%m-%dT%H:%M:%SZ").to_string()
    }

    /// `2026-01-01T00:00:00.000000`, the form without zone that `password_expires_at` has.
    pub fn without_zone(self) -> String {
        self.0.format("%Y-%m-%dT%H:%M:%S%.6f").to_string()
    }
}

impl From<DateTime<Utc>> for Timestamp {
    fn from(time: DateTime<Utc>) -> Self {
        Self(time.trunc_subsecs(6))
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0.format("%Y-%m-%dT%H:%M:%S%.6fZ"))
    }
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}
