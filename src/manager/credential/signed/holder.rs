//! For whom a key pair stands: its owner or, when it was made through a delegation, whoever that gives
//! a token, within its bounds.

use crate::app::App;
use crate::driver::sql::oauth1;
use crate::error::{Error, Result};
use crate::manager::auth::Grant;
use crate::model::token::TokenScope;
use crate::model::trust::Trust;
use crate::model::{CredentialDelegation, ProjectId, UserId};

/// Whose token a key pair makes, and what bounds it.
pub(super) struct Holder {
    /// The user in the token: of a trust, the trustee.
    pub user_id: UserId,
    /// The delegation that the key pair was made through.
    pub grant: Option<Grant>,
    /// The trust, one of whose uses the token takes.
    pub trust: Option<Trust>,
}

impl Holder {
    /// The holder of a key pair; `owner` is whose credential it is.
    ///
    /// # Errors
    /// 401 when the delegation is gone, over, of somebody else, or for another project.
    pub async fn of(
        app: &App,
        delegation: &CredentialDelegation,
        owner: &UserId,
        project_id: &ProjectId,
    ) -> Result<Self> {
        let holder = Self::find(app, delegation, owner).await;
        let holder = holder.map_err(|error| match error {
            Error::NotFound { .. } | Error::Forbidden(_) => Error::unauthorized(error.to_string()),
            other => other,
        })?;
        if let Some(grant) = &holder.grant {
            if grant.scope != TokenScope::Project(project_id.clone()) {
                return Err(Error::unauthorized(
                    "the key pair is for another project than its delegation",
                ));
            }
            let now = app.clock.now();
            if grant.expires_at.is_some_and(|end| end <= now) {
                return Err(Error::unauthorized("the key pair's delegation is over"));
            }
        }
        Ok(holder)
    }

    async fn find(app: &App, delegation: &CredentialDelegation, owner: &UserId) -> Result<Self> {
        if let Some(id) = &delegation.trust_id {
            let trust = app.trust().trust(&id.as_str().into()).await?;
            // Through an impersonating trust, the trustee made the key pair as the trustor's.
            let maker = match trust.impersonation {
                true => &trust.trustor_user_id,
                false => &trust.trustee_user_id,
            };
            check_owner(maker, owner)?;
            return Ok(Self {
                user_id: trust.trustee_user_id.clone(),
                grant: Some(Grant::from(&trust)),
                trust: Some(trust),
            });
        }
        if let Some(id) = &delegation.app_cred_id {
            let id = id.as_str().into();
            let manager = app.application_credential();
            let credential = manager.application_credential(&id).await?;
            check_owner(&credential.user_id, owner)?;
            return Ok(Self::within(Grant::from(&credential), owner));
        }
        if let Some(id) = &delegation.access_token_id {
            let id = id.as_str().into();
            let token = oauth1::access_token(&mut app.db.session().await?, &id)
                .await?
                .ok_or_else(|| Error::not_found("access token", &id))?;
            check_owner(&token.authorizing_user_id, owner)?;
            return Ok(Self::within(Grant::from(&token), owner));
        }
        Ok(Self {
            user_id: owner.clone(),
            grant: None,
            trust: None,
        })
    }

    /// The owner, within what was handed on.
    fn within(grant: Grant, owner: &UserId) -> Self {
        Self {
            user_id: owner.clone(),
            grant: Some(grant),
            trust: None,
        }
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
