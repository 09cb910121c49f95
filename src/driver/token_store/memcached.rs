//! Tokens in memcached. They go when they end; nothing is to be flushed.
//!
//! | key | what |
//! |---|---|
//! | `token:<id>` | the token as JSON; after deletion nothing but the key |
//! | `user:<id>`, `trust:<id>` | a line `<end> <id>` for each of its tokens |
//! | `all/<digit>` | a line `<end> <id>` for each token whose id begins with the digit |
//! | `revoked` | a line `<end> <id> <audit id>` for each deleted token |
//!
//! Keys are hashed, because memcached's are short. Lists only grow by `append`, which the server does
//! alone, and are tidied by compare-and-set, so that nobody's line gets lost. A list that is full goes
//! on under the next number.
//!
//! What memcached evicts is not found: give it enough memory.

mod lists;

use super::{
    PAGE, RevokedToken, StoredToken, TokenFilter, TokenPage, TokenStore, absent, taken, unavailable,
};
use crate::crypto::hex;
use crate::error::{Error, Result};
use crate::model::Timestamp;
use async_memcached::{Client, Error as ClientError, ErrorKind, MetaProtocol as _, Status};
use aws_lc_rs::digest::{SHA256, digest};
use futures_util::future::BoxFuture;
use lists::{list_of_all, next_digit};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// Longer lifetimes are points in time for memcached.
const LONGEST_LIFETIME: i64 = 30 * 86_400;

/// So many times a change that others were quicker with is tried again.
const ATTEMPTS: usize = 20;

/// Clients of one or more memcacheds. A key is always on the same one.
pub struct MemcachedTokenStore {
    servers: Vec<Server>,
    timeout: Duration,
    /// Seconds that a token is kept after its end.
    retention: i64,
}

struct Server {
    address: String,
    idle: Mutex<Vec<Client>>,
    /// The most idle connections that are kept.
    most_idle: usize,
}

/// A value and the number of its last change.
struct Versioned {
    value: Vec<u8>,
    cas: u64,
}

/// The client library's form of an address in Keystone's: `host:port`, `inet6:[::1]:port`, or a URL.
fn dsn(address: &str) -> String {
    match address.strip_prefix("inet6:").unwrap_or(address) {
        url if url.contains("://") => url.to_owned(),
        host => format!("tcp://{host}"),
    }
}

impl MemcachedTokenStore {
    /// A store at servers given as `host:port` or `unix:///path`. Nothing is connected yet.
    ///
    /// `timeout` bounds each operation, connecting included. Tokens are kept for `retention` seconds
    /// after their end. Up to `most_idle` unused connections to each server are kept.
    ///
    /// # Errors
    /// 500 when no server is given.
    pub fn new(
        servers: &[String],
        timeout: Duration,
        retention: i64,
        most_idle: usize,
    ) -> Result<Self> {
        if servers.is_empty() {
            return Err(Error::internal("[memcache] servers names no server"));
        }
        let server = |address: &String| Server {
            address: dsn(address),
            idle: Mutex::default(),
            most_idle,
        };
        Ok(Self {
            servers: servers.iter().map(server).collect(),
            timeout,
            retention: retention.max(0),
        })
    }

    /// The server of a key, and the key as it is there.
    fn place(&self, key: &str) -> (&Server, String) {
        let hash = digest(&SHA256, key.as_bytes());
        let hash = hash.as_ref();
        let number = hash
            .iter()
            .take(8)
            .fold(0_u64, |number, byte| number << 8 | u64::from(*byte));
        // The remainder is smaller than the number of servers.
        let index = (number % self.servers.len() as u64) as usize;
        (
            &self.servers[index],
            format!("keystone:tokens:{}", hex(hash)),
        )
    }

    /// What a client answers within the time that there is.
    async fn in_time<T>(
        &self,
        answer: impl Future<Output = Result<T, ClientError>>,
    ) -> Result<Result<T, ClientError>> {
        match tokio::time::timeout(self.timeout, answer).await {
            Ok(Err(
                error @ (ClientError::Connect(_)
                | ClientError::Io(_)
                | ClientError::ConnectionClosed),
            )) => Err(unavailable("memcached", &error)),
            Ok(answer) => Ok(answer),
            Err(_) => Err(unavailable("memcached", &"it did not answer in time")),
        }
    }

