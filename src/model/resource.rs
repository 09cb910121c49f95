//! Projects and domains. A domain is a project row with `is_domain` true.

use super::{DomainId, ProjectId};
use serde_json::{Map, Value};

/// The id that stands as `domain_id` of every domain row, and the id of the hidden row itself.
pub const ROOT_DOMAIN: &str = "<<keystone.domain.root>>";

/// A project, or a domain seen as one.
#[derive(Clone, Debug)]
pub struct Project {
    pub id: ProjectId,
    pub name: String,
    /// `None` for a domain.
    pub domain_id: Option<DomainId>,
    /// `None` for a domain; the domain's id for a project directly below it.
    pub parent_id: Option<ProjectId>,
    pub is_domain: bool,
    pub description: Option<String>,
    pub enabled: bool,
    pub tags: Vec<String>,
    /// Options by their API name: `immutable`.
    pub options: Map<String, Value>,
    pub extra: Map<String, Value>,
}

impl Project {
    /// The domain that names, users and policy see: its own id for a domain.
    pub fn owning_domain(&self) -> DomainId {
        self.domain_id
            .clone()
            .unwrap_or_else(|| self.id.clone().into())
    }

    /// Whether the `immutable` option protects it.
    pub fn is_immutable(&self) -> bool {
        self.options.get("immutable") == Some(&Value::Bool(true))
    }
}

/// What PATCH changes. `None` leaves a member as it is.
#[derive(Clone, Debug, Default)]
pub struct ProjectChanges {
    pub name: Option<String>,
    pub description: Option<Option<String>>,
    pub enabled: Option<bool>,
    /// Replaces all tags.
    pub tags: Option<Vec<String>>,
    /// Options to set; a null value removes the option.
    pub options: Option<Map<String, Value>>,
    /// Members to set in `extra`.
    pub extra: Map<String, Value>,
}
