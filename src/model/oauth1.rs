//! OAuth1: consumers and the tokens that users let them have.

use super::{
    AccessTokenId, ConsumerId, ProjectId, RequestTokenId, RoleId, Secret, Timestamp, UserId,
};
use serde_json::{Map, Value};

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

/// An application that users can let have access tokens.
#[derive(Clone, Debug)]
pub struct Consumer {
    pub id: ConsumerId,
    pub description: Option<String>,
    pub secret: Secret,
    pub extra: Map<String, Value>,
}

/// A consumer's wish for an access token, until a user agrees and the consumer fetches it.
#[derive(Clone, Debug)]
pub struct RequestToken {
    pub id: RequestTokenId,
    pub secret: Secret,
    /// What the user tells the consumer once it agreed.
    pub verifier: Option<Secret>,
    pub authorizing_user_id: Option<UserId>,
    pub requested_project_id: ProjectId,
    pub role_ids: Vec<RoleId>,
    pub consumer_id: ConsumerId,
    pub expires_at: Option<Timestamp>,
}
