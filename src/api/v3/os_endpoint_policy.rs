//! OS-ENDPOINT-POLICY: what policy documents are attached to.
//!
//! The path says to what ([`PolicyPath`]), so three handlers serve the three kinds of places.

use super::{endpoints, policies};
use crate::api::context::{Context, PathArgs};
use crate::api::response::no_content;
use crate::app::App;
use crate::error::{Error, Result};
use crate::model::{EndpointId, PolicyId, PolicyPlace};
use crate::policy::Target;
use axum::extract::{FromRequestParts, RawPathParams};
use axum::http::StatusCode;
use axum::http::request::Parts;
use axum::response::Response;
use serde_json::Value;
use std::sync::Arc;

/// `GET /v3/policies/{policy_id}/OS-ENDPOINT-POLICY/…`
pub async fn check(ctx: Context, path: PolicyPath) -> Result<Response> {
    ctx.enforce(path.rule(&CHECK), &path.target())?;
    let manager = ctx.app.policies();
    manager.check_attached(&path.policy, &path.place).await?;
    Ok(no_content())
}

/// `PUT /v3/policies/{policy_id}/OS-ENDPOINT-POLICY/…`
pub async fn create(ctx: Context, path: PolicyPath) -> Result<Response> {
    ctx.enforce(path.rule(&CREATE), &path.target())?;
    ctx.app.policies().attach(&path.policy, &path.place).await?;
    Ok(no_content())
}

/// `DELETE /v3/policies/{policy_id}/OS-ENDPOINT-POLICY/…`
pub async fn delete(ctx: Context, path: PolicyPath) -> Result<Response> {
    ctx.enforce(path.rule(&DELETE), &path.target())?;
    ctx.app.policies().detach(&path.policy, &path.place).await?;
    Ok(no_content())
}

/// `GET /v3/policies/{policy_id}/OS-ENDPOINT-POLICY/endpoints`
pub async fn list_endpoints(ctx: Context, path: PathArgs) -> Result<Response> {
    let id = path.id::<PolicyId>(0)?;
    let target = Target::new().with("policy_id", id.as_str());
    ctx.enforce("identity:list_endpoints_for_policy", &target)?;
    let list_limit = ctx.settings.config.catalog.list_limit;
    let hints = ctx.query.list_hints(&[], ctx.open_page_rules(list_limit))?;
    let page = ctx.app.policies().endpoints_of(&id, &hints).await?;
    Ok(ctx.page(
        "endpoints",
        &page,
        hints.limit,
        |endpoint| &endpoint.id,
        |endpoint| {
            // Here alone Keystone does not repeat the region under its older name.
            let mut view = endpoints::view(&ctx, endpoint);
            view.shift_remove("region");
            Value::Object(view)
        },
    ))
}

/// `GET /v3/endpoints/{endpoint_id}/OS-ENDPOINT-POLICY/policy`
pub async fn show_policy(ctx: Context, path: PathArgs) -> Result<Response> {
    let id = path.id::<EndpointId>(0)?;
    let target = Target::new().with("endpoint_id", id.as_str());
    ctx.enforce("identity:get_policy_for_endpoint", &target)?;
    let policy = ctx.app.policies().policy_for(&id).await?;
    Ok(policies::respond(&ctx, StatusCode::OK, &policy))
}

/// The rules of one operation, by the kind of place.
struct Rules {
    endpoint: &'static str,
    service: &'static str,
    region_and_service: &'static str,
}

const CHECK: Rules = Rules {
    endpoint: "identity:check_policy_association_for_endpoint",
    service: "identity:check_policy_association_for_service",
    region_and_service: "identity:check_policy_association_for_region_and_service",
};

const CREATE: Rules = Rules {
    endpoint: "identity:create_policy_association_for_endpoint",
    service: "identity:create_policy_association_for_service",
    region_and_service: "identity:create_policy_association_for_region_and_service",
};

const DELETE: Rules = Rules {
    endpoint: "identity:delete_policy_association_for_endpoint",
    service: "identity:delete_policy_association_for_service",
    region_and_service: "identity:delete_policy_association_for_region_and_service",
};

/// What the path of an association says.
pub struct PolicyPath {
    policy: PolicyId,
    place: PolicyPlace,
}

impl PolicyPath {
    fn rule(&self, rules: &Rules) -> &'static str {
        match self.place {
            PolicyPlace::Endpoint(_) => rules.endpoint,
            PolicyPlace::ServiceInRegion(..) => rules.region_and_service,
            PolicyPlace::Service(_) => rules.service,
        }
    }

    fn target(&self) -> Target<'_> {
        let target = Target::new().with("policy_id", self.policy.as_str());
        match &self.place {
            PolicyPlace::Endpoint(endpoint) => target.with("endpoint_id", endpoint.as_str()),
            PolicyPlace::ServiceInRegion(service, region) => target
                .with("service_id", service.as_str())
                .with("region_id", region.as_str()),
            PolicyPlace::Service(service) => target.with("service_id", service.as_str()),
        }
    }
}

impl FromRequestParts<Arc<App>> for PolicyPath {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self> {
        let params = RawPathParams::from_request_parts(parts, app)
            .await
            .map_err(|_| Error::bad_request("The path is not valid UTF-8."))?;
        let find = |wanted| {
            let found = params.iter().find(|(name, _)| *name == wanted);
            found.map(|(_, value)| value)
        };
        let place = match (find("endpoint_id"), find("service_id"), find("region_id")) {
            (Some(endpoint), _, _) => PolicyPlace::Endpoint(endpoint.into()),
            (None, Some(service), Some(region)) => {
                PolicyPlace::ServiceInRegion(service.into(), region.into())
            }
            (None, Some(service), None) => PolicyPlace::Service(service.into()),
            (None, None, _) => return Err(Error::internal("a policy's route names no place")),
        };
        let policy = find("policy_id").map(PolicyId::from);
        let policy = policy.ok_or_else(|| Error::internal("a policy's route names no policy"))?;
        Ok(Self { policy, place })
    }
}
