//! What one grant amounts to: for whom, where and in which roles.

use crate::model::{Actor, Assignment, AssignmentTarget, GroupId, ProjectId, RoleId, UserId};
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

/// One element of a listing of role assignments, and the grant that it comes from.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ListedAssignment {
    pub actor: Actor,
    pub target: AssignmentTarget,
    pub role_id: RoleId,
    /// The role that implies `role_id`, when it is implied.
    pub implied_by: Option<RoleId>,
    /// Its target is above `target` when it was inherited; its actor a group when `actor` has it by
    /// being a member.
    pub grant: Arc<Assignment>,
}

impl ListedAssignment {
    /// A grant as it was made.
    pub fn granted(grant: Assignment) -> Self {
        Self {
            actor: grant.actor.clone(),
            target: grant.target.clone(),
            role_id: grant.role_id.clone(),
            implied_by: None,
            grant: Arc::new(grant),
        }
    }

    /// The group that a user has it through.
    pub fn through(&self) -> Option<&GroupId> {
        match (&self.actor, &self.grant.actor) {
            (Actor::User(_), Actor::Group(group)) => Some(group),
            _ => None,
        }
    }
}

/// Where an element stands among those of its grant: for whom, where and in which role.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Element {
    pub user_id: String,
    pub target_id: String,
    pub role_id: String,
}

/// What expanding takes: who is in groups, what stands below targets, which roles imply which.
#[derive(Debug, Default)]
pub struct Expansion {
    /// In order of id.
    pub members: HashMap<GroupId, Vec<UserId>>,
    /// Projects below projects and domains, those by their id as a project's. In order of id.
    pub below: HashMap<ProjectId, Vec<ProjectId>>,
    pub implied: HashMap<RoleId, Vec<RoleId>>,
    /// The roles that are listed.
    pub listed_roles: HashSet<RoleId>,
}

impl Expansion {
    /// Adds what a grant gives, each role once per user and target, until there are `most` elements.
    /// They come in order of their [`Element`]s; those up to `after` are left out.
    pub fn add(
        &self,
        grant: Assignment,
        after: Option<&Element>,
        most: usize,
        listed: &mut Vec<ListedAssignment>,
    ) {
        let grant = &Arc::new(grant);
        let mut roles = self.reached(&grant.role_id);
        roles.retain(|(role, _)| self.listed_roles.contains(*role));
        roles.sort_unstable();
        let targets = self.targets(grant);
        let users = self.users(&grant.actor);
        let is_due = |user: &UserId, target: &AssignmentTarget, role: &RoleId| {
            after.is_none_or(|after| {
                let place = (user.as_str(), target.id(), role.as_str());
                place > (&after.user_id, &after.target_id, &after.role_id)
            })
        };
        for user in users {
            for target in &targets {
                for (role, implied_by) in &roles {
                    if listed.len() >= most {
                        return;
                    }
                    if is_due(user, target, role) {
                        listed.push(ListedAssignment {
                            actor: Actor::User(user.clone()),
                            target: target.clone(),
                            role_id: (*role).clone(),
                            implied_by: implied_by.cloned(),
                            grant: Arc::clone(grant),
                        });
                    }
                }
            }
        }
    }

    fn users<'a>(&'a self, actor: &'a Actor) -> &'a [UserId] {
        match actor {
            Actor::User(user) => std::slice::from_ref(user),
            Actor::Group(group) => self.members.get(group).map_or(&[], Vec::as_slice),
        }
    }

    fn targets(&self, grant: &Assignment) -> Vec<AssignmentTarget> {
        if !grant.inherited {
            return vec![grant.target.clone()];
        }
        let Some(top) = grant.target.as_project() else {
            return Vec::new();
        };
        let below = self.below.get(&top).into_iter().flatten();
        below.cloned().map(AssignmentTarget::Project).collect()
    }

    /// The role and all that it implies.
    pub fn reached_from<'a>(&'a self, role: &'a RoleId) -> impl Iterator<Item = &'a RoleId> {
        self.reached(role).into_iter().map(|(role, _)| role)
    }

    /// The role and all that imply it.
    pub fn leading_to(&self, role: &RoleId) -> Vec<RoleId> {
        let mut leading = vec![role.clone()];
        let mut next = 0;
        while let Some(implied) = leading.get(next).cloned() {
            next += 1;
            for (prior, of_prior) in &self.implied {
                if of_prior.contains(&implied) && !leading.contains(prior) {
                    leading.push(prior.clone());
                }
            }
        }
        leading
    }

    /// The role and all that it implies, each with the role that led to it first.
    fn reached<'a>(&'a self, granted: &'a RoleId) -> Vec<(&'a RoleId, Option<&'a RoleId>)> {
        let mut reached = vec![(granted, None)];
        let mut seen = HashSet::from([granted]);
        let mut next = 0;
        while let Some(&(prior, _)) = reached.get(next) {
            next += 1;
            for implied in self.implied.get(prior).into_iter().flatten() {
                if seen.insert(implied) {
                    reached.push((implied, Some(prior)));
                }
            }
        }
        reached
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn grant(actor: Actor, target: AssignmentTarget, inherited: bool) -> Assignment {
        Assignment {
            actor,
            target,
            role_id: "r".into(),
            inherited,
        }
    }

