//! Users, groups and passwords.

mod login;

pub use login::{UserLookup, check_mfa};

use crate::app::App;
use crate::driver::sql::identity as sql;
use crate::error::{Error, Result};
use crate::model::{User, UserId};

/// Users, groups and passwords.
pub struct IdentityManager<'a> {
    app: &'a App,
}

impl<'a> IdentityManager<'a> {
    /// A view of the app.
    pub fn new(app: &'a App) -> Self {
        Self { app }
    }

    /// The user with this id.
    ///
    /// # Errors
    /// 404 when there is none.
    pub async fn user(&self, id: &UserId) -> Result<User> {
        let mut session = self.app.db.session().await?;
        sql::user(&mut session, id)
            .await?
            .ok_or_else(|| Error::not_found("user", id))
    }
}
