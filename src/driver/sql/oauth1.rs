//! OAuth1: consumers, request tokens, access tokens.

use super::db::{Area, Db, Row, Session, sql};
use super::listed::Listed;
use crate::error::{Error, Result};
use crate::model::list::{ListHints, Page};
use crate::model::oauth1::{AccessToken, Consumer, RequestToken};
use crate::model::{AccessTokenId, ConsumerId, RequestTokenId, RoleId, Secret, Timestamp, UserId};
use serde_json::{Map, Value, json};

/// The consumer with this id.
pub async fn consumer(s: &mut Session, id: &ConsumerId) -> Result<Option<Consumer>> {
    let query = sql("SELECT id, description, secret, extra FROM consumer WHERE id = ?");
    let row = s.fetch_optional(query.bind(id)).await?;
    row.as_ref().map(consumer_from).transpose()
}

const CONSUMERS: Listed<Consumer> = Listed {
    key: "id",
    columns: &[],
    from: consumer_from,
    id: |consumer| &consumer.id,
    text: |_, _| None,
};

/// A page of consumers in order of id.
pub async fn consumers(s: &mut Session, hints: &ListHints) -> Result<Page<Consumer>> {
    let statement = sql("SELECT id, description, secret, extra FROM consumer WHERE 1 = 1");
    CONSUMERS.page(s, statement, hints).await
}

fn consumer_from(row: &Row) -> Result<Consumer> {
    Ok(Consumer {
        id: row.id("id")?,
        description: row.opt_text("description")?,
        secret: Secret::from(row.text("secret")?),
        extra: match row.json("extra")? {
            Value::Object(extra) => extra,
            _ => Map::new(),
        },
    })
}

/// Stores a new consumer.
pub async fn insert_consumer(s: &mut Session, consumer: &Consumer) -> Result<()> {
    let statement =
        sql("INSERT INTO consumer (id, description, secret, extra) VALUES (?, ?, ?, ?)")
            .bind(&consumer.id)
            .bind(consumer.description.as_deref())
            .bind(consumer.secret.expose())
            .bind(&Value::Object(consumer.extra.clone()));
    s.execute(statement).await?;
    Ok(())
}

/// Stores what a consumer has become; its secret stays.
pub async fn update_consumer(s: &mut Session, consumer: &Consumer) -> Result<()> {
    let statement = sql("UPDATE consumer SET description = ?, extra = ? WHERE id = ?")
        .bind(consumer.description.as_deref())
        .bind(&Value::Object(consumer.extra.clone()))
        .bind(&consumer.id);
    s.execute(statement).await?;
    Ok(())
}

/// Removes a consumer and its tokens; false when there is none.
pub async fn delete_consumer(s: &mut Session, id: &ConsumerId) -> Result<bool> {
    for statement in [
        "DELETE FROM request_token WHERE consumer_id = ?",
        "DELETE FROM access_token WHERE consumer_id = ?",
    ] {
        s.execute(sql(statement).bind(id)).await?;
    }
    let deleted = s
        .execute(sql("DELETE FROM consumer WHERE id = ?").bind(id))
        .await?;
    s.touch(Area::Credential);
    Ok(deleted > 0)
}

/// The request token with this id.
pub async fn request_token(s: &mut Session, id: &RequestTokenId) -> Result<Option<RequestToken>> {
    let query = sql(
        "SELECT id, request_secret, verifier, authorizing_user_id, requested_project_id, role_ids, \
         consumer_id, expires_at FROM request_token WHERE id = ?",
    );
    let Some(row) = s.fetch_optional(query.bind(id)).await? else {
        return Ok(None);
    };
    Ok(Some(RequestToken {
        id: row.id("id")?,
        secret: Secret::from(row.text("request_secret")?),
        verifier: row.opt_text("verifier")?.map(Secret::from),
        authorizing_user_id: row.opt_id("authorizing_user_id")?,
        requested_project_id: row.id("requested_project_id")?,
        role_ids: role_ids_from(&row)?,
        consumer_id: row.id("consumer_id")?,
        expires_at: end_from(&row)?,
    }))
}

