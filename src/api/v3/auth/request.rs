//! The `auth` object of a login: one function for each method, one for the scope.

use crate::config::Config;
use crate::crypto::oauth1::SignedRequest;
use crate::error::{Error, Result};
use crate::manager::auth::{
    ApplicationCredentialLookup, AuthMethod, AuthRequest, DomainLookup, RequestedScope,
};
use crate::manager::identity::UserLookup;
use crate::model::{ProjectId, Secret, TrustId, UserId};
use serde_json::{Map, Value, json};

/// Reads the `auth` object. Its schema was checked; what schemas can't say is checked here. `signed`
/// gives the request's OAuth1 signature, which is no part of the body.
pub fn parse(
    auth: &Map<String, Value>,
    config: &Config,
    signed: impl Fn() -> Result<SignedRequest>,
) -> Result<AuthRequest> {
    let identity = object(auth, "identity")?;
    let names = identity
        .get("methods")
        .and_then(Value::as_array)
        .map(Vec::as_slice)
        .unwrap_or_default();
    let mut methods = Vec::new();
    for name in names.iter().filter_map(Value::as_str) {
        let offered = config.auth.methods.iter().any(|method| method == name);
        methods.push(match name {
            "password" if offered => password(object(identity, name)?)?,
            "token" if offered => token(object(identity, name)?)?,
            "oauth1" if offered => AuthMethod::OAuth1(Box::new(signed()?)),
            "application_credential" if offered => {
                if auth.contains_key("scope") {
                    return Err(refused_for_application_credentials());
                }
                application_credential(object(identity, name)?)?
            }
            _ => return Err(unsupported_method(name, config)),
        });
    }
    Ok(AuthRequest {
        methods,
        scope: scope(auth.get("scope"))?,
    })
}

fn unsupported_method(name: &str, config: &Config) -> Error {
    Error::Unauthorized {
        reason: format!("authentication method {name} is not offered"),
        identity: Some(Box::new(json!({ "methods": config.auth.methods }))),
    }
}

fn refused_for_application_credentials() -> Error {
    Error::Unauthorized {
        reason: "an application credential brings its own scope".to_owned(),
        identity: Some(Box::new(json!({}))),
    }
}

fn token(method: &Map<String, Value>) -> Result<AuthMethod> {
    Ok(AuthMethod::Token {
        id: Secret::from(text(method, "id")?),
    })
}

fn password(method: &Map<String, Value>) -> Result<AuthMethod> {
    let user = object(method, "user")?;
    let password = user.get("password").and_then(Value::as_str);
    let lookup = user_lookup(user)?;
    match password {
        Some(password) => Ok(AuthMethod::Password {
            user: lookup,
            password: Secret::from(password),
        }),
        None => Err(Error::unauthorized("no password was sent")),
    }
}

/// By id, or by name and user. A user beside an id says nothing: whose the credential is, it knows
/// itself.
fn application_credential(method: &Map<String, Value>) -> Result<AuthMethod> {
    let given = |key| method.get(key).and_then(Value::as_str);
    let credential = match (given("id"), given("name")) {
        (Some(id), _) => ApplicationCredentialLookup::Id(id.into()),
        (None, Some(name)) => ApplicationCredentialLookup::Name {
            name: name.to_owned(),
            user: user_lookup(object(method, "user")?)?,
        },
        (None, None) => {
            return Err(Error::bad_request(
                "The application credential must be given by 'id' or by 'name'.",
            ));
        }
    };
    match given("secret") {
        Some(secret) => Ok(AuthMethod::ApplicationCredential {
            credential,
            secret: Secret::from(secret),
        }),
        None => Err(Error::unauthorized("no secret was sent")),
    }
}

fn user_lookup(user: &Map<String, Value>) -> Result<UserLookup> {
    let given = |key| user.get(key).and_then(Value::as_str);
    match (given("id"), given("name")) {
        (Some(id), _) => Ok(UserLookup::Id(UserId::from(id))),
        (None, Some(name)) => Ok(UserLookup::Name {
            name: name.to_owned(),
            domain: domain_of(user, "user")?,
        }),
        (None, None) => Err(Error::bad_request(
            "The user must be given by 'id' or by 'name'.",
        )),
    }
}

fn domain_of(of: &Map<String, Value>, kind: &str) -> Result<DomainLookup> {
    match of.get("domain").and_then(Value::as_object) {
        Some(domain) => domain_lookup(domain),
        None => Err(Error::bad_request(format!(
            "A {kind} given by name needs its 'domain'."
        ))),
    }
}

fn domain_lookup(domain: &Map<String, Value>) -> Result<DomainLookup> {
    if let Some(id) = domain.get("id").and_then(Value::as_str) {
        return Ok(DomainLookup::Id(id.into()));
    }
    Ok(DomainLookup::Name(
        text(domain, "name")
            .map_err(|_| Error::bad_request("A domain must be given by 'id' or by 'name'."))?
            .to_owned(),
    ))
}

fn scope(scope: Option<&Value>) -> Result<RequestedScope> {
    let scope = match scope {
        None => return Ok(RequestedScope::Default),
        Some(Value::String(word)) if word == "unscoped" => return Ok(RequestedScope::Unscoped),
        Some(Value::Object(scope)) => scope,
        Some(_) => {
            return Err(Error::bad_request(
                "'scope' must be an object or the text 'unscoped'.",
            ));
        }
    };
    const KINDS: [&str; 5] = ["system", "project", "domain", "OS-TRUST:trust", "unscoped"];
    let mut named = KINDS.iter().filter(|kind| scope.contains_key(**kind));
    let (Some(kind), None) = (named.next(), named.next()) else {
        return Err(Error::bad_request(format!(
            "'scope' must name exactly one of {}.",
            KINDS.join(", ")
        )));
    };
    match *kind {
        "unscoped" => Ok(RequestedScope::Unscoped),
        "system" => Ok(RequestedScope::System),
        "domain" => Ok(RequestedScope::Domain(domain_lookup(object(
            scope, "domain",
        )?)?)),
        "project" => {
            let project = object(scope, "project")?;
            if let Some(id) = project.get("id").and_then(Value::as_str) {
                return Ok(RequestedScope::Project(ProjectId::from(id)));
            }
            let name = text(project, "name")
                .map_err(|_| Error::bad_request("A project must be given by 'id' or by 'name'."))?;
            Ok(RequestedScope::ProjectByName {
                name: name.to_owned(),
                domain: domain_of(project, "project")?,
            })
        }
        _ => Ok(RequestedScope::Trust(TrustId::from(text(
            object(scope, "OS-TRUST:trust")?,
            "id",
        )?))),
    }
}

fn object<'a>(of: &'a Map<String, Value>, key: &str) -> Result<&'a Map<String, Value>> {
    of.get(key)
        .and_then(Value::as_object)
        .ok_or_else(|| Error::bad_request(format!("'{key}' must be given as an object.")))
}

fn text<'a>(of: &'a Map<String, Value>, key: &str) -> Result<&'a str> {
    of.get(key)
        .and_then(Value::as_str)
        .ok_or_else(|| Error::bad_request(format!("'{key}' must be given as text.")))
}
