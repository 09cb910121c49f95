//! Persisted tokens: Keystone's `token` table, in the form in which older releases wrote it.

use super::db::{Db, Row, Sql, sql};
use super::flush::{Flush, TOKENS};
use crate::driver::token_store::{
    PAGE, RevokedToken, StoredToken, TokenFilter, TokenPage, TokenStore,
};
use crate::error::{Error, Result};
use crate::model::Timestamp;
use futures_util::future::BoxFuture;
use serde_json::Value;

/// So many tokens are deleted by one statement.
const BATCH: usize = 500;

/// Tokens in the database. Expired rows stay until somebody flushes them.
pub struct SqlTokenStore {
    db: Db,
}

impl SqlTokenStore {
    /// A store on a database.
    pub fn new(db: Db) -> Self {
        Self { db }
    }
}

impl TokenStore for SqlTokenStore {
    fn create_token<'a>(
        &'a self,
        id: &'a str,
        token: &'a StoredToken,
        _now: Timestamp,
    ) -> BoxFuture<'a, Result<()>> {
        let statement = sql(
            "INSERT INTO token (id, expires, extra, valid, trust_id, user_id) \
             VALUES (?, ?, ?, ?, ?, ?)",
        )
        .bind(id)
        .bind(token.expires)
        .bind(&Value::Object(token.extra.clone()))
        .bind(true)
        .bind(token.trust_id.as_deref())
        .bind(token.user_id.as_deref());
        Box::pin(async move {
            let created = self.db.execute(statement).await;
            created
                .map_err(|error| error.or_conflict(|| "There is a token with this id.".into()))?;
            Ok(())
        })
    }

    fn get_token<'a>(&'a self, id: &'a str) -> BoxFuture<'a, Result<StoredToken>> {
        let statement = sql("SELECT expires, extra, trust_id, user_id FROM token \
             WHERE id = ? AND valid = ?")
        .bind(id)
        .bind(true);
        Box::pin(async move {
            let row = self.db.session().await?.fetch_optional(statement).await?;
            token_from(&row.ok_or_else(absent)?)
        })
    }

    fn delete_token<'a>(&'a self, id: &'a str, _now: Timestamp) -> BoxFuture<'a, Result<()>> {
        let statement = sql("UPDATE token SET valid = ? WHERE id = ? AND valid = ?")
            .bind(false)
            .bind(id)
            .bind(true);
        Box::pin(async move {
            match self.db.execute(statement).await? {
                0 => Err(absent()),
                _ => Ok(()),
            }
        })
    }

    fn delete_tokens<'a>(
        &'a self,
        filter: &'a TokenFilter,
        now: Timestamp,
    ) -> BoxFuture<'a, Result<Vec<String>>> {
        Box::pin(async move {
            let rows = self
                .db
                .session()
                .await?
                .fetch_all(live_tokens(filter, now))
                .await?;
            let mut ids = Vec::new();
            for row in &rows {
                if filter.matches(&token_from(row)?) {
                    ids.push(row.text("id")?);
                }
            }
            for batch in ids.chunks(BATCH) {
                let statement = sql("UPDATE token SET valid = ? WHERE")
                    .bind(false)
                    .push_in("id", batch.iter());
                self.db.execute(statement).await?;
            }
            Ok(ids)
        })
    }

    fn list_revoked_tokens(&self, now: Timestamp) -> BoxFuture<'_, Result<Vec<RevokedToken>>> {
        let statement = sql("SELECT id, expires, extra, trust_id, user_id FROM token \
             WHERE valid = ? AND expires > ? ORDER BY expires, id")
        .bind(false)
        .bind(now);
        Box::pin(async move {
            let rows = self.db.session().await?.fetch_all(statement).await?;
            let entry = |row: &Row| Ok(RevokedToken::of(&row.text("id")?, &token_from(row)?));
            rows.iter()
                .filter_map(|row| entry(row).transpose())
                .collect()
        })
    }

    fn list_tokens<'a>(
        &'a self,
        place: &'a str,
        now: Timestamp,
    ) -> BoxFuture<'a, Result<TokenPage>> {
        Box::pin(async move {
            let rows = self.db.session().await?.fetch_all(page(place, now)).await?;
            let token = |row: &Row| Ok((row.text("id")?, token_from(row)?));
            let tokens = rows.iter().map(token).collect::<Result<Vec<_>>>()?;
            let last = tokens.last().filter(|_| tokens.len() == PAGE);
            let next =
                last.and_then(|(id, token)| Some(format!("{} {id}", token.expires?.micros())));
            Ok(TokenPage { tokens, next })
        })
    }

    fn flush_expired_tokens(&self, until: Timestamp) -> BoxFuture<'_, Result<u64>> {
        Box::pin(Flush::new(&self.db, TOKENS, until).finish())
    }
}

/// The next valid tokens in the order of their ends, whose index finds them among all that have ended.
fn page(place: &str, now: Timestamp) -> Sql {
    let mut statement = sql("SELECT id, expires, extra, trust_id, user_id FROM token \
         WHERE valid = ? AND expires > ?")
    .bind(true)
    .bind(now);
    let after = place.split_once(' ');
    let after = after.and_then(|(end, id)| Some((Timestamp::from_micros(end.parse().ok()?)?, id)));
    if let Some((end, id)) = after {
        statement = statement
            .push(" AND expires >= ? AND (expires > ? OR id > ?)")
            .bind(end)
            .bind(end)
            .bind(id);
    }
    statement.push(format!(" ORDER BY expires, id LIMIT {PAGE}"))
}

/// Valid tokens of the filter's trust or user.
fn live_tokens(filter: &TokenFilter, now: Timestamp) -> Sql {
    let statement = sql("SELECT id, expires, extra, trust_id, user_id FROM token \
         WHERE valid = ? AND expires > ?")
    .bind(true)
    .bind(now);
    match &filter.trust_id {
        Some(trust) => statement.push(" AND trust_id = ?").bind(trust),
        None => statement.push(" AND user_id = ?").bind(&filter.user_id),
    }
}

fn token_from(row: &Row) -> Result<StoredToken> {
    let extra = match row.json("extra")? {
        Value::Object(extra) => extra,
        Value::Null => serde_json::Map::new(),
        _ => return Err(Error::internal("a token's row has no JSON object")),
    };
    Ok(StoredToken {
        expires: row.opt_time("expires")?,
        user_id: row.opt_text("user_id")?,
        trust_id: row.opt_text("trust_id")?,
        extra,
    })
}

fn absent() -> Error {
    Error::not_found("token", "(it is not in the token store)")
}
