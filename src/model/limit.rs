//! Limits of resources.

use super::{DomainId, ProjectId, RegionId, ServiceId};

/// How much of a resource everybody may use whom no limit of its own says otherwise.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct RegisteredLimit {
    pub id: String,
    pub service_id: Option<ServiceId>,
    pub region_id: Option<RegionId>,
    pub resource_name: Option<String>,
    /// -1 stands for as much as there is.
    pub default_limit: i64,
    pub description: Option<String>,
}

/// How much of a resource a project or a domain may use, as the API shows it.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Limit {
    pub id: String,
    pub project_id: Option<ProjectId>,
    pub domain_id: Option<DomainId>,
    /// -1 stands for as much as there is.
    pub resource_limit: i64,
    pub description: Option<String>,
    pub service_id: Option<ServiceId>,
    pub region_id: Option<RegionId>,
    pub resource_name: Option<String>,
}

/// Whom a limit is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LimitHolder {
    Project(ProjectId),
    Domain(DomainId),
}

/// Whose limits a list shows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LimitScope {
    /// Everybody's.
    All,
    /// A domain's and its projects'.
    Domain(DomainId),
    /// A project's.
    Project(ProjectId),
    /// Nobody's.
    Nobody,
}
