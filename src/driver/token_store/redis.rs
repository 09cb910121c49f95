//! Tokens in Redis or Valkey. They go when they end; nothing is to be flushed.
//!
//! | key | what |
//! |---|---|
//! | `…token:<id>` | hash: `data`, `user`, `trust`, `tenant`, `consumer`, `audit`, `issued`, `expires`; after deletion only `expires` |
//! | `…user:<id>`, `…trust:<id>` | sorted set of the ids of its tokens by their ends |
//! | `…live` | sorted set of the ids of all valid tokens by their ends |
//! | `…revoked` | sorted set of `<id> <audit id>` by the tokens' ends |
//!
//! Every change is one script, which the server runs alone: nobody's update gets lost. The prefix
//! holds a hash tag, so that a cluster keeps all keys in one place.

use super::{
    PAGE, RevokedToken, StoredToken, TokenFilter, TokenPage, TokenStore, absent, taken, unavailable,
};
use crate::error::{Error, Result};
use crate::model::{Secret, Timestamp};
use futures_util::future::BoxFuture;
use redis::aio::{ConnectionManager, ConnectionManagerConfig};
use redis::{AsyncCommands as _, ClientTlsConfig, RedisError, Script, TlsCertificates};
use std::fmt::Display;
use std::future::Future;
use std::path::Path;
use std::time::Duration;
use tokio::sync::OnceCell;

/// So many tokens are deleted by one script: a script keeps everybody else waiting.
const BATCH: usize = 500;

/// Keeps a token unless its id is known, and enters it into the indices.
///
/// Keys: the token, the index of all, its user's, its trust's. Arguments: id, its end, milliseconds to keep
/// it, milliseconds to keep indices, then names and values of the token's fields.
const CREATE: &str = r"
if redis.call('EXISTS', KEYS[1]) == 1 then return 0 end
redis.call('HSET', KEYS[1], 'expires', ARGV[2], unpack(ARGV, 5))
redis.call('PEXPIRE', KEYS[1], ARGV[3])
for i = 2, #KEYS do
  redis.call('ZADD', KEYS[i], ARGV[2], ARGV[1])
  if redis.call('PTTL', KEYS[i]) < tonumber(ARGV[4]) then
    redis.call('PEXPIRE', KEYS[i], ARGV[4])
  end
end
return 1
";

/// Deletes tokens that are valid. Of a deleted token its end stays, so that its id is not used again.
///
/// Keys: the revocation list, the index of all, then tokens. Arguments: now, nothing, then the tokens'
/// ids.
const DELETE: &str = r"
local deleted = {}
for i = 3, #KEYS do
  local token = redis.call('HMGET', KEYS[i], 'data', 'expires', 'audit')
  if token[1] then
    redis.call('ZREM', KEYS[2], ARGV[i])
    redis.call('HDEL', KEYS[i], 'data', 'user', 'trust', 'tenant', 'consumer', 'audit', 'issued')
    if tonumber(token[2]) > tonumber(ARGV[1]) then
      redis.call('ZADD', KEYS[1], token[2], ARGV[i] .. ' ' .. (token[3] or ''))
      local left = (tonumber(token[2]) - tonumber(ARGV[1])) * 1000
      if redis.call('PTTL', KEYS[1]) < left then
        redis.call('PEXPIRE', KEYS[1], left)
      end
    end
    deleted[#deleted + 1] = ARGV[i]
  end
end
return deleted
";

/// A client of one Redis.
pub struct RedisTokenStore {
    client: redis::Client,
    connection: OnceCell<ConnectionManager>,
    timeout: Duration,
    prefix: String,
    /// Seconds that a token is kept after its end.
    retention: i64,
    create: Script,
    delete: Script,
}

/// PEM files for a `rediss://` URL.
#[derive(Clone, Copy, Debug, Default)]
pub struct TlsFiles<'a> {
    /// Who may have signed the server's certificate; the system's CAs when `None`.
    pub ca: Option<&'a Path>,
    /// What the server gets to see of us, if it asks: a certificate and its key.
    pub client: Option<(&'a Path, &'a Path)>,
}

