//! Trusts: what one user lets another do in its stead.

use super::{ProjectId, RoleId, Timestamp, TrustId, UserId};
use serde_json::{Map, Value};

/// A trust as it is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trust {
    pub id: TrustId,
    /// Who delegates.
    pub trustor_user_id: UserId,
    /// Who is delegated to.
    pub trustee_user_id: UserId,
    /// Where the roles count; a trust without one gives nothing.
    pub project_id: Option<ProjectId>,
    /// Whether the trustee's tokens show the trustor as their user.
    pub impersonation: bool,
    pub deleted_at: Option<Timestamp>,
    pub expires_at: Option<Timestamp>,
    /// How many tokens it can still give; `None` for any number.
    pub remaining_uses: Option<i64>,
    /// The trust that it was made from.
    pub redelegated_trust_id: Option<TrustId>,
    /// How many trusts can be made from it, one from the other.
    pub redelegation_count: i64,
    /// What is delegated; the roles that these imply are as well.
    pub role_ids: Vec<RoleId>,
    /// Members that the API doesn't know.
    pub extra: Map<String, Value>,
}

impl Trust {
    /// Whether it can be used: not deleted, not over, not used up.
    pub fn is_usable(&self, now: Timestamp) -> bool {
        self.deleted_at.is_none()
            && self.expires_at.is_none_or(|end| now <= end)
            && self.remaining_uses.is_none_or(|uses| uses > 0)
    }
}
