//! Identity providers.

use crate::driver::sql::db::{Area, Row, Session, sql};
use crate::error::Result;
use crate::model::IdpId;
use crate::model::federation::IdentityProvider;
use std::collections::HashMap;

/// An identity provider without its remote ids, which are rows of their own.
fn provider_from(row: &Row) -> Result<IdentityProvider> {
    Ok(IdentityProvider {
        id: row.id("id")?,
        domain_id: row.id("domain_id")?,
        enabled: row.bool("enabled")?,
        description: row.opt_text("description")?,
        remote_ids: Vec::new(),
        authorization_ttl: row.opt_int("authorization_ttl")?,
    })
}

/// The identity provider with this id.
pub async fn identity_provider(s: &mut Session, id: &IdpId) -> Result<Option<IdentityProvider>> {
    let statement = sql(
        "SELECT id, domain_id, enabled, description, authorization_ttl \
         FROM identity_provider WHERE id = ?",
    )
    .bind(id);
    let Some(row) = s.fetch_optional(statement).await? else {
        return Ok(None);
    };
    let mut provider = provider_from(&row)?;
    let statement = sql("SELECT remote_id FROM idp_remote_ids WHERE idp_id = ? ORDER BY remote_id")
        .bind(&provider.id);
    let rows = s.fetch_all(statement).await?;
    provider.remote_ids = rows
        .iter()
        .map(|row| row.text("remote_id"))
        .collect::<Result<_>>()?;
    Ok(Some(provider))
}

/// All identity providers in order of id.
pub async fn identity_providers(s: &mut Session) -> Result<Vec<IdentityProvider>> {
    let statement = sql(
        "SELECT id, domain_id, enabled, description, authorization_ttl \
         FROM identity_provider ORDER BY id",
    );
    let rows = s.fetch_all(statement).await?;
    let mut providers: Vec<_> = rows.iter().map(provider_from).collect::<Result<_>>()?;
    let statement = sql("SELECT idp_id, remote_id FROM idp_remote_ids ORDER BY remote_id");
    let mut remote_ids: HashMap<IdpId, Vec<String>> = HashMap::new();
    for row in s.fetch_all(statement).await? {
        // A row of nobody has no place in anybody's list.
        if let Some(idp) = row.opt_id("idp_id")? {
            let of_idp = remote_ids.entry(idp).or_default();
            of_idp.push(row.text("remote_id")?);
        }
    }
    for provider in &mut providers {
        provider.remote_ids = remote_ids.remove(&provider.id).unwrap_or_default();
    }
    Ok(providers)
}

/// Stores a new identity provider. A taken id is
/// [`DuplicateKey`](crate::error::Error::DuplicateKey), a taken remote id
/// [`Conflict`](crate::error::Error::Conflict).
pub async fn insert_identity_provider(s: &mut Session, provider: &IdentityProvider) -> Result<()> {
    let statement = sql(
        "INSERT INTO identity_provider (id, domain_id, enabled, description, authorization_ttl) \
         VALUES (?, ?, ?, ?, ?)",
    )
    .bind(&provider.id)
    .bind(&provider.domain_id)
    .bind(provider.enabled)
    .bind(provider.description.as_deref())
    .bind(provider.authorization_ttl);
    s.execute(statement).await?;
    insert_remote_ids(s, provider).await?;
    s.touch(Area::Federation);
    Ok(())
}

async fn insert_remote_ids(s: &mut Session, provider: &IdentityProvider) -> Result<()> {
    for remote_id in &provider.remote_ids {
        let statement = sql("INSERT INTO idp_remote_ids (idp_id, remote_id) VALUES (?, ?)")
            .bind(&provider.id)
            .bind(remote_id);
        s.execute(statement).await.map_err(|error| {
            error.or_conflict(|| format!("The remote id {remote_id} is taken already."))
        })?;
    }
    Ok(())
}

/// Stores what an identity provider has become; its domain stays. A taken remote id is
/// [`Conflict`](crate::error::Error::Conflict).
pub async fn update_identity_provider(s: &mut Session, provider: &IdentityProvider) -> Result<()> {
    let statement = sql(
        "UPDATE identity_provider SET enabled = ?, description = ?, authorization_ttl = ? \
         WHERE id = ?",
    )
    .bind(provider.enabled)
    .bind(provider.description.as_deref())
    .bind(provider.authorization_ttl)
    .bind(&provider.id);
    s.execute(statement).await?;
    s.execute(sql("DELETE FROM idp_remote_ids WHERE idp_id = ?").bind(&provider.id))
        .await?;
    insert_remote_ids(s, provider).await?;
    s.touch(Area::Federation);
    Ok(())
}

/// Removes an identity provider with its protocols, the links of its users and the memberships that
/// it gave; false when there is none. Its domain stays.
pub async fn delete_identity_provider(s: &mut Session, id: &IdpId) -> Result<bool> {
    for statement in [
        "DELETE FROM federated_user WHERE idp_id = ?",
        "DELETE FROM expiring_user_group_membership WHERE idp_id = ?",
        "DELETE FROM federation_protocol WHERE idp_id = ?",
        "DELETE FROM idp_remote_ids WHERE idp_id = ?",
    ] {
        s.execute(sql(statement).bind(id)).await?;
    }
    let statement = sql("DELETE FROM identity_provider WHERE id = ?").bind(id);
    let deleted = s.execute(statement).await?;
    s.touch(Area::Federation);
    s.touch(Area::Identity);
    Ok(deleted > 0)
}
