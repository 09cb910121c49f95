//! Identifiers. Each kind is its own type, so that a project's id can't be passed for a user's.

use serde::{Deserialize, Serialize};
use std::fmt;

/// Declares string newtypes that read like `&str` and are made only on purpose.
macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(String);

        impl $name {
            /// A fresh random id: 32 lower-case hex digits.
            pub fn random() -> Self {
                Self(uuid::Uuid::new_v4().simple().to_string())
            }

            /// The id as text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl std::ops::Deref for $name {
            type Target = str;
            fn deref(&self) -> &str {
                &self.0
            }
        }

        impl From<String> for $name {
            fn from(id: String) -> Self {
                Self(id)
            }
        }

        impl From<&str> for $name {
            fn from(id: &str) -> Self {
                Self(id.to_owned())
            }
        }

        impl From<$name> for String {
            fn from(id: $name) -> Self {
                id.0
            }
        }

        impl From<$name> for serde_json::Value {
            fn from(id: $name) -> Self {
                Self::String(id.0)
            }
        }

        impl From<&$name> for serde_json::Value {
            fn from(id: &$name) -> Self {
                Self::String(id.0.clone())
            }
        }

        impl std::borrow::Borrow<str> for $name {
            fn borrow(&self) -> &str {
                &self.0
            }
        }

        impl PartialEq<str> for $name {
            fn eq(&self, other: &str) -> bool {
                self.0 == other
            }
        }

        impl PartialEq<&str> for $name {
            fn eq(&self, other: &&str) -> bool {
                self.0 == *other
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Debug::fmt(&self.0, f)
            }
        }
    )*};
}

ids! {
    /// A user, whichever driver keeps it.
    UserId;
    /// A group of users.
    GroupId;
    /// A project. A project that acts as a domain has its id in [`DomainId`] form too.
    ProjectId;
    /// A domain: the id of a project whose `is_domain` is true.
    DomainId;
    /// A role, global or domain-specific.
    RoleId;
    /// A region of the catalog; chosen by operators (`RegionOne`).
    RegionId;
    /// A service of the catalog.
    ServiceId;
    /// An endpoint of the catalog.
    EndpointId;
    /// A group of endpoints (OS-EP-FILTER).
    EndpointGroupId;
    /// A policy document that is kept for other services.
    PolicyId;
    /// A trust.
    TrustId;
    /// An application credential.
    ApplicationCredentialId;
    /// A credential (`/v3/credentials`).
    CredentialId;
    /// A rule of what an application credential's tokens may call.
    AccessRuleId;
    /// An OAuth1 access token.
    AccessTokenId;
    /// An OAuth1 consumer.
    ConsumerId;
    /// An OAuth1 request token.
    RequestTokenId;
    /// A federated identity provider.
    IdpId;
    /// A protocol of an identity provider, e.g. `mapped`.
    ProtocolId;
    /// A mapping from what identity providers say to what users may do here.
    MappingId;
    /// A service provider, another cloud that lets this one's users in.
    ServiceProviderId;
}

impl From<DomainId> for ProjectId {
    fn from(id: DomainId) -> Self {
        Self(id.0)
    }
}

impl From<ProjectId> for DomainId {
    fn from(id: ProjectId) -> Self {
        Self(id.0)
    }
}
