//! Endpoints.

use crate::driver::sql::db::{Area, Row, Session, sql};
use crate::driver::sql::listed::Listed;
use crate::error::Result;
use crate::model::list::{ListHints, Page};
use crate::model::{Endpoint, EndpointId};
use serde_json::Value;

pub(super) const LISTED: Listed<Endpoint> = Listed {
    key: "id",
    columns: &[
        ("interface", "interface"),
        ("service_id", "service_id"),
        ("region_id", "region_id"),
    ],
    from: endpoint_from,
    id: |endpoint| &endpoint.id,
    text: |endpoint, attribute| match attribute {
        "interface" => Some(endpoint.interface.clone()),
        "service_id" => Some(endpoint.service_id.to_string()),
        "region_id" => endpoint.region_id.as_ref().map(ToString::to_string),
        _ => None,
    },
};

pub(in crate::driver::sql) fn endpoint_from(row: &Row) -> Result<Endpoint> {
    Ok(Endpoint {
        id: row.id("id")?,
        interface: row.text("interface")?,
        service_id: row.id("service_id")?,
        region_id: row.opt_id("region_id")?,
        url: row.text("url")?,
        enabled: row.bool("enabled")?,
        extra: row.object("extra")?,
    })
}

/// The endpoint with this id.
pub async fn endpoint(s: &mut Session, id: &EndpointId) -> Result<Option<Endpoint>> {
    let statement = sql(
        "SELECT id, interface, service_id, region_id, url, enabled, extra FROM endpoint \
         WHERE id = ?",
    );
    s.fetch_optional(statement.bind(id))
        .await?
        .as_ref()
        .map(endpoint_from)
        .transpose()
}

/// A page of endpoints in order of id. Filters: `interface`, `service_id`, `region_id`.
pub async fn endpoints(s: &mut Session, hints: &ListHints) -> Result<Page<Endpoint>> {
    let statement = sql(
        "SELECT id, interface, service_id, region_id, url, enabled, extra FROM endpoint \
         WHERE 1 = 1",
    );
    LISTED.page(s, statement, hints).await
}

/// Stores a new endpoint.
pub async fn insert_endpoint(s: &mut Session, endpoint: &Endpoint) -> Result<()> {
    let statement = sql(
        "INSERT INTO endpoint (id, interface, service_id, region_id, url, enabled, extra) \
         VALUES (?, ?, ?, ?, ?, ?, ?)",
    )
    .bind(&endpoint.id)
    .bind(&endpoint.interface)
    .bind(&endpoint.service_id)
    .bind(endpoint.region_id.as_ref())
    .bind(&endpoint.url)
    .bind(endpoint.enabled)
    .bind(&Value::Object(endpoint.extra.clone()));
    s.execute(statement).await?;
    s.touch(Area::Catalog);
    Ok(())
}

/// Stores what an endpoint has become.
pub async fn update_endpoint(s: &mut Session, endpoint: &Endpoint) -> Result<()> {
    let statement = sql(
        "UPDATE endpoint SET interface = ?, service_id = ?, region_id = ?, url = ?, enabled = ?, \
         extra = ? WHERE id = ?",
    )
    .bind(&endpoint.interface)
    .bind(&endpoint.service_id)
    .bind(endpoint.region_id.as_ref())
    .bind(&endpoint.url)
    .bind(endpoint.enabled)
    .bind(&Value::Object(endpoint.extra.clone()))
    .bind(&endpoint.id);
    s.execute(statement).await?;
    s.touch(Area::Catalog);
    Ok(())
}

/// Removes an endpoint and what is associated with it; false when there is none.
pub async fn delete_endpoint(s: &mut Session, id: &EndpointId) -> Result<bool> {
    for statement in [
        "DELETE FROM project_endpoint WHERE endpoint_id = ?",
        "DELETE FROM policy_association WHERE endpoint_id = ?",
    ] {
        s.execute(sql(statement).bind(id)).await?;
    }
    let deleted = s
        .execute(sql("DELETE FROM endpoint WHERE id = ?").bind(id))
        .await?;
    s.touch(Area::Catalog);
    s.touch(Area::Policy);
    Ok(deleted > 0)
}
