//! Regions.

use crate::driver::sql::db::{Area, Row, Session, sql};
use crate::driver::sql::listed::Listed;
use crate::error::Result;
use crate::model::list::{ListHints, Page};
use crate::model::{Region, RegionId};
use serde_json::Value;

/// `IN` lists are cut to this size, well below every database's limit.
const IDS_PER_STATEMENT: usize = 1000;

/// Where a walk up ends in rows that form a circle, which only a damaged database has.
const MOST_LEVELS: i64 = 100;

const LISTED: Listed<Region> = Listed {
    key: "id",
    columns: &[("parent_region_id", "parent_region_id")],
    from: region_from,
    id: |region| &region.id,
    text: |region, attribute| match attribute {
        "parent_region_id" => region.parent_region_id.as_ref().map(ToString::to_string),
        _ => None,
    },
};

fn region_from(row: &Row) -> Result<Region> {
    Ok(Region {
        id: row.id("id")?,
        description: row.text("description")?,
        parent_region_id: row.opt_id("parent_region_id")?,
        extra: row.object("extra")?,
    })
}

/// The region with this id.
pub async fn region(s: &mut Session, id: &RegionId) -> Result<Option<Region>> {
    let statement = sql("SELECT id, description, parent_region_id, extra FROM region WHERE id = ?");
    s.fetch_optional(statement.bind(id))
        .await?
        .as_ref()
        .map(region_from)
        .transpose()
}

/// A page of regions in order of id. Filters: `parent_region_id`.
pub async fn regions(s: &mut Session, hints: &ListHints) -> Result<Page<Region>> {
    let statement = sql("SELECT id, description, parent_region_id, extra FROM region WHERE 1 = 1");
    LISTED.page(s, statement, hints).await
}

/// The region itself, then those above it, nearest first. Nothing when there is no such region.
pub async fn region_ancestry(s: &mut Session, id: &RegionId) -> Result<Vec<RegionId>> {
    let statement = sql("WITH RECURSIVE above(id, parent_region_id, height) AS (\
         SELECT id, parent_region_id, 0 FROM region WHERE id = ? \
         UNION ALL SELECT r.id, r.parent_region_id, a.height + 1 \
         FROM region r JOIN above a ON r.id = a.parent_region_id WHERE a.height < ?) \
         SELECT id FROM above ORDER BY height");
    let rows = s.fetch_all(statement.bind(id).bind(MOST_LEVELS)).await?;
    rows.iter().map(|row| row.id("id")).collect()
}

/// The region itself and all below it.
pub async fn region_subtree(s: &mut Session, id: &RegionId) -> Result<Vec<RegionId>> {
    // UNION drops what was found before, so that stored circles are walked once.
    let statement = sql(
        "WITH RECURSIVE below(id) AS (SELECT id FROM region WHERE id = ? \
         UNION SELECT r.id FROM region r JOIN below b ON r.parent_region_id = b.id) \
         SELECT id FROM below",
    );
    let rows = s.fetch_all(statement.bind(id)).await?;
    rows.iter().map(|row| row.id("id")).collect()
}

/// Whether an endpoint stands in any of these regions.
pub async fn any_endpoint_in(s: &mut Session, ids: &[RegionId]) -> Result<bool> {
    for ids in ids.chunks(IDS_PER_STATEMENT) {
        let statement = sql("SELECT id FROM endpoint WHERE")
            .push_in("region_id", ids)
            .push(" LIMIT 1");
        if s.fetch_optional(statement).await?.is_some() {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Stores a new region. A taken id is [`crate::Error::DuplicateKey`].
pub async fn insert_region(s: &mut Session, region: &Region) -> Result<()> {
    let statement =
        sql("INSERT INTO region (id, description, parent_region_id, extra) VALUES (?, ?, ?, ?)")
            .bind(&region.id)
            .bind(&region.description)
            .bind(region.parent_region_id.as_ref())
            .bind(&Value::Object(region.extra.clone()));
    s.execute(statement).await?;
    s.touch(Area::Catalog);
    Ok(())
}

/// Stores what a region has become.
pub async fn update_region(s: &mut Session, region: &Region) -> Result<()> {
    let statement =
        sql("UPDATE region SET description = ?, parent_region_id = ?, extra = ? WHERE id = ?")
            .bind(&region.description)
            .bind(region.parent_region_id.as_ref())
            .bind(&Value::Object(region.extra.clone()))
            .bind(&region.id);
    s.execute(statement).await?;
    s.touch(Area::Catalog);
    Ok(())
}

/// Removes regions, and the policy associations that name them: a region that is made again under
/// the same id must not inherit them.
pub async fn delete_regions(s: &mut Session, ids: &[RegionId]) -> Result<()> {
    for ids in ids.chunks(IDS_PER_STATEMENT) {
        s.execute(sql("DELETE FROM policy_association WHERE").push_in("region_id", ids))
            .await?;
        s.execute(sql("DELETE FROM region WHERE").push_in("id", ids))
            .await?;
    }
    s.touch(Area::Catalog);
    s.touch(Area::Policy);
    Ok(())
}
