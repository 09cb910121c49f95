//! Application credentials: secrets that log in for a part of what their user may do.

use super::{AccessRuleId, ApplicationCredentialId, ProjectId, RoleId, Secret, Timestamp, UserId};

/// An application credential as it is stored.
#[derive(Clone, Debug)]
pub struct ApplicationCredential {
    pub id: ApplicationCredentialId,
    pub name: String,
    pub description: Option<String>,
    /// Whose it is; whoever knows the secret logs in as this user.
    pub user_id: UserId,
    /// Where its roles count.
    pub project_id: Option<ProjectId>,
    /// Never used; answers show it.
    pub system: Option<String>,
    pub expires_at: Option<Timestamp>,
    /// Whether its tokens may make and delete application credentials. Shown as it was given.
    pub unrestricted: Option<bool>,
    /// Exactly the roles that it gives; implied ones are among them.
    pub role_ids: Vec<RoleId>,
    /// What its tokens may call; with none, everything.
    pub access_rules: Vec<AccessRule>,
    /// The hash of its secret.
    pub secret_hash: Secret,
}

impl ApplicationCredential {
    /// Whether its tokens may make and delete application credentials.
    pub fn is_unrestricted(&self) -> bool {
        self.unrestricted == Some(true)
    }
}

/// One kind of request that an application credential's tokens may send.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct AccessRule {
    pub id: AccessRuleId,
    /// The service's type in the catalog.
    pub service: String,
    /// A path template: `*`, `**` and `{name}` stand for what differs.
    pub path: String,
    pub method: String,
}

impl AccessRule {
    /// Whether two rules permit the same requests, by the same words.
    pub fn permits_same(&self, other: &Self) -> bool {
        (&self.service, &self.path, &self.method) == (&other.service, &other.path, &other.method)
    }
}
