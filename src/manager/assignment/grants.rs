//! Grants: giving a role on a target to an actor, and taking it back.

use super::{AssignmentManager, roles};
use crate::driver::sql::assignment::{self as sql, role};
use crate::driver::sql::db::Session;
use crate::driver::sql::{identity, resource};
use crate::error::{Error, Result};
use crate::model::event::{Action, Event, Outcome};
use crate::model::{Actor, Assignment, AssignmentTarget, Group, Project, Role, RoleId, User};

/// What a grant names, as the database knows it; `None` for what does not exist. Policy judges by it.
#[derive(Clone, Debug)]
pub struct GrantFacts {
    pub actor: Option<ActorFacts>,
    /// The project or domain; `None` for the system, too.
    pub target: Option<Project>,
    pub role: Option<Role>,
}

/// Who holds a grant.
#[derive(Clone, Debug)]
pub enum ActorFacts {
    User(User),
    Group(Group),
}

impl AssignmentManager<'_> {
    /// Reads what a grant names.
    pub async fn grant_facts(
        &self,
        actor: &Actor,
        target: &AssignmentTarget,
        role_id: Option<&RoleId>,
    ) -> Result<GrantFacts> {
        let identity = self.app.identity();
        let actor = match actor {
            Actor::User(id) => identity.find_user(id).await?.map(ActorFacts::User),
            Actor::Group(id) => identity.find_group(id).await?.map(ActorFacts::Group),
        };
        let mut session = self.app.db.session().await?;
        Ok(GrantFacts {
            actor,
            target: find_target(&mut session, target).await?,
            role: match role_id {
                Some(id) => role::role(&mut session, id).await?,
                None => None,
            },
        })
    }

    /// The roles granted to an actor on a target, either the inherited grants or the others.
    pub async fn granted_roles(
        &self,
        actor: &Actor,
        target: &AssignmentTarget,
        inherited: bool,
    ) -> Result<Vec<Role>> {
        let mut session = self.app.db.session().await?;
        sql::granted_roles(&mut session, actor, target, inherited).await
    }

    /// Fails with 404 unless exactly this was granted.
    pub async fn check_grant(&self, grant: &Assignment) -> Result<()> {
        let mut session = self.app.db.session().await?;
        match sql::grant_exists(&mut session, grant).await? {
            true => Ok(()),
            false => Err(no_such_grant(grant)),
        }
    }

    /// Grants; what is granted already stays so.
    ///
    /// # Errors
    /// 404 when the role, the actor or the target does not exist; 403 for a domain's role on a
    /// project of another domain; 400 for a domain's role on the system.
    pub async fn grant(&self, grant: &Assignment) -> Result<()> {
        let outside = self.app.identity().exists_outside(&grant.actor).await?;
        let granted = self
            .app
            .db
            .transaction(|s| {
                Box::pin(async move {
                    let role = roles::existing(s, &grant.role_id).await?;
                    let target = find_target(s, &grant.target).await?;
                    if target.is_none() && grant.target != AssignmentTarget::System {
                        return Err(no_such_target(&grant.target));
                    }
                    check_role_domain(&role, &grant.target, target.as_ref())?;
                    let exists = match outside {
                        Some(exists) => exists,
                        None => actor_exists(s, &grant.actor).await?,
                    };
                    if !exists {
                        return Err(no_such_actor(&grant.actor));
                    }
                    sql::insert_grant(s, grant).await?;
                    if grant.target != AssignmentTarget::System {
                        s.notify(Event::granted(grant));
                    }
                    Ok(())
                })
            })
            .await;
        self.told_if_refused(Action::Created, grant, granted)
    }

    /// Takes a grant back.
    ///
    /// # Errors
    /// 404 when it was not granted.
    pub async fn revoke(&self, grant: &Assignment) -> Result<()> {
        let revoked = self
            .app
            .db
            .transaction(|s| {
                Box::pin(async move {
                    if !sql::delete_grant(s, grant).await? {
                        return Err(no_such_grant(grant));
                    }
                    if grant.target != AssignmentTarget::System {
                        s.notify(Event::revoked(grant));
                    }
                    Ok(())
                })
            })
            .await;
        self.told_if_refused(Action::Deleted, grant, revoked)
    }

    /// Keystone tells of refused grants, too, but not of those on the system.
    fn told_if_refused(
        &self,
        action: Action,
        grant: &Assignment,
        outcome: Result<()>,
    ) -> Result<()> {
        let refused = matches!(
            outcome,
            Err(Error::NotFound { .. } | Error::ForbiddenAction(_))
        );
        if refused && grant.target != AssignmentTarget::System {
            self.app.notify(Event::RoleAssignment {
                action,
                outcome: Outcome::Failure,
                assignment: grant.clone(),
            });
        }
        outcome
    }
}

/// The project or domain, if it exists; `None` for the system.
async fn find_target(s: &mut Session, target: &AssignmentTarget) -> Result<Option<Project>> {
    match target {
        AssignmentTarget::System => Ok(None),
        AssignmentTarget::Project(id) => resource::project(s, id).await,
        AssignmentTarget::Domain(id) => resource::domain(s, id).await,
    }
}

async fn actor_exists(s: &mut Session, actor: &Actor) -> Result<bool> {
    match actor {
        Actor::User(id) => identity::user_exists(s, id).await,
        Actor::Group(id) => Ok(identity::group(s, id).await?.is_some()),
    }
}

/// 404 for an actor that does not exist.
pub fn no_such_actor(actor: &Actor) -> Error {
    match actor {
        Actor::User(id) => Error::not_found("user", id),
        Actor::Group(id) => Error::not_found("group", id),
    }
}

/// 404 for a target that does not exist.
pub fn no_such_target(target: &AssignmentTarget) -> Error {
    let kind = match target {
        AssignmentTarget::Project(_) => "project",
        AssignmentTarget::Domain(_) => "domain",
        AssignmentTarget::System => "system",
    };
    Error::not_found(kind, target.id())
}

pub(super) fn no_such_grant(grant: &Assignment) -> Error {
    let kind = match grant.actor {
        Actor::User(_) => "user",
        Actor::Group(_) => "group",
    };
    let inherited = if grant.inherited { ", inherited" } else { "" };
    Error::NotFound {
        kind: "role assignment",
        id: format!(
            "role {} of {kind} {} on {}{inherited}",
            grant.role_id,
            grant.actor.id(),
            grant.target.id(),
        ),
    }
}

/// A domain's role is for that domain's projects. On domains it can be granted anywhere, as
/// Keystone allows it, and counts there only by what it implies.
pub(in crate::manager) fn check_role_domain(
    role: &Role,
    target: &AssignmentTarget,
    project: Option<&Project>,
) -> Result<()> {
    let Some(domain_id) = &role.domain_id else {
        return Ok(());
    };
    match target {
        AssignmentTarget::Domain(_) => Ok(()),
        AssignmentTarget::System => Err(Error::bad_request(format!(
            "Role {} belongs to a domain and can't be granted on the system.",
            role.id
        ))),
        AssignmentTarget::Project(id) => {
            match project.and_then(|project| project.domain_id.as_ref()) {
                Some(of_project) if of_project == domain_id => Ok(()),
                _ => Err(Error::forbidden_action(format!(
                    "Role {} belongs to another domain than project {id}.",
                    role.id
                ))),
            }
        }
    }
}
