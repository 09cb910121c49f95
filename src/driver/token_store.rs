//! Where tokens that are not their own proof are kept: the token-persistence driver.
//!
//! UUID, PKI and PKIZ tokens are looked up in a store, by their unique id: the token's text, or the
//! short hash of a PKI text. Fernet and JWS tokens never touch it. The store is not the judge of a
//! token: expiry, revocation events, roles and the state of everything that the token names are
//! looked at anew for every format alike. A store that lost a token only ends it earlier.
//!
//! # A driver of your own
//!
//! Implement [`TokenStore`], hold it against the conformance suite (`tests/it/token_store.rs` runs
//! it for every driver that is listed there), and give it a name in the table of `app/token_stores.rs`:
//!
//! ```
//! use futures_util::future::BoxFuture;
//! use keystone::driver::token_store::{
//!     RevokedToken, StoredToken, TokenFilter, TokenPage, TokenStore,
//! };
//! use keystone::model::Timestamp;
//! use keystone::{Error, Result};
//! use std::collections::BTreeMap;
//! use std::sync::Mutex;
//!
//! /// Keeps tokens in a map, for ever.
//! #[derive(Default)]
//! struct Hoard(Mutex<BTreeMap<String, (StoredToken, bool)>>);
//!
//! impl TokenStore for Hoard {
//!     fn create_token<'a>(
//!         &'a self,
//!         id: &'a str,
//!         token: &'a StoredToken,
//!         _now: Timestamp,
//!     ) -> BoxFuture<'a, Result<()>> {
//!         Box::pin(async move {
//!             let mut tokens = self.0.lock().expect("nobody panics with the lock");
//!             if tokens.contains_key(id) {
//!                 return Err(Error::conflict("there is a token with this id"));
//!             }
//!             tokens.insert(id.to_owned(), (token.clone(), true));
//!             Ok(())
//!         })
//!     }
//!
//!     fn get_token<'a>(&'a self, id: &'a str) -> BoxFuture<'a, Result<StoredToken>> {
//!         Box::pin(async move {
//!             let tokens = self.0.lock().expect("nobody panics with the lock");
//!             match tokens.get(id) {
//!                 Some((token, true)) => Ok(token.clone()),
//!                 _ => Err(Error::not_found("token", "(it is not in the store)")),
//!             }
//!         })
//!     }
//!
//!     fn delete_token<'a>(&'a self, id: &'a str, _now: Timestamp) -> BoxFuture<'a, Result<()>> {
//!         Box::pin(async move {
//!             let mut tokens = self.0.lock().expect("nobody panics with the lock");
//!             match tokens.get_mut(id) {
//!                 Some((_, valid)) if *valid => *valid = false,
//!                 _ => return Err(Error::not_found("token", "(it is not in the store)")),
//!             }
//!             Ok(())
//!         })
//!     }
//!
//!     fn delete_tokens<'a>(
//!         &'a self,
//!         filter: &'a TokenFilter,
//!         now: Timestamp,
//!     ) -> BoxFuture<'a, Result<Vec<String>>> {
//!         Box::pin(async move {
//!             let mut tokens = self.0.lock().expect("nobody panics with the lock");
//!             let mut deleted = Vec::new();
//!             for (id, (token, valid)) in tokens.iter_mut() {
//!                 if *valid && token.is_live_at(now) && filter.matches(token) {
//!                     *valid = false;
//!                     deleted.push(id.clone());
//!                 }
//!             }
//!             Ok(deleted)
//!         })
//!     }
//!
//!     fn list_revoked_tokens(&self, now: Timestamp) -> BoxFuture<'_, Result<Vec<RevokedToken>>> {
//!         Box::pin(async move {
//!             let tokens = self.0.lock().expect("nobody panics with the lock");
//!             let revoked = tokens.iter().filter(|(_, (token, valid))| !valid && token.is_live_at(now));
//!             let mut revoked: Vec<_> =
//!                 revoked.filter_map(|(id, (token, _))| RevokedToken::of(id, token)).collect();
//!             revoked.sort();
//!             Ok(revoked)
//!         })
//!     }
//!
//!     fn list_tokens<'a>(
//!         &'a self,
//!         _place: &'a str,
//!         now: Timestamp,
//!     ) -> BoxFuture<'a, Result<TokenPage>> {
//!         Box::pin(async move {
//!             let tokens = self.0.lock().expect("nobody panics with the lock");
//!             let live = tokens.iter().filter(|(_, (token, valid))| *valid && token.is_live_at(now));
//!             // All on one page: a store with more than some hundred tokens makes several.
//!             let tokens = live.map(|(id, (token, _))| (id.clone(), token.clone())).collect();
//!             Ok(TokenPage { tokens, next: None })
//!         })
//!     }
//!
//!     fn flush_expired_tokens(&self, until: Timestamp) -> BoxFuture<'_, Result<u64>> {
//!         Box::pin(async move {
//!             let mut tokens = self.0.lock().expect("nobody panics with the lock");
//!             let before = tokens.len();
//!             tokens.retain(|_, (token, _)| token.expires.is_none_or(|expires| expires > until));
//!             Ok((before - tokens.len()) as u64)
//!         })
//!     }
//! }
//! ```

