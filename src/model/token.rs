//! What a token says, whichever format carries it.

use super::{
    ApplicationCredentialId, DomainId, GroupId, IdpId, ProjectId, Timestamp, TrustId, UserId,
};

/// The facts inside a token. Everything else in a token's answer (roles, catalog, names) is looked up
/// when the token is validated.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TokenPayload {
    /// Who was authenticated; of a trust, the trustee.
    pub user_id: UserId,
    /// Names of the authentication methods used, e.g. `password`, in the order the format keeps.
    pub methods: Vec<String>,
    /// When the token was made; whole seconds.
    pub issued_at: Timestamp,
    /// When it ends.
    pub expires_at: Timestamp,
    /// The token's own audit id, then, for a token made from a token, the id of its chain.
    pub audit_ids: Vec<String>,
    /// What the token reaches.
    pub scope: TokenScope,
    /// How it came to be, other than by the user's own primary authentication.
    pub origin: TokenOrigin,
}

/// What a token reaches.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TokenScope {
    /// Nothing but what the user may do without roles.
    Unscoped,
    /// One project.
    Project(ProjectId),
    /// One domain.
    Domain(DomainId),
    /// The whole deployment.
    System,
}

/// How a token came to be: the delegation or the federation behind it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TokenOrigin {
    /// The user's own credentials.
    Direct,
    /// A trust.
    Trust(TrustId),
    /// An application credential.
    ApplicationCredential(ApplicationCredentialId),
    /// An OAuth1 access token.
    OAuth1 {
        /// The access token's id.
        access_token_id: String,
    },
    /// OAuth2 with a client certificate.
    OAuth2 {
        /// SHA-256 of the client certificate, base64url.
        thumbprint: String,
    },
    /// A federated identity provider.
    Federated {
        /// Groups that the mapping gave.
        group_ids: Vec<GroupId>,
        /// The identity provider.
        idp_id: IdpId,
        /// The federation protocol, e.g. `mapped`.
        protocol_id: String,
    },
}
