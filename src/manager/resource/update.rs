//! Changes of projects and domains.

use super::{
    Kind, ResourceManager, check_name, existing, is_immutable, name_taken, tell_of_update,
};
use crate::config::Config;
use crate::driver::sql::db::{Area, Session};
use crate::driver::sql::resource as sql;
use crate::error::{Error, Result};
use crate::model::{DomainId, Project, ProjectChanges, ProjectId};
use serde_json::{Map, Value};

/// What PATCH asks for. The place in the tree can be repeated, not changed.
#[derive(Clone, Debug, Default)]
pub struct ProjectUpdate {
    pub changes: ProjectChanges,
    pub parent_id: Option<Option<ProjectId>>,
    pub domain_id: Option<Option<DomainId>>,
    pub is_domain: Option<bool>,
}

impl ResourceManager<'_> {
    /// Changes a project and gives it back as it is then.
    ///
    /// # Errors
    /// 404; 403 when it is immutable and the update does more than end that, for another parent,
    /// for disabling above or enabling below what contradicts it; 400 for another domain, for
    /// another `is_domain`, for a name against the rules; 409 when the new name is taken.
    pub async fn update_project(&self, id: &ProjectId, update: ProjectUpdate) -> Result<Project> {
        self.update(Kind::Project, id, update).await
    }

    /// Changes a domain and gives it back as it is then.
    ///
    /// # Errors
    /// As [`update_project`](Self::update_project).
    pub async fn update_domain(&self, id: &DomainId, changes: ProjectChanges) -> Result<Project> {
        let update = ProjectUpdate {
            changes,
            ..ProjectUpdate::default()
        };
        let id = ProjectId::from(id.clone());
        self.update(Kind::Domain, &id, update).await
    }

    async fn update(
        &self,
        kind: Kind,
        id: &ProjectId,
        mut update: ProjectUpdate,
    ) -> Result<Project> {
        if let Some(name) = &mut update.changes.name {
            *name = name.trim().to_owned();
        }
        let config = self.app.config();
        let (asked, config) = (&update, &config);
        self.app
            .db
            .transaction(|s| {
                Box::pin(async move {
                    s.take_turn(Area::Resource).await?;
                    let current = existing(s, kind, id).await?;
                    if current.is_immutable() && !only_ends_immutability(asked) {
                        return Err(is_immutable(&current));
                    }
                    check_place(&current, asked)?;
                    check(s, &current, &asked.changes, config).await?;
                    sql::update_project(s, &current, &asked.changes).await?;
                    tell_of_update(s, &current);
                    Ok(applied(current, &asked.changes))
                })
            })
            .await
            .map_err(|error| {
                error.or_conflict(|| {
                    name_taken(kind, update.changes.name.as_deref().unwrap_or_default())
                })
            })
    }
}

/// An immutable project takes one change: `immutable` becomes false or null, and nothing else.
fn only_ends_immutability(update: &ProjectUpdate) -> bool {
    let ProjectUpdate {
        changes:
            ProjectChanges {
                name: None,
                description: None,
                enabled: None,
                tags: None,
                options: Some(options),
                extra,
            },
        parent_id: None,
        domain_id: None,
        is_domain: None,
    } = update
    else {
        return false;
    };
    let immutable = options.get("immutable");
    extra.is_empty() && options.len() == 1 && immutable.is_some_and(|value| *value != true)
}

fn check_place(current: &Project, update: &ProjectUpdate) -> Result<()> {
    if update
        .parent_id
        .as_ref()
        .is_some_and(|parent| *parent != current.parent_id)
    {
        return Err(Error::forbidden_action(
            "A project's parent can't be changed.",
        ));
    }
    if update
        .domain_id
        .as_ref()
        .is_some_and(|domain| *domain != current.domain_id)
    {
        return Err(Error::bad_request("A project's domain can't be changed."));
    }
    if update
        .is_domain
        .is_some_and(|is_domain| is_domain != current.is_domain)
    {
        return Err(Error::bad_request("'is_domain' can't be changed."));
    }
    Ok(())
}

async fn check(
    s: &mut Session,
    current: &Project,
    changes: &ProjectChanges,
    config: &Config,
) -> Result<()> {
    if let Some(name) = changes.name.as_ref().filter(|name| **name != current.name) {
        check_name(Kind::of(current), name, config)?;
    }
    // What is below a domain is refused with it; nothing there has to be disabled first.
    if current.is_domain {
        return Ok(());
    }
    match changes.enabled {
        Some(true) if !current.enabled => {
            let above = sql::ancestors(s, &current.id).await?;
            match above.iter().skip(1).find(|ancestor| !ancestor.enabled) {
                Some(disabled) => Err(Error::forbidden_action(format!(
                    "The project {} can't be enabled while {}, above it, is disabled.",
                    current.id, disabled.id
                ))),
                None => Ok(()),
            }
        }
        Some(false) if sql::has_enabled_below(s, &current.id).await? => {
            Err(Error::forbidden_action(format!(
                "The project {} can't be disabled while a project below it is enabled.",
                current.id
            )))
        }
        _ => Ok(()),
    }
}

fn applied(mut project: Project, changes: &ProjectChanges) -> Project {
    if let Some(name) = &changes.name {
        project.name.clone_from(name);
    }
    if let Some(description) = &changes.description {
        project.description.clone_from(description);
    }
    if let Some(enabled) = changes.enabled {
        project.enabled = enabled;
    }
    if let Some(tags) = &changes.tags {
        project.tags.clone_from(tags);
    }
    if let Some(options) = &changes.options {
        merge(&mut project.options, options);
        project.options.retain(|_, value| !value.is_null());
    }
    merge(&mut project.extra, &changes.extra);
    project
}

fn merge(into: &mut Map<String, Value>, from: &Map<String, Value>) {
    into.extend(
        from.iter()
            .map(|(name, value)| (name.clone(), value.clone())),
    );
}
