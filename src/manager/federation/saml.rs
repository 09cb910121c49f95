//! Vouching for users to other clouds (Keystone to Keystone).

use super::FederationManager;
use crate::config::{Config, Saml};
use crate::crypto::saml::{self, Assertion, Contact, Metadata, Organization, Signer};
use crate::driver::sql::{identity, resource};
use crate::error::{Error, Result};
use crate::manager::delegation;
use crate::model::delegation::{Act, expiry};
use crate::model::federation::ServiceProvider;
use crate::model::token::{ResolvedScope, ValidToken};
use crate::model::{ProjectId, Secret, ServiceProviderId};
use serde_json::json;

impl FederationManager<'_> {
    /// A signed SAML response that tells a service provider who the user of a token is, and the
    /// provider.
    ///
    /// # Errors
    /// 404 when the provider is not there or the token no good; 403 when the provider is disabled, or
    /// the token is for no project or was handed on; 501 when this server is no SAML identity
    /// provider.
    pub async fn assertion(
        &self,
        id: &ServiceProviderId,
        token: &Secret,
    ) -> Result<(String, ServiceProvider)> {
        let provider = self.service_provider(id).await?;
        if !provider.enabled {
            return Err(Error::Forbidden(format!(
                "the service provider {id} is disabled"
            )));
        }
        let entry = self.app.token().subject(token.expose(), 0).await?;
        let config = self.app.config();
        // What was handed on must not become all that the user is.
        delegation::permit(&entry.token, Act::Rescope, &config)?;
        let assertion = self.assertion_of(&entry.token, &provider, &config).await?;
        let response = tokio::task::spawn_blocking(move || {
            let options = &config.saml;
            let signer = Signer::load(&options.keyfile, &options.certfile)?;
            assertion.response(&signer)
        });
        let response = response.await.map_err(Error::internal)??;
        Ok((response, provider))
    }

    async fn assertion_of(
        &self,
        token: &ValidToken,
        provider: &ServiceProvider,
        config: &Config,
    ) -> Result<Assertion> {
        let ResolvedScope::Project { name, domain, .. } = &token.scope else {
            return Err(Error::forbidden_action(
                "Only a project's token can be exchanged for a SAML assertion.",
            ));
        };
        let issuer = config.saml.idp_entity_id.clone().ok_or_else(|| {
            Error::NotImplemented(
                "This server is no SAML identity provider: [saml] idp_entity_id is not set."
                    .to_owned(),
            )
        })?;
        let now = self.app.clock.now().whole_seconds();
        let lifetime = config.saml.assertion_expiration_time;
        let mut attributes = vec![
            ("openstack_user", vec![token.user.name.clone()]),
            ("openstack_roles", token.role_names.clone()),
            ("openstack_project", vec![name.clone()]),
            ("openstack_project_domain", vec![domain.name.clone()]),
            (
                "openstack_user_domain",
                vec![token.user.domain.name.clone()],
            ),
        ];
        let groups = self.groups_for_others(token).await?;
        if !groups.is_empty() {
            attributes.push(("openstack_groups", groups));
        }
        Ok(Assertion {
            issuer,
            recipient: provider.sp_url.clone(),
            user_name: token.user.name.clone(),
            attributes,
            issued_at: now,
            // Nothing outlives what it was made from.
            expires_at: expiry(now.plus_seconds(lifetime), [Some(token.payload.expires_at)]),
        })
    }

    /// The groups of a token's user as the mapping engine of another Keystone reads them.
    async fn groups_for_others(&self, token: &ValidToken) -> Result<Vec<String>> {
        let ttl = self.app.config().federation.default_authorization_ttl;
        let now = self.app.clock.now();
        let s = &mut self.app.db.session().await?;
        let groups = identity::groups_of_user(s, &token.user.id, ttl, now).await?;
        let mut ids: Vec<ProjectId> = groups
            .iter()
            .map(|one| one.group.domain_id.clone().into())
            .collect();
        ids.sort_unstable();
        ids.dedup();
        let domains = resource::projects_by_ids(s, &ids).await?;
        let named = groups.iter().filter_map(|one| {
            let domain = domains
                .iter()
                .find(|domain| *domain.id == *one.group.domain_id)?;
            let group = json!({ "name": one.group.name, "domain": { "name": domain.name } });
            Some(format!("JSON:{group}"))
        });
        Ok(named.collect())
    }

    /// The metadata of this service as an identity provider, `[saml] idp_metadata_path`.
    ///
    /// # Errors
    /// 404 when there is no such file.
    pub async fn saml_metadata(&self) -> Result<String> {
        let config = self.app.config();
        let path = &config.saml.idp_metadata_path;
        tokio::fs::read_to_string(path).await.map_err(|error| {
            tracing::debug!(path = %path.display(), %error, "no SAML metadata to serve");
            Error::not_found("SAML metadata", "of this server")
        })
    }
}

/// The metadata that `[saml]` describes. Reads the certificate.
///
/// # Errors
/// 500, with a message for the operator, when an option or the certificate is missing.
pub fn new_metadata(options: &Saml) -> Result<String> {
    let required = |name: &str, value: &Option<String>| {
        value
            .clone()
            .ok_or_else(|| Error::internal(format!("[saml] {name} must be set")))
    };
    let entity_id = required("idp_entity_id", &options.idp_entity_id)?;
    let sign_on = required("idp_sso_endpoint", &options.idp_sso_endpoint)?;
    let metadata = Metadata {
        entity_id: &entity_id,
        sign_on: &sign_on,
        certificate: &saml::certificate(&options.certfile)?,
        organization: Organization {
            language: &options.idp_lang,
            name: &options.idp_organization_name,
            display_name: &options.idp_organization_display_name,
            url: &options.idp_organization_url,
        },
        contact: Contact {
            kind: &options.idp_contact_type,
            company: &options.idp_contact_company,
            given_name: &options.idp_contact_name,
            surname: &options.idp_contact_surname,
            email: &options.idp_contact_email,
            telephone: &options.idp_contact_telephone,
        },
    };
    Ok(metadata.document())
}
