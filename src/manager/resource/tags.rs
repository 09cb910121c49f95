//! Tags of projects.

use super::{Kind, ResourceManager, existing, is_immutable, tell_of_update};
use crate::driver::sql::db::Session;
use crate::driver::sql::resource as sql;
use crate::error::{Error, Result};
use crate::model::event::{Event, ResourceKind};
use crate::model::{Project, ProjectId};

/// The most tags that a project may have.
const MOST_TAGS: usize = 80;

impl ResourceManager<'_> {
    /// Replaces a project's tags by these, without the space around them, and gives them back.
    ///
    /// # Errors
    /// 404; 403 when the project is immutable; 400 when two of them are the same.
    pub async fn set_tags(&self, id: &ProjectId, tags: Vec<String>) -> Result<Vec<String>> {
        let tags: Vec<String> = tags.iter().map(|tag| tag.trim().to_owned()).collect();
        let is_repeated = |(at, tag)| tags[..at].contains(tag);
        if tags.iter().enumerate().any(is_repeated) {
            return Err(Error::bad_request("Each tag can be given only once."));
        }
        if tags.iter().any(String::is_empty) {
            return Err(blank());
        }
        let stored = &tags;
        self.app
            .db
            .transaction(|s| {
                Box::pin(async move {
                    let project = changeable(s, id).await?;
                    sql::set_tags(s, id, stored).await?;
                    tell_of_update(s, &project);
                    Ok(())
                })
            })
            .await?;
        Ok(tags)
    }

    /// Adds a tag, without the space around it.
    ///
    /// # Errors
    /// 404; 403 when the project is immutable; 400 when it has the tag, or as many as it may have.
    pub async fn add_tag(&self, id: &ProjectId, tag: &str) -> Result<()> {
        let tag = tag.trim();
        if tag.is_empty() {
            return Err(blank());
        }
        let is_there = || Error::bad_request(format!("The project has the tag '{tag}' already."));
        self.app
            .db
            .transaction(|s| {
                Box::pin(async move {
                    let project = changeable(s, id).await?;
                    if project.tags.len() >= MOST_TAGS {
                        return Err(Error::bad_request(format!(
                            "A project can have at most {MOST_TAGS} tags."
                        )));
                    }
                    sql::add_tag(s, id, tag).await?;
                    tell_of_update(s, &project);
                    s.notify(Event::created(ResourceKind::ProjectTag, tag));
                    Ok(())
                })
            })
            .await
            .map_err(|error| match error {
                Error::DuplicateKey(_) => is_there(),
                other => other,
            })
    }

    /// Takes a tag away.
    ///
    /// # Errors
    /// 404, also when the project does not have the tag; 403 when the project is immutable.
    pub async fn remove_tag(&self, id: &ProjectId, tag: &str) -> Result<()> {
        self.app
            .db
            .transaction(|s| {
                Box::pin(async move {
                    let project = changeable(s, id).await?;
                    if !sql::remove_tag(s, id, tag).await? {
                        return Err(Error::not_found("project tag", tag));
                    }
                    tell_of_update(s, &project);
                    s.notify(Event::deleted(ResourceKind::ProjectTag, tag));
                    Ok(())
                })
            })
            .await
    }
}

fn blank() -> Error {
    Error::bad_request("A tag needs more than white space.")
}

/// The project, unless it is immutable.
async fn changeable(s: &mut Session, id: &ProjectId) -> Result<Project> {
    let project = existing(s, Kind::Project, id).await?;
    match project.is_immutable() {
        true => Err(is_immutable(&project)),
        false => Ok(project),
    }
}
