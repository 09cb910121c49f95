//! Policy documents.

use super::db::{Area, Row, Session, sql};
use super::listed::Listed;
use super::value::ascii_json;
use crate::error::Result;
use crate::model::list::{ListHints, Page};
use crate::model::{PolicyDocument, PolicyId};
use serde_json::Value;

const LISTED: Listed<PolicyDocument> = Listed {
    key: "id",
    columns: &[("type", "type")],
    from: policy_from,
    id: |policy| &policy.id,
    text: |policy, attribute| match attribute {
        "type" => Some(policy.policy_type.clone()),
        _ => None,
    },
};

pub(super) fn policy_from(row: &Row) -> Result<PolicyDocument> {
    Ok(PolicyDocument {
        id: row.id("id")?,
        policy_type: row.text("type")?,
        blob: blob_from(&row.text("blob")?),
        extra: row.object("extra")?,
    })
}

/// The column holds the blob as a JSON text. Rows of very old releases may hold it bare.
fn blob_from(stored: &str) -> String {
    match serde_json::from_str(stored) {
        Ok(Value::String(blob)) => blob,
        _ => stored.to_owned(),
    }
}

fn stored_blob(blob: &str) -> String {
    ascii_json(&Value::from(blob))
}

/// The policy document with this id.
pub async fn policy(s: &mut Session, id: &PolicyId) -> Result<Option<PolicyDocument>> {
    let statement = sql(r#"SELECT id, type, "blob", extra FROM policy WHERE id = ?"#);
    s.fetch_optional(statement.bind(id))
        .await?
        .as_ref()
        .map(policy_from)
        .transpose()
}

/// A page of policy documents in order of id. Filters: `type`.
pub async fn policies(s: &mut Session, hints: &ListHints) -> Result<Page<PolicyDocument>> {
    let statement = sql(r#"SELECT id, type, "blob", extra FROM policy WHERE 1 = 1"#);
    LISTED.page(s, statement, hints).await
}

/// Stores a new policy document.
pub async fn insert_policy(s: &mut Session, policy: &PolicyDocument) -> Result<()> {
    let statement = sql(r#"INSERT INTO policy (id, type, "blob", extra) VALUES (?, ?, ?, ?)"#)
        .bind(&policy.id)
        .bind(&policy.policy_type)
        .bind(stored_blob(&policy.blob))
        .bind(&Value::Object(policy.extra.clone()));
    s.execute(statement).await?;
    s.touch(Area::Policy);
    Ok(())
}

/// Stores what a policy document has become.
pub async fn update_policy(s: &mut Session, policy: &PolicyDocument) -> Result<()> {
    let statement = sql(r#"UPDATE policy SET type = ?, "blob" = ?, extra = ? WHERE id = ?"#)
        .bind(&policy.policy_type)
        .bind(stored_blob(&policy.blob))
        .bind(&Value::Object(policy.extra.clone()))
        .bind(&policy.id);
    s.execute(statement).await?;
    s.touch(Area::Policy);
    Ok(())
}

/// Removes a policy document and detaches it from everything; false when there is none.
pub async fn delete_policy(s: &mut Session, id: &PolicyId) -> Result<bool> {
    s.execute(sql("DELETE FROM policy_association WHERE policy_id = ?").bind(id))
        .await?;
    let deleted = s
        .execute(sql("DELETE FROM policy WHERE id = ?").bind(id))
        .await?;
    s.touch(Area::Policy);
    Ok(deleted > 0)
}
