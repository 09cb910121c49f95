//! Application credentials.

mod create;

pub use create::{NewAccessRule, NewApplicationCredential};

use crate::app::App;
use crate::driver::sql::application_credential as sql;
use crate::driver::sql::assignment::role as roles_sql;
use crate::driver::sql::db::Session;
use crate::error::{Error, Result};
use crate::manager::auth::{ApplicationCredentialLookup, Grant, Proof};
use crate::model::application_credential::{AccessRule, ApplicationCredential};
use crate::model::event::{Event, ResourceKind};
use crate::model::list::{ListHints, Page};
use crate::model::{AccessRuleId, ApplicationCredentialId, Role, RoleId, Secret, UserId};
use std::collections::{HashMap, HashSet};

/// An application credential with its roles, as answers show it.
#[derive(Clone, Debug)]
pub struct ShownCredential {
    pub credential: ApplicationCredential,
    pub roles: Vec<Role>,
}

/// Application credentials.
pub struct ApplicationCredentialManager<'a> {
    app: &'a App,
}

impl<'a> ApplicationCredentialManager<'a> {
    /// A view of the app.
    pub fn new(app: &'a App) -> Self {
        Self { app }
    }

    /// The application credential.
    ///
    /// # Errors
    /// 404.
    pub async fn application_credential(
        &self,
        id: &ApplicationCredentialId,
    ) -> Result<ApplicationCredential> {
        self.find(id)
            .await?
            .ok_or_else(|| Error::not_found("application credential", id))
    }

    /// The application credential, if there is one.
    pub async fn find(
        &self,
        id: &ApplicationCredentialId,
    ) -> Result<Option<ApplicationCredential>> {
        let mut session = self.app.db.session().await?;
        sql::application_credential(&mut session, id).await
    }

    /// A page of a user's application credentials in order of id. Filters: `name`.
    pub async fn list(&self, user: &UserId, hints: &ListHints) -> Result<Page<ShownCredential>> {
        let mut session = self.app.db.session().await?;
        let page = sql::application_credentials(&mut session, user, hints).await?;
        Ok(Page {
            items: all_shown(&mut session, page.items).await?,
            truncated: page.truncated,
        })
    }

    /// A credential with its roles; those that are deleted are left out.
    pub async fn with_roles(&self, credential: ApplicationCredential) -> Result<ShownCredential> {
        shown(&mut self.app.db.session().await?, credential).await
    }

    /// Deletes an application credential; its tokens end with it.
    ///
    /// # Errors
    /// 404.
    pub async fn delete(&self, id: &ApplicationCredentialId) -> Result<()> {
        self.app
            .db
            .transaction(|s| {
                Box::pin(async move {
                    if !sql::delete(s, id).await? {
                        return Err(Error::not_found("application credential", id));
                    }
                    s.notify(Event::deleted(ResourceKind::ApplicationCredential, id));
                    Ok(())
                })
            })
            .await
    }

    /// A page of a user's access rules in order of id. Filters: `service`, `path`, `method`.
    pub async fn access_rules(&self, user: &UserId, hints: &ListHints) -> Result<Page<AccessRule>> {
        sql::access_rules(&mut self.app.db.session().await?, user, hints).await
    }

    /// One of a user's access rules.
    ///
    /// # Errors
    /// 404.
    pub async fn access_rule(&self, user: &UserId, id: &AccessRuleId) -> Result<AccessRule> {
        let mut session = self.app.db.session().await?;
        Ok(existing_rule(&mut session, user, id).await?.rule)
    }

    /// Deletes one of a user's access rules.
    ///
    /// # Errors
    /// 404; 403 while an application credential has it.
    pub async fn delete_access_rule(&self, user: &UserId, id: &AccessRuleId) -> Result<()> {
        self.app
            .db
            .transaction(|s| {
                Box::pin(async move {
                    let stored = existing_rule(s, user, id).await?;
                    if !sql::delete_access_rule(s, stored.internal_id).await? {
                        return Err(Error::forbidden_action(format!(
                            "The access rule {id} can't be deleted while an application credential \
                             has it."
                        )));
                    }
                    s.notify(Event::deleted(ResourceKind::AccessRule, id));
                    Ok(())
                })
            })
            .await
    }

    /// The user whose application credential this is, if the secret is its.
    ///
    /// # Errors
    /// 404 for an unknown id; 401 for an unknown name or user, a wrong secret, or a credential that
    /// is over.
    pub async fn authenticate(
        &self,
        lookup: &ApplicationCredentialLookup,
        secret: &Secret,
    ) -> Result<Proof> {
        let found = match lookup {
            ApplicationCredentialLookup::Id(id) => Some(self.application_credential(id).await?),
            ApplicationCredentialLookup::Name { name, user } => {
                match self.app.identity().find_user_id(user).await? {
                    Some(user) => {
                        let mut session = self.app.db.session().await?;
                        sql::application_credential_by_name(&mut session, &user, name).await?
                    }
                    None => None,
                }
            }
        };
        let hash = found
            .as_ref()
            .map(|credential| credential.secret_hash.clone());
        // Without a credential, the answer takes the time of one with a wrong secret.
        let verified = self.app.identity().verify(hash, secret).await?;
        let Some(credential) = found.filter(|_| verified) else {
            return Err(Error::unauthorized(
                "there is no such application credential, or it has another secret",
            ));
        };
        let now = self.app.clock.now();
        if credential.expires_at.is_some_and(|end| end <= now) {
            return Err(Error::unauthorized(format!(
                "application credential {} is over",
                credential.id
            )));
        }
        Ok(Proof {
            grant: Some(Grant::from(&credential)),
            ..Proof::of_user(credential.user_id)
        })
    }
}

async fn shown(s: &mut Session, credential: ApplicationCredential) -> Result<ShownCredential> {
    let roles = roles_sql::roles_by_id(s, &credential.role_ids).await?;
    Ok(ShownCredential { credential, roles })
}

/// Credentials with their roles, which many of them have in common.
async fn all_shown(
    s: &mut Session,
    credentials: Vec<ApplicationCredential>,
) -> Result<Vec<ShownCredential>> {
    let ids: HashSet<&RoleId> = credentials.iter().flat_map(|one| &one.role_ids).collect();
    let roles = roles_sql::roles_by_id(s, ids).await?;
    let roles: HashMap<RoleId, Role> = roles.into_iter().map(|it| (it.id.clone(), it)).collect();
    let show = |credential: ApplicationCredential| ShownCredential {
        // In order of id; those that are deleted are left out.
        roles: credential
            .role_ids
            .iter()
            .filter_map(|id| roles.get(id))
            .cloned()
            .collect(),
        credential,
    };
    Ok(credentials.into_iter().map(show).collect())
}

async fn existing_rule(
    s: &mut Session,
    user: &UserId,
    id: &AccessRuleId,
) -> Result<sql::StoredRule> {
    sql::access_rule(s, id)
        .await?
        .filter(|stored| stored.user_id.as_ref() == Some(user))
        .ok_or_else(|| Error::not_found("access rule", id))
}