    async fn get(&self, key: &str) -> Result<Option<Versioned>> {
        let (server, key) = self.place(key);
        let answer = self
            .in_time(async {
                let mut client = server.client().await?;
                let answer = client.meta_get(&key, false, None, Some(&["v", "c"])).await;
                server.give_back(client);
                answer
            })
            .await?;
        let found = answer.map_err(|error| unavailable("memcached", &error))?;
        Ok(found.map(|found| Versioned {
            value: found.data.unwrap_or_default(),
            cas: found.cas.unwrap_or_default(),
        }))
    }

    /// Sets a value as some flags say. `false` when they say that it may not be set.
    async fn set(&self, key: &str, value: &[u8], flags: &[&str]) -> Result<Stored> {
        let (server, key) = self.place(key);
        let answer = self
            .in_time(async {
                let mut client = server.client().await?;
                let answer = client.meta_set(&key, value, false, None, Some(flags)).await;
                server.give_back(client);
                answer
            })
            .await?;
        match answer {
            Ok(_) => Ok(Stored::Yes),
            Err(ClientError::Protocol(Status::NotStored | Status::Exists | Status::NotFound)) => {
                Ok(Stored::No)
            }
            Err(ClientError::Protocol(Status::Error(ErrorKind::Server(reason))))
                if reason.contains("too large") =>
            {
                Ok(Stored::TooLarge)
            }
            Err(error) => Err(unavailable("memcached", &error)),
        }
    }

    /// Deletes a token that is valid and that the condition holds for.
    async fn delete_if(
        &self,
        id: &str,
        now: Timestamp,
        condition: impl Fn(&StoredToken) -> bool,
    ) -> Result<bool> {
        let key = format!("token:{id}");
        for _ in 0..ATTEMPTS {
            let Some(found) = self
                .get(&key)
                .await?
                .filter(|found| !found.value.is_empty())
            else {
                return Ok(false);
            };
            let token = StoredToken::from_json(&found.value)?;
            if !condition(&token) {
                return Ok(false);
            }
            let unchanged = format!("C{}", found.cas);
            let lifetime = self.lifetime_flag('T', &token, now);
            let deletion = self.set(&key, b"", &[&unchanged, &lifetime]).await?;
            if let Stored::Yes = deletion {
                if token.is_live_at(now)
                    && let Some(entry) = RevokedToken::of(id, &token)
                {
                    let audit_id = entry.audit_id.unwrap_or_default();
                    let line = format!("{} {id} {audit_id}\n", entry.expires.seconds());
                    self.append("revoked", &line, now).await?;
                }
                return Ok(true);
            }
        }
        Err(unavailable("memcached", &"others kept changing a token"))
    }

    fn lifetime_flag(&self, flag: char, token: &StoredToken, now: Timestamp) -> String {
        let end = token.expires.unwrap_or(now).plus_seconds(self.retention);
        let lifetime = end.seconds().saturating_sub(now.seconds()).max(1);
        if lifetime > LONGEST_LIFETIME {
            return format!("{flag}{}", end.seconds());
        }
        format!("{flag}{lifetime}")
    }
}

/// What became of a value.
enum Stored {
    Yes,
    /// The flags forbade it.
    No,
    /// The server takes no value of this size.
    TooLarge,
}

impl Server {
    async fn client(&self) -> Result<Client, ClientError> {
        let idle = || {
            let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
            idle.pop()
        };
        while let Some(mut client) = idle() {
            // The server may have gone and come back since; asking is cheap beside failing.
            if client.version().await.is_ok() {
                return Ok(client);
            }
        }
        Client::new(&self.address).await
    }

    fn give_back(&self, client: Client) {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        if !client.is_closed() && idle.len() < self.most_idle {
            idle.push(client);
        }
    }
}

