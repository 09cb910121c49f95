//! Credentials: secrets that users store here, such as EC2 keys.

use super::db::{Area, Row, Session, Sql, sql};
use super::filter::{keeps, push_filter};
use crate::crypto::credential_cipher::EncryptedBlob;
use crate::error::Result;
use crate::model::list::{Filter, ListHints, Page};
use crate::model::{Credential, CredentialId, ProjectId, UserId};
use serde_json::{Map, Value};

/// A row of the table: its secret is encrypted.
#[derive(Clone, Debug)]
pub struct SealedCredential {
    pub credential: Credential,
    pub encrypted_blob: String,
}

fn sealed_from(row: &Row) -> Result<SealedCredential> {
    let extra = match row.json("extra")? {
        Value::Object(extra) => extra,
        _ => Map::new(),
    };
    Ok(SealedCredential {
        credential: Credential {
            id: row.id("id")?,
            user_id: row.id("user_id")?,
            project_id: row.opt_id("project_id")?,
            kind: row.text("type")?,
            extra,
        },
        encrypted_blob: row.text("encrypted_blob")?,
    })
}

/// The credential with this id.
pub async fn credential(s: &mut Session, id: &CredentialId) -> Result<Option<SealedCredential>> {
    let statement = sql(
        "SELECT id, user_id, project_id, type, extra, encrypted_blob FROM credential WHERE id = ?",
    );
    s.fetch_optional(statement.bind(id))
        .await?
        .as_ref()
        .map(sealed_from)
        .transpose()
}

/// One read of credentials in order of id: at most `limit`, and one more than that tells whether
/// there are more. Filters: `user_id`, `type`; an inexact one may leave the page short.
pub async fn credentials(s: &mut Session, hints: &ListHints) -> Result<Page<SealedCredential>> {
    let rows = s.fetch_all(select(hints)).await?;
    let rows = rows.iter().map(sealed_from).collect::<Result<_>>()?;
    Ok(Page::cut(rows, hints.limit))
}

fn select(hints: &ListHints) -> Sql {
    let mut statement = sql(
        "SELECT id, user_id, project_id, type, extra, encrypted_blob FROM credential WHERE 1 = 1",
    );
    for filter in &hints.filters {
        statement = push_filter(statement, filter.attribute, filter);
    }
    if let Some(marker) = &hints.marker {
        statement = statement.push(" AND id > ?").bind(marker);
    }
    statement = statement.push(" ORDER BY id");
    match hints.limit {
        Some(limit) => statement
            .push(" LIMIT ?")
            .bind(i64::try_from(limit.saturating_add(1)).unwrap_or(i64::MAX)),
        None => statement,
    }
}

/// Whether a row that the database selected satisfies a filter to the letter.
pub fn passes(credential: &Credential, filter: &Filter) -> bool {
    match filter.attribute {
        "user_id" => keeps(filter, &credential.user_id),
        _ => keeps(filter, &credential.kind),
    }
}

/// A user's credentials of a type, in order of id.
pub async fn credentials_of_user(
    s: &mut Session,
    user: &UserId,
    kind: &str,
) -> Result<Vec<SealedCredential>> {
    let statement = sql(
        "SELECT id, user_id, project_id, type, extra, encrypted_blob FROM credential \
         WHERE user_id = ? AND type = ? ORDER BY id",
    );
    let rows = s.fetch_all(statement.bind(user).bind(kind)).await?;
    let mut found: Vec<_> = rows.iter().map(sealed_from).collect::<Result<_>>()?;
    // MySQL finds types in any case of letters.
    found.retain(|row| row.credential.kind == kind);
    Ok(found)
}

/// How many credentials a user has.
pub async fn count_of_user(s: &mut Session, user: &UserId) -> Result<i64> {
    let statement = sql("SELECT COUNT(*) AS many FROM credential WHERE user_id = ?");
    s.fetch_one(statement.bind(user)).await?.int("many")
}

/// Stores a new credential. A taken id is [`crate::Error::DuplicateKey`].
pub async fn insert_credential(
    s: &mut Session,
    credential: &Credential,
    blob: &EncryptedBlob,
) -> Result<()> {
    s.execute(
        sql(
            "INSERT INTO credential (id, user_id, project_id, type, extra, encrypted_blob, key_hash) \
             VALUES (?, ?, ?, ?, ?, ?, ?)",
        )
        .bind(&credential.id)
        .bind(&credential.user_id)
        .bind(credential.project_id.as_ref())
        .bind(&credential.kind)
        .bind(&Value::Object(credential.extra.clone()))
        .bind(&blob.encrypted_blob)
        .bind(&blob.key_hash),
    )
    .await?;
    s.touch(Area::Credential);
    Ok(())
}

/// Gives a credential another secret; false when there is no such credential.
pub async fn update_blob(s: &mut Session, id: &CredentialId, blob: &EncryptedBlob) -> Result<bool> {
    let statement = sql("UPDATE credential SET encrypted_blob = ?, key_hash = ? WHERE id = ?");
    let updated = s
        .execute(
            statement
                .bind(&blob.encrypted_blob)
                .bind(&blob.key_hash)
                .bind(id),
        )
        .await?;
    s.touch(Area::Credential);
    Ok(updated > 0)
}

/// Removes a credential; false when there is no such credential.
pub async fn delete_credential(s: &mut Session, id: &CredentialId) -> Result<bool> {
    let deleted = s
        .execute(sql("DELETE FROM credential WHERE id = ?").bind(id))
        .await?;
    s.touch(Area::Credential);
    Ok(deleted > 0)
}

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
