//! What a token says, whichever format carries it.

use super::application_credential::ApplicationCredential;
use super::delegation::Delegation;
use super::oauth1::AccessToken;
use super::trust::Trust;
use super::{
    AccessTokenId, ApplicationCredentialId, DomainId, EndpointId, GroupId, IdpId, ProjectId,
    RegionId, Role, RoleId, ServiceId, ServiceProviderId, Timestamp, TrustId, UserId,
};
use crate::error::{Error, Result};
use bytes::Bytes;
use serde_json::value::RawValue;
use std::sync::Arc;

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
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
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

/// How a token came to be: the delegation or the federation behind it. What a token carries are ids;
/// [`Delegation`] has the facts.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
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
        access_token_id: AccessTokenId,
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

/// A name with its id, as tokens show users' and projects' domains.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct DomainRef {
    pub id: DomainId,
    pub name: String,
}

/// A service provider as tokens show it.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct ServiceProviderRef {
    pub auth_url: String,
    pub id: ServiceProviderId,
    pub sp_url: String,
}

/// A role as tokens show it.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct RoleRef {
    pub id: RoleId,
    pub name: String,
}

/// A token that was found good, with all that its answer shows and that policy asks about.
#[derive(Clone, Debug)]
pub struct ValidToken {
    pub payload: TokenPayload,
    /// Whom the token acts as: of an impersonating trust the trustor, else the payload's user.
    pub user: TokenUser,
    /// How the token came to stand for less than its user; empty when it stands for all of it.
    pub delegation: Vec<Delegation>,
    pub scope: ResolvedScope,
    /// Effective roles at the scope; empty for an unscoped token.
    pub roles: Vec<RoleRef>,
    /// The same whole, for those tokens whose answers show them so: federated ones with a scope.
    pub whole_roles: Option<Vec<Role>>,
    /// Names of `roles`, in the same order, as policy wants them.
    pub role_names: Vec<String>,
    /// `None` for an unscoped token.
    pub catalog: Option<Catalog>,
    /// Whether the project is the configured admin project; `None` when none is configured.
    pub is_admin_project: Option<bool>,
    /// The enabled service providers, in order of id.
    pub service_providers: Arc<[ServiceProviderRef]>,
}

impl ValidToken {
    /// The services of the catalog; none of an unscoped token. Parses the catalog's JSON.
    ///
    /// # Errors
    /// As [`Catalog::services`].
    pub fn services(&self) -> Result<Vec<CatalogService>> {
        self.catalog
            .as_ref()
            .map_or(Ok(Vec::new()), Catalog::services)
    }
}

/// The user of a token.
#[derive(Clone, Debug)]
pub struct TokenUser {
    pub id: UserId,
    pub name: String,
    pub domain: DomainRef,
    pub password_expires_at: Option<Timestamp>,
}

/// A token's scope with the names that its answer shows.
#[derive(Clone, Debug)]
pub enum ResolvedScope {
    Unscoped,
    Project {
        id: ProjectId,
        name: String,
        domain: DomainRef,
    },
    Domain(DomainRef),
    System,
}

/// A catalog with its URLs filled in, kept as the JSON array that answers show: it is by far the largest
/// part of a token, and the tokens for one project share it.
#[derive(Clone, Debug)]
pub struct Catalog(Bytes);

impl Catalog {
    /// A catalog of these services.
    ///
    /// # Errors
    /// 500 when the services can't be written as JSON.
    pub fn new(services: &[CatalogService]) -> Result<Self> {
        let json = serde_json::to_vec(services).map_err(Error::internal)?;
        Ok(Self(json.into()))
    }

    /// `[{"endpoints": …}, …]`.
    pub fn json(&self) -> &Bytes {
        &self.0
    }

    /// The services, for answers of another shape. Parses the JSON.
    ///
    /// # Errors
    /// 500 when the JSON is not what [`new`](Self::new) wrote.
    pub fn services(&self) -> Result<Vec<CatalogService>> {
        serde_json::from_slice(&self.0).map_err(Error::internal)
    }
}

impl serde::Serialize for Catalog {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serde_json::from_slice::<&RawValue>(&self.0)
            .map_err(serde::ser::Error::custom)?
            .serialize(serializer)
    }
}

/// A service of the catalog, as tokens show it.
#[derive(Clone, Debug, serde::Serialize, serde::Deserialize)]
pub struct CatalogService {
    pub endpoints: Vec<CatalogEndpoint>,
    pub id: ServiceId,
    #[serde(rename = "type")]
    pub service_type: Option<String>,
    pub name: String,
}

/// An endpoint of the catalog, as tokens show it.
#[derive(Clone, Debug, serde::Serialize, serde::Deserialize)]
pub struct CatalogEndpoint {
    pub id: EndpointId,
    pub interface: String,
    pub region_id: Option<RegionId>,
    pub url: String,
    /// The same as `region_id`; old clients read this one.
    pub region: Option<RegionId>,
    /// Attributes that the operator gave it.
    #[serde(flatten)]
    pub extra: serde_json::Map<String, serde_json::Value>,
}

impl ValidToken {
    /// Whether the token acts as a user, or was given to that user to act as another one.
    pub fn stands_for(&self, user: &UserId) -> bool {
        self.user.id == *user || self.payload.user_id == *user
    }

    /// The trust that the token is for.
    pub fn trust(&self) -> Option<&Trust> {
        self.delegation.iter().find_map(|step| match step {
            Delegation::Trust { trust, .. } => Some(trust),
            _ => None,
        })
    }

    /// The application credential that the token was made with.
    pub fn application_credential(&self) -> Option<&ApplicationCredential> {
        self.delegation.iter().find_map(|step| match step {
            Delegation::ApplicationCredential(credential) => Some(credential),
            _ => None,
        })
    }

    /// The groups that a federated token carries; none of any other.
    pub fn federated_groups(&self) -> &[GroupId] {
        match &self.payload.origin {
            TokenOrigin::Federated { group_ids, .. } => group_ids,
            _ => &[],
        }
    }

    /// The OAuth1 access token that the token was made with.
    pub fn access_token(&self) -> Option<&AccessToken> {
        self.delegation.iter().find_map(|step| match step {
            Delegation::OAuth1(access_token) => Some(access_token),
            _ => None,
        })
    }
}