impl TokenStore for MemcachedTokenStore {
    fn create_token<'a>(
        &'a self,
        id: &'a str,
        token: &'a StoredToken,
        now: Timestamp,
    ) -> BoxFuture<'a, Result<()>> {
        Box::pin(async move {
            // Indices first: a line without a token does no harm, a token without a line would
            // survive its user.
            let line = format!("{} {id}\n", token.expires.unwrap_or(now).seconds());
            for (kind, name) in [("user", &token.user_id), ("trust", &token.trust_id)] {
                if let Some(name) = name {
                    self.append(&format!("{kind}:{name}"), &line, now).await?;
                }
            }
            self.append(&list_of_all(id), &line, now).await?;
            let lifetime = self.lifetime_flag('T', token, now);
            let flags = ["ME", lifetime.as_str()];
            let key = format!("token:{id}");
            match self.set(&key, token.to_json().as_bytes(), &flags).await? {
                Stored::Yes => Ok(()),
                Stored::No => Err(taken()),
                Stored::TooLarge => Err(unavailable("memcached", &"the token is too large")),
            }
        })
    }

    fn get_token<'a>(&'a self, id: &'a str) -> BoxFuture<'a, Result<StoredToken>> {
        Box::pin(async move {
            let found = self.get(&format!("token:{id}")).await?;
            let found = found.filter(|found| !found.value.is_empty());
            StoredToken::from_json(&found.ok_or_else(absent)?.value)
        })
    }

    fn delete_token<'a>(&'a self, id: &'a str, now: Timestamp) -> BoxFuture<'a, Result<()>> {
        Box::pin(async move {
            if self.delete_if(id, now, |_| true).await? {
                return Ok(());
            }
            Err(absent())
        })
    }

    fn delete_tokens<'a>(
        &'a self,
        filter: &'a TokenFilter,
        now: Timestamp,
    ) -> BoxFuture<'a, Result<Vec<String>>> {
        Box::pin(async move {
            let list = match &filter.trust_id {
                Some(trust) => format!("trust:{trust}"),
                None => format!("user:{}", filter.user_id),
            };
            let mut deleted = Vec::new();
            for line in self.lines(&list, now).await? {
                let Some((_, id)) = line.split_once(' ') else {
                    continue;
                };
                let means = |token: &StoredToken| token.is_live_at(now) && filter.matches(token);
                if self.delete_if(id, now, means).await? {
                    deleted.push(id.to_owned());
                }
            }
            Ok(deleted)
        })
    }

    fn list_revoked_tokens(&self, now: Timestamp) -> BoxFuture<'_, Result<Vec<RevokedToken>>> {
        Box::pin(async move {
            let lines = self.lines("revoked", now).await?;
            let mut revoked: Vec<_> = lines.iter().filter_map(|line| entry(line)).collect();
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
            // A place is a digit and the last line of its list that was met.
            let (digit, after) = place.split_at_checked(1).unwrap_or(("0", ""));
            let mut lines = self.lines(&list_of_all(digit), now).await?;
            lines.sort();
            lines.dedup();
            lines.retain(|line| line.as_str() > after);
            let is_last = lines.len() <= PAGE;
            lines.truncate(PAGE);
            let mut tokens = Vec::new();
            for (_, id) in lines.iter().filter_map(|line| line.split_once(' ')) {
                match self.get_token(id).await {
                    Ok(token) => tokens.push((id.to_owned(), token)),
                    Err(error) if error.is_not_found() => {}
                    Err(error) => return Err(error),
                }
            }
            let next = match lines.last().filter(|_| !is_last) {
                Some(line) => Some(format!("{digit}{line}")),
                None => next_digit(digit).map(str::to_owned),
            };
            Ok(TokenPage { tokens, next })
        })
    }

    fn flush_expired_tokens(&self, _until: Timestamp) -> BoxFuture<'_, Result<u64>> {
        Box::pin(std::future::ready(Ok(0)))
    }
}

fn entry(line: &str) -> Option<RevokedToken> {
    let mut words = line.split(' ');
    let expires = Timestamp::from_seconds(words.next()?.parse().ok()?)?;
    let id = words.next()?.to_owned();
    let audit_id = words.next().filter(|id| !id.is_empty()).map(str::to_owned);
    Some(RevokedToken {
        expires,
        id,
        audit_id,
    })
}
