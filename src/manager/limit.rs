//! Unified limits: what a project or a domain may use of other services' resources.

mod registered;
mod two_level;

pub use registered::RegisteredLimitChanges;

use crate::app::App;
use crate::config::EnforcementModel;
use crate::driver::sql::db::{Area, Session};
use crate::driver::sql::{limit as sql, resource};
use crate::error::{Error, Result};
use crate::model::list::{ListHints, Page};
use crate::model::{
    DomainId, Limit, LimitHolder, LimitScope, RegionId, RegisteredLimit, ServiceId,
};

/// A limit to be.
#[derive(Clone, Debug)]
pub struct NewLimit {
    /// A project that acts as a domain stands for the domain.
    pub holder: LimitHolder,
    pub service_id: ServiceId,
    pub region_id: Option<RegionId>,
    pub resource_name: String,
    pub resource_limit: i64,
    pub description: Option<String>,
}

/// What a PATCH changes.
#[derive(Clone, Debug, Default)]
pub struct LimitChanges {
    pub resource_limit: Option<i64>,
    pub description: Option<Option<String>>,
}

/// A limit with what policy asks about it.
#[derive(Clone, Debug)]
pub struct LimitFacts {
    pub limit: Limit,
    /// The domain of the project that it is for.
    pub project_domain_id: Option<DomainId>,
}

/// Limits and registered limits.
pub struct LimitManager<'a> {
    app: &'a App,
}

impl<'a> LimitManager<'a> {
    /// A view of the app.
    pub fn new(app: &'a App) -> Self {
        Self { app }
    }

    /// A page of limits. Filters: `service_id`, `region_id`, `resource_name`, `project_id`,
    /// `domain_id`.
    pub async fn limits(&self, scope: &LimitScope, hints: &ListHints) -> Result<Page<Limit>> {
        sql::limits(&mut self.app.db.session().await?, scope, hints).await
    }

    /// The limit, if there is one.
    pub async fn find_limit(&self, id: &str) -> Result<Option<LimitFacts>> {
        let s = &mut self.app.db.session().await?;
        let Some(limit) = sql::limit(s, id).await? else {
            return Ok(None);
        };
        let project_domain_id = match &limit.project_id {
            Some(project) => resource::project(s, project).await?,
            None => None,
        }
        .and_then(|project| project.domain_id);
        Ok(Some(LimitFacts {
            limit,
            project_domain_id,
        }))
    }

    /// Creates limits, all or none.
    ///
    /// # Errors
    /// 400 when a service, region, project or domain does not exist, 403 when there is no registered
    /// limit for a resource or the enforcement model forbids the amount, 409 when a project or domain
    /// has a limit on the resource already.
    pub async fn create_limits(&self, new: &[NewLimit]) -> Result<Vec<Limit>> {
        let model = self.model();
        self.app
            .db
            .transaction(|s| Box::pin(async move { create(s, new, model).await }))
            .await
    }

    /// Changes a limit, and returns what it has become.
    ///
    /// # Errors
    /// 404 when it does not exist, 403 when the enforcement model forbids the amount.
    pub async fn update_limit(&self, id: &str, changes: &LimitChanges) -> Result<Limit> {
        let model = self.model();
        self.app
            .db
            .transaction(|s| Box::pin(async move { update(s, id, changes, model).await }))
            .await
    }

    /// Deletes a limit.
    ///
    /// # Errors
    /// 404 when it does not exist.
    pub async fn delete_limit(&self, id: &str) -> Result<()> {
        self.app
            .db
            .transaction(|s| {
                Box::pin(async move {
                    s.take_turn(Area::Limit).await?;
                    match sql::delete_limit(s, id).await? {
                        true => Ok(()),
                        false => Err(Error::not_found("limit", id)),
                    }
                })
            })
            .await
    }

    /// The enforcement model in force.
    pub fn model(&self) -> EnforcementModel {
        self.app.config().unified_limit.enforcement_model
    }
}

