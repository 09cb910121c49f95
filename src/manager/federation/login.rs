//! Logins by way of an identity provider: from what it says of somebody to an account here.

use super::mapped::{apply, domain_id, enabled_provider, group_ids};
use super::mapping::{Assertion, Version};
use super::shadow::ShadowUser;
use super::{FederationManager, existing_mapping, existing_protocol};
use crate::config::Config;
use crate::driver::sql::db::Session;
use crate::driver::sql::federation as sql;
use crate::driver::sql::identity;
use crate::error::{Error, Result};
use crate::manager::auth::{Proof, as_unauthorized};
use crate::model::event::{Event, FederatedLogin, Outcome};
use crate::model::federation::{IdentityProvider, MappedUser, Protocol, UserKind};
use crate::model::token::{TokenOrigin, ValidToken};
use crate::model::{FederatedLink, GroupId, IdpId, ProtocolId, UserId};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

/// What is not escaped in the ids by which identity providers know users.
const UNIQUE_ID: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'/')
    .remove(b'_')
    .remove(b'.')
    .remove(b'-')
    .remove(b'~');

/// Width of `federated_user.unique_id` and `display_name`.
const LONGEST_NAME: usize = 255;

/// Somebody whom an identity provider sends.
#[derive(Clone, Debug)]
pub struct MappedLogin {
    pub idp_id: IdpId,
    pub protocol_id: ProtocolId,
    pub assertion: Assertion,
    /// The name that the proxy gave, for mappings that give none.
    pub remote_user: Option<String>,
}

/// Whom a mapping made of an assertion.
struct Vouched {
    user_id: UserId,
    /// `None` for an account of its own here, which needs nobody to vouch for it.
    group_ids: Option<Vec<GroupId>>,
}

/// What a mapping makes of an assertion.
enum Mapped<'p> {
    /// An account of its own here.
    Local(UserId),
    /// One that the provider vouches for.
    Ephemeral(Box<ShadowUser<'p>>),
}

