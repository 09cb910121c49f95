//! The first domain, project, user, roles and endpoints, without which nobody could log in to make
//! others.
//!
//! Works on a database without an [`App`](crate::app::App): whoever needs this may not have keys or
//! a server yet. What is there already is kept, so that running it again mends what is missing.

mod catalog;
mod roles;

use crate::config::{Config, DomainFile};
use crate::crypto::password::{self, HashParameters};
use crate::driver::sql::assignment as grants;
use crate::driver::sql::db::{Db, Session};
use crate::driver::sql::identity::{self, NewPassword};
use crate::driver::sql::{resource, revoke};
use crate::error::{Error, Result};
use crate::manager::identity::{DriverSource, outside_login};
use crate::model::event::{Event, ResourceKind};
use crate::model::{
    Actor, Assignment, AssignmentTarget, DomainId, Project, ProjectId, RevocationEvent, RoleId,
    Secret, Timestamp, User, UserChanges, UserId,
};
use serde_json::{Map, Value};
use std::sync::Arc;

/// What an installation begins with.
#[derive(Clone, Debug)]
pub struct BootstrapRequest {
    /// The administrator's name.
    pub username: String,
    pub password: Secret,
    pub project_name: String,
    /// The role that may do everything.
    pub role_name: String,
    /// The identity service's name in the catalog.
    pub service_name: String,
    /// The region of the endpoints; made when it is missing.
    pub region_id: Option<String>,
    /// URL of the identity service by interface: `public`, `internal`, `admin`.
    pub urls: Vec<(&'static str, String)>,
    /// Whether new roles are protected from changes.
    pub immutable_roles: bool,
}

/// What a user is set up with.
#[derive(Clone, Debug)]
pub struct UserRequest {
    pub name: String,
    pub password: Secret,
    /// `None` makes one up.
    pub id: Option<UserId>,
}

/// Makes what is missing.
pub struct BootstrapManager<'a> {
    pub db: &'a Db,
    pub config: &'a Config,
    pub hashing: &'a HashParameters,
    pub now: Timestamp,
}

