//! Endpoints: where services are.

use super::{CatalogManager, regions, urls};
use crate::driver::sql::catalog as sql;
use crate::driver::sql::db::{Area, Session};
use crate::error::{Error, Result};
use crate::model::event::{Event, ResourceKind};
use crate::model::list::{ListHints, Page};
use crate::model::{Endpoint, EndpointId, Region, RegionId, ServiceId};
use serde_json::{Map, Value};

/// Which region a request puts an endpoint in.
#[derive(Clone, Debug, Default)]
pub enum RegionChoice {
    /// It says nothing.
    #[default]
    Unsaid,
    /// In none.
    Nowhere,
    /// In one that must exist.
    Existing(RegionId),
    /// By the member `region` of older clients: in one that is made when it does not exist.
    MadeOnDemand(RegionId),
}

/// An endpoint to be.
#[derive(Clone, Debug)]
pub struct NewEndpoint {
    pub interface: String,
    pub service_id: ServiceId,
    pub region: RegionChoice,
    pub url: String,
    pub enabled: bool,
    pub extra: Map<String, Value>,
}

/// What a PATCH changes.
#[derive(Clone, Debug, Default)]
pub struct EndpointChanges {
    pub interface: Option<String>,
    pub service_id: Option<ServiceId>,
    pub region: RegionChoice,
    pub url: Option<String>,
    pub enabled: Option<bool>,
    pub extra: Map<String, Value>,
}

impl CatalogManager<'_> {
    /// A page of endpoints. Filters: `interface`, `service_id`, `region_id`.
    pub async fn endpoints(&self, hints: &ListHints) -> Result<Page<Endpoint>> {
        if let Some(templates) = self.templates() {
            return Ok(templates.endpoints(hints));
        }
        sql::endpoints(&mut self.app.db.session().await?, hints).await
    }

    /// The endpoint, if there is one.
    pub async fn find_endpoint(&self, id: &EndpointId) -> Result<Option<Endpoint>> {
        if let Some(templates) = self.templates() {
            return Ok(templates.endpoint(id));
        }
        sql::endpoint(&mut self.app.db.session().await?, id).await
    }

    /// Creates an endpoint.
    ///
    /// # Errors
    /// 400 when its URL is a template that could never be filled, or its service or region does not
    /// exist.
    pub async fn create_endpoint(&self, new: &NewEndpoint) -> Result<Endpoint> {
        self.check_stored()?;
        check_template(&new.url)?;
        let id = &EndpointId::random();
        self.app
            .db
            .transaction(|s| {
                Box::pin(async move {
                    let endpoint = Endpoint {
                        id: id.clone(),
                        interface: new.interface.clone(),
                        service_id: existing_service(s, &new.service_id).await?,
                        region_id: region(s, &new.region).await?.flatten(),
                        url: new.url.clone(),
                        enabled: new.enabled,
                        extra: new.extra.clone(),
                    };
                    sql::insert_endpoint(s, &endpoint).await?;
                    s.notify(Event::created(ResourceKind::Endpoint, id));
                    Ok(endpoint)
                })
            })
            .await
    }

    /// Changes an endpoint, and returns what it has become. The URL is not checked: one that is no
    /// valid template drops out of the tokens' catalogs.
    ///
    /// # Errors
    /// 404 when it does not exist, 400 when its new service or region does not.
    pub async fn update_endpoint(
        &self,
        id: &EndpointId,
        changes: &EndpointChanges,
    ) -> Result<Endpoint> {
        self.check_stored()?;
        self.app
            .db
            .transaction(|s| Box::pin(async move { update(s, id, changes).await }))
            .await
    }

    /// Deletes an endpoint.
    ///
    /// # Errors
    /// 404 when it does not exist.
    pub async fn delete_endpoint(&self, id: &EndpointId) -> Result<()> {
        self.check_stored()?;
        self.app
            .db
            .transaction(|s| {
                Box::pin(async move {
                    s.take_turn(Area::Catalog).await?;
                    if !sql::delete_endpoint(s, id).await? {
                        return Err(Error::not_found("endpoint", id));
                    }
                    s.notify(Event::deleted(ResourceKind::Endpoint, id));
                    Ok(())
                })
            })
            .await
    }
}

async fn update(s: &mut Session, id: &EndpointId, changes: &EndpointChanges) -> Result<Endpoint> {
    s.take_turn(Area::Catalog).await?;
    let found = sql::endpoint(s, id).await?;
    let mut endpoint = found.ok_or_else(|| Error::not_found("endpoint", id))?;
    if let Some(service_id) = &changes.service_id {
        endpoint.service_id = existing_service(s, service_id).await?;
    }
    if let Some(region_id) = region(s, &changes.region).await? {
        endpoint.region_id = region_id;
    }
    if let Some(interface) = &changes.interface {
        endpoint.interface.clone_from(interface);
    }
    if let Some(url) = &changes.url {
        endpoint.url.clone_from(url);
    }
    endpoint.enabled = changes.enabled.unwrap_or(endpoint.enabled);
    endpoint.extra.extend(changes.extra.clone());
    sql::update_endpoint(s, &endpoint).await?;
    s.notify(Event::updated(ResourceKind::Endpoint, id));
    Ok(endpoint)
}

/// 400 for a URL that could never be filled.
pub(super) fn check_template(url: &str) -> Result<()> {
    if urls::is_valid_template(url) {
        return Ok(());
    }
    Err(Error::bad_request(
        "The url is no valid template: names stand as $(name)s or %(name)s, and only \
         project_id, tenant_id, user_id, public_endpoint and compute_host are known; a \
         percent sign is written %%.",
    ))
}

/// A missing reference in a body is the body's fault: 400, not 404.
pub(super) async fn existing_service(s: &mut Session, id: &ServiceId) -> Result<ServiceId> {
    let found = sql::service(s, id).await?.map(|service| service.id);
    found.ok_or_else(|| Error::bad_request(format!("service_id names no service: {id}.")))
}

/// The region that was chosen; `None` when nothing was said.
pub(super) async fn region(
    s: &mut Session,
    choice: &RegionChoice,
) -> Result<Option<Option<RegionId>>> {
    match choice {
        RegionChoice::Unsaid => Ok(None),
        RegionChoice::Nowhere => Ok(Some(None)),
        RegionChoice::Existing(id) => match sql::region(s, id).await? {
            Some(region) => Ok(Some(Some(region.id))),
            None => Err(Error::bad_request(format!(
                "region_id names no region: {id}."
            ))),
        },
        RegionChoice::MadeOnDemand(id) => {
            if let Some(region) = sql::region(s, id).await? {
                return Ok(Some(Some(region.id)));
            }
            let region = Region {
                id: id.clone(),
                description: String::new(),
                parent_region_id: None,
                extra: Map::new(),
            };
            regions::create(s, &region).await?;
            Ok(Some(Some(region.id)))
        }
    }
}
