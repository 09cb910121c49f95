//! Setting passwords.

use super::outside_login::LoginPlace;
use super::outsiders::read_only;
use super::password_rules::{self as rules, SetBy};
use super::{IdentityManager, UserLookup};
use crate::crypto::password;
use crate::driver::sql::db::Session;
use crate::driver::sql::identity::{self as sql, LoginKey, NewPassword};
use crate::error::{Error, Result};
use crate::model::event::{Event, ResourceKind};
use crate::model::{LocalLogin, Secret, User, UserId};

impl IdentityManager<'_> {
    /// Changes a password on behalf of its owner, who proves to be it with the password until now,
    /// expired or not. All tokens of the user are revoked.
    ///
    /// # Errors
    /// 401 when the original password is wrong or the account is locked or disabled; 400 when the
    /// rules for passwords forbid the change or the new password; 403 when a directory keeps the user.
    pub async fn change_password(
        &self,
        id: &UserId,
        original: &Secret,
        new: &Secret,
    ) -> Result<()> {
        let who = UserLookup::Id(id.clone());
        let login = match self.login_place(&who).await? {
            LoginPlace::Database => self.login_of(LoginKey::Id(id)).await?,
            LoginPlace::Directory(login) => {
                self.authenticate_outside(&who, *login, original).await?;
                return Err(read_only());
            }
            LoginPlace::Nowhere => None,
        };
        let login = self.check_password(login, original).await?;
        self.tell_success(&login.user);
        let config = self.app.config();
        let now = self.app.clock.now();
        if let Err(error) = self.check_change(&login, new).await {
            if let Error::BadRequest(_) = &error {
                self.tell_refused_password(id, &error);
            }
            return Err(error);
        }
        let password = NewPassword {
            hash: Some(self.hash(new).await?),
            expires_at: rules::expiry(&config, &login.user, SetBy::Owner, now),
            self_service: true,
        };
        let seen = login.password.map(|row| row.id);
        let event = [self.app.revoke().of_user(id)];
        let (this, password, event) = (self, &password, &event);
        self.app
            .db
            .transaction(|s| {
                Box::pin(async move {
                    // The original password must still be the one that was checked.
                    if sql::latest_password(s, id).await?.map(|row| row.id) != seen {
                        return Err(Error::unauthorized(format!(
                            "the password of user {id} was changed meanwhile"
                        )));
                    }
                    this.store_password(s, id, password).await?;
                    s.notify(Event::updated(ResourceKind::User, id));
                    this.app.revoke().record_in(s, event).await
                })
            })
            .await
    }

    /// Holds a change that a user wants against the rules.
    async fn check_change(&self, login: &LocalLogin, new: &Secret) -> Result<()> {
        let config = self.app.config();
        let now = self.app.clock.now();
        rules::check_change(&config, &login.user, login.password.as_ref(), now)?;
        rules::check_regex(&config, new.expose())?;
        self.check_history(&login.user.id, new).await
    }

    /// A new password's row, checked and hashed, for a user with these options. `None` takes the
    /// password away.
    pub(super) async fn password_by_admin(
        &self,
        user: &User,
        password: Option<&Secret>,
    ) -> Result<NewPassword> {
        let Some(password) = password else {
            return Ok(NewPassword {
                hash: None,
                expires_at: None,
                self_service: false,
            });
        };
        let config = self.app.config();
        rules::check_regex(&config, password.expose())?;
        Ok(NewPassword {
            hash: Some(self.hash(password).await?),
            expires_at: rules::expiry(&config, user, SetBy::Admin, self.app.clock.now()),
            self_service: false,
        })
    }

    /// Makes a password the current one and forgets the failures with the one before.
    pub(super) async fn store_password(
        &self,
        s: &mut Session,
        id: &UserId,
        password: &NewPassword,
    ) -> Result<()> {
        let keep = rules::kept_history(&self.app.config());
        sql::add_password(s, id, password, keep, self.app.clock.now()).await?;
        sql::clear_failed_logins(s, id).await
    }

    /// The hash of a new secret, as configured.
    ///
    /// # Errors
    /// 400 when it is too long; 503 when too many wait for a hash.
    pub async fn hash(&self, password: &Secret) -> Result<Secret> {
        let parameters = self.app.settings().hashing.clone();
        // Refused before it waits for a turn.
        password::check_length(&parameters, password.expose())?;
        let password = password.clone();
        let hash = self
            .app
            .hashing
            .run(move || password::hash(&parameters, password.expose()));
        hash.await?.map(Secret::from)
    }

    /// Refuses a password that is among the last `unique_last_password_count`, the current one
    /// included.
    async fn check_history(&self, id: &UserId, new: &Secret) -> Result<()> {
        let count = self
            .app
            .config()
            .security_compliance
            .unique_last_password_count;
        if count == 0 {
            return Ok(());
        }
        let history = {
            let mut session = self.app.db.session().await?;
            let count = u32::try_from(count).unwrap_or(u32::MAX);
            sql::password_history(&mut session, id, count).await?
        };
        let parameters = self.app.settings().hashing.clone();
        let new = new.clone();
        let used = self
            .app
            .hashing
            .run(move || {
                history
                    .iter()
                    .filter_map(|row| row.hash.as_ref())
                    .any(|hash| password::verify(&parameters, new.expose(), hash.expose()))
            })
            .await?;
        if used {
            return Err(Error::bad_request(format!(
                "The new password must differ from the last {count}."
            )));
        }
        Ok(())
    }
}
