//! Which endpoints single projects see (OS-EP-FILTER).

use super::CatalogManager;
use crate::driver::sql::db::{Area, Session};
use crate::driver::sql::{catalog as sql, resource};
use crate::error::{Error, Result};
use crate::model::list::{ListHints, Page};
use crate::model::{Endpoint, EndpointGroup, EndpointGroupId, EndpointId, Project, ProjectId};
use serde_json::{Map, Value};
use std::fmt::Display;

/// The attributes that the filters of an endpoint group may name.
const FILTERS: [&str; 3] = ["service_id", "region_id", "interface"];

/// How messages call associations.
const ENDPOINT_OF_PROJECT: &str = "endpoint of that project";
const GROUP_OF_PROJECT: &str = "endpoint group of that project";

/// What a PATCH changes.
#[derive(Clone, Debug, Default)]
pub struct EndpointGroupChanges {
    pub name: Option<String>,
    pub description: Option<Option<String>>,
    /// Replaces all of them.
    pub filters: Option<Map<String, Value>>,
}

impl CatalogManager<'_> {
    /// A page of endpoint groups. Filters: `name`.
    pub async fn endpoint_groups(&self, hints: &ListHints) -> Result<Page<EndpointGroup>> {
        self.check_stored()?;
        sql::endpoint_groups(&mut self.app.db.session().await?, hints).await
    }

    /// The endpoint group, if there is one.
    pub async fn find_endpoint_group(&self, id: &EndpointGroupId) -> Result<Option<EndpointGroup>> {
        self.check_stored()?;
        sql::endpoint_group(&mut self.app.db.session().await?, id).await
    }

    /// Creates an endpoint group.
    ///
    /// # Errors
    /// 400 when it has no filters, or some that no endpoint knows.
    pub async fn create_endpoint_group(&self, group: &EndpointGroup) -> Result<()> {
        self.check_stored()?;
        if group.filters.is_empty() {
            return Err(Error::bad_request("An endpoint group needs filters."));
        }
        check_filters(&group.filters)?;
        self.app
            .db
            .transaction(|s| Box::pin(async move { sql::insert_endpoint_group(s, group).await }))
            .await
    }

    /// Changes an endpoint group, and returns what it has become. Without filters it holds every
    /// endpoint.
    ///
    /// # Errors
    /// 404 when it does not exist, 400 for filters that no endpoint knows.
    pub async fn update_endpoint_group(
        &self,
        id: &EndpointGroupId,
        changes: &EndpointGroupChanges,
    ) -> Result<EndpointGroup> {
        self.check_stored()?;
        if let Some(filters) = &changes.filters {
            check_filters(filters)?;
        }
        self.app
            .db
            .transaction(|s| {
                Box::pin(async move {
                    s.take_turn(Area::Catalog).await?;
                    let mut group = existing_group(s, id).await?;
                    if let Some(name) = &changes.name {
                        group.name.clone_from(name);
                    }
                    if let Some(description) = &changes.description {
                        group.description.clone_from(description);
                    }
                    if let Some(filters) = &changes.filters {
                        group.filters.clone_from(filters);
                    }
                    sql::update_endpoint_group(s, &group).await?;
                    Ok(group)
                })
            })
            .await
    }

    /// Deletes an endpoint group and its associations.
    ///
    /// # Errors
    /// 404 when it does not exist.
    pub async fn delete_endpoint_group(&self, id: &EndpointGroupId) -> Result<()> {
        self.check_stored()?;
        let deleted = self
            .app
            .db
            .transaction(|s| {
                Box::pin(async move {
                    s.take_turn(Area::Catalog).await?;
                    sql::delete_endpoint_group(s, id).await
                })
            })
            .await?;
        found(deleted, "endpoint group", id)
    }

    /// A page of the endpoints that a group holds.
    ///
    /// # Errors
    /// 404 when the group does not exist.
    pub async fn endpoints_of_group(
        &self,
        id: &EndpointGroupId,
        hints: &ListHints,
    ) -> Result<Page<Endpoint>> {
        self.check_stored()?;
        let s = &mut self.app.db.session().await?;
        let group = existing_group(s, id).await?;
        sql::endpoints_of_group(s, &group, hints).await
    }

    /// A page of the projects that a group is associated with: none for a group that does not exist.
    pub async fn projects_of_group(
        &self,
        id: &EndpointGroupId,
        hints: &ListHints,
    ) -> Result<Page<Project>> {
        self.check_stored()?;
        resource::projects_of_endpoint_group(&mut self.app.db.session().await?, id, hints).await
    }

    /// A page of the groups that are associated with a project.
    ///
    /// # Errors
    /// 404 when the project does not exist.
    pub async fn endpoint_groups_of(
        &self,
        project: &ProjectId,
        hints: &ListHints,
    ) -> Result<Page<EndpointGroup>> {
        self.check_stored()?;
        let s = &mut self.app.db.session().await?;
        let project = existing_project(s, project).await?;
        sql::endpoint_groups_of(s, &project, hints).await
    }

    /// A page of the endpoints that are associated with a project, by themselves or by a group.
    ///
    /// # Errors
    /// 404 when the project does not exist.
    pub async fn endpoints_of_project(
        &self,
        project: &ProjectId,
        hints: &ListHints,
    ) -> Result<Page<Endpoint>> {
        self.check_stored()?;
        let s = &mut self.app.db.session().await?;
        let project = existing_project(s, project).await?;
        sql::endpoints_of_project(s, &project, hints).await
    }

    /// A page of the projects that an endpoint is associated with by itself.
    ///
    /// # Errors
    /// 404 when the endpoint does not exist.
    pub async fn projects_of_endpoint(
        &self,
        endpoint: &EndpointId,
        hints: &ListHints,
    ) -> Result<Page<Project>> {
        self.check_stored()?;
        let s = &mut self.app.db.session().await?;
        let endpoint = existing_endpoint(s, endpoint).await?;
        resource::projects_of_endpoint(s, &endpoint, hints).await
    }

    /// Checks that an endpoint is associated with a project by itself.
    ///
    /// # Errors
    /// 404 when it is not, or either does not exist.
    pub async fn check_endpoint_of_project(
        &self,
        project: &ProjectId,
        endpoint: &EndpointId,
    ) -> Result<()> {
        self.check_stored()?;
        let s = &mut self.app.db.session().await?;
        let endpoint = existing_endpoint(s, endpoint).await?;
        let project = existing_project(s, project).await?;
        let is_there = sql::has_endpoint(s, &project, &endpoint).await?;
        found(is_there, ENDPOINT_OF_PROJECT, &endpoint)
    }

    /// Associates an endpoint with a project.
    ///
    /// # Errors
    /// 404 when either does not exist, 409 when they are associated.
    pub async fn add_endpoint_to_project(
        &self,
        project: &ProjectId,
        endpoint: &EndpointId,
    ) -> Result<()> {
        self.check_stored()?;
        let db = &self.app.db;
        db.transaction(|s| Box::pin(add_endpoint(s, project, endpoint)))
            .await
            .map_err(already_associated)
    }

    /// Ends the association of an endpoint with a project.
    ///
    /// # Errors
    /// 404 when there is none.
    pub async fn remove_endpoint_from_project(
        &self,
        project: &ProjectId,
        endpoint: &EndpointId,
    ) -> Result<()> {
        self.check_stored()?;
        let removed = self
            .app
            .db
            .transaction(|s| Box::pin(sql::remove_endpoint(s, project, endpoint)))
            .await?;
        found(removed, ENDPOINT_OF_PROJECT, endpoint)
    }

    /// Checks that an endpoint group is associated with a project.
    ///
    /// # Errors
    /// 404 when it is not, or either does not exist.
    pub async fn check_group_of_project(
        &self,
        project: &ProjectId,
        group: &EndpointGroupId,
    ) -> Result<()> {
        self.check_stored()?;
        let s = &mut self.app.db.session().await?;
        let project = existing_project(s, project).await?;
        let group = existing_group(s, group).await?.id;
        let is_there = sql::has_endpoint_group(s, &project, &group).await?;
        found(is_there, GROUP_OF_PROJECT, &group)
    }

    /// Associates an endpoint group with a project.
    ///
    /// # Errors
    /// 404 when either does not exist, 409 when they are associated.
    pub async fn add_group_to_project(
        &self,
        project: &ProjectId,
        group: &EndpointGroupId,
    ) -> Result<()> {
        self.check_stored()?;
        let db = &self.app.db;
        db.transaction(|s| Box::pin(add_group(s, project, group)))
            .await
            .map_err(already_associated)
    }

    /// Ends the association of an endpoint group with a project.
    ///
    /// # Errors
    /// 404 when there is none, or either does not exist.
    pub async fn remove_group_from_project(
        &self,
        project: &ProjectId,
        group: &EndpointGroupId,
    ) -> Result<()> {
        self.check_stored()?;
        let removed = self
            .app
            .db
            .transaction(|s| Box::pin(remove_group(s, project, group)))
            .await?;
        found(removed, GROUP_OF_PROJECT, group)
    }
}

