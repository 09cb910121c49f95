//! Identity providers, and the domains that are made for them.

use super::{FederationManager, check_id, existing_provider};
use crate::driver::sql::db::Area;
use crate::driver::sql::federation as sql;
use crate::driver::sql::resource;
use crate::error::{Error, Result};
use crate::model::event::{Event, ResourceKind};
use crate::model::federation::IdentityProvider;
use crate::model::{DomainId, IdpId, Project, ProjectId};
use serde_json::Map;

/// What a PATCH of an identity provider changes.
#[derive(Clone, Debug, Default)]
pub struct IdentityProviderChanges {
    pub enabled: Option<bool>,
    pub description: Option<Option<String>>,
    /// Takes the place of all that it had.
    pub remote_ids: Option<Vec<String>>,
    pub authorization_ttl: Option<Option<i64>>,
}

impl FederationManager<'_> {
    /// All identity providers.
    pub async fn identity_providers(&self) -> Result<Vec<IdentityProvider>> {
        sql::identity_providers(&mut self.app.db.session().await?).await
    }

    /// An identity provider.
    ///
    /// # Errors
    /// 404.
    pub async fn identity_provider(&self, id: &IdpId) -> Result<IdentityProvider> {
        existing_provider(&mut self.app.db.session().await?, id).await
    }

    /// Creates an identity provider. Without a domain it gets one of its own, which is named by its
    /// id.
    ///
    /// # Errors
    /// 400 when the id is too long; 404 when there is no such domain; 409 when the id or a remote id is taken.
    pub async fn create_identity_provider(
        &self,
        mut provider: IdentityProvider,
        domain: Option<DomainId>,
    ) -> Result<IdentityProvider> {
        check_id(&provider.id)?;
        let own = domain.is_none().then(|| domain_of(&provider.id));
        provider.domain_id = match (&own, domain) {
            (Some(own), _) => DomainId::from(own.id.clone()),
            (None, given) => given.unwrap_or(provider.domain_id),
        };
        let (stored, own) = (&provider, &own);
        self.app
            .db
            .transaction(|s| {
                Box::pin(async move {
                    if let Some(own) = own {
                        resource::insert_project(s, own).await?;
                        s.notify(Event::created(ResourceKind::Domain, &own.id));
                    } else if resource::domain(s, &stored.domain_id).await?.is_none() {
                        return Err(Error::not_found("domain", &stored.domain_id));
                    }
                    sql::insert_identity_provider(s, stored).await
                })
            })
            .await
            .map_err(|error| {
                error
                    .or_conflict(|| format!("There is an identity provider {} already.", stored.id))
            })?;
        Ok(provider)
    }

    /// Changes an identity provider, and returns what it has become.
    ///
    /// # Errors
    /// 404; 409 when a remote id is another's.
    pub async fn update_identity_provider(
        &self,
        id: &IdpId,
        changes: &IdentityProviderChanges,
    ) -> Result<IdentityProvider> {
        self.app
            .db
            .transaction(|s| {
                Box::pin(async move {
                    s.take_turn(Area::Federation).await?;
                    let mut provider = existing_provider(s, id).await?;
                    if let Some(enabled) = changes.enabled {
                        provider.enabled = enabled;
                    }
                    if let Some(description) = &changes.description {
                        provider.description.clone_from(description);
                    }
                    if let Some(remote_ids) = &changes.remote_ids {
                        provider.remote_ids.clone_from(remote_ids);
                    }
                    if let Some(ttl) = changes.authorization_ttl {
                        provider.authorization_ttl = ttl;
                    }
                    sql::update_identity_provider(s, &provider).await?;
                    Ok(provider)
                })
            })
            .await
    }

    /// Deletes an identity provider with its protocols, and the users who are known by nothing else.
    /// Its domain stays.
    ///
    /// # Errors
    /// 404.
    pub async fn delete_identity_provider(&self, id: &IdpId) -> Result<()> {
        let identity = self.app.identity();
        let identity = &identity;
        self.app
            .db
            .transaction(|s| {
                Box::pin(async move {
                    s.take_turn(Area::Federation).await?;
                    for user in sql::user_ids_known_only_by(s, id, None).await? {
                        identity.forget_user_in(s, &user).await?;
                    }
                    match sql::delete_identity_provider(s, id).await? {
                        true => Ok(()),
                        false => Err(Error::not_found("identity provider", id)),
                    }
                })
            })
            .await
    }
}

/// A new domain for an identity provider's users.
fn domain_of(id: &IdpId) -> Project {
    let domain_id = ProjectId::random();
    Project {
        name: domain_id.to_string(),
        id: domain_id,
        domain_id: None,
        parent_id: None,
        is_domain: true,
        description: Some(format!("Users of the identity provider {id}")),
        enabled: true,
        tags: Vec::new(),
        options: Map::new(),
        extra: Map::new(),
    }
}
