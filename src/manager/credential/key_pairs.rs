//! EC2 key pairs that the server makes, and how they are found: by their access key.

use super::{CredentialManager, EC2, NewCredential, access_key_id};
use crate::error::Result;
use crate::model::{CredentialDelegation, OpenCredential, ProjectId, Secret, UserId};
use serde_json::{Map, json};

impl CredentialManager<'_> {
    /// Makes a key pair with which a user signs requests for a project.
    ///
    /// # Errors
    /// 403 when the user has `[credential] user_limit` credentials already.
    pub async fn create_key_pair(
        &self,
        user_id: UserId,
        project_id: ProjectId,
    ) -> Result<OpenCredential> {
        let key = || uuid::Uuid::new_v4().simple().to_string();
        let blob = json!({ "access": key(), "secret": key(), "trust_id": null });
        let new = NewCredential {
            user_id,
            project_id: Some(project_id),
            kind: EC2.to_owned(),
            blob: Secret::from(blob.to_string()),
            extra: Map::new(),
        };
        self.create_credential(new, &CredentialDelegation::default())
            .await
    }

    /// The key pair with an access key, whosever it is.
    pub async fn find_key_pair(&self, access: &str) -> Result<Option<OpenCredential>> {
        let found = self.find_credential(&access_key_id(access)).await?;
        Ok(found.filter(|found| found.credential.kind == EC2))
    }
}