impl TlsFiles<'_> {
    fn read(&self) -> Result<TlsCertificates> {
        let client_tls = match self.client {
            Some((certificate, key)) => Some(ClientTlsConfig {
                client_cert: read(certificate)?,
                client_key: read(key)?,
            }),
            None => None,
        };
        Ok(TlsCertificates {
            client_tls,
            root_cert: self.ca.map(read).transpose()?,
        })
    }
}

/// A file that has something in PEM in it: the client library would take any other for nothing at all.
fn read(path: &Path) -> Result<Vec<u8>> {
    let failed = |why: &dyn Display| Error::internal(format!("{}: {why}", path.display()));
    let content = std::fs::read(path).map_err(|error| failed(&error))?;
    let blocks = pem::parse_many(&content).map_err(|error| failed(&error))?;
    if blocks.is_empty() {
        return Err(failed(&"it has nothing in PEM"));
    }
    Ok(content)
}

impl RedisTokenStore {
    /// A store at a `redis://` or `rediss://` URL. Nothing is connected yet.
    ///
    /// `timeout` bounds each operation, connecting included. Tokens are kept for `retention` seconds
    /// after their end.
    ///
    /// # Errors
    /// 500 when the URL is none, or there are files for TLS that can't be read or are not of use.
    pub fn new(
        url: &Secret,
        tls: TlsFiles<'_>,
        prefix: &str,
        timeout: Duration,
        retention: i64,
    ) -> Result<Self> {
        Ok(Self {
            client: client(url, tls)?,
            connection: OnceCell::new(),
            timeout,
            prefix: format!("{prefix}{{tokens}}:"),
            retention: retention.max(0),
            create: Script::new(CREATE),
            delete: Script::new(DELETE),
        })
    }

    /// A connection that all requests share; it reconnects by itself.
    async fn connection(&self) -> redis::RedisResult<ConnectionManager> {
        let connect = || {
            let config = ConnectionManagerConfig::new()
                .set_connection_timeout(Some(self.timeout))
                .set_response_timeout(Some(self.timeout))
                .set_number_of_retries(1);
            ConnectionManager::new_with_config(self.client.clone(), config)
        };
        self.connection.get_or_try_init(connect).await.cloned()
    }

    /// Runs an operation. One that finds the connection gone runs once more on the new one: each may
    /// be repeated.
    async fn run<T, F>(&self, operation: impl Fn(ConnectionManager) -> F) -> Result<T>
    where
        F: Future<Output = redis::RedisResult<T>>,
    {
        let attempts = async {
            let done = operation(self.connection().await?).await;
            match done {
                Err(error) if error.is_connection_dropped() => {
                    operation(self.connection().await?).await
                }
                done => done,
            }
        };
        match tokio::time::timeout(self.timeout, attempts).await {
            Ok(Ok(done)) => Ok(done),
            Ok(Err(error)) => Err(refused(&error)),
            Err(_) => Err(unavailable("redis", &"it did not answer in time")),
        }
    }

    fn key(&self, kind: &str, id: &str) -> String {
        format!("{}{kind}{id}", self.prefix)
    }

    fn revoked_key(&self) -> String {
        self.key("revoked", "")
    }

    fn live_key(&self) -> String {
        self.key("live", "")
    }

    /// Milliseconds from now that a token is kept.
    fn lifetime(&self, token: &StoredToken, now: Timestamp) -> i64 {
        let end = token.expires.unwrap_or(now).plus_seconds(self.retention);
        end.micros().saturating_sub(now.micros()).max(1_000_000) / 1000
    }

    async fn delete_all(&self, ids: &[String], now: Timestamp) -> Result<Vec<String>> {
        let mut deleted = Vec::new();
        for batch in ids.chunks(BATCH) {
            let done: Vec<String> = self
                .run(|mut connection| async move {
                    let mut call = self.delete.key(self.revoked_key());
                    call.key(self.live_key());
                    call.arg(now.seconds()).arg("");
                    for id in batch {
                        call.key(self.key("token:", id)).arg(id);
                    }
                    call.invoke_async(&mut connection).await
                })
                .await?;
            deleted.extend(done);
        }
        Ok(deleted)
    }

