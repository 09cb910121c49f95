//! A catalog from a file: `[catalog] driver = templated` of old releases.
//!
//! Lines of the form `catalog.<region>.<service type>.<key> = <value>` are read, all others are
//! remarks. A key that ends in `URL` is an endpoint of the interface before it (`publicURL`), the others
//! are attributes of the service (`name`). Underscores in a service type stand for dashes.

use super::sql::token::{CatalogEndpointRow, CatalogRow};
use crate::model::list::{ListHints, Page};
use crate::model::{Endpoint, Region, RegionId, Service};
use serde_json::{Map, Value};
use std::path::Path;

/// What the file describes. Services are called by their type, endpoints by where they are.
#[derive(Clone, Debug, Default)]
pub struct TemplatedCatalog {
    regions: Vec<Region>,
    services: Vec<Service>,
    endpoints: Vec<Endpoint>,
}

impl TemplatedCatalog {
    /// Reads a file. Blocking I/O.
    ///
    /// # Errors
    /// What is wrong with it, for the operator.
    pub fn load(path: &Path) -> Result<Self, String> {
        let text = std::fs::read_to_string(path)
            .map_err(|error| format!("{}: {error}", path.display()))?;
        Self::parse(&text).map_err(|error| format!("{}: {error}", path.display()))
    }

    fn parse(text: &str) -> Result<Self, String> {
        let mut catalog = Self::default();
        for (number, line) in (1..).zip(text.lines()) {
            let Some((key, value)) = line.trim().split_once(" = ") else {
                continue;
            };
            let Some(path) = key.trim().strip_prefix("catalog.") else {
                continue;
            };
            let [region, service_type, attribute] = path.split('.').collect::<Vec<_>>()[..] else {
                return Err(format!(
                    "line {number}: {key} is not catalog.<region>.<service type>.<key>"
                ));
            };
            catalog.add(
                region,
                &service_type.replace('_', "-"),
                attribute,
                value.trim(),
            );
        }
        catalog.regions.sort_by(|a, b| a.id.cmp(&b.id));
        catalog.services.sort_by(|a, b| a.id.cmp(&b.id));
        catalog.endpoints.sort_by(|a, b| a.id.cmp(&b.id));
        Ok(catalog)
    }

    fn add(&mut self, region: &str, service_type: &str, attribute: &str, value: &str) {
        if !self.regions.iter().any(|known| *known.id == *region) {
            self.regions.push(Region {
                id: region.into(),
                description: String::new(),
                parent_region_id: None,
                extra: Map::new(),
            });
        }
        let place = match self.services.iter().position(|it| *it.id == *service_type) {
            Some(place) => place,
            None => {
                self.services.push(Service {
                    id: service_type.into(),
                    service_type: Some(service_type.to_owned()),
                    enabled: true,
                    extra: Map::from_iter([("name".to_owned(), Value::from(""))]),
                });
                self.services.len() - 1
            }
        };
        let Some(interface) = attribute.strip_suffix("URL") else {
            let extra = &mut self.services[place].extra;
            extra.insert(attribute.to_owned(), Value::from(value));
            return;
        };
        let id = format!("{region}-{service_type}-{interface}").into();
        // What is said last holds.
        self.endpoints.retain(|endpoint| endpoint.id != id);
        self.endpoints.push(Endpoint {
            id,
            interface: interface.to_owned(),
            service_id: service_type.into(),
            region_id: Some(region.into()),
            url: value.to_owned(),
            enabled: true,
            extra: Map::new(),
        });
    }

    /// A page of regions in order of id. Filters: `parent_region_id`, which no region has.
    pub fn regions(&self, hints: &ListHints) -> Page<Region> {
        let parent = |region: &Region| region.parent_region_id.as_ref().map(RegionId::to_string);
        page(
            &self.regions,
            hints,
            |region| &region.id,
            |region, _| parent(region),
        )
    }

    /// A page of services in order of id. Filters: `type`, `name`.
    pub fn services(&self, hints: &ListHints) -> Page<Service> {
        page(
            &self.services,
            hints,
            |service| &service.id,
            |service, attribute| match attribute {
                "type" => service.service_type.clone(),
                name => service
                    .extra
                    .get(name)
                    .and_then(Value::as_str)
                    .map(str::to_owned),
            },
        )
    }

    /// A page of endpoints in order of id. Filters: `interface`, `service_id`, `region_id`.
    pub fn endpoints(&self, hints: &ListHints) -> Page<Endpoint> {
        page(
            &self.endpoints,
            hints,
            |endpoint| &endpoint.id,
            |endpoint, attribute| match attribute {
                "interface" => Some(endpoint.interface.clone()),
                "service_id" => Some(endpoint.service_id.to_string()),
                _ => endpoint.region_id.as_ref().map(RegionId::to_string),
            },
        )
    }

    /// The region with this id.
    pub fn region(&self, id: &str) -> Option<Region> {
        self.regions
            .iter()
            .find(|region| *region.id == *id)
            .cloned()
    }

    /// The service with this id.
    pub fn service(&self, id: &str) -> Option<Service> {
        self.services
            .iter()
            .find(|service| *service.id == *id)
            .cloned()
    }

