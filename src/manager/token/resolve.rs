//! From what a token carries to what its answer shows, and whether that still holds.

use super::TokenManager;
use crate::config::Config;
use crate::driver::sql::db::Session;
use crate::driver::sql::token as facts;
use crate::driver::sql::token::{ScopeFacts, UserFacts};
use crate::error::{Error, Result};
use crate::manager::catalog::urls::UrlContext;
use crate::model::token::{
    Catalog, ResolvedScope, RoleRef, TokenOrigin, TokenPayload, TokenScope, TokenUser, ValidToken,
};
use crate::model::{ProjectId, Timestamp};

impl TokenManager<'_> {
    /// Reads what the payload names. What is found must not depend on its times and audit ids: other
    /// tokens that agree in all the rest share it.
    ///
    /// # Errors
    /// 401 when the user is gone or disabled; 404 when the user's domain is disabled, or the scope is
    /// gone, disabled or gives no role.
    pub(super) async fn resolve(&self, payload: TokenPayload) -> Result<ValidToken> {
        if payload.origin != TokenOrigin::Direct {
            return Err(Error::unauthorized(
                "delegated and federated tokens are not accepted",
            ));
        }
        let config = self.app.config();
        let mut session = self.app.db.session().await?;
        let user = self.usable_user(&mut session, &payload, &config).await?;
        let (scope, roles) = self.usable_scope(&mut session, &payload, &user).await?;
        let catalog = self
            .catalog_for(&mut session, &payload, &scope, &config)
            .await?;
        let is_admin_project = is_admin_project(&scope, &config);
        Ok(ValidToken {
            user: TokenUser {
                id: user.id,
                name: user.name,
                domain: user.domain,
                password_expires_at: user.password_expires_at,
            },
            role_names: roles.iter().map(|role| role.name.clone()).collect(),
            payload,
            scope,
            roles,
            catalog,
            is_admin_project,
        })
    }

    async fn usable_user(
        &self,
        s: &mut Session,
        payload: &TokenPayload,
        config: &Config,
    ) -> Result<UserFacts> {
        let id = &payload.user_id;
        let user = facts::user(s, id)
            .await?
            .ok_or_else(|| Error::unauthorized(format!("user {id} does not exist")))?;
        if !user.domain_enabled {
            return Err(Error::not_found("domain", &user.domain.id));
        }
        if !user.enabled || is_inactive(&user, config, self.app.clock.now()) {
            return Err(Error::unauthorized(format!("user {id} is disabled")));
        }
        Ok(user)
    }

    async fn usable_scope(
        &self,
        s: &mut Session,
        payload: &TokenPayload,
        user: &UserFacts,
    ) -> Result<(ResolvedScope, Vec<RoleRef>)> {
        let assignment = self.app.assignment();
        let (scope, roles) = match &payload.scope {
            TokenScope::Unscoped => return Ok((ResolvedScope::Unscoped, Vec::new())),
            TokenScope::Project(id) => {
                let project = enabled_scope(s, id, "project").await?;
                if project.is_domain {
                    // A domain's row can't be meant as a project, though it is one.
                    return Err(Error::not_found("project", id));
                }
                let roles = assignment.roles_on_project(s, &user.id, id).await?;
                let scope = ResolvedScope::Project {
                    id: project.id,
                    name: project.name,
                    domain: project.domain,
                    is_domain: project.is_domain,
                };
                (scope, roles)
            }
            TokenScope::Domain(id) => {
                let domain = enabled_scope(s, &ProjectId::from(id.clone()), "domain").await?;
                if !domain.is_domain {
                    return Err(Error::not_found("domain", id));
                }
                let roles = assignment.roles_on_domain(s, &user.id, id).await?;
                (ResolvedScope::Domain(domain.domain), roles)
            }
            TokenScope::System => (
                ResolvedScope::System,
                assignment.roles_on_system(s, &user.id).await?,
            ),
        };
        if roles.is_empty() {
            return Err(Error::NotFound {
                kind: "role assignment",
                id: user.id.to_string(),
            });
        }
        Ok((scope, roles))
    }

    async fn catalog_for(
        &self,
        s: &mut Session,
        payload: &TokenPayload,
        scope: &ResolvedScope,
        config: &Config,
    ) -> Result<Option<Catalog>> {
        let project_id = match scope {
            ResolvedScope::Unscoped => return Ok(None),
            ResolvedScope::Project { id, .. } => Some(id),
            ResolvedScope::Domain(_) | ResolvedScope::System => None,
        };
        let urls = UrlContext {
            user_id: &payload.user_id,
            project_id,
            public_endpoint: config.default.public_endpoint.as_deref(),
        };
        self.app
            .catalog()
            .for_token(s, &urls, project_id)
            .await
            .map(Some)
    }
}

async fn enabled_scope(s: &mut Session, id: &ProjectId, kind: &'static str) -> Result<ScopeFacts> {
    match facts::project(s, id).await? {
        Some(scope) if scope.enabled && scope.domain_enabled => Ok(scope),
        _ => Err(Error::not_found(kind, id)),
    }
}

/// `[security_compliance] disable_user_account_days_inactive`: who did not log in for so long reads
/// disabled.
fn is_inactive(user: &UserFacts, config: &Config, now: Timestamp) -> bool {
    let Some(days) = config
        .security_compliance
        .disable_user_account_days_inactive
    else {
        return false;
    };
    let last_active = user
        .last_active_at
        .or_else(|| user.created_at.map(|time| time.naive().date()));
    !user.ignores_inactivity
        && last_active.is_some_and(|date| {
            u64::try_from((now.naive().date() - date).num_days()).is_ok_and(|idle| idle >= days)
        })
}

/// `None` unless an admin project is configured; a token then says whether it is for that one.
fn is_admin_project(scope: &ResolvedScope, config: &Config) -> Option<bool> {
    let name = config.resource.admin_project_name.as_deref()?;
    let domain_name = config.resource.admin_project_domain_name.as_deref()?;
    match scope {
        ResolvedScope::Project {
            name: project,
            domain,
            ..
        } => Some(project == name && domain.name == domain_name),
        _ => None,
    }
}
