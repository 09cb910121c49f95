//! What happened to a resource or to somebody's login, as notifications tell it to others.

use super::{Assignment, DomainId, GroupId, IdpId, Timestamp, UserId};
use std::fmt;

/// The kinds of resources that notifications tell about, by the middle of their event types.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ResourceKind {
    AccessRule,
    AccessToken,
    ApplicationCredential,
    Consumer,
    Credential,
    Domain,
    Endpoint,
    Group,
    Policy,
    Project,
    ProjectTag,
    Region,
    RequestToken,
    Role,
    Service,
    Trust,
    User,
}

impl ResourceKind {
    /// The name in event types: `identity.<name>.created`.
    pub fn name(self) -> &'static str {
        match self {
            Self::AccessRule => "access_rule",
            Self::AccessToken => "OS-OAUTH1:access_token",
            Self::ApplicationCredential => "application_credential",
            Self::Consumer => "OS-OAUTH1:consumer",
            Self::Credential => "credential",
            Self::Domain => "domain",
            Self::Endpoint => "endpoint",
            Self::Group => "group",
            Self::Policy => "policy",
            Self::Project => "project",
            // The space is Keystone's.
            Self::ProjectTag => "project tag",
            Self::Region => "region",
            Self::RequestToken => "OS-OAUTH1:request_token",
            Self::Role => "role",
            Self::Service => "service",
            Self::Trust => "OS-TRUST:trust",
            Self::User => "user",
        }
    }

    /// CADF's name for the kind; Keystone gives none to access rules, credentials and tags.
    pub fn cadf_type(self) -> &'static str {
        match self {
            Self::AccessToken | Self::RequestToken | Self::ApplicationCredential => {
                "data/security/credential"
            }
            Self::Consumer => "data/security/account",
            Self::Domain => "data/security/domain",
            Self::Endpoint => "data/security/endpoint",
            Self::Group => "data/security/group",
            Self::Policy => "data/security/policy",
            Self::Project => "data/security/project",
            Self::Region => "data/security/region",
            Self::Role => "data/security/role",
            Self::Service => "data/security/service",
            Self::Trust => "data/security/trust",
            Self::User => "data/security/account/user",
            Self::AccessRule | Self::Credential | Self::ProjectTag => "unknown",
        }
    }
}

/// What was done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Action {
    Created,
    Updated,
    Deleted,
}

impl Action {
    /// The name in event types.
    pub fn name(self) -> &'static str {
        match self {
            Self::Created => "created",
            Self::Updated => "updated",
            Self::Deleted => "deleted",
        }
    }
}

/// How it ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Outcome {
    Success,
    Failure,
}

impl Outcome {
    /// CADF's word.
    pub fn name(self) -> &'static str {
        match self {
            Self::Success => "success",
            Self::Failure => "failure",
        }
    }
}

/// Why something failed: the text and the status of the failure.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reason {
    pub text: String,
    pub status: u16,
}

/// Something that others are told about, if they want to hear it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// A resource came, changed or went.
    Resource {
        kind: ResourceKind,
        action: Action,
        id: String,
        /// Of a group that somebody joined or left: who, and `added` or `removed`.
        member: Option<(UserId, &'static str)>,
        reason: Option<Reason>,
    },
    /// A role was granted or taken, or was not there to be taken.
    RoleAssignment {
        action: Action,
        outcome: Outcome,
        assignment: Assignment,
    },
    /// Somebody tried to prove who they are.
    Authentication(Authentication),
    /// An identity provider vouched for somebody, or a token that it stood behind was shown.
    FederatedLogin(FederatedLogin),
}

/// One attempt to log in by way of an identity provider.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FederatedLogin {
    pub outcome: Outcome,
    pub idp_id: IdpId,
    /// `None` while it is not known whom it would have been.
    pub user_id: Option<UserId>,
    /// The groups that the mapping gave.
    pub group_ids: Vec<GroupId>,
    /// The audit id of the token that was shown.
    pub audit_id: Option<String>,
}

