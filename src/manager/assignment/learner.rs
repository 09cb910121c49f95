//! Reads what it takes to expand grants, as far as a query needs it.

use super::AssignmentManager;
use super::expansion::Expansion;
use super::listing::AssignmentQuery;
use crate::driver::sql::assignment::effective::{self, MembershipClock};
use crate::driver::sql::assignment::{implied, role};
use crate::driver::sql::db::Session;
use crate::driver::sql::{identity, resource};
use crate::error::{Error, Result};
use crate::manager::identity::{Known, Outsiders};
use crate::model::{Actor, Assignment, AssignmentTarget, GroupId, ProjectId, RoleId, UserId};
use std::collections::{HashMap, HashSet};

/// An [`Expansion`] that grows with the grants that are read.
pub(super) struct Learner<'q> {
    pub expansion: Expansion,
    /// The only user who is asked for: who else is in groups is not.
    user: Option<&'q UserId>,
    /// The only role that is asked for.
    role: Option<&'q RoleId>,
    clock: MembershipClock,
    /// Whether what is below a project or domain is read when a grant is inherited from it; else it is
    /// known from the start.
    reads_below: bool,
    seen_roles: HashSet<RoleId>,
}

impl AssignmentManager<'_> {
    /// What is known before any grant is read.
    ///
    /// # Errors
    /// 404 when the user or the project that is asked for does not exist; 400 when a group is.
    pub(super) async fn learner<'q>(
        &self,
        s: &mut Session,
        query: &'q AssignmentQuery,
        outsiders: &Outsiders,
    ) -> Result<Learner<'q>> {
        let user = match &query.actor {
            None => None,
            Some(Actor::User(user)) => match user_exists(s, user, outsiders).await? {
                true => Some(user),
                false => return Err(Error::not_found("user", user)),
            },
            Some(Actor::Group(_)) => {
                return Err(Error::bad_request(
                    "Effective assignments are the users'; they can't be listed by group.",
                ));
            }
        };
        let mut learner = Learner {
            expansion: Expansion::default(),
            user,
            role: query.role_id.as_ref(),
            clock: self.clock(),
            reads_below: query.target.is_none() || query.subtree,
            seen_roles: HashSet::new(),
        };
        for rule in implied::implied_roles(s).await? {
            let of_role = learner.expansion.implied.entry(rule.prior).or_default();
            of_role.push(rule.implied);
        }
        if let Some(AssignmentTarget::Project(id)) = &query.target {
            learner.learn_target(s, id, query.subtree).await?;
        }
        Ok(learner)
    }
}

/// Whether anybody keeps a user.
pub(super) async fn user_exists(
    s: &mut Session,
    user: &UserId,
    outsiders: &Outsiders,
) -> Result<bool> {
    match outsiders.get(user) {
        Known::Insider => identity::user_exists(s, user).await,
        Known::Outsider(_) => Ok(true),
        Known::Gone => Ok(false),
    }
}

impl Learner<'_> {
    /// The groups among the holders of these grants whose members are asked for and not known yet.
    pub fn unknown_groups(&self, grants: &[Assignment]) -> Vec<GroupId> {
        if self.user.is_some() {
            return Vec::new();
        }
        let groups = grants.iter().filter_map(|grant| match &grant.actor {
            Actor::Group(id) if !self.expansion.members.contains_key(id) => Some(id.clone()),
            _ => None,
        });
        groups.collect()
    }

    /// Takes over who is in groups that the database doesn't keep.
    pub fn know_members(&mut self, members: HashMap<GroupId, Vec<UserId>>) {
        for (group, mut users) in members {
            users.sort_unstable();
            users.dedup();
            self.expansion.members.insert(group, users);
        }
    }

    /// Of what is below the projects above the one that is asked for, only that one counts, or its
    /// tree.
    async fn learn_target(&mut self, s: &mut Session, id: &ProjectId, tree: bool) -> Result<()> {
        if resource::project(s, id).await?.is_none() {
            return Err(Error::not_found("project", id));
        }
        let mut targets = vec![id.clone()];
        if tree {
            let below = effective::projects_below(s, std::slice::from_ref(id)).await?;
            targets.extend(below.into_iter().map(|(_, below)| below));
            targets.sort_unstable();
        }
        for above in effective::project_ids_above(s, id).await? {
            self.expansion.below.insert(above, targets.clone());
        }
        Ok(())
    }

    /// Reads what these grants need beyond what is known.
    pub async fn learn(&mut self, s: &mut Session, grants: &[Assignment]) -> Result<&Expansion> {
        self.learn_members(s, grants).await?;
        if self.reads_below {
            self.learn_below(s, grants).await?;
        }
        self.learn_roles(s, grants).await?;
        Ok(&self.expansion)
    }

    async fn learn_members(&mut self, s: &mut Session, grants: &[Assignment]) -> Result<()> {
        let members = &mut self.expansion.members;
        let mut unknown: Vec<GroupId> = Vec::new();
        for grant in grants {
            if let Actor::Group(id) = &grant.actor
                && !members.contains_key(id)
            {
                members.insert(id.clone(), self.user.into_iter().cloned().collect());
                unknown.push(id.clone());
            }
        }
        if self.user.is_some() {
            return Ok(());
        }
        for (group, user) in effective::members_of(s, &unknown, self.clock).await? {
            members.entry(group).or_default().push(user);
        }
        for group in &unknown {
            if let Some(users) = members.get_mut(group) {
                users.sort_unstable();
                users.dedup();
            }
        }
        Ok(())
    }

    async fn learn_below(&mut self, s: &mut Session, grants: &[Assignment]) -> Result<()> {
        let below = &mut self.expansion.below;
        let mut unknown: Vec<ProjectId> = Vec::new();
        for grant in grants.iter().filter(|grant| grant.inherited) {
            if let Some(top) = grant.target.as_project()
                && !below.contains_key(&top)
            {
                below.insert(top.clone(), Vec::new());
                unknown.push(top);
            }
        }
        for (top, project) in effective::projects_below(s, &unknown).await? {
            below.entry(top).or_default().push(project);
        }
        for top in &unknown {
            if let Some(projects) = below.get_mut(top) {
                projects.sort_unstable();
            }
        }
        Ok(())
    }

    /// Which of the roles that the grants lead to are listed: not domain-specific ones, which take no
    /// effect by themselves.
    async fn learn_roles(&mut self, s: &mut Session, grants: &[Assignment]) -> Result<()> {
        let mut unknown = Vec::new();
        for grant in grants {
            for role in self.expansion.reached_from(&grant.role_id) {
                if self.seen_roles.insert(role.clone()) {
                    unknown.push(role.clone());
                }
            }
        }
        if unknown.is_empty() {
            return Ok(());
        }
        let roles = role::roles_by_id(s, &unknown).await?;
        let wanted = roles.into_iter().filter(|role| {
            role.domain_id.is_none() && self.role.is_none_or(|wanted| *wanted == role.id)
        });
        let listed = &mut self.expansion.listed_roles;
        listed.extend(wanted.map(|role| role.id));
        Ok(())
    }
}
