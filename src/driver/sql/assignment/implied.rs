//! Inference rules: `implied_role`.

use super::super::db::{Area, Row, Session, sql};
use crate::error::Result;
use crate::model::{ImpliedRole, RoleId};

fn implied_from(row: &Row) -> Result<ImpliedRole> {
    Ok(ImpliedRole {
        prior: row.id("prior_role_id")?,
        implied: row.id("implied_role_id")?,
    })
}

/// All rules, ordered by the prior role.
pub async fn implied_roles(s: &mut Session) -> Result<Vec<ImpliedRole>> {
    s.fetch_all(sql(
        "SELECT prior_role_id, implied_role_id FROM implied_role \
         ORDER BY prior_role_id, implied_role_id",
    ))
    .await?
    .iter()
    .map(implied_from)
    .collect()
}

/// The roles that one role implies directly.
pub async fn implied_by(s: &mut Session, prior: &RoleId) -> Result<Vec<RoleId>> {
    s.fetch_all(
        sql(
            "SELECT implied_role_id FROM implied_role WHERE prior_role_id = ? \
             ORDER BY implied_role_id",
        )
        .bind(prior),
    )
    .await?
    .iter()
    .map(|row| row.id("implied_role_id"))
    .collect()
}

/// Whether the rule is there.
pub async fn implied_role_exists(s: &mut Session, rule: &ImpliedRole) -> Result<bool> {
    let found = s
        .fetch_optional(
            sql("SELECT prior_role_id FROM implied_role \
                 WHERE prior_role_id = ? AND implied_role_id = ?")
            .bind(&rule.prior)
            .bind(&rule.implied),
        )
        .await?;
    Ok(found.is_some())
}

/// Adds a rule; [`crate::Error::DuplicateKey`] when it is there already.
pub async fn insert_implied_role(s: &mut Session, rule: &ImpliedRole) -> Result<()> {
    s.execute(
        sql("INSERT INTO implied_role (prior_role_id, implied_role_id) VALUES (?, ?)")
            .bind(&rule.prior)
            .bind(&rule.implied),
    )
    .await?;
    s.touch(Area::Assignment);
    Ok(())
}

/// Removes a rule; false when there was none.
pub async fn delete_implied_role(s: &mut Session, rule: &ImpliedRole) -> Result<bool> {
    let deleted = s
        .execute(
            sql("DELETE FROM implied_role WHERE prior_role_id = ? AND implied_role_id = ?")
                .bind(&rule.prior)
                .bind(&rule.implied),
        )
        .await?;
    s.touch(Area::Assignment);
    Ok(deleted > 0)
}
