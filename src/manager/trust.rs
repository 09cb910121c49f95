//! Trusts: how they may follow from each other, and whether they hold.

use crate::app::App;
use crate::driver::sql::db::Session;
use crate::driver::sql::trust as sql;
use crate::error::{Error, Result};
use crate::model::trust::Trust;
use crate::model::{Timestamp, TrustId};

/// Chains end before this, whatever rows say.
const LONGEST_CHAIN: usize = 100;

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
