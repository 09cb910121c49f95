//! The types of grants.

use super::{GrantFilter, Holders, Places};
use crate::model::{Actor, Assignment, AssignmentTarget, GroupId, UserId};

/// The types of grants, in the order of listings.
pub(super) const KINDS: [Kind; 6] = [
    Kind {
        position: 0,
        of_groups: false,
        on: On::Project,
    },
    Kind {
        position: 1,
        of_groups: true,
        on: On::Project,
    },
    Kind {
        position: 2,
        of_groups: false,
        on: On::Domain,
    },
    Kind {
        position: 3,
        of_groups: true,
        on: On::Domain,
    },
    Kind {
        position: 4,
        of_groups: false,
        on: On::System,
    },
    Kind {
        position: 5,
        of_groups: true,
        on: On::System,
    },
];

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct Kind {
    pub position: usize,
    pub of_groups: bool,
    pub on: On,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum On {
    Project,
    Domain,
    System,
}

impl Kind {
    /// Its place in [`KINDS`].
    pub fn of(grant: &Assignment) -> usize {
        let on = match grant.target {
            AssignmentTarget::Project(_) => 0,
            AssignmentTarget::Domain(_) => 2,
            AssignmentTarget::System => 4,
        };
        on + usize::from(matches!(grant.actor, Actor::Group(_)))
    }

    /// A grant of this type.
    pub fn grant(self, actor_id: String, target_id: String) -> (Actor, AssignmentTarget) {
        let actor = match self.of_groups {
            true => Actor::Group(GroupId::from(actor_id)),
            false => Actor::User(UserId::from(actor_id)),
        };
        let target = match self.on {
            On::Project => AssignmentTarget::Project(target_id.into()),
            On::Domain => AssignmentTarget::Domain(target_id.into()),
            On::System => AssignmentTarget::System,
        };
        (actor, target)
    }
}

impl GrantFilter<'_> {
    /// Whether any grant of a type can be meant.
    pub(super) fn wants(&self, kind: Kind) -> bool {
        let holder = match self.holders {
            Holders::One(Actor::User(_)) => !kind.of_groups,
            Holders::One(Actor::Group(_)) => kind.of_groups,
            Holders::Anyone | Holders::UserAndGroups(_) => true,
        };
        let place = match self.places {
            Places::Anywhere => true,
            Places::Target(AssignmentTarget::Project(_)) | Places::Tree(_) => {
                kind.on == On::Project
            }
            Places::Target(AssignmentTarget::Domain(_)) => kind.on == On::Domain,
            Places::Target(AssignmentTarget::System) => kind.on == On::System,
            Places::DomainTree(_) if !self.to_expand => kind.on == On::Project,
            // What is granted on a domain reaches its projects by inheritance alone.
            Places::DomainTree(_) | Places::Reaching(_) | Places::ReachingTree(_) => {
                match kind.on {
                    On::Project => true,
                    On::Domain => self.inherited != Some(false),
                    On::System => false,
                }
            }
        };
        let system = kind.on == On::System && (self.to_expand || self.within.is_some());
        holder && place && !system
    }
}