async fn add_endpoint(s: &mut Session, project: &ProjectId, endpoint: &EndpointId) -> Result<()> {
    let endpoint = existing_endpoint(s, endpoint).await?;
    let project = existing_project(s, project).await?;
    sql::add_endpoint(s, &project, &endpoint).await
}

async fn add_group(s: &mut Session, project: &ProjectId, group: &EndpointGroupId) -> Result<()> {
    let project = existing_project(s, project).await?;
    let group = existing_group(s, group).await?.id;
    sql::add_endpoint_group(s, &project, &group).await
}

/// Whether the group was associated with the project.
async fn remove_group(
    s: &mut Session,
    project: &ProjectId,
    group: &EndpointGroupId,
) -> Result<bool> {
    let project = existing_project(s, project).await?;
    let group = existing_group(s, group).await?.id;
    sql::remove_endpoint_group(s, &project, &group).await
}

/// 404 for what is not there.
fn found(is_there: bool, kind: &'static str, id: impl Display) -> Result<()> {
    match is_there {
        true => Ok(()),
        false => Err(Error::not_found(kind, id)),
    }
}

fn check_filters(filters: &Map<String, Value>) -> Result<()> {
    match filters
        .keys()
        .find(|name| !FILTERS.contains(&name.as_str()))
    {
        None => Ok(()),
        Some(_) => Err(Error::bad_request(
            "The filters of an endpoint group are on service_id, region_id and interface.",
        )),
    }
}

fn already_associated(error: Error) -> Error {
    error.or_conflict(|| "They are associated already.".to_owned())
}

async fn existing_group(s: &mut Session, id: &EndpointGroupId) -> Result<EndpointGroup> {
    let found = sql::endpoint_group(s, id).await?;
    found.ok_or_else(|| Error::not_found("endpoint group", id))
}

async fn existing_endpoint(s: &mut Session, id: &EndpointId) -> Result<EndpointId> {
    let found = sql::endpoint(s, id).await?.map(|endpoint| endpoint.id);
    found.ok_or_else(|| Error::not_found("endpoint", id))
}

async fn existing_project(s: &mut Session, id: &ProjectId) -> Result<ProjectId> {
    let found = resource::project(s, id).await?.map(|project| project.id);
    found.ok_or_else(|| Error::not_found("project", id))
}
