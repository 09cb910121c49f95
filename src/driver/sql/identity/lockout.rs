//! Counters of failed logins.
//!
//! A login's outcome counts only through these conditional updates. However many attempts run at
//! once, the database orders them, and no outcome after the Nth failure is ever told.

use crate::driver::sql::db::{Db, Session, sql};
use crate::error::Result;
use crate::model::{Timestamp, UserId};

/// When an account is locked.
#[derive(Clone, Copy, Debug)]
pub struct LockoutRule {
    /// Failures that lock.
    pub attempts: i64,
    /// A lock whose last failure is at or before this moment is over; `None` keeps it until an
    /// administrator enables the user.
    pub over_since: Option<Timestamp>,
}

/// Counts one failure; false when the account is already locked, and then nothing is counted.
///
/// The first failure after a lock that is over starts a new count.
pub async fn record_failed_login(
    db: &Db,
    local_user_id: i64,
    rule: LockoutRule,
    now: Timestamp,
) -> Result<bool> {
    let counted = db
        .execute(
            sql("UPDATE local_user SET failed_auth_count = CASE \
                   WHEN COALESCE(failed_auth_count, 0) >= ? THEN 1 \
                   ELSE COALESCE(failed_auth_count, 0) + 1 END, failed_auth_at = ? \
                 WHERE id = ? AND (COALESCE(failed_auth_count, 0) < ? OR failed_auth_at <= ?)")
            .bind(rule.attempts)
            .bind(now)
            .bind(local_user_id)
            .bind(rule.attempts)
            .bind(rule.over_since),
        )
        .await?;
    Ok(counted > 0)
}

/// Clears the count after a right password; false when the account is locked by now, and then the
/// login must be refused.
pub async fn record_successful_login(
    db: &Db,
    local_user_id: i64,
    rule: LockoutRule,
) -> Result<bool> {
    let allowed = db
        .execute(
            sql(
                "UPDATE local_user SET failed_auth_count = 0, failed_auth_at = NULL \
                 WHERE id = ? AND (COALESCE(failed_auth_count, 0) < ? OR failed_auth_at <= ?)",
            )
            .bind(local_user_id)
            .bind(rule.attempts)
            .bind(rule.over_since),
        )
        .await?;
    Ok(allowed > 0)
}

/// Unlocks, as enabling a user does.
pub async fn clear_failed_logins(s: &mut Session, user: &UserId) -> Result<()> {
    s.execute(
        sql(
            "UPDATE local_user SET failed_auth_count = 0, failed_auth_at = NULL \
             WHERE user_id = ? AND COALESCE(failed_auth_count, 0) <> 0",
        )
        .bind(user),
    )
    .await?;
    Ok(())
}
