//! OAuth1: users let consumers have access tokens, and consumers log in with these.

mod signed;

pub use signed::RequestCount;

use crate::app::App;
use crate::crypto::oauth1::SignedRequest;
use crate::crypto::random_bytes;
use crate::driver::sql::assignment::role as roles_sql;
use crate::driver::sql::db::{Area, Session};
use crate::driver::sql::{oauth1 as sql, resource};
use crate::error::{Error, Result};
use crate::manager::assignment::lookup::{RoleLookup, role_ids};
use crate::model::event::{Event, ResourceKind};
use crate::model::list::{ListHints, Page};
use crate::model::oauth1::{AccessToken, Consumer, RequestToken};
use crate::model::{
    AccessTokenId, ConsumerId, ProjectId, RequestTokenId, RevocationEvent, Role, Secret, Timestamp,
    UserId,
};
use serde_json::{Map, Value};
use subtle::ConstantTimeEq;
use uuid::Uuid;

/// OAuth1.
pub struct OAuth1Manager<'a> {
    app: &'a App,
}

impl<'a> OAuth1Manager<'a> {
    /// A view of the app.
    pub fn new(app: &'a App) -> Self {
        Self { app }
    }

    /// All consumers.
    pub async fn consumers(&self, hints: &ListHints) -> Result<Page<Consumer>> {
        sql::consumers(&mut self.app.db.session().await?, hints).await
    }

    /// A consumer.
    ///
    /// # Errors
    /// 404.
    pub async fn consumer(&self, id: &ConsumerId) -> Result<Consumer> {
        existing_consumer(&mut self.app.db.session().await?, id).await
    }

    /// Registers a consumer and makes its secret.
    pub async fn create_consumer(
        &self,
        description: Option<String>,
        extra: Map<String, Value>,
    ) -> Result<Consumer> {
        let consumer = Consumer {
            id: ConsumerId::random(),
            description,
            secret: random_secret(),
            extra,
        };
        let stored = &consumer;
        self.app
            .db
            .transaction(|s| {
                Box::pin(async move {
                    sql::insert_consumer(s, stored).await?;
                    s.notify(Event::created(ResourceKind::Consumer, &stored.id));
                    Ok(())
                })
            })
            .await?;
        Ok(consumer)
    }

    /// Changes a consumer, and returns what it has become.
    ///
    /// # Errors
    /// 404.
    pub async fn update_consumer(
        &self,
        id: &ConsumerId,
        description: Option<Option<String>>,
        extra: Map<String, Value>,
    ) -> Result<Consumer> {
        let (description, extra) = (&description, &extra);
        self.app
            .db
            .transaction(|s| {
                Box::pin(async move {
                    s.take_turn(Area::Credential).await?;
                    let mut consumer = existing_consumer(s, id).await?;
                    if let Some(description) = description {
                        consumer.description.clone_from(description);
                    }
                    consumer.extra.extend(extra.clone());
                    sql::update_consumer(s, &consumer).await?;
                    s.notify(Event::updated(ResourceKind::Consumer, id));
                    Ok(consumer)
                })
            })
            .await
    }

    /// Deletes a consumer with its tokens, and ends the logins made with them.
    ///
    /// # Errors
    /// 404.
    pub async fn delete_consumer(&self, id: &ConsumerId) -> Result<()> {
        let revoke = self.app.revoke();
        let event = RevocationEvent {
            consumer_id: Some(id.to_string()),
            ..RevocationEvent::at(self.app.clock.now())
        };
        let (revoke, events) = (&revoke, &[event]);
        self.app
            .db
            .transaction(|s| {
                Box::pin(async move {
                    s.take_turn(Area::Credential).await?;
                    if !sql::delete_consumer(s, id).await? {
                        return Err(Error::not_found("consumer", id));
                    }
                    s.notify(Event::deleted(ResourceKind::Consumer, id));
                    revoke.record_in(s, events).await
                })
            })
            .await
    }