    /// The endpoint with this id.
    pub fn endpoint(&self, id: &str) -> Option<Endpoint> {
        self.endpoints
            .iter()
            .find(|endpoint| *endpoint.id == *id)
            .cloned()
    }

    /// As the tokens' catalogs are made of: service by service, each with its endpoints.
    pub fn rows(&self) -> Vec<CatalogRow> {
        let mut rows = Vec::new();
        for service in &self.services {
            let row = |endpoint| CatalogRow {
                service_id: service.id.clone(),
                service_type: service.service_type.clone(),
                service_extra: Value::Object(service.extra.clone()),
                endpoint,
            };
            let theirs = self
                .endpoints
                .iter()
                .filter(|it| it.service_id == service.id);
            let before = rows.len();
            rows.extend(theirs.map(|endpoint| {
                row(Some(CatalogEndpointRow {
                    id: endpoint.id.to_string(),
                    interface: endpoint.interface.clone(),
                    url: endpoint.url.clone(),
                    region_id: endpoint.region_id.as_ref().map(RegionId::to_string),
                    extra: Value::Object(Map::new()),
                }))
            }));
            if rows.len() == before {
                rows.push(row(None));
            }
        }
        rows
    }
}

/// The page of elements, which are in order of id, that pass the filters.
fn page<T: Clone>(
    all: &[T],
    hints: &ListHints,
    id: impl Fn(&T) -> &str,
    text: impl Fn(&T, &str) -> Option<String>,
) -> Page<T> {
    let passes = |item: &&T| {
        hints
            .filters
            .iter()
            .all(|filter| text(item, filter.attribute).is_some_and(|value| filter.matches(&value)))
    };
    let follows = |item: &&T| {
        hints
            .marker
            .as_deref()
            .is_none_or(|marker| id(item) > marker)
    };
    let items = all.iter().filter(follows).filter(passes).cloned().collect();
    Page::cut(items, hints.limit)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::list::{Comparator, Filter};

    const FILE: &str = "# remarks = stay remarks\n\
        catalog.RegionOne.object_store.publicURL = http://one/AUTH_$(tenant_id)s?a = b\n\
        catalog.RegionOne.object_store.name = Objects\n\
        catalog.RegionOne.object_store.publicURL = http://two\n\
        catalog.RegionTwo.object_store.adminURL = http://three\n\
        other.RegionOne.x.publicURL = http://no\n\
        catalog.RegionOne.empty.name = Nothing yet\n";

    #[test]
    fn a_file_becomes_regions_services_and_endpoints() {
        let catalog = TemplatedCatalog::parse(FILE).unwrap();
        let all = ListHints::default();
        let ids = |ids: Vec<String>| ids.join(" ");
        let regions = catalog.regions(&all).items;
        assert_eq!(
            ids(regions.iter().map(|it| it.id.to_string()).collect()),
            "RegionOne RegionTwo"
        );
        let services = catalog.services(&all).items;
        assert_eq!(
            ids(services.iter().map(|it| it.id.to_string()).collect()),
            "empty object-store"
        );
        assert_eq!(services[1].extra["name"], "Objects");
        let endpoint = catalog.endpoint("RegionOne-object-store-public").unwrap();
        assert_eq!(endpoint.url, "http://two");
        assert_eq!(catalog.endpoints(&all).items.len(), 2);
    }

    #[test]
    fn a_line_without_all_its_parts_is_named() {
        for line in ["catalog.R.name = x", "catalog.R.s.t.publicURL = x"] {
            let error = TemplatedCatalog::parse(&format!("\n{line}\n")).unwrap_err();
            assert!(error.contains("line 2"), "{error}");
        }
    }

    #[test]
    fn pages_are_filtered_and_go_on_behind_their_marker() {
        let catalog = TemplatedCatalog::parse(FILE).unwrap();
        let filtered = ListHints {
            filters: vec![Filter {
                attribute: "interface",
                comparator: Comparator::Equals,
                case_insensitive: false,
                value: "admin".to_owned(),
            }],
            ..ListHints::default()
        };
        let admin = catalog.endpoints(&filtered).items;
        assert_eq!(admin.len(), 1);
        assert_eq!(*admin[0].id, *"RegionTwo-object-store-admin");
        let one = |marker: Option<&str>| {
            let hints = ListHints {
                limit: Some(1),
                marker: marker.map(str::to_owned),
                ..ListHints::default()
            };
            catalog.services(&hints)
        };
        assert!(one(None).truncated);
        let second = one(Some("empty"));
        assert_eq!((second.items.len(), second.truncated), (1, false));
    }

    #[test]
    fn a_service_without_endpoints_is_a_row_of_its_own() {
        let rows = TemplatedCatalog::parse(FILE).unwrap().rows();
        let shown: Vec<_> = rows
            .iter()
            .map(|row| (row.service_id.as_str(), row.endpoint.is_some()))
            .collect();
        assert_eq!(
            shown,
            [
                ("empty", false),
                ("object-store", true),
                ("object-store", true)
            ]
        );
    }
}
