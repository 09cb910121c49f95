//! Projects and domains.
//!
//! A domain is a project that nothing stands above. Most rules are the same for both; a [`Kind`] says
//! which of them a caller means, and whoever means a domain does not find a project.

mod create;
mod delete;
mod tags;
mod tree;
mod update;

pub use crate::driver::sql::resource::{ProjectQuery, TagFilters};
pub use create::{NewDomain, NewProject};
pub use tree::tree_of_ids;
pub use update::ProjectUpdate;

use crate::app::App;
use crate::config::Config;
use crate::config::UrlSafe;
use crate::driver::sql::db::Session;
use crate::driver::sql::resource as sql;
use crate::error::{Error, Result};
use crate::model::event::{Event, ResourceKind};
use crate::model::list::{ListHints, Page};
use crate::model::{DomainId, Project, ProjectId};

/// Projects and domains.
pub struct ResourceManager<'a> {
    app: &'a App,
}

/// As what a project is addressed: `/v3/projects` finds domains too, `/v3/domains` only them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Project,
    Domain,
}

impl Kind {
    fn name(self) -> &'static str {
        match self {
            Self::Project => "project",
            Self::Domain => "domain",
        }
    }

    fn event_kind(self) -> ResourceKind {
        match self {
            Self::Project => ResourceKind::Project,
            Self::Domain => ResourceKind::Domain,
        }
    }

    fn of(project: &Project) -> Self {
        match project.is_domain {
            true => Self::Domain,
            false => Self::Project,
        }
    }
}

impl<'a> ResourceManager<'a> {
    /// A view of the app.
    pub fn new(app: &'a App) -> Self {
        Self { app }
    }

    /// The project with this id, or the domain, which is a project too.
    ///
    /// # Errors
    /// 404 when there is none.
    pub async fn project(&self, id: &ProjectId) -> Result<Project> {
        existing(&mut self.app.db.session().await?, Kind::Project, id).await
    }

    /// The project or domain with this id, if there is one.
    pub async fn find_project(&self, id: &ProjectId) -> Result<Option<Project>> {
        sql::project(&mut self.app.db.session().await?, id).await
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

    /// A page of projects.
    ///
    /// # Errors
    /// 404 for a marker that is no project.
    pub async fn projects(&self, query: &ProjectQuery) -> Result<Page<Project>> {
        let mut session = self.app.db.session().await?;
        check_marker(&mut session, &query.hints).await?;
        sql::projects(&mut session, query).await
    }

    /// The domain with this id.
    ///
    /// # Errors
    /// 404 when there is none.
    pub async fn domain(&self, id: &DomainId) -> Result<Project> {
        let id = ProjectId::from(id.clone());
        existing(&mut self.app.db.session().await?, Kind::Domain, &id).await
    }

    /// The domain with this id, if there is one.
    pub async fn find_domain(&self, id: &DomainId) -> Result<Option<Project>> {
        sql::domain(&mut self.app.db.session().await?, id).await
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

    /// A page of domains; `only` narrows it to one, `enabled` must hold all of.
    ///
    /// # Errors
    /// 404 for a marker that is no domain.
    pub async fn domains(
        &self,
        hints: &ListHints,
        enabled: &[bool],
        only: Option<&DomainId>,
    ) -> Result<Page<Project>> {
        let mut session = self.app.db.session().await?;
        check_marker(&mut session, hints).await?;
        sql::domains(&mut session, hints, enabled, only).await
    }
}

async fn existing(s: &mut Session, kind: Kind, id: &ProjectId) -> Result<Project> {
    sql::project(s, id)
        .await?
        .filter(|project| kind == Kind::Project || project.is_domain)
        .ok_or_else(|| Error::not_found(kind.name(), id))
}

async fn check_marker(s: &mut Session, hints: &ListHints) -> Result<()> {
    let Some(marker) = &hints.marker else {
        return Ok(());
    };
    match sql::project(s, &ProjectId::from(marker.as_str())).await? {
        Some(_) => Ok(()),
        None => Err(Error::not_found("marker", marker)),
    }
}

/// The name that [`check_name`] keeps for tokens of federated users, in any case.
const RESERVED_DOMAIN_NAME: &str = "federated";

/// Checks a new name, without the space around it.
///
/// # Errors
/// 400 for a domain name that is reserved, and for characters that URLs reserve where
/// `project_name_url_safe` or `domain_name_url_safe` forbids them.
fn check_name(kind: Kind, name: &str, config: &Config) -> Result<()> {
    if url_safe(kind, config) != UrlSafe::Off && !is_url_safe(name) {
        return Err(Error::bad_request(format!(
            "The name of a {} must not contain any of {URL_RESERVED}",
            kind.name()
        )));
    }
    if kind == Kind::Domain && name.eq_ignore_ascii_case(RESERVED_DOMAIN_NAME) {
        return Err(Error::bad_request(format!(
            "The domain name '{name}' is reserved for federated users."
        )));
    }
    Ok(())
}

const URL_RESERVED: &str = "!#$&'()*+,/:;=?@[]";

fn is_url_safe(name: &str) -> bool {
    !name.contains(|c| URL_RESERVED.contains(c))
}

fn url_safe(kind: Kind, config: &Config) -> UrlSafe {
    match kind {
        Kind::Project => config.resource.project_name_url_safe,
        Kind::Domain => config.resource.domain_name_url_safe,
    }
}

/// Fails with 401 where nobody may log in by this name of a project or a domain.
pub(in crate::manager) fn check_login_name(kind: Kind, name: &str, config: &Config) -> Result<()> {
    if url_safe(kind, config) == UrlSafe::Strict && !is_url_safe(name) {
        return Err(Error::unauthorized(format!(
            "[resource] {}_name_url_safe: no login by a name with any of {URL_RESERVED}",
            kind.name()
        )));
    }
    Ok(())
}

fn name_taken(kind: Kind, name: &str) -> String {
    match kind {
        Kind::Project => format!("The domain has a project named '{name}' already."),
        Kind::Domain => format!("There is a domain named '{name}' already."),
    }
}

/// A domain is a project too, and Keystone tells of both.
fn tell_of_update(s: &mut Session, project: &Project) {
    s.notify(Event::updated(ResourceKind::Project, &project.id));
    if project.is_domain {
        s.notify(Event::updated(ResourceKind::Domain, &project.id));
    }
}

fn is_immutable(project: &Project) -> Error {
    let kind = Kind::of(project).name();
    Error::forbidden_action(format!(
        "The {kind} {} is immutable. Set its option 'immutable' to false first.",
        project.id
    ))
}
