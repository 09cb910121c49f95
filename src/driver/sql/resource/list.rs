//! Lists of projects and of domains.

use super::super::filter::{keeps, push_filter};
use super::{project_columns, projects_from};
use crate::driver::sql::db::{Session, Sql, sql};
use crate::error::Result;
use crate::model::ROOT_DOMAIN;
use crate::model::list::{Filter, ListHints, Page};
use crate::model::{DomainId, EndpointGroupId, EndpointId, Project};

/// Conditions on a project's tags, all of which must hold. No tags and no lists are no condition.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TagFilters {
    /// `tags`: has every one of these.
    pub all: Vec<String>,
    /// `tags-any`: has at least one of each list.
    pub any: Vec<Vec<String>>,
    /// `not-tags`: of each list lacks at least one.
    pub not_all: Vec<Vec<String>>,
    /// `not-tags-any`: has none of these.
    pub none: Vec<String>,
}

/// Which projects a list is about.
///
/// Of the filters in `hints` those on `name`, `domain_id` and `parent_id` count.
#[derive(Clone, Debug, Default)]
pub struct ProjectQuery {
    pub hints: ListHints,
    /// Projects of this domain only.
    pub domain_id: Option<DomainId>,
    /// All of these must hold: one that says both lists nothing.
    pub enabled: Vec<bool>,
    /// As `enabled`; empty lists domains and projects alike.
    pub is_domain: Vec<bool>,
    pub tags: TagFilters,
}

/// A page of projects in order of id.
pub async fn projects(s: &mut Session, query: &ProjectQuery) -> Result<Page<Project>> {
    let mut statement = start();
    if let Some(domain) = &query.domain_id {
        statement = statement.push(" AND p.domain_id = ?").bind(domain);
    }
    for wanted in &query.is_domain {
        statement = statement.push(" AND p.is_domain = ?").bind(*wanted);
    }
    statement = push_tags(push_enabled(statement, &query.enabled), &query.tags);
    page(s, statement, &query.hints).await
}

/// A page of domains in order of id. `only` narrows the list to one domain, `enabled` as in
/// [`ProjectQuery`]. Of the filters in `hints` those on `name` count.
pub async fn domains(
    s: &mut Session,
    hints: &ListHints,
    enabled: &[bool],
    only: Option<&DomainId>,
) -> Result<Page<Project>> {
    let mut statement = start().push(" AND p.is_domain = ?").bind(true);
    if let Some(id) = only {
        statement = statement.push(" AND p.id = ?").bind(id);
    }
    page(s, push_enabled(statement, enabled), hints).await
}

/// A page of the projects that an endpoint is associated with, in order of id.
pub async fn projects_of_endpoint(
    s: &mut Session,
    endpoint: &EndpointId,
    hints: &ListHints,
) -> Result<Page<Project>> {
    let statement = start()
        .push(" AND p.id IN (SELECT project_id FROM project_endpoint WHERE endpoint_id = ?)")
        .bind(endpoint);
    page(s, statement, hints).await
}

/// A page of the projects that an endpoint group is associated with, in order of id.
pub async fn projects_of_endpoint_group(
    s: &mut Session,
    group: &EndpointGroupId,
    hints: &ListHints,
) -> Result<Page<Project>> {
    let statement = start()
        .push(
            " AND p.id IN \
             (SELECT project_id FROM project_endpoint_group WHERE endpoint_group_id = ?)",
        )
        .bind(group);
    page(s, statement, hints).await
}

/// A page of the projects or domains whose ids are in `theirs`, which `with` defines, in order of id.
/// `enabled` as in [`ProjectQuery`].
pub async fn projects_among(
    s: &mut Session,
    with: Sql,
    enabled: &[bool],
    hints: &ListHints,
) -> Result<Page<Project>> {
    let statement = after(with).push(" AND p.id IN (SELECT id FROM theirs)");
    page(s, push_enabled(statement, enabled), hints).await
}

