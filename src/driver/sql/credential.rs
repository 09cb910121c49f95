//! Credentials: secrets that users store here, such as EC2 keys.

use super::db::{Area, Session, sql};
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
