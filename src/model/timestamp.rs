//! Points in time as the API and the database write them: UTC, microseconds.

use chrono::{DateTime, Datelike, NaiveDateTime, SubsecRound, TimeDelta, Utc};
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

    /// Parses ISO 8601 as clients write it: with or without fraction, `Z` or an offset; no zone means
    /// UTC. Years are those that Python knows, 1 to 9999.
    pub fn parse(text: &str) -> Option<Self> {
        let zoned = DateTime::parse_from_rfc3339(text)
            .or_else(|_| DateTime::parse_from_str(text, "%Y-%m-%dT%H:%M:%S%.f%z"));
        match zoned {
            Ok(zoned) => Self::of_this_era(text, zoned.naive_utc()),
            Err(_) => Self::parse_utc(text),
        }
    }

    /// As [`parse`](Self::parse), of UTC only: an offset is refused.
    pub fn parse_utc(text: &str) -> Option<Self> {
        let bare = text.strip_suffix('Z').unwrap_or(text);
        let naive = [
            "%Y-%m-%dT%H:%M:%S%.f",
            "%Y-%m-%d %H:%M:%S%.f",
            "%Y-%m-%dT%H:%M",
        ]
        .iter()
        .find_map(|format| NaiveDateTime::parse_from_str(bare, format).ok())?;
        Self::of_this_era(text, naive)
    }

    /// The years are what databases can keep; chrono takes signs before them, too.
    fn of_this_era(text: &str, utc: NaiveDateTime) -> Option<Self> {
        let plain = text.starts_with(|first: char| first.is_ascii_digit());
        let known = plain && (1..=9999).contains(&utc.year());
        known.then(|| Self(utc.and_utc().trunc_subsecs(6)))
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn offsets_count_with_and_without_a_colon() {
        let parsed = |text: &str| Timestamp::parse(text).map(|time| time.to_string());
        let utc = Some("2029-12-31T19:00:00.000000Z".to_owned());
        for text in ["2030-01-01T00:00:00+05:00", "2030-01-01T00:00:00.0+0500"] {
            assert_eq!(parsed(text), utc, "{text}");
            assert_eq!(Timestamp::parse_utc(text), None, "{text}");
        }
        for text in [
            "2029-12-31T19:00Z",
            "2029-12-31 19:00:00",
            "2029-12-31T19:00:00.0Z",
        ] {
            assert_eq!(parsed(text), utc, "{text}");
            assert_eq!(Timestamp::parse_utc(text), Timestamp::parse(text), "{text}");
        }
    }

    #[test]
    fn years_are_of_four_digits_from_1_on() {
        for text in [
            "+70000-01-01T00:00:00Z",
            "+70000-01-01T00:00:00+0500",
            "+2030-01-01T00:00:00",
            "-0001-01-01T00:00:00",
            "0000-01-01T00:00:00Z",
            "0001-01-01T00:00:00+0500",
        ] {
            assert_eq!(Timestamp::parse(text), None, "{text}");
        }
        assert!(Timestamp::parse("9999-12-31T23:59:59Z").is_some());
    }
}
