//! Receipts: what a user gets who has passed some, but not all, of the methods needed.

use super::token::DomainRef;
use super::{Timestamp, UserId};

/// A receipt as its answer shows it.
#[derive(Clone, Debug)]
pub struct IssuedReceipt {
    /// What the user brings to the next login.
    pub text: String,
    pub user_id: UserId,
    pub user_name: String,
    pub user_domain: DomainRef,
    /// The methods passed so far.
    pub methods: Vec<String>,
    pub issued_at: Timestamp,
    pub expires_at: Timestamp,
    /// The rules that the methods are on the way to, each as the methods that it takes.
    pub required_methods: Vec<Vec<String>>,
}
