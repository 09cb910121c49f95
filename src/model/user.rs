//! Users and groups.

use super::{DomainId, GroupId, ProjectId, Secret, Timestamp, UserId};
use chrono::NaiveDate;
use serde_json::{Map, Value};

/// A user as every driver gives it. Secrets are not part of it.
#[derive(Clone, Debug)]
pub struct User {
    pub id: UserId,
    pub domain_id: DomainId,
    /// `None` only for a row whose kind-specific half is missing; shown as an empty name.
    pub name: String,
    /// As stored; inactivity may still make the user read disabled.
    pub enabled: bool,
    pub default_project_id: Option<ProjectId>,
    pub password_expires_at: Option<Timestamp>,
    pub created_at: Option<Timestamp>,
    pub last_active_at: Option<NaiveDate>,
    /// Options by their API name, e.g. `lock_password`.
    pub options: Map<String, Value>,
    /// Links to identity providers; empty for other users.
    pub federated: Vec<FederatedLink>,
    /// Members that are not columns: `email`, `description`, whatever the client sent.
    pub extra: Map<String, Value>,
}

/// One user's identity at one protocol of one identity provider.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FederatedLink {
    pub idp_id: String,
    pub protocol_id: String,
    pub unique_id: String,
}

/// What a user row becomes by PATCH or is made from by POST. `None` leaves a member as it is.
#[derive(Clone, Debug, Default)]
pub struct UserChanges {
    pub name: Option<String>,
    pub enabled: Option<bool>,
    /// `Some(None)` clears it.
    pub default_project_id: Option<Option<ProjectId>>,
    /// Options to set; a null value removes the option.
    pub options: Option<Map<String, Value>>,
    /// Members to set in `extra`; a null value is stored as null.
    pub extra: Map<String, Value>,
    /// Replaces all links when given.
    pub federated: Option<Vec<FederatedLink>>,
}

/// One row of the `password` table.
#[derive(Clone, Debug)]
pub struct PasswordRow {
    pub id: i64,
    /// `None` means that the user has no password.
    pub hash: Option<Secret>,
    pub created_at: Timestamp,
    pub expires_at: Option<Timestamp>,
    /// Whether the user set it, rather than an admin.
    pub self_service: bool,
}

/// What a password login needs to know of a user, read in one go.
#[derive(Clone, Debug)]
pub struct LocalLogin {
    pub user: User,
    /// Row id in `local_user`.
    pub local_user_id: i64,
    pub failed_auth_count: i64,
    pub failed_auth_at: Option<Timestamp>,
    /// The newest password row.
    pub password: Option<PasswordRow>,
}

/// A group of users.
#[derive(Clone, Debug)]
pub struct Group {
    pub id: GroupId,
    pub domain_id: DomainId,
    pub name: String,
    pub description: Option<String>,
    pub extra: Map<String, Value>,
}

/// A group as one user's membership shows it.
#[derive(Clone, Debug)]
pub struct GroupOfUser {
    pub group: Group,
    /// When a membership given by federation ends.
    pub membership_expires_at: Option<Timestamp>,
}
