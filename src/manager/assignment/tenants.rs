//! What v2.0 asks about roles: those of users on tenants, given and taken one by one.

use super::learner::user_exists;
use super::listing::AssignmentQuery;
use super::{AssignmentManager, grants, roles};
use crate::driver::sql::assignment::{self as sql, effective, role};
use crate::driver::sql::db::Session;
use crate::driver::sql::resource;
use crate::error::{Error, Result};
use crate::model::event::{Event, ResourceKind};
use crate::model::list::{Comparator, Filter, ListHints};
use crate::model::{
    Actor, Assignment, AssignmentTarget, ProjectId, RevocationEvent, Role, RoleId, UserId,
};
use serde_json::Map;
use std::collections::BTreeSet;

/// Width of `assignment.actor_id`. There can't be a user with a longer id.
const LONGEST_ACTOR: usize = 64;

/// The role by which a user belongs to its own tenant: `[DEFAULT] member_role_id` and
/// `member_role_name`.
#[derive(Clone, Debug)]
pub struct MemberRole {
    pub id: RoleId,
    pub name: String,
}

impl AssignmentManager<'_> {
    /// Gives a user the member role on a project, as part of the caller's transaction. The role is
    /// made when there is none.
    pub async fn join(
        &self,
        s: &mut Session,
        user: &UserId,
        project: &ProjectId,
        member: &MemberRole,
    ) -> Result<()> {
        let role = match find_member_role(s, member).await? {
            Some(role) => role.id,
            None => make_member_role(s, member).await?,
        };
        let grant = on_tenant(user, project, &role);
        sql::insert_grant(s, &grant).await?;
        s.notify(Event::granted(&grant));
        Ok(())
    }

    /// Takes the member role on a project away again, if the user has it.
    pub async fn leave(
        &self,
        s: &mut Session,
        user: &UserId,
        project: &ProjectId,
        member: &MemberRole,
    ) -> Result<()> {
        if let Some(role) = find_member_role(s, member).await? {
            let grant = on_tenant(user, project, &role.id);
            if sql::delete_grant(s, &grant).await? {
                s.notify(Event::revoked(&grant));
            }
        }
        Ok(())
    }

    /// Who has a role on a project, however it was given, in order of id.
    pub async fn user_ids_of_project(&self, id: &ProjectId) -> Result<Vec<UserId>> {
        let query = AssignmentQuery {
            target: Some(AssignmentTarget::Project(id.clone())),
            ..AssignmentQuery::default()
        };
        let mut users = BTreeSet::new();
        for one in self.effective_assignments(&query).await?.items {
            if let Actor::User(id) = one.actor {
                users.insert(id);
            }
        }
        Ok(users.into_iter().collect())
    }

    /// The roles that a user has on a project, however they were given.
    ///
    /// # Errors
    /// 404 for an unknown user.
    pub async fn roles_of_user(&self, user: &UserId, project: &ProjectId) -> Result<Vec<Role>> {
        let outsiders = self.app.identity().outsiders(&[user]).await?;
        let mut session = self.app.db.session().await?;
        if !user_exists(&mut session, user, &outsiders).await? {
            return Err(Error::not_found("user", user));
        }
        let holder = self.holder(user, &outsiders);
        let mut roles = effective::roles_on_project(&mut session, &holder, project).await?;
        roles.retain(|role| role.domain_id.is_none());
        Ok(roles)
    }

    /// The projects on which a user has roles, each with one of them.
    ///
    /// # Errors
    /// 404 for an unknown user.
    pub async fn roles_on_projects(&self, user: &UserId) -> Result<Vec<(ProjectId, RoleId)>> {
        let query = AssignmentQuery {
            actor: Some(Actor::User(user.clone())),
            ..AssignmentQuery::default()
        };
        let mut found = BTreeSet::new();
        for one in self.effective_assignments(&query).await?.items {
            if let AssignmentTarget::Project(project) = one.target {
                found.insert((project, one.role_id));
            }
        }
        Ok(found.into_iter().collect())
    }

    /// Gives a role to a user on a tenant. Whether there is such a user is not asked: v2.0 never did.
    ///
    /// # Errors
    /// 404 for an unknown role or tenant; 409 when the user has exactly this already; 403 for the
    /// role of another domain.
    pub async fn add_role(&self, user: &UserId, project: &ProjectId, id: &RoleId) -> Result<Role> {
        if user.chars().count() > LONGEST_ACTOR {
            return Err(Error::not_found("user", user));
        }
        self.app
            .db
            .transaction(|s| {
                Box::pin(async move {
                    let role = roles::existing(s, id).await?;
                    let found = resource::project(s, project).await?;
                    let found = found
                        .filter(|project| !project.is_domain)
                        .ok_or_else(|| Error::not_found("tenant", project))?;
                    let grant = on_tenant(user, project, id);
                    grants::check_role_domain(&role, &grant.target, Some(&found))?;
                    if sql::grant_exists(s, &grant).await? {
                        return Err(Error::conflict(format!(
                            "The user {user} has the role {id} on the tenant {project} already."
                        )));
                    }
                    sql::insert_grant(s, &grant).await?;
                    s.notify(Event::granted(&grant));
                    Ok(role)
                })
            })
            .await
    }

    /// Takes a role of a user on a tenant away, and ends the user's tokens for that tenant.
    ///
    /// # Errors
    /// 404 when it was not given.
    pub async fn remove_role(&self, user: &UserId, project: &ProjectId, id: &RoleId) -> Result<()> {
        let grant = &on_tenant(user, project, id);
        let event = &[RevocationEvent {
            user_id: Some(user.to_string()),
            project_id: Some(project.to_string()),
            ..RevocationEvent::at(self.app.clock.now())
        }];
        let this = self;
        self.app
            .db
            .transaction(|s| {
                Box::pin(async move {
                    if !sql::delete_grant(s, grant).await? {
                        return Err(grants::no_such_grant(grant));
                    }
                    s.notify(Event::revoked(grant));
                    this.app.revoke().record_in(s, event).await
                })
            })
            .await
    }
}

fn on_tenant(user: &UserId, project: &ProjectId, role: &RoleId) -> Assignment {
    Assignment {
        actor: Actor::User(user.clone()),
        target: AssignmentTarget::Project(project.clone()),
        role_id: role.clone(),
        inherited: false,
    }
}

/// The configured role by its id, or else the global role of its name.
async fn find_member_role(s: &mut Session, member: &MemberRole) -> Result<Option<Role>> {
    if let Some(role) = role::role(s, &member.id).await? {
        return Ok(Some(role));
    }
    let hints = ListHints {
        filters: vec![Filter {
            attribute: "name",
            comparator: Comparator::Equals,
            case_insensitive: false,
            value: member.name.clone(),
        }],
        ..ListHints::default()
    };
    let page = role::roles(s, None, &hints).await?;
    Ok(page.items.into_iter().next())
}

async fn make_member_role(s: &mut Session, member: &MemberRole) -> Result<RoleId> {
    let role = Role {
        id: member.id.clone(),
        name: member.name.clone(),
        domain_id: None,
        description: None,
        options: Map::new(),
        extra: Map::new(),
    };
    role::insert_role(s, &role).await?;
    s.notify(Event::created(ResourceKind::Role, &role.id));
    Ok(role.id)
}
