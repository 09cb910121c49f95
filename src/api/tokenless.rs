//! Tokenless authorization: callers whom a trusted proxy knows by their client certificates, and who
//! say in headers for which project or domain they call.

use crate::api::edge::RequestMeta;
use crate::app::{App, Settings};
use crate::error::{Error, Result};
use crate::manager::auth::{DomainLookup, RequestedScope};
use crate::manager::federation::CertificateCaller;
use crate::model::ProjectId;
use axum::http::HeaderMap;

/// Who calls, if a certificate of one of the trusted issuers came.
pub async fn caller(
    app: &App,
    settings: &Settings,
    request: &RequestMeta,
    headers: &HeaderMap,
) -> Option<Result<CertificateCaller>> {
    if request.is_v2() {
        return None;
    }
    let rules = &settings.config.tokenless_auth;
    let issuer = request.environment.get(&rules.issuer_attribute)?;
    if !rules.trusted_issuer.iter().any(|trusted| trusted == issuer) {
        return None;
    }
    let scope = match scope(headers) {
        Ok(scope) => scope,
        Err(error) => return Some(Err(error)),
    };
    let assertion = request.environment.assertion(&settings.config);
    let federation = app.federation();
    let caller = federation.certificate_caller(issuer, &assertion, scope);
    Some(caller.await)
}

/// The project or the domain that headers name.
fn scope(headers: &HeaderMap) -> Result<RequestedScope> {
    let named = |name: &str| {
        let value = headers.get(name)?.to_str().ok()?.trim();
        (!value.is_empty()).then(|| value.to_owned())
    };
    if let Some(id) = named("x-project-id") {
        return Ok(RequestedScope::Project(ProjectId::from(id)));
    }
    if let Some(name) = named("x-project-name") {
        let id = named("x-project-domain-id").map(|id| DomainLookup::Id(id.into()));
        let domain = id.or_else(|| named("x-project-domain-name").map(DomainLookup::Name));
        let domain = domain.ok_or_else(|| {
            Error::bad_request(
                "X-Project-Name needs X-Project-Domain-Id or X-Project-Domain-Name beside it.",
            )
        })?;
        return Ok(RequestedScope::ProjectByName { name, domain });
    }
    let id = named("x-domain-id").map(|id| DomainLookup::Id(id.into()));
    let domain = id.or_else(|| named("x-domain-name").map(DomainLookup::Name));
    domain.map(RequestedScope::Domain).ok_or_else(|| {
        Error::bad_request("Headers must say for which project or domain the call is.")
    })
}
