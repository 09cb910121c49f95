//! Requests that somebody signed with an EC2 or S3 key: from the signature to a token.

mod holder;

use super::{CredentialManager, EC2, Ec2Blob, access_key_id};
use crate::crypto::ec2_signature::{S3StringToSign, SignedRequest, SignedTime};
use crate::driver::sql::db::Area;
use crate::error::{Error, Result};
use crate::manager::token::TokenEntry;
use crate::model::delegation::EC2_METHOD as METHOD;
use crate::model::token::{TokenOrigin, TokenPayload, TokenScope};
use crate::model::{CredentialDelegation, CredentialId, ProjectId, Secret, Timestamp, UserId};
use crate::token::audit_id;
use holder::Holder;
use quick_cache::sync::Cache;
use std::sync::Arc;

/// So many key pairs are kept decrypted.
const CAPACITY: usize = 10_000;

/// Processes that don't count versions (Python ones on the same database) can change rows behind our
/// back: what was read is believed for so many seconds.
const TIME_TO_LIVE: i64 = 5;

/// AWS lets URLs be made so many seconds ahead of their last use.
const LONGEST_AHEAD: i64 = 7 * 24 * 3600;

/// What a service passes on of a request that it received.
#[derive(Debug)]
pub struct SignedLogin<'a> {
    pub access: &'a str,
    pub signature: &'a str,
    pub signed: Signed<'a>,
}

/// What the signature covers.
#[derive(Debug)]
pub enum Signed<'a> {
    Ec2(SignedRequest<'a>),
    S3(S3StringToSign),
}

impl CredentialManager<'_> {
    /// Checks a signature and issues the token of whoever made it, for the project of the key pair.
    ///
    /// # Errors
    /// 404 for an unknown access key; 401 for a wrong signature, one made too long ago or in the
    /// future, and when user or project are no good; 503 when `[auth] methods` lacks the method.
    pub async fn authenticate_signed(
        &self,
        login: &SignedLogin<'_>,
    ) -> Result<(String, Arc<TokenEntry>)> {
        let config = self.app.config();
        if !config.auth.methods.iter().any(|method| method == METHOD) {
            return Err(Error::Unavailable(format!(
                "Signed requests can't be accepted: {METHOD} is not among the [auth] methods."
            )));
        }
        let pair = self.key_pair(login.access).await?;
        let outcome = self.check(login, &pair);
        self.app.metrics.authentication(METHOD, outcome.is_ok());
        outcome?;
        self.issue(&pair).await
    }

    fn check(&self, login: &SignedLogin<'_>, pair: &KeyPair) -> Result<()> {
        let (signed, time) = match &login.signed {
            Signed::Ec2(request) => {
                let signed = request.is_signed(&pair.secret, login.signature)?;
                (signed, request.signed_at()?.map(SignedTime::At))
            }
            Signed::S3(text) => (text.is_signed(&pair.secret, login.signature)?, text.time()),
        };
        if !signed {
            return Err(Error::unauthorized("the signature is another one"));
        }
        let ttl = self.app.config().credential.auth_ttl.saturating_mul(60);
        match time {
            Some(time) if !is_current(time, self.app.clock.now(), ttl) => Err(Error::unauthorized(
                "the request was signed too long ago, or in the future",
            )),
            _ => Ok(()),
        }
    }

    /// The key pair with this access key, from the cache while credentials don't change.
    async fn key_pair(&self, access: &str) -> Result<Arc<KeyPair>> {
        let now = self.app.clock.now();
        let id = access_key_id(access);
        if self.app.tokens.asks_every_time() {
            Box::pin(self.app.db.refresh_versions()).await?;
        }
        let version = self.app.db.versions().of(Area::Credential);
        if let Some(pair) = self.app.key_pairs.get(&id, version, now) {
            return Ok(pair);
        }
        let found = Box::pin(self.find_credential(&id)).await?;
        let unknown = || Error::not_found("EC2 access key", "of that name");
        let found = found
            .filter(|found| found.credential.kind == EC2)
            .ok_or_else(unknown)?;
        let blob = found.blob.ok_or_else(unknown)?;
        let blob = Ec2Blob::parse(&blob).map_err(|_| unknown())?;
        let pair = Arc::new(KeyPair {
            user_id: found.credential.user_id,
            project_id: found.credential.project_id,
            secret: blob.secret().ok_or_else(unknown)?,
            delegation: blob.delegation(),
            version,
            read_at: now,
        });
        self.app.key_pairs.keep(id, &pair);
        Ok(pair)
    }

    /// Issues the token of a key pair.
    async fn issue(&self, pair: &KeyPair) -> Result<(String, Arc<TokenEntry>)> {
        let project_id = pair
            .project_id
            .clone()
            .ok_or_else(|| Error::unauthorized("the key pair is for no project"))?;
        let holder = Holder::of(self.app, &pair.delegation, &pair.user_id, &project_id).await?;
        let end = holder.grant.as_ref().and_then(|grant| grant.expires_at);
        let now = self.app.clock.now().whole_seconds();
        let payload = TokenPayload {
            user_id: holder.user_id,
            methods: vec![METHOD.to_owned()],
            issued_at: now,
            expires_at: self.app.token().end(now, [end]),
            audit_ids: audit_id::for_new_token(None),
            scope: TokenScope::Project(project_id),
            origin: holder
                .grant
                .map_or(TokenOrigin::Direct, |grant| grant.origin),
        };
        let issued = self.app.token().issue(payload).await;
        let issued = issued.map_err(broken_delegation_as_unauthorized)?;
        if let Some(trust) = &holder.trust {
            self.app.trust().consume_use(trust).await?;
        }
        Ok(issued)
    }
}

