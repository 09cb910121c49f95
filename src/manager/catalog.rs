//! Regions, services and endpoints.

mod endpoints;
mod regions;
mod services;
mod snapshot;
mod triples;
pub mod urls;

pub use endpoints::{EndpointChanges, NewEndpoint, RegionChoice};
pub use regions::RegionChanges;
pub use services::ServiceChanges;
pub use snapshot::CatalogCache;
pub use triples::{EndpointTriple, NewEndpointTriple};

use crate::app::App;
use crate::driver::sql::db::{Area, Session};
use crate::driver::sql::token::{
    self as facts, CatalogEndpointRow, CatalogRow, EndpointAssociations,
};
use crate::error::Result;
use crate::model::ProjectId;
use crate::model::token::{CatalogEndpoint, CatalogService};
use serde_json::Value;
use snapshot::CatalogSnapshot;
use std::sync::Arc;
use urls::UrlContext;

/// Regions, services and endpoints.
pub struct CatalogManager<'a> {
    app: &'a App,
}

impl<'a> CatalogManager<'a> {
    /// A view of the app.
    pub fn new(app: &'a App) -> Self {
        Self { app }
    }

    /// The catalog that a token shows: enabled services with the endpoints whose URLs can be filled.
    ///
    /// A project with endpoint associations sees only those, and no service without one.
    pub async fn for_token(
        &self,
        s: &mut Session,
        urls: &UrlContext<'_>,
        project: Option<&ProjectId>,
    ) -> Result<Vec<CatalogService>> {
        let snapshot = self.snapshot(s).await?;
        let Some(project) = project else {
            return Ok(assemble(&snapshot.rows, urls, |_, _| true));
        };
        let associations = if snapshot.has_associations {
            facts::endpoint_associations(s, project).await?
        } else {
            EndpointAssociations::default()
        };
        if associations.endpoint_ids.is_empty() && associations.group_filters.is_empty() {
            let config = self.app.config();
            return Ok(
                if config.endpoint_filter.return_all_endpoints_if_no_filter {
                    assemble(&snapshot.rows, urls, |_, _| true)
                } else {
                    Vec::new()
                },
            );
        }
        let mut services = assemble(&snapshot.rows, urls, |row, endpoint| {
            is_associated(&associations, row, endpoint)
        });
        services.retain(|service| !service.endpoints.is_empty());
        Ok(services)
    }

    /// The rows of the catalog, read again only when they may have changed.
    async fn snapshot(&self, s: &mut Session) -> Result<Arc<CatalogSnapshot>> {
        // Before the rows: what changes while they are read must not count as known.
        let version = self.app.db.versions().of(Area::Catalog);
        let now = self.app.clock.now();
        if let Some(snapshot) = self.app.catalogs.get(version, now) {
            return Ok(snapshot);
        }
        let rows = facts::catalog(s).await?;
        let has_associations = facts::any_endpoint_associations(s).await?;
        let snapshot = CatalogSnapshot::new(rows, has_associations, version, now);
        Ok(self.app.catalogs.keep(snapshot))
    }
}

/// Groups rows, which come service by service, and fills their URLs.
fn assemble(
    rows: &[CatalogRow],
    urls: &UrlContext<'_>,
    wanted: impl Fn(&CatalogRow, &CatalogEndpointRow) -> bool,
) -> Vec<CatalogService> {
    let mut services: Vec<CatalogService> = Vec::new();
    for row in rows {
        if services
            .last()
            .is_none_or(|service| service.id != row.service_id)
        {
            services.push(CatalogService {
                endpoints: Vec::new(),
                id: row.service_id.clone(),
                service_type: row.service_type.clone(),
                name: row
                    .service_extra
                    .get("name")
                    .and_then(Value::as_str)
                    .unwrap_or_default()
                    .to_owned(),
            });
        }
        let Some(endpoint) = row
            .endpoint
            .as_ref()
            .filter(|endpoint| wanted(row, endpoint))
        else {
            continue;
        };
        let (Some(url), Some(service)) = (urls.fill(&endpoint.url), services.last_mut()) else {
            continue;
        };
        let region = endpoint.region_id.as_deref().map(Into::into);
        service.endpoints.push(CatalogEndpoint {
            id: endpoint.id.as_str().into(),
            interface: endpoint.interface.clone(),
            region_id: region.clone(),
            url,
            region,
            extra: endpoint.extra.as_object().cloned().unwrap_or_default(),
        });
    }
    services
}

fn is_associated(
    associations: &EndpointAssociations,
    row: &CatalogRow,
    endpoint: &CatalogEndpointRow,
) -> bool {
    associations.endpoint_ids.contains(&endpoint.id)
        || associations.group_filters.iter().any(|filter| {
            filter.as_object().is_some_and(|filter| {
                filter.iter().all(|(attribute, value)| {
                    let actual = match attribute.as_str() {
                        "interface" => Some(endpoint.interface.as_str()),
                        "service_id" => Some(row.service_id.as_str()),
                        "region_id" => endpoint.region_id.as_deref(),
                        _ => None,
                    };
                    value.as_str() == actual && actual.is_some()
                })
            })
        })
}
