//! Removing users with everything that hangs on them.

use crate::driver::sql::db::{Area, Session, sql};
use crate::error::Result;
use crate::model::{DomainId, UserId};

/// What refers to a user within this subsystem and its application credentials, children first.
/// SQLite does not cascade, and a left-over child of an integer id would attach itself to the next
/// row that gets the same integer.
const CHILDREN: [&str; 12] = [
    "DELETE FROM application_credential_access_rule WHERE application_credential_id IN \
       (SELECT internal_id FROM application_credential WHERE user_id = ?)",
    "DELETE FROM application_credential_role WHERE application_credential_id IN \
       (SELECT internal_id FROM application_credential WHERE user_id = ?)",
    "DELETE FROM application_credential WHERE user_id = ?",
    "DELETE FROM access_rule WHERE user_id = ?",
    "DELETE FROM user_group_membership WHERE user_id = ?",
    "DELETE FROM expiring_user_group_membership WHERE user_id = ?",
    "DELETE FROM user_option WHERE user_id = ?",
    "DELETE FROM federated_user WHERE user_id = ?",
    "DELETE FROM nonlocal_user WHERE user_id = ?",
    "DELETE FROM password WHERE local_user_id IN (SELECT id FROM local_user WHERE user_id = ?)",
    "DELETE FROM local_user WHERE user_id = ?",
    "DELETE FROM id_mapping WHERE public_id = ? AND entity_type = 'user'",
];

/// Removes a user and its passwords, options, links, memberships, application credentials and
/// access rules; false when there is no such user. Assignments, credentials and trusts are removed
/// by their owners.
pub async fn delete_user(s: &mut Session, id: &UserId) -> Result<bool> {
    for statement in CHILDREN {
        s.execute(sql(statement).bind(id)).await?;
    }
    let deleted = s
        .execute(sql(r#"DELETE FROM "user" WHERE id = ?"#).bind(id))
        .await?;
    s.touch(Area::Identity);
    s.touch(Area::Credential);
    Ok(deleted > 0)
}

/// The ids of a domain's users.
pub async fn user_ids_of_domain(s: &mut Session, domain: &DomainId) -> Result<Vec<UserId>> {
    let rows = s
        .fetch_all(sql(r#"SELECT id FROM "user" WHERE domain_id = ? ORDER BY id"#).bind(domain))
        .await?;
    rows.iter().map(|row| row.id("id")).collect()
}
