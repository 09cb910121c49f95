//! Tokenless authorization: a client certificate instead of a token, for one request.

use super::FederationManager;
use super::mapped::{apply, domain_id, group_ids, mapping_of};
use super::mapping::Assertion;
use crate::crypto::hex;
use crate::error::{Error, Result};
use crate::manager::auth::{RequestedScope, as_unauthorized};
use crate::manager::token::resolve::{is_admin_project, usable_scope};
use crate::model::federation::{MappedUser, UserKind};
use crate::model::token::{ResolvedScope, TokenScope};
use crate::model::{DomainId, IdpId, ProtocolId, UserId};
use aws_lc_rs::digest::{SHA256, digest};

/// Whom a client certificate stands for.
#[derive(Clone, Debug)]
pub struct CertificateCaller {
    /// The account; nobody's, when the mapping gives groups alone.
    pub user: Option<CertificateUser>,
    pub scope: ResolvedScope,
    /// Names of the roles there.
    pub role_names: Vec<String>,
    /// Whether the project is the configured admin project; `None` when none is configured.
    pub is_admin_project: Option<bool>,
}

/// The account that a client certificate stands for.
#[derive(Clone, Debug)]
pub struct CertificateUser {
    pub id: UserId,
    pub name: String,
    pub domain_id: DomainId,
}

impl FederationManager<'_> {
    /// Whom a certificate of an issuer stands for, by the mapping of the issuer's identity provider,
    /// whose id is made of the issuer's name.
    ///
    /// # Errors
    /// 400 when no rule of the mapping fits, or it names no user; 401 when the scope or the account
    /// is no good; 403 when the identity provider is disabled; 404 when it, its protocol, the mapping
    /// or the account is not there.
    pub async fn certificate_caller(
        &self,
        issuer: &str,
        assertion: &Assertion,
        scope: RequestedScope,
    ) -> Result<CertificateCaller> {
        let scope = self.certificate_scope(scope).await?;
        let protocol = ProtocolId::from(self.app.config().tokenless_auth.protocol.as_str());
        let mapped = {
            let s = &mut self.app.db.session().await?;
            apply(
                &mapping_of(s, &provider_of(issuer), &protocol).await?,
                assertion,
            )?
        };
        let user = match mapped.user.kind {
            UserKind::Ephemeral => None,
            UserKind::Local => Some(self.certificate_user(&mapped.user).await?),
        };
        let ids: Vec<&UserId> = user.iter().map(|user| &user.id).collect();
        let outsiders = &self.app.identity().outsiders(&ids).await?;
        let s = &mut self.app.db.session().await?;
        let scope = usable_scope(s, &scope).await.map_err(as_unauthorized)?;
        let assignment = self.app.assignment();
        let roles = match (&user, &scope) {
            (None, _) => {
                let groups = group_ids(s, &mapped).await?;
                assignment.roles_of_groups(s, &groups, &scope).await?
            }
            (Some(user), ResolvedScope::Project { id, .. }) => {
                assignment
                    .roles_on_project(s, (&user.id, outsiders), id)
                    .await?
            }
            (Some(user), ResolvedScope::Domain(domain)) => {
                assignment
                    .roles_on_domain(s, (&user.id, outsiders), &domain.id)
                    .await?
            }
            (Some(_), ResolvedScope::Unscoped | ResolvedScope::System) => Vec::new(),
        };
        Ok(CertificateCaller {
            user,
            is_admin_project: is_admin_project(&scope, &self.app.config()),
            scope,
            role_names: roles.into_iter().map(|role| role.name).collect(),
        })
    }

    async fn certificate_scope(&self, scope: RequestedScope) -> Result<TokenScope> {
        let auth = self.app.auth();
        Ok(match scope {
            RequestedScope::Project(id) => TokenScope::Project(id),
            RequestedScope::ProjectByName { name, domain } => {
                TokenScope::Project(auth.project_named(&name, domain).await?)
            }
            RequestedScope::Domain(domain) => TokenScope::Domain(auth.domain(domain).await?),
            RequestedScope::Default
            | RequestedScope::Unscoped
            | RequestedScope::System
            | RequestedScope::Trust(_) => {
                return Err(Error::bad_request(
                    "A client certificate is good for a project or a domain.",
                ));
            }
        })
    }

    /// The account that a mapping names, by id, or by name and domain.
    async fn certificate_user(&self, mapped: &MappedUser) -> Result<CertificateUser> {
        let identity = self.app.identity();
        let user = match (&mapped.id, &mapped.name, &mapped.domain) {
            (Some(id), _, _) => identity.user(&UserId::from(id.as_str())).await?,
            (None, Some(name), Some(domain)) => {
                let domain = domain_id(&mut self.app.db.session().await?, domain).await?;
                let domain = domain.ok_or_else(names_no_user)?;
                identity.user_by_name(&domain, name).await?
            }
            _ => return Err(names_no_user()),
        };
        let user = identity.enabled(user).await?;
        Ok(CertificateUser {
            id: user.id,
            name: user.name,
            domain_id: user.domain_id,
        })
    }
}

fn names_no_user() -> Error {
    Error::bad_request("The mapping names no user by id, or by name and domain.")
}

/// The identity provider of an issuer is called by the SHA-256 of the issuer's name.
fn provider_of(issuer: &str) -> IdpId {
    IdpId::from(hex(digest(&SHA256, issuer.as_bytes()).as_ref()))
}
