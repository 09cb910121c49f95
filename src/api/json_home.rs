//! The JSON-home documents: where each resource lives, by relation.

use super::links::BaseUrl;
use bytes::Bytes;
use serde_json::{Map, Value, json};
use std::sync::LazyLock;

/// What relations and parameters are relative to.
const RELATIONS: &str = "https://docs.openstack.org/api/openstack-identity/3/";

/// The document's media type.
pub const MEDIA_TYPE: &str = "application/json-home";

/// The document of `/`: paths begin with `/v3`.
pub fn root() -> Bytes {
    static DOCUMENT: LazyLock<Bytes> = LazyLock::new(|| render(BaseUrl::V3));
    DOCUMENT.clone()
}

/// The document of `/v3`: paths are relative to it.
pub fn v3() -> Bytes {
    static DOCUMENT: LazyLock<Bytes> = LazyLock::new(|| render(""));
    DOCUMENT.clone()
}

fn render(prefix: &str) -> Bytes {
    let mut resources = Map::new();
    for (name, path) in CORE {
        resources.insert(
            format!("{RELATIONS}rel/{name}"),
            resource(name, prefix, path),
        );
    }
    for (extension, relations) in EXTENSIONS {
        for (name, path) in *relations {
            let relation = format!("{RELATIONS}ext/{extension}/1.0/rel/{name}");
            resources.insert(relation, resource(name, prefix, path));
        }
    }
    Bytes::from(json!({ "resources": resources }).to_string())
}

fn resource(name: &str, prefix: &str, path: &str) -> Value {
    let variables: Map<String, Value> = path
        .split('/')
        .filter_map(|segment| segment.strip_prefix('{')?.strip_suffix('}'))
        .map(|variable| {
            (
                variable.to_owned(),
                json!(format!("{RELATIONS}{}", parameter(variable))),
            )
        })
        .collect();
    let href = format!("{prefix}{path}");
    let mut resource = if variables.is_empty() {
        json!({ "href": href })
    } else {
        json!({ "href-template": href, "href-vars": variables })
    };
    if EXPERIMENTAL.contains(&name) {
        resource["hints"] = json!({ "status": "experimental" });
    }
    resource
}

/// The relation of a template's variable.
fn parameter(variable: &str) -> String {
    match variable {
        "endpoint_group_id" => format!("ext/OS-EP-FILTER/1.0/param/{variable}"),
        "idp_id" | "mapping_id" | "protocol_id" | "service_provider_id" => {
            format!("ext/OS-FEDERATION/1.0/param/{variable}")
        }
        "access_token_id" | "consumer_id" | "request_token_id" => {
            format!("ext/OS-OAUTH1/1.0/param/{variable}")
        }
        "trust_id" => format!("ext/OS-TRUST/1.0/param/{variable}"),
        "prior_role_id" | "implied_role_id" => "param/role_id".to_owned(),
        "group" | "option" => format!("param/config_{variable}"),
        "value" => "param/tag_value".to_owned(),
        _ => format!("param/{variable}"),
    }
}

/// Relations whose resource says that it may still change.
const EXPERIMENTAL: &[&str] = &[
    "limit",
    "limit_model",
    "limits",
    "registered_limit",
    "registered_limits",
];

