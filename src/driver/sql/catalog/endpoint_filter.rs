//! Which endpoints single projects see (OS-EP-FILTER): endpoint groups, and the associations of
//! projects with them and with endpoints.

use super::endpoints::LISTED as ENDPOINTS;
use crate::driver::sql::db::{Area, Row, Session, Sql, sql};
use crate::driver::sql::listed::Listed;
use crate::error::Result;
use crate::model::list::{ListHints, Page};
use crate::model::{Endpoint, EndpointGroup, EndpointGroupId, EndpointId, ProjectId};
use serde_json::{Map, Value};
use std::collections::HashSet;

const GROUPS: Listed<EndpointGroup> = Listed {
    key: "id",
    columns: &[("name", "name")],
    from: group_from,
    id: |group| &group.id,
    text: |group, attribute| match attribute {
        "name" => Some(group.name.clone()),
        _ => None,
    },
};

fn group_from(row: &Row) -> Result<EndpointGroup> {
    Ok(EndpointGroup {
        id: row.id("id")?,
        name: row.text("name")?,
        description: row.opt_text("description")?,
        filters: row.object("filters")?,
    })
}

/// The endpoint group with this id.
pub async fn endpoint_group(
    s: &mut Session,
    id: &EndpointGroupId,
) -> Result<Option<EndpointGroup>> {
    let statement = sql("SELECT id, name, description, filters FROM endpoint_group WHERE id = ?");
    s.fetch_optional(statement.bind(id))
        .await?
        .as_ref()
        .map(group_from)
        .transpose()
}

/// A page of endpoint groups in order of id. Filters: `name`.
pub async fn endpoint_groups(s: &mut Session, hints: &ListHints) -> Result<Page<EndpointGroup>> {
    let statement = sql("SELECT id, name, description, filters FROM endpoint_group WHERE 1 = 1");
    GROUPS.page(s, statement, hints).await
}

/// A page of the endpoint groups of a project, in order of id.
pub async fn endpoint_groups_of(
    s: &mut Session,
    project: &ProjectId,
    hints: &ListHints,
) -> Result<Page<EndpointGroup>> {
    let statement = sql(
        "SELECT id, name, description, filters FROM endpoint_group WHERE id IN \
         (SELECT endpoint_group_id FROM project_endpoint_group WHERE project_id = ?)",
    );
    GROUPS.page(s, statement.bind(project), hints).await
}

/// Stores a new endpoint group.
pub async fn insert_endpoint_group(s: &mut Session, group: &EndpointGroup) -> Result<()> {
    let statement =
        sql("INSERT INTO endpoint_group (id, name, description, filters) VALUES (?, ?, ?, ?)")
            .bind(&group.id)
            .bind(&group.name)
            .bind(group.description.as_deref())
            .bind(&Value::Object(group.filters.clone()));
    s.execute(statement).await?;
    s.touch(Area::Catalog);
    Ok(())
}

/// Stores what an endpoint group has become.
pub async fn update_endpoint_group(s: &mut Session, group: &EndpointGroup) -> Result<()> {
    let statement =
        sql("UPDATE endpoint_group SET name = ?, description = ?, filters = ? WHERE id = ?")
            .bind(&group.name)
            .bind(group.description.as_deref())
            .bind(&Value::Object(group.filters.clone()))
            .bind(&group.id);
    s.execute(statement).await?;
    s.touch(Area::Catalog);
    Ok(())
}

/// Removes an endpoint group and its associations; false when there is none.
pub async fn delete_endpoint_group(s: &mut Session, id: &EndpointGroupId) -> Result<bool> {
    let associations = "DELETE FROM project_endpoint_group WHERE endpoint_group_id = ?";
    s.execute(sql(associations).bind(id)).await?;
    let deleted = s
        .execute(sql("DELETE FROM endpoint_group WHERE id = ?").bind(id))
        .await?;
    s.touch(Area::Catalog);
    Ok(deleted > 0)
}

/// A page of the endpoints that an endpoint group's filters select, in order of id.
pub async fn endpoints_of_group(
    s: &mut Session,
    group: &EndpointGroup,
    hints: &ListHints,
) -> Result<Page<Endpoint>> {
    let statement = endpoints().push(" AND ");
    ENDPOINTS
        .page(s, push_filters(statement, &group.filters), hints)
        .await
}

