//! Logins that take no password: one-time passcodes, and users whom a proxy in front has identified.

use super::{IdentityManager, UserLookup};
use crate::crypto::totp::TotpKey;
use crate::driver::sql::db::Session;
use crate::driver::sql::{credential, resource};
use crate::error::{Error, Result};
use crate::manager::auth::{DomainLookup, RemoteUser};
use crate::model::{Secret, User, UserId};

/// The type of credentials that hold the secrets of one-time passcodes.
const TOTP: &str = "totp";

impl IdentityManager<'_> {
    /// The user whose passcode this is.
    ///
    /// # Errors
    /// 401, whatever is wrong; an unknown user costs the time of a wrong passcode.
    pub async fn authenticate_totp(&self, who: &UserLookup, passcode: &Secret) -> Result<User> {
        let user = self.find_named(who).await?;
        let nobody = UserId::from("");
        let id = user.as_ref().map_or(&nobody, |user| &user.id);
        let rows = {
            let mut session = self.app.db.session().await?;
            credential::credentials_of_user(&mut session, id, TOTP).await?
        };
        let manager = self.app.credential();
        let blobs = rows.into_iter().filter_map(|row| manager.open(row).blob);
        let mut keys: Vec<TotpKey> = blobs.filter_map(|blob| TotpKey::parse(&blob)).collect();
        let has_keys = !keys.is_empty();
        if !has_keys {
            keys.push(TotpKey::dummy());
        }
        let now = self.app.clock.now().seconds();
        let windows = self.app.config().totp.included_previous_windows;
        // Every key is tried: which one fits must not show in the time.
        let fitting = keys
            .iter()
            .filter(|key| key.accepts(passcode.expose(), now, windows))
            .count();
        match user {
            Some(user) if has_keys && fitting > 0 => self.enabled(user).await,
            Some(user) => Err(Error::unauthorized(format!(
                "user {} has another passcode",
                user.id
            ))),
            None => Err(Error::unauthorized("no such user")),
        }
    }

    /// The user whom the proxy has identified.
    ///
    /// # Errors
    /// 401 when nobody is called so, or the account is no good.
    pub async fn authenticate_remote(&self, remote: &RemoteUser) -> Result<User> {
        let default =
            || DomainLookup::Id(self.app.config().identity.default_domain_id.as_str().into());
        let domain = remote.domain.clone().map(DomainLookup::Name);
        let who = UserLookup::Name {
            name: remote.name.clone(),
            domain: domain.unwrap_or_else(default),
        };
        match self.find_named(&who).await? {
            Some(user) => self.enabled(user).await,
            None => Err(Error::unauthorized("the remote user is not known here")),
        }
    }

    /// The user that a login names, of whatever kind.
    async fn find_named(&self, who: &UserLookup) -> Result<Option<User>> {
        let (domain, name) = match who {
            UserLookup::Id(id) => return self.find_user(id).await,
            UserLookup::Name { name, domain } => (self.login_domain(domain).await?, name),
        };
        let Some(domain) = domain else {
            return Ok(None);
        };
        match self.find_user_by_name(&domain, name).await {
            Err(Error::NotFound { .. }) => Ok(None),
            found => found,
        }
    }

    /// The user, whose account is good.
    ///
    /// # Errors
    /// 401 when it, or its domain, is disabled.
    pub(in crate::manager) async fn enabled(&self, user: User) -> Result<User> {
        let mut session = self.app.db.session().await?;
        self.check_enabled_in(&mut session, &user).await?;
        Ok(user)
    }

    /// As [`enabled`](Self::enabled), by the caller's session.
    pub(in crate::manager) async fn check_enabled_in(
        &self,
        s: &mut Session,
        user: &User,
    ) -> Result<()> {
        let domain = resource::domain(s, &user.domain_id).await?;
        let refused = |why| Err(Error::unauthorized(format!("user {} {why}", user.id)));
        match domain {
            Some(domain) if domain.enabled && user.enabled => Ok(()),
            Some(domain) if domain.enabled => refused("is disabled"),
            _ => refused("is of a disabled domain"),
        }
    }
}
