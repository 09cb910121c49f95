//! New trusts: what a trustor may hand on, and what a trustee may hand on further.

use super::{TrustManager, check_redelegation, usable_chain};
use crate::driver::sql::assignment::role as roles_sql;
use crate::driver::sql::db::Session;
use crate::driver::sql::{identity, resource, trust as sql};
use crate::error::{Error, Result};
use crate::manager::assignment::lookup::{RoleLookup, role_ids};
use crate::manager::identity::{Known, Outsiders};
use crate::model::delegation::expiry;
use crate::model::event::{Event, ResourceKind};
use crate::model::trust::Trust;
use crate::model::{ProjectId, Role, RoleId, Timestamp, TrustId, UserId};
use serde_json::{Map, Value};

/// What a trustor asks for.
#[derive(Clone, Debug)]
pub struct NewTrust {
    /// The caller.
    pub trustor: UserId,
    pub trustee: UserId,
    pub project_id: Option<ProjectId>,
    pub impersonation: bool,
    pub roles: Vec<RoleLookup>,
    pub expires_at: Option<Timestamp>,
    pub remaining_uses: Option<i64>,
    pub allow_redelegation: bool,
    pub redelegation_count: Option<i64>,
    /// What a client may repeat of the trust that its token is for; it decides nothing.
    pub redelegated_trust_id: Option<TrustId>,
    pub extra: Map<String, Value>,
}

impl TrustManager<'_> {
    /// Makes a trust; with a parent, the one that the caller's token is for, one that follows from it.
    ///
    /// # Errors
    /// 403 when it has a project and no roles, or goes beyond its parent; 404 when the trustee, the
    /// project or a role is not there, or the trustor lacks a role; 400 when its counts contradict each
    /// other; 409 when there is the same one with the same end.
    pub async fn create_trust(
        &self,
        new: NewTrust,
        parent: Option<&TrustId>,
    ) -> Result<(Trust, Vec<Role>)> {
        if new.project_id.is_some() && new.roles.is_empty() {
            return Err(Error::forbidden_action(
                "A trust for a project must delegate a role at least.",
            ));
        }
        if new.redelegated_trust_id.is_some() && new.redelegated_trust_id.as_ref() != parent {
            return Err(Error::forbidden_action(
                "A trust can only follow from the trust that the caller's token is for.",
            ));
        }
        let parties = &[&new.trustee, &new.trustor];
        let outsiders = &self.app.identity().outsiders(parties).await?;
        let (this, new) = (self, &new);
        self.app
            .db
            .transaction(|s| {
                Box::pin(async move { this.create_in(s, new, parent, outsiders).await })
            })
            .await
    }

    async fn create_in(
        &self,
        s: &mut Session,
        new: &NewTrust,
        parent: Option<&TrustId>,
        outsiders: &Outsiders,
    ) -> Result<(Trust, Vec<Role>)> {
        let exists = match outsiders.get(&new.trustee) {
            Known::Insider => identity::user_exists(s, &new.trustee).await?,
            Known::Outsider(_) => true,
            Known::Gone => false,
        };
        if !exists {
            return Err(Error::not_found("user", &new.trustee));
        }
        let role_ids = role_ids(s, &new.roles).await?;
        self.check_trustor_has(s, new, &role_ids, outsiders).await?;
        let most = self.app.config().trust.max_redelegation_count;
        let now = self.app.clock.now();
        let ancestors = match parent {
            Some(parent) => usable_chain(s, parent, now, most).await?,
            None => Vec::new(),
        };
        let trust = Trust {
            id: TrustId::random(),
            trustor_user_id: new.trustor.clone(),
            trustee_user_id: new.trustee.clone(),
            project_id: new.project_id.clone(),
            impersonation: new.impersonation,
            deleted_at: None,
            expires_at: inherited_end(new, &ancestors),
            remaining_uses: new.remaining_uses,
            redelegated_trust_id: parent.cloned(),
            redelegation_count: depth(new, ancestors.first(), most)?,
            role_ids,
            extra: new.extra.clone(),
        };
        for ancestor in &ancestors {
            check_redelegation(ancestor, &trust, most)?;
        }
        sql::insert_trust(s, &trust).await.map_err(|error| {
            error.or_conflict(|| {
                "There is a trust between these users for this project with this end already."
                    .to_owned()
            })
        })?;
        s.notify(Event::created(ResourceKind::Trust, &trust.id));
        let roles = roles_sql::roles_by_id(s, &trust.role_ids).await?;
        Ok((trust, roles))
    }

    async fn check_trustor_has(
        &self,
        s: &mut Session,
        new: &NewTrust,
        role_ids: &[RoleId],
        outsiders: &Outsiders,
    ) -> Result<()> {
        let held = match &new.project_id {
            Some(id) => {
                if resource::project(s, id).await?.is_none() {
                    return Err(Error::not_found("project", id));
                }
                let assignment = self.app.assignment();
                assignment
                    .all_roles_on_project(s, (&new.trustor, outsiders), id)
                    .await?
            }
            None => Vec::new(),
        };
        match role_ids
            .iter()
            .find(|id| !held.iter().any(|role| role.id == **id))
        {
            Some(missing) => Err(Error::not_found("role", missing)),
            None => Ok(()),
        }
    }
}

/// Left to itself a trust has no end; one that follows from others ends with the first of them.
fn inherited_end(new: &NewTrust, ancestors: &[Trust]) -> Option<Timestamp> {
    new.expires_at.or_else(|| {
        let mut ends = ancestors.iter().filter_map(|trust| trust.expires_at);
        let first = ends.next()?;
        Some(expiry(first, ends.map(Some)))
    })
}

/// How many trusts can follow from the new one, one from the other.
fn depth(new: &NewTrust, parent: Option<&Trust>, most: i64) -> Result<i64> {
    let asked = new.redelegation_count;
    if !new.allow_redelegation || asked == Some(0) {
        return Ok(0);
    }
    if asked.is_some_and(|asked| asked > most) {
        return Err(Error::forbidden_action(format!(
            "A trust can be redelegated {most} times at most."
        )));
    }
    if new.remaining_uses.is_some() {
        return Err(Error::bad_request(
            "'remaining_uses' can't be set for a trust that allows redelegation.",
        ));
    }
    match parent.map(|parent| parent.redelegation_count - 1) {
        Some(left) if asked.is_some_and(|asked| asked != left) => Err(Error::forbidden_action(
            "'redelegation_count' of a redelegated trust can't be chosen.",
        )),
        Some(left) => Ok(left),
        None => Ok(asked.unwrap_or(most)),
    }
}
