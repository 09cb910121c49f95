//! Projects and domains: all their SQL.
//!
//! A domain is a row of `project` with `is_domain` true, no parent, and the hidden root row's id as
//! its `domain_id`. The root row itself is never read, listed or changed.

mod delete;
mod list;
mod tags;
mod tree;

use std::collections::HashMap;

use serde_json::{Map, Value};

use super::db::{Area, Row, Session, Sql, sql};
use crate::error::Result;
use crate::model::ROOT_DOMAIN;
use crate::model::{DomainId, Project, ProjectChanges, ProjectId};

pub use delete::{delete_domain, delete_project};
pub use list::{ProjectQuery, TagFilters, domains, projects, projects_among};
pub use list::{projects_of_endpoint, projects_of_endpoint_group};
pub use tags::{add_tag, remove_tag, set_tags};
pub use tree::{Ancestor, ancestors, has_children, has_enabled_below};
pub use tree::{ids_of_domain_leaves_first, parents, subtree};

/// The columns that [`projects_from`] reads, of a table called `p`.
macro_rules! project_columns {
    () => {
        "p.id, p.name, p.extra, p.description, p.enabled, p.domain_id, p.parent_id, p.is_domain"
    };
}
use project_columns;

/// `IN` lists are cut to this size, well below every database's limit.
const IDS_PER_STATEMENT: usize = 1000;

/// The id of `immutable`, the only option that projects have.
const IMMUTABLE: &str = "IMMU";

/// The part of a project that is in several rows.
#[derive(Default)]
struct Details {
    tags: Vec<String>,
    options: Map<String, Value>,
}

/// Tags and options of many projects, in one statement per thousand.
async fn details(s: &mut Session, ids: &[ProjectId]) -> Result<HashMap<ProjectId, Details>> {
    let mut details: HashMap<ProjectId, Details> = HashMap::new();
    for ids in ids.chunks(IDS_PER_STATEMENT) {
        let statement =
            sql("SELECT project_id, '' AS option_id, name AS item FROM project_tag WHERE")
                .push_in("project_id", ids)
                .push(
                    " UNION ALL SELECT project_id, option_id, option_value \
                     FROM project_option WHERE",
                )
                .push_in("project_id", ids);
        for row in s.fetch_all(statement).await? {
            let of_project = details.entry(row.id("project_id")?).or_default();
            match row.text("option_id")?.as_str() {
                "" => of_project.tags.push(row.text("item")?),
                IMMUTABLE => {
                    let value = row.json("item")?;
                    of_project.options.insert("immutable".to_owned(), value);
                }
                // An option of another release stays hidden.
                _ => {}
            }
        }
    }
    for of_project in details.values_mut() {
        of_project.tags.sort_unstable();
    }
    Ok(details)
}

/// Makes projects of rows of [`project_columns`], in the rows' order.
async fn projects_from(s: &mut Session, rows: &[Row]) -> Result<Vec<Project>> {
    let projects = rows.iter().map(project_from).collect::<Result<_>>()?;
    with_details(s, projects).await
}

/// A project but for its tags and options.
fn project_from(row: &Row) -> Result<Project> {
    let domain_id: DomainId = row.id("domain_id")?;
    Ok(Project {
        id: row.id("id")?,
        name: row.text("name")?,
        domain_id: (domain_id != ROOT_DOMAIN).then_some(domain_id),
        parent_id: row.opt_id("parent_id")?,
        is_domain: row.bool("is_domain")?,
        description: row.opt_text("description")?,
        // Only rows that some other program wrote have NULL.
        enabled: row.opt_bool("enabled")?.unwrap_or(false),
        tags: Vec::new(),
        options: Map::new(),
        extra: row.object("extra")?,
    })
}

/// Adds tags and options to projects that [`project_from`] made.
async fn with_details(s: &mut Session, mut projects: Vec<Project>) -> Result<Vec<Project>> {
    let ids: Vec<ProjectId> = projects.iter().map(|project| project.id.clone()).collect();
    let mut details = details(s, &ids).await?;
    for project in &mut projects {
        if let Some(of_project) = details.remove(&project.id) {
            project.tags = of_project.tags;
            project.options = of_project.options;
        }
    }
    Ok(projects)
}

async fn one(s: &mut Session, statement: Sql) -> Result<Option<Project>> {
    let rows = s.fetch_optional(statement).await?;
    let projects = projects_from(s, rows.as_slice()).await?;
    Ok(projects.into_iter().next())
}

/// The project with this id, or the domain, which is a project too.
pub async fn project(s: &mut Session, id: &ProjectId) -> Result<Option<Project>> {
    let statement = sql(concat!(
        "SELECT ",
        project_columns!(),
        " FROM project p WHERE p.id = ? AND p.id <> ?"
    ));
    one(s, statement.bind(id).bind(ROOT_DOMAIN)).await
}