async fn create(s: &mut Session, new: &[NewLimit], model: EnforcementModel) -> Result<Vec<Limit>> {
    s.take_turn(Area::Limit).await?;
    let mut created = Vec::with_capacity(new.len());
    for new in new {
        let holder = existing_holder(s, &new.holder).await?;
        registered::require_place(s, &new.service_id, new.region_id.as_ref()).await?;
        let registered = sql::registered_limit_for(
            s,
            &new.service_id,
            new.region_id.as_ref(),
            &new.resource_name,
        )
        .await?;
        let registered = registered.ok_or_else(|| {
            Error::forbidden_action(format!(
                "There is no registered limit for {}, which a limit on it needs.",
                new.resource_name
            ))
        })?;
        if sql::amount_of(s, &registered.id, &holder).await?.is_some() {
            return Err(Error::conflict(format!(
                "There is a limit on {} already.",
                new.resource_name
            )));
        }
        let (project_id, domain_id) = match holder {
            LimitHolder::Project(id) => (Some(id), None),
            LimitHolder::Domain(id) => (None, Some(id)),
        };
        let limit = Limit {
            id: uuid::Uuid::new_v4().simple().to_string(),
            project_id,
            domain_id,
            resource_limit: new.resource_limit,
            description: new.description.clone(),
            service_id: registered.service_id.clone(),
            region_id: registered.region_id.clone(),
            resource_name: registered.resource_name.clone(),
        };
        sql::insert_limit(s, &limit, &registered.id).await?;
        created.push((limit, registered));
    }
    if model == EnforcementModel::StrictTwoLevel {
        // Only now: limits that come together may depend on each other.
        for (limit, registered) in &created {
            two_level::check(s, limit, registered).await?;
        }
    }
    Ok(created.into_iter().map(|(limit, _)| limit).collect())
}

async fn update(
    s: &mut Session,
    id: &str,
    changes: &LimitChanges,
    model: EnforcementModel,
) -> Result<Limit> {
    s.take_turn(Area::Limit).await?;
    let mut limit = existing(s, id).await?;
    if let Some(description) = &changes.description {
        limit.description.clone_from(description);
    }
    if let Some(amount) = changes.resource_limit {
        limit.resource_limit = amount;
        if model == EnforcementModel::StrictTwoLevel {
            let registered = registered_of(s, &limit).await?;
            two_level::check(s, &limit, &registered).await?;
        }
    }
    sql::update_limit(s, &limit).await?;
    Ok(limit)
}

async fn existing(s: &mut Session, id: &str) -> Result<Limit> {
    let found = sql::limit(s, id).await?;
    found.ok_or_else(|| Error::not_found("limit", id))
}

/// The registered limit that a stored limit refers to.
async fn registered_of(s: &mut Session, limit: &Limit) -> Result<RegisteredLimit> {
    let (Some(service), Some(name)) = (&limit.service_id, &limit.resource_name) else {
        return Err(Error::internal("a registered limit names no resource"));
    };
    sql::registered_limit_for(s, service, limit.region_id.as_ref(), name)
        .await?
        .ok_or_else(|| Error::internal("a limit refers to no registered limit"))
}

/// Whom a body names, by the stored ids. A missing reference in a body is the body's fault: 400.
async fn existing_holder(s: &mut Session, holder: &LimitHolder) -> Result<LimitHolder> {
    match holder {
        LimitHolder::Project(id) => match resource::project(s, id).await? {
            Some(project) if project.is_domain => Ok(LimitHolder::Domain(project.id.into())),
            Some(project) => Ok(LimitHolder::Project(project.id)),
            None => Err(Error::bad_request(format!(
                "project_id names no project: {id}."
            ))),
        },
        LimitHolder::Domain(id) => match resource::domain(s, id).await? {
            Some(domain) => Ok(LimitHolder::Domain(domain.id.into())),
            None => Err(Error::bad_request(format!(
                "domain_id names no domain: {id}."
            ))),
        },
    }
}
