//! Projects and domains.

use crate::app::App;
use crate::driver::sql::resource as sql;
use crate::error::{Error, Result};
use crate::model::{DomainId, Project};

/// Projects and domains.
pub struct ResourceManager<'a> {
    app: &'a App,
}

impl<'a> ResourceManager<'a> {
    /// A view of the app.
    pub fn new(app: &'a App) -> Self {
        Self { app }
    }

    /// The project with this name in a domain.
    ///
    /// # Errors
    /// 404 when there is none.
    pub async fn project_by_name(&self, domain: &DomainId, name: &str) -> Result<Project> {
        let mut session = self.app.db.session().await?;
        sql::project_by_name(&mut session, domain, name)
            .await?
            .ok_or_else(|| Error::not_found("project", name))
    }

    /// The domain with this name.
    ///
    /// # Errors
    /// 404 when there is none.
    pub async fn domain_by_name(&self, name: &str) -> Result<Project> {
        let mut session = self.app.db.session().await?;
        sql::domain_by_name(&mut session, name)
            .await?
            .ok_or_else(|| Error::not_found("domain", name))
    }
}
