//! Trusts. The API never removes a row: a trust that is deleted has a time of deletion.

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
