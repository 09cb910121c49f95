//! Registered limits: the resources that limits can be on, and how much of each is the default.

use super::LimitManager;
use crate::driver::sql::db::{Area, Session};
use crate::driver::sql::{catalog, limit as sql};
use crate::error::{Error, Result};
use crate::model::list::{ListHints, Page};
use crate::model::{RegionId, RegisteredLimit, ServiceId};

/// What a PATCH changes.
#[derive(Clone, Debug, Default)]
pub struct RegisteredLimitChanges {
    pub service_id: Option<ServiceId>,
    /// `Some(None)` makes it one for no region.
    pub region_id: Option<Option<RegionId>>,
    pub resource_name: Option<String>,
    pub default_limit: Option<i64>,
    pub description: Option<Option<String>>,
}

impl LimitManager<'_> {
    /// A page of registered limits. Filters: `service_id`, `region_id`, `resource_name`.
    pub async fn registered_limits(&self, hints: &ListHints) -> Result<Page<RegisteredLimit>> {
        sql::registered_limits(&mut self.app.db.session().await?, hints).await
    }

    /// The registered limit, if there is one.
    pub async fn find_registered_limit(&self, id: &str) -> Result<Option<RegisteredLimit>> {
        sql::registered_limit(&mut self.app.db.session().await?, id).await
    }

    /// Creates registered limits, all or none.
    ///
    /// # Errors
    /// 400 when a service or region does not exist, 409 when a resource is registered already.
    pub async fn create_registered_limits(&self, new: &[RegisteredLimit]) -> Result<()> {
        self.app
            .db
            .transaction(|s| {
                Box::pin(async move {
                    s.take_turn(Area::Limit).await?;
                    for limit in new {
                        require_unique(s, limit).await?;
                        sql::insert_registered_limit(s, limit).await?;
                    }
                    Ok(())
                })
            })
            .await
    }

    /// Changes a registered limit, and returns what it has become.
    ///
    /// # Errors
    /// 404 when it does not exist, 403 while a limit refers to it, otherwise as for creation.
    pub async fn update_registered_limit(
        &self,
        id: &str,
        changes: &RegisteredLimitChanges,
    ) -> Result<RegisteredLimit> {
        self.app
            .db
            .transaction(|s| Box::pin(async move { update(s, id, changes).await }))
            .await
    }

    /// Deletes a registered limit.
    ///
    /// # Errors
    /// 404 when it does not exist, 403 while a limit refers to it.
    pub async fn delete_registered_limit(&self, id: &str) -> Result<()> {
        self.app
            .db
            .transaction(|s| {
                Box::pin(async move {
                    s.take_turn(Area::Limit).await?;
                    existing(s, id).await?;
                    require_unused(s, id).await?;
                    sql::delete_registered_limit(s, id).await
                })
            })
            .await
    }
}

async fn update(
    s: &mut Session,
    id: &str,
    changes: &RegisteredLimitChanges,
) -> Result<RegisteredLimit> {
    s.take_turn(Area::Limit).await?;
    let mut limit = existing(s, id).await?;
    require_unused(s, id).await?;
    if let Some(service_id) = &changes.service_id {
        limit.service_id = Some(service_id.clone());
    }
    if let Some(region_id) = &changes.region_id {
        limit.region_id.clone_from(region_id);
    }
    if let Some(name) = &changes.resource_name {
        limit.resource_name = Some(name.clone());
    }
    if let Some(amount) = changes.default_limit {
        limit.default_limit = amount;
    }
    if let Some(description) = &changes.description {
        limit.description.clone_from(description);
    }
    let moves = changes.service_id.is_some()
        || changes.region_id.is_some()
        || changes.resource_name.is_some();
    if moves {
        require_unique(s, &limit).await?;
    }
    sql::update_registered_limit(s, &limit).await?;
    Ok(limit)
}

async fn existing(s: &mut Session, id: &str) -> Result<RegisteredLimit> {
    let found = sql::registered_limit(s, id).await?;
    found.ok_or_else(|| Error::not_found("registered limit", id))
}

async fn require_unused(s: &mut Session, id: &str) -> Result<()> {
    match sql::is_referred_to(s, id).await? {
        false => Ok(()),
        true => Err(Error::forbidden_action(format!(
            "Registered limit {id} can't be changed or deleted while limits refer to it."
        ))),
    }
}

/// Fails when the limit's service or region does not exist, or another limit is about the same.
async fn require_unique(s: &mut Session, limit: &RegisteredLimit) -> Result<()> {
    let (Some(service), Some(name)) = (&limit.service_id, &limit.resource_name) else {
        return Err(Error::internal("a registered limit names no resource"));
    };
    require_place(s, service, limit.region_id.as_ref()).await?;
    match sql::registered_limit_for(s, service, limit.region_id.as_ref(), name).await? {
        Some(other) if other.id != limit.id => Err(Error::conflict(format!(
            "The resource {name} is registered already."
        ))),
        _ => Ok(()),
    }
}

/// A missing reference in a body is the body's fault: 400, not 404.
pub(super) async fn require_place(
    s: &mut Session,
    service: &ServiceId,
    region: Option<&RegionId>,
) -> Result<()> {
    if catalog::service(s, service).await?.is_none() {
        return Err(Error::bad_request(format!(
            "service_id names no service: {service}."
        )));
    }
    if let Some(region) = region
        && catalog::region(s, region).await?.is_none()
    {
        return Err(Error::bad_request(format!(
            "region_id names no region: {region}."
        )));
    }
    Ok(())
}
