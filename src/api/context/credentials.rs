//! What policy sees of a caller.

use crate::manager::federation::CertificateCaller;
use crate::model::token::{ResolvedScope, ValidToken};
use crate::policy::Credentials;

/// What policy sees of a token.
pub(super) fn of_token(token: &ValidToken) -> Credentials<'_> {
    let mut credentials = Credentials {
        user_id: Some(&token.user.id),
        is_delegated_auth: !token.delegation.is_empty(),
        user_domain_id: Some(&token.user.domain.id),
        roles: &token.role_names,
        // A domain is no project; other tokens that don't say so are for one.
        is_admin_project: match token.scope {
            ResolvedScope::Domain(_) => false,
            _ => token.is_admin_project.unwrap_or(true),
        },
        ..Credentials::default()
    };
    if let Some(trust) = token.trust() {
        credentials.trust_id = Some(&trust.id);
        credentials.trustor_id = Some(&trust.trustor_user_id);
        credentials.trustee_id = Some(&trust.trustee_user_id);
    }
    with_scope(credentials, &token.scope)
}

/// What policy sees of a client certificate.
pub(super) fn of_certificate(caller: &CertificateCaller) -> Credentials<'_> {
    let user = caller.user.as_ref();
    let credentials = Credentials {
        user_id: user.map(|user| user.id.as_str()),
        user_domain_id: user.map(|user| user.domain_id.as_str()),
        roles: &caller.role_names,
        is_admin_project: false,
        ..Credentials::default()
    };
    with_scope(credentials, &caller.scope)
}

fn with_scope<'c>(mut credentials: Credentials<'c>, scope: &'c ResolvedScope) -> Credentials<'c> {
    match scope {
        ResolvedScope::Unscoped => {}
        ResolvedScope::Project { id, domain, .. } => {
            credentials.project_id = Some(id);
            credentials.project_domain_id = Some(&domain.id);
        }
        ResolvedScope::Domain(domain) => credentials.domain_id = Some(&domain.id),
        ResolvedScope::System => credentials.system = true,
    }
    credentials
}
