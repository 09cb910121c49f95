//! Limits: how much of a service's resource a project or a domain may use.
//!
//! What a limit is about is said by the registered limit that it refers to.

use super::db::{Area, Row, Session, Sql, sql};
use super::listed::Listed;
use crate::error::Result;
use crate::model::list::{ListHints, Page};
use crate::model::{DomainId, Limit, LimitHolder, LimitScope, ProjectId};
use crate::model::{RegionId, RegisteredLimit, ServiceId};

const REGISTERED: Listed<RegisteredLimit> = Listed {
    key: "r.id",
    columns: &[
        ("service_id", "r.service_id"),
        ("region_id", "r.region_id"),
        ("resource_name", "r.resource_name"),
    ],
    from: registered_from,
    id: |limit| &limit.id,
    text: |limit, attribute| match attribute {
        "service_id" => limit.service_id.as_ref().map(ToString::to_string),
        "region_id" => limit.region_id.as_ref().map(ToString::to_string),
        "resource_name" => limit.resource_name.clone(),
        _ => None,
    },
};

const LIMITS: Listed<Limit> = Listed {
    key: "l.id",
    columns: &[
        ("service_id", "r.service_id"),
        ("region_id", "r.region_id"),
        ("resource_name", "r.resource_name"),
        ("project_id", "l.project_id"),
        ("domain_id", "l.domain_id"),
    ],
    from: limit_from,
    id: |limit| &limit.id,
    text: |limit, attribute| match attribute {
        "service_id" => limit.service_id.as_ref().map(ToString::to_string),
        "region_id" => limit.region_id.as_ref().map(ToString::to_string),
        "resource_name" => limit.resource_name.clone(),
        "project_id" => limit.project_id.as_ref().map(ToString::to_string),
        "domain_id" => limit.domain_id.as_ref().map(ToString::to_string),
        _ => None,
    },
};

/// The start of every statement that reads registered limits.
macro_rules! select_registered {
    ($rest:literal) => {
        concat!(
            "SELECT r.id, r.service_id, r.region_id, r.resource_name, r.default_limit, \
             r.description FROM registered_limit r ",
            $rest
        )
    };
}

/// The start of every statement that reads limits.
macro_rules! select_limits {
    ($rest:literal) => {
        concat!(
            "SELECT l.id, l.project_id, l.domain_id, l.resource_limit, l.description, \
             r.service_id, r.region_id, r.resource_name \
             FROM \"limit\" l JOIN registered_limit r ON r.id = l.registered_limit_id ",
            $rest
        )
    };
}

