//! Regions: a forest that endpoints stand in.

use super::CatalogManager;
use crate::driver::sql::catalog as sql;
use crate::driver::sql::db::{Area, Session};
use crate::error::{Error, Result};
use crate::model::event::{Event, ResourceKind};
use crate::model::list::{ListHints, Page};
use crate::model::{Region, RegionId};
use serde_json::{Map, Value};

/// The column's length, in characters.
const LONGEST_ID: usize = 255;

/// What a PATCH changes.
#[derive(Clone, Debug, Default)]
pub struct RegionChanges {
    pub description: Option<String>,
    /// `Some(None)` makes it a root.
    pub parent_region_id: Option<Option<RegionId>>,
    pub extra: Map<String, Value>,
}

impl CatalogManager<'_> {
    /// A page of regions. Filters: `parent_region_id`.
    pub async fn regions(&self, hints: &ListHints) -> Result<Page<Region>> {
        if let Some(templates) = self.templates() {
            return Ok(templates.regions(hints));
        }
        sql::regions(&mut self.app.db.session().await?, hints).await
    }

    /// The region, if there is one.
    pub async fn find_region(&self, id: &RegionId) -> Result<Option<Region>> {
        if let Some(templates) = self.templates() {
            return Ok(templates.region(id));
        }
        sql::region(&mut self.app.db.session().await?, id).await
    }

    /// Creates a region.
    ///
    /// # Errors
    /// 404 when its parent does not exist, 409 when its id is taken.
    pub async fn create_region(&self, region: &Region) -> Result<()> {
        self.check_stored()?;
        self.app
            .db
            .transaction(|s| Box::pin(async move { create(s, region).await }))
            .await
    }

    /// Changes a region, and returns what it has become.
    ///
    /// # Errors
    /// 404 when it or its new parent does not exist, 400 when the new parent is the region itself or
    /// below it.
    pub async fn update_region(&self, id: &RegionId, changes: &RegionChanges) -> Result<Region> {
        self.check_stored()?;
        self.app
            .db
            .transaction(|s| Box::pin(async move { update(s, id, changes).await }))
            .await
    }

    /// Deletes a region and all regions below it.
    ///
    /// # Errors
    /// 404 when it does not exist, 403 while an endpoint stands in any of them.
    pub async fn delete_region(&self, id: &RegionId) -> Result<()> {
        self.check_stored()?;
        self.app
            .db
            .transaction(|s| Box::pin(async move { delete(s, id).await }))
            .await
    }
}

pub(super) async fn create(s: &mut Session, region: &Region) -> Result<()> {
    // PostgreSQL and MySQL would say it themselves, SQLite would not.
    if region.id.chars().count() > LONGEST_ID {
        return Err(Error::bad_request(format!(
            "A region's id has at most {LONGEST_ID} characters."
        )));
    }
    if let Some(parent) = &region.parent_region_id {
        existing(s, parent).await?;
    }
    sql::insert_region(s, region).await.map_err(|error| {
        error.or_conflict(|| format!("A region with the id {} exists already.", region.id))
    })?;
    s.notify(Event::created(ResourceKind::Region, &region.id));
    Ok(())
}

async fn update(s: &mut Session, id: &RegionId, changes: &RegionChanges) -> Result<Region> {
    s.take_turn(Area::Catalog).await?;
    let mut region = existing(s, id).await?;
    match &changes.parent_region_id {
        None => {}
        Some(None) => region.parent_region_id = None,
        Some(Some(parent)) => {
            // By the stored spelling: MySQL finds ids in any case of letters.
            let parent = existing(s, parent).await?.id;
            if sql::region_ancestry(s, &parent).await?.contains(&region.id) {
                return Err(Error::bad_request(format!(
                    "Region {id} can't stand below {parent}, which is itself or stands below it."
                )));
            }
            region.parent_region_id = Some(parent);
        }
    }
    if let Some(description) = &changes.description {
        region.description.clone_from(description);
    }
    region.extra.extend(changes.extra.clone());
    sql::update_region(s, &region).await?;
    s.notify(Event::updated(ResourceKind::Region, &region.id));
    Ok(region)
}

async fn delete(s: &mut Session, id: &RegionId) -> Result<()> {
    s.take_turn(Area::Catalog).await?;
    let id = existing(s, id).await?.id;
    let doomed = sql::region_subtree(s, &id).await?;
    if sql::any_endpoint_in(s, &doomed).await? {
        return Err(Error::forbidden_action(format!(
            "Region {id} can't be deleted while an endpoint stands in it or in a region below it."
        )));
    }
    sql::delete_regions(s, &doomed).await?;
    for id in &doomed {
        s.notify(Event::deleted(ResourceKind::Region, id));
    }
    Ok(())
}

async fn existing(s: &mut Session, id: &RegionId) -> Result<Region> {
    sql::region(s, id)
        .await?
        .ok_or_else(|| Error::not_found("region", id))
}
