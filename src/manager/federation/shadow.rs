//! Accounts of users whom identity providers vouch for, as each login leaves them.

use super::FederationManager;
use crate::crypto::hex;
use crate::driver::sql::db::Session;
use crate::driver::sql::{federation as sql, identity, resource};
use crate::error::{Error, Result};
use crate::model::event::{Event, ResourceKind};
use crate::model::federation::{IdentityProvider, MappedProject};
use crate::model::{DomainId, FederatedLink, GroupId, RevocationEvent, User, UserChanges, UserId};
use aws_lc_rs::digest::{Context, SHA256};
use serde_json::{Map, Value};

/// A login that another one of the same user, or one that made the same project, got ahead of is run
/// again, and then finds what the other made.
const TRIES: usize = 3;

/// What a mapping makes of somebody.
pub(super) struct ShadowUser<'a> {
    pub idp: &'a IdentityProvider,
    pub link: FederatedLink,
    pub name: String,
    pub email: Option<String>,
    /// Where an account is made.
    pub domain_id: DomainId,
    pub group_ids: Vec<GroupId>,
    pub projects: Vec<MappedProject>,
    /// Whether the user shall have no roles on projects but those that the mapping gives.
    pub gives_all_projects: bool,
}

impl FederationManager<'_> {
    /// Makes the account be as the mapping says. Returns its id.
    ///
    /// # Errors
    /// 401 when the account or its domain is disabled; 404, 403 and 400 when a project's role or
    /// domain is not there or not to be had; 409 when somebody else has the account.
    pub(super) async fn shadow(&self, user: &ShadowUser<'_>) -> Result<UserId> {
        let mut outcome = self.try_shadow(user).await;
        for _ in 1..TRIES {
            match outcome {
                Err(Error::DuplicateKey(_)) => outcome = self.try_shadow(user).await,
                _ => break,
            }
        }
        outcome.map_err(|error| {
            error.or_conflict(|| {
                format!(
                    "What user {} of identity provider {} would be here is another's already.",
                    user.link.unique_id, user.idp.id
                )
            })
        })
    }

    async fn try_shadow(&self, user: &ShadowUser<'_>) -> Result<UserId> {
        let this = self;
        self.app
            .db
            .transaction(|s| Box::pin(async move { this.shadow_in(s, user).await }))
            .await
    }

    async fn shadow_in(&self, s: &mut Session, user: &ShadowUser<'_>) -> Result<UserId> {
        sql::take_turn_of_user(s, &user.link).await?;
        let now = self.app.clock.now();
        let (id, domain_id, is_new) = match sql::linked_user(s, &user.link).await? {
            Some(linked) => {
                let name = linked.display_name.as_deref();
                let domain_id = self.refresh(s, &linked.user_id, name, user).await?;
                (linked.user_id, domain_id, false)
            }
            None => (self.make(s, user).await?, user.domain_id.clone(), true),
        };
        let changed = self.set_groups(s, &id, user).await?;
        if changed && !is_new {
            // Tokens of this second may be the ones that this login is about to get.
            let event = RevocationEvent {
                issued_before: now.whole_seconds().plus_seconds(-1),
                ..self.app.revoke().of_user(&id)
            };
            self.app.revoke().record_in(s, &[event]).await?;
        }
        self.provision(s, &id, &domain_id, user).await?;
        identity::record_activity(s, &id, now.naive().date()).await?;
        Ok(id)
    }

    /// Makes an account.
    async fn make(&self, s: &mut Session, user: &ShadowUser<'_>) -> Result<UserId> {
        let email = user.email.iter();
        let email = email.map(|email| ("email".to_owned(), Value::from(email.as_str())));
        let account = User {
            id: public_id(&user.domain_id, &user.link.unique_id),
            domain_id: user.domain_id.clone(),
            name: user.name.clone(),
            enabled: true,
            default_project_id: None,
            password_expires_at: None,
            created_at: Some(self.app.clock.now()),
            last_active_at: None,
            options: Map::new(),
            federated: vec![user.link.clone()],
            extra: email.collect(),
        };
        match resource::domain(s, &user.domain_id).await? {
            Some(domain) if domain.enabled => {}
            _ => {
                return Err(Error::unauthorized(format!(
                    "the user's domain {} is disabled or not there",
                    user.domain_id
                )));
            }
        }
        identity::insert_federated_user(s, &account).await?;
        Ok(account.id)
    }

    /// Brings name and address of an account up to date. Returns its domain.
    async fn refresh(
        &self,
        s: &mut Session,
        id: &UserId,
        name: Option<&str>,
        user: &ShadowUser<'_>,
    ) -> Result<DomainId> {
        let account = identity::user(s, id).await?;
        let account = account.ok_or_else(|| Error::unauthorized(format!("user {id} is gone")))?;
        let account = self.app.identity().as_it_reads(account);
        self.app.identity().check_enabled_in(s, &account).await?;
        if name != Some(user.name.as_str()) {
            sql::set_display_name(s, &user.link, &user.name).await?;
        }
        let known = account.extra.get("email").and_then(Value::as_str);
        if let Some(email) = user.email.as_deref().filter(|email| known != Some(*email)) {
            let changes = UserChanges {
                extra: Map::from_iter([("email".to_owned(), Value::from(email))]),
                ..UserChanges::default()
            };
            identity::update_user(s, &account, &changes).await?;
            s.notify(Event::updated(ResourceKind::User, id));
        }
        Ok(account.domain_id)
    }

    /// Makes the groups that the provider gave a user be these. Returns whether they were others.
    async fn set_groups(
        &self,
        s: &mut Session,
        id: &UserId,
        user: &ShadowUser<'_>,
    ) -> Result<bool> {
        let (idp, now) = (&user.idp.id, self.app.clock.now());
        let known = sql::groups_given(s, id, idp).await?;
        let without = |of: &[GroupId], others: &[GroupId]| -> Vec<GroupId> {
            let kept = of.iter().filter(|group| !others.contains(group));
            kept.cloned().collect()
        };
        let gone = without(&known, &user.group_ids);
        let new = without(&user.group_ids, &known);
        sql::take_groups(s, id, idp, &gone).await?;
        if gone.len() < known.len() {
            sql::confirm_groups(s, id, idp, now).await?;
        }
        sql::give_groups(s, id, idp, &new, now).await?;
        Ok(!gone.is_empty() || !new.is_empty())
    }
}

/// The id of an account, which all servers make alike: of the domain, the kind and the provider's id
/// of the user.
fn public_id(domain: &DomainId, unique_id: &str) -> UserId {
    let mut digest = Context::new(&SHA256);
    for part in [domain.as_str(), "user", unique_id] {
        digest.update(part.as_bytes());
    }
    UserId::from(hex(digest.finish().as_ref()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_accounts_id_is_that_of_python() {
        // hashlib.sha256(b"default" + b"user" + b"alice%40example.org").hexdigest()
        assert_eq!(
            public_id(&"default".into(), "alice%40example.org"),
            "4c2003fe9457775a6015e6b2bdd0e3405e5059735f6a13bbeb303d9c49030d83"
        );
    }
}