    /// The ids in an index whose tokens have not ended, and, in passing, no others any more.
    async fn indexed(&self, key: &str, now: Timestamp) -> Result<Vec<String>> {
        let ids: (Vec<String>,) = self
            .run(|mut connection| async move {
                redis::pipe()
                    .zrembyscore(key, "-inf", now.seconds())
                    .ignore()
                    .zrange(key, 0, -1)
                    .query_async(&mut connection)
                    .await
            })
            .await?;
        Ok(ids.0)
    }

    /// Those of some tokens that are there.
    async fn tokens(&self, ids: Vec<String>) -> Result<Vec<(String, StoredToken)>> {
        let mut tokens = Vec::new();
        for batch in ids.chunks(PAGE) {
            let data: Vec<Option<Vec<u8>>> = self
                .run(|mut connection| async move {
                    let mut pipe = redis::pipe();
                    for id in batch {
                        pipe.hget(self.key("token:", id), "data");
                    }
                    pipe.query_async(&mut connection).await
                })
                .await?;
            for (id, data) in batch.iter().zip(data) {
                if let Some(data) = data {
                    tokens.push((id.clone(), StoredToken::from_json(&data)?));
                }
            }
        }
        Ok(tokens)
    }

    /// Those of some ids whose tokens a filter means.
    async fn matching(&self, ids: Vec<String>, filter: &TokenFilter) -> Result<Vec<String>> {
        type Facts = (
            Option<String>,
            Option<String>,
            Option<String>,
            Option<String>,
            Option<i64>,
        );
        let mut matching = Vec::new();
        for batch in ids.chunks(BATCH) {
            let facts: Vec<Facts> = self
                .run(|mut connection| async move {
                    let mut pipe = redis::pipe();
                    for id in batch {
                        pipe.cmd("HMGET")
                            .arg(self.key("token:", id))
                            .arg(&["user", "trust", "tenant", "consumer", "issued"]);
                    }
                    pipe.query_async(&mut connection).await
                })
                .await?;
            let means = |(user, trust, tenant, consumer, issued): &Facts| {
                let whose = match &filter.trust_id {
                    Some(_) => trust == &filter.trust_id,
                    None => user.as_ref() == Some(&filter.user_id),
                };
                whose
                    && (filter.tenant_id.is_none() || tenant == &filter.tenant_id)
                    && (filter.consumer_id.is_none() || consumer == &filter.consumer_id)
                    && filter.covers(issued.and_then(Timestamp::from_seconds))
            };
            let found = batch.iter().zip(&facts).filter(|(_, facts)| means(facts));
            matching.extend(found.map(|(id, _)| id.clone()));
        }
        Ok(matching)
    }
}

