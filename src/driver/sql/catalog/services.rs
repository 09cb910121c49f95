//! Services. Their names and descriptions are members of `extra`.

use crate::driver::sql::db::{Area, Row, Session, sql};
use crate::driver::sql::listed::Listed;
use crate::error::Result;
use crate::model::list::{ListHints, Page};
use crate::model::{Service, ServiceId};
use serde_json::Value;

const LISTED: Listed<Service> = Listed {
    key: "id",
    columns: &[("type", "type")],
    from: service_from,
    id: |service| &service.id,
    text: |service, attribute| match attribute {
        "type" => service.service_type.clone(),
        "name" => service
            .extra
            .get("name")
            .and_then(Value::as_str)
            .map(str::to_owned),
        _ => None,
    },
};

fn service_from(row: &Row) -> Result<Service> {
    Ok(Service {
        id: row.id("id")?,
        service_type: row.opt_text("type")?,
        enabled: row.bool("enabled")?,
        extra: row.object("extra")?,
    })
}

/// The service with this id.
pub async fn service(s: &mut Session, id: &ServiceId) -> Result<Option<Service>> {
    let statement = sql("SELECT id, type, enabled, extra FROM service WHERE id = ?");
    s.fetch_optional(statement.bind(id))
        .await?
        .as_ref()
        .map(service_from)
        .transpose()
}

/// A page of services in order of id. Filters: `type`, `name`.
pub async fn services(s: &mut Session, hints: &ListHints) -> Result<Page<Service>> {
    let statement = sql("SELECT id, type, enabled, extra FROM service WHERE 1 = 1");
    LISTED.page(s, statement, hints).await
}

/// The id of the first service of a type.
pub async fn first_service_of_type(s: &mut Session, kind: &str) -> Result<Option<ServiceId>> {
    let statement = sql("SELECT id FROM service WHERE type = ? ORDER BY id LIMIT 1");
    let row = s.fetch_optional(statement.bind(kind)).await?;
    row.map(|row| row.id("id")).transpose()
}

/// Stores a new service.
pub async fn insert_service(s: &mut Session, service: &Service) -> Result<()> {
    let statement = sql("INSERT INTO service (id, type, enabled, extra) VALUES (?, ?, ?, ?)")
        .bind(&service.id)
        .bind(service.service_type.as_deref())
        .bind(service.enabled)
        .bind(&Value::Object(service.extra.clone()));
    s.execute(statement).await?;
    s.touch(Area::Catalog);
    Ok(())
}

/// Stores what a service has become.
pub async fn update_service(s: &mut Session, service: &Service) -> Result<()> {
    let statement = sql("UPDATE service SET type = ?, enabled = ?, extra = ? WHERE id = ?")
        .bind(service.service_type.as_deref())
        .bind(service.enabled)
        .bind(&Value::Object(service.extra.clone()))
        .bind(&service.id);
    s.execute(statement).await?;
    s.touch(Area::Catalog);
    Ok(())
}

/// Removes a service with its endpoints and what is associated with either; false when there is
/// none.
pub async fn delete_service(s: &mut Session, id: &ServiceId) -> Result<bool> {
    for statement in [
        "DELETE FROM project_endpoint WHERE endpoint_id IN \
         (SELECT id FROM endpoint WHERE service_id = ?)",
        "DELETE FROM policy_association WHERE endpoint_id IN \
         (SELECT id FROM endpoint WHERE service_id = ?)",
        "DELETE FROM policy_association WHERE service_id = ?",
        "DELETE FROM endpoint WHERE service_id = ?",
    ] {
        s.execute(sql(statement).bind(id)).await?;
    }
    let deleted = s
        .execute(sql("DELETE FROM service WHERE id = ?").bind(id))
        .await?;
    s.touch(Area::Catalog);
    s.touch(Area::Policy);
    Ok(deleted > 0)
}