impl FederationManager<'_> {
    /// The user whom an identity provider sends. One who comes for the first time gets an account;
    /// of all others name, groups and projects become those that the mapping gives now.
    ///
    /// # Errors
    /// 404 when provider, protocol, mapping, or a role or domain that the mapping names, is not
    /// there; 403 when the provider is disabled or calls itself otherwise; 401 when the mapping makes
    /// nobody of the assertion, or somebody who is disabled; 409 when another provider's user has the
    /// account.
    pub async fn log_in(&self, login: &MappedLogin) -> Result<Proof> {
        let provider = {
            let s = &mut self.app.db.session().await?;
            enabled_provider(s, &login.idp_id).await?
        };
        let vouched = self.vouched(login, &provider).await;
        let told = vouched.as_ref().ok();
        self.app.notify(Event::FederatedLogin(FederatedLogin {
            outcome: outcome_of(&vouched),
            idp_id: provider.id.clone(),
            user_id: told.map(|vouched| vouched.user_id.clone()),
            group_ids: told
                .and_then(|vouched| vouched.group_ids.clone())
                .unwrap_or_default(),
            audit_id: None,
        }));
        let vouched = vouched?;
        let origin = vouched.group_ids.map(|group_ids| TokenOrigin::Federated {
            group_ids,
            idp_id: provider.id,
            protocol_id: login.protocol_id.to_string(),
        });
        Ok(Proof {
            federated: origin,
            ..Proof::of_user(vouched.user_id)
        })
    }

    async fn vouched(&self, login: &MappedLogin, provider: &IdentityProvider) -> Result<Vouched> {
        // What is read gives its connection back before the transaction takes one.
        match self.mapped(login, provider).await? {
            Mapped::Local(user_id) => Ok(Vouched {
                user_id,
                group_ids: None,
            }),
            Mapped::Ephemeral(shadow) => Ok(Vouched {
                user_id: self.shadow(&shadow).await?,
                group_ids: Some(shadow.group_ids),
            }),
        }
    }

    async fn mapped<'p>(
        &self,
        login: &MappedLogin,
        provider: &'p IdentityProvider,
    ) -> Result<Mapped<'p>> {
        let config = self.app.config();
        let s = &mut self.app.db.session().await?;
        let protocol = existing_protocol(s, &provider.id, &login.protocol_id).await?;
        check_remote_id(provider, &protocol, &login.assertion, &config)?;
        let mapping = existing_mapping(s, &protocol.mapping_id).await?;
        let mapped = apply(&mapping, &login.assertion).map_err(|error| match error {
            Error::BadRequest(why) => Error::unauthorized(why),
            other => other,
        })?;
        let group_ids = group_ids(s, &mapped).await?;
        if mapped.user.kind == UserKind::Local {
            return self.local_user(s, &mapped.user).await.map(Mapped::Local);
        }
        let (unique_id, name) = names_of(&mapped.user, login.remote_user.as_deref())?;
        let domain_id = match &mapped.user.domain {
            None => provider.domain_id.clone(),
            Some(domain) => domain_id(s, domain).await?.ok_or_else(|| {
                Error::unauthorized(format!("mapping {} names no domain", mapping.id))
            })?,
        };
        Ok(Mapped::Ephemeral(Box::new(ShadowUser {
            link: FederatedLink {
                idp_id: provider.id.to_string(),
                protocol_id: protocol.id.to_string(),
                unique_id,
            },
            idp: provider,
            name,
            email: mapped.user.email.filter(|email| !email.is_empty()),
            domain_id,
            group_ids,
            projects: mapped.projects,
            // Only then is what the mapping does not give taken away.
            gives_all_projects: Version::named(&mapping.schema_version) >= Some(Version::V3),
        })))
    }

    /// The account that a mapping names: by name and domain, or else by id.
    async fn local_user(&self, s: &mut Session, mapped: &MappedUser) -> Result<UserId> {
        let nobody = || Error::unauthorized("the mapping names a user who is not there");
        let user = match (&mapped.name, &mapped.id) {
            (Some(name), _) => {
                let domain = mapped.domain.clone().unwrap_or_default();
                let domain = domain_id(s, &domain).await.map_err(as_unauthorized)?;
                let domain = domain.ok_or_else(|| {
                    Error::bad_request("The mapping names a user without a domain.")
                })?;
                identity::user_by_name(s, &domain, name).await?
            }
            (None, Some(id)) => identity::user(s, &UserId::from(id.as_str())).await?,
            (None, None) => {
                return Err(Error::bad_request(
                    "The mapping names no user by id or by name.",
                ));
            }
        };
        let user = self.app.identity().as_it_reads(user.ok_or_else(nobody)?);
        self.app.identity().check_enabled_in(s, &user).await?;
        Ok(user.id)
    }

    /// Whether whoever stands behind a federated token still does, before another is made of it.
    ///
    /// # Errors
    /// 403 when the identity provider is disabled; 404 when its mapping is gone; 401 when a group in
    /// the token is.
    pub async fn check_rescope(&self, token: &ValidToken) -> Result<()> {
        let TokenOrigin::Federated {
            group_ids,
            idp_id,
            protocol_id,
        } = &token.payload.origin
        else {
            return Ok(());
        };
        let checked = async {
            let s = &mut self.app.db.session().await?;
            enabled_provider(s, idp_id).await?;
            let protocol = existing_protocol(s, idp_id, &protocol_id.as_str().into()).await?;
            existing_mapping(s, &protocol.mapping_id).await?;
            let found = identity::groups_by_ids(s, group_ids).await?;
            match found.len() < group_ids.len() {
                true => Err(Error::unauthorized("a group in the token is gone")),
                false => Ok(()),
            }
        };
        let checked = checked.await;
        self.app.notify(Event::FederatedLogin(FederatedLogin {
            outcome: outcome_of(&checked),
            idp_id: idp_id.clone(),
            user_id: Some(token.payload.user_id.clone()),
            group_ids: group_ids.clone(),
            audit_id: token.payload.audit_ids.first().cloned(),
        }));
        checked
    }

    /// The identity provider from which somebody comes by a protocol, without saying from which: the
    /// one that calls itself as a variable says. `variable` gives the variables of the request.
    ///
    /// # Errors
    /// 401 when no variable says anything; 404 when no provider is called so.
    pub async fn provider_of_request(
        &self,
        protocol: &ProtocolId,
        variable: impl Fn(&str) -> Option<String>,
    ) -> Result<IdpId> {
        let config = self.app.config();
        let s = &mut self.app.db.session().await?;
        let own = sql::remote_id_attributes(s, protocol).await?;
        let found = own.into_iter().find_map(|own| {
            let attribute = attribute_of(own.as_deref(), protocol, &config)?;
            variable(&attribute)
        });
        let remote_id = found
            .ok_or_else(|| Error::unauthorized("no variable says which identity provider it is"))?;
        sql::idp_of_remote_id(s, &remote_id)
            .await?
            .ok_or_else(|| Error::not_found("identity provider", "of this remote id"))
    }
}

