//! Users, groups and memberships: all their SQL.
//!
//! A user is a row of `user` with its name elsewhere: in `local_user` (made by this driver), in
//! `nonlocal_user` (kept by another driver, e.g. LDAP) or as `federated_user.display_name`.

mod delete;
mod groups;
mod list;
mod lockout;
mod memberships;
mod options;
mod passwords;
mod users;

pub use delete::{delete_user, user_ids_of_domain};
pub use groups::{delete_group, group, group_by_name, group_ids_of_domain, groups};
pub use groups::{groups_by_ids, insert_group, update_group};
pub use list::{ExpiryComparison, PasswordExpiryFilter, UserQuery, users, users_by_ids};
pub use lockout::{LockoutRule, clear_failed_logins, record_failed_login, record_successful_login};
pub use memberships::remove_member;
pub use memberships::{add_member, groups_of_user, is_member, member_ids};
/// For the `SELECT` of whole users.
use passwords::password_columns;
pub use passwords::{NewPassword, add_password, latest_password, password_history};
pub use users::{
    LoginKey, clear_default_project, insert_federated_user, insert_shadow, insert_user,
    local_login, record_activity, record_login, reset_last_active,
};
pub use users::{any_user, update_user, user, user_by_name, user_exists};
