//! Trusts: the removal of those that are over.

use super::db::{Area, Session, sql};
use crate::error::Result;
use crate::model::Timestamp;

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
