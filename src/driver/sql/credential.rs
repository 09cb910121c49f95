//! Credentials: secrets that users store here, such as EC2 keys.

use super::db::{Area, Session, sql};
use crate::error::Result;
use crate::model::UserId;

/// Removes a user's credentials.
pub async fn delete_of_user(s: &mut Session, user: &UserId) -> Result<()> {
    s.execute(sql("DELETE FROM credential WHERE user_id = ?").bind(user))
        .await?;
    s.touch(Area::Credential);
    Ok(())
}
