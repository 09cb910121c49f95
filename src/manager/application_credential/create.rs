//! New application credentials: never more than the token that makes them.

use super::{ApplicationCredentialManager, ShownCredential, shown, sql};
use crate::crypto::random_bytes;
use crate::driver::sql::assignment::effective;
use crate::driver::sql::db::{Area, Session};
use crate::error::{Error, Result};
use crate::manager::assignment::lookup::{RoleLookup, role_ids};
use crate::manager::identity::Outsiders;
use crate::model::application_credential::{AccessRule, ApplicationCredential};
use crate::model::event::{Event, ResourceKind};
use crate::model::token::{RoleRef, ValidToken};
use crate::model::{
    AccessRuleId, ApplicationCredentialId, ProjectId, RoleId, Secret, Timestamp, UserId,
};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

/// The column's length, in characters.
const LONGEST_PATH: usize = 128;

/// What a user asks for.
#[derive(Clone, Debug)]
pub struct NewApplicationCredential {
    pub name: String,
    pub description: Option<String>,
    pub user_id: UserId,
    /// The project of the user's token.
    pub project_id: ProjectId,
    pub system: Option<String>,
    /// The user's own choice, else one is made.
    pub secret: Option<Secret>,
    pub expires_at: Option<Timestamp>,
    pub unrestricted: Option<bool>,
    /// Empty for those of the token.
    pub roles: Vec<RoleLookup>,
    pub access_rules: Vec<NewAccessRule>,
}

/// An access rule that exists already, by its id, or a new one.
#[derive(Clone, Debug)]
pub struct NewAccessRule {
    pub id: Option<AccessRuleId>,
    pub service: Option<String>,
    pub path: Option<String>,
    pub method: Option<String>,
}

impl NewAccessRule {
    fn existing(rule: &AccessRule) -> Self {
        Self {
            id: Some(rule.id.clone()),
            service: None,
            path: None,
            method: None,
        }
    }
}

impl ApplicationCredentialManager<'_> {
    /// Makes an application credential; returns it with its secret, which nobody will see again.
    ///
    /// One that is made with another's token ends no later than that one, and is held against its access
    /// rules.
    ///
    /// # Errors
    /// 403 when the user has as many as are allowed, or the token's own credential ends earlier or lacks
    /// an access rule; 400 for a role that the token lacks or an incomplete access rule; 404 for a role
    /// that no name leads to, or another user's access rule; 409 when the user has one with this name.
    pub async fn create(
        &self,
        new: NewApplicationCredential,
        token: &ValidToken,
    ) -> Result<(ShownCredential, Secret)> {
        let secret = match &new.secret {
            Some(secret) => secret.clone(),
            None => Secret::from(URL_SAFE_NO_PAD.encode(random_bytes::<64>()?)),
        };
        let identity = self.app.identity();
        let hash = identity.hash(&secret).await?;
        let outsiders = &identity.outsiders(&[&new.user_id]).await?;
        let (this, new, hash) = (self, &new, &hash);
        let shown = self
            .app
            .db
            .transaction(|s| {
                Box::pin(async move { this.create_in(s, new, hash, token, outsiders).await })
            })
            .await?;
        Ok((shown, secret))
    }

    async fn create_in(
        &self,
        s: &mut Session,
        new: &NewApplicationCredential,
        secret_hash: &Secret,
        token: &ValidToken,
        outsiders: &Outsiders,
    ) -> Result<ShownCredential> {
        let limit = self.app.config().application_credential.user_limit;
        if limit >= 0 {
            // Or those that are made at once would all count the same.
            s.take_turn(Area::Credential).await?;
            if sql::count_of_user(s, &new.user_id).await? >= limit {
                return Err(Error::forbidden_action(format!(
                    "A user can have {limit} application credentials at most."
                )));
            }
        }
        let maker = token.application_credential();
        let credential = ApplicationCredential {
            id: ApplicationCredentialId::random(),
            name: new.name.clone(),
            description: new.description.clone(),
            user_id: new.user_id.clone(),
            project_id: Some(new.project_id.clone()),
            system: new.system.clone(),
            expires_at: end_of(new, maker)?,
            unrestricted: new.unrestricted,
            role_ids: self.roles_for(s, new, &token.roles, outsiders).await?,
            access_rules: Vec::new(),
            secret_hash: secret_hash.clone(),
        };
        let internal_id = sql::insert(s, &credential).await.map_err(|error| {
            error.or_conflict(|| {
                format!(
                    "The user has an application credential named {} already.",
                    new.name
                )
            })
        })?;
        for rule in &rules_of(new, maker) {
            let rule = rule_id(s, &new.user_id, rule).await?;
            sql::attach_rule(s, internal_id, rule).await?;
        }
        s.notify(Event::created(
            ResourceKind::ApplicationCredential,
            &credential.id,
        ));
        let stored = sql::application_credential(s, &credential.id)
            .await?
            .ok_or_else(|| Error::internal("a row vanished in its own transaction"))?;
        if let Some(maker) = maker {
            check_rules(&stored, maker)?;
        }
        shown(s, stored).await
    }

    /// What the credential gives: the token's roles, or some of them with all that these imply.
    async fn roles_for(
        &self,
        s: &mut Session,
        new: &NewApplicationCredential,
        token_roles: &[RoleRef],
        outsiders: &Outsiders,
    ) -> Result<Vec<RoleId>> {
        let mut wanted: Vec<RoleId> = token_roles.iter().map(|role| role.id.clone()).collect();
        if !new.roles.is_empty() {
            let named = role_ids(s, &new.roles).await?;
            let implied = effective::with_implied(s, &named).await?;
            wanted = implied.into_iter().map(|role| role.id).collect();
            wanted.extend(named);
            wanted.sort_unstable();
            wanted.dedup();
        }
        let assignment = self.app.assignment();
        let held = assignment
            .roles_on_project(s, (&new.user_id, outsiders), &new.project_id)
            .await?;
        let among = |roles: &[RoleRef], id: &RoleId| roles.iter().any(|role| role.id == *id);
        match wanted
            .iter()
            .find(|id| !among(token_roles, id) || !among(&held, id))
        {
            Some(missing) => Err(Error::bad_request(format!(
                "An application credential can't have the role {missing}: the token that makes it \
                 lacks it."
            ))),
            None => Ok(wanted),
        }
    }
}

