//! Policy documents that other services fetch, and the endpoints that they are attached to.

use crate::app::App;
use crate::driver::sql::db::{Area, Session};
use crate::driver::sql::{catalog, endpoint_policy, policy as sql};
use crate::error::{Error, Result};
use crate::model::event::{Event, ResourceKind};
use crate::model::list::{ListHints, Page};
use crate::model::{Endpoint, EndpointId, PolicyDocument, PolicyId, PolicyPlace};
use crate::model::{RegionId, ServiceId};
use serde_json::{Map, Value};

/// What a PATCH changes.
#[derive(Clone, Debug, Default)]
pub struct PolicyChanges {
    pub policy_type: Option<String>,
    pub blob: Option<String>,
    pub extra: Map<String, Value>,
}

/// Policy documents.
pub struct PolicyManager<'a> {
    app: &'a App,
}

impl<'a> PolicyManager<'a> {
    /// A view of the app.
    pub fn new(app: &'a App) -> Self {
        Self { app }
    }

    /// A page of policy documents. Filters: `type`.
    pub async fn policies(&self, hints: &ListHints) -> Result<Page<PolicyDocument>> {
        sql::policies(&mut self.app.db.session().await?, hints).await
    }

    /// The policy document, if there is one.
    pub async fn find_policy(&self, id: &PolicyId) -> Result<Option<PolicyDocument>> {
        sql::policy(&mut self.app.db.session().await?, id).await
    }

    /// Creates a policy document.
    pub async fn create_policy(&self, policy: &PolicyDocument) -> Result<()> {
        self.app
            .db
            .transaction(|s| {
                Box::pin(async move {
                    sql::insert_policy(s, policy).await?;
                    s.notify(Event::created(ResourceKind::Policy, &policy.id));
                    Ok(())
                })
            })
            .await
    }

    /// Changes a policy document, and returns what it has become.
    ///
    /// # Errors
    /// 404 when it does not exist.
    pub async fn update_policy(
        &self,
        id: &PolicyId,
        changes: &PolicyChanges,
    ) -> Result<PolicyDocument> {
        self.app
            .db
            .transaction(|s| {
                Box::pin(async move {
                    s.take_turn(Area::Policy).await?;
                    let mut policy = existing(s, id).await?;
                    if let Some(policy_type) = &changes.policy_type {
                        policy.policy_type.clone_from(policy_type);
                    }
                    if let Some(blob) = &changes.blob {
                        policy.blob.clone_from(blob);
                    }
                    policy.extra.extend(changes.extra.clone());
                    sql::update_policy(s, &policy).await?;
                    s.notify(Event::updated(ResourceKind::Policy, id));
                    Ok(policy)
                })
            })
            .await
    }

    /// Deletes a policy document, and with it what it was attached to.
    ///
    /// # Errors
    /// 404 when it does not exist.
    pub async fn delete_policy(&self, id: &PolicyId) -> Result<()> {
        self.app
            .db
            .transaction(|s| {
                Box::pin(async move {
                    s.take_turn(Area::Policy).await?;
                    if !sql::delete_policy(s, id).await? {
                        return Err(Error::not_found("policy", id));
                    }
                    s.notify(Event::deleted(ResourceKind::Policy, id));
                    Ok(())
                })
            })
            .await
    }

    /// Whether the document is attached to the place.
    ///
    /// # Errors
    /// 404 when the document or what the place names does not exist, and when it is not attached.
    pub async fn check_attached(&self, id: &PolicyId, place: &PolicyPlace) -> Result<()> {
        self.app.catalog().check_stored()?;
        let s = &mut self.app.db.session().await?;
        let place = existing_place(s, id, place).await?;
        match endpoint_policy::is_attached(s, id, &place).await? {
            true => Ok(()),
            false => Err(Error::not_found("policy association of", id)),
        }
    }

    /// Attaches the document to the place; one that was there before is detached.
    ///
    /// # Errors
    /// 404 when the document or what the place names does not exist.
    pub async fn attach(&self, id: &PolicyId, place: &PolicyPlace) -> Result<()> {
        self.app.catalog().check_stored()?;
        self.app
            .db
            .transaction(|s| {
                Box::pin(async move {
                    let place = existing_place(s, id, place).await?;
                    endpoint_policy::attach(s, id, &place).await
                })
            })
            .await
    }

    /// Detaches the document from the place. It does not matter whether it was attached.
    ///
    /// # Errors
    /// 404 when the document or what the place names does not exist.
    pub async fn detach(&self, id: &PolicyId, place: &PolicyPlace) -> Result<()> {
        self.app.catalog().check_stored()?;
        self.app
            .db
            .transaction(|s| {
                Box::pin(async move {
                    let place = existing_place(s, id, place).await?;
                    endpoint_policy::detach(s, id, &place).await
                })
            })
            .await
    }

    /// A page of the endpoints that the document's places cover, also those for which a document of
    /// a nearer place applies.
    ///
    /// # Errors
    /// 404 when the document does not exist.
    pub async fn endpoints_of(&self, id: &PolicyId, hints: &ListHints) -> Result<Page<Endpoint>> {
        self.app.catalog().check_stored()?;
        let s = &mut self.app.db.session().await?;
        existing(s, id).await?;
        endpoint_policy::endpoints_of(s, id, hints).await
    }

    /// The document that applies to an endpoint: its own, else that of its service in its region or
    /// in the nearest region above, else that of its service.
    ///
    /// # Errors
    /// 404 when the endpoint does not exist, or none applies.
    pub async fn policy_for(&self, id: &EndpointId) -> Result<PolicyDocument> {
        self.app.catalog().check_stored()?;
        let s = &mut self.app.db.session().await?;
        let endpoint = endpoint(s, id).await?;
        let regions = match &endpoint.region_id {
            Some(region) => catalog::region_ancestry(s, region).await?,
            None => Vec::new(),
        };
        endpoint_policy::policy_for(s, &endpoint, &regions)
            .await?
            .ok_or_else(|| Error::not_found("policy for endpoint", id))
    }
}

async fn existing(s: &mut Session, id: &PolicyId) -> Result<PolicyDocument> {
    sql::policy(s, id)
        .await?
        .ok_or_else(|| Error::not_found("policy", id))
}

/// The place, once the document and what the place names are found. Spelled as they are stored:
/// MySQL finds ids in any case of letters.
async fn existing_place(
    s: &mut Session,
    id: &PolicyId,
    place: &PolicyPlace,
) -> Result<PolicyPlace> {
    existing(s, id).await?;
    Ok(match place {
        PolicyPlace::Endpoint(id) => PolicyPlace::Endpoint(endpoint(s, id).await?.id),
        PolicyPlace::Service(id) => PolicyPlace::Service(service(s, id).await?),
        PolicyPlace::ServiceInRegion(service_id, region_id) => {
            PolicyPlace::ServiceInRegion(service(s, service_id).await?, region(s, region_id).await?)
        }
    })
}

async fn endpoint(s: &mut Session, id: &EndpointId) -> Result<Endpoint> {
    let found = catalog::endpoint(s, id).await?;
    found.ok_or_else(|| Error::not_found("endpoint", id))
}

async fn service(s: &mut Session, id: &ServiceId) -> Result<ServiceId> {
    let found = catalog::service(s, id).await?.map(|service| service.id);
    found.ok_or_else(|| Error::not_found("service", id))
}

async fn region(s: &mut Session, id: &RegionId) -> Result<RegionId> {
    let found = catalog::region(s, id).await?.map(|region| region.id);
    found.ok_or_else(|| Error::not_found("region", id))
}
