//! From what a mapping says of somebody to what there is here: groups and accounts.

use super::mapping::{Assertion, MappingError, Rules, Version};
use super::{existing_mapping, existing_protocol, existing_provider};
use crate::driver::sql::db::Session;
use crate::driver::sql::{identity, resource};
use crate::error::{Error, Result};
use crate::model::federation::{
    IdentityProvider, MappedDomain, MappedGroup, MappedProperties, Mapping,
};
use crate::model::{DomainId, GroupId, IdpId, ProtocolId};

/// The mapping that holds for a protocol of an identity provider.
///
/// # Errors
/// 404 when provider, protocol or mapping is not there; 403 when the provider is disabled.
pub(super) async fn mapping_of(s: &mut Session, idp: &IdpId, id: &ProtocolId) -> Result<Mapping> {
    enabled_provider(s, idp).await?;
    let protocol = existing_protocol(s, idp, id).await?;
    existing_mapping(s, &protocol.mapping_id).await
}

/// The identity provider, which vouches for users now.
///
/// # Errors
/// 404 when it is not there; 403 when it is disabled.
pub(super) async fn enabled_provider(s: &mut Session, id: &IdpId) -> Result<IdentityProvider> {
    let provider = existing_provider(s, id).await?;
    match provider.enabled {
        true => Ok(provider),
        false => Err(Error::Forbidden(format!(
            "the identity provider {id} is disabled"
        ))),
    }
}

/// What a mapping makes of an assertion.
///
/// # Errors
/// 400 when no rule is for it; 401 when the mapping can't be applied to it.
pub(super) fn apply(mapping: &Mapping, assertion: &Assertion) -> Result<MappedProperties> {
    let version = Version::named(&mapping.schema_version).ok_or_else(|| {
        let version = &mapping.schema_version;
        Error::unauthorized(format!("mapping {} is of version {version}", mapping.id))
    })?;
    let mapped = Rules::read(&mapping.rules, version).and_then(|rules| rules.apply(assertion));
    mapped.map_err(|error| match error {
        MappingError::NoMatch => Error::bad_request("No rule of the mapping fits."),
        MappingError::Unusable(_) => {
            Error::unauthorized(format!("mapping {}: {error}", mapping.id))
        }
    })
}

/// The groups that a mapping gives. A name that no group has counts for nothing.
///
/// # Errors
/// 401 when there is no group of an id; 404 when there is no domain of a name.
pub(super) async fn group_ids(s: &mut Session, mapped: &MappedProperties) -> Result<Vec<GroupId>> {
    let found = identity::groups_by_ids(s, &mapped.group_ids).await?;
    let mut ids: Vec<GroupId> = found.into_iter().map(|group| group.id).collect();
    if let Some(missing) = mapped.group_ids.iter().find(|id| !ids.contains(id)) {
        return Err(Error::unauthorized(format!(
            "the mapping gives a group {missing}, which there is not"
        )));
    }
    for MappedGroup { name, domain } in &mapped.group_names {
        let Some(domain) = domain_id(s, domain).await? else {
            continue;
        };
        match identity::group_by_name(s, &domain, name).await? {
            Some(group) if !ids.contains(&group.id) => ids.push(group.id),
            Some(_) => {}
            None => tracing::debug!(%domain, "a mapped group does not exist"),
        }
    }
    Ok(ids)
}

/// The id of a domain that a mapping names; `None` when it names none.
///
/// # Errors
/// 404 when there is no domain of the name.
pub(super) async fn domain_id(s: &mut Session, domain: &MappedDomain) -> Result<Option<DomainId>> {
    match (&domain.id, &domain.name) {
        (Some(id), _) => Ok(Some(DomainId::from(id.as_str()))),
        (None, Some(name)) => {
            let found = resource::domain_by_name(s, name).await?;
            let found = found.ok_or_else(|| Error::not_found("domain", name))?;
            Ok(Some(found.id.into()))
        }
        (None, None) => Ok(None),
    }
}
