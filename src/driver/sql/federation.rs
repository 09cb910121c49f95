//! Identity providers and their protocols.

use super::db::{Session, sql};
use crate::error::Result;

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
