//! Regions, services and endpoints.

use super::{EndpointGroupId, EndpointId, RegionId, ServiceId};
use serde_json::{Map, Value};

/// A region; regions form a forest.
#[derive(Clone, Debug)]
pub struct Region {
    pub id: RegionId,
    pub description: String,
    pub parent_region_id: Option<RegionId>,
    pub extra: Map<String, Value>,
}

/// A service. Its `name` and `description` live in `extra`, as the database has them.
#[derive(Clone, Debug)]
pub struct Service {
    pub id: ServiceId,
    pub service_type: Option<String>,
    pub enabled: bool,
    pub extra: Map<String, Value>,
}

/// One address of a service.
#[derive(Clone, Debug)]
pub struct Endpoint {
    pub id: EndpointId,
    /// `public`, `internal` or `admin`.
    pub interface: String,
    pub service_id: ServiceId,
    pub region_id: Option<RegionId>,
    /// May hold `$(project_id)s`-style substitutions.
    pub url: String,
    pub enabled: bool,
    pub extra: Map<String, Value>,
}

/// Endpoints that have some attributes in common, to be shown to projects together.
#[derive(Clone, Debug)]
pub struct EndpointGroup {
    pub id: EndpointGroupId,
    pub name: String,
    pub description: Option<String>,
    /// Values of `interface`, `service_id` and `region_id` that an endpoint must have; a null wants none.
    pub filters: Map<String, Value>,
}
