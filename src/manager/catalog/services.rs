//! Services.

use super::CatalogManager;
use crate::driver::sql::catalog as sql;
use crate::driver::sql::db::Area;
use crate::error::{Error, Result};
use crate::model::event::{Event, ResourceKind};
use crate::model::list::{ListHints, Page};
use crate::model::{Service, ServiceId};
use serde_json::{Map, Value};

/// What a PATCH changes.
#[derive(Clone, Debug, Default)]
pub struct ServiceChanges {
    pub service_type: Option<String>,
    pub enabled: Option<bool>,
    pub extra: Map<String, Value>,
}

impl CatalogManager<'_> {
    /// A page of services. Filters: `type`, `name`.
    pub async fn services(&self, hints: &ListHints) -> Result<Page<Service>> {
        if let Some(templates) = self.templates() {
            return Ok(templates.services(hints));
        }
        sql::services(&mut self.app.db.session().await?, hints).await
    }

    /// The service, if there is one.
    pub async fn find_service(&self, id: &ServiceId) -> Result<Option<Service>> {
        if let Some(templates) = self.templates() {
            return Ok(templates.service(id));
        }
        sql::service(&mut self.app.db.session().await?, id).await
    }

    /// Creates a service.
    pub async fn create_service(&self, service: &Service) -> Result<()> {
        self.check_stored()?;
        self.app
            .db
            .transaction(|s| {
                Box::pin(async move {
                    sql::insert_service(s, service).await?;
                    s.notify(Event::created(ResourceKind::Service, &service.id));
                    Ok(())
                })
            })
            .await
    }

    /// Changes a service, and returns what it has become.
    ///
    /// # Errors
    /// 404 when it does not exist.
    pub async fn update_service(
        &self,
        id: &ServiceId,
        changes: &ServiceChanges,
    ) -> Result<Service> {
        self.check_stored()?;
        self.app
            .db
            .transaction(|s| {
                Box::pin(async move {
                    s.take_turn(Area::Catalog).await?;
                    let found = sql::service(s, id).await?;
                    let mut service = found.ok_or_else(|| Error::not_found("service", id))?;
                    if let Some(service_type) = &changes.service_type {
                        service.service_type = Some(service_type.clone());
                    }
                    service.enabled = changes.enabled.unwrap_or(service.enabled);
                    service.extra.extend(changes.extra.clone());
                    sql::update_service(s, &service).await?;
                    s.notify(Event::updated(ResourceKind::Service, id));
                    Ok(service)
                })
            })
            .await
    }

    /// Deletes a service and its endpoints.
    ///
    /// # Errors
    /// 404 when it does not exist.
    pub async fn delete_service(&self, id: &ServiceId) -> Result<()> {
        self.check_stored()?;
        self.app
            .db
            .transaction(|s| {
                Box::pin(async move {
                    s.take_turn(Area::Catalog).await?;
                    if !sql::delete_service(s, id).await? {
                        return Err(Error::not_found("service", id));
                    }
                    s.notify(Event::deleted(ResourceKind::Service, id));
                    Ok(())
                })
            })
            .await
    }
}
