//! New projects and domains.

use super::{Kind, ResourceManager, check_name, name_taken};
use crate::config::Config;
use crate::config::EnforcementModel;
use crate::driver::sql::db::Session;
use crate::driver::sql::resource as sql;
use crate::error::{Error, Result};
use crate::manager::identity::{check_length, is_single_domain};
use crate::model::event::Event;
use crate::model::{DomainId, Project, ProjectId};
use serde_json::{Map, Value};

/// Width of `project.name`.
const LONGEST_NAME: usize = 64;

/// What POST makes a project of.
#[derive(Clone, Debug)]
pub struct NewProject {
    /// The id, where the client may choose it, as in v2.0.
    pub id: Option<ProjectId>,
    pub name: String,
    /// Absent for a domain only.
    pub domain_id: Option<DomainId>,
    /// Absent for a project directly below its domain.
    pub parent_id: Option<ProjectId>,
    /// Makes a domain; one must not name a domain or a parent then.
    pub is_domain: bool,
    pub description: Option<String>,
    pub enabled: bool,
    pub tags: Vec<String>,
    pub options: Map<String, Value>,
    pub extra: Map<String, Value>,
}

/// What POST makes a domain of.
#[derive(Clone, Debug)]
pub struct NewDomain {
    /// The id, when the client chooses it: 32 lower-case hex digits.
    pub id: Option<String>,
    pub name: String,
    pub description: Option<String>,
    pub enabled: bool,
    pub tags: Vec<String>,
    pub options: Map<String, Value>,
    pub extra: Map<String, Value>,
}

impl ResourceManager<'_> {
    /// Makes a project, or a domain when it says `is_domain`.
    ///
    /// # Errors
    /// 400 when domain or parent is unknown, they contradict each other, or anything above would be
    /// disabled; 400 for a name against the rules; 403 when the tree would be too deep; 409 when the
    /// name is taken.
    pub async fn create_project(&self, new: NewProject) -> Result<Project> {
        if new.is_domain && (new.domain_id.is_some() || new.parent_id.is_some()) {
            return Err(Error::bad_request(
                "A project that acts as a domain can have neither 'domain_id' nor 'parent_id'.",
            ));
        }
        if !new.is_domain && new.domain_id.is_none() {
            return Err(Error::bad_request("A project needs its 'domain_id'."));
        }
        let parent_id = match (new.parent_id, &new.domain_id) {
            (None, Some(domain)) => Some(ProjectId::from(domain.clone())),
            (given, _) => given,
        };
        self.store(Project {
            id: new.id.unwrap_or_else(ProjectId::random),
            name: new.name,
            domain_id: new.domain_id,
            parent_id,
            is_domain: new.is_domain,
            description: new.description,
            enabled: new.enabled,
            tags: new.tags,
            options: new.options,
            extra: new.extra,
        })
        .await
    }

    /// Makes a domain.
    ///
    /// # Errors
    /// 400 for an id or name against the rules; 409 when the name or the id is taken.
    pub async fn create_domain(&self, new: NewDomain) -> Result<Project> {
        let id = match new.id {
            Some(id) if is_plain_uuid(&id) => ProjectId::from(id),
            Some(_) => {
                return Err(Error::bad_request(
                    "'explicit_domain_id' must be 32 lower-case hexadecimal digits.",
                ));
            }
            None => ProjectId::random(),
        };
        self.store(Project {
            id,
            name: new.name,
            domain_id: None,
            parent_id: None,
            is_domain: true,
            description: new.description,
            enabled: new.enabled,
            tags: new.tags,
            options: new.options,
            extra: new.extra,
        })
        .await
    }

    async fn store(&self, mut project: Project) -> Result<Project> {
        let kind = Kind::of(&project);
        project.name = project.name.trim().to_owned();
        if kind == Kind::Domain && is_single_domain(&self.app.config()) {
            return Err(Error::bad_request(
                "A directory keeps the users of all domains, so there can be no other domain.",
            ));
        }
        project.options.retain(|_, value| !value.is_null());
        let (this, stored) = (self, &project);
        self.app
            .db
            .transaction(|s| Box::pin(async move { this.store_in(s, stored).await }))
            .await
            .map_err(|error| error.or_conflict(|| name_taken(kind, &project.name)))?;
        Ok(project)
    }

    async fn store_in(&self, s: &mut Session, project: &Project) -> Result<()> {
        let config = self.app.config();
        let kind = Kind::of(project);
        check_name(kind, &project.name, &config)?;
        if let (Some(domain), Some(parent)) = (&project.domain_id, &project.parent_id) {
            check_place(s, domain, parent, &config).await?;
        }
        sql::insert_project(s, project).await?;
        s.notify(Event::created(kind.event_kind(), &project.id));
        Ok(())
    }

    /// The project of this name directly below a domain, which is made when there is none, as part of
    /// the caller's transaction.
    ///
    /// # Errors
    /// As [`create_project`](Self::create_project), but for a taken name, which is
    /// [`Error::DuplicateKey`].
    pub async fn ensure_project_in(
        &self,
        s: &mut Session,
        domain: &DomainId,
        name: &str,
    ) -> Result<Project> {
        let name = name.trim();
        // Where clients name a project, its schema says so.
        if name.is_empty() {
            return Err(Error::bad_request("A project needs a name."));
        }
        check_length("name", name, LONGEST_NAME)?;
        if let Some(found) = sql::project_by_name(s, domain, name).await? {
            return Ok(found);
        }
        let project = Project {
            id: ProjectId::random(),
            name: name.to_owned(),
            domain_id: Some(domain.clone()),
            parent_id: Some(domain.clone().into()),
            is_domain: false,
            description: Some(String::new()),
            enabled: true,
            tags: Vec::new(),
            options: Map::new(),
            extra: Map::new(),
        };
        self.store_in(s, &project).await?;
        Ok(project)
    }
}

