//! Tokens that are kept in a store: writing them and looking them up.

use super::TokenManager;
use crate::driver::token_store::StoredToken;
use crate::error::{Error, Result};
use crate::model::token::{ResolvedScope, TokenPayload, ValidToken};
use crate::token::document;
use crate::token::provider::{Recognized, TokenProvider};
use serde_json::{Map, Value, json};
use subtle::ConstantTimeEq as _;

/// A file by which services check signatures.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CertificateFile {
    /// `[signing] ca_certs`
    Ca,
    /// `[signing] certfile`
    Signing,
}

impl TokenManager<'_> {
    /// Writes a token and puts it into the store. Returns its text.
    pub(super) async fn keep(
        &self,
        provider: &TokenProvider,
        token: &ValidToken,
    ) -> Result<String> {
        let document = document::of(token, true);
        let text = provider.write(&document)?;
        let stored = StoredToken {
            expires: Some(token.payload.expires_at),
            user_id: Some(token.user.id.to_string()),
            trust_id: token.trust().map(|trust| trust.id.to_string()),
            extra: extra(token, &text, document),
        };
        let id = provider.unique_id(&text);
        let store = &self.app.token_store;
        let created = store.create_token(&id, &stored, self.app.clock.now()).await;
        if let Err(Error::Conflict(_)) = created {
            // The same text twice, or a write whose answer got lost: it is there all the same.
            store.get_token(&id).await?;
        } else {
            created?;
        }
        Ok(text)
    }

    /// What a token in the store says.
    ///
    /// # Errors
    /// 401 when it is not there or deleted; 503 when the store can't be asked.
    pub(super) async fn look_up(&self, text: &str, id: &str) -> Result<TokenPayload> {
        let stored = self.app.token_store.get_token(id).await;
        let stored = stored.map_err(|error| match error {
            Error::NotFound { .. } => {
                Error::unauthorized("the token store does not have the token")
            }
            other => other,
        })?;
        let key = stored.key().unwrap_or(id);
        // Two texts may have one short id, if somebody took the trouble.
        if text != id && !bool::from(key.as_bytes().ct_eq(text.as_bytes())) {
            return Err(Error::unauthorized(
                "the token store has another token of this id",
            ));
        }
        payload_of(&stored)
            .ok_or_else(|| Error::unauthorized("the token store has a token that can't be read"))
    }

    /// Deletes a token from the store, if it is one that is kept there.
    pub(super) async fn drop_kept(&self, text: &str) -> Result<()> {
        let settings = self.app.settings();
        if !settings.config.token.revoke_by_id {
            return Ok(());
        }
        let Recognized::Stored(id) = settings.tokens.recognize(text) else {
            return Ok(());
        };
        let now = self.app.clock.now();
        match self.app.token_store.delete_token(&id, now).await {
            // Somebody was quicker.
            Err(Error::NotFound { .. }) => Ok(()),
            done => done,
        }
    }

    /// The text of a certificate file.
    ///
    /// # Errors
    /// 410 when there is none.
    pub async fn certificate(&self, which: CertificateFile) -> Result<String> {
        let config = self.app.config();
        let path = match which {
            CertificateFile::Ca => &config.signing.ca_certs,
            CertificateFile::Signing => &config.signing.certfile,
        };
        tokio::fs::read_to_string(path).await.map_err(|error| {
            tracing::debug!(path = %path.display(), %error, "no certificate to serve");
            Error::Gone("This server has no such certificate.".to_owned())
        })
    }
}

/// What a token that is kept says; `None` when it can't be read.
pub(super) fn payload_of(stored: &StoredToken) -> Option<TokenPayload> {
    let mut payload = document::payload(stored.extra.get("token_data")?)?;
    payload.expires_at = payload.expires_at.min(stored.expires?);
    Some(payload)
}

/// The JSON beside the columns, as older releases wrote it.
fn extra(token: &ValidToken, text: &str, document: Value) -> Map<String, Value> {
    let user = &token.user;
    let tenant = match &token.scope {
        ResolvedScope::Project {
            id, name, domain, ..
        } => json!({ "id": id, "name": name, "domain": domain }),
        _ => Value::Null,
    };
    let role_ids: Vec<_> = token.roles.iter().map(|role| &role.id).collect();
    let mut metadata = json!({ "roles": role_ids });
    if let Some(trust) = token.trust() {
        metadata["trust_id"] = json!(trust.id);
        metadata["trustee_user_id"] = json!(trust.trustee_user_id);
    }
    let members = [
        ("key", json!(text)),
        (
            "user",
            json!({ "id": user.id, "name": user.name, "domain": user.domain }),
        ),
        ("tenant", tenant),
        ("metadata", metadata),
        ("token_version", json!("v3.0")),
        ("token_data", document),
    ];
    let members = members.into_iter();
    members
        .map(|(name, value)| (name.to_owned(), value))
        .collect()
}
