//! Service providers.

use crate::driver::sql::db::{Area, Row, Session, sql};
use crate::error::Result;
use crate::model::ServiceProviderId;
use crate::model::federation::ServiceProvider;
use crate::model::token::ServiceProviderRef;

fn provider_from(row: &Row) -> Result<ServiceProvider> {
    Ok(ServiceProvider {
        auth_url: row.text("auth_url")?,
        id: row.id("id")?,
        enabled: row.bool("enabled")?,
        description: row.opt_text("description")?,
        relay_state_prefix: row.text("relay_state_prefix")?,
        sp_url: row.text("sp_url")?,
    })
}

/// The service provider with this id.
pub async fn service_provider(
    s: &mut Session,
    id: &ServiceProviderId,
) -> Result<Option<ServiceProvider>> {
    let statement = sql(
        "SELECT auth_url, id, enabled, description, relay_state_prefix, sp_url \
         FROM service_provider WHERE id = ?",
    )
    .bind(id);
    let row = s.fetch_optional(statement).await?;
    row.as_ref().map(provider_from).transpose()
}

/// All service providers in order of id.
pub async fn service_providers(s: &mut Session) -> Result<Vec<ServiceProvider>> {
    let statement = sql(
        "SELECT auth_url, id, enabled, description, relay_state_prefix, sp_url \
         FROM service_provider ORDER BY id",
    );
    let rows = s.fetch_all(statement).await?;
    rows.iter().map(provider_from).collect()
}

/// The enabled service providers in order of id, as tokens show them.
pub async fn enabled_service_providers(s: &mut Session) -> Result<Vec<ServiceProviderRef>> {
    let statement =
        sql("SELECT auth_url, id, sp_url FROM service_provider WHERE enabled = ? ORDER BY id");
    let rows = s.fetch_all(statement.bind(true)).await?;
    rows.iter()
        .map(|row| {
            Ok(ServiceProviderRef {
                auth_url: row.text("auth_url")?,
                id: row.id("id")?,
                sp_url: row.text("sp_url")?,
            })
        })
        .collect()
}

/// Stores a new service provider. A taken id is
/// [`DuplicateKey`](crate::error::Error::DuplicateKey).
pub async fn insert_service_provider(s: &mut Session, provider: &ServiceProvider) -> Result<()> {
    let statement = sql("INSERT INTO service_provider \
           (auth_url, id, enabled, description, relay_state_prefix, sp_url) \
         VALUES (?, ?, ?, ?, ?, ?)")
    .bind(&provider.auth_url)
    .bind(&provider.id)
    .bind(provider.enabled)
    .bind(provider.description.as_deref())
    .bind(&provider.relay_state_prefix)
    .bind(&provider.sp_url);
    s.execute(statement).await?;
    s.touch(Area::Federation);
    Ok(())
}

/// Stores what a service provider has become.
pub async fn update_service_provider(s: &mut Session, provider: &ServiceProvider) -> Result<()> {
    let statement = sql(
        "UPDATE service_provider SET auth_url = ?, enabled = ?, description = ?, \
         relay_state_prefix = ?, sp_url = ? WHERE id = ?",
    )
    .bind(&provider.auth_url)
    .bind(provider.enabled)
    .bind(provider.description.as_deref())
    .bind(&provider.relay_state_prefix)
    .bind(&provider.sp_url)
    .bind(&provider.id);
    s.execute(statement).await?;
    s.touch(Area::Federation);
    Ok(())
}

/// Removes a service provider; false when there is none.
pub async fn delete_service_provider(s: &mut Session, id: &ServiceProviderId) -> Result<bool> {
    let statement = sql("DELETE FROM service_provider WHERE id = ?").bind(id);
    let deleted = s.execute(statement).await?;
    s.touch(Area::Federation);
    Ok(deleted > 0)
}
