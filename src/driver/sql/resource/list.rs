//! Lists of projects and of domains.

use super::super::listed::Listed;
use super::{project_columns, project_from, with_details};
use crate::driver::sql::db::{Session, Sql, sql};
use crate::error::Result;
use crate::model::ROOT_DOMAIN;
use crate::model::list::{ListHints, Page};
use crate::model::{DomainId, EndpointGroupId, EndpointId, Project};

const LIST: Listed<Project> = Listed {
    key: "p.id",
    columns: &[
        ("name", "p.name"),
        ("domain_id", "p.domain_id"),
        ("parent_id", "p.parent_id"),
    ],
    from: project_from,
    id: |project| &project.id,
    text: |project, attribute| match attribute {
        "name" => Some(project.name.clone()),
        // A domain's own domain is the root in its row, and nothing outside.
        "domain_id" => Some(match &project.domain_id {
            Some(id) => id.to_string(),
            None => ROOT_DOMAIN.to_owned(),
        }),
        "parent_id" => project.parent_id.as_ref().map(ToString::to_string),
        _ => None,
    },
};

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
    // Every domain stands below the root, and the unique key on domain and name leads there.
    let mut statement = start()
        .push(" AND p.is_domain = ? AND p.domain_id = ?")
        .bind(true)
        .bind(ROOT_DOMAIN);
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
    // PostgreSQL plans a join for each EXISTS, in time that grows with the cube of their number. One
    // lets it start from the tag; the others are looked up for the projects that are left.
    let all = tags.all.iter().map(std::slice::from_ref);
    for (at, any) in all.chain(tags.any.iter().map(Vec::as_slice)).enumerate() {
        statement = match at {
            0 => push_has_any(statement, " AND", any),
            _ => statement
                .push(" AND 0 < (SELECT COUNT(*) FROM project_tag t WHERE t.project_id = p.id AND")
                .push_in("t.name", any)
                .push(")"),
        };
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

/// Adds the filters that lists of projects know and reads the page.
async fn page(s: &mut Session, statement: Sql, hints: &ListHints) -> Result<Page<Project>> {
    let mut hints = hints.clone();
    hints.filters.retain(|filter| {
        LIST.columns
            .iter()
            .any(|(name, _)| *name == filter.attribute)
    });
    let page = LIST.page(s, statement, &hints).await?;
    Ok(Page {
        items: with_details(s, page.items).await?,
        truncated: page.truncated,
    })
}
