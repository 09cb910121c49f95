//! Listings of role assignments, as they were granted or as they take effect.

use super::AssignmentManager;
use super::expansion::{Expansion, ListedAssignment};
use crate::driver::sql::assignment::{
    self as sql, AssignmentFilter, effective, implied, names, role,
};
use crate::driver::sql::db::Session;
use crate::driver::sql::{identity, resource};
use crate::error::{Error, Result};
use crate::model::{
    Actor, Assignment, AssignmentTarget, DomainId, GroupId, Project, ProjectId, Role, RoleId,
    UserId,
};
use std::collections::{HashMap, HashSet};

pub use crate::driver::sql::assignment::names::Named;

/// What to list; `None` does not restrict.
#[derive(Clone, Debug, Default)]
pub struct AssignmentQuery {
    pub actor: Option<Actor>,
    pub target: Option<AssignmentTarget>,
    pub role_id: Option<RoleId>,
    pub inherited: Option<bool>,
    /// The target, a project, and all that is below it.
    pub subtree: bool,
    /// Only assignments on this domain and its projects; what the caller may see.
    pub within: Option<DomainId>,
}

/// The names of what a listing mentions. What does not exist any more is missing.
#[derive(Clone, Debug, Default)]
pub struct Names {
    pub users: HashMap<UserId, Named>,
    pub groups: HashMap<GroupId, Named>,
    /// Projects and domains.
    pub projects: HashMap<ProjectId, Named>,
    pub roles: HashMap<RoleId, Role>,
}

impl AssignmentManager<'_> {
    /// The grants as they were made.
    pub async fn assignments(&self, query: &AssignmentQuery) -> Result<Vec<ListedAssignment>> {
        let mut session = self.app.db.session().await?;
        let filter = AssignmentFilter {
            actors: query.actor.clone().map(|actor| vec![actor]),
            targets: targets(&mut session, query).await?,
            role_id: query.role_id.clone(),
            inherited: query.inherited,
        };
        let granted = sql::assignments(&mut session, &filter).await?;
        let listed = granted.into_iter().map(ListedAssignment::granted).collect();
        within(&mut session, query.within.as_ref(), listed).await
    }

    /// What the grants amount to for users: with memberships, inheritance and implied roles, and
    /// without domain-specific roles. Grants on the system are never part of it.
    ///
    /// # Errors
    /// 404 when the user or the project that is asked for does not exist; 400 when groups are asked
    /// for, as they are resolved to users.
    pub async fn effective_assignments(
        &self,
        query: &AssignmentQuery,
    ) -> Result<Vec<ListedAssignment>> {
        let mut session = self.app.db.session().await?;
        let targets = targets(&mut session, query).await?;
        let actors = match &query.actor {
            None => None,
            Some(Actor::User(user)) => Some(self.user_and_groups(&mut session, user).await?),
            Some(Actor::Group(_)) => {
                return Err(Error::bad_request(
                    "Effective assignments are the users'; they can't be listed by group.",
                ));
            }
        };
        let filter = AssignmentFilter {
            actors,
            targets: match &targets {
                Some(targets) => Some(with_sources(&mut session, query, targets).await?),
                None => None,
            },
            role_id: None,
            inherited: query.inherited,
        };
        let mut grants = sql::assignments(&mut session, &filter).await?;
        grants.retain(|grant| grant.target != AssignmentTarget::System);
        let expansion = self.expansion(&mut session, &grants, query).await?;
        let targets: Option<HashSet<_>> = targets.map(|targets| targets.into_iter().collect());
        let mut listed: Vec<_> = grants
            .iter()
            .flat_map(|grant| expansion.of(grant))
            .filter(|one| targets.as_ref().is_none_or(|all| all.contains(&one.target)))
            .collect();
        let global = global_roles(&mut session, &listed).await?;
        listed.retain(|one| {
            global.contains(&one.role_id)
                && query.role_id.as_ref().is_none_or(|id| *id == one.role_id)
        });
        within(&mut session, query.within.as_ref(), listed).await
    }

    /// The project at the top of a tree that is to be listed, if it exists.
    pub async fn top_of_tree(&self, id: &ProjectId) -> Result<Option<Project>> {
        resource::project(&mut self.app.db.session().await?, id).await
    }

    async fn user_and_groups(&self, s: &mut Session, user: &UserId) -> Result<Vec<Actor>> {
        if identity::user(s, user).await?.is_none() {
            return Err(Error::not_found("user", user));
        }
        let groups = effective::group_ids_of(s, &self.holder(user)).await?;
        let groups = groups.into_iter().map(Actor::Group);
        Ok(std::iter::once(Actor::User(user.clone()))
            .chain(groups)
            .collect())
    }

    async fn expansion(
        &self,
        s: &mut Session,
        grants: &[Assignment],
        query: &AssignmentQuery,
    ) -> Result<Expansion> {
        let mut expansion = Expansion::default();
        let mut groups = HashSet::new();
        let mut tops = HashSet::new();
        for grant in grants {
            if let Actor::Group(id) = &grant.actor {
                groups.insert(id.clone());
            }
            match &grant.target {
                AssignmentTarget::Project(id) if grant.inherited => tops.insert(id.clone()),
                AssignmentTarget::Domain(id) if grant.inherited => tops.insert(id.clone().into()),
                _ => false,
            };
        }
        let groups: Vec<GroupId> = groups.into_iter().collect();
        match &query.actor {
            // The groups are the user's; who else is in them is not asked.
            Some(Actor::User(user)) => {
                let of_user = |group| (group, vec![user.clone()]);
                expansion.members = groups.into_iter().map(of_user).collect();
            }
            _ => {
                for (group, user) in effective::members_of(s, &groups, self.clock()).await? {
                    expansion.members.entry(group).or_default().push(user);
                }
            }
        }
        let tops: Vec<ProjectId> = tops.into_iter().collect();
        for (top, below) in effective::projects_below(s, &tops).await? {
            expansion.below.entry(top).or_default().push(below);
        }
        for rule in implied::implied_roles(s).await? {
            expansion
                .implied
                .entry(rule.prior)
                .or_default()
                .push(rule.implied);
        }
        Ok(expansion)
    }

    /// The names of everything that a listing mentions.
    pub async fn names_in(&self, listed: &[ListedAssignment]) -> Result<Names> {
        let mut users = HashSet::new();
        let mut groups = HashSet::new();
        let mut projects = HashSet::new();
        let mut roles = HashSet::new();
        for one in listed {
            match &one.actor {
                Actor::User(id) => drop(users.insert(id.clone())),
                Actor::Group(id) => drop(groups.insert(id.clone())),
            }
            projects.extend(resource_id(&one.target));
            roles.insert(one.role_id.clone());
        }
        let mut session = self.app.db.session().await?;
        let users = names::user_names(&mut session, &as_vec(users)).await?;
        let groups = names::group_names(&mut session, &as_vec(groups)).await?;
        let mut projects = names::project_names(&mut session, &as_vec(projects)).await?;
        let roles = roles_by_id(&mut session, &as_vec(roles)).await?;
        let domains: HashSet<ProjectId> = users
            .values()
            .chain(groups.values())
            .chain(projects.values())
            .map(|named| named.domain_id.clone())
            .chain(roles.values().filter_map(|role| role.domain_id.clone()))
            .map(ProjectId::from)
            .filter(|id| !projects.contains_key(id))
            .collect();
        projects.extend(names::project_names(&mut session, &as_vec(domains)).await?);
        Ok(Names {
            users,
            groups,
            projects,
            roles,
        })
    }
}