const CORE: &[(&str, &str)] = &[
    (
        "access_rule",
        "/users/{user_id}/access_rules/{access_rule_id}",
    ),
    ("access_rules", "/users/{user_id}/access_rules"),
    (
        "application_credential",
        "/users/{user_id}/application_credentials/{application_credential_id}",
    ),
    (
        "application_credentials",
        "/users/{user_id}/application_credentials",
    ),
    ("auth_catalog", "/auth/catalog"),
    ("auth_domains", "/auth/domains"),
    ("auth_projects", "/auth/projects"),
    ("auth_system", "/auth/system"),
    ("auth_tokens", "/auth/tokens"),
    ("credential", "/credentials/{credential_id}"),
    ("credentials", "/credentials"),
    ("domain", "/domains/{domain_id}"),
    ("domain_config", "/domains/{domain_id}/config"),
    ("domain_config_default", "/domains/config/default"),
    (
        "domain_config_default_group",
        "/domains/config/{group}/default",
    ),
    (
        "domain_config_default_option",
        "/domains/config/{group}/{option}/default",
    ),
    ("domain_config_group", "/domains/{domain_id}/config/{group}"),
    (
        "domain_config_option",
        "/domains/{domain_id}/config/{group}/{option}",
    ),
    (
        "domain_group_role",
        "/domains/{domain_id}/groups/{group_id}/roles/{role_id}",
    ),
    (
        "domain_group_roles",
        "/domains/{domain_id}/groups/{group_id}/roles",
    ),
    (
        "domain_user_role",
        "/domains/{domain_id}/users/{user_id}/roles/{role_id}",
    ),
    (
        "domain_user_roles",
        "/domains/{domain_id}/users/{user_id}/roles",
    ),
    ("domains", "/domains"),
    ("endpoint", "/endpoints/{endpoint_id}"),
    ("endpoints", "/endpoints"),
    ("group", "/groups/{group_id}"),
    ("group_user", "/groups/{group_id}/users/{user_id}"),
    ("group_users", "/groups/{group_id}/users"),
    ("groups", "/groups"),
    (
        "implied_role",
        "/roles/{prior_role_id}/implies/{implied_role_id}",
    ),
    ("implied_roles", "/roles/{prior_role_id}/implies"),
    ("limit", "/limits/{limit_id}"),
    ("limit_model", "/limits/model"),
    ("limits", "/limits"),
    ("policies", "/policies"),
    ("policy", "/policies/{policy_id}"),
    ("project", "/projects/{project_id}"),
    (
        "project_group_role",
        "/projects/{project_id}/groups/{group_id}/roles/{role_id}",
    ),
    (
        "project_group_roles",
        "/projects/{project_id}/groups/{group_id}/roles",
    ),
    ("project_tags", "/projects/{project_id}/tags/{value}"),
    (
        "project_user_role",
        "/projects/{project_id}/users/{user_id}/roles/{role_id}",
    ),
    (
        "project_user_roles",
        "/projects/{project_id}/users/{user_id}/roles",
    ),
    ("projects", "/projects"),
    ("region", "/regions/{region_id}"),
    ("regions", "/regions"),
    (
        "registered_limit",
        "/registered_limits/{registered_limit_id}",
    ),
    ("registered_limits", "/registered_limits"),
    ("role", "/roles/{role_id}"),
    ("role_assignments", "/role_assignments"),
    ("role_inferences", "/role_inferences"),
    ("roles", "/roles"),
    ("service", "/services/{service_id}"),
    ("services", "/services"),
    (
        "system_group_role",
        "/system/groups/{group_id}/roles/{role_id}",
    ),
    ("system_group_roles", "/system/groups/{group_id}/roles"),
    (
        "system_user_role",
        "/system/users/{user_id}/roles/{role_id}",
    ),
    ("system_user_roles", "/system/users/{user_id}/roles"),
    ("user", "/users/{user_id}"),
    ("user_change_password", "/users/{user_id}/password"),
    ("user_groups", "/users/{user_id}/groups"),
    ("user_projects", "/users/{user_id}/projects"),
    ("user_tokens", "/users/{user_id}/tokens"),
    ("users", "/users"),
];

