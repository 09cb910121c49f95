//! The identity service's own entry in the catalog.

use super::{BootstrapRequest, new_id};
use crate::driver::sql::catalog;
use crate::driver::sql::db::Session;
use crate::error::Result;
use crate::model::event::{Event, ResourceKind};
use crate::model::list::{Comparator, Filter, ListHints};
use crate::model::{Endpoint, Region, RegionId, Service, ServiceId};
use serde_json::{Map, Value};

const SERVICE_TYPE: &str = "identity";

/// Makes the region, the service and its endpoints; endpoints that are there get their new URL.
pub(super) async fn make(s: &mut Session, request: &BootstrapRequest) -> Result<()> {
    let region_id = request.region_id.as_deref().map(RegionId::from);
    if let Some(id) = &region_id
        && catalog::region(s, id).await?.is_none()
    {
        let region = Region {
            id: id.clone(),
            description: String::new(),
            parent_region_id: None,
            extra: Map::new(),
        };
        catalog::insert_region(s, &region).await?;
        s.notify(Event::created(ResourceKind::Region, &region.id));
    }
    if request.urls.is_empty() {
        return Ok(());
    }
    let service_id = find_or_make_service(s, &request.service_name).await?;
    let mut known = vec![equals("service_id", &service_id)];
    known.extend(region_id.as_deref().map(|id| equals("region_id", id)));
    let hints = ListHints {
        filters: known,
        ..ListHints::default()
    };
    let endpoints = catalog::endpoints(s, &hints).await?.items;
    for (interface, url) in &request.urls {
        match endpoints
            .iter()
            .find(|endpoint| endpoint.interface == *interface)
        {
            Some(endpoint) if endpoint.url == *url => {}
            Some(endpoint) => {
                let moved = Endpoint {
                    url: url.clone(),
                    ..endpoint.clone()
                };
                catalog::update_endpoint(s, &moved).await?;
                s.notify(Event::updated(ResourceKind::Endpoint, &moved.id));
            }
            None => {
                let endpoint = Endpoint {
                    id: new_id().into(),
                    interface: (*interface).to_owned(),
                    service_id: service_id.clone(),
                    region_id: region_id.clone(),
                    url: url.clone(),
                    enabled: true,
                    extra: Map::new(),
                };
                catalog::insert_endpoint(s, &endpoint).await?;
                s.notify(Event::created(ResourceKind::Endpoint, &endpoint.id));
            }
        }
    }
    Ok(())
}

async fn find_or_make_service(s: &mut Session, name: &str) -> Result<ServiceId> {
    let hints = ListHints {
        filters: vec![equals("type", SERVICE_TYPE)],
        ..ListHints::default()
    };
    if let Some(service) = catalog::services(s, &hints).await?.items.into_iter().next() {
        return Ok(service.id);
    }
    let mut extra = Map::new();
    extra.insert("name".to_owned(), Value::from(name));
    let service = Service {
        id: new_id().into(),
        service_type: Some(SERVICE_TYPE.to_owned()),
        enabled: true,
        extra,
    };
    catalog::insert_service(s, &service).await?;
    s.notify(Event::created(ResourceKind::Service, &service.id));
    Ok(service.id)
}

fn equals(attribute: &'static str, value: &str) -> Filter {
    Filter {
        attribute,
        comparator: Comparator::Equals,
        case_insensitive: false,
        value: value.to_owned(),
    }
}
