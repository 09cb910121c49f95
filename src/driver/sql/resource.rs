//! Projects and domains (minimal; replaced by the resource branch).
use super::db::{Row, Session, sql};
use crate::error::Result;
use crate::model::{DomainId, Project, ProjectId};
use serde_json::Map;

fn from(row: &Row) -> Result<Project> {
    let is_domain = row.bool("is_domain")?;
    Ok(Project {
        id: row.id("id")?,
        name: row.text("name")?,
        domain_id: if is_domain {
            None
        } else {
            Some(row.id("domain_id")?)
        },
        parent_id: row.opt_id("parent_id")?,
        is_domain,
        description: row.opt_text("description")?,
        enabled: row.opt_bool("enabled")?.unwrap_or(true),
        tags: vec![],
        options: Map::new(),
        extra: Map::new(),
    })
}
pub async fn project_by_name(
    s: &mut Session,
    domain: &DomainId,
    name: &str,
) -> Result<Option<Project>> {
    s.fetch_optional(
        sql("SELECT * FROM project WHERE domain_id = ? AND name = ?")
            .bind(domain)
            .bind(name),
    )
    .await?
    .as_ref()
    .map(from)
    .transpose()
}
pub async fn domain_by_name(s: &mut Session, name: &str) -> Result<Option<Project>> {
    s.fetch_optional(sql("SELECT * FROM project WHERE is_domain = ? AND name = ? AND id <> '<<keystone.domain.root>>'").bind(true).bind(name)).await?.as_ref().map(from).transpose()
}
pub async fn projects_by_ids(s: &mut Session, ids: &[ProjectId]) -> Result<Vec<Project>> {
    s.fetch_all(
        sql("SELECT * FROM project WHERE")
            .push_in("id", ids)
            .push(" ORDER BY id"),
    )
    .await?
    .iter()
    .map(from)
    .collect()
}