    /// Gives a consumer a request token, for which it asks with a signed request.
    ///
    /// # Errors
    /// 404 for an unknown consumer or project; 401 when the consumer did not sign this, or not just
    /// now.
    pub async fn create_request_token(
        &self,
        request: &SignedRequest,
        project_id: ProjectId,
    ) -> Result<RequestToken> {
        let mut session = self.app.db.session().await?;
        if resource::project(&mut session, &project_id)
            .await?
            .is_none()
        {
            return Err(Error::not_found("project", &project_id));
        }
        let consumer = existing_consumer(&mut session, &consumer_of(request)).await?;
        drop(session);
        self.check_signature(request, &consumer, &Secret::default(), None)
            .await?;
        let token = RequestToken {
            id: RequestTokenId::random(),
            secret: random_secret(),
            verifier: None,
            authorizing_user_id: None,
            requested_project_id: project_id,
            role_ids: Vec::new(),
            consumer_id: consumer.id,
            expires_at: self.end_after(self.app.config().oauth1.request_token_duration),
        };
        let stored = &token;
        self.app
            .db
            .transaction(|s| {
                Box::pin(async move {
                    sql::insert_request_token(s, stored).await?;
                    s.notify(Event::created(ResourceKind::RequestToken, &stored.id));
                    Ok(())
                })
            })
            .await?;
        Ok(token)
    }

    /// Lets a consumer have roles that the user has. Returns the verifier that the user has to tell the
    /// consumer.
    ///
    /// # Errors
    /// 404 for an unknown request token or role name; 401 when it is over or the user lacks a role.
    pub async fn authorize(
        &self,
        id: &RequestTokenId,
        user: &UserId,
        roles: &[RoleLookup],
    ) -> Result<Secret> {
        let verifier = new_verifier()?;
        let outsiders = &self.app.identity().outsiders(&[user]).await?;
        let (this, secret) = (self, &verifier);
        self.app
            .db
            .transaction(|s| {
                Box::pin(async move {
                    let token = this.usable_request_token(s, id).await?;
                    let ids = role_ids(s, roles).await?;
                    let assignment = this.app.assignment();
                    let project = &token.requested_project_id;
                    let held = assignment
                        .roles_on_project(s, (user, outsiders), project)
                        .await?;
                    if !ids.iter().all(|id| held.iter().any(|role| role.id == *id)) {
                        return Err(Error::unauthorized(format!(
                            "user {user} lacks a role that is to be authorized"
                        )));
                    }
                    match sql::authorize_request_token(s, id, user, &ids, secret).await? {
                        true => Ok(()),
                        false => Err(Error::not_found("request token", id)),
                    }
                })
            })
            .await?;
        Ok(verifier)
    }

    /// Turns a request token that a user authorized into an access token, which the consumer fetches
    /// with a signed request. This can be done once.
    ///
    /// # Errors
    /// 404 for an unknown request token; 401 when it is over or not authorized, or the request is not
    /// signed by its consumer, or has another verifier.
    pub async fn create_access_token(&self, request: &SignedRequest) -> Result<AccessToken> {
        let id = RequestTokenId::from(request.get("oauth_token").unwrap_or_default());
        let mut session = self.app.db.session().await?;
        let token = self.usable_request_token(&mut session, &id).await?;
        let consumer = sql::consumer(&mut session, &consumer_of(request)).await?;
        drop(session);
        let consumer = consumer
            .filter(|consumer| consumer.id == token.consumer_id)
            .ok_or_else(|| Error::unauthorized("the request token is another consumer's"))?;
        self.check_signature(request, &consumer, &token.secret, Some(&*token.id))
            .await?;
        let given = request.get("oauth_verifier").unwrap_or_default();
        let verified = token.verifier.as_ref().is_some_and(|verifier| {
            bool::from(verifier.expose().as_bytes().ct_eq(given.as_bytes()))
        });
        let (Some(user), true) = (token.authorizing_user_id, verified) else {
            return Err(Error::unauthorized(
                "no user has authorized the request token, or the verifier is another one",
            ));
        };
        let access = AccessToken {
            id: AccessTokenId::random(),
            secret: random_secret(),
            authorizing_user_id: user,
            project_id: token.requested_project_id,
            role_ids: token.role_ids,
            consumer_id: token.consumer_id,
            expires_at: self.end_after(self.app.config().oauth1.access_token_duration),
        };
        let (stored, id) = (&access, &id);
        self.app
            .db
            .transaction(|s| {
                Box::pin(async move {
                    if !sql::take_request_token(s, id).await? {
                        return Err(Error::not_found("request token", id));
                    }
                    sql::insert_access_token(s, stored).await?;
                    s.notify(Event::created(ResourceKind::AccessToken, &stored.id));
                    Ok(())
                })
            })
            .await?;
        Ok(access)
    }

