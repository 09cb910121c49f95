//! Password logins.

use super::IdentityManager;
use super::account::{is_locked, lockout_rule};
use super::audit::Failure;
use super::outside_login::LoginPlace;
use crate::crypto::password;
use crate::driver::sql::identity::{self as sql, LockoutRule, LoginKey};
use crate::error::{Error, Result};
use crate::manager::auth::DomainLookup;
use crate::model::{DomainId, EntityType, LocalLogin, Secret, Timestamp, User, UserId};

/// How a login names its user.
#[derive(Clone, Debug)]
pub enum UserLookup {
    Id(UserId),
    Name { name: String, domain: DomainLookup },
}

impl IdentityManager<'_> {
    /// The user whose password this is.
    ///
    /// # Errors
    /// 401, whatever is wrong; an unknown user of the database costs the time of a wrong password. 503
    /// when the user's directory is away.
    pub async fn authenticate(&self, who: &UserLookup, password: &Secret) -> Result<User> {
        let login = match self.login_place(who).await? {
            LoginPlace::Database => self.find_login(who).await?,
            LoginPlace::Directory(login) => {
                return self.authenticate_outside(who, *login, password).await;
            }
            LoginPlace::Nowhere => None,
        };
        if login.is_none() {
            self.tell_unknown(who);
        }
        let now = self.app.clock.now();
        let login = self.check_password(login, password).await?;
        if has_expired(&login, now) {
            self.tell_failure(&login.user, Failure::Expired);
            let user_id = login.user.id.to_string();
            return Err(Error::PasswordExpired { user_id });
        }
        let today = now.naive().date();
        if login.user.last_active_at.is_none_or(|day| day < today) {
            sql::record_login(&self.app.db, &login.user.id, today).await?;
        }
        self.tell_success(&login.user);
        Ok(login.user)
    }

    /// The id of the user that a login names; whether the user can log in is not looked at.
    pub async fn find_user_id(&self, who: &UserLookup) -> Result<Option<UserId>> {
        match who {
            UserLookup::Id(id) => Ok(Some(id.clone())),
            UserLookup::Name { .. } => Ok(match self.login_place(who).await? {
                LoginPlace::Database => self.find_login(who).await?.map(|login| login.user.id),
                LoginPlace::Directory(login) => login.user().map(|user| user.id.clone()),
                LoginPlace::Nowhere => None,
            }),
        }
    }

    async fn find_login(&self, who: &UserLookup) -> Result<Option<LocalLogin>> {
        let (domain, name) = match who {
            UserLookup::Id(id) => return self.login_of(LoginKey::Id(id)).await,
            UserLookup::Name { name, domain } => (self.login_domain(domain).await?, name),
        };
        let Some(domain) = &domain else {
            return Ok(None);
        };
        let login = self.login_of(LoginKey::Name { domain, name }).await?;
        if let Some(login) = &login {
            let id = login.user.id.as_str();
            self.note_ids(EntityType::User, domain, &[id]).await?;
        }
        Ok(login)
    }

    /// The connection goes back to the pool before the hashing, which takes much longer, begins.
    pub(super) async fn login_of(&self, key: LoginKey<'_>) -> Result<Option<LocalLogin>> {
        let mut session = self.app.db.session().await?;
        sql::local_login(&mut session, key).await
    }

    pub(super) async fn login_domain(&self, lookup: &DomainLookup) -> Result<Option<DomainId>> {
        match lookup {
            DomainLookup::Id(id) => Ok(Some(id.clone())),
            DomainLookup::Name(name) => match self.app.resource().domain_by_name(name).await {
                Ok(domain) => Ok(Some(domain.id.into())),
                Err(Error::NotFound { .. }) => Ok(None),
                Err(error) => Err(error),
            },
        }
    }

    /// Holds a password against what was read, counts the outcome, and refuses accounts that are
    /// locked or disabled. An expired password is good here: its owner may change it.
    ///
    /// # Errors
    /// 401, after the time of one hash in every case.
    pub(super) async fn check_password(
        &self,
        login: Option<LocalLogin>,
        password: &Secret,
    ) -> Result<LocalLogin> {
        let now = self.app.clock.now();
        let rule = login
            .as_ref()
            .and_then(|login| lockout_rule(&login.user, &self.app.config(), now));
        let locked = match (&login, rule) {
            (Some(login), Some(rule)) => is_locked(login, rule),
            _ => false,
        };
        let hash = login.as_ref().and_then(|login| login.password.as_ref());
        let hash = hash.and_then(|row| row.hash.clone()).filter(|_| !locked);
        let verified = self.verify(hash, password).await?;
        let login = login.ok_or_else(|| Error::unauthorized("no such user"))?;
        let unlocked = match rule {
            _ if locked => false,
            Some(rule) => self.record_outcome(&login, verified, rule, now).await?,
            None => true,
        };
        if !unlocked {
            self.tell_failure(&login.user, Failure::Locked);
            return Err(refused(&login.user, "is locked after too many failures"));
        }
        if !verified {
            self.tell_failure(&login.user, Failure::WrongPassword(password));
            return Err(refused(&login.user, "has another password"));
        }
        let user = self.as_it_reads(login.user);
        if !user.enabled {
            self.tell_failure(&user, Failure::Other);
            return Err(refused(&user, "is disabled"));
        }
        Ok(LocalLogin { user, ..login })
    }

    /// Whether a hash is a secret's. Without a hash, the answer is no after the same time.
    pub async fn verify(&self, hash: Option<Secret>, password: &Secret) -> Result<bool> {
        let parameters = self.app.settings().hashing.clone();
        let password = password.clone();
        self.app
            .hashing
            .run(move || match hash {
                Some(hash) => password::verify(&parameters, password.expose(), hash.expose()),
                None => {
                    password::dummy(&parameters, password.expose());
                    false
                }
            })
            .await
    }

    /// Other attempts may have locked the account while this one was hashing; then it is refused
    /// even with the right password, or the lock would only slow guessing down. Returns whether the
    /// account is not locked.
    async fn record_outcome(
        &self,
        login: &LocalLogin,
        verified: bool,
        rule: LockoutRule,
        now: Timestamp,
    ) -> Result<bool> {
        let (db, id) = (&self.app.db, login.local_user_id);
        if verified {
            sql::record_successful_login(db, id, rule).await
        } else {
            sql::record_failed_login(db, id, rule, now).await
        }
    }
}

fn has_expired(login: &LocalLogin, now: Timestamp) -> bool {
    let expires_at = login.password.as_ref().and_then(|row| row.expires_at);
    expires_at.is_some_and(|end| end <= now)
}

fn refused(user: &User, why: &str) -> Error {
    Error::unauthorized(format!("user {} {why}", user.id))
}
