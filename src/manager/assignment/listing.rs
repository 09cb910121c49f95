//! Listings of role assignments, as they were granted or as they take effect.

use super::AssignmentManager;
use super::expansion::ListedAssignment;
use super::learner::Learner;
use super::marker::Marker;
use crate::driver::sql::assignment::list::{self as sql, GrantFilter, Holders, Places, Start};
use crate::driver::sql::assignment::{names, role};
use crate::driver::sql::db::Session;
use crate::driver::sql::resource;
use crate::error::Result;
use crate::manager::identity::Outsiders;
use crate::model::list::Page;
use crate::model::{
    Actor, AssignmentTarget, DomainId, GroupId, Project, ProjectId, Role, RoleId, UserId,
};
use std::collections::{HashMap, HashSet};
use std::hash::Hash;

pub use crate::driver::sql::assignment::names::Named;

/// So many grants are read at a time to fill a page of what they amount to.
const FEWEST_AT_ONCE: u64 = 100;
const MOST_AT_ONCE: u64 = 500;

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
    /// At most so many elements; all of them when nothing is said.
    pub limit: Option<u64>,
    /// The last element of the page before.
    pub after: Option<Marker>,
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
    /// A page of the grants as they were made.
    pub async fn assignments(&self, query: &AssignmentQuery) -> Result<Page<ListedAssignment>> {
        let mut session = self.app.db.session().await?;
        let filter = GrantFilter {
            holders: query.actor.as_ref().map(Holders::One).unwrap_or_default(),
            places: match &query.target {
                None => Places::Anywhere,
                Some(AssignmentTarget::Project(id)) if query.subtree => {
                    match is_domain(&mut session, id).await? {
                        true => Places::DomainTree(id),
                        false => Places::Tree(id),
                    }
                }
                Some(target) => Places::Target(target),
            },
            role_ids: query.role_id.clone().map(|id| vec![id]),
            inherited: query.inherited,
            within: query.within.as_ref(),
            to_expand: false,
        };
        let start = match &query.after {
            None => Start::First,
            Some(marker) => Start::After(&marker.grant),
        };
        let page = sql::grants(&mut session, &filter, start, query.limit).await?;
        let items = page.items.into_iter().map(ListedAssignment::granted);
        Ok(Page {
            items: items.collect(),
            truncated: page.truncated,
        })
    }

    /// A page of what the grants amount to for users: with memberships, inheritance and implied
    /// roles, and without domain-specific roles. Grants on the system are never part of it.
    ///
    /// Of the grants only those are read that can lead to what is asked for, and so many as fill the
    /// page. Without any filter and without a limit that is all of them.
    ///
    /// # Errors
    /// 404 when the user or the project that is asked for does not exist; 400 when groups are asked
    /// for, as they are resolved to users.
    pub async fn effective_assignments(
        &self,
        query: &AssignmentQuery,
    ) -> Result<Page<ListedAssignment>> {
        let identity = self.app.identity();
        let outsiders = match &query.actor {
            Some(Actor::User(user)) => identity.outsiders(&[user]).await?,
            _ => Outsiders::default(),
        };
        let mut session = self.app.db.session().await?;
        let mut learner = self.learner(&mut session, query, &outsiders).await?;
        let filter = self
            .grants_behind(&mut session, query, &learner, &outsiders)
            .await?;
        // One more than asked for tells whether there is more.
        let most = query.limit.map(|limit| limit.saturating_add(1));
        let at_once = most.map(|most| most.clamp(FEWEST_AT_ONCE, MOST_AT_ONCE));
        let most = most.map_or(usize::MAX, |most| {
            usize::try_from(most).unwrap_or(usize::MAX)
        });
        let mut listed = Vec::new();
        let mut last = query.after.as_ref().map(|marker| marker.grant.clone());
        let mut start = last.as_ref().map_or(Start::First, Start::At);
        loop {
            let grants = sql::grants(&mut session, &filter, start, at_once).await?;
            let groups = learner.unknown_groups(&grants.items);
            if !groups.is_empty() && identity.has_outsiders() {
                // No connection to the database waits for a directory.
                drop(session);
                learner.know_members(identity.members_outside(&groups).await?);
                session = self.app.db.session().await?;
            }
            let expansion = learner.learn(&mut session, &grants.items).await?;
            for grant in &grants.items {
                let begun = query.after.as_ref().filter(|marker| marker.grant == *grant);
                let after = begun.and_then(|marker| marker.element.as_ref());
                expansion.add(grant.clone(), after, most, &mut listed);
            }
            if !grants.truncated || listed.len() >= most {
                return Ok(Page::cut(listed, query.limit));
            }
            last = grants.items.last().cloned().or(last);
            start = last.as_ref().map_or(Start::First, Start::After);
        }
    }

    /// The grants that can lead to what is asked for.
    async fn grants_behind<'q>(
        &self,
        s: &mut Session,
        query: &'q AssignmentQuery,
        learner: &Learner<'_>,
        outsiders: &'q Outsiders,
    ) -> Result<GrantFilter<'q>> {
        let (places, inherited) = match &query.target {
            None => (Places::Anywhere, query.inherited),
            Some(AssignmentTarget::Project(id)) if query.subtree => {
                let places = match is_domain(s, id).await? {
                    true => Places::DomainTree(id),
                    false => Places::ReachingTree(id),
                };
                (places, query.inherited)
            }
            Some(AssignmentTarget::Project(id)) => (Places::Reaching(id), query.inherited),
            // What is inherited from a domain takes effect on its projects.
            Some(target) => (Places::Target(target), Some(false)),
        };
        Ok(GrantFilter {
            holders: match &query.actor {
                Some(Actor::User(user)) => Holders::UserAndGroups(self.holder(user, outsiders)),
                Some(actor) => Holders::One(actor),
                None => Holders::Anyone,
            },
            places,
            role_ids: query
                .role_id
                .as_ref()
                .map(|id| learner.expansion.leading_to(id)),
            inherited,
            within: query.within.as_ref(),
            to_expand: true,
        })
    }

    /// The project at the top of a tree that is to be listed, if it exists.
    pub async fn top_of_tree(&self, id: &ProjectId) -> Result<Option<Project>> {
        resource::project(&mut self.app.db.session().await?, id).await
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
            projects.extend(one.target.as_project());
            roles.insert(one.role_id.clone());
        }
        let (users, groups) = (as_vec(users), as_vec(groups));
        let identity = self.app.identity();
        let outside = identity.names_outside(&users, &groups).await?;
        let mut session = self.app.db.session().await?;
        let mut users = names::user_names(&mut session, &users).await?;
        let mut groups = names::group_names(&mut session, &groups).await?;
        // Who is gone there may still have a record here.
        take_over(&mut users, outside.users);
        take_over(&mut groups, outside.groups);
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

async fn is_domain(s: &mut Session, id: &ProjectId) -> Result<bool> {
    let project = resource::project(s, id).await?;
    Ok(project.is_some_and(|project| project.is_domain))
}

fn take_over<Id: Eq + Hash>(names: &mut HashMap<Id, Named>, outside: HashMap<Id, Option<Named>>) {
    for (id, named) in outside {
        match named {
            Some(named) => drop(names.insert(id, named)),
            None => drop(names.remove(&id)),
        }
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
