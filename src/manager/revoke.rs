//! Revocation: recording what makes tokens bad, and holding tokens against it.

mod index;
mod log;
mod marks;

pub use log::RevocationLog;

use crate::app::App;
use crate::driver::sql::db::{Area, Session};
use crate::driver::sql::revoke as sql;
use crate::error::{Error, Result};
use crate::model::token::ValidToken;
use crate::model::{ProjectId, RevocationEvent, Timestamp, UserId};
use marks::{Marks, Member};

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
        let marks = Marks::of(token);
        let revoked = if self.catch_up().await? {
            self.app.revocations.revokes(&marks)
        } else {
            // A long table is still being read.
            self.ask_database(&marks).await?
        };
        if revoked {
            return Err(Error::unauthorized("the token is revoked"));
        }
        Ok(())
    }

    /// Reads the events that came since the last look, unless there can't be any. Returns whether all
    /// are known now.
    async fn catch_up(&self) -> Result<bool> {
        let log = &self.app.revocations;
        let versions = self.app.db.versions();
        // Without a cache nobody polls, and Python's events raise no version.
        let must_look = !self.app.tokens.is_enabled();
        if !must_look && log.is_read_up_to(versions.of(Area::Revoke)) {
            return Ok(true);
        }
        let mut reading = match log.try_reading() {
            Some(reading) => reading,
            None => {
                let reading = log.reading().await;
                if !reading.is_complete {
                    return Ok(false);
                }
                reading
            }
        };
        let version = versions.of(Area::Revoke);
        if !must_look && log.is_read_up_to(version) {
            return Ok(true);
        }
        let mut session = self.app.db.session().await?;
        let progress = log.read_on(&mut session, &mut reading).await?;
        if !progress.is_partial {
            log.set_read_up_to(version);
        }
        Ok(!progress.is_partial)
    }

    /// Learns of events that other processes recorded; of Python's nobody else tells. To be called
    /// periodically.
    pub async fn follow(&self) -> Result<()> {
        let log = &self.app.revocations;
        let versions = self.app.db.versions();
        let mut reading = log.reading().await;
        let mut version = versions.of(Area::Revoke);
        loop {
            let mut session = self.app.db.session().await?;
            let progress = log.read_on(&mut session, &mut reading).await?;
            if progress.found {
                versions.bump_local(Area::Revoke);
                version += 1;
            }
            if !progress.is_partial {
                log.set_read_up_to(version);
                return Ok(());
            }
        }
    }

    /// Forgets events that are past use, here and in the database.
    pub async fn prune(&self) -> Result<()> {
        let oldest = self.oldest_in_use();
        self.app.revocations.forget(oldest);
        sql::prune(&mut self.app.db.session().await?, oldest).await?;
        Ok(())
    }

    /// The events that mean the token, by a search in the table.
    async fn ask_database(&self, token: &Marks<'_>) -> Result<bool> {
        let candidates = sql::Candidates {
            issued_at: token.issued_at(),
            user_ids: token.all(Member::User).collect(),
            project_id: token.all(Member::Project).next(),
            audit_id: token.all(Member::Audit).next(),
            trust_id: token.all(Member::Trust).next(),
        };
        let mut session = self.app.db.session().await?;
        let events = sql::candidates(&mut session, candidates).await?;
        Ok(events.iter().any(|event| token.meet(event)))
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
