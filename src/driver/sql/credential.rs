//! Credentials: secrets that users store here, such as EC2 keys, and their encryption under changing
//! keys.

use super::db::{Area, Session, sql};
use crate::crypto::credential_cipher::EncryptedBlob;
use crate::error::Result;
use crate::model::{ProjectId, UserId};

/// Removes a user's credentials.
pub async fn delete_of_user(s: &mut Session, user: &UserId) -> Result<()> {
    s.execute(sql("DELETE FROM credential WHERE user_id = ?").bind(user))
        .await?;
    s.touch(Area::Credential);
    Ok(())
}

/// Removes the credentials that are for a project.
pub async fn delete_of_project(s: &mut Session, project: &ProjectId) -> Result<()> {
    s.execute(sql("DELETE FROM credential WHERE project_id = ?").bind(project))
        .await?;
    s.touch(Area::Credential);
    Ok(())
}

/// A credential's id and blob as stored.
#[derive(Clone, Debug)]
pub struct StoredBlob {
    pub id: String,
    pub blob: EncryptedBlob,
}

/// How many credentials are encrypted with another key than the one with this hash.
pub async fn count_of_other_keys(s: &mut Session, key_hash: &str) -> Result<i64> {
    let query = sql("SELECT COUNT(*) AS others FROM credential WHERE key_hash <> ?");
    s.fetch_one(query.bind(key_hash)).await?.int("others")
}

/// The credentials that are encrypted with another key than the one with this hash.
pub async fn blobs_of_other_keys(s: &mut Session, key_hash: &str) -> Result<Vec<StoredBlob>> {
    let query = sql("SELECT id, encrypted_blob, key_hash FROM credential WHERE key_hash <> ?");
    let rows = s.fetch_all(query.bind(key_hash)).await?;
    rows.iter()
        .map(|row| {
            let blob = EncryptedBlob {
                encrypted_blob: row.text("encrypted_blob")?,
                key_hash: row.text("key_hash")?,
            };
            Ok(StoredBlob {
                id: row.text("id")?,
                blob,
            })
        })
        .collect()
}

/// Replaces a blob by the same one under another key, unless it was changed meanwhile. Whether it was
/// replaced.
pub async fn replace_blob(s: &mut Session, old: &StoredBlob, new: &EncryptedBlob) -> Result<bool> {
    let statement = sql("UPDATE credential SET encrypted_blob = ?, key_hash = ? \
         WHERE id = ? AND encrypted_blob = ?")
    .bind(&new.encrypted_blob)
    .bind(&new.key_hash)
    .bind(&old.id)
    .bind(&old.blob.encrypted_blob);
    let replaced = s.execute(statement).await?;
    s.touch(Area::Credential);
    Ok(replaced > 0)
}
