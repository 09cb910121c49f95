//! Under which ids the users and groups of other directories are known here.

use super::db::{Area, Row, Session, sql};
use crate::error::{Error, Result};
use crate::model::{DomainId, EntityType, LocalEntity};

/// Longer lists are bound to several statements: databases limit the number of parameters.
const MOST_AT_ONCE: usize = 500;

/// Width of `id_mapping.local_id`, in characters. Nobody with a longer id can be known here.
pub const LONGEST_LOCAL_ID: usize = 255;

fn entity_from(row: &Row) -> Result<LocalEntity> {
    let name = row.text("entity_type")?;
    Ok(LocalEntity {
        domain_id: row.id("domain_id")?,
        local_id: row.text("local_id")?,
        entity_type: EntityType::named(&name)
            .ok_or_else(|| Error::internal(format!("an id mapping is for a {name}")))?,
    })
}

/// Whose public id this is, if it is one of another directory.
pub async fn local_entity(s: &mut Session, public_id: &str) -> Result<Option<LocalEntity>> {
    let row = s
        .fetch_optional(
            sql("SELECT domain_id, local_id, entity_type FROM id_mapping WHERE public_id = ?")
                .bind(public_id),
        )
        .await?;
    row.as_ref().map(entity_from).transpose()
}

/// Whose public ids these are; those of nobody are left out.
pub async fn local_entities(
    s: &mut Session,
    public_ids: &[String],
) -> Result<Vec<(String, LocalEntity)>> {
    let mut found = Vec::new();
    for some in public_ids.chunks(MOST_AT_ONCE) {
        let statement =
            sql("SELECT public_id, domain_id, local_id, entity_type FROM id_mapping WHERE")
                .push_in("public_id", some.iter().map(String::as_str));
        for row in s.fetch_all(statement).await?.iter() {
            found.push((row.text("public_id")?, entity_from(row)?));
        }
    }
    Ok(found)
}

/// The public ids of users or groups of a domain, as pairs of local and public id; who has none is left
/// out. MySQL finds local ids in any case.
pub async fn public_ids(
    s: &mut Session,
    domain: &DomainId,
    kind: EntityType,
    local_ids: &[String],
) -> Result<Vec<(String, String)>> {
    let mut found = Vec::new();
    for some in local_ids.chunks(MOST_AT_ONCE) {
        let statement =
            sql("SELECT local_id, public_id FROM id_mapping WHERE domain_id = ? AND entity_type = ? AND")
                .bind(domain)
                .bind(kind.name())
                .push_in("local_id", some.iter().map(String::as_str));
        for row in s.fetch_all(statement).await?.iter() {
            found.push((row.text("local_id")?, row.text("public_id")?));
        }
    }
    Ok(found)
}

/// Stores mappings of users or groups of a domain, as pairs of local and public id. One that is there
/// already is [`Error::DuplicateKey`].
///
/// Nothing that was read before becomes untrue by them: no cache need learn of it.
pub async fn insert_mappings(
    s: &mut Session,
    domain: &DomainId,
    kind: EntityType,
    pairs: &[(String, String)],
) -> Result<()> {
    for some in pairs.chunks(MOST_AT_ONCE) {
        let mut statement =
            sql("INSERT INTO id_mapping (public_id, domain_id, local_id, entity_type) VALUES");
        for (index, (local_id, public_id)) in some.iter().enumerate() {
            let separator = if index == 0 { " " } else { ", " };
            statement = statement
                .push(separator)
                .push("(?, ?, ?, ?)")
                .bind(public_id.as_str())
                .bind(domain)
                .bind(local_id.as_str())
                .bind(kind.name());
        }
        s.execute(statement).await?;
    }
    Ok(())
}

/// Which mappings; all of what is given must hold.
#[derive(Clone, Debug, Default)]
pub struct MappingFilter {
    pub domain_id: Option<DomainId>,
    pub public_id: Option<String>,
    pub local_id: Option<String>,
    /// `user` or `group`.
    pub entity_type: Option<String>,
}

/// Removes mappings, and returns how many there were.
pub async fn delete_mappings(s: &mut Session, filter: &MappingFilter) -> Result<u64> {
    let mut statement = sql("DELETE FROM id_mapping WHERE 1 = 1");
    if let Some(domain) = &filter.domain_id {
        statement = statement.push(" AND domain_id = ?").bind(domain);
    }
    if let Some(id) = &filter.public_id {
        statement = statement.push(" AND public_id = ?").bind(id);
    }
    if let Some(id) = &filter.local_id {
        statement = statement.push(" AND local_id = ?").bind(id);
    }
    // Two literals: PostgreSQL has a type of its own for them, which a bound text is not.
    statement = match filter.entity_type.as_deref() {
        Some("user") => statement.push(" AND entity_type = 'user'"),
        Some("group") => statement.push(" AND entity_type = 'group'"),
        Some(_) => statement.push(" AND 1 = 0"),
        None => statement,
    };
    let deleted = s.execute(statement).await?;
    s.touch(Area::Identity);
    Ok(deleted)
}
