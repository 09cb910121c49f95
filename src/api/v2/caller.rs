//! Who may administrate by v2.0.

use crate::api::context::Context;
use crate::error::{Error, Result};
use crate::model::token::ResolvedScope;
use crate::policy::Target;

impl Context {
    /// Asks policy whether the caller is an administrator, as every call of the admin listener does.
    ///
    /// # Errors
    /// 401 without a good token for a project, whoever it belongs to: v2.0 knows administrators by
    /// their tenant. 403 when `admin_required` says no.
    pub fn enforce_admin(&self) -> Result<()> {
        self.enforce_on_tenant("admin_required", &Target::new())
    }

    /// As [`enforce_admin`](Self::enforce_admin), for another rule.
    pub fn enforce_on_tenant(&self, rule: &str, target: &Target) -> Result<()> {
        if !self.is_admin_token() {
            let token = self.token().map_err(as_unauthorized)?;
            if !matches!(token.scope, ResolvedScope::Project { .. }) {
                return Err(Error::unauthorized("the caller's token is for no tenant"));
            }
        }
        self.enforce(rule, target)
    }
}

/// A token that is for something that is gone is no good, and v2.0 says nothing else about it. Nor does
/// it know receipts.
pub fn as_unauthorized(error: Error) -> Error {
    match error {
        Error::NotFound { .. } | Error::MoreMethods(_) => Error::unauthorized(error.to_string()),
        other => other,
    }
}
