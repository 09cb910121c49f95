//! The end of projects and domains.

use super::{Kind, ResourceManager, existing, is_immutable};
use crate::driver::sql::db::{Area, Session};
use crate::driver::sql::resource as sql;
use crate::error::{Error, Result};
use crate::model::event::{Event, ResourceKind};
use crate::model::{DomainId, Project, ProjectId};

impl ResourceManager<'_> {
    /// Deletes a project and what is its own, and ends its tokens. A domain goes as
    /// [`delete_domain`](Self::delete_domain) says.
    ///
    /// # Errors
    /// 404; 403 when it is immutable or has projects below it.
    pub async fn delete_project(&self, id: &ProjectId) -> Result<()> {
        self.delete(Kind::Project, id).await
    }

    /// Deletes a domain with all its projects, users, groups, identity providers and configuration,
    /// and ends their tokens. Its roles stay.
    ///
    /// # Errors
    /// 404; 403 while it is enabled, when it is immutable, or when a project in it is.
    pub async fn delete_domain(&self, id: &DomainId) -> Result<()> {
        self.delete(Kind::Domain, &ProjectId::from(id.clone()))
            .await
    }

    async fn delete(&self, kind: Kind, id: &ProjectId) -> Result<()> {
        let this = self;
        self.app
            .db
            .transaction(|s| {
                Box::pin(async move {
                    // A domain takes long; all other changes of projects would wait for it.
                    if matches!(kind, Kind::Project) {
                        s.take_turn(Area::Resource).await?;
                    }
                    let current = existing(s, kind, id).await?;
                    if current.is_immutable() {
                        return Err(is_immutable(&current));
                    }
                    match current.is_domain {
                        true => this.delete_domain_in(s, &current).await,
                        false => this.delete_leaf_in(s, id).await,
                    }
                })
            })
            .await
    }

    async fn delete_leaf_in(&self, s: &mut Session, id: &ProjectId) -> Result<()> {
        if sql::has_children(s, id).await? {
            return Err(Error::forbidden_action(format!(
                "The project {id} can't be deleted while there are projects below it."
            )));
        }
        sql::delete_project(s, id, self.app.clock.now()).await?;
        s.notify(Event::deleted(ResourceKind::Project, id));
        let revoke = self.app.revoke();
        revoke.record_in(s, &[revoke.of_project(id)]).await
    }

    async fn delete_domain_in(&self, s: &mut Session, domain: &Project) -> Result<()> {
        if domain.enabled {
            return Err(Error::forbidden_action(format!(
                "The domain {} can't be deleted while it is enabled.",
                domain.id
            )));
        }
        let now = self.app.clock.now();
        let id = DomainId::from(domain.id.clone());
        let projects = sql::ids_of_domain_leaves_first(s, &id).await?;
        let immutable = sql::projects_by_ids(s, &projects).await?;
        if let Some(project) = immutable.iter().find(|project| project.is_immutable()) {
            return Err(is_immutable(project));
        }
        self.app.identity().delete_all_in_domain(s, &id).await?;
        for project in &projects {
            sql::delete_project(s, project, now).await?;
            s.notify(Event::deleted(ResourceKind::Project, project));
        }
        sql::delete_domain(s, &id, now).await?;
        s.notify(Event::deleted(ResourceKind::Project, &domain.id));
        s.notify(Event::deleted(ResourceKind::Domain, &domain.id));
        let revoke = self.app.revoke();
        let gone = projects.iter().chain([&domain.id]);
        let events: Vec<_> = gone.map(|id| revoke.of_project(id)).collect();
        revoke.record_in(s, &events).await
    }
}