/// Whether a project fits into a domain below a parent.
async fn check_place(
    s: &mut Session,
    domain: &DomainId,
    parent: &ProjectId,
    config: &Config,
) -> Result<()> {
    if sql::domain(s, domain).await?.is_none() {
        return Err(Error::bad_request(format!("There is no domain {domain}.")));
    }
    let Some(found) = sql::project(s, parent).await? else {
        return Err(Error::bad_request(format!("There is no project {parent}.")));
    };
    if found.owning_domain() != *domain {
        return Err(Error::bad_request(format!(
            "The parent {parent} does not belong to the domain {domain}."
        )));
    }
    let above = sql::ancestors(s, parent).await?;
    if let Some(disabled) = above.iter().find(|ancestor| !ancestor.enabled) {
        return Err(Error::bad_request(format!(
            "No project can be made below {}, which is disabled.",
            disabled.id
        )));
    }
    if above.len() as u64 > deepest_level(config) {
        return Err(Error::forbidden_action(format!(
            "The tree of projects below {parent} can't become deeper."
        )));
    }
    Ok(())
}

/// How many levels of projects there may be below a domain.
fn deepest_level(config: &Config) -> u64 {
    let depth = u64::try_from(config.default.max_project_tree_depth).unwrap_or(0);
    match config.unified_limit.enforcement_model {
        EnforcementModel::Flat => depth,
        EnforcementModel::StrictTwoLevel => depth.min(2),
    }
}

fn is_plain_uuid(id: &str) -> bool {
    id.len() == 32 && id.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_chosen_domain_id_is_32_lower_case_hex_digits() {
        assert!(is_plain_uuid("0123456789abcdef0123456789abcdef"));
        for refused in [
            "0123456789ABCDEF0123456789ABCDEF",
            "01234567-89ab-cdef-0123-456789abcdef",
            "0123456789abcdef0123456789abcde",
            "",
        ] {
            assert!(!is_plain_uuid(refused), "{refused}");
        }
    }
}
