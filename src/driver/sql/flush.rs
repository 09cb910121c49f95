//! Removing rows that are past use, however many there are, without getting in anybody's way.
//!
//! A table is walked in the order of its time column, whose index finds the rows, and each batch is
//! deleted by primary keys, in one statement that is a transaction of its own: no lock is held longer
//! than the database takes for one batch, however late this process gets to run again, and no
//! transaction grows with the table, which Galera would refuse. How many rows a batch has follows from
//! how long the last ones took. Several processes may do this at once, and each may stop at any batch.

use super::db::{Db, Dialect, Row, Session, Sql, Value, sql};
use crate::error::Result;
use crate::model::Timestamp;
use std::time::{Duration, Instant};

/// What a batch should take. Others may have to wait ten times as long at most, and now and then a batch
/// takes several times as long as those before it.
const GOAL: Duration = Duration::from_millis(10);

/// No batch is made smaller than this.
const SMALLEST: u32 = 10;

/// The first batch has at most so many rows: how fast the database is has to be seen.
const FIRST: u32 = 50;

/// The most rows of a batch. Each size is a statement that databases have to prepare, and the larger it is,
/// the longer that takes; the fixed cost of a batch is small already.
pub const FULL: u32 = 128;

/// A table whose rows get past use.
#[derive(Clone, Copy, Debug)]
pub struct Perishable {
    table: &'static str,
    key: &'static str,
    key_is_text: bool,
    time: &'static str,
}

/// Persisted tokens, by their end.
pub const TOKENS: Perishable = Perishable {
    table: "token",
    key: "id",
    key_is_text: true,
    time: "expires",
};

/// Revocation events, by when they came.
pub const REVOCATION_EVENTS: Perishable = Perishable {
    table: "revocation_event",
    key: "id",
    key_is_text: false,
    time: "revoked_at",
};

/// OAuth1 requests that came, by when they get too old.
pub const NONCES: Perishable = Perishable {
    table: "keystone_native_nonce",
    key: "id",
    key_is_text: true,
    time: "expires",
};

impl Perishable {
    /// How many rows have a time up to `until`.
    pub async fn count(&self, s: &mut Session, until: Timestamp) -> Result<u64> {
        let statement = sql("SELECT COUNT(*) AS found FROM ")
            .push(self.table)
            .push(" WHERE ")
            .push(self.time)
            .push(" <= ?")
            .bind(until);
        let found = s.fetch_one(statement).await?.int("found")?;
        Ok(u64::try_from(found).unwrap_or_default())
    }

    /// The keys of the next rows, in the order of time and key, after a place.
    fn next(&self, until: Timestamp, after: Option<&Place>, size: u32) -> Sql {
        let mut statement = sql("SELECT ")
            .push(self.key)
            .push(" AS row_key, ")
            .push(self.time)
            .push(" AS row_time FROM ")
            .push(self.table)
            .push(" WHERE ")
            .push(self.time)
            .push(" <= ?")
            .bind(until);
        if let Some(place) = after {
            // The first condition is what an index can start from.
            statement = statement
                .push(format!(
                    " AND {time} >= ? AND ({time} > ? OR {key} > ?)",
                    time = self.time,
                    key = self.key
                ))
                .bind(place.time)
                .bind(place.time)
                .bind(place.key.clone());
        }
        statement
            .push(format!(" ORDER BY {}, {} LIMIT ?", self.time, self.key))
            .bind(size)
    }

    fn place_of(&self, row: &Row) -> Result<Place> {
        let key = if self.key_is_text {
            Value::from(row.text("row_key")?)
        } else {
            Value::from(row.int("row_key")?)
        };
        Ok(Place {
            time: row.time("row_time")?,
            key,
        })
    }

    fn delete(&self, dialect: Dialect, keys: Vec<Value>, until: Timestamp) -> Sql {
        let statement = sql("DELETE FROM ")
            .push(self.table)
            .push(" WHERE")
            .push_in(self.key, keys)
            .push(" AND ")
            .push(self.time)
            .push(" <= ?")
            .bind(until);
        match dialect {
            // Locks are held until the log is on the disk, which may be busy. Nobody minds when a crash
            // brings back rows that are past use, so this one transaction does not wait for it.
            Dialect::Postgres => {
                statement.push(" AND set_config('synchronous_commit', 'off', true) = 'off'")
            }
            Dialect::Mysql | Dialect::Sqlite => statement,
        }
    }
}

/// How far a walk has come.
#[derive(Clone, Debug)]
struct Place {
    time: Timestamp,
    key: Value,
}

/// One batch that was deleted.
#[derive(Clone, Copy, Debug)]
pub struct Batch {
    /// Rows removed here; those that another process was quicker to remove don't count.
    pub deleted: u64,
    /// How long the deleting transaction took.
    pub took: Duration,
}

