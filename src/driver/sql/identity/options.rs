//! User options: four-character ids in the database, names in the API.

use serde_json::{Map, Value};

use crate::driver::sql::db::{Session, sql};
use crate::error::Result;
use crate::model::UserId;

const OPTIONS: [(&str, &str); 7] = [
    ("1000", "ignore_change_password_upon_first_use"),
    ("1001", "ignore_password_expiry"),
    ("1002", "ignore_lockout_failure_attempts"),
    ("1003", "lock_password"),
    ("1004", "ignore_user_inactivity"),
    ("MFAE", "multi_factor_auth_enabled"),
    ("MFAR", "multi_factor_auth_rules"),
];

/// The API name of a stored option; `None` for one of another release, which stays hidden.
pub(super) fn name_of(id: &str) -> Option<&'static str> {
    OPTIONS
        .iter()
        .find(|(known, _)| *known == id)
        .map(|(_, name)| *name)
}

fn id_of(name: &str) -> Option<&'static str> {
    OPTIONS
        .iter()
        .find(|(_, known)| *known == name)
        .map(|(id, _)| *id)
}

/// Sets the named options; a null value removes the option. Names are validated by the API.
pub(super) async fn set(
    s: &mut Session,
    user: &UserId,
    options: &Map<String, Value>,
) -> Result<()> {
    for (name, value) in options {
        let Some(id) = id_of(name) else { continue };
        s.execute(
            sql("DELETE FROM user_option WHERE user_id = ? AND option_id = ?")
                .bind(user)
                .bind(id),
        )
        .await?;
        if !value.is_null() {
            s.execute(
                sql("INSERT INTO user_option (user_id, option_id, option_value) VALUES (?, ?, ?)")
                    .bind(user)
                    .bind(id)
                    .bind(value.to_string()),
            )
            .await?;
        }
    }
    Ok(())
}