/// Stores a new request token, which nobody has agreed to.
pub async fn insert_request_token(s: &mut Session, token: &RequestToken) -> Result<()> {
    let statement = sql(
        "INSERT INTO request_token (id, request_secret, requested_project_id, consumer_id, \
         expires_at) VALUES (?, ?, ?, ?, ?)",
    )
    .bind(&token.id)
    .bind(token.secret.expose())
    .bind(&token.requested_project_id)
    .bind(&token.consumer_id)
    .bind(token.expires_at.map(|end| end.to_string()));
    s.execute(statement).await?;
    Ok(())
}

/// Notes that a user agrees; false when there is no such request token any more.
pub async fn authorize_request_token(
    s: &mut Session,
    id: &RequestTokenId,
    user: &UserId,
    role_ids: &[RoleId],
    verifier: &Secret,
) -> Result<bool> {
    let statement = sql(
        "UPDATE request_token SET authorizing_user_id = ?, role_ids = ?, verifier = ? WHERE id = ?",
    )
    .bind(user)
    .bind(json!(role_ids).to_string())
    .bind(verifier.expose())
    .bind(id);
    Ok(s.execute(statement).await? > 0)
}

/// Removes a request token; false when it is gone already. Of clients that race for its access token,
/// one takes it.
pub async fn take_request_token(s: &mut Session, id: &RequestTokenId) -> Result<bool> {
    let statement = sql("DELETE FROM request_token WHERE id = ?").bind(id);
    Ok(s.execute(statement).await? > 0)
}

const ACCESS_TOKENS: &str = "SELECT id, access_secret, authorizing_user_id, project_id, role_ids, \
     consumer_id, expires_at FROM access_token";

/// The access token with this id.
pub async fn access_token(s: &mut Session, id: &AccessTokenId) -> Result<Option<AccessToken>> {
    let query = sql(ACCESS_TOKENS).push(" WHERE id = ?").bind(id);
    let row = s.fetch_optional(query).await?;
    row.as_ref().map(access_token_from).transpose()
}

/// The access tokens that a user let consumers have, in order of id.
pub async fn access_tokens(s: &mut Session, user: &UserId) -> Result<Vec<AccessToken>> {
    let query = sql(ACCESS_TOKENS)
        .push(" WHERE authorizing_user_id = ? ORDER BY id")
        .bind(user);
    let rows = s.fetch_all(query).await?;
    rows.iter().map(access_token_from).collect()
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

/// Stores a new access token.
pub async fn insert_access_token(s: &mut Session, token: &AccessToken) -> Result<()> {
    let statement = sql(
        "INSERT INTO access_token (id, access_secret, authorizing_user_id, project_id, role_ids, \
         consumer_id, expires_at) VALUES (?, ?, ?, ?, ?, ?, ?)",
    )
    .bind(&token.id)
    .bind(token.secret.expose())
    .bind(&token.authorizing_user_id)
    .bind(&token.project_id)
    .bind(json!(token.role_ids).to_string())
    .bind(&token.consumer_id)
    .bind(token.expires_at.map(|end| end.to_string()));
    s.execute(statement).await?;
    s.touch(Area::Credential);
    Ok(())
}

/// Removes an access token; false when there is none.
pub async fn delete_access_token(s: &mut Session, id: &AccessTokenId) -> Result<bool> {
    let statement = sql("DELETE FROM access_token WHERE id = ?").bind(id);
    let deleted = s.execute(statement).await?;
    s.touch(Area::Credential);
    Ok(deleted > 0)
}

/// Notes that a signed request came, under what makes it one; false when it came before, here or on
/// another node.
pub async fn insert_nonce(db: &Db, id: &str, expires: Timestamp) -> Result<bool> {
    let statement = sql("INSERT INTO keystone_native_nonce (id, expires) VALUES (?, ?)")
        .bind(id)
        .bind(expires);
    match db.execute(statement).await {
        Ok(_) => Ok(true),
        Err(Error::DuplicateKey(_)) => Ok(false),
        Err(error) => Err(error),
    }
}

/// A column of JSON: a list of ids.
fn role_ids_from(row: &Row) -> Result<Vec<RoleId>> {
    match row.json("role_ids")? {
        Value::Null => Ok(Vec::new()),
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
