//! Under which ids the users and groups of other directories are known here.

use super::db::{Area, Session, sql};
use crate::error::Result;
use crate::model::DomainId;

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
