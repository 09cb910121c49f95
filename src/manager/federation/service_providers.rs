//! Service providers.

use super::{FederationManager, check_id};
use crate::driver::sql::db::{Area, Session};
use crate::driver::sql::federation as sql;
use crate::error::{Error, Result};
use crate::manager::identity::check_length;
use crate::model::ServiceProviderId;
use crate::model::federation::ServiceProvider;

/// What a PATCH of a service provider changes.
#[derive(Clone, Debug, Default)]
pub struct ServiceProviderChanges {
    pub auth_url: Option<String>,
    pub enabled: Option<bool>,
    pub description: Option<Option<String>>,
    pub relay_state_prefix: Option<String>,
    pub sp_url: Option<String>,
}

impl FederationManager<'_> {
    /// All service providers.
    pub async fn service_providers(&self) -> Result<Vec<ServiceProvider>> {
        sql::service_providers(&mut self.app.db.session().await?).await
    }

    /// A service provider.
    ///
    /// # Errors
    /// 404.
    pub async fn service_provider(&self, id: &ServiceProviderId) -> Result<ServiceProvider> {
        existing(&mut self.app.db.session().await?, id).await
    }

    /// Creates a service provider.
    ///
    /// # Errors
    /// 400 when the id or the prefix is too long; 409 when there is one of the id.
    pub async fn create_service_provider(&self, provider: &ServiceProvider) -> Result<()> {
        check_id(&provider.id)?;
        check_prefix(&provider.relay_state_prefix)?;
        self.app
            .db
            .transaction(|s| {
                Box::pin(async move { sql::insert_service_provider(s, provider).await })
            })
            .await
            .map_err(|error| {
                error
                    .or_conflict(|| format!("There is a service provider {} already.", provider.id))
            })
    }

    /// Changes a service provider, and returns what it has become.
    ///
    /// # Errors
    /// 404; 400 when the prefix is too long.
    pub async fn update_service_provider(
        &self,
        id: &ServiceProviderId,
        changes: &ServiceProviderChanges,
    ) -> Result<ServiceProvider> {
        check_prefix(changes.relay_state_prefix.as_deref().unwrap_or_default())?;
        self.app
            .db
            .transaction(|s| {
                Box::pin(async move {
                    s.take_turn(Area::Federation).await?;
                    let mut provider = existing(s, id).await?;
                    if let Some(url) = &changes.auth_url {
                        provider.auth_url.clone_from(url);
                    }
                    if let Some(enabled) = changes.enabled {
                        provider.enabled = enabled;
                    }
                    if let Some(description) = &changes.description {
                        provider.description.clone_from(description);
                    }
                    if let Some(prefix) = &changes.relay_state_prefix {
                        provider.relay_state_prefix.clone_from(prefix);
                    }
                    if let Some(url) = &changes.sp_url {
                        provider.sp_url.clone_from(url);
                    }
                    sql::update_service_provider(s, &provider).await?;
                    Ok(provider)
                })
            })
            .await
    }

    /// Deletes a service provider.
    ///
    /// # Errors
    /// 404.
    pub async fn delete_service_provider(&self, id: &ServiceProviderId) -> Result<()> {
        self.app
            .db
            .transaction(|s| {
                Box::pin(async move {
                    s.take_turn(Area::Federation).await?;
                    match sql::delete_service_provider(s, id).await? {
                        true => Ok(()),
                        false => Err(Error::not_found("service provider", id)),
                    }
                })
            })
            .await
    }
}

fn check_prefix(prefix: &str) -> Result<()> {
    check_length("relay_state_prefix", prefix, 256)
}

async fn existing(s: &mut Session, id: &ServiceProviderId) -> Result<ServiceProvider> {
    sql::service_provider(s, id)
        .await?
        .ok_or_else(|| Error::not_found("service provider", id))
}