const EXTENSIONS: &[(&str, &[(&str, &str)])] = &[
    (
        "OS-EC2",
        &[
            ("ec2tokens", "/ec2tokens"),
            (
                "user_credential",
                "/users/{user_id}/credentials/OS-EC2/{credential_id}",
            ),
            ("user_credentials", "/users/{user_id}/credentials/OS-EC2"),
        ],
    ),
    (
        "OS-ENDPOINT-POLICY",
        &[
            (
                "endpoint_policy",
                "/endpoints/{endpoint_id}/OS-ENDPOINT-POLICY/policy",
            ),
            (
                "endpoint_policy_association",
                "/policies/{policy_id}/OS-ENDPOINT-POLICY/endpoints/{endpoint_id}",
            ),
            (
                "policy_endpoints",
                "/policies/{policy_id}/OS-ENDPOINT-POLICY/endpoints",
            ),
            (
                "region_and_service_policy_association",
                "/policies/{policy_id}/OS-ENDPOINT-POLICY/services/{service_id}/regions/{region_id}",
            ),
            (
                "service_policy_association",
                "/policies/{policy_id}/OS-ENDPOINT-POLICY/services/{service_id}",
            ),
        ],
    ),
    (
        "OS-EP-FILTER",
        &[
            (
                "endpoint_group",
                "/OS-EP-FILTER/endpoint_groups/{endpoint_group_id}",
            ),
            (
                "endpoint_group_to_project_association",
                "/OS-EP-FILTER/endpoint_groups/{endpoint_group_id}/projects/{project_id}",
            ),
            ("endpoint_groups", "/OS-EP-FILTER/endpoint_groups"),
            (
                "endpoint_projects",
                "/OS-EP-FILTER/endpoints/{endpoint_id}/projects",
            ),
            (
                "endpoints_in_endpoint_group",
                "/OS-EP-FILTER/endpoint_groups/{endpoint_group_id}/endpoints",
            ),
            (
                "project_endpoint",
                "/OS-EP-FILTER/projects/{project_id}/endpoints/{endpoint_id}",
            ),
            (
                "project_endpoint_groups",
                "/OS-EP-FILTER/projects/{project_id}/endpoint_groups",
            ),
            (
                "project_endpoints",
                "/OS-EP-FILTER/projects/{project_id}/endpoints",
            ),
            (
                "projects_associated_with_endpoint_group",
                "/OS-EP-FILTER/endpoint_groups/{endpoint_group_id}/projects",
            ),
        ],
    ),
    (
        "OS-FEDERATION",
        &[
            ("domains", "/auth/domains"),
            ("ecp", "/auth/OS-FEDERATION/saml2/ecp"),
            (
                "identity_provider",
                "/OS-FEDERATION/identity_providers/{idp_id}",
            ),
            (
                "identity_provider_protocol",
                "/OS-FEDERATION/identity_providers/{idp_id}/protocols/{protocol_id}",
            ),
            (
                "identity_provider_protocol_auth",
                "/OS-FEDERATION/identity_providers/{idp_id}/protocols/{protocol_id}/auth",
            ),
            (
                "identity_provider_protocols",
                "/OS-FEDERATION/identity_providers/{idp_id}/protocols",
            ),
            ("identity_providers", "/OS-FEDERATION/identity_providers"),
            (
                "identity_providers_websso",
                "/auth/OS-FEDERATION/identity_providers/{idp_id}/protocols/{protocol_id}/websso",
            ),
            ("mapping", "/OS-FEDERATION/mappings/{mapping_id}"),
            ("mappings", "/OS-FEDERATION/mappings"),
            ("metadata", "/OS-FEDERATION/saml2/metadata"),
            ("projects", "/auth/projects"),
            ("saml2", "/auth/OS-FEDERATION/saml2"),
            (
                "service_provider",
                "/OS-FEDERATION/service_providers/{service_provider_id}",
            ),
            ("service_providers", "/OS-FEDERATION/service_providers"),
            ("websso", "/auth/OS-FEDERATION/websso/{protocol_id}"),
        ],
    ),
    (
        "OS-INHERIT",
        &[
            (
                "domain_group_role_inherited_to_projects",
                "/OS-INHERIT/domains/{domain_id}/groups/{group_id}/roles/{role_id}/inherited_to_projects",
            ),
            (
                "domain_group_roles_inherited_to_projects",
                "/OS-INHERIT/domains/{domain_id}/groups/{group_id}/roles/inherited_to_projects",
            ),
            (
                "domain_user_role_inherited_to_projects",
                "/OS-INHERIT/domains/{domain_id}/users/{user_id}/roles/{role_id}/inherited_to_projects",
            ),
            (
                "domain_user_roles_inherited_to_projects",
                "/OS-INHERIT/domains/{domain_id}/users/{user_id}/roles/inherited_to_projects",
            ),
            (
                "project_group_role_inherited_to_projects",
                "/OS-INHERIT/projects/{project_id}/groups/{group_id}/roles/{role_id}/inherited_to_projects",
            ),
            (
                "project_user_role_inherited_to_projects",
                "/OS-INHERIT/projects/{project_id}/users/{user_id}/roles/{role_id}/inherited_to_projects",
            ),
        ],
    ),
    (
        "OS-OAUTH1",
        &[
            ("access_tokens", "/OS-OAUTH1/access_token"),
            (
                "authorize_request_token",
                "/OS-OAUTH1/authorize/{request_token_id}",
            ),
            ("consumer", "/OS-OAUTH1/consumers/{consumer_id}"),
            ("consumers", "/OS-OAUTH1/consumers"),
            ("request_tokens", "/OS-OAUTH1/request_token"),
            (
                "user_access_token",
                "/users/{user_id}/OS-OAUTH1/access_tokens/{access_token_id}",
            ),
            (
                "user_access_token_role",
                "/users/{user_id}/OS-OAUTH1/access_tokens/{access_token_id}/roles/{role_id}",
            ),
            (
                "user_access_token_roles",
                "/users/{user_id}/OS-OAUTH1/access_tokens/{access_token_id}/roles",
            ),
            (
                "user_access_tokens",
                "/users/{user_id}/OS-OAUTH1/access_tokens",
            ),
        ],
    ),
    ("OS-OAUTH2", &[("token", "/OS-OAUTH2/token")]),
    ("OS-PKI", &[("revocations", "/auth/tokens/OS-PKI/revoked")]),
    ("OS-REVOKE", &[("events", "/OS-REVOKE/events")]),
    (
        "OS-SIMPLE-CERT",
        &[
            ("ca_certificate", "/OS-SIMPLE-CERT/ca"),
            ("certificates", "/OS-SIMPLE-CERT/certificates"),
        ],
    ),
    (
        "OS-TRUST",
        &[
            ("trust", "/OS-TRUST/trusts/{trust_id}"),
            ("trust_role", "/OS-TRUST/trusts/{trust_id}/roles/{role_id}"),
            ("trust_roles", "/OS-TRUST/trusts/{trust_id}/roles"),
            ("trusts", "/OS-TRUST/trusts"),
        ],
    ),
    ("s3tokens", &[("s3tokens", "/s3tokens")]),
];

#[cfg(test)]
mod tests {
    use super::*;

    fn resources(document: &Bytes) -> Map<String, Value> {
        let document: Value = serde_json::from_slice(document).unwrap();
        document["resources"].as_object().unwrap().clone()
    }

    #[test]
    fn the_document_of_v3_has_the_relations_of_keystone_30() {
        let golden = Bytes::from_static(include_bytes!("../../tests/golden/json_home.json"));
        assert_eq!(resources(&v3()), resources(&golden));
    }

    #[test]
    fn the_document_of_the_root_puts_v3_before_every_path() {
        let (root, v3) = (resources(&root()), resources(&v3()));
        assert_eq!(root.len(), 121);
        for (relation, resource) in v3 {
            for kind in ["href", "href-template"] {
                let prefixed = resource
                    .get(kind)
                    .map(|path| format!("/v3{}", path.as_str().unwrap()));
                assert_eq!(
                    root[&relation].get(kind).and_then(Value::as_str),
                    prefixed.as_deref()
                );
            }
        }
    }
}