    /// The access tokens that a user let consumers have.
    pub async fn access_tokens(&self, user: &UserId) -> Result<Vec<AccessToken>> {
        sql::access_tokens(&mut self.app.db.session().await?, user).await
    }

    /// One of a user's access tokens.
    ///
    /// # Errors
    /// 404, also for another user's.
    pub async fn access_token(&self, user: &UserId, id: &AccessTokenId) -> Result<AccessToken> {
        sql::access_token(&mut self.app.db.session().await?, id)
            .await?
            .filter(|token| token.authorizing_user_id == *user)
            .ok_or_else(|| Error::not_found("access token", id))
    }

    /// The roles that an access token names, in order of id; those that are deleted are left out.
    pub async fn roles(&self, token: &AccessToken) -> Result<Vec<Role>> {
        let mut session = self.app.db.session().await?;
        roles_sql::roles_by_id(&mut session, &token.role_ids).await
    }

    /// Withdraws one of a user's access tokens; logins made with it end.
    ///
    /// # Errors
    /// 404, also for another user's.
    pub async fn delete_access_token(&self, user: &UserId, id: &AccessTokenId) -> Result<()> {
        self.app
            .db
            .transaction(|s| {
                Box::pin(async move {
                    sql::access_token(s, id)
                        .await?
                        .filter(|token| token.authorizing_user_id == *user)
                        .ok_or_else(|| Error::not_found("access token", id))?;
                    sql::delete_access_token(s, id).await?;
                    s.notify(Event::deleted(ResourceKind::AccessToken, id));
                    Ok(())
                })
            })
            .await
    }

    async fn usable_request_token(
        &self,
        s: &mut Session,
        id: &RequestTokenId,
    ) -> Result<RequestToken> {
        let token = sql::request_token(s, id)
            .await?
            .ok_or_else(|| Error::not_found("request token", id))?;
        if token
            .expires_at
            .is_some_and(|end| end < self.app.clock.now())
        {
            return Err(Error::unauthorized(format!("request token {id} is over")));
        }
        Ok(token)
    }

    /// `None` for 0 seconds, which stands for ever.
    fn end_after(&self, seconds: u64) -> Option<Timestamp> {
        let seconds = i64::try_from(seconds).unwrap_or(i64::MAX);
        (seconds > 0).then(|| self.app.clock.now().plus_seconds(seconds))
    }
}

async fn existing_consumer(s: &mut Session, id: &ConsumerId) -> Result<Consumer> {
    sql::consumer(s, id)
        .await?
        .ok_or_else(|| Error::not_found("consumer", id))
}

fn consumer_of(request: &SignedRequest) -> ConsumerId {
    ConsumerId::from(request.get("oauth_consumer_key").unwrap_or_default())
}

fn random_secret() -> Secret {
    Secret::from(Uuid::new_v4().simple().to_string())
}

/// Eight letters and digits, which people type.
fn new_verifier() -> Result<Secret> {
    const CHARACTERS: &[u8; 62] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
    let mut verifier = String::with_capacity(8);
    while verifier.len() < 8 {
        // Bytes beyond the largest multiple of 62 would favour the first characters.
        let usable = random_bytes::<16>()?.into_iter().filter(|byte| *byte < 248);
        for byte in usable.take(8 - verifier.len()) {
            verifier.push(char::from(CHARACTERS[usize::from(byte) % 62]));
        }
    }
    Ok(Secret::from(verifier))
}