/// A delegation that does not hold any more is one that was never there.
fn broken_delegation_as_unauthorized(error: Error) -> Error {
    match error {
        Error::Forbidden(reason) => Error::unauthorized(reason),
        other => other,
    }
}

/// Whether a request of some time may still, and already, be used.
fn is_current(time: SignedTime, now: Timestamp, ttl: i64) -> bool {
    let within = |signed: Timestamp, age: i64| {
        now <= signed.plus_seconds(age) && signed <= now.plus_seconds(ttl)
    };
    match time {
        SignedTime::At(signed) => within(signed, ttl),
        SignedTime::PerhapsAhead(signed) => within(signed, ttl.max(LONGEST_AHEAD)),
        SignedTime::Until(end) => now <= end,
    }
}

/// A key pair, decrypted. Its secret is wiped from memory when it is dropped.
pub struct KeyPair {
    user_id: UserId,
    project_id: Option<ProjectId>,
    secret: Secret,
    delegation: CredentialDelegation,
    /// The credentials' version before the row was read.
    version: u64,
    read_at: Timestamp,
}

/// Key pairs that were used lately.
pub struct KeyPairCache(Option<Cache<CredentialId, Arc<KeyPair>>>);

impl KeyPairCache {
    /// A cache; one that keeps nothing when every request must read the database.
    pub fn new(enabled: bool) -> Self {
        Self(enabled.then(|| Cache::new(CAPACITY)))
    }

    fn get(&self, id: &CredentialId, version: u64, now: Timestamp) -> Option<Arc<KeyPair>> {
        let pair = self.0.as_ref()?.get(id)?;
        let age = now.seconds().saturating_sub(pair.read_at.seconds());
        (pair.version == version && (0..TIME_TO_LIVE).contains(&age)).then_some(pair)
    }

    fn keep(&self, id: CredentialId, pair: &Arc<KeyPair>) {
        if let Some(cache) = &self.0 {
            cache.insert(id, Arc::clone(pair));
        }
    }

    /// Forgets everything.
    pub fn clear(&self) {
        if let Some(cache) = &self.0 {
            cache.clear();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signed_time_has_a_past_and_a_future() {
        let now = Timestamp::parse("2026-01-01T00:00:00Z").unwrap();
        let current = |time: fn(Timestamp) -> SignedTime, seconds| {
            is_current(time(now.plus_seconds(seconds)), now, 900)
        };
        for (seconds, good) in [
            (-901, false),
            (-900, true),
            (0, true),
            (900, true),
            (901, false),
        ] {
            assert_eq!(current(SignedTime::At, seconds), good, "{seconds}");
        }
        let week = 7 * 24 * 3600;
        for (seconds, good) in [(-week - 1, false), (-week, true), (900, true), (901, false)] {
            assert_eq!(
                current(SignedTime::PerhapsAhead, seconds),
                good,
                "{seconds}"
            );
        }
        assert!(current(SignedTime::Until, 0) && !current(SignedTime::Until, -1));
    }
}
