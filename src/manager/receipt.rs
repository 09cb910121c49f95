//! Receipts of logins that need more methods than were used.

use crate::app::App;
use crate::error::{Error, Result};
use crate::model::receipt::IssuedReceipt;
use crate::model::token::DomainRef;
use crate::model::{User, UserId};
use crate::token::receipt::Receipt;

/// Issues receipts and takes them back.
pub struct ReceiptManager<'a> {
    app: &'a App,
}

impl<'a> ReceiptManager<'a> {
    /// A view of the app.
    pub fn new(app: &'a App) -> Self {
        Self { app }
    }

    /// The failure that tells a user which methods are missing, with a receipt for those passed.
    ///
    /// # Errors
    /// 401 without a receipt when the user's domain is no good or there are no keys to write one.
    pub async fn issue(
        &self,
        user: &User,
        methods: Vec<String>,
        required_methods: Vec<Vec<String>>,
    ) -> Result<IssuedReceipt> {
        let domain = self.app.resource().domain(&user.domain_id).await;
        let domain = domain.map_err(|error| match error {
            Error::NotFound { .. } => Error::unauthorized(error.to_string()),
            other => other,
        })?;
        if !domain.enabled {
            return Err(Error::unauthorized(format!(
                "domain {} of user {} is disabled",
                domain.id, user.id
            )));
        }
        let settings = self.app.settings();
        let issued_at = self.app.clock.now().whole_seconds();
        let lifetime = settings.config.receipt.expiration;
        let receipt = Receipt {
            user_id: user.id.clone(),
            methods,
            issued_at,
            expires_at: issued_at.plus_seconds(i64::try_from(lifetime).unwrap_or(i64::MAX)),
        };
        let text = settings.receipts.encode(&receipt)?.ok_or_else(|| {
            Error::unauthorized("more methods are needed, and there are no keys for receipts")
        })?;
        Ok(IssuedReceipt {
            text,
            user_id: receipt.user_id,
            user_name: user.name.clone(),
            user_domain: DomainRef {
                id: domain.id.into(),
                name: domain.name,
            },
            methods: receipt.methods,
            issued_at,
            expires_at: receipt.expires_at,
            required_methods,
        })
    }

    /// The methods that a user has passed already, by the receipt that came with a login.
    ///
    /// # Errors
    /// 401 for a receipt that can't be read, is over, or is somebody else's.
    pub fn methods_of(&self, receipt: &str, user_id: &UserId) -> Result<Vec<String>> {
        let receipt = self.app.settings().receipts.decode(receipt);
        let receipt = receipt.ok_or_else(|| Error::unauthorized("the receipt can't be read"))?;
        if receipt.expires_at <= self.app.clock.now() {
            return Err(Error::unauthorized("the receipt is over"));
        }
        if receipt.user_id != *user_id {
            return Err(Error::unauthorized("the receipt is another user's"));
        }
        Ok(receipt.methods)
    }
}
