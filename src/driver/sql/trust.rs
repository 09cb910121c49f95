//! Trusts. The API never removes a row: a trust that is deleted has a time of deletion, until the
//! operator's flush.

use super::db::{Area, Session, sql};
use crate::error::Result;
use crate::model::{ProjectId, Timestamp, UserId};

/// Deletes the trusts that a user gave or was given.
pub async fn delete_of_user(s: &mut Session, user: &UserId, now: Timestamp) -> Result<()> {
    s.execute(
        sql("UPDATE trust SET deleted_at = ? \
             WHERE (trustor_user_id = ? OR trustee_user_id = ?) AND deleted_at IS NULL")
        .bind(now)
        .bind(user)
        .bind(user),
    )
    .await?;
    s.touch(Area::Trust);
    Ok(())
}

/// Deletes the trusts that are for a project.
pub async fn delete_of_project(s: &mut Session, project: &ProjectId, now: Timestamp) -> Result<()> {
    s.execute(
        sql("UPDATE trust SET deleted_at = ? WHERE project_id = ? AND deleted_at IS NULL")
            .bind(now)
            .bind(project),
    )
    .await?;
    s.touch(Area::Trust);
    Ok(())
}

/// Which trusts are to be removed, of those that were deleted or have expired.
#[derive(Clone, Debug)]
pub struct FlushFilter {
    /// An expiry before this counts as over.
    pub expired_before: Timestamp,
    pub project_id: Option<String>,
    pub trustor_user_id: Option<String>,
    pub trustee_user_id: Option<String>,
}

/// Removes trusts that are over. Returns how many.
pub async fn flush(s: &mut Session, filter: &FlushFilter) -> Result<u64> {
    let mut statement = sql(
        "DELETE FROM trust WHERE (deleted_at IS NOT NULL OR expires_at_int < ? \
         OR (expires_at_int IS NULL AND expires_at < ?))",
    )
    .bind(filter.expired_before.micros())
    .bind(filter.expired_before);
    for (column, value) in [
        (" AND project_id = ?", &filter.project_id),
        (" AND trustor_user_id = ?", &filter.trustor_user_id),
        (" AND trustee_user_id = ?", &filter.trustee_user_id),
    ] {
        if let Some(value) = value {
            statement = statement.push(column).bind(value);
        }
    }
    let deleted = s.execute(statement).await?;
    s.touch(Area::Trust);
    Ok(deleted)
}
