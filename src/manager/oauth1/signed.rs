//! Signed requests: by whom, when, and only once.

use super::{OAuth1Manager, consumer_of, sql};
use crate::crypto::hex;
use crate::crypto::oauth1::SignedRequest;
use crate::driver::sql::flush::{Flush, NONCES};
use crate::error::{Error, Result};
use crate::manager::auth::{Grant, Proof};
use crate::model::oauth1::Consumer;
use crate::model::{AccessTokenId, ConsumerId, Secret, Timestamp};
use aws_lc_rs::digest::{SHA256, digest};
use std::sync::{Mutex, PoisonError};

/// So many seconds the clocks of clients may differ from ours.
const WINDOW: i64 = 600;

/// So many requests a process takes within a window; the table in which they are remembered grows no
/// further.
const MOST_REQUESTS: u32 = 200_000;

/// How many signed requests this process took lately.
#[derive(Default)]
pub struct RequestCount(Mutex<Taken>);

#[derive(Default)]
struct Taken {
    /// The window: time divided by its length.
    window: i64,
    requests: u32,
}

impl RequestCount {
    /// Whether another request may be taken.
    fn take(&self, now: i64, most: u32) -> bool {
        let mut taken = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let window = now.div_euclid(WINDOW);
        if taken.window != window {
            *taken = Taken {
                window,
                requests: 0,
            };
        }
        let may = taken.requests < most;
        taken.requests += u32::from(may);
        may
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
        self.check_signature(request, &consumer, &token.secret, Some(&*id))
            .await?;
        Ok(Proof {
            grant: Some(Grant::from(&token)),
            ..Proof::of_user(token.authorizing_user_id)
        })
    }

    /// Whether a consumer signed this, just now, and for the first time on any node.
    ///
    /// # Errors
    /// 401 when not; 503 when so many requests came lately that no more can be remembered.
    pub(super) async fn check_signature(
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
        let now = self.app.clock.now();
        let signed_at = request
            .timestamp()
            .filter(|then| now.seconds().abs_diff(*then) <= WINDOW.unsigned_abs())
            .and_then(Timestamp::from_seconds)
            .ok_or_else(|| Error::unauthorized("the request was not signed just now"))?;
        if !self.app.signed_requests.take(now.seconds(), MOST_REQUESTS) {
            return Err(Error::Unavailable(
                "Too many OAuth1 requests came lately. Try again later.".to_owned(),
            ));
        }
        let id = request_id(request, &consumer.id, token.unwrap_or_default());
        let expires = signed_at.plus_seconds(WINDOW);
        match sql::insert_nonce(&self.app.db, &id, expires).await? {
            true => Ok(()),
            false => Err(Error::unauthorized("the request came before")),
        }
    }

    /// Forgets requests that have become too old to be good again, also by the clock of a node that is
    /// slow. Returns how many.
    pub async fn prune_requests(&self) -> Result<u64> {
        let until = self.app.clock.now().plus_seconds(-WINDOW);
        Flush::new(&self.app.db, NONCES, until).finish().await
    }
}

/// What makes a signed request one: RFC 5849, section 3.3.
fn request_id(request: &SignedRequest, consumer: &ConsumerId, token: &str) -> String {
    let field = |name| request.get(name).unwrap_or_default();
    let (timestamp, nonce) = (field("oauth_timestamp"), field("oauth_nonce"));
    let text = format!("{consumer}\n{token}\n{timestamp}\n{nonce}");
    hex(digest(&SHA256, text.as_bytes()).as_ref())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn so_many_requests_are_taken_in_a_window_and_no_more() {
        let count = RequestCount::default();
        let taken = |now| (0..5).filter(|_| count.take(now, 3)).count();
        assert_eq!(taken(WINDOW), 3);
        assert_eq!(taken(2 * WINDOW - 1), 0);
        assert_eq!(taken(2 * WINDOW), 3);
    }
}