/// The domain with this id; a project that is none is not found.
pub async fn domain(s: &mut Session, id: &DomainId) -> Result<Option<Project>> {
    let found = project(s, &ProjectId::from(id.clone())).await?;
    Ok(found.filter(|project| project.is_domain))
}

/// The project of this name in a domain.
pub async fn project_by_name(
    s: &mut Session,
    domain: &DomainId,
    name: &str,
) -> Result<Option<Project>> {
    let statement = sql(concat!(
        "SELECT ",
        project_columns!(),
        " FROM project p WHERE p.domain_id = ? AND p.name = ? AND p.id <> ?"
    ));
    one(s, statement.bind(domain).bind(name).bind(ROOT_DOMAIN)).await
}

/// The domain of this name.
pub async fn domain_by_name(s: &mut Session, name: &str) -> Result<Option<Project>> {
    project_by_name(s, &DomainId::from(ROOT_DOMAIN), name).await
}

/// The projects and domains with these ids, in order of id; missing ones are left out.
pub async fn projects_by_ids(s: &mut Session, ids: &[ProjectId]) -> Result<Vec<Project>> {
    let mut projects = Vec::with_capacity(ids.len());
    for ids in ids.chunks(IDS_PER_STATEMENT) {
        let statement = sql(concat!(
            "SELECT ",
            project_columns!(),
            " FROM project p WHERE"
        ))
        .push_in("p.id", ids)
        .push(" AND p.id <> ?")
        .bind(ROOT_DOMAIN);
        let rows = s.fetch_all(statement).await?;
        projects.extend(projects_from(s, &rows).await?);
    }
    projects.sort_unstable_by(|left, right| left.id.cmp(&right.id));
    Ok(projects)
}

/// Stores a new project or domain with its tags and options. A taken name or id is
/// [`Error::DuplicateKey`].
pub async fn insert_project(s: &mut Session, project: &Project) -> Result<()> {
    let domain_id = project.domain_id.as_deref().unwrap_or(ROOT_DOMAIN);
    s.execute(
        sql("INSERT INTO project \
               (id, name, extra, description, enabled, domain_id, parent_id, is_domain) \
             VALUES (?, ?, ?, ?, ?, ?, ?, ?)")
        .bind(&project.id)
        .bind(&project.name)
        .bind(&Value::Object(project.extra.clone()))
        .bind(project.description.as_deref())
        .bind(project.enabled)
        .bind(domain_id)
        .bind(project.parent_id.as_ref())
        .bind(project.is_domain),
    )
    .await?;
    tags::insert(s, &project.id, &project.tags).await?;
    set_options(s, &project.id, &project.options).await?;
    s.touch(Area::Resource);
    Ok(())
}

/// Stores changes of a project or domain, which was read as `current`. A taken name is
/// [`Error::DuplicateKey`].
pub async fn update_project(
    s: &mut Session,
    current: &Project,
    changes: &ProjectChanges,
) -> Result<()> {
    let mut columns = Vec::new();
    if !changes.extra.is_empty() {
        let mut extra = current.extra.clone();
        extra.extend(changes.extra.clone());
        columns.push(("extra", (&Value::Object(extra)).into()));
    }
    if let Some(name) = &changes.name {
        columns.push(("name", name.into()));
    }
    if let Some(description) = &changes.description {
        columns.push(("description", description.as_deref().into()));
    }
    if let Some(enabled) = changes.enabled {
        columns.push(("enabled", enabled.into()));
    }
    if !columns.is_empty() {
        let statement = sql("UPDATE project SET").push_set(columns);
        s.execute(statement.push(" WHERE id = ?").bind(&current.id))
            .await?;
    }
    if let Some(tags) = &changes.tags {
        set_tags(s, &current.id, tags).await?;
    }
    if let Some(options) = &changes.options {
        set_options(s, &current.id, options).await?;
    }
    s.touch(Area::Resource);
    Ok(())
}

/// Sets the named options; a null value removes the option. Names are validated by the API.
async fn set_options(s: &mut Session, id: &ProjectId, options: &Map<String, Value>) -> Result<()> {
    let Some(value) = options.get("immutable") else {
        return Ok(());
    };
    s.execute(
        sql("DELETE FROM project_option WHERE project_id = ? AND option_id = ?")
            .bind(id)
            .bind(IMMUTABLE),
    )
    .await?;
    if !value.is_null() {
        s.execute(
            sql(
                "INSERT INTO project_option (project_id, option_id, option_value) \
                 VALUES (?, ?, ?)",
            )
            .bind(id)
            .bind(IMMUTABLE)
            .bind(value.to_string()),
        )
        .await?;
    }
    Ok(())
}
