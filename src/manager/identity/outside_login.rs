//! Password logins of users whom a directory keeps, and the record of them that stays here.

use super::audit::Failure;
use super::outsiders::{Local, Place, Site};
use super::{IdentityManager, UserLookup};
use crate::driver::ldap::DirectoryUser;
use crate::driver::sql::identity as sql;
use crate::error::{Error, Result};
use crate::model::{EntityType, Secret, User};
use std::sync::Arc;

/// Widths of the columns of such a record, in characters.
const LONGEST_ID: usize = 64;
const LONGEST_NAME: usize = 255;

/// Whom a login names, where a directory would know.
pub(super) struct OutsideLogin {
    site: Site,
    /// The user as everybody sees it, and as the directory does.
    found: Option<(User, Arc<DirectoryUser>)>,
}

impl OutsideLogin {
    /// The user that the login names.
    pub fn user(&self) -> Option<&User> {
        self.found.as_ref().map(|(user, _)| user)
    }
}

/// Who checks a login.
pub(super) enum LoginPlace {
    Database,
    Directory(Box<OutsideLogin>),
    /// Nobody can have such an id or name.
    Nowhere,
}

impl IdentityManager<'_> {
    /// Who checks a login, and whom it names there. A directory is asked every time.
    ///
    /// # Errors
    /// 503 when the directory is away.
    pub(super) async fn login_place(&self, who: &UserLookup) -> Result<LoginPlace> {
        if self.drivers().await?.is_none() {
            return Ok(LoginPlace::Database);
        }
        let (domain, name) = match who {
            UserLookup::Name { name, domain } => (self.login_domain(domain).await?, name),
            UserLookup::Id(id) => {
                return Ok(match self.place_of(EntityType::User, id).await? {
                    Place::Database => LoginPlace::Database,
                    Place::Nowhere => LoginPlace::Nowhere,
                    Place::Directory(local) => {
                        let now = self.app.clock.now();
                        let Local { site, id: local_id } = local;
                        let found = site.directory.user_now(&local_id, now).await?;
                        let found = found.map(|there| {
                            let here =
                                super::outsiders::user_here(&site.domain_id, id.clone(), &there);
                            (here, there)
                        });
                        LoginPlace::Directory(Box::new(OutsideLogin { site, found }))
                    }
                });
            }
        };
        let Some(domain) = domain else {
            return Ok(LoginPlace::Nowhere);
        };
        match self.site_of(&domain).await {
            Ok(None) => Ok(LoginPlace::Database),
            Ok(Some(site)) => {
                let found = self.outside_user_by_name(&site, name).await?;
                Ok(LoginPlace::Directory(Box::new(OutsideLogin {
                    site,
                    found,
                })))
            }
            Err(Error::NotFound { .. }) => Ok(LoginPlace::Nowhere),
            Err(error) => Err(error),
        }
    }

    /// The user whose password the directory says this is.
    ///
    /// # Errors
    /// 401, whatever is wrong with the login; 503 when the directory is away.
    pub(super) async fn authenticate_outside(
        &self,
        who: &UserLookup,
        login: OutsideLogin,
        password: &Secret,
    ) -> Result<User> {
        let Some((user, there)) = login.found else {
            self.tell_unknown(who);
            return Err(Error::unauthorized("no such user"));
        };
        let refused = |why: &str| {
            self.tell_failure(&user, Failure::Other);
            Err(Error::unauthorized(format!("user {} {why}", user.id)))
        };
        if !login.site.directory.verifies(&there, password).await? {
            return refused("has another password, says the directory");
        }
        if !user.enabled {
            return refused("is disabled");
        }
        self.shadow(&user).await?;
        self.tell_success(&user);
        Ok(user)
    }

    /// Keeps a record of a user who has logged in, with the day.
    async fn shadow(&self, user: &User) -> Result<()> {
        let fits =
            user.id.chars().count() <= LONGEST_ID && user.name.chars().count() <= LONGEST_NAME;
        if !fits {
            tracing::debug!(id = %user.id, "too long for a record of the user");
            return Ok(());
        }
        let now = self.app.clock.now();
        let today = now.naive().date();
        let known = sql::user(&mut self.app.db.session().await?, &user.id).await?;
        if known.is_none() {
            let mut record = User {
                created_at: Some(now),
                ..user.clone()
            };
            record
                .default_project_id
                .take_if(|id| id.chars().count() > LONGEST_ID);
            let record = &record;
            let stored = self
                .app
                .db
                .transaction(|s| Box::pin(async move { sql::insert_shadow(s, record).await }))
                .await;
            match stored {
                // Another login of the same user was faster.
                Ok(()) | Err(Error::DuplicateKey(_)) => {}
                Err(error) => return Err(error),
            }
        }
        let last = known.and_then(|known| known.last_active_at);
        if last.is_none_or(|day| day < today) {
            sql::record_login(&self.app.db, &user.id, today).await?;
        }
        Ok(())
    }
}
