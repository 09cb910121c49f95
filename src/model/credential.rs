//! Credentials: secrets that users store here.

use super::{CredentialId, ProjectId, Secret, UserId};
use serde_json::{Map, Value};

/// What is known of a credential without its secret.
#[derive(Clone, Debug)]
pub struct Credential {
    pub id: CredentialId,
    pub user_id: UserId,
    pub project_id: Option<ProjectId>,
    /// `ec2`, `totp`, `cert` or whatever a client calls it.
    pub kind: String,
    pub extra: Map<String, Value>,
}

/// A credential whose secret was looked at.
#[derive(Clone, Debug)]
pub struct OpenCredential {
    pub credential: Credential,
    /// `None` when no key at hand decrypts it.
    pub blob: Option<Secret>,
}

/// Which delegation a credential was made through. Tokens that are made from it keep its bounds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CredentialDelegation {
    pub trust_id: Option<String>,
    pub app_cred_id: Option<String>,
    pub access_token_id: Option<String>,
}
