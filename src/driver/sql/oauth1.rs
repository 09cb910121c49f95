//! OAuth1: consumers, request tokens, access tokens.

use super::db::{Row, Session, sql};
use crate::error::{Error, Result};
use crate::model::oauth1::AccessToken;
use crate::model::{AccessTokenId, RoleId, Secret, Timestamp};

/// The access token with this id.
pub async fn access_token(s: &mut Session, id: &AccessTokenId) -> Result<Option<AccessToken>> {
    let statement = sql(
        "SELECT id, access_secret, authorizing_user_id, project_id, role_ids, consumer_id, \
         expires_at FROM access_token WHERE id = ?",
    );
    s.fetch_optional(statement.bind(id))
        .await?
        .as_ref()
        .map(access_token_from)
        .transpose()
}

fn access_token_from(row: &Row) -> Result<AccessToken> {
    Ok(AccessToken {
        id: row.id("id")?,
        secret: Secret::from(row.text("access_secret")?),
        authorizing_user_id: row.id("authorizing_user_id")?,
        project_id: row.id("project_id")?,
        role_ids: role_ids_from(row)?,
        consumer_id: row.id("consumer_id")?,
        expires_at: end_from(row)?,
    })
}

/// A column of JSON: a list of ids.
fn role_ids_from(row: &Row) -> Result<Vec<RoleId>> {
    match row.json("role_ids")? {
        serde_json::Value::Null => Ok(Vec::new()),
        ids => serde_json::from_value(ids)
            .map_err(|_| Error::internal("a role_ids column is not a list of ids")),
    }
}

/// The time at which a token ends is stored as the API writes it. One that can't be read is over.
fn end_from(row: &Row) -> Result<Option<Timestamp>> {
    Ok(row
        .opt_text("expires_at")?
        .map(|text| Timestamp::parse(&text).unwrap_or_else(|| chrono::DateTime::UNIX_EPOCH.into())))
}
