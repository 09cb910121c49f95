//! The hierarchy of projects, walked by the database.
//!
//! `project.parent_id` leads from a project to its domain's own row, which has no parent. Walks
//! count their steps and stop at [`MOST_LEVELS`], so that rows that point at each other, which only
//! a damaged database has, do not walk for ever.

use super::{project_columns, projects_from};
use crate::driver::sql::db::{Row, Session, Sql, sql};
use crate::error::Result;
use crate::model::{DomainId, Project, ProjectId};

/// Far above any `max_project_tree_depth` that makes sense.
const MOST_LEVELS: i64 = 100;

/// What the rules about trees ask of a project that is above another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ancestor {
    pub id: ProjectId,
    pub enabled: bool,
    pub is_domain: bool,
}

/// The project itself, its parent, and so on up to and including its domain.
pub async fn ancestors(s: &mut Session, id: &ProjectId) -> Result<Vec<Ancestor>> {
    let statement = sql(
        "WITH RECURSIVE above(id, parent_id, enabled, is_domain, height) AS (\
         SELECT id, parent_id, enabled, is_domain, 0 FROM project WHERE id = ? \
         UNION ALL SELECT p.id, p.parent_id, p.enabled, p.is_domain, a.height + 1 \
         FROM project p JOIN above a ON p.id = a.parent_id WHERE a.height < ?) \
         SELECT id, enabled, is_domain FROM above ORDER BY height",
    );
    let rows = s.fetch_all(statement.bind(id).bind(MOST_LEVELS)).await?;
    rows.iter().map(ancestor_from).collect()
}

fn ancestor_from(row: &Row) -> Result<Ancestor> {
    Ok(Ancestor {
        id: row.id("id")?,
        enabled: row.opt_bool("enabled")?.unwrap_or(false),
        is_domain: row.bool("is_domain")?,
    })
}

/// The projects above a project, nearest first, its domain last.
pub async fn parents(s: &mut Session, id: &ProjectId) -> Result<Vec<Project>> {
    let statement = sql(concat!(
        "WITH RECURSIVE above(id, parent_id, height) AS (\
         SELECT id, parent_id, 0 FROM project WHERE id = ? \
         UNION ALL SELECT p.id, p.parent_id, a.height + 1 \
         FROM project p JOIN above a ON p.id = a.parent_id WHERE a.height < ?) SELECT ",
        project_columns!(),
        " FROM project p JOIN above a ON a.id = p.id WHERE a.height > 0 ORDER BY a.height"
    ));
    let rows = s.fetch_all(statement.bind(id).bind(MOST_LEVELS)).await?;
    projects_from(s, &rows).await
}

/// The CTE `below(id, level)`: everything below a project, its children on level 1.
fn below(id: &ProjectId) -> Sql {
    sql("WITH RECURSIVE below(id, level) AS (\
         SELECT id, 1 FROM project WHERE parent_id = ? \
         UNION ALL SELECT p.id, b.level + 1 \
         FROM project p JOIN below b ON p.parent_id = b.id WHERE b.level < ?) ")
    .bind(id)
    .bind(MOST_LEVELS)
}

/// The projects below a project, level by level.
pub async fn subtree(s: &mut Session, id: &ProjectId) -> Result<Vec<Project>> {
    let statement = below(id).push(concat!(
        "SELECT ",
        project_columns!(),
        " FROM project p JOIN below b ON b.id = p.id ORDER BY b.level, p.id"
    ));
    let rows = s.fetch_all(statement).await?;
    projects_from(s, &rows).await
}

/// Whether any project below this one is enabled.
pub async fn has_enabled_below(s: &mut Session, id: &ProjectId) -> Result<bool> {
    let statement = below(id)
        .push("SELECT b.id FROM below b JOIN project p ON p.id = b.id WHERE p.enabled = ? LIMIT 1")
        .bind(true);
    Ok(s.fetch_optional(statement).await?.is_some())
}

/// Whether any project is directly below this one.
pub async fn has_children(s: &mut Session, id: &ProjectId) -> Result<bool> {
    let statement = sql("SELECT id FROM project WHERE parent_id = ? LIMIT 1").bind(id);
    Ok(s.fetch_optional(statement).await?.is_some())
}

/// The ids of a domain's projects in an order in which they can be deleted.
///
/// Also those whose chain of parents does not lead to the domain, which come last.
pub async fn ids_of_domain_leaves_first(
    s: &mut Session,
    domain: &DomainId,
) -> Result<Vec<ProjectId>> {
    let top = ProjectId::from(domain.clone());
    let statement = below(&top)
        .push(
            "SELECT p.id, MAX(COALESCE(b.level, 0)) AS level FROM project p \
             LEFT JOIN below b ON b.id = p.id WHERE p.domain_id = ? \
             GROUP BY p.id ORDER BY level DESC, p.id",
        )
        .bind(domain);
    let rows = s.fetch_all(statement).await?;
    rows.iter().map(|row| row.id("id")).collect()
}
