//! The mapping engine: the rules of a mapping, applied to what an identity provider, or a client
//! certificate, says of somebody. Pure; it knows no database.
//!
//! Each rule whose `remote` conditions all hold adds its `local` entries. The conditions that have no
//! `any_one_of` or `not_any_of` give values, which `{0}`, `{1}`, … of the entries stand for.

mod conditions;
mod text;

use crate::model::GroupId;
use crate::model::federation::{
    MappedDomain, MappedGroup, MappedProject, MappedProperties, MappedUser, UserKind,
};
use conditions::{Condition, Effort};
use serde::Deserialize;
use serde_json::Value;
use std::collections::{HashMap, HashSet};
use std::fmt;
use std::hash::Hash;
use text::Expander;

/// How many groups somebody can have by a mapping; each is looked up.
const MOST_GROUPS: usize = 5_000;

/// Why a mapping says nothing of somebody.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MappingError {
    /// The assertion is not one that the rules are for.
    #[error("no rule of the mapping fits")]
    NoMatch,
    /// The rules can't be used, or not with this assertion.
    #[error("the mapping can't be applied: {0}")]
    Unusable(String),
}

impl MappingError {
    fn unusable(why: impl Into<String>) -> Self {
        Self::Unusable(why.into())
    }
}

type Result<T> = std::result::Result<T, MappingError>;

/// What somebody says of a user: attributes, each with one value or several.
#[derive(Clone, Default)]
pub struct Assertion(HashMap<String, Vec<String>>);

impl Assertion {
    /// From variables; a semicolon separates the values of one.
    pub fn new<'v>(variables: impl IntoIterator<Item = (&'v str, &'v str)>) -> Self {
        let values = |text: &str| text.split(';').map(str::to_owned).collect();
        let attributes = variables.into_iter();
        Self(
            attributes
                .map(|(name, text)| (name.to_owned(), values(text)))
                .collect(),
        )
    }

    /// An attribute as it came, several values with semicolons between them.
    pub fn text(&self, attribute: &str) -> Option<String> {
        Some(self.values(attribute)?.join(";"))
    }

    fn values(&self, attribute: &str) -> Option<&[String]> {
        self.0.get(attribute).map(Vec::as_slice)
    }
}

/// Shows names only: what they say is nobody's business.
impl fmt::Debug for Assertion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

/// Versions of the rules, which have a schema each.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Version {
    /// `1.0`
    V1,
    /// `2.0`: the domain of an entry is that of its user and projects, unless they name one.
    V2,
    /// `3.0`: projects may come from the assertion, as JSON.
    V3,
}

impl Version {
    /// The version of a name.
    pub fn named(name: &str) -> Option<Self> {
        match name {
            "1.0" => Some(Self::V1),
            "2.0" => Some(Self::V2),
            "3.0" => Some(Self::V3),
            _ => None,
        }
    }
}

/// Rules that can be applied.
#[derive(Clone, Debug)]
pub struct Rules {
    rules: Vec<Rule>,
    version: Version,
}

#[derive(Clone, Debug, Deserialize)]
struct Rule {
    local: Vec<Local>,
    remote: Vec<Condition>,
}

/// What a rule gives; every text in it may hold placeholders.
#[derive(Clone, Debug, Default, Deserialize)]
struct Local {
    user: Option<LocalUser>,
    group: Option<LocalGroup>,
    groups: Option<String>,
    group_ids: Option<String>,
    projects: Option<Vec<MappedProject>>,
    projects_json: Option<String>,
    domain: Option<MappedDomain>,
}

#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
struct LocalUser {
    id: Option<String>,
    name: Option<String>,
    email: Option<String>,
    domain: Option<MappedDomain>,
    #[serde(rename = "type")]
    kind: Option<String>,
}

#[derive(Clone, Debug, Deserialize)]
struct LocalGroup {
    id: Option<String>,
    name: Option<String>,
    domain: Option<MappedDomain>,
}

impl Rules {
    /// Reads rules, whose schema was checked when they were stored.
    ///
    /// # Errors
    /// [`MappingError::Unusable`] when they are none all the same.
    pub fn read(rules: &Value, version: Version) -> Result<Self> {
        let rules = Vec::<Rule>::deserialize(rules)
            .map_err(|error| MappingError::unusable(error.to_string()))?;
        Ok(Self { rules, version })
    }

    /// What the rules make of an assertion.
    ///
    /// Takes time and memory in proportion to rules and assertion, up to a bound beyond which it
    /// gives up.
    ///
    /// # Errors
    /// [`MappingError::NoMatch`] when no rule fits; [`MappingError::Unusable`] when one that fits has
    /// placeholders without a value, groups without a domain, or expressions that can't be decided.
    pub fn apply(&self, assertion: &Assertion) -> Result<MappedProperties> {
        let mut effort = Effort::default();
        let mut expander = Expander::default();
        let mut entries = Vec::new();
        for rule in &self.rules {
            let Some(values) = conditions::values_of(&rule.remote, assertion, &mut effort)? else {
                continue;
            };
            expander.set_values(values);
            for local in &rule.local {
                entries.push(self.expanded(local, &mut expander)?);
            }
        }
        if entries.is_empty() {
            return Err(MappingError::NoMatch);
        }
        self.together(entries)
    }

