//! What the server under test told others, and the check that it told enough after every request.

use super::Answer;
use axum::http::Method;
use futures_util::future::BoxFuture;
use keystone::driver::notification::{Driver, Notification};
use serde_json::Value;
use std::sync::{Arc, Mutex};

/// A driver that keeps what it is given.
#[derive(Clone, Default)]
pub struct Captured(Arc<Mutex<Vec<Value>>>);

impl Captured {
    /// All notifications so far.
    pub fn all(&self) -> Vec<Value> {
        self.0.lock().expect("no panic while locked").clone()
    }

    /// Those that one request caused.
    fn of_request(&self, id: &str) -> Vec<Value> {
        let mut all = self.all();
        all.retain(|told| request_id(told) == Some(id));
        all
    }
}

fn request_id(told: &Value) -> Option<&str> {
    let payload = &told["payload"];
    payload["request_id"]
        .as_str()
        .or_else(|| payload["initiator"]["request_id"].as_str())
}

impl Driver for Captured {
    fn send<'a>(&'a self, notification: &'a Notification) -> BoxFuture<'a, ()> {
        let message = Value::Object(notification.message.clone());
        assert_eq!(message["event_type"], notification.event_type);
        self.0.lock().expect("no panic while locked").push(message);
        Box::pin(std::future::ready(()))
    }
}

