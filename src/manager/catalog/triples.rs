//! Endpoints as v2.0 sees them: the public, internal and admin URL of a service in a region are one.

use super::endpoints::{check_template, existing_service, region};
use super::{CatalogManager, RegionChoice};
use crate::driver::sql::catalog as sql;
use crate::driver::sql::db::Session;
use crate::error::{Error, Result};
use crate::model::event::{Event, ResourceKind};
use crate::model::list::ListHints;
use crate::model::{Endpoint, EndpointId, RegionId, ServiceId};
use serde_json::{Map, Value};
use std::collections::HashMap;

/// An endpoint of v2.0.
#[derive(Clone, Debug)]
pub struct EndpointTriple {
    /// What v2.0 made it with; of one that v3 made, the id of its public endpoint.
    pub id: String,
    pub service_id: ServiceId,
    pub region_id: Option<RegionId>,
    pub enabled: bool,
    /// Interface and URL.
    pub urls: Vec<(String, String)>,
    pub extra: Map<String, Value>,
}

/// An endpoint of v2.0 to be.
#[derive(Clone, Debug)]
pub struct NewEndpointTriple {
    pub service_id: ServiceId,
    /// Made when there is none.
    pub region_id: Option<RegionId>,
    /// Interface and URL, each interface once.
    pub urls: Vec<(&'static str, String)>,
    pub enabled: bool,
    pub extra: Map<String, Value>,
}

impl CatalogManager<'_> {
    /// All endpoints by v2.0's measure. Those that v3 made belong together by service and region,
    /// and count only with a public one among them.
    pub async fn endpoint_triples(&self) -> Result<Vec<EndpointTriple>> {
        let legacy = match self.templates() {
            Some(_) => HashMap::new(),
            None => sql::legacy_endpoint_ids(&mut self.app.db.session().await?).await?,
        };
        let page = self.endpoints(&ListHints::default()).await?;
        let mut triples: Vec<(EndpointTriple, bool)> = Vec::new();
        for endpoint in page.items {
            let made_as = legacy.get(&endpoint.id);
            let same = triples
                .iter_mut()
                .find(|(triple, is_legacy)| match made_as {
                    Some(id) => *is_legacy && triple.id == *id,
                    None => {
                        !is_legacy
                            && triple.service_id == endpoint.service_id
                            && triple.region_id == endpoint.region_id
                    }
                });
            match same {
                Some((triple, _)) => add(triple, endpoint, made_as.is_some()),
                None => triples.push((first(endpoint, made_as), made_as.is_some())),
            }
        }
        let has_public =
            |triple: &EndpointTriple| triple.urls.iter().any(|(known, _)| known == "public");
        Ok(triples
            .into_iter()
            .filter(|(triple, is_legacy)| *is_legacy || has_public(triple))
            .map(|(triple, _)| triple)
            .collect())
    }

    /// Makes an endpoint for each URL, and returns the id under which v2.0 knows them.
    ///
    /// # Errors
    /// 400 for a URL that could never be filled, or an unknown service.
    pub async fn create_endpoint_triple(&self, new: &NewEndpointTriple) -> Result<String> {
        self.check_stored()?;
        for (_, url) in &new.urls {
            check_template(url)?;
        }
        let id = &String::from(EndpointId::random());
        self.app
            .db
            .transaction(|s| Box::pin(async move { insert(s, id, new).await }))
            .await?;
        Ok(id.clone())
    }

    /// Deletes what v2.0 made under an id.
    ///
    /// # Errors
    /// 404 when it made nothing under it.
    pub async fn delete_endpoint_triple(&self, id: &str) -> Result<()> {
        self.check_stored()?;
        self.app
            .db
            .transaction(|s| {
                Box::pin(async move {
                    let deleted = sql::delete_legacy_endpoints(s, id).await?;
                    if deleted.is_empty() {
                        return Err(Error::not_found("endpoint", id));
                    }
                    for id in &deleted {
                        s.notify(Event::deleted(ResourceKind::Endpoint, id));
                    }
                    Ok(())
                })
            })
            .await
    }
}

async fn insert(s: &mut Session, id: &str, new: &NewEndpointTriple) -> Result<()> {
    let service_id = existing_service(s, &new.service_id).await?;
    let choice = match &new.region_id {
        Some(id) => RegionChoice::MadeOnDemand(id.clone()),
        None => RegionChoice::Nowhere,
    };
    let region_id = region(s, &choice).await?.flatten();
    for (interface, url) in &new.urls {
        let endpoint = Endpoint {
            id: EndpointId::random(),
            interface: (*interface).to_owned(),
            service_id: service_id.clone(),
            region_id: region_id.clone(),
            url: url.clone(),
            enabled: new.enabled,
            extra: new.extra.clone(),
        };
        sql::insert_endpoint(s, &endpoint).await?;
        sql::mark_legacy_endpoint(s, &endpoint.id, id).await?;
        s.notify(Event::created(ResourceKind::Endpoint, &endpoint.id));
    }
    Ok(())
}

/// What the endpoints of v3 have in `extra` may differ between them, so v2.0 does not show it.
fn first(endpoint: Endpoint, made_as: Option<&String>) -> EndpointTriple {
    EndpointTriple {
        id: made_as.cloned().unwrap_or_else(|| endpoint.id.to_string()),
        service_id: endpoint.service_id,
        region_id: endpoint.region_id,
        enabled: endpoint.enabled,
        urls: vec![(endpoint.interface, endpoint.url)],
        extra: match made_as {
            Some(_) => endpoint.extra,
            None => Map::new(),
        },
    }
}

fn add(triple: &mut EndpointTriple, endpoint: Endpoint, is_legacy: bool) {
    if !is_legacy && endpoint.interface == "public" {
        triple.id = endpoint.id.to_string();
    }
    triple.urls.push((endpoint.interface, endpoint.url));
}
