//! Revocation events: what makes a token that is otherwise good a bad one.

use super::Timestamp;

/// One row of `revocation_event`. A token is revoked when it was issued at or before `issued_before`
/// and every member that is present matches it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RevocationEvent {
    pub domain_id: Option<String>,
    pub project_id: Option<String>,
    pub user_id: Option<String>,
    pub role_id: Option<String>,
    pub trust_id: Option<String>,
    pub consumer_id: Option<String>,
    pub access_token_id: Option<String>,
    pub audit_id: Option<String>,
    pub audit_chain_id: Option<String>,
    pub issued_before: Timestamp,
    pub expires_at: Option<Timestamp>,
    pub revoked_at: Timestamp,
}

impl RevocationEvent {
    /// An event that happens now and as yet names nothing.
    pub fn at(now: Timestamp) -> Self {
        let now = now.whole_seconds();
        Self {
            domain_id: None,
            project_id: None,
            user_id: None,
            role_id: None,
            trust_id: None,
            consumer_id: None,
            access_token_id: None,
            audit_id: None,
            audit_chain_id: None,
            issued_before: now,
            expires_at: None,
            revoked_at: now,
        }
    }
}