/// The event types that each changing operation causes, in their order, as Keystone has them. `[]`
/// is for those of which Keystone tells nobody.
#[rustfmt::skip]
pub const EVENTS: &[(&str, &str, &[&str])] = &[
    ("POST", "/v2.0/OS-KSADM/roles", &["identity.role.created"]),
    ("DELETE", "/v2.0/OS-KSADM/roles/{role_id}", &["identity.role.deleted"]),
    ("POST", "/v2.0/OS-KSADM/services", &["identity.service.created"]),
    ("DELETE", "/v2.0/OS-KSADM/services/{service_id}", &["identity.service.deleted"]),
    ("POST", "/v2.0/endpoints", &["identity.endpoint.created"]),
    ("DELETE", "/v2.0/endpoints/{endpoint_id}", &["identity.endpoint.deleted"]),
    ("POST", "/v2.0/tenants", &["identity.project.created"]),
    ("POST", "/v2.0/tenants/{tenant_id}", &["identity.project.updated"]),
    ("PUT", "/v2.0/tenants/{tenant_id}", &["identity.project.updated"]),
    ("DELETE", "/v2.0/tenants/{tenant_id}", &["identity.project.deleted"]),
    ("PUT", "/v2.0/tenants/{tenant_id}/users/{user_id}/roles/OS-KSADM/{role_id}", &["identity.role_assignment.created"]),
    ("DELETE", "/v2.0/tenants/{tenant_id}/users/{user_id}/roles/OS-KSADM/{role_id}", &["identity.role_assignment.deleted"]),
    ("POST", "/v2.0/users", &["identity.user.created"]),
    ("PUT", "/v2.0/users/{user_id}", &["identity.user.updated"]),
    ("DELETE", "/v2.0/users/{user_id}", &["identity.user.deleted"]),
    ("PUT", "/v2.0/users/{user_id}/OS-KSADM/enabled", &["identity.user.updated"]),
    ("PUT", "/v2.0/users/{user_id}/OS-KSADM/password", &["identity.user.updated"]),
    ("PUT", "/v2.0/users/{user_id}/OS-KSADM/tenant", &["identity.user.updated"]),
    ("PUT", "/v2.0/users/{user_id}/enabled", &["identity.user.updated"]),
    ("PUT", "/v2.0/users/{user_id}/password", &["identity.user.updated"]),
    ("POST", "/v2.0/users/{user_id}/credentials/OS-EC2", &["identity.credential.created"]),
    ("DELETE", "/v2.0/users/{user_id}/credentials/OS-EC2/{access}", &["identity.credential.deleted"]),
    ("POST", "/v2.0/users/{user_id}/roleRefs", &["identity.role_assignment.created"]),
    ("DELETE", "/v2.0/users/{user_id}/roleRefs/{role_ref_id}", &["identity.role_assignment.deleted"]),
    ("PUT", "/v2.0/users/{user_id}/tenant", &["identity.user.updated"]),
    ("PUT", "/v3/OS-EP-FILTER/endpoint_groups/{endpoint_group_id}/projects/{project_id}", &[]),
    ("DELETE", "/v3/OS-EP-FILTER/endpoint_groups/{endpoint_group_id}/projects/{project_id}", &[]),
    ("POST", "/v3/OS-EP-FILTER/endpoint_groups", &[]),
    ("PATCH", "/v3/OS-EP-FILTER/endpoint_groups/{endpoint_group_id}", &[]),
    ("DELETE", "/v3/OS-EP-FILTER/endpoint_groups/{endpoint_group_id}", &[]),
    ("PUT", "/v3/OS-EP-FILTER/projects/{project_id}/endpoints/{endpoint_id}", &[]),
    ("DELETE", "/v3/OS-EP-FILTER/projects/{project_id}/endpoints/{endpoint_id}", &[]),
    ("PUT", "/v3/OS-FEDERATION/identity_providers/{idp_id}", &[PERHAPS_A_DOMAIN]),
    ("PATCH", "/v3/OS-FEDERATION/identity_providers/{idp_id}", &[]),
    ("DELETE", "/v3/OS-FEDERATION/identity_providers/{idp_id}", &[]),
    ("PUT", "/v3/OS-FEDERATION/identity_providers/{idp_id}/protocols/{protocol_id}", &[]),
    ("PATCH", "/v3/OS-FEDERATION/identity_providers/{idp_id}/protocols/{protocol_id}", &[]),
    ("DELETE", "/v3/OS-FEDERATION/identity_providers/{idp_id}/protocols/{protocol_id}", &[]),
    // A login may make projects, and change the user.
    ("POST", "/v3/OS-FEDERATION/identity_providers/{idp_id}/protocols/{protocol_id}/auth", &["any?"]),
    ("PUT", "/v3/OS-FEDERATION/mappings/{mapping_id}", &[]),
    ("PATCH", "/v3/OS-FEDERATION/mappings/{mapping_id}", &[]),
    ("DELETE", "/v3/OS-FEDERATION/mappings/{mapping_id}", &[]),
    ("PUT", "/v3/OS-FEDERATION/service_providers/{service_provider_id}", &[]),
    ("PATCH", "/v3/OS-FEDERATION/service_providers/{service_provider_id}", &[]),
    ("DELETE", "/v3/OS-FEDERATION/service_providers/{service_provider_id}", &[]),
    ("PUT", "/v3/OS-INHERIT/domains/{domain_id}/groups/{group_id}/roles/{role_id}/inherited_to_projects", &["identity.role_assignment.created"]),
    ("DELETE", "/v3/OS-INHERIT/domains/{domain_id}/groups/{group_id}/roles/{role_id}/inherited_to_projects", &["identity.role_assignment.deleted"]),
    ("PUT", "/v3/OS-INHERIT/domains/{domain_id}/users/{user_id}/roles/{role_id}/inherited_to_projects", &["identity.role_assignment.created"]),
    ("DELETE", "/v3/OS-INHERIT/domains/{domain_id}/users/{user_id}/roles/{role_id}/inherited_to_projects", &["identity.role_assignment.deleted"]),
    ("PUT", "/v3/OS-INHERIT/projects/{project_id}/groups/{group_id}/roles/{role_id}/inherited_to_projects", &["identity.role_assignment.created"]),
    ("DELETE", "/v3/OS-INHERIT/projects/{project_id}/groups/{group_id}/roles/{role_id}/inherited_to_projects", &["identity.role_assignment.deleted"]),
    ("PUT", "/v3/OS-INHERIT/projects/{project_id}/users/{user_id}/roles/{role_id}/inherited_to_projects", &["identity.role_assignment.created"]),
    ("DELETE", "/v3/OS-INHERIT/projects/{project_id}/users/{user_id}/roles/{role_id}/inherited_to_projects", &["identity.role_assignment.deleted"]),
    ("POST", "/v3/OS-OAUTH1/consumers", &["identity.OS-OAUTH1:consumer.created"]),
    ("PATCH", "/v3/OS-OAUTH1/consumers/{consumer_id}", &["identity.OS-OAUTH1:consumer.updated"]),
    ("DELETE", "/v3/OS-OAUTH1/consumers/{consumer_id}", &["identity.OS-OAUTH1:consumer.deleted"]),
    ("POST", "/v3/OS-TRUST/trusts", &["identity.OS-TRUST:trust.created"]),
    ("DELETE", "/v3/OS-TRUST/trusts/{trust_id}", &["identity.OS-TRUST:trust.deleted"]),
    ("POST", "/v3/auth/OS-FEDERATION/identity_providers/{idp_id}/protocols/{protocol_id}/websso", &["any?"]),
    ("POST", "/v3/auth/OS-FEDERATION/saml2", &[]),
    ("POST", "/v3/auth/OS-FEDERATION/saml2/ecp", &[]),
    ("POST", "/v3/auth/OS-FEDERATION/websso/{protocol_id}", &["any?"]),
    // A login is told of where the configuration does not opt it out, as it does by default.
    ("POST", "/v3/auth/tokens", &[]),
    ("DELETE", "/v3/auth/tokens", &[]),
    ("POST", "/v3/credentials", &["identity.credential.created"]),
    ("PATCH", "/v3/credentials/{credential_id}", &[]),
    ("DELETE", "/v3/credentials/{credential_id}", &["identity.credential.deleted"]),
    ("DELETE", "/v3/users/{user_id}/OS-OAUTH1/access_tokens/{access_token_id}", &["identity.OS-OAUTH1:access_token.deleted"]),
    ("DELETE", "/v3/users/{user_id}/access_rules/{access_rule_id}", &["identity.access_rule.deleted"]),
    ("POST", "/v3/users/{user_id}/application_credentials", &["identity.application_credential.created"]),
    ("DELETE", "/v3/users/{user_id}/application_credentials/{application_credential_id}", &["identity.application_credential.deleted"]),
    ("POST", "/v3/users/{user_id}/credentials/OS-EC2", &["identity.credential.created"]),
    ("DELETE", "/v3/users/{user_id}/credentials/OS-EC2/{credential_id}", &["identity.credential.deleted"]),
    ("POST", "/v3/credentials", &["identity.credential.created"]),
    ("PATCH", "/v3/credentials/{credential_id}", &[]),
    ("DELETE", "/v3/credentials/{credential_id}", &["identity.credential.deleted"]),
    ("POST", "/v3/domains", &["identity.domain.created"]),
    ("PATCH", "/v3/domains/{domain_id}", &["identity.project.updated", "identity.domain.updated"]),
    ("DELETE", "/v3/domains/{domain_id}", &["identity.project.deleted", "identity.domain.deleted"]),
    ("PUT", "/v3/domains/{domain_id}/config", &[]),
    ("PATCH", "/v3/domains/{domain_id}/config", &[]),
    ("DELETE", "/v3/domains/{domain_id}/config", &[]),
    ("PATCH", "/v3/domains/{domain_id}/config/{group}", &[]),
    ("DELETE", "/v3/domains/{domain_id}/config/{group}", &[]),
    ("PATCH", "/v3/domains/{domain_id}/config/{group}/{option}", &[]),
    ("DELETE", "/v3/domains/{domain_id}/config/{group}/{option}", &[]),
    ("PUT", "/v3/domains/{domain_id}/groups/{group_id}/roles/{role_id}", &["identity.role_assignment.created"]),
    ("DELETE", "/v3/domains/{domain_id}/groups/{group_id}/roles/{role_id}", &["identity.role_assignment.deleted"]),
    ("PUT", "/v3/domains/{domain_id}/users/{user_id}/roles/{role_id}", &["identity.role_assignment.created"]),
    ("DELETE", "/v3/domains/{domain_id}/users/{user_id}/roles/{role_id}", &["identity.role_assignment.deleted"]),
    ("POST", "/v3/ec2tokens", &[]),
    ("POST", "/v3/endpoints", &["identity.endpoint.created"]),
    ("PATCH", "/v3/endpoints/{endpoint_id}", &["identity.endpoint.updated"]),
    ("DELETE", "/v3/endpoints/{endpoint_id}", &["identity.endpoint.deleted"]),
    ("POST", "/v3/groups", &["identity.group.created"]),
    ("PATCH", "/v3/groups/{group_id}", &["identity.group.updated"]),
    ("DELETE", "/v3/groups/{group_id}", &["identity.group.deleted"]),
    ("PUT", "/v3/groups/{group_id}/users/{user_id}", &["identity.group.updated"]),
    ("DELETE", "/v3/groups/{group_id}/users/{user_id}", &["identity.group.updated"]),
    ("POST", "/v3/limits", &[]),
    ("PATCH", "/v3/limits/{limit_id}", &[]),
    ("DELETE", "/v3/limits/{limit_id}", &[]),
    ("POST", "/v3/policies", &["identity.policy.created"]),
    ("PATCH", "/v3/policies/{policy_id}", &["identity.policy.updated"]),
    ("DELETE", "/v3/policies/{policy_id}", &["identity.policy.deleted"]),
    ("PUT", "/v3/policies/{policy_id}/OS-ENDPOINT-POLICY/endpoints/{endpoint_id}", &[]),
    ("DELETE", "/v3/policies/{policy_id}/OS-ENDPOINT-POLICY/endpoints/{endpoint_id}", &[]),
    ("PUT", "/v3/policies/{policy_id}/OS-ENDPOINT-POLICY/services/{service_id}", &[]),
    ("DELETE", "/v3/policies/{policy_id}/OS-ENDPOINT-POLICY/services/{service_id}", &[]),
    ("PUT", "/v3/policies/{policy_id}/OS-ENDPOINT-POLICY/services/{service_id}/regions/{region_id}", &[]),
    ("DELETE", "/v3/policies/{policy_id}/OS-ENDPOINT-POLICY/services/{service_id}/regions/{region_id}", &[]),
    ("POST", "/v3/projects", &[ANY_OF_PROJECT_AND_DOMAIN]),
    ("PATCH", "/v3/projects/{project_id}", &["identity.project.updated"]),
    ("DELETE", "/v3/projects/{project_id}", &["identity.project.deleted"]),
    ("PUT", "/v3/projects/{project_id}/groups/{group_id}/roles/{role_id}", &["identity.role_assignment.created"]),
    ("DELETE", "/v3/projects/{project_id}/groups/{group_id}/roles/{role_id}", &["identity.role_assignment.deleted"]),
    ("PUT", "/v3/projects/{project_id}/tags", &["identity.project.updated"]),
    ("DELETE", "/v3/projects/{project_id}/tags", &["identity.project.updated"]),
    ("PUT", "/v3/projects/{project_id}/tags/{value}", &["identity.project.updated", "identity.project tag.created"]),
    ("DELETE", "/v3/projects/{project_id}/tags/{value}", &["identity.project.updated", "identity.project tag.deleted"]),
    ("PUT", "/v3/projects/{project_id}/users/{user_id}/roles/{role_id}", &["identity.role_assignment.created"]),
    ("DELETE", "/v3/projects/{project_id}/users/{user_id}/roles/{role_id}", &["identity.role_assignment.deleted"]),
    ("POST", "/v3/regions", &["identity.region.created"]),
    ("PUT", "/v3/regions/{region_id}", &["identity.region.created"]),
    ("PATCH", "/v3/regions/{region_id}", &["identity.region.updated"]),
    ("DELETE", "/v3/regions/{region_id}", &["identity.region.deleted"]),
    ("POST", "/v3/registered_limits", &[]),
    ("PATCH", "/v3/registered_limits/{registered_limit_id}", &[]),
    ("DELETE", "/v3/registered_limits/{registered_limit_id}", &[]),
    ("POST", "/v3/roles", &["identity.role.created"]),
    ("PUT", "/v3/roles/{prior_role_id}/implies/{implied_role_id}", &[]),
    ("DELETE", "/v3/roles/{prior_role_id}/implies/{implied_role_id}", &[]),
    ("PATCH", "/v3/roles/{role_id}", &["identity.role.updated"]),
    ("DELETE", "/v3/roles/{role_id}", &["identity.role.deleted"]),
    ("POST", "/v3/s3tokens", &[]),
    ("POST", "/v3/services", &["identity.service.created"]),
    ("PATCH", "/v3/services/{service_id}", &["identity.service.updated"]),
    ("DELETE", "/v3/services/{service_id}", &["identity.service.deleted"]),
    ("PUT", "/v3/system/groups/{group_id}/roles/{role_id}", &[]),
    ("DELETE", "/v3/system/groups/{group_id}/roles/{role_id}", &[]),
    ("PUT", "/v3/system/users/{user_id}/roles/{role_id}", &[]),
    ("DELETE", "/v3/system/users/{user_id}/roles/{role_id}", &[]),
    ("POST", "/v3/users", &["identity.user.created"]),
    ("PATCH", "/v3/users/{user_id}", &["identity.user.updated"]),
    ("DELETE", "/v3/users/{user_id}", &["identity.user.deleted"]),
    ("POST", "/v3/users/{user_id}/credentials/OS-EC2", &["identity.credential.created"]),
    ("DELETE", "/v3/users/{user_id}/credentials/OS-EC2/{credential_id}", &["identity.credential.deleted"]),
    ("POST", "/v3/users/{user_id}/password", &["identity.user.updated"]),
    ("DELETE", "/v3/users/{user_id}/tokens", &[]),
];