/// When a credential ends: no later than the one whose token makes it.
fn end_of(
    new: &NewApplicationCredential,
    maker: Option<&ApplicationCredential>,
) -> Result<Option<Timestamp>> {
    let bound = maker.and_then(|maker| maker.expires_at);
    match (new.expires_at, bound) {
        (Some(asked), Some(bound)) if asked > bound => Err(Error::forbidden_action(
            "An application credential can't outlive the one that it is made with.",
        )),
        (asked, bound) => Ok(asked.or(bound)),
    }
}

/// The access rules that are asked for; without any, those of the credential whose token makes it.
fn rules_of(
    new: &NewApplicationCredential,
    maker: Option<&ApplicationCredential>,
) -> Vec<NewAccessRule> {
    if !new.access_rules.is_empty() {
        return new.access_rules.clone();
    }
    let inherited = maker.map(|maker| maker.access_rules.as_slice());
    let inherited = inherited.unwrap_or_default().iter();
    inherited.map(NewAccessRule::existing).collect()
}

/// Fails when a credential may call more than the one whose token makes it.
fn check_rules(made: &ApplicationCredential, maker: &ApplicationCredential) -> Result<()> {
    let has = |rule: &AccessRule| maker.access_rules.iter().any(|own| own.permits_same(rule));
    if maker.access_rules.is_empty() || made.access_rules.iter().all(has) {
        return Ok(());
    }
    Err(Error::forbidden_action(
        "An application credential can't have access rules that the one that it is made with lacks.",
    ))
}

/// The integer id of a rule: one that exists, by its id or its content, or a new one.
async fn rule_id(s: &mut Session, user: &UserId, rule: &NewAccessRule) -> Result<i64> {
    if let Some(id) = &rule.id
        && let Some(stored) = sql::access_rule(s, id).await?
    {
        if stored.user_id.as_ref() != Some(user) {
            return Err(Error::not_found("access rule", id));
        }
        return Ok(stored.internal_id);
    }
    let (Some(service), Some(path), Some(method)) = (&rule.service, &rule.path, &rule.method)
    else {
        return Err(Error::bad_request(
            "A new access rule needs its 'service', 'path' and 'method'.",
        ));
    };
    // PostgreSQL and MySQL would say it themselves, SQLite would not.
    if path.chars().count() > LONGEST_PATH {
        return Err(Error::bad_request(format!(
            "The path of an access rule has at most {LONGEST_PATH} characters."
        )));
    }
    let rule = AccessRule {
        id: rule.id.clone().unwrap_or_else(AccessRuleId::random),
        service: service.clone(),
        path: path.clone(),
        method: method.clone(),
    };
    match sql::access_rule_like(s, user, &rule).await? {
        Some(stored) => Ok(stored),
        None => sql::insert_access_rule(s, user, &rule).await,
    }
}
