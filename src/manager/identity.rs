//! Users, groups and passwords.

mod account;
mod audit;
mod commands;
mod directory;
mod drivers;
mod groups;
mod login;
mod outside_facts;
mod outside_lists;
mod outside_login;
mod outsiders;
mod password_rules;
mod passwords;
mod proof;
mod public_ids;
mod users;

pub use crate::driver::sql::identity::{ExpiryComparison, PasswordExpiryFilter, UserQuery};
pub(in crate::manager) use account::has_been_away;
pub use account::{is_inactive, lacking_methods};
pub use commands::{outside_login, populate};
pub use drivers::{DriverCache, DriverSource, check as check_drivers, is_single_domain};
pub use groups::{GroupUpdate, NewGroup};
pub use login::UserLookup;
pub use outsiders::{Known, Outsiders};
pub use users::{NewUser, UserUpdate};

use crate::app::App;
use crate::error::{Error, Result};

/// Users, groups and passwords.
pub struct IdentityManager<'a> {
    app: &'a App,
}

impl<'a> IdentityManager<'a> {
    /// A view of the app.
    pub fn new(app: &'a App) -> Self {
        Self { app }
    }

    /// `[federation] default_authorization_ttl`: minutes that a membership lasts whose provider says none.
    fn default_ttl_minutes(&self) -> i64 {
        self.app.config().federation.default_authorization_ttl
    }
}

/// Names are stored without the space around them.
fn trimmed(name: &str) -> String {
    name.trim().to_owned()
}

/// Refuses text that its column can't hold. SQLite would store it, and no other database could
/// take the data over.
///
/// # Errors
/// 400 that names the member.
pub(in crate::manager) fn check_length(member: &str, text: &str, limit: usize) -> Result<()> {
    if text.chars().count() > limit {
        return Err(Error::bad_request(format!(
            "'{member}' must have at most {limit} characters."
        )));
    }
    Ok(())
}