/// What the batches of a walk add up to.
#[derive(Clone, Copy, Debug, Default)]
pub struct Flushed {
    pub deleted: u64,
    pub batches: u64,
    /// How long the longest batch took.
    pub longest: Duration,
}

/// A walk over the rows of a table with a time up to some moment.
pub struct Flush<'a> {
    db: &'a Db,
    what: Perishable,
    until: Timestamp,
    most: u32,
    size: u32,
    place: Option<Place>,
    flushed: Flushed,
}

impl<'a> Flush<'a> {
    /// Starts a walk with batches of at most [`FULL`] rows.
    pub fn new(db: &'a Db, what: Perishable, until: Timestamp) -> Self {
        Self {
            db,
            what,
            until,
            most: FULL,
            size: FIRST,
            place: None,
            flushed: Flushed::default(),
        }
    }

    /// Makes batches smaller: of at most `most` rows.
    pub fn at_most(mut self, most: u32) -> Self {
        self.most = most.clamp(1, FULL);
        self.size = self.size.min(self.most);
        self
    }

    /// What was done so far.
    pub fn flushed(&self) -> Flushed {
        self.flushed
    }

    /// Deletes the next batch; `None` when no row is left.
    ///
    /// # Errors
    /// 503 when the database is away. The walk may go on afterwards.
    pub async fn next(&mut self) -> Result<Option<Batch>> {
        let query = self.what.next(self.until, self.place.as_ref(), self.size);
        let rows = self.db.session().await?.fetch_all(query).await?;
        let Some(last) = rows.last() else {
            return Ok(None);
        };
        let place = self.what.place_of(last)?;
        let keys = rows
            .iter()
            .map(|row| Ok(self.what.place_of(row)?.key))
            .collect::<Result<Vec<_>>>()?;
        let begun = Instant::now();
        let statement = self.what.delete(self.db.dialect(), keys, self.until);
        let deleted = self.db.execute(statement).await?;
        let took = begun.elapsed();
        self.place = Some(place);
        self.flushed = Flushed {
            deleted: self.flushed.deleted + deleted,
            batches: self.flushed.batches + 1,
            longest: self.flushed.longest.max(took),
        };
        self.size = next_size(self.size, took, self.most);
        Ok(Some(Batch { deleted, took }))
    }

    /// Deletes everything that is left.
    ///
    /// # Errors
    /// As [`next`](Self::next).
    pub async fn run(&mut self) -> Result<()> {
        while self.next().await?.is_some() {}
        Ok(())
    }

    /// [`run`](Self::run). Returns how many rows went.
    ///
    /// # Errors
    /// As [`next`](Self::next).
    pub async fn finish(mut self) -> Result<u64> {
        self.run().await?;
        Ok(self.flushed.deleted)
    }
}

/// How many rows to take after a batch of `size` rows took so long: at once as few as would have met the
/// goal, but slowly more, because the next batch may meet a database that has more to do.
fn next_size(size: u32, took: Duration, most: u32) -> u32 {
    let next = if took > GOAL {
        let fewer = u128::from(size) * GOAL.as_micros() / took.as_micros();
        u32::try_from(fewer).unwrap_or(size)
    } else if took < GOAL / 2 {
        size.saturating_add(size / 2).max(size.saturating_add(1))
    } else {
        size
    };
    next.clamp(SMALLEST.min(most), most)
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn ms(milliseconds: u64) -> Duration {
        Duration::from_millis(milliseconds)
    }

    /// The sizes of batches on a database that takes so long for a row.
    fn sizes(mut size: u32, for_a_row: Duration, most: u32) -> Vec<u32> {
        let step = |_| {
            size = next_size(size, for_a_row * size, most);
            size
        };
        (0..40).map(step).collect()
    }

    #[test]
    fn a_slow_batch_is_followed_by_one_that_would_have_met_the_goal() {
        assert_eq!(next_size(1000, ms(20), 1000), 500);
        assert_eq!(next_size(1000, ms(200), 1000), 50);
        assert_eq!(next_size(100, ms(5000), 1000), SMALLEST);
        assert_eq!(next_size(7, ms(5000), 7), 7, "nor less than was asked for");
    }

    #[test]
    fn sizes_grow_slowly_up_to_the_goal_and_never_past_it() {
        for microseconds in [1, 10, 100, 800] {
            let for_a_row = Duration::from_micros(microseconds);
            let sizes = sizes(FIRST, for_a_row, FULL);
            for pair in sizes.windows(2) {
                assert!(pair[1] <= pair[0] * 3 / 2 + 1, "{pair:?}");
            }
            let last = sizes[sizes.len() - 1];
            assert!(for_a_row * last <= GOAL, "{last} rows");
            assert!(last == FULL || for_a_row * last >= GOAL / 3, "{last} rows");
        }
    }
}
