//! A token instead of one that a change of password has just ended.

use super::AuthManager;
use crate::error::Result;
use crate::manager::token::TokenEntry;
use crate::model::token::{TokenPayload, ValidToken};
use crate::token::audit_id;
use std::sync::Arc;

impl AuthManager<'_> {
    /// Gives the user of a token another one for the same scope, and no longer than it. It begins
    /// with the next second, because all tokens of the second of the change are revoked.
    ///
    /// # Errors
    /// As [`authenticate`](Self::authenticate), of which it is the second half.
    pub async fn reissue(&self, token: &ValidToken) -> Result<(String, Arc<TokenEntry>)> {
        let begin = self.app.clock.now().whole_seconds().plus_seconds(1);
        let payload = TokenPayload {
            issued_at: begin,
            expires_at: self
                .app
                .token()
                .end(begin, [Some(token.payload.expires_at)]),
            audit_ids: audit_id::for_new_token(None),
            ..token.payload.clone()
        };
        self.app.token().issue(payload).await
    }
}
