//! Who vouches for users from elsewhere, and what is made of what they say.

mod identity_providers;
mod login;
mod mapped;
pub mod mapping;
mod provision;
mod saml;
mod service_providers;
mod shadow;
mod tokenless;

pub use identity_providers::IdentityProviderChanges;
pub use login::MappedLogin;
pub use saml::new_metadata;
pub use service_providers::ServiceProviderChanges;
pub use tokenless::CertificateCaller;

use crate::app::App;
use crate::driver::sql::db::{Area, Session};
use crate::driver::sql::federation as sql;
use crate::error::{Error, Result};
use crate::manager::identity::check_length;
use crate::model::federation::{IdentityProvider, Mapping, Protocol};
use crate::model::{IdpId, MappingId, ProtocolId};
use serde_json::Value;

/// What a PATCH of a protocol changes.
#[derive(Clone, Debug)]
pub struct ProtocolChanges {
    pub mapping_id: MappingId,
    pub remote_id_attribute: Option<String>,
}

/// Identity providers, protocols, mappings, service providers.
pub struct FederationManager<'a> {
    app: &'a App,
}

impl<'a> FederationManager<'a> {
    /// A view of the app.
    pub fn new(app: &'a App) -> Self {
        Self { app }
    }

    /// The protocols of an identity provider; none of one that there isn't.
    pub async fn protocols(&self, idp: &IdpId) -> Result<Vec<Protocol>> {
        sql::protocols(&mut self.app.db.session().await?, idp).await
    }

    /// A protocol of an identity provider.
    ///
    /// # Errors
    /// 404.
    pub async fn protocol(&self, idp: &IdpId, id: &ProtocolId) -> Result<Protocol> {
        existing_protocol(&mut self.app.db.session().await?, idp, id).await
    }

    /// Gives an identity provider a protocol.
    ///
    /// # Errors
    /// 400 when there is no such mapping, or the id is too long; 404 when there is no such identity
    /// provider; 409 when the provider has a protocol of the id already.
    pub async fn create_protocol(&self, protocol: &Protocol) -> Result<()> {
        check_id(&protocol.id)?;
        self.app
            .db
            .transaction(|s| {
                Box::pin(async move {
                    check_mapping(s, &protocol.mapping_id).await?;
                    existing_provider(s, &protocol.idp_id).await?;
                    sql::insert_protocol(s, protocol).await
                })
            })
            .await
            .map_err(|error| {
                let Protocol { id, idp_id, .. } = protocol;
                error.or_conflict(|| {
                    format!("The identity provider {idp_id} has a protocol {id} already.")
                })
            })
    }

    /// Changes a protocol, and returns what it has become.
    ///
    /// # Errors
    /// 404; 400 when there is no such mapping.
    pub async fn update_protocol(
        &self,
        idp: &IdpId,
        id: &ProtocolId,
        changes: &ProtocolChanges,
    ) -> Result<Protocol> {
        self.app
            .db
            .transaction(|s| {
                Box::pin(async move {
                    s.take_turn(Area::Federation).await?;
                    check_mapping(s, &changes.mapping_id).await?;
                    let mut protocol = existing_protocol(s, idp, id).await?;
                    protocol.mapping_id.clone_from(&changes.mapping_id);
                    if let Some(attribute) = &changes.remote_id_attribute {
                        protocol.remote_id_attribute = Some(attribute.clone());
                    }
                    sql::update_protocol(s, &protocol).await?;
                    Ok(protocol)
                })
            })
            .await
    }

    /// Deletes a protocol, and with it the users who are known by nothing else.
    ///
    /// # Errors
    /// 404.
    pub async fn delete_protocol(&self, idp: &IdpId, id: &ProtocolId) -> Result<()> {
        let identity = self.app.identity();
        let identity = &identity;
        self.app
            .db
            .transaction(|s| {
                Box::pin(async move {
                    s.take_turn(Area::Federation).await?;
                    for user in sql::user_ids_known_only_by(s, idp, Some(id)).await? {
                        identity.forget_user_in(s, &user).await?;
                    }
                    match sql::delete_protocol(s, idp, id).await? {
                        true => Ok(()),
                        false => Err(no_such_protocol(idp, id)),
                    }
                })
            })
            .await
    }

