//! Configuration of single domains.

use serde_json::Value;

/// Which part of a domain's configuration is meant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ConfigPlace {
    /// All of it.
    Whole,
    /// A group.
    Group(String),
    /// An option of a group.
    Option { group: String, option: String },
}

impl ConfigPlace {
    /// Group and option, as far as they are said.
    pub fn names(&self) -> (Option<&str>, Option<&str>) {
        match self {
            Self::Whole => (None, None),
            Self::Group(group) => (Some(group), None),
            Self::Option { group, option } => (Some(group), Some(option)),
        }
    }
}

/// One option of a domain.
#[derive(Clone, PartialEq)]
pub struct ConfigOption {
    pub group: String,
    pub option: String,
    pub value: Value,
}

impl std::fmt::Debug for ConfigOption {
    /// Without the value, which may be a password.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "[{}] {}", self.group, self.option)
    }
}