/// Paths whose changes are not held against the table yet.
pub const NOT_HELD_YET: &[&str] = &[
    "/v2.0/ec2tokens",
    "/v2.0/s3tokens",
    "/v2.0",
    "/v2.0/tokens",
    "/v2.0/tokens/{token_id}",
    "/v2.0/users/{user_id}/roles/OS-KSADM/{role_id}",
    "/v3/OS-OAUTH1/access_token",
    "/v3/OS-OAUTH1/authorize/{request_token_id}",
    "/v3/OS-OAUTH1/request_token",
    "/v3/OS-OAUTH2/token",
    "/v3/ec2tokens",
    "/v3/s3tokens",
];

/// An identity provider that is given no domain gets one.
const PERHAPS_A_DOMAIN: &str = "identity.domain.created?";

/// Making a project may make a domain.
const ANY_OF_PROJECT_AND_DOMAIN: &str = "identity.project.created|identity.domain.created";

/// Fails the test when a request that changed something did not tell of it, or one that was refused
/// told of a success.
#[track_caller]
pub fn check(captured: &Captured, method: &Method, route: &str, answer: &Answer) {
    let status = answer.status;
    // A request that was too large to be looked at has no id.
    let Some(request_id) = answer.headers.get("x-openstack-request-id") else {
        return;
    };
    let request_id = request_id.to_str().expect("an id of text");
    let Some((_, _, expected)) = EVENTS
        .iter()
        .find(|(m, r, _)| *m == method.as_str() && *r == route)
    else {
        return;
    };
    let told = captured.of_request(request_id);
    let types: Vec<&str> = told
        .iter()
        .map(|told| told["event_type"].as_str().expect("a type"))
        .collect();
    if (200..300).contains(&status) {
        let mut rest = types.iter();
        for wanted in *expected {
            assert!(
                wanted.ends_with('?')
                    || rest.any(|found| wanted.split('|').any(|wanted| wanted == *found)),
                "{method} {route} answered {status} and told of {types:?}, not of {wanted}"
            );
        }
        let is_login = |found: &&str| *found == "identity.authenticate";
        let silent = expected.is_empty() && !types.iter().all(is_login);
        assert!(
            !silent,
            "{method} {route} told of {types:?}; Keystone tells nobody"
        );
        return;
    }
    for told in &told {
        let payload = &told["payload"];
        assert!(
            payload["outcome"] == "failure" || payload["reason"].is_object(),
            "{method} {route} answered {status} and told of {told}"
        );
    }
}
