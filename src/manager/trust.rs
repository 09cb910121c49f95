//! Trusts: how they may follow from each other, and whether they hold.

mod create;

pub use create::NewTrust;

use crate::app::App;
use crate::driver::sql::assignment::role as roles_sql;
use crate::driver::sql::db::Session;
use crate::driver::sql::trust as sql;
use crate::error::{Error, Result};
use crate::model::event::{Event, ResourceKind};
use crate::model::list::{ListHints, Page};
use crate::model::trust::Trust;
use crate::model::{RevocationEvent, Role, Timestamp, TrustId, UserId};
use std::collections::HashSet;

/// Chains end before this, whatever rows say.
const LONGEST_CHAIN: usize = 100;

/// Whose trusts are asked for.
#[derive(Clone, Debug, Default)]
pub struct TrustFilter {
    pub trustor: Option<UserId>,
    pub trustee: Option<UserId>,
}

/// Trusts.
pub struct TrustManager<'a> {
    app: &'a App,
}

impl<'a> TrustManager<'a> {
    /// A view of the app.
    pub fn new(app: &'a App) -> Self {
        Self { app }
    }

    /// The trust, if it and all that it was made from can be used.
    ///
    /// # Errors
    /// 404; 403 when it does not follow from what it was made from.
    pub async fn trust(&self, id: &TrustId) -> Result<Trust> {
        let mut session = self.app.db.session().await?;
        let most = self.app.config().trust.max_redelegation_count;
        usable_chain(&mut session, id, self.app.clock.now(), most)
            .await?
            .into_iter()
            .next()
            .ok_or_else(|| Error::not_found("trust", id))
    }

    /// A page of the trusts that are not deleted, also those that are over or used up. Without their
    /// roles.
    pub async fn trusts(&self, filter: &TrustFilter, hints: &ListHints) -> Result<Page<Trust>> {
        let mut session = self.app.db.session().await?;
        sql::trusts(
            &mut session,
            filter.trustor.as_ref(),
            filter.trustee.as_ref(),
            hints,
        )
        .await
    }

    /// The roles that a trust names, in order of id; those that are deleted are left out.
    pub async fn roles(&self, trust: &Trust) -> Result<Vec<Role>> {
        let mut session = self.app.db.session().await?;
        roles_sql::roles_by_id(&mut session, &trust.role_ids).await
    }

    /// Withdraws a trust and all that were made from it, and ends their tokens.
    ///
    /// # Errors
    /// 404 when it is gone already.
    pub async fn delete_trust(&self, id: &TrustId) -> Result<()> {
        let this = self;
        self.app
            .db
            .transaction(|s| Box::pin(async move { this.delete_in(s, id).await }))
            .await
    }

    async fn delete_in(&self, s: &mut Session, id: &TrustId) -> Result<()> {
        let now = self.app.clock.now();
        let mut doomed = vec![id.clone()];
        let mut known = HashSet::from([id.clone()]);
        let mut done = 0;
        while done < doomed.len() {
            let children = sql::ids_made_from(s, &doomed[done..]).await?;
            done = doomed.len();
            let fresh = children
                .into_iter()
                .filter(|child| known.insert(child.clone()));
            doomed.extend(fresh);
        }
        if !sql::delete_trusts(s, &doomed, now).await? {
            return Err(Error::not_found("trust", id));
        }
        for id in &doomed {
            s.notify(Event::deleted(ResourceKind::Trust, id));
        }
        let events: Vec<_> = doomed
            .iter()
            .map(|id| RevocationEvent {
                trust_id: Some(id.to_string()),
                ..RevocationEvent::at(now)
            })
            .collect();
        self.app.revoke().record_in(s, &events).await
    }

    /// Takes one of a trust's uses, if they are counted.
    ///
    /// # Errors
    /// 401 when none is left.
    pub async fn consume_use(&self, trust: &Trust) -> Result<()> {
        if trust.remaining_uses.is_none() {
            return Ok(());
        }
        let id = &trust.id;
        let taken = self
            .app
            .db
            .transaction(|s| Box::pin(sql::consume_use(s, id)))
            .await?;
        if taken {
            Ok(())
        } else {
            Err(Error::unauthorized(format!("trust {id} is used up")))
        }
    }
}

/// A trust and those that it was made from, nearest first, if all of them can be used and each follows
/// from the next.
///
/// # Errors
/// 404 when one is deleted, over or used up; 403 when one goes beyond what it was made from.
pub async fn usable_chain(
    s: &mut Session,
    id: &TrustId,
    now: Timestamp,
    most_redelegations: i64,
) -> Result<Vec<Trust>> {
    let mut chain: Vec<Trust> = Vec::new();
    let mut next = Some(id.clone());
    while let Some(id) = next {
        let trust = sql::trust(s, &id)
            .await?
            .filter(|trust| trust.is_usable(now) && chain.len() < LONGEST_CHAIN)
            .ok_or_else(|| Error::not_found("trust", &id))?;
        if let Some(child) = chain.last() {
            check_redelegation(&trust, child, most_redelegations)?;
        }
        next = trust.redelegated_trust_id.clone();
        chain.push(trust);
    }
    Ok(chain)
}

/// Whether one trust may come from another: it can't have more roles, a longer life, uses of its own
/// to count, or impersonation where there was none, and the other must allow it.
///
/// # Errors
/// 403 that says what is too much.
pub fn check_redelegation(parent: &Trust, child: &Trust, most_redelegations: i64) -> Result<()> {
    let refuse = |why: &str| Err(Error::Forbidden(format!("trust {}: {why}", parent.id)));
    if !(1..=most_redelegations).contains(&parent.redelegation_count) {
        return refuse("its depth of redelegation is used up or not allowed");
    }
    if child.remaining_uses.is_some() {
        return refuse("a trust made from it can't have remaining_uses");
    }
    let outlives = match (child.expires_at, parent.expires_at) {
        (_, None) => false,
        (None, Some(_)) => true,
        (Some(child), Some(parent)) => child > parent,
    };
    if outlives {
        return refuse("a trust made from it can't outlive it");
    }
    if !child
        .role_ids
        .iter()
        .all(|role| parent.role_ids.contains(role))
    {
        return refuse("a trust made from it can't have roles that it lacks");
    }
    if child.impersonation && !parent.impersonation {
        return refuse("a trust made from it can't impersonate when it does not");
    }
    if child.project_id != parent.project_id {
        return refuse("a trust made from it is for the same project");
    }
    Ok(())
}
