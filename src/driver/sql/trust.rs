//! Trusts. The API never removes a row: a trust that is deleted has a time of deletion, until an
//! operator flushes it.

use super::db::{Area, Row, Session, sql};
use super::listed::Listed;
use crate::error::Result;
use crate::model::list::{ListHints, Page};
use crate::model::trust::Trust;
use crate::model::{ProjectId, Timestamp, TrustId, UserId};
use serde_json::{Map, Value, json};

const COLUMNS: &str = "SELECT t.id, t.trustor_user_id, t.trustee_user_id, t.project_id, \
     t.impersonation, t.deleted_at, t.expires_at, t.expires_at_int, t.remaining_uses, t.extra, \
     t.redelegated_trust_id, t.redelegation_count";

/// Databases allow only so many values in one statement.
const IDS_PER_STATEMENT: usize = 1000;

/// The trust with this id, deleted or not.
pub async fn trust(s: &mut Session, id: &TrustId) -> Result<Option<Trust>> {
    let query = sql(COLUMNS).push(
        ", r.role_id FROM trust t LEFT JOIN trust_role r ON r.trust_id = t.id \
         WHERE t.id = ? ORDER BY r.role_id",
    );
    let rows = s.fetch_all(query.bind(id)).await?;
    let Some(first) = rows.first() else {
        return Ok(None);
    };
    let mut trust = trust_from(first)?;
    for row in &rows {
        trust.role_ids.extend(row.opt_id("role_id")?);
    }
    Ok(Some(trust))
}

const LISTED: Listed<Trust> = Listed {
    key: "t.id",
    columns: &[],
    from: trust_from,
    id: |trust| &trust.id,
    text: |_, _| None,
};

/// A page of the trusts that are not deleted, in order of id, without their roles.
pub async fn trusts(
    s: &mut Session,
    trustor: Option<&UserId>,
    trustee: Option<&UserId>,
    hints: &ListHints,
) -> Result<Page<Trust>> {
    let mut query = sql(COLUMNS).push(" FROM trust t WHERE t.deleted_at IS NULL");
    if let Some(trustor) = trustor {
        query = query.push(" AND t.trustor_user_id = ?").bind(trustor);
    }
    if let Some(trustee) = trustee {
        query = query.push(" AND t.trustee_user_id = ?").bind(trustee);
    }
    LISTED.page(s, query, hints).await
}

/// Ids of the trusts that were made from any of these and are not deleted.
pub async fn ids_made_from(s: &mut Session, parents: &[TrustId]) -> Result<Vec<TrustId>> {
    let mut ids = Vec::new();
    for parents in parents.chunks(IDS_PER_STATEMENT) {
        let query = sql("SELECT id FROM trust WHERE deleted_at IS NULL AND")
            .push_in("redelegated_trust_id", parents);
        for row in s.fetch_all(query).await? {
            ids.push(row.id("id")?);
        }
    }
    Ok(ids)
}

/// Stores a new trust. [`crate::Error::DuplicateKey`] when there is one between the same users for the
/// same project with the same end.
pub async fn insert_trust(s: &mut Session, trust: &Trust) -> Result<()> {
    let roles: Vec<_> = trust
        .role_ids
        .iter()
        .map(|id| json!({ "id": id }))
        .collect();
    let mut extra = trust.extra.clone();
    extra.insert("roles".to_owned(), Value::Array(roles));
    let statement = sql(
        "INSERT INTO trust (id, trustor_user_id, trustee_user_id, project_id, impersonation, \
         deleted_at, expires_at, expires_at_int, remaining_uses, extra, redelegated_trust_id, \
         redelegation_count) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
    )
    .bind(&trust.id)
    .bind(&trust.trustor_user_id)
    .bind(&trust.trustee_user_id)
    .bind(trust.project_id.as_ref())
    .bind(trust.impersonation)
    .bind(trust.deleted_at)
    .bind(trust.expires_at)
    .bind(trust.expires_at.map(Timestamp::micros))
    .bind(trust.remaining_uses)
    .bind(&Value::Object(extra))
    .bind(trust.redelegated_trust_id.as_ref())
    .bind(trust.redelegation_count);
    s.execute(statement).await?;
    for role in &trust.role_ids {
        let statement = sql("INSERT INTO trust_role (trust_id, role_id) VALUES (?, ?)");
        s.execute(statement.bind(&trust.id).bind(role)).await?;
    }
    s.touch(Area::Trust);
    Ok(())
}

/// Marks trusts as deleted; false when none was there that was not.
pub async fn delete_trusts(s: &mut Session, ids: &[TrustId], now: Timestamp) -> Result<bool> {
    let mut deleted = 0;
    for ids in ids.chunks(IDS_PER_STATEMENT) {
        let statement = sql("UPDATE trust SET deleted_at = ? WHERE deleted_at IS NULL AND")
            .bind(now)
            .push_in("id", ids);
        deleted += s.execute(statement).await?;
    }
    s.touch(Area::Trust);
    Ok(deleted > 0)
}

/// A trust from its own row; its roles stand elsewhere.
fn trust_from(row: &Row) -> Result<Trust> {
    let expires_at = match row.opt_int("expires_at_int")? {
        Some(micros) => Timestamp::from_micros(micros),
        None => row.opt_time("expires_at")?,
    };
    let mut extra = match row.json("extra")? {
        Value::Object(extra) => extra,
        _ => Map::new(),
    };
    // A copy from the time of creation; what counts stands in `trust_role`.
    extra.shift_remove("roles");
    Ok(Trust {
        id: row.id("id")?,
        trustor_user_id: row.id("trustor_user_id")?,
        trustee_user_id: row.id("trustee_user_id")?,
        project_id: row.opt_id("project_id")?,
        impersonation: row.bool("impersonation")?,
        deleted_at: row.opt_time("deleted_at")?,
        expires_at,
        remaining_uses: row.opt_int("remaining_uses")?,
        redelegated_trust_id: row.opt_id("redelegated_trust_id")?,
        redelegation_count: row.opt_int("redelegation_count")?.unwrap_or(0),
        role_ids: Vec::new(),
        extra,
    })
}

/// Takes one of the trust's uses; false when there is none left, or the trust is deleted. Of clients
/// that race for the last use one gets it, because the database compares and sets.
pub async fn consume_use(s: &mut Session, id: &TrustId) -> Result<bool> {
    let taken = s
        .execute(
            sql("UPDATE trust SET remaining_uses = remaining_uses - 1 \
                 WHERE id = ? AND deleted_at IS NULL AND remaining_uses > 0")
            .bind(id),
        )
        .await?;
    s.touch(Area::Trust);
    Ok(taken > 0)
}

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

/// Removes trusts that are over. Returns how many. Roles of trusts that are gone go, too, also those that
/// Python's command left behind.
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
    let orphans = "DELETE FROM trust_role WHERE NOT EXISTS \
         (SELECT 1 FROM trust t WHERE t.id = trust_role.trust_id)";
    s.execute(sql(orphans)).await?;
    s.touch(Area::Trust);
    Ok(deleted)
}