fn registered_from(row: &Row) -> Result<RegisteredLimit> {
    Ok(RegisteredLimit {
        id: row.text("id")?,
        service_id: row.opt_id("service_id")?,
        region_id: row.opt_id("region_id")?,
        resource_name: row.opt_text("resource_name")?,
        default_limit: row.int("default_limit")?,
        description: row.opt_text("description")?,
    })
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

/// The registered limit with this id.
pub async fn registered_limit(s: &mut Session, id: &str) -> Result<Option<RegisteredLimit>> {
    let statement = sql(select_registered!("WHERE r.id = ?")).bind(id);
    let found = s.fetch_optional(statement).await?;
    found.as_ref().map(registered_from).transpose()
}

/// The registered limit for a resource. A null region is a region like others here.
pub async fn registered_limit_for(
    s: &mut Session,
    service: &ServiceId,
    region: Option<&RegionId>,
    resource_name: &str,
) -> Result<Option<RegisteredLimit>> {
    let statement = sql(select_registered!(
        "WHERE r.service_id = ? AND r.resource_name = ?"
    ));
    let statement = statement.bind(service).bind(resource_name);
    let statement = match region {
        Some(region) => statement.push(" AND r.region_id = ?").bind(region),
        None => statement.push(" AND r.region_id IS NULL"),
    };
    let found = s.fetch_optional(statement).await?;
    found.as_ref().map(registered_from).transpose()
}

/// A page of registered limits in order of id. Filters: `service_id`, `region_id`, `resource_name`.
pub async fn registered_limits(
    s: &mut Session,
    hints: &ListHints,
) -> Result<Page<RegisteredLimit>> {
    let statement = sql(select_registered!("WHERE 1 = 1"));
    REGISTERED.page(s, statement, hints).await
}

/// Stores a new registered limit.
pub async fn insert_registered_limit(s: &mut Session, limit: &RegisteredLimit) -> Result<()> {
    let statement = sql("INSERT INTO registered_limit \
         (id, service_id, region_id, resource_name, default_limit, description) \
         VALUES (?, ?, ?, ?, ?, ?)")
    .bind(limit.id.as_str())
    .bind(limit.service_id.as_ref())
    .bind(limit.region_id.as_ref())
    .bind(limit.resource_name.as_deref())
    .bind(limit.default_limit)
    .bind(limit.description.as_deref());
    s.execute(statement).await?;
    s.touch(Area::Limit);
    Ok(())
}

/// Stores what a registered limit has become.
pub async fn update_registered_limit(s: &mut Session, limit: &RegisteredLimit) -> Result<()> {
    let statement = sql(
        "UPDATE registered_limit SET service_id = ?, region_id = ?, resource_name = ?, \
         default_limit = ?, description = ? WHERE id = ?",
    )
    .bind(limit.service_id.as_ref())
    .bind(limit.region_id.as_ref())
    .bind(limit.resource_name.as_deref())
    .bind(limit.default_limit)
    .bind(limit.description.as_deref())
    .bind(limit.id.as_str());
    s.execute(statement).await?;
    s.touch(Area::Limit);
    Ok(())
}

/// Removes a registered limit.
pub async fn delete_registered_limit(s: &mut Session, id: &str) -> Result<()> {
    let statement = sql("DELETE FROM registered_limit WHERE id = ?").bind(id);
    s.execute(statement).await?;
    s.touch(Area::Limit);
    Ok(())
}

/// Whether any limit refers to a registered limit.
pub async fn is_referred_to(s: &mut Session, registered_limit_id: &str) -> Result<bool> {
    let statement = sql(r#"SELECT id FROM "limit" WHERE registered_limit_id = ? LIMIT 1"#);
    let found = s
        .fetch_optional(statement.bind(registered_limit_id))
        .await?;
    Ok(found.is_some())
}

/// The limit with this id.
pub async fn limit(s: &mut Session, id: &str) -> Result<Option<Limit>> {
    let statement = sql(select_limits!("WHERE l.id = ?")).bind(id);
    let found = s.fetch_optional(statement).await?;
    found.as_ref().map(limit_from).transpose()
}

/// A page of limits in order of id. Filters: `service_id`, `region_id`, `resource_name`,
/// `project_id`, `domain_id`.
pub async fn limits(s: &mut Session, scope: &LimitScope, hints: &ListHints) -> Result<Page<Limit>> {
    let statement = sql(select_limits!("WHERE 1 = 1"));
    let statement = match scope {
        LimitScope::All => statement,
        LimitScope::Nobody => return Ok(Page::whole(Vec::new())),
        LimitScope::Project(project) => statement.push(" AND l.project_id = ?").bind(project),
        LimitScope::Domain(domain) => statement
            .push(
                " AND (l.domain_id = ? \
                 OR l.project_id IN (SELECT p.id FROM project p WHERE p.domain_id = ?))",
            )
            .bind(domain)
            .bind(domain),
    };
    LIMITS.page(s, statement, hints).await
}

/// The limits of these projects, in no order.
pub async fn limits_of_projects(s: &mut Session, projects: &[ProjectId]) -> Result<Vec<Limit>> {
    const AT_ONCE: usize = 1000;
    let mut limits = Vec::new();
    for projects in projects.chunks(AT_ONCE) {
        let statement = sql(select_limits!("WHERE")).push_in("l.project_id", projects);
        for row in s.fetch_all(statement).await? {
            limits.push(limit_from(&row)?);
        }
    }
    Ok(limits)
}

fn push_holder(statement: Sql, holder: &LimitHolder) -> Sql {
    match holder {
        LimitHolder::Project(id) => statement.push(" AND l.project_id = ?").bind(id),
        LimitHolder::Domain(id) => statement.push(" AND l.domain_id = ?").bind(id),
    }
}

/// What a project or a domain may use of the resource of a registered limit, where it has a limit of
/// its own.
pub async fn amount_of(
    s: &mut Session,
    registered_limit_id: &str,
    holder: &LimitHolder,
) -> Result<Option<i64>> {
    let statement =
        sql(r#"SELECT l.resource_limit FROM "limit" l WHERE l.registered_limit_id = ?"#)
            .bind(registered_limit_id);
    let found = s.fetch_optional(push_holder(statement, holder)).await?;
    found.map(|row| row.int("resource_limit")).transpose()
}

/// The largest limit of a domain's projects on the resource of a registered limit.
pub async fn largest_in_domain(
    s: &mut Session,
    registered_limit_id: &str,
    domain: &DomainId,
) -> Result<Option<i64>> {
    let statement = sql(r#"SELECT MAX(l.resource_limit) AS largest
             FROM "limit" l JOIN project p ON p.id = l.project_id
            WHERE l.registered_limit_id = ? AND p.domain_id = ?"#);
    let row = s
        .fetch_one(statement.bind(registered_limit_id).bind(domain))
        .await?;
    row.opt_int("largest")
}

/// Stores a new limit that refers to a registered limit.
pub async fn insert_limit(s: &mut Session, limit: &Limit, registered_limit_id: &str) -> Result<()> {
    let statement = sql(r#"INSERT INTO "limit"
           (id, project_id, domain_id, resource_limit, description, registered_limit_id)
           VALUES (?, ?, ?, ?, ?, ?)"#)
    .bind(limit.id.as_str())
    .bind(limit.project_id.as_ref())
    .bind(limit.domain_id.as_ref())
    .bind(limit.resource_limit)
    .bind(limit.description.as_deref())
    .bind(registered_limit_id);
    s.execute(statement).await?;
    s.touch(Area::Limit);
    Ok(())
}

/// Stores what a limit has become.
pub async fn update_limit(s: &mut Session, limit: &Limit) -> Result<()> {
    let statement = sql(r#"UPDATE "limit" SET resource_limit = ?, description = ? WHERE id = ?"#)
        .bind(limit.resource_limit)
        .bind(limit.description.as_deref())
        .bind(limit.id.as_str());
    s.execute(statement).await?;
    s.touch(Area::Limit);
    Ok(())
}

/// Removes a limit; false when there is none.
pub async fn delete_limit(s: &mut Session, id: &str) -> Result<bool> {
    let deleted = s
        .execute(sql(r#"DELETE FROM "limit" WHERE id = ?"#).bind(id))
        .await?;
    s.touch(Area::Limit);
    Ok(deleted > 0)
}