pub mod memcached;
pub mod memory;
pub mod redis;

use crate::error::{Error, Result};
use crate::model::Timestamp;
use futures_util::future::BoxFuture;
use serde_json::{Map, Value};
use std::fmt;

/// A place that keeps tokens, shared by all servers of a cloud.
///
/// # Contract
///
/// - A token is *valid* from its creation until its deletion. A deleted token is not found, and stays
///   so: its id can't be created again while it would live.
/// - What is not there, was deleted, or was dropped after its end is the same [`Error::NotFound`].
///   Expiry itself is the caller's to judge: a token that is kept past its end is returned.
/// - A store that can't be asked or doesn't answer in time is [`Error::Unavailable`], whatever is
///   asked of it, and never an absent or a valid token.
/// - All of it holds for any number of processes that do all of it at once: no creation or deletion
///   gets lost.
/// - `now` is the caller's time. Two times that lie in the same second count as the same.
pub trait TokenStore: Send + Sync {
    /// Keeps a token under an id of 1 to 64 characters, at least until its end.
    ///
    /// # Errors
    /// [`Error::Conflict`] when there is a token with the id, deleted or not.
    fn create_token<'a>(
        &'a self,
        id: &'a str,
        token: &'a StoredToken,
        now: Timestamp,
    ) -> BoxFuture<'a, Result<()>>;

    /// The token with an id.
    ///
    /// # Errors
    /// [`Error::NotFound`] when it is not there or deleted.
    fn get_token<'a>(&'a self, id: &'a str) -> BoxFuture<'a, Result<StoredToken>>;

    /// Deletes one token. Of several deletions at once, one succeeds.
    ///
    /// # Errors
    /// [`Error::NotFound`] when it is not there or deleted already.
    fn delete_token<'a>(&'a self, id: &'a str, now: Timestamp) -> BoxFuture<'a, Result<()>>;

    /// Deletes all valid, unexpired tokens that match. Returns their ids, in no order; none when none
    /// matches, so that it may be repeated.
    fn delete_tokens<'a>(
        &'a self,
        filter: &'a TokenFilter,
        now: Timestamp,
    ) -> BoxFuture<'a, Result<Vec<String>>>;

    /// The deleted tokens that have not expired, in the order of their ends and then of their ids.
    fn list_revoked_tokens(&self, now: Timestamp) -> BoxFuture<'_, Result<Vec<RevokedToken>>>;

    /// Some of the valid, unexpired tokens, and where to go on: a walk begins at the empty place and ends
    /// with a page that has no next one. A token that is valid during the whole walk is met at least
    /// once, in no order; others may be met or not.
    fn list_tokens<'a>(
        &'a self,
        place: &'a str,
        now: Timestamp,
    ) -> BoxFuture<'a, Result<TokenPage>>;

    /// Drops what expired up to a time, deleted or not. Returns how many tokens; 0 from a store that
    /// drops them by itself.
    fn flush_expired_tokens(&self, until: Timestamp) -> BoxFuture<'_, Result<u64>>;
}

/// A token as stores keep it: the columns and the JSON of Keystone's token table.
#[derive(Clone, PartialEq)]
pub struct StoredToken {
    /// When the token ends. A token without an end, which only a foreign row can be, is never live.
    pub expires: Option<Timestamp>,
    pub user_id: Option<String>,
    pub trust_id: Option<String>,
    /// Everything else: `key` (the whole text), `user`, `tenant`, `metadata`, `token_data`,
    /// `token_version`.
    pub extra: Map<String, Value>,
}

/// The text in it is a credential.
impl fmt::Debug for StoredToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StoredToken")
            .field("expires", &self.expires)
            .field("user_id", &self.user_id)
            .field("trust_id", &self.trust_id)
            .finish_non_exhaustive()
    }
}

impl StoredToken {
    /// Whether the token has not expired. It still may be deleted.
    pub fn is_live_at(&self, now: Timestamp) -> bool {
        self.expires
            .is_some_and(|expires| expires.seconds() > now.seconds())
    }

    /// The whole text of the token.
    pub fn key(&self) -> Option<&str> {
        self.extra.get("key").and_then(Value::as_str)
    }

    /// The project that it is for.
    pub fn tenant_id(&self) -> Option<&str> {
        self.extra.get("tenant")?.get("id")?.as_str()
    }

    /// The OAuth1 consumer that it was made for.
    pub fn consumer_id(&self) -> Option<&str> {
        let token = self.extra.get("token_data")?.get("token")?;
        token.get("OS-OAUTH1")?.get("consumer_id")?.as_str()
    }

