//! Roles and who has them.

pub mod expansion;
pub mod grants;
pub mod implied;
mod learner;
pub mod listing;
pub mod lookup;
pub mod marker;
mod roles;
mod tenants;

pub use tenants::MemberRole;

use crate::app::App;
use crate::driver::sql::assignment::effective::{self as sql, Holder, MembershipClock};
use crate::driver::sql::db::Session;
use crate::driver::sql::resource::projects_among;
use crate::error::Result;
use crate::manager::identity::Outsiders;
use crate::model::list::{ListHints, Page};
use crate::model::token::{ResolvedScope, RoleRef};
use crate::model::{DomainId, GroupId, Project, ProjectId, Role, UserId};
use std::collections::HashSet;

/// Roles and who has them.
pub struct AssignmentManager<'a> {
    app: &'a App,
}

impl<'a> AssignmentManager<'a> {
    /// A view of the app.
    pub fn new(app: &'a App) -> Self {
        Self { app }
    }

    /// The roles that a user's token for a project carries.
    pub async fn roles_on_project(
        &self,
        s: &mut Session,
        (user, outsiders): (&UserId, &Outsiders),
        id: &ProjectId,
    ) -> Result<Vec<RoleRef>> {
        let holder = self.holder(user, outsiders);
        Ok(for_tokens(sql::roles_on_project(s, &holder, id).await?))
    }

    /// All roles that a user has on a project, those that tokens don't carry among them.
    pub async fn all_roles_on_project(
        &self,
        s: &mut Session,
        (user, outsiders): (&UserId, &Outsiders),
        id: &ProjectId,
    ) -> Result<Vec<Role>> {
        sql::roles_on_project(s, &self.holder(user, outsiders), id).await
    }

    /// The roles that a user's token for a domain carries.
    pub async fn roles_on_domain(
        &self,
        s: &mut Session,
        (user, outsiders): (&UserId, &Outsiders),
        id: &DomainId,
    ) -> Result<Vec<RoleRef>> {
        let holder = self.holder(user, outsiders);
        Ok(for_tokens(sql::roles_on_domain(s, &holder, id).await?))
    }

    /// The roles that a user's system token carries.
    pub async fn roles_on_system(
        &self,
        s: &mut Session,
        (user, outsiders): (&UserId, &Outsiders),
    ) -> Result<Vec<RoleRef>> {
        let holder = self.holder(user, outsiders);
        Ok(for_tokens(sql::roles_on_system(s, &holder).await?))
    }

    /// The roles that members of groups have at a scope, whoever they are.
    pub async fn roles_of_groups(
        &self,
        s: &mut Session,
        groups: &[GroupId],
        scope: &ResolvedScope,
    ) -> Result<Vec<RoleRef>> {
        let nobody = UserId::from("");
        let roles = self.roles_with_groups(s, &nobody, groups, scope).await?;
        Ok(for_tokens(roles))
    }

    /// The roles that a user's token carries at a scope, when the user is in these groups besides
    /// those that the database knows of.
    pub async fn roles_with_groups(
        &self,
        s: &mut Session,
        user: &UserId,
        groups: &[GroupId],
        scope: &ResolvedScope,
    ) -> Result<Vec<Role>> {
        let holder = self.holder_with(user, groups);
        let mut roles = match scope {
            ResolvedScope::Unscoped => Vec::new(),
            ResolvedScope::Project { id, .. } => sql::roles_on_project(s, &holder, id).await?,
            ResolvedScope::Domain(domain) => sql::roles_on_domain(s, &holder, &domain.id).await?,
            ResolvedScope::System => sql::roles_on_system(s, &holder).await?,
        };
        roles.retain(|role| role.domain_id.is_none());
        Ok(roles)
    }

    /// Whether a user may have a system token.
    pub async fn has_system_role(&self, user: &UserId) -> Result<bool> {
        let outsiders = self.app.identity().outsiders(&[user]).await?;
        let mut session = self.app.db.session().await?;
        let roles = self.roles_on_system(&mut session, (user, &outsiders));
        Ok(!roles.await?.is_empty())
    }

    /// A page of the projects that a user has a role on, also by these groups besides its own.
    /// Filters: `name`, `domain_id`; all of `enabled` must hold.
    pub async fn projects_of_user(
        &self,
        user: &UserId,
        groups: &[GroupId],
        enabled: &[bool],
        hints: &ListHints,
    ) -> Result<Page<Project>> {
        let outsiders = self.app.identity().outsiders(&[user]).await?;
        let s = &mut self.app.db.session().await?;
        let groups = [groups, outsiders.groups_of(user)].concat();
        let theirs = sql::with_projects_of(s.dialect(), &self.holder_with(user, &groups));
        projects_among(s, theirs, enabled, hints).await
    }

    /// Those of these projects that a user has a role on, and perhaps others.
    pub async fn project_ids_of_user(
        &self,
        user: &UserId,
        among: &[ProjectId],
    ) -> Result<HashSet<ProjectId>> {
        let outsiders = self.app.identity().outsiders(&[user]).await?;
        let mut session = self.app.db.session().await?;
        let holder = self.holder(user, &outsiders);
        let ids = sql::project_ids_of(&mut session, &holder, among).await?;
        Ok(ids.into_iter().collect())
    }

    /// A page of the domains that a user has a role on, also by these groups besides its own; all
    /// of `enabled` must hold.
    pub async fn domains_of_user(
        &self,
        user: &UserId,
        groups: &[GroupId],
        enabled: &[bool],
        hints: &ListHints,
    ) -> Result<Page<Project>> {
        let outsiders = self.app.identity().outsiders(&[user]).await?;
        let s = &mut self.app.db.session().await?;
        let groups = [groups, outsiders.groups_of(user)].concat();
        let theirs = sql::with_domains_of(s.dialect(), &self.holder_with(user, &groups));
        projects_among(s, theirs, enabled, hints).await
    }

    fn holder<'u>(&self, user_id: &'u UserId, outsiders: &'u Outsiders) -> Holder<'u> {
        self.holder_with(user_id, outsiders.groups_of(user_id))
    }

    fn holder_with<'u>(&self, user_id: &'u UserId, group_ids: &'u [GroupId]) -> Holder<'u> {
        Holder {
            user_id,
            group_ids,
            clock: self.clock(),
        }
    }

    fn clock(&self) -> MembershipClock {
        MembershipClock {
            now: self.app.clock.now(),
            default_ttl_minutes: self.app.config().federation.default_authorization_ttl,
        }
    }
}

/// Domain-specific roles matter only through what they imply.
fn for_tokens(roles: Vec<Role>) -> Vec<RoleRef> {
    roles
        .into_iter()
        .filter(|role| role.domain_id.is_none())
        .map(|role| RoleRef {
            id: role.id,
            name: role.name,
        })
        .collect()
}
