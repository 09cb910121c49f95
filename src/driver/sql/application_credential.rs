//! Application credentials, their roles and their access rules.
//!
//! Child rows point to integer ids that databases may give again: whoever deletes a parent deletes
//! them too.

mod access_rules;

pub use access_rules::{
    StoredRule, access_rule, access_rule_like, access_rules, attach_rule, delete_access_rule,
    insert_access_rule,
};

use super::db::{Area, Row, Session, sql};
use super::filter::{keeps, push_filter};
use crate::error::Result;
use crate::model::application_credential::ApplicationCredential;
use crate::model::list::{ListHints, Page};
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
        access_rules: access_rules::of_credential(s, internal_id).await?,
    })
}

/// A page of a user's application credentials in order of id. Filters: `name`.
pub async fn application_credentials(
    s: &mut Session,
    user: &UserId,
    hints: &ListHints,
) -> Result<Page<ApplicationCredential>> {
    let mut query = sql(COLUMNS).push(" WHERE user_id = ?").bind(user);
    for filter in &hints.filters {
        query = push_filter(query, "name", filter);
    }
    if let Some(marker) = &hints.marker {
        query = query.push(" AND id > ?").bind(marker);
    }
    let mut found = Vec::new();
    for row in s.fetch_all(query.push(" ORDER BY id")).await? {
        let name = row.text("name")?;
        if hints.filters.iter().all(|filter| keeps(filter, &name)) {
            found.push(whole(s, &row).await?);
        }
    }
    Ok(Page::cut(found, hints.limit))
}

/// How many application credentials a user has.
pub async fn count_of_user(s: &mut Session, user: &UserId) -> Result<i64> {
    let query = sql("SELECT COUNT(*) AS count FROM application_credential WHERE user_id = ?");
    s.fetch_one(query.bind(user)).await?.int("count")
}

/// Stores a new application credential without its access rules; returns its integer id.
/// [`crate::Error::DuplicateKey`] when the user has one with its name.
pub async fn insert(s: &mut Session, credential: &ApplicationCredential) -> Result<i64> {
    let statement = sql(
        "INSERT INTO application_credential (id, name, secret_hash, description, user_id, \
         project_id, expires_at, \"system\", unrestricted) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
    )
    .bind(&credential.id)
    .bind(&credential.name)
    .bind(credential.secret_hash.expose())
    .bind(credential.description.as_deref())
    .bind(&credential.user_id)
    .bind(credential.project_id.as_ref())
    .bind(credential.expires_at.map(Timestamp::micros))
    .bind(credential.system.as_deref())
    .bind(credential.unrestricted);
    s.execute(statement).await?;
    let query = sql("SELECT internal_id FROM application_credential WHERE id = ?");
    let internal_id = s
        .fetch_one(query.bind(&credential.id))
        .await?
        .int("internal_id")?;
    for role in &credential.role_ids {
        let statement = sql(
            "INSERT INTO application_credential_role (application_credential_id, role_id) \
             VALUES (?, ?)",
        );
        s.execute(statement.bind(internal_id).bind(role)).await?;
    }
    s.touch(Area::Credential);
    Ok(internal_id)
}

/// Removes an application credential with its roles and its hold on access rules, children first;
/// false when there is none.
pub async fn delete(s: &mut Session, id: &ApplicationCredentialId) -> Result<bool> {
    for statement in [
        "DELETE FROM application_credential_role WHERE application_credential_id IN \
         (SELECT internal_id FROM application_credential WHERE id = ?)",
        "DELETE FROM application_credential_access_rule WHERE application_credential_id IN \
         (SELECT internal_id FROM application_credential WHERE id = ?)",
    ] {
        s.execute(sql(statement).bind(id)).await?;
    }
    let deleted = s
        .execute(sql("DELETE FROM application_credential WHERE id = ?").bind(id))
        .await?;
    s.touch(Area::Credential);
    Ok(deleted > 0)
}