fn as_vec<T>(set: HashSet<T>) -> Vec<T> {
    set.into_iter().collect()
}

async fn roles_by_id(s: &mut Session, ids: &[RoleId]) -> Result<HashMap<RoleId, Role>> {
    let roles = role::roles_by_id(s, ids).await?;
    Ok(roles
        .into_iter()
        .map(|role| (role.id.clone(), role))
        .collect())
}

/// The ids, among those listed, of roles that take effect by themselves.
async fn global_roles(s: &mut Session, listed: &[ListedAssignment]) -> Result<HashSet<RoleId>> {
    let ids: HashSet<RoleId> = listed.iter().map(|one| one.role_id.clone()).collect();
    let roles = role::roles_by_id(s, &as_vec(ids)).await?;
    let global = roles.into_iter().filter(|role| role.domain_id.is_none());
    Ok(global.map(|role| role.id).collect())
}

/// The targets that a query is about: the one that it names, and with `subtree` those below.
async fn targets(
    s: &mut Session,
    query: &AssignmentQuery,
) -> Result<Option<Vec<AssignmentTarget>>> {
    let Some(target) = &query.target else {
        return Ok(None);
    };
    let mut targets = vec![target.clone()];
    if let (AssignmentTarget::Project(id), true) = (target, query.subtree) {
        let below = effective::projects_below(s, std::slice::from_ref(id)).await?;
        targets.extend(
            below
                .into_iter()
                .map(|(_, id)| AssignmentTarget::Project(id)),
        );
    }
    Ok(Some(targets))
}

/// The targets on which grants can reach these ones: themselves, the projects above and the domain.
async fn with_sources(
    s: &mut Session,
    query: &AssignmentQuery,
    targets: &[AssignmentTarget],
) -> Result<Vec<AssignmentTarget>> {
    let mut sources = targets.to_vec();
    let Some(AssignmentTarget::Project(id)) = &query.target else {
        return Ok(sources);
    };
    if resource::project(s, id).await?.is_none() {
        return Err(Error::not_found("project", id));
    }
    let above = effective::project_ids_above(s, id).await?;
    if let Some(domain) = above.last() {
        sources.push(AssignmentTarget::Domain(domain.clone().into()));
    }
    sources.extend(above.into_iter().map(AssignmentTarget::Project));
    Ok(sources)
}

/// Keeps what is on a domain or on a project of it.
async fn within(
    s: &mut Session,
    domain: Option<&DomainId>,
    mut listed: Vec<ListedAssignment>,
) -> Result<Vec<ListedAssignment>> {
    let Some(domain) = domain else {
        return Ok(listed);
    };
    let projects: HashSet<ProjectId> = listed
        .iter()
        .filter_map(|one| match &one.target {
            AssignmentTarget::Project(id) => Some(id.clone()),
            _ => None,
        })
        .collect();
    let projects = names::project_names(s, &as_vec(projects)).await?;
    listed.retain(|one| match &one.target {
        AssignmentTarget::Domain(id) => id == domain,
        AssignmentTarget::Project(id) => projects
            .get(id)
            .is_some_and(|named| named.domain_id == *domain),
        AssignmentTarget::System => false,
    });
    Ok(listed)
}

fn resource_id(target: &AssignmentTarget) -> Option<ProjectId> {
    match target {
        AssignmentTarget::Project(id) => Some(id.clone()),
        AssignmentTarget::Domain(id) => Some(id.clone().into()),
        AssignmentTarget::System => None,
    }
}
