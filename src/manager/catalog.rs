//! Regions, services and endpoints.

mod endpoint_filter;
mod endpoints;
mod regions;
mod services;
mod snapshot;
mod templated;
mod triples;
pub mod urls;

pub use endpoint_filter::EndpointGroupChanges;
pub use endpoints::{EndpointChanges, NewEndpoint, RegionChoice};
pub use regions::RegionChanges;
pub use services::ServiceChanges;
pub use snapshot::CatalogCache;
pub use triples::{EndpointTriple, NewEndpointTriple};

use crate::app::App;
use crate::driver::sql::catalog as sql;
use crate::driver::sql::db::{Area, Session};
use crate::driver::sql::token::{
    self as facts, CatalogEndpointRow, CatalogRow, EndpointAssociations,
};
use crate::error::Result;
use crate::model::ProjectId;
use crate::model::list::ListHints;
use crate::model::token::{Catalog, CatalogEndpoint, CatalogService};
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
    ) -> Result<Catalog> {
        let snapshot = self.snapshot(s).await?;
        let whole = || snapshot.whole(urls, || assemble(&snapshot.rows, urls, |_, _| true));
        let Some(project) = project else {
            return whole();
        };
        let associations = if snapshot.has_associations {
            facts::endpoint_associations(s, project).await?
        } else {
            EndpointAssociations::default()
        };
        let is_shown = |row: &CatalogRow| {
            let endpoint = row.endpoint.as_ref();
            endpoint.is_some_and(|endpoint| is_associated(&associations, row, endpoint))
        };
        if !snapshot.rows.iter().any(is_shown)
            && !self.has_disabled(s, project, &associations).await?
        {
            let config = self.app.config();
            return if config.endpoint_filter.return_all_endpoints_if_no_filter {
                whole()
            } else {
                Catalog::new(&[])
            };
        }
        let mut services = assemble(&snapshot.rows, urls, |row, endpoint| {
            is_associated(&associations, row, endpoint)
        });
        services.retain(|service| !service.endpoints.is_empty());
        Catalog::new(&services)
    }

    /// Whether a project is associated with endpoints, although none of them is enabled: such a
    /// project sees an empty catalog, while associations with nothing at all narrow nothing.
    async fn has_disabled(
        &self,
        s: &mut Session,
        project: &ProjectId,
        associations: &EndpointAssociations,
    ) -> Result<bool> {
        if associations.endpoint_ids.is_empty() && associations.group_filters.is_empty() {
            return Ok(false);
        }
        let one = ListHints {
            limit: Some(1),
            ..ListHints::default()
        };
        let page = sql::endpoints_of_project(s, project, &one).await?;
        Ok(!page.items.is_empty())
    }

    /// The rows of the catalog, read again only when they may have changed.
    async fn snapshot(&self, s: &mut Session) -> Result<Arc<CatalogSnapshot>> {
        // Before the rows: what changes while they are read must not count as known.
        let version = self.app.db.versions().of(Area::Catalog);
        let now = self.app.clock.now();
        if let Some(snapshot) = self.app.catalogs.get(version, now) {
            return Ok(snapshot);
        }
        let (rows, has_associations) = match self.templates() {
            Some(templates) => (templates.rows(), false),
            None => facts::catalog(s).await?,
        };
        Ok(self.app.catalogs.keep(rows, has_associations, version, now))
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
                    // A null selects what has none; only endpoints' regions can be absent.
                    match value {
                        Value::Null => actual.is_none() && attribute == "region_id",
                        value => actual.is_some() && value.as_str() == actual,
                    }
                })
            })
        })
}
