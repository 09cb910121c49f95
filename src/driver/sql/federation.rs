//! Identity providers and their protocols, mappings, service providers.

mod identity_provider;
mod service_provider;
mod shadow;

pub use identity_provider::*;
pub use service_provider::*;
pub use shadow::*;

use super::db::{Area, Row, Session, sql};
use super::value::ascii_json;
use crate::error::Result;
use crate::model::federation::{Mapping, Protocol};
use crate::model::{IdpId, MappingId, ProtocolId, UserId};
use serde_json::Value;

fn protocol_from(row: &Row) -> Result<Protocol> {
    Ok(Protocol {
        id: row.id("id")?,
        idp_id: row.id("idp_id")?,
        mapping_id: row.id("mapping_id")?,
        remote_id_attribute: row.opt_text("remote_id_attribute")?,
    })
}

fn mapping_from(row: &Row) -> Result<Mapping> {
    Ok(Mapping {
        id: row.id("id")?,
        rules: match row.json("rules")? {
            // Python writes the JSON text as a JSON string.
            Value::String(text) => serde_json::from_str(&text).unwrap_or(Value::String(text)),
            rules => rules,
        },
        schema_version: row.text("schema_version")?,
    })
}

fn stored_rules(mapping: &Mapping) -> String {
    ascii_json(&Value::from(ascii_json(&mapping.rules)))
}

/// Whether an identity provider has a protocol.
pub async fn protocol_exists(s: &mut Session, idp: &str, protocol: &str) -> Result<bool> {
    let row = s
        .fetch_optional(
            sql(
                "SELECT p.id FROM federation_protocol p JOIN identity_provider i ON i.id = p.idp_id \
                 WHERE p.idp_id = ? AND p.id = ?",
            )
            .bind(idp)
            .bind(protocol),
        )
        .await?;
    Ok(row.is_some())
}

/// A protocol of an identity provider.
pub async fn protocol(s: &mut Session, idp: &IdpId, id: &ProtocolId) -> Result<Option<Protocol>> {
    let statement = sql("SELECT id, idp_id, mapping_id, remote_id_attribute \
         FROM federation_protocol WHERE idp_id = ? AND id = ?")
    .bind(idp)
    .bind(id);
    let row = s.fetch_optional(statement).await?;
    row.as_ref().map(protocol_from).transpose()
}

/// The protocols of an identity provider in order of id.
pub async fn protocols(s: &mut Session, idp: &IdpId) -> Result<Vec<Protocol>> {
    let statement = sql("SELECT id, idp_id, mapping_id, remote_id_attribute \
         FROM federation_protocol WHERE idp_id = ? ORDER BY id")
    .bind(idp);
    let rows = s.fetch_all(statement).await?;
    rows.iter().map(protocol_from).collect()
}

/// Stores a new protocol. A taken id is [`DuplicateKey`](crate::error::Error::DuplicateKey).
pub async fn insert_protocol(s: &mut Session, protocol: &Protocol) -> Result<()> {
    let statement = sql(
        "INSERT INTO federation_protocol (id, idp_id, mapping_id, remote_id_attribute) \
         VALUES (?, ?, ?, ?)",
    )
    .bind(&protocol.id)
    .bind(&protocol.idp_id)
    .bind(&protocol.mapping_id)
    .bind(protocol.remote_id_attribute.as_deref());
    s.execute(statement).await?;
    s.touch(Area::Federation);
    Ok(())
}

/// Stores what a protocol has become.
pub async fn update_protocol(s: &mut Session, protocol: &Protocol) -> Result<()> {
    let statement = sql(
        "UPDATE federation_protocol SET mapping_id = ?, remote_id_attribute = ? \
         WHERE id = ? AND idp_id = ?",
    )
    .bind(&protocol.mapping_id)
    .bind(protocol.remote_id_attribute.as_deref())
    .bind(&protocol.id)
    .bind(&protocol.idp_id);
    s.execute(statement).await?;
    s.touch(Area::Federation);
    Ok(())
}