/// One attempt to log in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Authentication {
    pub outcome: Outcome,
    pub who: Attempted,
    pub reason: Option<Reason>,
    /// The start of a keyed hash of a wrong password; equal ones tell that one password is tried
    /// again and again.
    pub password_hash: Option<String>,
}

/// Whom a login named.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Attempted {
    /// A user who exists.
    User { id: UserId, name: Option<String> },
    /// An id that no user has.
    UnknownId(UserId),
    /// A name that no user of the domain has.
    UnknownName {
        name: String,
        domain_id: Option<DomainId>,
        domain_name: Option<String>,
    },
}

impl Event {
    /// A resource was made.
    pub fn created(kind: ResourceKind, id: impl fmt::Display) -> Self {
        Self::resource(kind, Action::Created, id)
    }

    /// A resource was changed.
    pub fn updated(kind: ResourceKind, id: impl fmt::Display) -> Self {
        Self::resource(kind, Action::Updated, id)
    }

    /// A resource is gone.
    pub fn deleted(kind: ResourceKind, id: impl fmt::Display) -> Self {
        Self::resource(kind, Action::Deleted, id)
    }

    /// A user joined a group.
    pub fn joined(group: &GroupId, user: &UserId) -> Self {
        Self::membership(group, user, "added")
    }

    /// A user left a group.
    pub fn left(group: &GroupId, user: &UserId) -> Self {
        Self::membership(group, user, "removed")
    }

    /// A role was granted.
    pub fn granted(assignment: &Assignment) -> Self {
        Self::RoleAssignment {
            action: Action::Created,
            outcome: Outcome::Success,
            assignment: assignment.clone(),
        }
    }

    /// A granted role was taken away.
    pub fn revoked(assignment: &Assignment) -> Self {
        Self::RoleAssignment {
            action: Action::Deleted,
            outcome: Outcome::Success,
            assignment: assignment.clone(),
        }
    }

    fn membership(group: &GroupId, user: &UserId, what: &'static str) -> Self {
        Self::Resource {
            kind: ResourceKind::Group,
            action: Action::Updated,
            id: group.to_string(),
            member: Some((user.clone(), what)),
            reason: None,
        }
    }

    fn resource(kind: ResourceKind, action: Action, id: impl fmt::Display) -> Self {
        Self::Resource {
            kind,
            action,
            id: id.to_string(),
            member: None,
            reason: None,
        }
    }

    /// The event's type: `identity.user.created`.
    pub fn event_type(&self) -> String {
        match self {
            Self::Resource { kind, action, .. } => {
                format!("identity.{}.{}", kind.name(), action.name())
            }
            Self::RoleAssignment { action, .. } => {
                format!("identity.role_assignment.{}", action.name())
            }
            Self::Authentication(_) | Self::FederatedLogin(_) => "identity.authenticate".to_owned(),
        }
    }

    /// What `[DEFAULT] notification_opt_out` calls it: logins go with their outcome.
    pub fn opt_out_name(&self) -> String {
        match self {
            Self::Authentication(Authentication { outcome, .. })
            | Self::FederatedLogin(FederatedLogin { outcome, .. }) => {
                format!("{}.{}", self.event_type(), outcome.name())
            }
            _ => self.event_type(),
        }
    }
}

/// Whose request made something happen; nothing in it for what happens by itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Origin {
    pub request_id: Option<String>,
    pub global_request_id: Option<String>,
    /// The client's address and its `User-Agent`.
    pub address: Option<String>,
    pub agent: Option<String>,
    pub user_id: Option<UserId>,
    pub user_name: Option<String>,
    /// What the caller's token is scoped to.
    pub project_id: Option<String>,
    pub domain_id: Option<String>,
}

/// An event on its way to those who listen.
#[derive(Clone, Debug)]
pub struct Happened {
    pub event: Event,
    pub origin: std::sync::Arc<Origin>,
    pub at: Timestamp,
}
