//! `/v2.0/extensions`: what each listener serves beyond the core.

use crate::api::context::{Context, PathArgs};
use crate::api::response::json;
use crate::error::{Error, Result};
use axum::http::StatusCode;
use axum::response::Response;
use serde_json::{Value, json};

/// One extension as v2.0 announces it.
struct Extension {
    alias: &'static str,
    name: &'static str,
    description: &'static str,
    /// The odd times, with one digit for the seconds, are what clients have always been told.
    updated: &'static str,
    /// Where its description is.
    see: &'static str,
}

const OF_V2: &str = "http://developer.openstack.org/api-ref-identity-v2-ext.html";
const OF_V3: &str = "http://developer.openstack.org/api-ref-identity-v3-ext.html";

/// On the admin listener only.
const ADMIN: &[Extension] = &[
    Extension {
        alias: "s3tokens",
        name: "OpenStack S3 API",
        description: "Tokens for requests that are signed as Amazon S3 wants it.",
        updated: "2013-07-07T12:00:0-00:00",
        see: OF_V2,
    },
    Extension {
        alias: "OS-KSADM",
        name: "OpenStack Keystone Admin",
        description: "Administration of users, tenants, roles, services and endpoints.",
        updated: "2013-07-11T17:14:00-00:00",
        see: OF_V2,
    },
];

/// On the public listener only.
const PUBLIC: &[Extension] = &[Extension {
    alias: "OS-KSCRUD",
    name: "OpenStack Keystone User CRUD",
    description: "Users change their own passwords.",
    updated: "2013-07-07T12:00:0-00:00",
    see: OF_V2,
}];

/// On both.
const COMMON: &[Extension] = &[
    Extension {
        alias: "OS-REVOKE",
        name: "OpenStack Revoke API",
        description: "The events by which tokens were revoked.",
        updated: "2014-02-24T20:51:0-00:00",
        see: OF_V3,
    },
    Extension {
        alias: "OS-FEDERATION",
        name: "OpenStack Federation APIs",
        description: "Identity providers, their protocols and mappings.",
        updated: "2013-12-17T12:00:0-00:00",
        see: OF_V3,
    },
    Extension {
        alias: "OS-SIMPLE-CERT",
        name: "OpenStack Simple Certificate API",
        description: "The certificates that verify signed tokens.",
        updated: "2014-01-20T12:00:0-00:00",
        see: OF_V2,
    },
    Extension {
        alias: "OS-OAUTH1",
        name: "OpenStack OAUTH1 API",
        description: "Consumers to which users delegate roles by OAuth 1.0a.",
        updated: "2013-07-07T12:00:0-00:00",
        see: OF_V3,
    },
    Extension {
        alias: "OS-EC2",
        name: "OpenStack EC2 API",
        description: "Credentials and tokens for clients of Amazon's EC2.",
        updated: "2013-07-07T12:00:0-00:00",
        see: OF_V2,
    },
];

/// `GET /v2.0/extensions` on the public listener.
pub async fn list_public(_: Context) -> Response {
    list(PUBLIC)
}

/// `GET /v2.0/extensions` on the admin listener.
pub async fn list_admin(_: Context) -> Response {
    list(ADMIN)
}

/// `GET /v2.0/extensions/{alias}` on the public listener.
pub async fn show_public(_: Context, path: PathArgs) -> Result<Response> {
    show(PUBLIC, &path)
}

/// `GET /v2.0/extensions/{alias}` on the admin listener.
pub async fn show_admin(_: Context, path: PathArgs) -> Result<Response> {
    show(ADMIN, &path)
}

fn list(own: &[Extension]) -> Response {
    let values: Vec<Value> = own.iter().chain(COMMON).map(view).collect();
    json(
        StatusCode::OK,
        &json!({ "extensions": { "values": values } }),
    )
}

fn show(own: &[Extension], path: &PathArgs) -> Result<Response> {
    let alias = path.id::<String>(0)?;
    let found = own.iter().chain(COMMON).find(|one| one.alias == alias);
    let extension = found.ok_or_else(|| Error::not_found("extension", &alias))?;
    Ok(json(
        StatusCode::OK,
        &json!({ "extension": view(extension) }),
    ))
}

fn view(extension: &Extension) -> Value {
    let alias = extension.alias;
    json!({
        "name": extension.name,
        "namespace": format!("http://docs.openstack.org/identity/api/ext/{alias}/v1.0"),
        "alias": alias,
        "updated": extension.updated,
        "description": extension.description,
        "links": [{ "rel": "describedby", "type": "text/html", "href": extension.see }],
    })
}
