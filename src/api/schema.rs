//! Schemas of request bodies and queries.
//!
//! The JSON files beside this one are the rules (JSON Schema 2020-12, one file per resource, shared
//! parts in `common.json`); the constants here name them. They accept and refuse exactly what
//! Keystone 30.0.0 does, proved by `tests/golden/request_schemas.json`. Queries that take anything
//! (a trust's or a credential's list, every single resource but those below) have no schema.
//!
//! Patterns follow Python's `re.search`: `$` also matches before one final line feed, and a space is
//! what Python calls a space. Formats are asserted.

mod message;

use crate::error::{Error, Result};
use jsonschema::{PatternOptions, Registry, Validator};
use serde_json::Value;
use std::collections::HashMap;
use std::sync::{LazyLock, OnceLock};

/// A named schema, compiled when first used or by [`compile_all`].
pub struct Schema {
    name: &'static str,
    file: &'static str,
    pointer: &'static str,
    compiled: OnceLock<Result<Validator, String>>,
}

impl Schema {
    const fn new(name: &'static str, file: &'static str, pointer: &'static str) -> Self {
        Self {
            name,
            file,
            pointer,
            compiled: OnceLock::new(),
        }
    }

    /// The constant's name, e.g. `USER_CREATE`.
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// The schema's address among [`documents`]: `users.json#/$defs/create`.
    pub fn reference(&self) -> String {
        format!("{}#{}", self.file, self.pointer)
    }

    /// Its file, and the JSON pointer to it inside.
    pub fn address(&self) -> (&'static str, &'static str) {
        (self.file, self.pointer)
    }

    /// Checks a body, the part of it that the schema is about, or a query as
    /// [`Query::to_value`](super::query::Query::to_value) gives it.
    ///
    /// # Errors
    /// [`Error::BadRequest`] that names the member and what is wanted of it. Values are never
    /// repeated, since they may be secrets. [`Error::Internal`] when the schema itself is broken,
    /// which [`compile_all`] finds at start.
    pub fn validate(&self, instance: &Value) -> Result<()> {
        self.validator()?
            .validate(instance)
            .map_err(|error| Error::bad_request(message::of(&error)))
    }

    fn validator(&self) -> Result<&Validator> {
        let compiled = self.compiled.get_or_init(|| self.compile());
        compiled
            .as_ref()
            .map_err(|why| Error::internal(format_args!("schema {}: {why}", self.name)))
    }

    fn compile(&self) -> Result<Validator, String> {
        let registry = REGISTRY.as_ref().map_err(Clone::clone)?;
        jsonschema::options()
            .with_registry(registry)
            .with_pattern_options(PatternOptions::regex())
            .should_validate_formats(true)
            .should_ignore_unknown_formats(false)
            .with_format("uuid", is_uuid)
            .build(&serde_json::json!({ "$ref": format!("{BASE}{}", self.reference()) }))
            .map_err(|error| error.to_string())
    }
}

/// Compiles every schema.
///
/// # Errors
/// [`Error::Internal`] for the first one that is not a schema or refers to nothing.
pub fn compile_all() -> Result<()> {
    ALL.iter()
        .try_for_each(|schema| schema.validator().map(drop))
}

/// The schema files by name, parsed; what an API description embeds.
///
/// # Errors
/// [`Error::Internal`] when a file is not JSON.
pub fn documents() -> Result<&'static HashMap<&'static str, Value>> {
    DOCUMENTS.as_ref().map_err(Error::internal)
}

/// Files refer to each other relative to this; it is never fetched.
const BASE: &str = "schema:///";

static DOCUMENTS: LazyLock<Result<HashMap<&'static str, Value>, String>> = LazyLock::new(|| {
    FILES
        .iter()
        .map(|(name, text)| match serde_json::from_str(text) {
            Ok(document) => Ok((*name, document)),
            Err(error) => Err(format!("{name}: {error}")),
        })
        .collect()
});

