//! Removing rows that are past use, however many there are, without getting in anybody's way.
//!
//! A table is walked in the order of its time column, whose index finds the rows, and each batch is
//! deleted by primary keys in a transaction of its own: no lock is held longer than one batch takes,
//! and no transaction grows with the table, which Galera would refuse. A batch that took long makes
//! the next ones smaller. Several processes may do this at once, and each may stop at any batch.

use super::db::{Db, Row, Session, Sql, Value, sql};
use crate::error::Result;
use crate::model::Timestamp;
use std::time::{Duration, Instant};

/// What a batch may take before the next one is made smaller: half of what others may have to wait.
const PATIENCE: Duration = Duration::from_millis(50);

/// No batch is made smaller than this.
const SMALLEST: u32 = 50;

/// The first batch has at most so many rows: how fast the database is has to be seen.
const FIRST: u32 = 200;

/// The most rows of a batch: databases bound the values of a statement.
pub const LARGEST: u32 = 10_000;

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

    fn delete(&self, keys: Vec<Value>, until: Timestamp) -> Sql {
        sql("DELETE FROM ")
            .push(self.table)
            .push(" WHERE")
            .push_in(self.key, keys)
            .push(" AND ")
            .push(self.time)
            .push(" <= ?")
            .bind(until)
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

/// A walk over the rows of a table with a time up to some moment.
pub struct Flush<'a> {
    db: &'a Db,
    what: Perishable,
    until: Timestamp,
    most: u32,
    size: u32,
    place: Option<Place>,
}

impl<'a> Flush<'a> {
    /// Starts a walk with batches of at most `size` rows.
    pub fn new(db: &'a Db, what: Perishable, until: Timestamp, size: u32) -> Self {
        let most = size.clamp(1, LARGEST);
        Self {
            db,
            what,
            until,
            most,
            size: most.min(FIRST),
            place: None,
        }
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
        let (keys, what, until) = (&keys, self.what, self.until);
        let begun = Instant::now();
        let deleted = self
            .db
            .transaction(|s| {
                Box::pin(async move { s.execute(what.delete(keys.clone(), until)).await })
            })
            .await?;
        let took = begun.elapsed();
        self.place = Some(place);
        self.adapt(took);
        Ok(Some(Batch { deleted, took }))
    }

    /// Deletes everything that is left. Returns how many rows.
    ///
    /// # Errors
    /// As [`next`](Self::next).
    pub async fn finish(mut self) -> Result<u64> {
        let mut deleted = 0;
        while let Some(batch) = self.next().await? {
            deleted += batch.deleted;
        }
        Ok(deleted)
    }

    fn adapt(&mut self, took: Duration) {
        self.size = if took > PATIENCE {
            (self.size / 2).max(SMALLEST.min(self.most))
        } else if took < PATIENCE / 4 {
            self.size.saturating_mul(2).min(self.most)
        } else {
            self.size
        };
    }
}