/// A page of the endpoints that are associated with a project, by themselves or by a group, in order
/// of id; disabled ones too.
pub async fn endpoints_of_project(
    s: &mut Session,
    project: &ProjectId,
    hints: &ListHints,
) -> Result<Page<Endpoint>> {
    let groups = sql("SELECT g.filters FROM endpoint_group g \
         JOIN project_endpoint_group a ON a.endpoint_group_id = g.id WHERE a.project_id = ?");
    let rows = s.fetch_all(groups.bind(project)).await?;
    // The primary key leads from endpoints, which are few, to projects, which are many.
    let mut statement = endpoints()
        .push(
            " AND (EXISTS (SELECT 1 FROM project_endpoint a \
             WHERE a.endpoint_id = endpoint.id AND a.project_id = ?)",
        )
        .bind(project);
    let mut seen = HashSet::new();
    for row in &rows {
        if seen.insert(row.text("filters")?) {
            statement = push_filters(statement.push(" OR "), &row.object("filters")?);
        }
    }
    ENDPOINTS.page(s, statement.push(")"), hints).await
}

fn endpoints() -> Sql {
    sql(
        "SELECT id, interface, service_id, region_id, url, enabled, extra FROM endpoint WHERE 1 = 1",
    )
}

/// Appends the condition that an endpoint has all the values of a group's filters.
fn push_filters(statement: Sql, filters: &Map<String, Value>) -> Sql {
    let mut statement = statement.push("(1 = 1");
    for (attribute, value) in filters {
        let column = match attribute.as_str() {
            "interface" => "interface",
            "service_id" => "service_id",
            "region_id" => "region_id",
            // No endpoint has what is not known.
            _ => return statement.push(" AND 1 = 0)"),
        };
        statement = match value {
            Value::Null => statement.push(format!(" AND {column} IS NULL")),
            Value::String(text) => statement
                .push(format!(" AND {column} = ?"))
                .bind(text.as_str()),
            _ => return statement.push(" AND 1 = 0)"),
        };
    }
    statement.push(")")
}

/// Whether an endpoint is associated with a project by itself.
pub async fn has_endpoint(
    s: &mut Session,
    project: &ProjectId,
    endpoint: &EndpointId,
) -> Result<bool> {
    let statement =
        sql("SELECT project_id FROM project_endpoint WHERE endpoint_id = ? AND project_id = ?");
    let found = s
        .fetch_optional(statement.bind(endpoint).bind(project))
        .await?;
    Ok(found.is_some())
}

/// Associates an endpoint with a project. One that is associated is
/// [`crate::Error::DuplicateKey`].
pub async fn add_endpoint(
    s: &mut Session,
    project: &ProjectId,
    endpoint: &EndpointId,
) -> Result<()> {
    let statement = sql("INSERT INTO project_endpoint (endpoint_id, project_id) VALUES (?, ?)");
    s.execute(statement.bind(endpoint).bind(project)).await?;
    s.touch(Area::Catalog);
    Ok(())
}

/// Ends the association of an endpoint with a project; false when there is none.
pub async fn remove_endpoint(
    s: &mut Session,
    project: &ProjectId,
    endpoint: &EndpointId,
) -> Result<bool> {
    let statement = sql("DELETE FROM project_endpoint WHERE endpoint_id = ? AND project_id = ?");
    let removed = s.execute(statement.bind(endpoint).bind(project)).await?;
    s.touch(Area::Catalog);
    Ok(removed > 0)
}

/// Whether an endpoint group is associated with a project.
pub async fn has_endpoint_group(
    s: &mut Session,
    project: &ProjectId,
    group: &EndpointGroupId,
) -> Result<bool> {
    let statement = sql("SELECT project_id FROM project_endpoint_group \
         WHERE endpoint_group_id = ? AND project_id = ?");
    let found = s
        .fetch_optional(statement.bind(group).bind(project))
        .await?;
    Ok(found.is_some())
}

/// Associates an endpoint group with a project. One that is associated is
/// [`crate::Error::DuplicateKey`].
pub async fn add_endpoint_group(
    s: &mut Session,
    project: &ProjectId,
    group: &EndpointGroupId,
) -> Result<()> {
    let statement =
        sql("INSERT INTO project_endpoint_group (endpoint_group_id, project_id) VALUES (?, ?)");
    s.execute(statement.bind(group).bind(project)).await?;
    s.touch(Area::Catalog);
    Ok(())
}

/// Ends the association of an endpoint group with a project; false when there is none.
pub async fn remove_endpoint_group(
    s: &mut Session,
    project: &ProjectId,
    group: &EndpointGroupId,
) -> Result<bool> {
    let statement =
        sql("DELETE FROM project_endpoint_group WHERE endpoint_group_id = ? AND project_id = ?");
    let removed = s.execute(statement.bind(group).bind(project)).await?;
    s.touch(Area::Catalog);
    Ok(removed > 0)
}
