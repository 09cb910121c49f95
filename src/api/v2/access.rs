//! `{"access": …}`: a token as v2.0 shows it.

use super::tenants;
use crate::error::{Error, Result};
use crate::model::Project;
use crate::model::delegation::Delegation;
use crate::model::token::{CatalogService, ResolvedScope, RoleRef, TokenOrigin, ValidToken};
use serde_json::{Map, Value, json};

/// Fails with 401 when v2.0 has no way to say what the token is, so that its reader would take it for
/// more or for something else: a domain's or the system's, a federated user's, and what somebody
/// delegated by other means than a trust. A token of EC2 keys is a user's like any other.
pub fn check_expressible(token: &ValidToken) -> Result<()> {
    let scope = matches!(
        token.scope,
        ResolvedScope::Unscoped | ResolvedScope::Project { .. }
    );
    let origin = matches!(
        token.payload.origin,
        TokenOrigin::Direct | TokenOrigin::Trust(_)
    );
    let steps = token
        .delegation
        .iter()
        .all(|step| matches!(step, Delegation::Trust { .. } | Delegation::Ec2Credential));
    if scope && origin && steps {
        Ok(())
    } else {
        Err(Error::unauthorized("v2.0 can't express this token"))
    }
}

/// The project of a token that is for one.
pub fn tenant_id(token: &ValidToken) -> Option<&crate::model::ProjectId> {
    match &token.scope {
        ResolvedScope::Project { id, .. } => Some(id),
        _ => None,
    }
}

/// The document of the token with this text; `tenant` is its project.
pub fn document(token: &ValidToken, text: &str, tenant: Option<&Project>) -> Result<Value> {
    let mut head = Map::new();
    head.insert("id".to_owned(), json!(text));
    head.insert("issued_at".to_owned(), json!(token.payload.issued_at));
    let expires = token.payload.expires_at.without_fraction();
    head.insert("expires".to_owned(), json!(expires));
    head.insert("audit_ids".to_owned(), json!(token.payload.audit_ids));
    if let Some(tenant) = tenant {
        head.insert("tenant".to_owned(), Value::Object(tenants::view(tenant)));
    }
    let roles: Vec<Value> = token
        .role_names
        .iter()
        .map(|name| json!({ "name": name }))
        .collect();
    let role_ids: Vec<_> = token.roles.iter().map(|role| &role.id).collect();
    let mut access = json!({
        "token": head,
        "serviceCatalog": catalog(&token.services()?),
        "user": {
            "id": token.user.id,
            "name": token.user.name,
            "username": token.user.name,
            "roles": roles,
            "roles_links": [],
        },
        "metadata": { "is_admin": 0, "roles": role_ids },
    });
    if let Some(trust) = token.trust() {
        access["trust"] = json!({
            "id": trust.id,
            "trustor_user_id": trust.trustor_user_id,
            "trustee_user_id": trust.trustee_user_id,
            "impersonation": trust.impersonation,
        });
    }
    Ok(json!({ "access": access }))
}

/// The same with roles and tenant whole, as the calls for signed requests have always shown them.
pub fn whole_document(token: &ValidToken, text: &str, tenant: Option<&Project>) -> Result<Value> {
    let mut document = document(token, text, tenant)?;
    let access = &mut document["access"];
    let role = |role: &RoleRef| json!({ "id": role.id, "name": role.name, "domain_id": null });
    access["user"]["roles"] = token.roles.iter().map(role).collect();
    if let Some(project) = tenant {
        let tenant = &mut access["token"]["tenant"];
        tenant["domain_id"] = json!(project.domain_id);
        tenant["parent_id"] = json!(project.parent_id);
        tenant["is_domain"] = json!(project.is_domain);
    }
    Ok(document)
}

/// One endpoint of v2.0: the addresses of one type of service in one region.
#[derive(Default)]
struct Triple<'a> {
    region: Option<&'a str>,
    id: &'a str,
    service_name: &'a str,
    public: Option<&'a str>,
    internal: Option<&'a str>,
    admin: Option<&'a str>,
}

