//! Limits of resources.

use super::{DomainId, ProjectId, RegionId, ServiceId};

/// How much of a resource a project or a domain may use, as the API shows it.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Limit {
    pub id: String,
    pub project_id: Option<ProjectId>,
    pub domain_id: Option<DomainId>,
    pub resource_limit: i64,
    pub description: Option<String>,
    pub service_id: Option<ServiceId>,
    pub region_id: Option<RegionId>,
    pub resource_name: Option<String>,
}