    /// The user to whom a trust gave it.
    pub fn trustee_user_id(&self) -> Option<&str> {
        self.extra.get("metadata")?.get("trustee_user_id")?.as_str()
    }

    /// The first audit id, of either version's document.
    pub fn audit_id(&self) -> Option<&str> {
        self.token()?.get("audit_ids")?.get(0)?.as_str()
    }

    /// When it was made.
    pub fn issued_at(&self) -> Option<Timestamp> {
        Timestamp::parse(self.token()?.get("issued_at")?.as_str()?)
    }

    /// The `token` member of either version's document.
    fn token(&self) -> Option<&Value> {
        let data = self.extra.get("token_data")?;
        data.get("token")
            .or_else(|| data.get("access")?.get("token"))
    }

    /// The JSON by which stores of texts keep it.
    fn to_json(&self) -> String {
        serde_json::json!({
            "expires": self.expires.map(Timestamp::micros),
            "user_id": self.user_id,
            "trust_id": self.trust_id,
            "extra": self.extra,
        })
        .to_string()
    }

    /// Reads [`to_json`](Self::to_json).
    fn from_json(text: &[u8]) -> Result<Self> {
        let broken = |reason: &dyn fmt::Display| {
            Error::internal(format!("a token in the store is broken: {reason}"))
        };
        let value: Value = serde_json::from_slice(text).map_err(|error| broken(&error))?;
        let text = |name: &str| value[name].as_str().map(str::to_owned);
        let Value::Object(extra) = &value["extra"] else {
            return Err(broken(&"it has no data"));
        };
        Ok(Self {
            expires: value["expires"].as_i64().and_then(Timestamp::from_micros),
            user_id: text("user_id"),
            trust_id: text("trust_id"),
            extra: extra.clone(),
        })
    }
}

/// A page of a walk through a store.
#[derive(Clone, Debug, Default)]
pub struct TokenPage {
    /// Tokens with their ids.
    pub tokens: Vec<(String, StoredToken)>,
    /// Where the walk goes on; `None` at its end. What the text says is the store's business.
    pub next: Option<String>,
}

/// Which tokens to delete: those of a trust, or else of a user.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TokenFilter {
    /// Whose tokens; not looked at when a trust is given.
    pub user_id: String,
    /// Only those for this project.
    pub tenant_id: Option<String>,
    /// Those of this trust, whoever's.
    pub trust_id: Option<String>,
    /// Only those for this OAuth1 consumer.
    pub consumer_id: Option<String>,
    /// Only those that were issued in this second or before.
    pub issued_until: Option<Timestamp>,
}

impl TokenFilter {
    /// All tokens of a user.
    pub fn of_user(user_id: &str) -> Self {
        Self {
            user_id: user_id.to_owned(),
            ..Self::default()
        }
    }

    /// All tokens of a trust.
    pub fn of_trust(trust_id: &str) -> Self {
        Self {
            trust_id: Some(trust_id.to_owned()),
            ..Self::default()
        }
    }

    /// Whether the time of issue is one that is meant; an unknown one is.
    fn covers(&self, issued_at: Option<Timestamp>) -> bool {
        let both = self.issued_until.zip(issued_at);
        both.is_none_or(|(until, issued_at)| issued_at.seconds() <= until.seconds())
    }

    /// Whether a token is meant.
    pub fn matches(&self, token: &StoredToken) -> bool {
        let whose = match &self.trust_id {
            Some(trust) => token.trust_id.as_ref() == Some(trust),
            None => token.user_id.as_deref() == Some(&self.user_id),
        };
        let same = |wanted: &Option<String>, actual: Option<&str>| {
            wanted
                .as_deref()
                .is_none_or(|wanted| actual == Some(wanted))
        };
        whose
            && same(&self.tenant_id, token.tenant_id())
            && same(&self.consumer_id, token.consumer_id())
            && self.covers(token.issued_at())
    }
}

/// An entry of the revocation list. Entries are ordered by end and id.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct RevokedToken {
    pub expires: Timestamp,
    pub id: String,
    /// The token's first audit id; tokens older than those have none.
    pub audit_id: Option<String>,
}

impl RevokedToken {
    /// The entry of a token; `None` for one without an end.
    pub fn of(id: &str, token: &StoredToken) -> Option<Self> {
        Some(Self {
            expires: token.expires?.whole_seconds(),
            id: id.to_owned(),
            audit_id: token.audit_id().map(str::to_owned),
        })
    }
}

/// The most tokens of a page.
pub(in crate::driver) const PAGE: usize = 500;

fn absent() -> Error {
    Error::not_found("token", "(it is not in the token store)")
}

fn taken() -> Error {
    Error::conflict("There is a token with this id.")
}

/// A store that can't be used now. The reason is logged here, because the error's message is for the
/// client.
fn unavailable(store: &str, reason: &dyn fmt::Display) -> Error {
    tracing::warn!(store, %reason, "token store unavailable");
    Error::Unavailable("The token store is unavailable. Try again later.".to_owned())
}