static REGISTRY: LazyLock<Result<Registry<'static>, String>> = LazyLock::new(|| {
    let documents = DOCUMENTS.as_ref().map_err(Clone::clone)?;
    let mut builder = Registry::new();
    for (name, document) in documents {
        builder = builder
            .add(format!("{BASE}{name}"), document)
            .map_err(|error| error.to_string())?;
    }
    builder.prepare().map_err(|error| error.to_string())
});

/// Python's generous idea of a UUID: 32 hex digits; hyphens, braces and `urn:uuid:` don't count.
fn is_uuid(text: &str) -> bool {
    let digits = text
        .replace("urn:", "")
        .replace("uuid:", "")
        .replace(['{', '}', '-'], "");
    digits.len() == 32 && digits.bytes().all(|byte| byte.is_ascii_hexdigit())
}

macro_rules! files {
    ($($name:literal),* $(,)?) => {
        const FILES: &[(&str, &str)] =
            &[$(($name, include_str!(concat!("schema/", $name)))),*];
    };
}

files![
    "application_credentials.json",
    "auth.json",
    "common.json",
    "credentials.json",
    "domains.json",
    "endpoint_groups.json",
    "endpoints.json",
    "federation.json",
    "groups.json",
    "limits.json",
    "mappings.json",
    "oauth1.json",
    "policies.json",
    "projects.json",
    "regions.json",
    "roles.json",
    "services.json",
    "trusts.json",
    "users.json",
];

