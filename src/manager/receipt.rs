//! Receipts of logins that need more methods than were used.

use crate::app::App;
use crate::error::{Error, Result};
use crate::model::delegation::{expiry, is_first_hand};
use crate::model::receipt::IssuedReceipt;
use crate::model::token::DomainRef;
use crate::model::{Timestamp, User, UserId};
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

    /// The failure that tells a user which methods are missing, with a receipt for those passed. It is
    /// good no longer than `until`, the end of the receipt that some of them were passed with.
    ///
    /// # Errors
    /// 401 without a receipt when the user's domain is no good or there are no keys to write one.
    pub async fn issue(
        &self,
        user: &User,
        methods: Vec<String>,
        required_methods: Vec<Vec<String>>,
        until: Option<Timestamp>,
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
        let lifetime = i64::try_from(settings.config.receipt.expiration).unwrap_or(i64::MAX);
        let receipt = Receipt {
            user_id: user.id.clone(),
            methods,
            issued_at,
            expires_at: expiry(issued_at.plus_seconds(lifetime), [until]),
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

    /// What a user has passed already, by the receipt that came with a login.
    ///
    /// # Errors
    /// 401 for a receipt that can't be read, is over, is somebody else's, or tells of a login with a
    /// token or a delegation: other servers write such ones, and what bounds these is not in them.
    pub fn read(&self, receipt: &str, user_id: &UserId) -> Result<Receipt> {
        let settings = self.app.settings();
        let receipt = settings.receipts.decode(receipt);
        let receipt = receipt.ok_or_else(|| Error::unauthorized("the receipt can't be read"))?;
        if receipt.expires_at <= self.app.clock.now() {
            return Err(Error::unauthorized("the receipt is over"));
        }
        if receipt.user_id != *user_id {
            return Err(Error::unauthorized("the receipt is another user's"));
        }
        let additional = &settings.config.auth.additional_primary_auth_methods;
        let second_hand = |method: &&String| !is_first_hand(method, additional);
        match receipt.methods.iter().find(second_hand) {
            Some(method) => Err(Error::unauthorized(format!(
                "the receipt is of a login by {method}, which is bounded"
            ))),
            None => Ok(receipt),
        }
    }
}
