//! Revocation: recording what makes tokens bad, and holding tokens against it.

mod index;
mod log;
mod marks;

pub use log::RevocationLog;

use crate::app::App;
use crate::driver::sql::db::{Area, Session};
use crate::driver::sql::flush::{Flush, REVOCATION_EVENTS};
use crate::driver::sql::revoke as sql;
use crate::error::{Error, Result};
use crate::model::token::ValidToken;
use crate::model::{ProjectId, RevocationEvent, Timestamp, UserId};
use marks::Marks;

/// Records and matches revocation events.
pub struct RevokeManager<'a> {
    app: &'a App,
}

impl<'a> RevokeManager<'a> {
    /// A view of the app.
    pub fn new(app: &'a App) -> Self {
        Self { app }
    }

    /// Records events in a transaction of their own.
    pub async fn record(&self, events: Vec<RevocationEvent>) -> Result<()> {
        let (events, this) = (&events, self);
        self.app
            .db
            .transaction(|s| Box::pin(async move { this.record_in(s, events).await }))
            .await
    }

    /// Records events as part of the caller's transaction.
    pub async fn record_in(&self, s: &mut Session, events: &[RevocationEvent]) -> Result<()> {
        for event in events {
            sql::insert(s, event).await?;
        }
        Ok(())
    }

    /// The events that came after a time, in the order in which they came.
    pub async fn events(&self, since: Option<Timestamp>) -> Result<Vec<RevocationEvent>> {
        let mut session = self.app.db.session().await?;
        sql::list(&mut session, since).await
    }

    /// The event that ends all tokens that a user has now.
    pub fn of_user(&self, user_id: &UserId) -> RevocationEvent {
        RevocationEvent {
            user_id: Some(user_id.to_string()),
            ..RevocationEvent::at(self.app.clock.now())
        }
    }

    /// The event that ends all tokens for a project that is deleted.
    pub fn of_project(&self, project_id: &ProjectId) -> RevocationEvent {
        RevocationEvent {
            project_id: Some(project_id.to_string()),
            ..RevocationEvent::at(self.app.clock.now())
        }
    }

    /// Fails with 401 when any event revokes the token.
    pub async fn check(&self, token: &ValidToken) -> Result<()> {
        self.catch_up().await?;
        if self.app.revocations.revokes(&Marks::of(token)) {
            return Err(Error::unauthorized("the token is revoked"));
        }
        Ok(())
    }

    /// Reads the events that came since the last look, unless there can't be any. Who comes while a long
    /// table is read for the first time waits for it: a search in the table would be a scan of it.
    async fn catch_up(&self) -> Result<()> {
        let log = &self.app.revocations;
        let versions = self.app.db.versions();
        // Without a cache nobody polls, and Python's events raise no version.
        let must_look = !self.app.tokens.is_enabled();
        if !must_look && log.is_read_up_to(versions.of(Area::Revoke)) {
            return Ok(());
        }
        let mut reading = log.reading().await;
        let version = versions.of(Area::Revoke);
        if !must_look && log.is_read_up_to(version) {
            return Ok(());
        }
        let mut session = self.app.db.session().await?;
        log.read_on(&mut session, &mut reading).await?;
        log.set_read_up_to(version);
        Ok(())
    }

    /// Learns of events that other processes recorded; of Python's nobody else tells. To be called
    /// periodically.
    pub async fn follow(&self) -> Result<()> {
        let log = &self.app.revocations;
        let versions = self.app.db.versions();
        let mut reading = log.reading().await;
        let mut version = versions.of(Area::Revoke);
        let mut session = self.app.db.session().await?;
        if log.read_on(&mut session, &mut reading).await? {
            versions.bump_local(Area::Revoke);
            version += 1;
        }
        log.set_read_up_to(version);
        Ok(())
    }

    /// Forgets events that are past use, here and in the database, there in small batches. Returns how
    /// many rows that were.
    pub async fn prune(&self) -> Result<u64> {
        let oldest = self.oldest_in_use();
        self.app.revocations.forget(oldest);
        let mut flush = Flush::new(&self.app.db, REVOCATION_EVENTS, oldest);
        flush.run().await?;
        let done = flush.flushed();
        if done.deleted > 0 {
            tracing::info!(
                "{} revocation events removed that came up to {oldest}: {} batches, the longest {} ms",
                done.deleted,
                done.batches,
                done.longest.as_millis(),
            );
        }
        Ok(done.deleted)
    }

    /// Tokens that were issued up to then have ended, and so has the use of events that mean them.
    fn oldest_in_use(&self) -> Timestamp {
        let config = self.app.config();
        let kept = config
            .token
            .expiration
            .saturating_add(config.revoke.expiration_buffer);
        let kept = i64::try_from(kept).unwrap_or(i64::MAX);
        self.app.clock.now().plus_seconds(kept.saturating_neg())
    }
}
