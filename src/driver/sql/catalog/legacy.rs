//! Endpoints of v2.0: rows that share a `legacy_endpoint_id`.

use crate::driver::sql::db::{Area, Session, sql};
use crate::error::Result;
use crate::model::EndpointId;
use std::collections::HashMap;

/// The ids under which v2.0 made endpoints, by the rows' own ids.
pub async fn legacy_endpoint_ids(s: &mut Session) -> Result<HashMap<EndpointId, String>> {
    let rows = s
        .fetch_all(sql(
            "SELECT id, legacy_endpoint_id FROM endpoint WHERE legacy_endpoint_id IS NOT NULL",
        ))
        .await?;
    rows.iter()
        .map(|row| Ok((row.id("id")?, row.text("legacy_endpoint_id")?)))
        .collect()
}

/// Makes an endpoint part of one of v2.0.
pub async fn mark_legacy_endpoint(s: &mut Session, id: &EndpointId, legacy: &str) -> Result<()> {
    let statement = sql("UPDATE endpoint SET legacy_endpoint_id = ? WHERE id = ?");
    s.execute(statement.bind(legacy).bind(id)).await?;
    Ok(())
}

/// Removes the rows of an endpoint of v2.0 and what is associated with them. Returns their ids.
pub async fn delete_legacy_endpoints(s: &mut Session, legacy: &str) -> Result<Vec<EndpointId>> {
    let query = sql("SELECT id FROM endpoint WHERE legacy_endpoint_id = ? ORDER BY id");
    let rows = s.fetch_all(query.bind(legacy)).await?;
    let ids = rows.iter().map(|row| row.id("id")).collect::<Result<_>>()?;
    for statement in [
        "DELETE FROM project_endpoint WHERE endpoint_id IN \
         (SELECT id FROM endpoint WHERE legacy_endpoint_id = ?)",
        "DELETE FROM policy_association WHERE endpoint_id IN \
         (SELECT id FROM endpoint WHERE legacy_endpoint_id = ?)",
    ] {
        s.execute(sql(statement).bind(legacy)).await?;
    }
    let delete = sql("DELETE FROM endpoint WHERE legacy_endpoint_id = ?");
    s.execute(delete.bind(legacy)).await?;
    s.touch(Area::Catalog);
    s.touch(Area::Policy);
    Ok(ids)
}