impl BootstrapManager<'_> {
    /// Makes everything that is missing, in one transaction.
    ///
    /// # Errors
    /// [`Error::Conflict`] when something has a name of ours under another id, or a directory keeps the
    /// default domain's users and has nobody with the administrator's name and password.
    pub async fn bootstrap(&self, request: &BootstrapRequest) -> Result<()> {
        let user = UserRequest {
            name: request.username.clone(),
            password: request.password.clone(),
            id: None,
        };
        let outside = self.outside_user(&user).await?;
        let hash = match outside {
            Some(_) => None,
            None => self.new_hash(&user).await?,
        };
        let (user, hash, outside) = (&user, hash.as_ref(), outside.as_ref());
        self.db
            .transaction(|s| {
                Box::pin(async move {
                    self.everything(s, request, (user, hash), outside)
                        .await
                        .map_err(run_again)
                })
            })
            .await
    }

    async fn everything(
        &self,
        s: &mut Session,
        request: &BootstrapRequest,
        (user, hash): (&UserRequest, Option<&Secret>),
        outside: Option<&UserId>,
    ) -> Result<()> {
        self.default_domain(s).await?;
        let project = self.project(s, &request.project_name, None).await?;
        let user = match outside {
            Some(id) => id.clone(),
            None => self.user(s, user, hash).await?,
        };
        let admin = roles::make(s, &request.role_name, request.immutable_roles).await?;
        for target in [AssignmentTarget::Project(project), AssignmentTarget::System] {
            grant(s, &user, target, &admin).await?;
        }
        catalog::make(s, request).await
    }

    /// Makes an enabled project in the default domain unless there is one of this name.
    ///
    /// # Errors
    /// [`Error::Conflict`] when the id is taken.
    pub async fn project_setup(&self, name: &str, id: Option<&ProjectId>) -> Result<ProjectId> {
        self.db
            .transaction(|s| {
                Box::pin(async move {
                    self.default_domain(s).await.map_err(run_again)?;
                    self.project(s, name, id).await.map_err(run_again)
                })
            })
            .await
    }

    /// Makes a user in the default domain; one that is there is enabled and gets the password.
    ///
    /// # Errors
    /// [`Error::Conflict`] when the name belongs to another id, or a directory keeps the domain's users and
    /// has nobody with this name and password.
    pub async fn user_setup(&self, request: &UserRequest) -> Result<UserId> {
        if let Some(id) = self.outside_user(request).await? {
            return Ok(id);
        }
        let hash = self.new_hash(request).await?;
        let hash = hash.as_ref();
        self.db
            .transaction(|s| {
                Box::pin(async move {
                    self.default_domain(s).await.map_err(run_again)?;
                    self.user(s, request, hash).await.map_err(run_again)
                })
            })
            .await
    }

    /// The user, where a directory keeps those of the default domain. It must have name and password:
    /// nobody is made there.
    async fn outside_user(&self, request: &UserRequest) -> Result<Option<UserId>> {
        let mut warnings = Vec::new();
        let files = DomainFile::of(self.config, &mut warnings).map_err(Error::internal)?;
        let source = DriverSource {
            db: self.db,
            config: &Arc::new(self.config.clone()),
            files: &files.into(),
            now: self.now,
        };
        outside_login(source, &self.domain_id(), &request.name, &request.password).await
    }

    fn domain_id(&self) -> DomainId {
        self.config.identity.default_domain_id.as_str().into()
    }

    async fn default_domain(&self, s: &mut Session) -> Result<()> {
        const NAME: &str = "Default";
        let id = self.domain_id();
        if resource::domain(s, &id).await?.is_some() {
            return Ok(());
        }
        if let Some(other) = resource::domain_by_name(s, NAME).await? {
            return Err(Error::conflict(format!(
                "the domain {NAME} has the id {}, but [identity] default_domain_id is {id}",
                other.id
            )));
        }
        let domain = Project {
            id: id.into(),
            name: NAME.to_owned(),
            domain_id: None,
            parent_id: None,
            is_domain: true,
            description: Some("Home of users and projects that name no domain".to_owned()),
            enabled: true,
            tags: Vec::new(),
            options: Map::new(),
            extra: Map::new(),
        };
        resource::insert_project(s, &domain).await?;
        s.notify(Event::created(ResourceKind::Domain, &domain.id));
        Ok(())
    }

    async fn project(
        &self,
        s: &mut Session,
        name: &str,
        id: Option<&ProjectId>,
    ) -> Result<ProjectId> {
        let domain = self.domain_id();
        if let Some(project) = resource::project_by_name(s, &domain, name).await? {
            return Ok(project.id);
        }
        if let Some(id) = id
            && let Some(taken) = resource::project(s, id).await?
        {
            return Err(Error::conflict(format!(
                "the id {id} belongs to {}",
                taken.name
            )));
        }
        let project = Project {
            id: id.cloned().unwrap_or_else(|| new_id().into()),
            name: name.to_owned(),
            domain_id: Some(domain.clone()),
            parent_id: Some(domain.into()),
            is_domain: false,
            description: Some("Made when the cloud was set up".to_owned()),
            enabled: true,
            tags: Vec::new(),
            options: Map::new(),
            extra: Map::new(),
        };
        resource::insert_project(s, &project).await?;
        s.notify(Event::created(ResourceKind::Project, &project.id));
        Ok(project.id)
    }

    /// The hash to store; `None` when the user's password is the right one already. Hashing is slow,
    /// so it is done before the transaction.
    async fn new_hash(&self, request: &UserRequest) -> Result<Option<Secret>> {
        let current = {
            let mut session = self.db.session().await?;
            match identity::user_by_name(&mut session, &self.domain_id(), &request.name).await? {
                Some(user) => identity::latest_password(&mut session, &user.id).await?,
                None => None,
            }
        };
        let password = request.password.expose();
        let is_current = current.is_some_and(|current| {
            let valid = current
                .expires_at
                .is_none_or(|expires_at| expires_at > self.now);
            let hash = current.hash.as_ref().map(Secret::expose);
            valid && hash.is_some_and(|hash| password::verify(self.hashing, password, hash))
        });
        if is_current {
            Ok(None)
        } else {
            password::hash(self.hashing, password).map(|hash| Some(Secret::from(hash)))
        }
    }

    async fn user(
        &self,
        s: &mut Session,
        request: &UserRequest,
        hash: Option<&Secret>,
    ) -> Result<UserId> {
        let domain = self.domain_id();
        let Some(user) = identity::user_by_name(s, &domain, &request.name).await? else {
            let user = self.new_user(s, request, domain).await?;
            let hash = hash.ok_or_else(|| {
                Error::conflict(format!("user {} was removed meanwhile", request.name))
            })?;
            self.set_password(s, &user, hash).await?;
            return Ok(user.id);
        };
        if let Some(id) = &request.id
            && *id != user.id
        {
            return Err(Error::conflict(format!(
                "user {} has the id {}",
                user.name, user.id
            )));
        }
        if !user.enabled {
            let changes = UserChanges {
                enabled: Some(true),
                ..UserChanges::default()
            };
            identity::update_user(s, &user, &changes).await?;
        }
        identity::clear_failed_logins(s, &user.id).await?;
        if let Some(hash) = hash {
            self.set_password(s, &user, hash).await?;
            let mut event = RevocationEvent::at(self.now);
            event.user_id = Some(user.id.to_string());
            revoke::insert(s, &event).await?;
        }
        if !user.enabled || hash.is_some() {
            s.notify(Event::updated(ResourceKind::User, &user.id));
        }
        Ok(user.id)
    }

    async fn new_user(
        &self,
        s: &mut Session,
        request: &UserRequest,
        domain_id: DomainId,
    ) -> Result<User> {
        let id = request.id.clone().unwrap_or_else(|| new_id().into());
        if identity::user_exists(s, &id).await? {
            return Err(Error::conflict(format!(
                "the id {id} belongs to another user"
            )));
        }
        let user = User {
            id,
            domain_id,
            name: request.name.clone(),
            enabled: true,
            default_project_id: None,
            password_expires_at: None,
            created_at: Some(self.now),
            last_active_at: None,
            options: Map::new(),
            federated: Vec::new(),
            extra: Map::new(),
        };
        identity::insert_user(s, &user).await?;
        s.notify(Event::created(ResourceKind::User, &user.id));
        Ok(user)
    }

    async fn set_password(&self, s: &mut Session, user: &User, hash: &Secret) -> Result<()> {
        let rules = &self.config.security_compliance;
        let never = user.options.get("ignore_password_expiry") == Some(&Value::Bool(true));
        let days = rules.password_expires_days.filter(|_| !never);
        let expires_at = days.map(|days| {
            let seconds = i64::try_from(days)
                .unwrap_or(i64::MAX)
                .saturating_mul(86_400);
            self.now.plus_seconds(seconds)
        });
        let password = NewPassword {
            hash: Some(hash.clone()),
            expires_at,
            self_service: false,
        };
        let kept = rules.unique_last_password_count.saturating_sub(1);
        let kept = u32::try_from(kept).unwrap_or(u32::MAX);
        identity::add_password(s, &user.id, &password, kept, self.now).await
    }
}

async fn grant(
    s: &mut Session,
    user: &UserId,
    target: AssignmentTarget,
    role: &RoleId,
) -> Result<()> {
    let grant = Assignment {
        actor: Actor::User(user.clone()),
        target,
        role_id: role.clone(),
        inherited: false,
    };
    if grants::grant_exists(s, &grant).await? {
        return Ok(());
    }
    grants::insert_grant(s, &grant).await?;
    if grant.target != AssignmentTarget::System {
        s.notify(Event::granted(&grant));
    }
    Ok(())
}

/// A key that somebody else took just now is found at the second try.
fn run_again(error: Error) -> Error {
    match error {
        Error::DuplicateKey(key) => Error::Transient(key),
        other => other,
    }
}

fn new_id() -> String {
    uuid::Uuid::new_v4().simple().to_string()
}
