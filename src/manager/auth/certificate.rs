//! OAuth2 clients who authenticate by certificates (RFC 8705): a user whose certificate a mapping
//! finds to be the user's own.

use super::AuthManager;
use crate::crypto::client_certificate::ClientCertificate;
use crate::error::{Error, Result};
use crate::manager::federation::mapping::{Assertion, Rules, Version};
use crate::manager::token::TokenEntry;
use crate::model::federation::MappedUser;
use crate::model::token::{TokenOrigin, TokenPayload, TokenScope};
use crate::model::{MappingId, Project, User, UserId};
use crate::token::audit_id;
use std::sync::Arc;

/// The method of tokens that are bound to a certificate.
pub const CERTIFICATE_METHOD: &str = "oauth2_credential";

impl AuthManager<'_> {
    /// A token for the default project of a user, which is bound to the user's certificate and ends
    /// with it.
    ///
    /// # Errors
    /// 401 when the certificate is not the user's, or either is no good, or the project is gone or
    /// disabled.
    pub async fn authenticate_certificate(
        &self,
        user_id: &UserId,
        certificate: &ClientCertificate,
    ) -> Result<(String, Arc<TokenEntry>)> {
        let outcome = self.certified(user_id, certificate).await;
        let metrics = &self.app.metrics;
        metrics.authentication(CERTIFICATE_METHOD, outcome.is_ok());
        self.app.token().issue(outcome?).await
    }

    async fn certified(
        &self,
        user_id: &UserId,
        certificate: &ClientCertificate,
    ) -> Result<TokenPayload> {
        let now = self.app.clock.now().whole_seconds();
        if certificate.not_after <= now {
            return Err(Error::unauthorized("the client certificate has ended"));
        }
        let user = self.app.identity().find_user(user_id).await?;
        let user = user.ok_or_else(|| Error::unauthorized("there is no such client"))?;
        let domain = self.app.resource().domain(&user.domain_id).await?;
        let mapped = self.user_of(certificate).await?;
        check_same(&mapped, &user, &domain)?;
        let project = user
            .default_project_id
            .ok_or_else(|| Error::unauthorized(format!("user {user_id} has no default project")))?;
        Ok(TokenPayload {
            user_id: user.id,
            methods: vec![CERTIFICATE_METHOD.to_owned()],
            issued_at: now,
            expires_at: self.app.token().end(now, [Some(certificate.not_after)]),
            audit_ids: audit_id::for_new_token(None),
            scope: TokenScope::Project(project),
            origin: TokenOrigin::OAuth2 {
                thumbprint: certificate.thumbprint.clone(),
            },
        })
    }

    /// Whom the configured mapping sees in a certificate.
    async fn user_of(&self, certificate: &ClientCertificate) -> Result<MappedUser> {
        let id = MappingId::from(self.app.config().oauth2.oauth2_cert_dn_mapping_id.as_str());
        let refused = |why| Error::unauthorized(format!("mapping {id}: {why}"));
        let mapping = self.app.federation().find_mapping(&id).await?;
        let mapping = mapping.ok_or_else(|| refused("there is none".to_owned()))?;
        let names = certificate.names.iter();
        let assertion = Assertion::new(names.map(|(name, value)| (&**name, &**value)));
        // Keystone applies it as one of version 1.0, whatever it is.
        let mapped = Rules::read(&mapping.rules, Version::V1)
            .and_then(|rules| rules.apply(&assertion))
            .map_err(|error| refused(error.to_string()))?;
        Ok(mapped.user)
    }
}

/// Fails unless the user is the one whom the mapping names, in all that it says of it. A mapping that
/// names nobody would let everybody in as anybody.
fn check_same(mapped: &MappedUser, user: &User, domain: &Project) -> Result<()> {
    let email = user.extra.get("email").and_then(|email| email.as_str());
    let mapped_domain = mapped.domain.clone().unwrap_or_default();
    let pairs = [
        ("id", &mapped.id, Some(user.id.as_str())),
        ("name", &mapped.name, Some(user.name.as_str())),
        ("email", &mapped.email, email),
        ("domain id", &mapped_domain.id, Some(domain.id.as_str())),
        (
            "domain name",
            &mapped_domain.name,
            Some(domain.name.as_str()),
        ),
    ];
    for (what, mapped, own) in pairs {
        if mapped.is_some() && mapped.as_deref() != own {
            let why = format!(
                "the certificate is for another {what} than user {}'s",
                user.id
            );
            return Err(Error::unauthorized(why));
        }
    }
    if mapped.id.is_none() && mapped.name.is_none() {
        return Err(Error::unauthorized("the mapping names no user"));
    }
    Ok(())
}
