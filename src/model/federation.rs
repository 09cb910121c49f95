//! Federation: who vouches for users from elsewhere, and what is believed of them.

use super::{DomainId, GroupId, IdpId, MappingId, ProtocolId, ServiceProviderId};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Somebody who authenticates users from elsewhere.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct IdentityProvider {
    pub id: IdpId,
    /// Where its users live.
    pub domain_id: DomainId,
    pub enabled: bool,
    pub description: Option<String>,
    /// The names by which it calls itself, in order; no two providers share one.
    pub remote_ids: Vec<String>,
    /// Minutes that group memberships from its assertions stay valid.
    pub authorization_ttl: Option<i64>,
}

/// A way in which an identity provider's users come, and the mapping for those who do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Protocol {
    pub id: ProtocolId,
    pub idp_id: IdpId,
    pub mapping_id: MappingId,
    /// The variable that holds the provider's remote id, if not the configured one.
    pub remote_id_attribute: Option<String>,
}

/// The rules that make users, groups and projects of an assertion.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Mapping {
    pub id: MappingId,
    /// As the client sent them, checked by the schema of their version.
    pub rules: Value,
    /// `1.0`, `2.0` or `3.0`; what other programs wrote may be anything.
    pub schema_version: String,
}

/// Another cloud, which lets in users whom this one vouches for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ServiceProvider {
    /// Where to authenticate there.
    pub auth_url: String,
    pub id: ServiceProviderId,
    pub enabled: bool,
    pub description: Option<String>,
    pub relay_state_prefix: String,
    /// Where assertions are to be sent.
    pub sp_url: String,
}

/// What a mapping makes of an assertion.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct MappedProperties {
    pub user: MappedUser,
    /// Groups by id, each once.
    pub group_ids: Vec<GroupId>,
    /// Groups by name, each once.
    pub group_names: Vec<MappedGroup>,
    /// Projects to make for the user, with roles.
    pub projects: Vec<MappedProject>,
}

/// The user that a mapping names. Nothing of it need be there.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct MappedUser {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub domain: Option<MappedDomain>,
    #[serde(rename = "type")]
    pub kind: UserKind,
}

/// Whether a mapped user has an account of its own here.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum UserKind {
    /// Known by what the identity provider says.
    #[default]
    Ephemeral,
    /// An account that exists here.
    Local,
}

/// A domain by id, by name, or, when neither is there, not at all.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MappedDomain {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
}

/// A group by name.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct MappedGroup {
    pub name: String,
    pub domain: MappedDomain,
}

/// A project by name, and the names of the roles in it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MappedProject {
    pub name: String,
    pub roles: Vec<MappedRole>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub domain: Option<MappedDomain>,
}

/// A role by name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MappedRole {
    pub name: String,
}
