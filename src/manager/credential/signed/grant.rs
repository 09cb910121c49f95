//! What a key pair that was made through a delegation may give: what the delegation gives, and no
//! more.

use crate::app::App;
use crate::driver::sql::oauth1;
use crate::error::{Error, Result};
use crate::model::token::TokenOrigin;
use crate::model::trust::Trust;
use crate::model::{CredentialDelegation, ProjectId, Timestamp, UserId};

/// Whose token a key pair makes, and within which bounds.
pub(super) struct Grant {
    /// The user in the token: of a trust, the trustee.
    pub user_id: UserId,
    pub origin: TokenOrigin,
    pub expires_at: Option<Timestamp>,
    /// The trust, one of whose uses the token takes.
    pub trust: Option<Trust>,
}

impl Grant {
    /// The grant behind a key pair; `owner` is whose key pair it is.
    ///
    /// # Errors
    /// 401 when the delegation is gone, over, of somebody else, or for another project.
    pub async fn of(
        app: &App,
        delegation: &CredentialDelegation,
        owner: &UserId,
        project_id: &ProjectId,
    ) -> Result<Self> {
        let (grant, project) =
            Self::find(app, delegation, owner)
                .await
                .map_err(|error| match error {
                    Error::NotFound { .. } | Error::Forbidden(_) => {
                        Error::unauthorized(error.to_string())
                    }
                    other => other,
                })?;
        if project.is_some_and(|project| project != *project_id) {
            return Err(Error::unauthorized(
                "the key pair is for another project than its delegation",
            ));
        }
        let now = app.clock.now();
        if grant.expires_at.is_some_and(|end| end <= now) {
            return Err(Error::unauthorized("the key pair's delegation is over"));
        }
        Ok(grant)
    }

    /// The grant, and the project that it is for; `None` for one that does not say.
    async fn find(
        app: &App,
        delegation: &CredentialDelegation,
        owner: &UserId,
    ) -> Result<(Self, Option<ProjectId>)> {
        if let Some(id) = &delegation.trust_id {
            let trust = app.trust().trust(&id.as_str().into()).await?;
            // Through an impersonating trust, the trustee made the key pair as the trustor's.
            let maker = match trust.impersonation {
                true => &trust.trustor_user_id,
                false => &trust.trustee_user_id,
            };
            check_owner(maker, owner)?;
            let project = required_project(trust.project_id.clone())?;
            let grant = Self {
                user_id: trust.trustee_user_id.clone(),
                origin: TokenOrigin::Trust(trust.id.clone()),
                expires_at: trust.expires_at,
                trust: Some(trust),
            };
            return Ok((grant, Some(project)));
        }
        if let Some(id) = &delegation.app_cred_id {
            let id = id.as_str().into();
            let credential = app.application_credential();
            let credential = credential.application_credential(&id).await?;
            check_owner(&credential.user_id, owner)?;
            let project = required_project(credential.project_id)?;
            let grant = Self {
                user_id: credential.user_id,
                origin: TokenOrigin::ApplicationCredential(credential.id),
                expires_at: credential.expires_at,
                trust: None,
            };
            return Ok((grant, Some(project)));
        }
        if let Some(id) = &delegation.access_token_id {
            let id = id.as_str().into();
            let token = oauth1::access_token(&mut app.db.session().await?, &id)
                .await?
                .ok_or_else(|| Error::not_found("access token", &id))?;
            check_owner(&token.authorizing_user_id, owner)?;
            let grant = Self {
                user_id: token.authorizing_user_id,
                origin: TokenOrigin::OAuth1 {
                    access_token_id: token.id,
                },
                expires_at: token.expires_at,
                trust: None,
            };
            return Ok((grant, Some(token.project_id)));
        }
        let grant = Self {
            user_id: owner.clone(),
            origin: TokenOrigin::Direct,
            expires_at: None,
            trust: None,
        };
        Ok((grant, None))
    }
}

fn check_owner(delegated_to: &UserId, owner: &UserId) -> Result<()> {
    if delegated_to == owner {
        return Ok(());
    }
    Err(Error::unauthorized(
        "the key pair's delegation is not its owner's",
    ))
}

fn required_project(project: Option<ProjectId>) -> Result<ProjectId> {
    project.ok_or_else(|| Error::unauthorized("the key pair's delegation is for no project"))
}
