//! What one grant amounts to: for whom, where and in which roles.

use crate::model::{Actor, Assignment, AssignmentTarget, GroupId, ProjectId, RoleId, UserId};
use std::collections::{HashMap, HashSet};

/// One element of a listing of role assignments, and where it comes from.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ListedAssignment {
    pub actor: Actor,
    pub target: AssignmentTarget,
    pub role_id: RoleId,
    pub inherited: bool,
    /// Where the grant was made: above `target` when it was inherited.
    pub granted_on: AssignmentTarget,
    /// The group that it was granted to, when `actor` has it by being a member.
    pub through: Option<GroupId>,
    /// The role that implies `role_id`, when it is implied.
    pub implied_by: Option<RoleId>,
}

impl ListedAssignment {
    /// A grant as it was made.
    pub fn granted(grant: Assignment) -> Self {
        Self {
            actor: grant.actor,
            granted_on: grant.target.clone(),
            target: grant.target,
            role_id: grant.role_id,
            inherited: grant.inherited,
            through: None,
            implied_by: None,
        }
    }
}

/// What expanding takes: who is in groups, what stands below targets, which roles imply which.
#[derive(Debug, Default)]
pub struct Expansion {
    pub members: HashMap<GroupId, Vec<UserId>>,
    /// Projects below projects and domains, those by their id as a project's.
    pub below: HashMap<ProjectId, Vec<ProjectId>>,
    pub implied: HashMap<RoleId, Vec<RoleId>>,
}

impl Expansion {
    /// Everything that a grant gives, each role once per user and target.
    pub fn of(&self, grant: &Assignment) -> Vec<ListedAssignment> {
        let mut listed = Vec::new();
        for (user, through) in self.users(&grant.actor) {
            for target in self.targets(grant) {
                for (role_id, implied_by) in self.roles(&grant.role_id) {
                    listed.push(ListedAssignment {
                        actor: Actor::User(user.clone()),
                        target: target.clone(),
                        role_id: role_id.clone(),
                        inherited: grant.inherited,
                        granted_on: grant.target.clone(),
                        through: through.cloned(),
                        implied_by: implied_by.cloned(),
                    });
                }
            }
        }
        listed
    }

    fn users<'a>(&'a self, actor: &'a Actor) -> Vec<(&'a UserId, Option<&'a GroupId>)> {
        match actor {
            Actor::User(user) => vec![(user, None)],
            Actor::Group(group) => self
                .members
                .get(group)
                .into_iter()
                .flatten()
                .map(|user| (user, Some(group)))
                .collect(),
        }
    }

    fn targets(&self, grant: &Assignment) -> Vec<AssignmentTarget> {
        if !grant.inherited {
            return vec![grant.target.clone()];
        }
        let top = match &grant.target {
            AssignmentTarget::Project(id) => id.clone(),
            AssignmentTarget::Domain(id) => ProjectId::from(id.clone()),
            AssignmentTarget::System => return Vec::new(),
        };
        let below = self.below.get(&top).into_iter().flatten();
        below.cloned().map(AssignmentTarget::Project).collect()
    }

    /// The role and all that it implies, each with the role that led to it first.
    fn roles<'a>(&'a self, granted: &'a RoleId) -> Vec<(&'a RoleId, Option<&'a RoleId>)> {
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
        let listed = expansion.of(&grant(user(), project("p"), false));
        let roles: Vec<_> = listed
            .iter()
            .map(|one| (one.role_id.as_str(), one.implied_by.as_deref()))
            .collect();
        assert_eq!(roles, [("r", None), ("s", Some("r")), ("t", Some("s"))]);
    }

    #[test]
    fn an_inherited_grant_counts_below_its_target_and_not_on_it() {
        let expansion = Expansion {
            below: HashMap::from([("d".into(), vec!["p".into(), "q".into()])]),
            ..Expansion::default()
        };
        let listed = expansion.of(&grant(user(), AssignmentTarget::Domain("d".into()), true));
        let targets: Vec<_> = listed.iter().map(|one| one.target.clone()).collect();
        assert_eq!(targets, [project("p"), project("q")]);
        assert!(listed.iter().all(|one| one.inherited));
        assert_eq!(listed[0].granted_on, AssignmentTarget::Domain("d".into()));
    }

    #[test]
    fn a_groups_grant_is_its_members() {
        let expansion = Expansion {
            members: HashMap::from([("g".into(), vec!["u".into(), "v".into()])]),
            ..Expansion::default()
        };
        let listed = expansion.of(&grant(Actor::Group("g".into()), project("p"), false));
        let users: Vec<_> = listed.iter().map(|one| one.actor.id()).collect();
        assert_eq!(users, ["u", "v"]);
        assert_eq!(listed[0].through, Some("g".into()));
        let of_nobody = expansion.of(&grant(Actor::Group("empty".into()), project("p"), false));
        assert!(of_nobody.is_empty());
    }
}
