//! What a delegation gives its token: whose stead it acts in, with which roles, and whether that still
//! holds.

use super::TokenManager;
use super::resolve::{is_inactive, user_facts};
use crate::config::Config;
use crate::driver::sql::assignment::effective;
use crate::driver::sql::db::Session;
use crate::driver::sql::token::UserFacts;
use crate::driver::sql::{application_credential, oauth1};
use crate::error::{Error, Result};
use crate::manager::identity::Outsiders;
use crate::manager::trust as trusts;
use crate::model::delegation::{Delegation, steps_of_methods};
use crate::model::token::{RoleRef, TokenOrigin, TokenPayload, TokenScope};
use crate::model::{
    AccessTokenId, ApplicationCredentialId, ProjectId, Role, RoleId, TrustId, UserId,
};

/// What a token was handed on.
#[derive(Default)]
pub(super) struct Granted {
    pub delegation: Vec<Delegation>,
    /// The roles that the delegation leaves; `None` when the user's own count.
    pub roles: Option<Vec<RoleRef>>,
    /// The trustor, of a trust.
    pub trustor: Option<UserFacts>,
    /// Whether the token shows the trustor as its user.
    pub impersonation: bool,
}

impl TokenManager<'_> {
    /// Reads the delegation that a payload names.
    ///
    /// # Errors
    /// 404 when it is gone, over or used up; 403 when a trust's trustor is disabled or lost a role;
    /// 401 when it is not the payload's user's or project's.
    pub(super) async fn granted(
        &self,
        s: &mut Session,
        payload: &TokenPayload,
        config: &Config,
        outsiders: &Outsiders,
    ) -> Result<Granted> {
        let mut granted = match &payload.origin {
            TokenOrigin::Direct | TokenOrigin::Federated { .. } => Granted::default(),
            TokenOrigin::Trust(id) => self.by_trust(s, payload, id, config, outsiders).await?,
            TokenOrigin::ApplicationCredential(id) => {
                self.by_application_credential(s, payload, id, outsiders)
                    .await?
            }
            TokenOrigin::OAuth1 { access_token_id } => {
                self.by_access_token(s, payload, access_token_id, outsiders)
                    .await?
            }
            TokenOrigin::OAuth2 { thumbprint } => Granted {
                delegation: vec![Delegation::OAuth2 {
                    thumbprint: thumbprint.clone(),
                }],
                ..Granted::default()
            },
        };
        granted.delegation.extend(steps_of_methods(
            &payload.methods,
            &payload.origin,
            &config.auth.additional_primary_auth_methods,
        ));
        Ok(granted)
    }

    async fn by_trust(
        &self,
        s: &mut Session,
        payload: &TokenPayload,
        id: &TrustId,
        config: &Config,
        outsiders: &Outsiders,
    ) -> Result<Granted> {
        let now = self.app.clock.now();
        let most = config.trust.max_redelegation_count;
        let chain = trusts::usable_chain(s, id, now, most).await?;
        let (Some(trust), Some(first)) = (chain.first(), chain.last()) else {
            return Err(Error::not_found("trust", id));
        };
        if trust.trustee_user_id != payload.user_id {
            return Err(Error::Forbidden(format!(
                "user {} is not the trustee of trust {id}",
                payload.user_id
            )));
        }
        let project = project_of(payload);
        if trust.project_id.as_ref() != project {
            return Err(Error::unauthorized(format!(
                "the token is not for the project of trust {id}"
            )));
        }
        let Some(project) = project else {
            return Err(Error::unauthorized(format!(
                "trust {id} is for no project, so nothing can be reached with it"
            )));
        };
        let trustor = self
            .agent(s, &trust.trustor_user_id, config, outsiders)
            .await?;
        for link in chain.iter().skip(1) {
            for party in [&link.trustee_user_id, &link.trustor_user_id] {
                self.agent(s, party, config, outsiders).await?;
            }
        }
        let mut trustors = vec![&first.trustor_user_id, &trust.trustor_user_id];
        trustors.dedup();
        let roles = self
            .roles_of_trust(s, &trust.role_ids, (&trustors, outsiders), project)
            .await?;
        Ok(Granted {
            roles: Some(roles.iter().map(role_ref).collect()),
            trustor: Some(trustor),
            impersonation: trust.impersonation,
            delegation: vec![Delegation::Trust {
                trust: trust.clone(),
                roles,
            }],
        })
    }

    /// Somebody on whose being enabled a trust depends.
    async fn agent(
        &self,
        s: &mut Session,
        id: &UserId,
        config: &Config,
        outsiders: &Outsiders,
    ) -> Result<UserFacts> {
        let user = user_facts(s, id, outsiders)
            .await?
            .ok_or_else(|| Error::not_found("user", id))?;
        if !user.domain_enabled {
            return Err(Error::not_found("domain", &user.domain.id));
        }
        if !user.enabled || is_inactive(&user, config, self.app.clock.now()) {
            return Err(Error::Forbidden(format!(
                "user {id}, on whom a trust depends, is disabled"
            )));
        }
        Ok(user)
    }

    /// All that a trust's roles amount to. When its trustor, or the first one of its chain, lost any of
    /// them, the trust gives nothing any more.
    async fn roles_of_trust(
        &self,
        s: &mut Session,
        delegated: &[RoleId],
        (trustors, outsiders): (&[&UserId], &Outsiders),
        project: &ProjectId,
    ) -> Result<Vec<Role>> {
        let mut roles = effective::with_implied(s, delegated).await?;
        for trustor in trustors {
            let held = self
                .app
                .assignment()
                .all_roles_on_project(s, (trustor, outsiders), project)
                .await?;
            let holds = |id: &RoleId| held.iter().any(|role| role.id == *id);
            if !delegated.iter().all(holds) || !roles.iter().all(|role| holds(&role.id)) {
                return Err(Error::Forbidden(format!(
                    "user {trustor} has lost a role that a trust delegates"
                )));
            }
        }
        roles.retain(|role| role.domain_id.is_none());
        Ok(roles)
    }

    async fn by_application_credential(
        &self,
        s: &mut Session,
        payload: &TokenPayload,
        id: &ApplicationCredentialId,
        outsiders: &Outsiders,
    ) -> Result<Granted> {
        let credential = application_credential::application_credential(s, id)
            .await?
            .ok_or_else(|| Error::not_found("application credential", id))?;
        let project = project_of(payload);
        if credential.user_id != payload.user_id || credential.project_id.as_ref() != project {
            return Err(Error::unauthorized(format!(
                "the token is not for the user and project of application credential {id}"
            )));
        }
        let roles = match project {
            Some(project) => {
                let assignment = self.app.assignment();
                let mut roles = assignment
                    .roles_on_project(s, (&payload.user_id, outsiders), project)
                    .await?;
                roles.retain(|role| credential.role_ids.contains(&role.id));
                roles
            }
            None => Vec::new(),
        };
        Ok(Granted {
            roles: Some(roles),
            delegation: vec![Delegation::ApplicationCredential(credential)],
            ..Granted::default()
        })
    }

    async fn by_access_token(
        &self,
        s: &mut Session,
        payload: &TokenPayload,
        id: &AccessTokenId,
        outsiders: &Outsiders,
    ) -> Result<Granted> {
        let access_token = oauth1::access_token(s, id)
            .await?
            .ok_or_else(|| Error::not_found("access token", id))?;
        let TokenScope::Project(project) = &payload.scope else {
            return Err(Error::unauthorized("an OAuth1 token is for a project"));
        };
        if access_token.authorizing_user_id != payload.user_id
            || access_token.project_id != *project
        {
            return Err(Error::unauthorized(format!(
                "the token is not for the user and project of access token {id}"
            )));
        }
        let allowed = effective::with_implied(s, &access_token.role_ids).await?;
        let assignment = self.app.assignment();
        let mut roles = assignment
            .roles_on_project(s, (&payload.user_id, outsiders), project)
            .await?;
        roles.retain(|role| allowed.iter().any(|allowed| allowed.id == role.id));
        Ok(Granted {
            roles: Some(roles),
            delegation: vec![Delegation::OAuth1(access_token)],
            ..Granted::default()
        })
    }
}

fn project_of(payload: &TokenPayload) -> Option<&ProjectId> {
    match &payload.scope {
        TokenScope::Project(id) => Some(id),
        TokenScope::Unscoped | TokenScope::Domain(_) | TokenScope::System => None,
    }
}

pub(super) fn role_ref(role: &Role) -> RoleRef {
    RoleRef {
        id: role.id.clone(),
        name: role.name.clone(),
    }
}
