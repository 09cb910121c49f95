//! Password rows. The newest by `created_at_int` is the current one; older ones are its history.
//!
//! `created_at_int` and `expires_at_int` hold microseconds since 1970 and win over the datetime
//! columns, which are written for old readers and which MySQL cuts to seconds.

use crate::driver::sql::db::{Area, Row, Session, sql};
use crate::error::{Error, Result};
use crate::model::{PasswordRow, Secret, Timestamp, UserId};

/// A password about to be stored.
#[derive(Clone, Debug)]
pub struct NewPassword {
    /// `None` takes the user's password away.
    pub hash: Option<Secret>,
    pub expires_at: Option<Timestamp>,
    /// Whether the user sets it, rather than an admin.
    pub self_service: bool,
}

/// The columns that [`password_from`] reads, of a table called `p`.
macro_rules! password_columns {
    () => {
        "p.id AS password_id, p.password_hash, p.self_service, \
         p.created_at AS password_created_at, p.created_at_int AS password_created_at_int, \
         p.expires_at AS password_expires_at, p.expires_at_int AS password_expires_at_int"
    };
}
pub(super) use password_columns;

/// The password of a joined row; `None` where the user has no password row.
pub(super) fn password_from(row: &Row) -> Result<Option<PasswordRow>> {
    let Some(id) = row.opt_int("password_id")? else {
        return Ok(None);
    };
    // Rows of releases before the *_int columns have 0 or NULL there.
    let created_at = match row.int("password_created_at_int")? {
        0 => row.time("password_created_at")?,
        micros => from_micros(micros)?,
    };
    let expires_at = match row.opt_int("password_expires_at_int")? {
        None | Some(0) => row.opt_time("password_expires_at")?,
        Some(micros) => Some(from_micros(micros)?),
    };
    Ok(Some(PasswordRow {
        id,
        hash: row.opt_text("password_hash")?.map(Secret::from),
        created_at,
        expires_at,
        self_service: row.bool("self_service")?,
    }))
}

fn from_micros(micros: i64) -> Result<Timestamp> {
    Timestamp::from_micros(micros)
        .ok_or_else(|| Error::internal(format!("a password has the impossible time {micros}")))
}

/// The current password of a user.
pub async fn latest_password(s: &mut Session, user: &UserId) -> Result<Option<PasswordRow>> {
    Ok(password_history(s, user, 1).await?.pop())
}

/// The newest passwords of a user, newest first, the current one included.
pub async fn password_history(
    s: &mut Session,
    user: &UserId,
    limit: u32,
) -> Result<Vec<PasswordRow>> {
    let rows = s
        .fetch_all(
            sql(concat!(
                "SELECT ",
                password_columns!(),
                " FROM password p JOIN local_user l ON l.id = p.local_user_id \
                 WHERE l.user_id = ? \
                 ORDER BY p.created_at_int DESC, p.created_at DESC, p.id DESC LIMIT ?"
            ))
            .bind(user)
            .bind(limit),
        )
        .await?;
    rows.iter()
        .filter_map(|row| password_from(row).transpose())
        .collect()
}

/// Makes a password the current one: the ones before it expire now, and only the newest
/// `keep_old` of them stay as history. 400 for a user without a `local_user` row,
/// who is federated or kept by another driver.
pub async fn add_password(
    s: &mut Session,
    user: &UserId,
    password: &NewPassword,
    keep_old: u32,
    now: Timestamp,
) -> Result<()> {
    let old = password_history(s, user, u32::from(u16::MAX)).await?;
    // Two changes within one microsecond, or a clock that went back: the new one must win anyway.
    let created_at = match old.first() {
        Some(last) if last.created_at >= now => {
            Timestamp::from_micros(last.created_at.micros() + 1).unwrap_or(now)
        }
        _ => now,
    };
    let keep_old = usize::try_from(keep_old).unwrap_or(usize::MAX);
    let (kept, surplus) = old.split_at(keep_old.min(old.len()));
    if !surplus.is_empty() {
        s.execute(sql("DELETE FROM password WHERE").push_in("id", surplus.iter().map(|p| p.id)))
            .await?;
    }
    if !kept.is_empty() {
        s.execute(
            sql("UPDATE password SET expires_at = ?, expires_at_int = ? \
                 WHERE (expires_at_int IS NULL OR expires_at_int > ?) AND")
            .bind(created_at)
            .bind(created_at.micros())
            .bind(created_at.micros())
            .push_in("id", kept.iter().map(|p| p.id)),
        )
        .await?;
    }
    let inserted = s
        .execute(
            sql(
                "INSERT INTO password (local_user_id, password_hash, self_service, created_at, \
                   created_at_int, expires_at, expires_at_int) \
                 SELECT l.id, ?, ?, ?, ?, ?, ? FROM local_user l WHERE l.user_id = ?",
            )
            .bind(password.hash.as_ref().map(Secret::expose))
            .bind(password.self_service)
            .bind(created_at)
            .bind(created_at.micros())
            .bind(password.expires_at)
            .bind(password.expires_at.map(Timestamp::micros))
            .bind(user),
        )
        .await?;
    if inserted != 1 {
        return Err(Error::bad_request(format!(
            "User {user} logs in elsewhere and can't have a password here."
        )));
    }
    s.touch(Area::Identity);
    Ok(())
}