macro_rules! schemas {
    ($($(#[$doc:meta])* $name:ident = $file:literal $member:literal;)*) => {
        $($(#[$doc])* pub static $name: Schema =
            Schema::new(stringify!($name), $file, concat!("/$defs/", $member));)*

        /// Every schema.
        pub static ALL: &[&Schema] = &[$(&$name),*];
    };
}

schemas! {
    /// `POST /v3/users/{id}/application_credentials`, whole body.
    APPLICATION_CREDENTIAL_CREATE = "application_credentials.json" "create";
    /// `GET /v3/users/{id}/application_credentials/{id}`: its body, which some clients send.
    APPLICATION_CREDENTIAL_SHOW_BODY = "application_credentials.json" "show_body";
    /// `POST /v3/auth/OS-FEDERATION/saml2` and `…/ecp`, the body's `auth`.
    AUTH_SAML2 = "auth.json" "saml2";
    /// `POST /v3/auth/tokens`, the body's `auth`.
    AUTH_TOKENS = "auth.json" "tokens";
    /// `POST /v3/OS-OAUTH1/consumers`, the body's `consumer`.
    CONSUMER_CREATE = "oauth1.json" "consumer_create";
    /// `PATCH /v3/OS-OAUTH1/consumers/{id}`, the body's `consumer`.
    CONSUMER_UPDATE = "oauth1.json" "consumer_update";
    /// `POST /v3/credentials`, whole body.
    CREDENTIAL_CREATE = "credentials.json" "create";
    /// `PATCH /v3/credentials/{id}`, whole body.
    CREDENTIAL_UPDATE = "credentials.json" "update";
    /// `POST /v3/domains`, whole body.
    DOMAIN_CREATE = "domains.json" "create";
    /// `GET /v3/domains`, query.
    DOMAIN_LIST = "domains.json" "list";
    /// `PATCH /v3/domains/{id}`, whole body.
    DOMAIN_UPDATE = "domains.json" "update";
    /// `POST /v3/endpoints`, whole body.
    ENDPOINT_CREATE = "endpoints.json" "create";
    /// `POST /v3/OS-EP-FILTER/endpoint_groups`, whole body.
    ENDPOINT_GROUP_CREATE = "endpoint_groups.json" "create";
    /// `GET /v3/OS-EP-FILTER/endpoint_groups`, query.
    ENDPOINT_GROUP_LIST = "endpoint_groups.json" "list";
    /// `PATCH /v3/OS-EP-FILTER/endpoint_groups/{id}`, whole body.
    ENDPOINT_GROUP_UPDATE = "endpoint_groups.json" "update";
    /// `GET /v3/endpoints`, query.
    ENDPOINT_LIST = "endpoints.json" "list";
    /// `PATCH /v3/endpoints/{id}`, whole body.
    ENDPOINT_UPDATE = "endpoints.json" "update";
    /// `POST /v3/groups`, whole body.
    GROUP_CREATE = "groups.json" "create";
    /// `GET /v3/groups`, query.
    GROUP_LIST = "groups.json" "list";
    /// `PATCH /v3/groups/{id}`, whole body.
    GROUP_UPDATE = "groups.json" "update";
    /// `PUT /v3/OS-FEDERATION/identity_providers/{id}`, whole body.
    IDENTITY_PROVIDER_CREATE = "federation.json" "idp_create";
    /// `GET /v3/OS-FEDERATION/identity_providers`, query.
    IDENTITY_PROVIDER_LIST = "federation.json" "enabled_list";
    /// `PATCH /v3/OS-FEDERATION/identity_providers/{id}`, whole body.
    IDENTITY_PROVIDER_UPDATE = "federation.json" "idp_update";
    /// `POST /v3/limits`, whole body.
    LIMIT_CREATE = "limits.json" "create";
    /// `GET /v3/limits`, query.
    LIMIT_LIST = "limits.json" "list";
    /// `PATCH /v3/limits/{id}`, whole body.
    LIMIT_UPDATE = "limits.json" "update";
    /// `PUT` and `PATCH /v3/OS-FEDERATION/mappings/{id}`, the body's `mapping`, schema version 1.0.
    MAPPING_V1 = "mappings.json" "v1";
    /// As [`MAPPING_V1`], schema version 2.0: a project may name its domain.
    MAPPING_V2 = "mappings.json" "v2";
    /// As [`MAPPING_V2`], schema version 3.0: `projects_json`.
    MAPPING_V3 = "mappings.json" "v3";
    /// `PUT /v3/OS-OAUTH1/authorize/{id}`, the body's `roles`.
    OAUTH1_AUTHORIZE = "common.json" "roles";
    /// `POST /v3/policies`, the body's `policy`.
    POLICY_CREATE = "policies.json" "create";
    /// `PATCH /v3/policies/{id}`, the body's `policy`.
    POLICY_UPDATE = "policies.json" "update";
    /// `POST /v3/projects`, whole body.
    PROJECT_CREATE = "projects.json" "create";
    /// `GET /v3/projects`, query.
    PROJECT_LIST = "projects.json" "list";
    /// `PUT /v3/projects/{id}/tags/{tag}`, the tag.
    PROJECT_TAG = "common.json" "tag";
    /// `PUT /v3/projects/{id}/tags`, the body's `tags`.
    PROJECT_TAGS = "common.json" "tags";
    /// `PUT /v3/projects/{id}/tags`, whole body; checked before [`PROJECT_TAGS`].
    PROJECT_TAGS_BODY = "projects.json" "tags_body";
    /// `PATCH /v3/projects/{id}`, whole body.
    PROJECT_UPDATE = "projects.json" "update";
    /// `PUT /v3/OS-FEDERATION/identity_providers/{id}/protocols/{id}`, whole body.
    PROTOCOL_CREATE = "federation.json" "protocol_create";
    /// `PATCH /v3/OS-FEDERATION/identity_providers/{id}/protocols/{id}`, whole body.
    PROTOCOL_UPDATE = "federation.json" "protocol_update";
    /// `POST /v3/regions` and `PUT /v3/regions/{id}`, whole body.
    REGION_CREATE = "regions.json" "create";
    /// `GET /v3/regions`, query.
    REGION_LIST = "regions.json" "list";
    /// `PATCH /v3/regions/{id}`, whole body.
    REGION_UPDATE = "regions.json" "update";
    /// `POST /v3/registered_limits`, whole body.
    REGISTERED_LIMIT_CREATE = "limits.json" "registered_create";
    /// `GET /v3/registered_limits`, query.
    REGISTERED_LIMIT_LIST = "limits.json" "registered_list";
    /// `PATCH /v3/registered_limits/{id}`, whole body.
    REGISTERED_LIMIT_UPDATE = "limits.json" "registered_update";
    /// `GET /v3/role_assignments`, query.
    ROLE_ASSIGNMENT_LIST = "roles.json" "assignments";
    /// `POST /v3/roles`, whole body.
    ROLE_CREATE = "roles.json" "create";
    /// `GET /v3/roles`, query.
    ROLE_LIST = "roles.json" "list";
    /// `PATCH /v3/roles/{id}`, whole body.
    ROLE_UPDATE = "roles.json" "update";
    /// `POST /v3/services`, whole body.
    SERVICE_CREATE = "services.json" "create";
    /// `PUT /v3/OS-FEDERATION/service_providers/{id}`, whole body.
    SERVICE_PROVIDER_CREATE = "federation.json" "sp_create";
    /// `GET /v3/OS-FEDERATION/service_providers`, query.
    SERVICE_PROVIDER_LIST = "federation.json" "enabled_list";
    /// `PATCH /v3/OS-FEDERATION/service_providers/{id}`, whole body.
    SERVICE_PROVIDER_UPDATE = "federation.json" "sp_update";
    /// `PATCH /v3/services/{id}`, whole body.
    SERVICE_UPDATE = "services.json" "update";
    /// `POST /v3/OS-TRUST/trusts`, whole body.
    TRUST_CREATE = "trusts.json" "create";
    /// `POST /v3/users`, whole body.
    USER_CREATE = "users.json" "create";
    /// `GET /v3/users`, query.
    USER_LIST = "users.json" "list";
    /// `POST /v3/users/{id}/password`, the body's `user`.
    USER_PASSWORD = "users.json" "password";
    /// `PATCH /v3/users/{id}`, whole body.
    USER_UPDATE = "users.json" "update";
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    /// What a case of the golden file replaces in the base document. Long strings are written
    /// `{"repeat": ["x", 256]}`, a member to remove `{"absent": true}`.
    fn apply(base: &Value, pointer: &str, replacement: &Value) -> Value {
        let mut whole = base.clone();
        let value = match replacement.get("repeat") {
            Some(repeat) => {
                let times = repeat[1].as_u64().unwrap() as usize;
                json!(repeat[0].as_str().unwrap().repeat(times))
            }
            None => replacement.clone(),
        };
        if pointer.is_empty() {
            return value;
        }
        let (parent, key) = pointer.rsplit_once('/').unwrap();
        let key = key.replace("~1", "/").replace("~0", "~");
        match whole.pointer_mut(parent).unwrap() {
            Value::Object(members) if replacement.get("absent").is_some() => {
                members.shift_remove(&key);
            }
            Value::Object(members) => {
                members.insert(key, value);
            }
            Value::Array(items) if key == "-" => items.push(value),
            Value::Array(items) => items[key.parse::<usize>().unwrap()] = value,
            other => panic!("{pointer} leads into {other}"),
        }
        whole
    }

    #[test]
    fn every_schema_compiles() {
        compile_all().unwrap();
    }

    #[test]
    fn every_schema_decides_as_keystone_30_does() {
        let golden: Value =
            serde_json::from_str(include_str!("../../tests/golden/request_schemas.json")).unwrap();
        let mut wrong = Vec::new();
        for schema in ALL {
            let mut seen = 0;
            for set in golden[schema.name()].as_array().unwrap_or(&Vec::new()) {
                for case in set["cases"].as_array().unwrap() {
                    let input = apply(&set["base"], case[0].as_str().unwrap(), &case[1]);
                    let answer = schema.validate(&input);
                    if answer.is_ok() != case[2].as_bool().unwrap() {
                        wrong.push(format!("{}: {input} gave {answer:?}", schema.name()));
                    }
                    seen += 1;
                }
            }
            assert!(seen >= 20, "{} has only {seen} cases", schema.name());
        }
        assert!(
            wrong.is_empty(),
            "{} differ:\n{}",
            wrong.len(),
            wrong.join("\n")
        );
    }

    #[test]
    fn the_golden_file_speaks_of_no_schema_that_is_gone() {
        let golden: Value =
            serde_json::from_str(include_str!("../../tests/golden/request_schemas.json")).unwrap();
        for name in golden.as_object().unwrap().keys() {
            assert!(ALL.iter().any(|schema| schema.name() == name), "{name}");
        }
    }
}