fn start() -> Sql {
    after(sql(""))
}

/// The start of a list, behind what defines names for it.
fn after(with: Sql) -> Sql {
    with.push(concat!(
        "SELECT ",
        project_columns!(),
        " FROM project p WHERE p.id <> ?"
    ))
    .bind(ROOT_DOMAIN)
}

fn push_enabled(statement: Sql, enabled: &[bool]) -> Sql {
    enabled.iter().fold(statement, |statement, wanted| {
        // NULL reads as disabled.
        let condition = match wanted {
            true => " AND p.enabled = ?",
            false => " AND (p.enabled = ? OR p.enabled IS NULL)",
        };
        statement.push(condition).bind(*wanted)
    })
}

fn push_tags(mut statement: Sql, tags: &TagFilters) -> Sql {
    for tag in &tags.all {
        statement = push_has_any(statement, " AND", std::slice::from_ref(tag));
    }
    for any in &tags.any {
        statement = push_has_any(statement, " AND", any);
    }
    for not_all in &tags.not_all {
        statement = statement.push(" AND NOT (1 = 1");
        for tag in not_all {
            statement = push_has_any(statement, " AND", std::slice::from_ref(tag));
        }
        statement = statement.push(")");
    }
    if !tags.none.is_empty() {
        statement = push_has_any(statement, " AND NOT", &tags.none);
    }
    statement
}

fn push_has_any(statement: Sql, conjunction: &str, tags: &[String]) -> Sql {
    statement
        .push(conjunction)
        .push(" EXISTS (SELECT 1 FROM project_tag t WHERE t.project_id = p.id AND")
        .push_in("t.name", tags)
        .push(")")
}

/// The filters that the statement understands, each with its column.
fn text_filters(hints: &ListHints) -> impl Iterator<Item = (&'static str, &Filter)> {
    hints.filters.iter().filter_map(|filter| {
        let column = match filter.attribute {
            "name" => "p.name",
            "domain_id" => "p.domain_id",
            "parent_id" => "p.parent_id",
            _ => return None,
        };
        Some((column, filter))
    })
}

/// Whether a project satisfies the inexact filters to the letter.
fn satisfies(project: &Project, hints: &ListHints) -> bool {
    text_filters(hints).all(|(column, filter)| match column {
        "p.domain_id" => keeps(filter, project.domain_id.as_deref().unwrap_or(ROOT_DOMAIN)),
        "p.parent_id" => keeps(filter, project.parent_id.as_deref().unwrap_or_default()),
        _ => keeps(filter, &project.name),
    })
}

/// Adds what all lists have in common and reads the page.
///
/// A page may be short, when the database selected more than the filters mean, but it is empty only
/// at the end of the list: a client finds the next page by the last element of this one.
async fn page(s: &mut Session, mut statement: Sql, hints: &ListHints) -> Result<Page<Project>> {
    for (column, filter) in text_filters(hints) {
        statement = push_filter(statement, column, filter);
    }
    let mut after = hints.marker.clone();
    loop {
        let rows = s
            .fetch_all(push_page(statement.clone(), after.as_deref(), hints.limit))
            .await?;
        let mut page = Page::cut(projects_from(s, &rows).await?, hints.limit);
        let last = page.items.last().map(|project| project.id.to_string());
        page.items.retain(|project| satisfies(project, hints));
        if !page.truncated || !page.items.is_empty() || last.is_none() {
            return Ok(page);
        }
        after = last;
    }
}

fn push_page(mut statement: Sql, after: Option<&str>, limit: Option<u64>) -> Sql {
    if let Some(after) = after {
        statement = statement.push(" AND p.id > ?").bind(after);
    }
    statement = statement.push(" ORDER BY p.id");
    match limit {
        // One more than asked for tells whether there is more.
        Some(limit) => statement
            .push(" LIMIT ?")
            .bind(i64::try_from(limit.saturating_add(1)).unwrap_or(i64::MAX)),
        None => statement,
    }
}