/// The catalog by type of service, each with its addresses by region, in order of first appearance.
/// Of two services of one type, v2.0 shows what comes last.
fn triples(services: &[CatalogService]) -> Vec<(&str, Vec<Triple<'_>>)> {
    let mut types: Vec<(&str, Vec<Triple<'_>>)> = Vec::new();
    for service in services {
        let kind = service.service_type.as_deref().unwrap_or_default();
        for endpoint in &service.endpoints {
            let at = position(
                &mut types,
                |(known, _)| *known == kind,
                || (kind, Vec::new()),
            );
            let region = endpoint.region_id.as_deref();
            let regions = &mut types[at].1;
            let at = position(
                regions,
                |known| known.region == region,
                || Triple {
                    region,
                    id: &endpoint.id,
                    ..Triple::default()
                },
            );
            let triple = &mut regions[at];
            triple.service_name = &service.name;
            let url = Some(endpoint.url.as_str());
            match endpoint.interface.as_str() {
                "public" => triple.public = url,
                "internal" => triple.internal = url,
                _ => triple.admin = url,
            }
        }
    }
    types
}

/// Where the wanted element is, after it was added if it was not there.
fn position<T>(items: &mut Vec<T>, wanted: impl Fn(&T) -> bool, new: impl FnOnce() -> T) -> usize {
    items.iter().position(wanted).unwrap_or_else(|| {
        items.push(new());
        items.len() - 1
    })
}

fn catalog(services: &[CatalogService]) -> Vec<Value> {
    let of_type = |(kind, regions): (&str, Vec<Triple<'_>>)| {
        let name = regions.last().map_or("", |triple| triple.service_name);
        let endpoints: Vec<Value> = regions.iter().map(endpoint).collect();
        json!({ "name": name, "type": kind, "endpoints": endpoints, "endpoints_links": [] })
    };
    triples(services).into_iter().map(of_type).collect()
}

fn endpoint(triple: &Triple<'_>) -> Value {
    let mut endpoint = json!({
        "region": triple.region,
        "id": triple.id,
        "publicURL": triple.public.unwrap_or_default(),
    });
    for (name, url) in [("internalURL", triple.internal), ("adminURL", triple.admin)] {
        if let Some(url) = url {
            endpoint[name] = json!(url);
        }
    }
    endpoint
}

/// What `GET /v2.0/tokens/{token_id}/endpoints` shows: the same, one element an endpoint.
pub fn endpoints(services: &[CatalogService]) -> Vec<Value> {
    let flat = |(kind, regions): (&str, Vec<Triple<'_>>)| -> Vec<Value> {
        let of_region = |triple: Triple<'_>| {
            json!({
                "id": triple.id,
                "name": triple.service_name,
                "type": kind,
                "region": triple.region,
                "publicURL": triple.public.unwrap_or_default(),
                "internalURL": triple.internal,
                "adminURL": triple.admin,
            })
        };
        regions.into_iter().map(of_region).collect()
    };
    triples(services).into_iter().flat_map(flat).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::token::CatalogEndpoint;

    fn service(kind: &str, name: &str, endpoints: &[(&str, &str, Option<&str>)]) -> CatalogService {
        let endpoint = |(id, interface, region): &(&str, &str, Option<&str>)| CatalogEndpoint {
            id: (*id).into(),
            interface: (*interface).to_owned(),
            region_id: region.map(Into::into),
            url: format!("http://{id}"),
            region: region.map(Into::into),
            extra: Map::new(),
        };
        CatalogService {
            endpoints: endpoints.iter().map(endpoint).collect(),
            id: name.into(),
            service_type: Some(kind.to_owned()),
            name: name.to_owned(),
        }
    }

    #[test]
    fn a_catalog_has_one_service_a_type_and_one_endpoint_a_region() {
        let services = [
            service(
                "image",
                "glance",
                &[("a", "admin", Some("R1")), ("b", "public", Some("R1"))],
            ),
            service("volume", "cinder", &[("c", "internal", None)]),
            service(
                "image",
                "glance2",
                &[("d", "public", Some("R1")), ("e", "public", Some("R2"))],
            ),
            service("empty", "none", &[]),
        ];
        assert_eq!(
            json!(catalog(&services)),
            json!([
                { "name": "glance2", "type": "image", "endpoints_links": [], "endpoints": [
                    { "region": "R1", "id": "a", "publicURL": "http://d", "adminURL": "http://a" },
                    { "region": "R2", "id": "e", "publicURL": "http://e" },
                ] },
                { "name": "cinder", "type": "volume", "endpoints_links": [], "endpoints": [
                    { "region": null, "id": "c", "publicURL": "", "internalURL": "http://c" },
                ] },
            ])
        );
        assert_eq!(
            endpoints(&services)[2],
            json!({
                "id": "c", "name": "cinder", "type": "volume", "region": null,
                "publicURL": "", "internalURL": "http://c", "adminURL": null,
            })
        );
    }
}
