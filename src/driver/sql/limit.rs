//! Limits: how much of a service's resource a project or a domain may use.

use super::db::{Row, Session, sql};
use crate::error::Result;
use crate::model::{Limit, ProjectId};

/// The limits of these projects, in no order. What a limit is about is said by the registered
/// limit that it refers to.
pub async fn limits_of_projects(s: &mut Session, projects: &[ProjectId]) -> Result<Vec<Limit>> {
    const AT_ONCE: usize = 1000;
    let mut limits = Vec::new();
    for projects in projects.chunks(AT_ONCE) {
        let statement = sql(
            r#"SELECT l.id, l.project_id, l.domain_id, l.resource_limit, l.description,
                      r.service_id, r.region_id, r.resource_name
                 FROM "limit" l JOIN registered_limit r ON r.id = l.registered_limit_id WHERE"#,
        )
        .push_in("l.project_id", projects);
        for row in s.fetch_all(statement).await? {
            limits.push(limit_from(&row)?);
        }
    }
    Ok(limits)
}

fn limit_from(row: &Row) -> Result<Limit> {
    Ok(Limit {
        id: row.text("id")?,
        project_id: row.opt_id("project_id")?,
        domain_id: row.opt_id("domain_id")?,
        resource_limit: row.int("resource_limit")?,
        description: row.opt_text("description")?,
        service_id: row.opt_id("service_id")?,
        region_id: row.opt_id("region_id")?,
        resource_name: row.opt_text("resource_name")?,
    })
}