/// Removes a protocol and the links of users who came by it; false when there is none.
pub async fn delete_protocol(s: &mut Session, idp: &IdpId, id: &ProtocolId) -> Result<bool> {
    let mut deleted = 0;
    for statement in [
        "DELETE FROM federated_user WHERE idp_id = ? AND protocol_id = ?",
        "DELETE FROM federation_protocol WHERE idp_id = ? AND id = ?",
    ] {
        deleted = s.execute(sql(statement).bind(idp).bind(id)).await?;
    }
    s.touch(Area::Federation);
    s.touch(Area::Identity);
    Ok(deleted > 0)
}

/// Users who are known by an identity provider alone, or by one protocol of it: without it they would
/// have no name.
pub async fn user_ids_known_only_by(
    s: &mut Session,
    idp: &IdpId,
    protocol: Option<&ProtocolId>,
) -> Result<Vec<UserId>> {
    let mut statement = sql(
        "SELECT DISTINCT f.user_id FROM federated_user f WHERE f.idp_id = ? \
         AND NOT EXISTS (SELECT 1 FROM local_user l WHERE l.user_id = f.user_id) \
         AND NOT EXISTS (SELECT 1 FROM nonlocal_user n WHERE n.user_id = f.user_id) \
         AND NOT EXISTS (SELECT 1 FROM federated_user o WHERE o.user_id = f.user_id \
           AND (o.idp_id <> ?",
    )
    .bind(idp)
    .bind(idp);
    if let Some(protocol) = protocol {
        statement = statement.push(" OR o.protocol_id <> ?").bind(protocol);
    }
    statement = statement.push("))");
    if let Some(protocol) = protocol {
        statement = statement.push(" AND f.protocol_id = ?").bind(protocol);
    }
    let rows = s.fetch_all(statement).await?;
    rows.iter().map(|row| row.id("user_id")).collect()
}

/// The mapping with this id.
pub async fn mapping(s: &mut Session, id: &MappingId) -> Result<Option<Mapping>> {
    let statement = sql("SELECT id, rules, schema_version FROM mapping WHERE id = ?").bind(id);
    let row = s.fetch_optional(statement).await?;
    row.as_ref().map(mapping_from).transpose()
}

/// All mappings in order of id.
pub async fn mappings(s: &mut Session) -> Result<Vec<Mapping>> {
    let statement = sql("SELECT id, rules, schema_version FROM mapping ORDER BY id");
    let rows = s.fetch_all(statement).await?;
    rows.iter().map(mapping_from).collect()
}

/// Stores a new mapping. A taken id is [`DuplicateKey`](crate::error::Error::DuplicateKey).
pub async fn insert_mapping(s: &mut Session, mapping: &Mapping) -> Result<()> {
    let statement = sql("INSERT INTO mapping (id, rules, schema_version) VALUES (?, ?, ?)")
        .bind(&mapping.id)
        .bind(stored_rules(mapping))
        .bind(&mapping.schema_version);
    s.execute(statement).await?;
    s.touch(Area::Federation);
    Ok(())
}

/// Stores what a mapping has become.
pub async fn update_mapping(s: &mut Session, mapping: &Mapping) -> Result<()> {
    let statement = sql("UPDATE mapping SET rules = ?, schema_version = ? WHERE id = ?")
        .bind(stored_rules(mapping))
        .bind(&mapping.schema_version)
        .bind(&mapping.id);
    s.execute(statement).await?;
    s.touch(Area::Federation);
    Ok(())
}

/// Removes a mapping; false when there is none. Protocols may go on naming it.
pub async fn delete_mapping(s: &mut Session, id: &MappingId) -> Result<bool> {
    let statement = sql("DELETE FROM mapping WHERE id = ?").bind(id);
    let deleted = s.execute(statement).await?;
    s.touch(Area::Federation);
    Ok(deleted > 0)
}