impl TokenStore for RedisTokenStore {
    fn create_token<'a>(
        &'a self,
        id: &'a str,
        token: &'a StoredToken,
        now: Timestamp,
    ) -> BoxFuture<'a, Result<()>> {
        Box::pin(async move {
            let lifetime = self.lifetime(token, now);
            let end = token.expires.unwrap_or(now).seconds();
            let data = token.to_json();
            let issued = token.issued_at().map(|time| time.seconds().to_string());
            let fields = [
                ("issued", issued.as_deref()),
                ("data", Some(data.as_str())),
                ("user", token.user_id.as_deref()),
                ("trust", token.trust_id.as_deref()),
                ("tenant", token.tenant_id()),
                ("consumer", token.consumer_id()),
                ("audit", token.audit_id()),
            ];
            let created: bool = self
                .run(|mut connection| async move {
                    let mut call = self.create.key(self.key("token:", id));
                    call.key(self.live_key());
                    for (kind, name) in [("user:", &token.user_id), ("trust:", &token.trust_id)] {
                        if let Some(name) = name {
                            call.key(self.key(kind, name));
                        }
                    }
                    call.arg(id).arg(end).arg(lifetime).arg(lifetime);
                    for (name, value) in fields {
                        if let Some(value) = value {
                            call.arg(name).arg(value);
                        }
                    }
                    call.invoke_async(&mut connection).await
                })
                .await?;
            if created { Ok(()) } else { Err(taken()) }
        })
    }

    fn get_token<'a>(&'a self, id: &'a str) -> BoxFuture<'a, Result<StoredToken>> {
        Box::pin(async move {
            let data: Option<Vec<u8>> = self
                .run(|mut connection| async move {
                    connection.hget(self.key("token:", id), "data").await
                })
                .await?;
            StoredToken::from_json(&data.ok_or_else(absent)?)
        })
    }

    fn delete_token<'a>(&'a self, id: &'a str, now: Timestamp) -> BoxFuture<'a, Result<()>> {
        Box::pin(async move {
            let deleted = self.delete_all(&[id.to_owned()], now).await?;
            if deleted.is_empty() {
                return Err(absent());
            }
            Ok(())
        })
    }

    fn delete_tokens<'a>(
        &'a self,
        filter: &'a TokenFilter,
        now: Timestamp,
    ) -> BoxFuture<'a, Result<Vec<String>>> {
        Box::pin(async move {
            let index = match &filter.trust_id {
                Some(trust) => self.key("trust:", trust),
                None => self.key("user:", &filter.user_id),
            };
            let live = self.indexed(&index, now).await?;
            let matching = self.matching(live, filter).await?;
            self.delete_all(&matching, now).await
        })
    }

    fn list_revoked_tokens(&self, now: Timestamp) -> BoxFuture<'_, Result<Vec<RevokedToken>>> {
        Box::pin(async move {
            let entries: (Vec<(String, i64)>,) = self
                .run(|mut connection| async move {
                    let key = self.revoked_key();
                    redis::pipe()
                        .zrembyscore(&key, "-inf", now.seconds())
                        .ignore()
                        .zrange_withscores(&key, 0, -1)
                        .query_async(&mut connection)
                        .await
                })
                .await?;
            let mut revoked: Vec<_> = entries.0.iter().filter_map(entry).collect();
            revoked.sort();
            Ok(revoked)
        })
    }

    fn list_tokens<'a>(
        &'a self,
        place: &'a str,
        now: Timestamp,
    ) -> BoxFuture<'a, Result<TokenPage>> {
        Box::pin(async move {
            let cursor = if place.is_empty() { "0" } else { place };
            let scanned: ((String, Vec<(String, i64)>),) = self
                .run(|mut connection| async move {
                    let key = self.live_key();
                    redis::pipe()
                        .zrembyscore(&key, "-inf", now.seconds())
                        .ignore()
                        .cmd("ZSCAN")
                        .arg(&key)
                        .arg(cursor)
                        .arg("COUNT")
                        .arg(PAGE)
                        .query_async(&mut connection)
                        .await
                })
                .await?;
            let ((cursor, ids),) = scanned;
            let ids = ids.into_iter().map(|(id, _)| id).collect();
            Ok(TokenPage {
                tokens: self.tokens(ids).await?,
                next: Some(cursor).filter(|cursor| cursor != "0"),
            })
        })
    }

    fn flush_expired_tokens(&self, _until: Timestamp) -> BoxFuture<'_, Result<u64>> {
        Box::pin(std::future::ready(Ok(0)))
    }
}

/// A client that knows how to connect.
fn client(url: &Secret, tls: TlsFiles<'_>) -> Result<redis::Client> {
    let url = url.expose();
    if tls.ca.is_none() && tls.client.is_none() {
        return redis::Client::open(url)
            .map_err(|_| Error::internal("[token_store] redis_url is no redis:// URL"));
    }
    // The error tells of the files, and nothing of the URL, which may have a password in it.
    redis::Client::build_with_tls(url, tls.read()?)
        .map_err(|error| Error::internal(format!("[token_store] Redis over TLS: {error}")))
}

fn entry((member, end): &(String, i64)) -> Option<RevokedToken> {
    let (id, audit_id) = member.split_once(' ')?;
    Some(RevokedToken {
        expires: Timestamp::from_seconds(*end)?,
        id: id.to_owned(),
        audit_id: Some(audit_id.to_owned()).filter(|id| !id.is_empty()),
    })
}

/// What the server refuses to do, or a server that isn't there. Neither says anything about a token.
fn refused(error: &RedisError) -> Error {
    unavailable("redis", error)
}
