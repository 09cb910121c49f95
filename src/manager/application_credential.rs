//! Application credentials.

use crate::app::App;
use crate::driver::sql::application_credential as sql;
use crate::error::{Error, Result};
use crate::manager::auth::{ApplicationCredentialLookup, Grant, Proof};
use crate::model::application_credential::ApplicationCredential;
use crate::model::token::{TokenOrigin, TokenScope};
use crate::model::{ApplicationCredentialId, Secret};

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
        let mut session = self.app.db.session().await?;
        sql::application_credential(&mut session, id)
            .await?
            .ok_or_else(|| Error::not_found("application credential", id))
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
            .map(|credential| credential.secret_hash.expose().to_owned());
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
        let project = credential.project_id;
        Ok(Proof {
            user_id: credential.user_id,
            parent: None,
            grant: Some(Grant {
                origin: TokenOrigin::ApplicationCredential(credential.id),
                scope: project.map_or(TokenScope::Unscoped, TokenScope::Project),
                expires_at: credential.expires_at,
            }),
        })
    }
}