    /// All mappings.
    pub async fn mappings(&self) -> Result<Vec<Mapping>> {
        sql::mappings(&mut self.app.db.session().await?).await
    }

    /// A mapping.
    ///
    /// # Errors
    /// 404.
    pub async fn mapping(&self, id: &MappingId) -> Result<Mapping> {
        existing_mapping(&mut self.app.db.session().await?, id).await
    }

    /// The mapping, if there is one.
    pub async fn find_mapping(&self, id: &MappingId) -> Result<Option<Mapping>> {
        sql::mapping(&mut self.app.db.session().await?, id).await
    }

    /// Creates a mapping, whose rules were checked.
    ///
    /// # Errors
    /// 400 when the id is too long; 409 when there is one of the id.
    pub async fn create_mapping(&self, mapping: &Mapping) -> Result<()> {
        check_id(&mapping.id)?;
        self.app
            .db
            .transaction(|s| Box::pin(async move { sql::insert_mapping(s, mapping).await }))
            .await
            .map_err(|error| {
                error.or_conflict(|| format!("There is a mapping {} already.", mapping.id))
            })
    }

    /// Replaces a mapping's rules, and returns what it has become.
    ///
    /// # Errors
    /// 404.
    pub async fn update_mapping(
        &self,
        id: &MappingId,
        rules: &Value,
        schema_version: &str,
    ) -> Result<Mapping> {
        self.app
            .db
            .transaction(|s| {
                Box::pin(async move {
                    s.take_turn(Area::Federation).await?;
                    let mut mapping = existing_mapping(s, id).await?;
                    mapping.rules.clone_from(rules);
                    schema_version.clone_into(&mut mapping.schema_version);
                    sql::update_mapping(s, &mapping).await?;
                    Ok(mapping)
                })
            })
            .await
    }

    /// Deletes a mapping. Protocols that use it let nobody in any more.
    ///
    /// # Errors
    /// 404.
    pub async fn delete_mapping(&self, id: &MappingId) -> Result<()> {
        self.app
            .db
            .transaction(|s| {
                Box::pin(async move {
                    s.take_turn(Area::Federation).await?;
                    match sql::delete_mapping(s, id).await? {
                        true => Ok(()),
                        false => Err(Error::not_found("mapping", id)),
                    }
                })
            })
            .await
    }
}

/// Clients choose the ids of this subsystem's objects.
fn check_id(id: &str) -> Result<()> {
    check_length("id", id, 64)
}

async fn existing_provider(s: &mut Session, id: &IdpId) -> Result<IdentityProvider> {
    sql::identity_provider(s, id)
        .await?
        .ok_or_else(|| Error::not_found("identity provider", id))
}

async fn existing_protocol(s: &mut Session, idp: &IdpId, id: &ProtocolId) -> Result<Protocol> {
    sql::protocol(s, idp, id)
        .await?
        .ok_or_else(|| no_such_protocol(idp, id))
}

fn no_such_protocol(idp: &IdpId, id: &ProtocolId) -> Error {
    Error::not_found(
        "federated protocol",
        format!("{id} of identity provider {idp}"),
    )
}

async fn existing_mapping(s: &mut Session, id: &MappingId) -> Result<Mapping> {
    sql::mapping(s, id)
        .await?
        .ok_or_else(|| Error::not_found("mapping", id))
}

async fn check_mapping(s: &mut Session, id: &MappingId) -> Result<()> {
    match sql::mapping(s, id).await? {
        Some(_) => Ok(()),
        None => Err(Error::bad_request(format!("There is no mapping {id}."))),
    }
}