    /// All that a grant gives where `s`, `t` and `r` are global roles.
    fn all_of(mut expansion: Expansion, grant: Assignment) -> Vec<ListedAssignment> {
        expansion.listed_roles = ["r", "s", "t"].map(RoleId::from).into();
        let mut listed = Vec::new();
        expansion.add(grant, None, usize::MAX, &mut listed);
        listed
    }

    fn user() -> Actor {
        Actor::User("u".into())
    }

    fn project(id: &str) -> AssignmentTarget {
        AssignmentTarget::Project(id.into())
    }

    #[test]
    fn a_role_brings_what_it_implies_and_a_circle_ends() {
        let rules = |prior: &str, implied: &[&str]| {
            let implied = implied.iter().map(|id| RoleId::from(*id)).collect();
            (RoleId::from(prior), implied)
        };
        let expansion = Expansion {
            implied: HashMap::from([
                rules("r", &["s", "r"]),
                rules("s", &["t"]),
                rules("t", &["r"]),
            ]),
            ..Expansion::default()
        };
        let listed = all_of(expansion, grant(user(), project("p"), false));
        let roles: Vec<_> = listed
            .iter()
            .map(|one| (one.role_id.as_str(), one.implied_by.as_deref()))
            .collect();
        assert_eq!(roles, [("r", None), ("s", Some("r")), ("t", Some("s"))]);
    }

    #[test]
    fn roles_that_lead_to_one_are_found_backwards() {
        let rules = |prior: &str, implied: &[&str]| {
            let implied = implied.iter().map(|id| RoleId::from(*id)).collect();
            (RoleId::from(prior), implied)
        };
        let expansion = Expansion {
            implied: HashMap::from([rules("r", &["s"]), rules("s", &["t", "r"])]),
            ..Expansion::default()
        };
        let leading = |role: &str| {
            let mut found = expansion.leading_to(&role.into());
            found.sort_unstable();
            found
        };
        assert_eq!(leading("t"), ["r", "s", "t"].map(RoleId::from));
        assert_eq!(leading("r"), ["r", "s"].map(RoleId::from));
        assert_eq!(leading("x"), ["x"].map(RoleId::from));
    }

    #[test]
    fn an_inherited_grant_counts_below_its_target_and_not_on_it() {
        let expansion = Expansion {
            below: HashMap::from([("d".into(), vec!["p".into(), "q".into()])]),
            ..Expansion::default()
        };
        let on_domain = AssignmentTarget::Domain("d".into());
        let listed = all_of(expansion, grant(user(), on_domain.clone(), true));
        let targets: Vec<_> = listed.iter().map(|one| one.target.clone()).collect();
        assert_eq!(targets, [project("p"), project("q")]);
        assert!(listed.iter().all(|one| one.grant.inherited));
        assert_eq!(listed[0].grant.target, on_domain);
    }

    #[test]
    fn a_groups_grant_is_its_members() {
        let expansion = Expansion {
            members: HashMap::from([("g".into(), vec!["u".into(), "v".into()])]),
            listed_roles: HashSet::from(["r".into()]),
            ..Expansion::default()
        };
        let group = |id: &str| grant(Actor::Group(id.into()), project("p"), false);
        let mut listed = Vec::new();
        expansion.add(group("g"), None, usize::MAX, &mut listed);
        expansion.add(group("empty"), None, usize::MAX, &mut listed);
        let users: Vec<_> = listed.iter().map(|one| one.actor.id()).collect();
        assert_eq!(users, ["u", "v"]);
        assert_eq!(listed[0].through(), Some(&"g".into()));
    }

    #[test]
    fn a_page_goes_on_inside_a_grant() {
        let expansion = Expansion {
            members: HashMap::from([("g".into(), vec!["u".into(), "v".into()])]),
            below: HashMap::from([("d".into(), vec!["p".into(), "q".into()])]),
            implied: HashMap::from([("r".into(), vec!["hidden".into(), "a".into()])]),
            listed_roles: ["r", "a"].map(RoleId::from).into(),
        };
        let on_domain = AssignmentTarget::Domain("d".into());
        let grant = grant(Actor::Group("g".into()), on_domain, true);
        let page = |after: Option<&Element>, most| {
            let mut listed = Vec::new();
            expansion.add(grant.clone(), after, most, &mut listed);
            let element = |one: &ListedAssignment| Element {
                user_id: one.actor.id().to_owned(),
                target_id: one.target.id().to_owned(),
                role_id: one.role_id.to_string(),
            };
            listed.iter().map(element).collect::<Vec<_>>()
        };
        let whole = page(None, usize::MAX);
        assert_eq!(whole.len(), 8);
        assert!(whole.is_sorted());
        for (at, element) in whole.iter().enumerate() {
            assert_eq!(page(Some(element), usize::MAX), whole[at + 1..]);
            assert_eq!(page(None, at), whole[..at]);
        }
    }
}
