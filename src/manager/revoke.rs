//! Revocation: recording what makes tokens bad, and holding tokens against it.

use crate::app::App;
use crate::driver::sql::db::Session;
use crate::driver::sql::revoke as sql;
use crate::error::{Error, Result};
use crate::model::token::{ResolvedScope, ValidToken};
use crate::model::{ProjectId, RevocationEvent, UserId};

/// Records and matches revocation events.
pub struct RevokeManager<'a> {
    app: &'a App,
}

impl<'a> RevokeManager<'a> {
    /// A view of the app.
    pub fn new(app: &'a App) -> Self {
        Self { app }
    }

    /// Records events in a transaction of their own, and removes those that are past use.
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
        let config = self.app.config();
        let kept = config
            .token
            .expiration
            .saturating_add(config.revoke.expiration_buffer);
        let oldest = self
            .app
            .clock
            .now()
            .plus_seconds(-i64::try_from(kept).unwrap_or(i64::MAX));
        sql::prune(s, oldest).await?;
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
        let payload = &token.payload;
        let candidates = sql::Candidates {
            issued_at: payload.issued_at,
            user_ids: users_of(token),
            project_id: project_of(token),
            audit_id: payload.audit_ids.first().map(String::as_str),
            trust_id: token.trust().map(|trust| trust.id.as_str()),
        };
        let mut session = self.app.db.session().await?;
        let events = sql::candidates(&mut session, candidates).await?;
        if events.iter().any(|event| revokes(event, token)) {
            return Err(Error::unauthorized("the token is revoked"));
        }
        Ok(())
    }
}

/// Who may not be revoked if the token is to live: its user, and of a trust both sides.
fn users_of(token: &ValidToken) -> Vec<&str> {
    let mut users = vec![token.payload.user_id.as_str()];
    users.extend(token.trust().map(|trust| trust.trustor_user_id.as_str()));
    users
}

fn project_of(token: &ValidToken) -> Option<&str> {
    match &token.scope {
        ResolvedScope::Project { id, .. } => Some(id),
        _ => None,
    }
}

/// Whether an event matches a token: each member that it names must be the token's.
fn revokes(event: &RevocationEvent, token: &ValidToken) -> bool {
    let payload = &token.payload;
    let scope_domain = match &token.scope {
        ResolvedScope::Domain(domain) => Some(domain.id.as_str()),
        _ => None,
    };
    let same = |wanted: &Option<String>, actual: Option<&str>| match wanted {
        Some(wanted) => actual == Some(wanted.as_str()),
        None => true,
    };
    // An event that names a domain and an expiry means the domain that a token is scoped to; one that
    // names a domain alone means the user's domain as well.
    let domain_matches = match (&event.domain_id, event.expires_at) {
        (Some(domain), Some(_)) => scope_domain == Some(domain.as_str()),
        (Some(domain), None) => {
            scope_domain == Some(domain.as_str()) || token.user.domain.id == domain.as_str()
        }
        (None, _) => true,
    };
    payload.issued_at <= event.issued_before
        && domain_matches
        && same(&event.project_id, project_of(token))
        && (event.user_id.as_deref()).is_none_or(|wanted| users_of(token).contains(&wanted))
        && same(
            &event.audit_id,
            payload.audit_ids.first().map(String::as_str),
        )
        && same(
            &event.audit_chain_id,
            payload.audit_ids.get(1).map(String::as_str),
        )
        && same(
            &event.trust_id,
            token.trust().map(|trust| trust.id.as_str()),
        )
        && same(
            &event.consumer_id,
            token.access_token().map(|token| token.consumer_id.as_str()),
        )
        && event
            .expires_at
            .is_none_or(|expires_at| expires_at == payload.expires_at)
        && event
            .role_id
            .as_ref()
            .is_none_or(|id| token.roles.iter().any(|role| role.id == id.as_str()))
}
