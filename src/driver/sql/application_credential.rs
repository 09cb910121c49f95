//! Application credentials, their roles and their access rules.
//!
//! Child rows point to integer ids that databases may give again: whoever deletes a parent deletes
//! them too.

use super::db::{Row, Session, sql};
use crate::error::Result;
use crate::model::application_credential::{AccessRule, ApplicationCredential};
use crate::model::{ApplicationCredentialId, Secret, Timestamp, UserId};

const COLUMNS: &str = "SELECT internal_id, id, name, secret_hash, description, user_id, project_id, \
     expires_at, \"system\", unrestricted FROM application_credential";

/// The application credential with this id.
pub async fn application_credential(
    s: &mut Session,
    id: &ApplicationCredentialId,
) -> Result<Option<ApplicationCredential>> {
    let row = s
        .fetch_optional(sql(COLUMNS).push(" WHERE id = ?").bind(id))
        .await?;
    match row {
        Some(row) => whole(s, &row).await.map(Some),
        None => Ok(None),
    }
}

/// The application credential of a user with this name.
pub async fn application_credential_by_name(
    s: &mut Session,
    user: &UserId,
    name: &str,
) -> Result<Option<ApplicationCredential>> {
    let query = sql(COLUMNS).push(" WHERE user_id = ? AND name = ?");
    match s.fetch_optional(query.bind(user).bind(name)).await? {
        Some(row) => whole(s, &row).await.map(Some),
        None => Ok(None),
    }
}

async fn whole(s: &mut Session, row: &Row) -> Result<ApplicationCredential> {
    let internal_id = row.int("internal_id")?;
    let expires_at = row.opt_int("expires_at")?;
    Ok(ApplicationCredential {
        id: row.id("id")?,
        name: row.text("name")?,
        description: row.opt_text("description")?,
        user_id: row.id("user_id")?,
        project_id: row.opt_id("project_id")?,
        system: row.opt_text("system")?,
        expires_at: expires_at.and_then(Timestamp::from_micros),
        unrestricted: row.opt_bool("unrestricted")?,
        secret_hash: Secret::from(row.text("secret_hash")?),
        role_ids: s
            .fetch_all(
                sql("SELECT role_id FROM application_credential_role \
                     WHERE application_credential_id = ? ORDER BY role_id")
                .bind(internal_id),
            )
            .await?
            .iter()
            .map(|row| row.id("role_id"))
            .collect::<Result<_>>()?,
        access_rules: s
            .fetch_all(
                sql(
                    "SELECT r.external_id, r.service, r.path, r.method FROM access_rule r \
                     JOIN application_credential_access_rule a ON a.access_rule_id = r.id \
                     WHERE a.application_credential_id = ? ORDER BY r.id",
                )
                .bind(internal_id),
            )
            .await?
            .iter()
            .map(access_rule_from)
            .collect::<Result<_>>()?,
    })
}

fn access_rule_from(row: &Row) -> Result<AccessRule> {
    Ok(AccessRule {
        id: row.opt_text("external_id")?.unwrap_or_default().into(),
        service: row.opt_text("service")?.unwrap_or_default(),
        path: row.opt_text("path")?.unwrap_or_default(),
        method: row.opt_text("method")?.unwrap_or_default(),
    })
}
