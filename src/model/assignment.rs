//! Roles and who has them where.

use super::{DomainId, GroupId, ProjectId, RoleId, UserId};
use serde_json::{Map, Value};

/// What the `role.domain_id` column holds for a global role.
pub const NO_DOMAIN: &str = "<<null>>";

/// A role, global or domain-specific.
#[derive(Clone, Debug)]
pub struct Role {
    pub id: RoleId,
    pub name: String,
    /// `None` for a global role.
    pub domain_id: Option<DomainId>,
    pub description: Option<String>,
    /// Options by their API name: `immutable`.
    pub options: Map<String, Value>,
    pub extra: Map<String, Value>,
}

impl Role {
    /// Its members as answers show them, without links.
    pub fn attributes(&self) -> Map<String, Value> {
        let mut map = self.extra.clone();
        let mut set = |key: &str, value: Value| map.insert(key.to_owned(), value);
        set("id", Value::from(&self.id));
        set("name", Value::from(self.name.as_str()));
        set("domain_id", Value::from(self.domain_id.clone()));
        set("description", Value::from(self.description.clone()));
        set("options", Value::Object(self.options.clone()));
        map
    }

    /// Whether the `immutable` option protects it.
    pub fn is_immutable(&self) -> bool {
        self.options.get("immutable") == Some(&Value::Bool(true))
    }
}

/// What PATCH changes. `None` leaves a member as it is.
#[derive(Clone, Debug, Default)]
pub struct RoleChanges {
    pub name: Option<String>,
    pub description: Option<Option<String>>,
    /// Options to set; a null value removes the option.
    pub options: Option<Map<String, Value>>,
    pub extra: Map<String, Value>,
}

/// Who holds a role.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Actor {
    User(UserId),
    Group(GroupId),
}

impl Actor {
    /// The id, whichever kind it is of.
    pub fn id(&self) -> &str {
        match self {
            Self::User(id) => id,
            Self::Group(id) => id,
        }
    }
}

/// Where a role is held.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum AssignmentTarget {
    Project(ProjectId),
    Domain(DomainId),
    System,
}

impl AssignmentTarget {
    /// The id, whichever kind it is of. The system's is `system`, as the database has it.
    pub fn id(&self) -> &str {
        match self {
            Self::Project(id) => id,
            Self::Domain(id) => id,
            Self::System => "system",
        }
    }

    /// The project, or the domain as the project that it is, too; `None` for the system.
    pub fn as_project(&self) -> Option<ProjectId> {
        match self {
            Self::Project(id) => Some(id.clone()),
            Self::Domain(id) => Some(id.clone().into()),
            Self::System => None,
        }
    }
}

/// One row of `assignment` or `system_assignment`: exactly what was granted.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Assignment {
    pub actor: Actor,
    pub target: AssignmentTarget,
    pub role_id: RoleId,
    /// Applies to what is below the target instead of the target itself. Never for the system.
    pub inherited: bool,
}

/// `prior` implies `implied`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ImpliedRole {
    pub prior: RoleId,
    pub implied: RoleId,
}
