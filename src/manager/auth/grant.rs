//! What is handed on, whatever hands it on.

use crate::model::application_credential::ApplicationCredential;
use crate::model::oauth1::AccessToken;
use crate::model::token::{TokenOrigin, TokenScope};
use crate::model::trust::Trust;
use crate::model::{ProjectId, Timestamp};

/// A part of what a user may do, as a credential or a trust hands it on: it brings the token's scope,
/// and no token from it outlives it.
#[derive(Clone, Debug)]
pub struct Grant {
    pub origin: TokenOrigin,
    pub scope: TokenScope,
    pub expires_at: Option<Timestamp>,
}

impl From<&Trust> for Grant {
    fn from(trust: &Trust) -> Self {
        Self {
            origin: TokenOrigin::Trust(trust.id.clone()),
            scope: scope_of(trust.project_id.as_ref()),
            expires_at: trust.expires_at,
        }
    }
}

impl From<&ApplicationCredential> for Grant {
    fn from(credential: &ApplicationCredential) -> Self {
        Self {
            origin: TokenOrigin::ApplicationCredential(credential.id.clone()),
            scope: scope_of(credential.project_id.as_ref()),
            expires_at: credential.expires_at,
        }
    }
}

impl From<&AccessToken> for Grant {
    fn from(token: &AccessToken) -> Self {
        Self {
            origin: TokenOrigin::OAuth1 {
                access_token_id: token.id.clone(),
            },
            scope: scope_of(Some(&token.project_id)),
            expires_at: token.expires_at,
        }
    }
}

fn scope_of(project: Option<&ProjectId>) -> TokenScope {
    project
        .cloned()
        .map_or(TokenScope::Unscoped, TokenScope::Project)
}
