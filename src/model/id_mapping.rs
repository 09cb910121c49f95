//! Under which id something that another directory keeps is known here.

use super::DomainId;

/// What a mapping is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum EntityType {
    User,
    Group,
}

impl EntityType {
    /// As the database and messages name it.
    pub fn name(self) -> &'static str {
        match self {
            Self::User => "user",
            Self::Group => "group",
        }
    }

    /// The type with a name.
    pub fn named(name: &str) -> Option<Self> {
        [Self::User, Self::Group]
            .into_iter()
            .find(|kind| kind.name() == name)
    }
}

/// A user or group of a domain by the id that its directory gives it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct LocalEntity {
    pub domain_id: DomainId,
    pub local_id: String,
    pub entity_type: EntityType,
}
