//! What policy documents are attached to (OS-ENDPOINT-POLICY).

use super::catalog::endpoint_from;
use super::db::{Area, Session, Sql, sql};
use super::listed::Listed;
use super::policy::policy_from;
use crate::crypto::hex;
use crate::error::{Error, Result};
use crate::model::list::{ListHints, Page};
use crate::model::{Endpoint, PolicyDocument, PolicyId, PolicyPlace, RegionId};
use aws_lc_rs::digest::{SHA256, digest};

const LISTED: Listed<Endpoint> = Listed {
    key: "e.id",
    columns: &[],
    from: endpoint_from,
    id: |endpoint| &endpoint.id,
    text: |_, _| None,
};

/// The columns that name a place.
fn columns_of(place: &PolicyPlace) -> [Option<&str>; 3] {
    match place {
        PolicyPlace::Endpoint(endpoint) => [Some(endpoint), None, None],
        PolicyPlace::ServiceInRegion(service, region) => [None, Some(service), Some(region)],
        PolicyPlace::Service(service) => [None, Some(service), None],
    }
}

/// Appends the condition that a row is about a place.
fn push_place(mut statement: Sql, place: &PolicyPlace) -> Sql {
    let columns = ["endpoint_id", "service_id", "region_id"];
    for (column, value) in columns.into_iter().zip(columns_of(place)) {
        statement = match value {
            Some(value) => statement.push(format!(" AND {column} = ?")).bind(value),
            None => statement.push(format!(" AND {column} IS NULL")),
        };
    }
    statement
}

/// One id per place. The table's unique key does not hold for places with a NULL, which are all but
/// a few, so it is the id that keeps two requests from attaching two documents to one place.
fn id_of(place: &PolicyPlace) -> String {
    let place = columns_of(place).map(Option::unwrap_or_default).join("\n");
    hex(digest(&SHA256, place.as_bytes()).as_ref())
}

/// Whether the document is attached to the place.
pub async fn is_attached(s: &mut Session, id: &PolicyId, place: &PolicyPlace) -> Result<bool> {
    let statement = sql("SELECT id FROM policy_association WHERE policy_id = ?").bind(id);
    let found = s.fetch_optional(push_place(statement, place)).await?;
    Ok(found.is_some())
}

/// Attaches a document to a place instead of the one that was there.
pub async fn attach(s: &mut Session, id: &PolicyId, place: &PolicyPlace) -> Result<()> {
    let before = sql("DELETE FROM policy_association WHERE 1 = 1");
    s.execute(push_place(before, place)).await?;
    let [endpoint, service, region] = columns_of(place);
    let statement = sql(
        "INSERT INTO policy_association (id, policy_id, endpoint_id, service_id, region_id) \
         VALUES (?, ?, ?, ?, ?)",
    )
    .bind(id_of(place))
    .bind(id)
    .bind(endpoint)
    .bind(service)
    .bind(region);
    match s.execute(statement).await {
        Ok(_) => {}
        // Another request attached one since; this one comes later, and wins when it runs again.
        Err(Error::DuplicateKey(reason)) => return Err(Error::Transient(reason)),
        Err(error) => return Err(error),
    }
    s.touch(Area::Policy);
    Ok(())
}

/// Detaches a document from a place, if it is there.
pub async fn detach(s: &mut Session, id: &PolicyId, place: &PolicyPlace) -> Result<()> {
    let statement = sql("DELETE FROM policy_association WHERE policy_id = ?").bind(id);
    s.execute(push_place(statement, place)).await?;
    s.touch(Area::Policy);
    Ok(())
}

/// The document that applies to an endpoint: its own, else that of its service in the nearest of
/// `regions`, which are the endpoint's region and those above it, else that of its service.
pub async fn policy_for(
    s: &mut Session,
    endpoint: &Endpoint,
    regions: &[RegionId],
) -> Result<Option<PolicyDocument>> {
    let statement = sql(
        "SELECT p.id, p.type, p.\"blob\", p.extra, a.endpoint_id, a.region_id \
         FROM policy_association a JOIN policy p ON p.id = a.policy_id \
         WHERE a.endpoint_id = ? OR (a.endpoint_id IS NULL AND a.service_id = ?)",
    );
    let statement = statement.bind(&endpoint.id).bind(&endpoint.service_id);
    let mut nearest = None;
    for row in s.fetch_all(statement).await? {
        let distance = match (
            row.opt_text("endpoint_id")?,
            row.opt_id::<RegionId>("region_id")?,
        ) {
            (Some(_), _) => 0,
            (None, None) => usize::MAX,
            (None, Some(region)) => match regions.iter().position(|above| *above == region) {
                Some(height) => height + 1,
                None => continue,
            },
        };
        if nearest.as_ref().is_none_or(|(other, _)| distance < *other) {
            nearest = Some((distance, policy_from(&row)?));
        }
    }
    Ok(nearest.map(|(_, policy)| policy))
}

/// A page of the endpoints that the document's places cover, in order of id.
pub async fn endpoints_of(
    s: &mut Session,
    id: &PolicyId,
    hints: &ListHints,
) -> Result<Page<Endpoint>> {
    // UNION drops what was found before, so that stored circles of regions are walked once.
    let statement = sql("WITH RECURSIVE covered(service_id, region_id) AS (\
         SELECT a.service_id, r.id FROM policy_association a JOIN region r ON r.id = a.region_id \
         WHERE a.policy_id = ? \
         UNION SELECT c.service_id, r.id FROM region r \
         JOIN covered c ON r.parent_region_id = c.region_id) \
         SELECT e.id, e.interface, e.service_id, e.region_id, e.url, e.enabled, e.extra \
         FROM endpoint e WHERE (EXISTS (SELECT 1 FROM policy_association a \
         WHERE a.policy_id = ? AND (a.endpoint_id = e.id \
         OR (a.endpoint_id IS NULL AND a.region_id IS NULL AND a.service_id = e.service_id))) \
         OR EXISTS (SELECT 1 FROM covered c \
         WHERE c.service_id = e.service_id AND c.region_id = e.region_id))");
    LISTED.page(s, statement.bind(id).bind(id), hints).await
}