    /// An entry with the values in the places of its placeholders.
    fn expanded(&self, local: &Local, expander: &mut Expander) -> Result<Entry> {
        let mut projects = match &local.projects {
            Some(projects) => Some(expander.projects(projects)?),
            None => None,
        };
        if let (Version::V3, Some(place)) = (self.version, &local.projects_json) {
            let given = expander.projects_of_json(place)?;
            projects.get_or_insert_default().extend(given);
        }
        let user = match &local.user {
            Some(user) => Some(expanded_user(user, expander)?),
            None => None,
        };
        let group = match &local.group {
            Some(group) => Some(LocalGroup {
                id: expander.optional(group.id.as_deref())?,
                name: expander.optional(group.name.as_deref())?,
                domain: expander.domain(group.domain.as_ref())?,
            }),
            None => None,
        };
        Ok(Entry {
            user,
            group,
            groups: expander.list(local.groups.as_deref())?,
            group_ids: expander.list(local.group_ids.as_deref())?,
            projects,
            domain: expander.domain(local.domain.as_ref())?,
        })
    }

    /// All entries as one: the first user counts, the groups of all, the projects of the last that
    /// has any.
    fn together(&self, entries: Vec<Entry>) -> Result<MappedProperties> {
        let mut group_ids = Once::default();
        let mut group_names = Once::default();
        let mut mapped = MappedProperties::default();
        let mut user = None;
        let mut last_domain = None;
        for entry in entries {
            if user.is_none() {
                user = entry.user.filter(|user| *user != LocalUser::default());
            }
            if let Some(group) = entry.group {
                match (group.id, group.name) {
                    (Some(id), _) => group_ids.push(GroupId::from(id)),
                    (None, Some(name)) => {
                        let domain = group.domain.unwrap_or_default();
                        group_names.push(MappedGroup { name, domain });
                    }
                    (None, None) => {}
                }
            }
            for name in entry.groups.iter().flatten() {
                group_names.push(named_group(name, entry.domain.as_ref())?);
            }
            for id in entry.group_ids.into_iter().flatten() {
                group_ids.push(GroupId::from(id));
            }
            if let Some(mut projects) = entry.projects {
                if self.version >= Version::V2 {
                    for project in &mut projects {
                        let own = project.domain.take();
                        project.domain = own.or_else(|| entry.domain.clone());
                    }
                }
                mapped.projects = projects;
            }
            last_domain = entry.domain;
        }
        if group_ids.items.len() + group_names.items.len() > MOST_GROUPS {
            return Err(MappingError::unusable("it gives too many groups"));
        }
        mapped.group_ids = group_ids.items;
        mapped.group_names = group_names.items;
        let user = user.unwrap_or_default();
        mapped.user = MappedUser {
            kind: kind_of(user.kind.as_deref())?,
            id: user.id,
            name: user.name,
            email: user.email,
            domain: match self.version {
                Version::V1 => user.domain,
                Version::V2 | Version::V3 => user.domain.or(last_domain),
            },
        };
        Ok(mapped)
    }
}

/// A [`Local`] without placeholders.
struct Entry {
    user: Option<LocalUser>,
    group: Option<LocalGroup>,
    groups: Option<Vec<String>>,
    group_ids: Option<Vec<String>>,
    projects: Option<Vec<MappedProject>>,
    domain: Option<MappedDomain>,
}

fn expanded_user(user: &LocalUser, expander: &mut Expander) -> Result<LocalUser> {
    Ok(LocalUser {
        id: expander.optional(user.id.as_deref())?,
        name: expander.optional(user.name.as_deref())?,
        email: expander.optional(user.email.as_deref())?,
        domain: expander.domain(user.domain.as_ref())?,
        kind: user.kind.clone(),
    })
}

fn kind_of(name: Option<&str>) -> Result<UserKind> {
    match name {
        None | Some("ephemeral") => Ok(UserKind::Ephemeral),
        Some("local") => Ok(UserKind::Local),
        Some(_) => Err(MappingError::unusable("a user is ephemeral or local")),
    }
}

/// A group of a list. Other clouds send theirs as JSON, each with its domain.
fn named_group(text: &str, domain: Option<&MappedDomain>) -> Result<MappedGroup> {
    if let Some(json) = text.strip_prefix("JSON:") {
        return serde_json::from_str(json)
            .map_err(|_| MappingError::unusable("a group's JSON has no name or no domain"));
    }
    let domain = domain.ok_or_else(|| {
        MappingError::unusable("'groups' need a 'domain' beside them, or one of their own")
    })?;
    Ok(MappedGroup {
        name: text.to_owned(),
        domain: domain.clone(),
    })
}

/// Items in the order in which they came, each once.
struct Once<T> {
    items: Vec<T>,
    seen: HashSet<T>,
}

impl<T> Default for Once<T> {
    fn default() -> Self {
        Self {
            items: Vec::new(),
            seen: HashSet::new(),
        }
    }
}

impl<T: Clone + Eq + Hash> Once<T> {
    fn push(&mut self, item: T) {
        if self.seen.insert(item.clone()) {
            self.items.push(item);
        }
    }
}

#[cfg(test)]
mod tests;