fn outcome_of<T>(result: &Result<T>) -> Outcome {
    match result {
        Ok(_) => Outcome::Success,
        Err(_) => Outcome::Failure,
    }
}

/// The variable that holds the name by which an identity provider calls itself: the protocol's own,
/// else `[<protocol>] remote_id_attribute`, else `[federation] remote_id_attribute`.
fn attribute_of(own: Option<&str>, protocol: &ProtocolId, config: &Config) -> Option<String> {
    // Names of groups are read without regard to case.
    let group = protocol.to_lowercase();
    let of_protocol = config.unlisted(&group, "remote_id_attribute");
    let of_all = config.federation.remote_id_attribute.as_deref();
    let given = [own, of_protocol, of_all].into_iter().flatten();
    let mut given = given.filter(|name| !name.is_empty());
    given.next().map(str::to_owned)
}

/// Whether a provider is the one that the assertion comes from. A provider without names, or where no
/// variable is configured, is taken by its word.
fn check_remote_id(
    provider: &IdentityProvider,
    protocol: &Protocol,
    assertion: &Assertion,
    config: &Config,
) -> Result<()> {
    let own = protocol.remote_id_attribute.as_deref();
    let Some(attribute) = attribute_of(own, &protocol.id, config) else {
        return Ok(());
    };
    if provider.remote_ids.is_empty() {
        return Ok(());
    }
    let said = assertion.text(&attribute).ok_or_else(|| {
        Error::unauthorized(format!("{attribute} does not say who the provider is"))
    })?;
    match provider.remote_ids.contains(&said) {
        true => Ok(()),
        false => Err(Error::Forbidden(format!(
            "{attribute} names another provider than {}",
            provider.id
        ))),
    }
}

/// The id by which the provider knows the user, and the name that is shown: one stands in for the
/// other, and the proxy's name for both.
fn names_of(mapped: &MappedUser, remote_user: Option<&str>) -> Result<(String, String)> {
    let given = |text: &Option<String>| text.clone().filter(|text| !text.is_empty());
    let (id, name) = (given(&mapped.id), given(&mapped.name));
    let name = name.or_else(|| remote_user.map(str::to_owned));
    let (id, name) = match (id, name) {
        (Some(id), Some(name)) => (id, name),
        (Some(id), None) => (id.clone(), id),
        (None, Some(name)) => (name.clone(), name),
        (None, None) => return Err(Error::unauthorized("the mapping names nobody")),
    };
    let unique_id = utf8_percent_encode(&id, UNIQUE_ID).to_string();
    if unique_id.len() > LONGEST_NAME || name.chars().count() > LONGEST_NAME {
        return Err(Error::unauthorized("the user's id or name is too long"));
    }
    Ok((unique_id, name))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(
        id: Option<&str>,
        name: Option<&str>,
        remote: Option<&str>,
    ) -> Option<(String, String)> {
        let mapped = MappedUser {
            id: id.map(str::to_owned),
            name: name.map(str::to_owned),
            ..MappedUser::default()
        };
        names_of(&mapped, remote).ok()
    }

    #[test]
    fn id_and_name_stand_in_for_each_other() {
        let pair = |id: &str, name: &str| Some((id.to_owned(), name.to_owned()));
        assert_eq!(names(Some("1"), Some("a"), Some("r")), pair("1", "a"));
        assert_eq!(names(Some("1"), None, None), pair("1", "1"));
        assert_eq!(names(Some("1"), None, Some("r")), pair("1", "r"));
        assert_eq!(names(None, Some("a"), Some("r")), pair("a", "a"));
        assert_eq!(names(None, None, Some("r")), pair("r", "r"));
        assert_eq!(names(Some(""), Some(""), None), None);
        // From Python: urllib.parse.quote
        let quoted = pair("N%C3%BA%C3%B1ez%20%2B/_.-~%40x", "Núñez +/_.-~@x");
        assert_eq!(names(None, Some("Núñez +/_.-~@x"), None), quoted);
        assert_eq!(names(None, Some(&"x".repeat(256)), None), None);
        assert_eq!(names(None, Some(&"é".repeat(43)), None), None);
    }
}
