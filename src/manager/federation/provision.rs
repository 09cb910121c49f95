//! Projects and roles that a mapping gives to a user.

use super::FederationManager;
use super::mapped::domain_id;
use super::shadow::ShadowUser;
use crate::driver::sql::assignment::{self, role};
use crate::driver::sql::db::Session;
use crate::error::{Error, Result};
use crate::manager::assignment::grants::check_role_domain;
use crate::model::event::Event;
use crate::model::federation::{MappedProject, MappedRole};
use crate::model::{
    Actor, Assignment, AssignmentTarget, DomainId, Project, ProjectId, Role, RoleId, UserId,
};
use std::collections::{BTreeMap, BTreeSet};

type Grants = BTreeSet<(ProjectId, RoleId)>;

impl FederationManager<'_> {
    /// Gives a user the roles on projects that the mapping says, and makes those projects that are not
    /// there. Where the mapping gives all that the user shall have, other roles are taken away;
    /// inherited ones are not the mapping's to give or to take.
    ///
    /// # Errors
    /// 404 when a role or a domain is not there; 403 for another domain's role; 400 when the project
    /// can't be made.
    pub(super) async fn provision(
        &self,
        s: &mut Session,
        id: &UserId,
        domain: &DomainId,
        user: &ShadowUser<'_>,
    ) -> Result<()> {
        if user.projects.is_empty() && !user.gives_all_projects {
            return Ok(());
        }
        // All roles must be there before any project is made.
        let mut roles = BTreeMap::new();
        for MappedRole { name } in user.projects.iter().flat_map(|project| &project.roles) {
            if !roles.contains_key(name.as_str()) {
                roles.insert(name.as_str(), usable_role(s, name, domain).await?);
            }
        }
        let mut wanted = Grants::new();
        for mapped in &user.projects {
            let project = self.project_of(s, mapped, &user.idp.domain_id).await?;
            let target = AssignmentTarget::Project(project.id.clone());
            for MappedRole { name } in &mapped.roles {
                if let Some(role) = roles.get(name.as_str()) {
                    check_role_domain(role, &target, Some(&project))?;
                    wanted.insert((project.id.clone(), role.id.clone()));
                }
            }
        }
        let has = assignment::granted_on_projects(s, id).await?;
        let has: Grants = has.into_iter().collect();
        for (project, role) in wanted.difference(&has) {
            let grant = grant(id, project, role);
            assignment::insert_grant(s, &grant).await?;
            s.notify(Event::granted(&grant));
        }
        if user.gives_all_projects {
            for (project, role) in has.difference(&wanted) {
                let grant = grant(id, project, role);
                assignment::delete_grant(s, &grant).await?;
                s.notify(Event::revoked(&grant));
            }
        }
        Ok(())
    }

    async fn project_of(
        &self,
        s: &mut Session,
        mapped: &MappedProject,
        default: &DomainId,
    ) -> Result<Project> {
        let domain = match &mapped.domain {
            None => default.clone(),
            Some(domain) => domain_id(s, domain).await?.ok_or_else(|| {
                Error::unauthorized(format!("the mapping names no domain of {}", mapped.name))
            })?,
        };
        let resource = self.app.resource();
        resource.ensure_project_in(s, &domain, &mapped.name).await
    }
}

/// The role of a name that the users of a domain can have: a global one, or else the domain's own.
async fn usable_role(s: &mut Session, name: &str, domain: &DomainId) -> Result<Role> {
    let mut found = role::roles_by_name(s, name).await?;
    // MySQL finds names in any case.
    found.retain(|role| role.name == name);
    if found.is_empty() {
        return Err(Error::not_found("role", name));
    }
    let rank = |role: &Role| match &role.domain_id {
        None => Some(0),
        Some(own) if own == domain => Some(1),
        Some(_) => None,
    };
    let usable = found.into_iter().filter(|role| rank(role).is_some());
    usable.min_by_key(rank).ok_or_else(|| {
        Error::forbidden_action(format!(
            "The role {name} belongs to another domain than the user."
        ))
    })
}

fn grant(user: &UserId, project: &ProjectId, role: &RoleId) -> Assignment {
    Assignment {
        actor: Actor::User(user.clone()),
        target: AssignmentTarget::Project(project.clone()),
        role_id: role.clone(),
        inherited: false,
    }
}
