//! The `auth` object of a login: one function for each method, one for the scope.

use crate::api::environment::Environment;
use crate::config::Config;
use crate::crypto::oauth1::SignedRequest;
use crate::error::{Error, Result};
use crate::manager::auth::{
    ApplicationCredentialLookup, AuthMethod, AuthRequest, DomainLookup, EXTERNAL, RemoteUser,
    RequestedScope,
};
use crate::manager::federation::MappedLogin;
use crate::manager::identity::UserLookup;
use crate::model::{ProjectId, Secret, TrustId, UserId};
use serde_json::{Map, Value, json};
use std::collections::HashSet;

/// The plugin of `[auth] external` that lets the proxy name the user's domain.
const DOMAIN_PLUGIN: &str = "Domain";

/// Reads the `auth` object. Its schema was checked; what schemas can't say is checked here. `signed`
/// gives the request's OAuth1 signature, which is no part of the body.
pub fn parse(
    auth: &Map<String, Value>,
    config: &Config,
    environment: &Environment,
    signed: impl Fn() -> Result<SignedRequest>,
) -> Result<AuthRequest> {
    let identity = object(auth, "identity")?;
    let names = identity
        .get("methods")
        .and_then(Value::as_array)
        .map(Vec::as_slice)
        .unwrap_or_default();
    let mut methods = Vec::new();
    for name in each_once(names) {
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
            "totp" if offered => totp(object(identity, name)?)?,
            "external" if offered => {
                object(identity, name)?;
                AuthMethod::Remote {
                    method: EXTERNAL,
                    user: remote_user(environment, config),
                }
            }
            "kerberos" if offered => {
                object(identity, name)?;
                AuthMethod::Remote {
                    method: "kerberos",
                    user: kerberos_user(environment),
                }
            }
            _ => match federated_method(name) {
                Some(method) if offered => {
                    mapped(method, object(identity, name)?, environment, config)?
                }
                _ => return Err(unsupported_method(name, config)),
            },
        });
    }
    let counts = config.auth.methods.iter().any(|method| method == EXTERNAL);
    Ok(AuthRequest {
        methods,
        receipt: None,
        remote: remote_user(environment, config).filter(|_| counts),
        scope: scope(auth.get("scope"))?,
    })
}

/// The names in their order. A method named twice runs once: a request must not buy more hashing than
/// it has credentials.
fn each_once(names: &[Value]) -> Vec<&str> {
    let mut seen = HashSet::new();
    let names = names.iter().filter_map(Value::as_str);
    names.filter(|name| seen.insert(*name)).collect()
}

fn unsupported_method(name: &str, config: &Config) -> Error {
    Error::Unauthorized {
        reason: format!("authentication method {name} is not offered"),
        identity: Some(Box::new(json!({ "methods": config.auth.methods }))),
    }
}

/// The user whom a trusted proxy has identified. `[auth] external` says whether it may name the domain.
fn remote_user(environment: &Environment, config: &Config) -> Option<RemoteUser> {
    let names_domain = config.auth.external.as_deref() == Some(DOMAIN_PLUGIN);
    let domain = environment
        .get("REMOTE_DOMAIN")
        .filter(|_| names_domain)
        .map(str::to_owned);
    let name = environment.get("REMOTE_USER")?.to_owned();
    Some(RemoteUser { name, domain })
}

fn kerberos_user(environment: &Environment) -> Option<RemoteUser> {
    environment
        .get("AUTH_TYPE")
        .filter(|kind| *kind == "Negotiate")?;
    Some(RemoteUser {
        name: environment.get("REMOTE_USER")?.to_owned(),
        domain: environment.get("REMOTE_DOMAIN").map(str::to_owned),
    })
}

/// The names under which users come whom an identity provider sends.
fn federated_method(name: &str) -> Option<&'static str> {
    const NAMES: [&str; 4] = ["mapped", "openid", "saml2", "x509"];
    NAMES.into_iter().find(|known| *known == name)
}

/// By what the proxy says that an identity provider said, or by a token that was got so.
fn mapped(
    method: &'static str,
    members: &Map<String, Value>,
    environment: &Environment,
    config: &Config,
) -> Result<AuthMethod> {
    if members.contains_key("id") {
        let id = Secret::from(text(members, "id")?);
        return Ok(AuthMethod::MappedToken { method, id });
    }
    let login = MappedLogin {
        idp_id: text(members, "identity_provider")?.into(),
        protocol_id: text(members, "protocol")?.into(),
        assertion: environment.assertion(config),
        remote_user: environment.get("REMOTE_USER").map(str::to_owned),
    };
    Ok(AuthMethod::Mapped {
        method,
        login: Box::new(login),
    })
}

fn totp(method: &Map<String, Value>) -> Result<AuthMethod> {
    let user = object(method, "user")?;
    let lookup = user_lookup(user)?;
    match user.get("passcode").and_then(Value::as_str) {
        Some(passcode) => Ok(AuthMethod::Totp {
            user: lookup,
            passcode: Secret::from(passcode),
        }),
        None => Err(Error::unauthorized("no passcode was sent")),
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
    let credential = match (given(method, "id"), given(method, "name")) {
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
    match method.get("secret").and_then(Value::as_str) {
        Some(secret) => Ok(AuthMethod::ApplicationCredential {
            credential,
            secret: Secret::from(secret),
        }),
        None => Err(Error::unauthorized("no secret was sent")),
    }
}

/// As Keystone does, a name goes before an id.
fn user_lookup(user: &Map<String, Value>) -> Result<UserLookup> {
    match (given(user, "name"), given(user, "id")) {
        (Some(name), _) => Ok(UserLookup::Name {
            name: name.to_owned(),
            domain: domain_of(user, "user")?,
        }),
        (None, Some(id)) => Ok(UserLookup::Id(UserId::from(id))),
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
    match (given(domain, "name"), given(domain, "id")) {
        (Some(name), _) => Ok(DomainLookup::Name(name.to_owned())),
        (None, Some(id)) => Ok(DomainLookup::Id(id.into())),
        (None, None) => Err(Error::bad_request(
            "A domain must be given by 'id' or by 'name'.",
        )),
    }
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
            match (given(project, "name"), given(project, "id")) {
                (Some(name), _) => Ok(RequestedScope::ProjectByName {
                    name: name.to_owned(),
                    domain: domain_of(project, "project")?,
                }),
                (None, Some(id)) => Ok(RequestedScope::Project(ProjectId::from(id))),
                (None, None) => Err(Error::bad_request(
                    "A project must be given by 'id' or by 'name'.",
                )),
            }
        }
        _ => Ok(RequestedScope::Trust(TrustId::from(text(
            object(scope, "OS-TRUST:trust")?,
            "id",
        )?))),
    }
}

/// A text that says something: an empty one counts as none.
fn given<'a>(of: &'a Map<String, Value>, key: &str) -> Option<&'a str> {
    of.get(key)
        .and_then(Value::as_str)
        .filter(|text| !text.is_empty())
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
