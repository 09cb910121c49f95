//! OAuth1: consumers and the tokens that users let them have.

use super::{AccessTokenId, ConsumerId, ProjectId, RoleId, Secret, Timestamp, UserId};

/// An access token: what a consumer may do for a user.
#[derive(Clone, Debug)]
pub struct AccessToken {
    pub id: AccessTokenId,
    pub secret: Secret,
    /// Who let the consumer have it.
    pub authorizing_user_id: UserId,
    pub project_id: ProjectId,
    /// What was let; the roles that these imply are as well.
    pub role_ids: Vec<RoleId>,
    pub consumer_id: ConsumerId,
    pub expires_at: Option<Timestamp>,
}
