//! From what a token carries to what its answer shows, and whether that still holds.

use super::TokenManager;
use crate::config::Config;
use crate::driver::sql::db::Session;
use crate::driver::sql::federation;
use crate::driver::sql::token as facts;
use crate::driver::sql::token::{ScopeFacts, UserFacts};
use crate::error::{Error, Result};
use crate::manager::catalog::urls::UrlContext;
use crate::manager::identity::{Known, Outsiders, has_been_away};
use crate::manager::token::granted::role_ref;
use crate::manager::trust::usable_chain;
use crate::model::token::{
    Catalog, ResolvedScope, RoleRef, TokenOrigin, TokenPayload, TokenScope, TokenUser, ValidToken,
};
use crate::model::{ProjectId, Role, Timestamp, UserId};

impl TokenManager<'_> {
    /// Reads what the payload names. What is found must not depend on its times and audit ids: other
    /// tokens that agree in all the rest share it.
    ///
    /// # Errors
    /// 401 when the user is gone or disabled; 404 when the user's domain is disabled, or the scope or
    /// the delegation is gone, disabled or gives no role; 403 when a trust does not hold any more.
    pub(super) async fn resolve(&self, payload: TokenPayload) -> Result<ValidToken> {
        let config = self.app.config();
        let outsiders = self.outsiders_in(&payload, &config).await?;
        let mut session = self.app.db.session().await?;
        let user = self
            .usable_user(&mut session, &payload, &config, &outsiders)
            .await?;
        check_provider(&mut session, &payload.origin).await?;
        let scope = usable_scope(&mut session, &payload.scope).await?;
        let granted = self
            .granted(&mut session, &payload, &config, &outsiders)
            .await?;
        let whole_roles = self.federated_roles(&mut session, &payload, &scope).await?;
        let roles = match (&granted.roles, &whole_roles) {
            (Some(roles), _) => roles.clone(),
            (None, Some(roles)) => roles.iter().map(role_ref).collect(),
            (None, None) => {
                let user = (&payload.user_id, &outsiders);
                self.own_roles(&mut session, user, &scope).await?
            }
        };
        if roles.is_empty() && !matches!(scope, ResolvedScope::Unscoped) {
            return Err(Error::NotFound {
                kind: "role assignment",
                id: user.id.to_string(),
            });
        }
        let catalog_user = granted.trustor.as_ref().unwrap_or(&user);
        let catalog = self
            .catalog_for(&mut session, &catalog_user.id, &scope, &config)
            .await?;
        let service_providers = match user.has_service_providers {
            true => federation::enabled_service_providers(&mut session)
                .await?
                .into(),
            false => [].into(),
        };
        let is_admin_project = is_admin_project(&scope, &config);
        let shown = match granted.trustor {
            Some(trustor) if granted.impersonation => trustor,
            _ => user,
        };
        Ok(ValidToken {
            user: TokenUser {
                id: shown.id,
                name: shown.name,
                domain: shown.domain,
                password_expires_at: shown.password_expires_at,
            },
            role_names: roles.iter().map(|role| role.name.clone()).collect(),
            payload,
            delegation: granted.delegation,
            scope,
            roles,
            whole_roles,
            catalog,
            is_admin_project,
            service_providers,
        })
    }

    /// Who of those whom a payload is about a directory keeps. What is wrong with a delegation shows
    /// later.
    async fn outsiders_in(&self, payload: &TokenPayload, config: &Config) -> Result<Outsiders> {
        let identity = self.app.identity();
        if !identity.has_outsiders() {
            return Ok(Outsiders::default());
        }
        let mut chain = Vec::new();
        if let TokenOrigin::Trust(id) = &payload.origin {
            let mut session = self.app.db.session().await?;
            let most = config.trust.max_redelegation_count;
            match usable_chain(&mut session, id, self.app.clock.now(), most).await {
                Ok(found) => chain = found,
                Err(error @ (Error::Unavailable(_) | Error::Transient(_))) => return Err(error),
                Err(_) => {}
            }
        }
        let mut parties = vec![&payload.user_id];
        for trust in &chain {
            parties.extend([&trust.trustor_user_id, &trust.trustee_user_id]);
        }
        identity.outsiders(&parties).await
    }

    async fn usable_user(
        &self,
        s: &mut Session,
        payload: &TokenPayload,
        config: &Config,
        outsiders: &Outsiders,
    ) -> Result<UserFacts> {
        let id = &payload.user_id;
        let user = user_facts(s, id, outsiders)
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

    /// The roles that the user has at the scope.
    pub(super) async fn own_roles(
        &self,
        s: &mut Session,
        user: (&UserId, &Outsiders),
        scope: &ResolvedScope,
    ) -> Result<Vec<RoleRef>> {
        let assignment = self.app.assignment();
        match scope {
            ResolvedScope::Unscoped => Ok(Vec::new()),
            ResolvedScope::Project { id, .. } => assignment.roles_on_project(s, user, id).await,
            ResolvedScope::Domain(domain) => assignment.roles_on_domain(s, user, &domain.id).await,
            ResolvedScope::System => assignment.roles_on_system(s, user).await,
        }
    }

    /// The roles that a federated user has at the scope, by the groups in the token, too; `None` for
    /// any other token.
    async fn federated_roles(
        &self,
        s: &mut Session,
        payload: &TokenPayload,
        scope: &ResolvedScope,
    ) -> Result<Option<Vec<Role>>> {
        let TokenOrigin::Federated { group_ids, .. } = &payload.origin else {
            return Ok(None);
        };
        let assignment = self.app.assignment();
        let roles = assignment.roles_with_groups(s, &payload.user_id, group_ids, scope);
        roles.await.map(Some)
    }

    async fn catalog_for(
        &self,
        s: &mut Session,
        user_id: &UserId,
        scope: &ResolvedScope,
        config: &Config,
    ) -> Result<Option<Catalog>> {
        let project_id = match scope {
            ResolvedScope::Unscoped => return Ok(None),
            ResolvedScope::Project { id, .. } => Some(id),
            ResolvedScope::Domain(_) | ResolvedScope::System => None,
        };
        let urls = UrlContext {
            user_id,
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

/// Whether who vouched for a federated user is still there.
///
/// # Errors
/// 404 when the identity provider, or its protocol, is gone.
async fn check_provider(s: &mut Session, origin: &TokenOrigin) -> Result<()> {
    let TokenOrigin::Federated {
        idp_id,
        protocol_id,
        ..
    } = origin
    else {
        return Ok(());
    };
    match federation::protocol_exists(s, idp_id, protocol_id).await? {
        true => Ok(()),
        false => Err(Error::not_found(
            "federated protocol",
            format!("{protocol_id} of identity provider {idp_id}"),
        )),
    }
}

/// A user as tokens see it, whoever keeps it.
pub(super) async fn user_facts(
    s: &mut Session,
    id: &UserId,
    outsiders: &Outsiders,
) -> Result<Option<UserFacts>> {
    match outsiders.get(id) {
        Known::Insider => facts::user(s, id).await,
        Known::Outsider(user) => facts::outsider(s, user).await,
        Known::Gone => Ok(None),
    }
}

/// What a scope names, if it can be used.
///
/// # Errors
/// 404 when it is gone or disabled, or something else than the scope says.
pub(in crate::manager) async fn usable_scope(
    s: &mut Session,
    scope: &TokenScope,
) -> Result<ResolvedScope> {
    match scope {
        TokenScope::Unscoped => Ok(ResolvedScope::Unscoped),
        TokenScope::System => Ok(ResolvedScope::System),
        TokenScope::Project(id) => {
            let project = enabled_scope(s, id, "project").await?;
            if project.is_domain {
                // A domain's row can't be meant as a project, though it is one.
                return Err(Error::not_found("project", id));
            }
            Ok(ResolvedScope::Project {
                id: project.id,
                name: project.name,
                domain: project.domain,
            })
        }
        TokenScope::Domain(id) => {
            let domain = enabled_scope(s, &ProjectId::from(id.clone()), "domain").await?;
            if !domain.is_domain {
                return Err(Error::not_found("domain", id));
            }
            Ok(ResolvedScope::Domain(domain.domain))
        }
    }
}

async fn enabled_scope(s: &mut Session, id: &ProjectId, kind: &'static str) -> Result<ScopeFacts> {
    match facts::project(s, id).await? {
        Some(scope) if scope.enabled && scope.domain_enabled => Ok(scope),
        _ => Err(Error::not_found(kind, id)),
    }
}

/// Whether inactivity disables a user, who then reads disabled.
pub(super) fn is_inactive(user: &UserFacts, config: &Config, now: Timestamp) -> bool {
    !user.ignores_inactivity && has_been_away(user.last_active_at, user.created_at, config, now)
}

/// `None` unless an admin project is configured; a token then says whether it is for that one.
pub(in crate::manager) fn is_admin_project(scope: &ResolvedScope, config: &Config) -> Option<bool> {
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
