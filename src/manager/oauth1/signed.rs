//! Signed requests: by whom, when, and only once.

use super::{OAuth1Manager, consumer_of, sql};
use crate::crypto::oauth1::SignedRequest;
use crate::error::{Error, Result};
use crate::manager::auth::{Grant, Proof};
use crate::model::oauth1::Consumer;
use crate::model::token::{TokenOrigin, TokenScope};
use crate::model::{AccessTokenId, Secret};
use std::collections::{HashSet, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};

/// So many seconds the clocks of clients may differ from ours.
const WINDOW: i64 = 600;

/// So many requests are remembered; past them the oldest are forgotten.
const MOST_NONCES: usize = 200_000;

/// The signed requests of the last minutes, by what makes each of them one: whoever replays one is
/// refused. Each process has its own.
#[derive(Default)]
pub struct NonceMemory(Mutex<Nonces>);

#[derive(Default)]
struct Nonces {
    known: HashSet<Arc<str>>,
    /// In order of arrival, with the second of it.
    arrivals: VecDeque<(i64, Arc<str>)>,
}

impl NonceMemory {
    /// Whether this is the first time; from now on it is not.
    fn is_first(&self, request: String, now: i64) -> bool {
        let mut nonces = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        nonces.forget(now);
        let request = Arc::<str>::from(request);
        let is_new = nonces.known.insert(Arc::clone(&request));
        if is_new {
            nonces.arrivals.push_back((now, request));
        }
        is_new
    }
}

impl Nonces {
    /// Forgets what no clock can make good any more: a request is good from a window before our time
    /// to a window after it.
    fn forget(&mut self, now: i64) {
        while let Some((arrived, request)) = self.arrivals.front() {
            let is_over = now.saturating_sub(*arrived) > 2 * WINDOW;
            if !is_over && self.arrivals.len() < MOST_NONCES {
                break;
            }
            self.known.remove(request);
            self.arrivals.pop_front();
        }
    }
}

impl OAuth1Manager<'_> {
    /// The user who let a consumer have the access token that a login is signed with.
    ///
    /// # Errors
    /// 400 without a token; 404 for an unknown one; 401 when it is over, or the request is not signed
    /// by its consumer, or not just now, or came before.
    pub async fn authenticate(&self, request: &SignedRequest) -> Result<Proof> {
        let id = request.get("oauth_token").filter(|id| !id.is_empty());
        let id = AccessTokenId::from(id.ok_or_else(|| {
            Error::bad_request("The Authorization header needs an 'oauth_token'.")
        })?);
        let mut session = self.app.db.session().await?;
        let token = sql::access_token(&mut session, &id)
            .await?
            .ok_or_else(|| Error::not_found("access token", &id))?;
        let consumer = sql::consumer(&mut session, &consumer_of(request)).await?;
        drop(session);
        let now = self.app.clock.now();
        if token.expires_at.is_some_and(|end| end < now) {
            return Err(Error::unauthorized(format!("access token {id} is over")));
        }
        let consumer = consumer
            .filter(|consumer| consumer.id == token.consumer_id)
            .ok_or_else(|| Error::unauthorized("the access token is another consumer's"))?;
        self.check_signature(request, &consumer, &token.secret, Some(&*id))?;
        Ok(Proof {
            user_id: token.authorizing_user_id,
            parent: None,
            grant: Some(Grant {
                origin: TokenOrigin::OAuth1 {
                    access_token_id: id,
                },
                scope: TokenScope::Project(token.project_id),
                expires_at: token.expires_at,
            }),
        })
    }

    /// Whether a consumer signed this, just now, and for the first time.
    pub(super) fn check_signature(
        &self,
        request: &SignedRequest,
        consumer: &Consumer,
        token_secret: &Secret,
        token: Option<&str>,
    ) -> Result<()> {
        if !request.is_signed_with(consumer.secret.expose(), token_secret.expose()) {
            return Err(Error::unauthorized(format!(
                "the request is not signed by consumer {}",
                consumer.id
            )));
        }
        let now = self.app.clock.now().seconds();
        let timestamp = request
            .timestamp()
            .filter(|then| now.abs_diff(*then) <= WINDOW.unsigned_abs())
            .ok_or_else(|| Error::unauthorized("the request was not signed just now"))?;
        let nonce = request.get("oauth_nonce").unwrap_or_default();
        let token = token.unwrap_or_default();
        let key = format!("{}\n{token}\n{timestamp}\n{nonce}", consumer.id);
        if self.app.nonces.is_first(key, now) {
            Ok(())
        } else {
            Err(Error::unauthorized("the request came before"))
        }
    }
}
