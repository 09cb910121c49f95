//! What policy sees of a caller.

use crate::manager::federation::CertificateCaller;
use crate::model::token::{ResolvedScope, ValidToken};
use crate::policy::{Credentials, TokenFields};

/// What policy sees of a token.
pub(super) fn of_token(token: &ValidToken) -> Credentials<'_> {
    let mut credentials = Credentials {
        user_id: Some(&token.user.id),
        is_delegated_auth: !token.delegation.is_empty(),
        user_domain_id: Some(&token.user.domain.id),
        roles: &token.role_names,
        is_admin_project: is_admin_project(&token.scope, token.is_admin_project),
        token: fields(token),
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
        is_admin_project: is_admin_project(&caller.scope, caller.is_admin_project),
        ..Credentials::default()
    };
    with_scope(credentials, &caller.scope)
}

/// A domain is no project; for all else, where no admin project is configured, each is one.
fn is_admin_project(scope: &ResolvedScope, said: Option<bool>) -> bool {
    !matches!(scope, ResolvedScope::Domain(_)) && said.unwrap_or(true)
}

/// What a token's body says besides.
fn fields(token: &ValidToken) -> TokenFields<'_> {
    let payload = &token.payload;
    let mut fields = TokenFields {
        methods: &payload.methods,
        audit_ids: &payload.audit_ids,
        issued_at: Some(payload.issued_at),
        expires_at: Some(payload.expires_at),
        user_name: Some(&token.user.name),
        user_domain_name: Some(&token.user.domain.name),
        password_expires_at: token.user.password_expires_at,
        roles: &token.roles,
        ..TokenFields::default()
    };
    match &token.scope {
        ResolvedScope::Project { name, domain, .. } => {
            fields.project_name = Some(name);
            fields.project_domain_name = Some(&domain.name);
            fields.is_domain = token.trust().is_none().then_some(false);
        }
        ResolvedScope::Domain(domain) => fields.domain_name = Some(&domain.name),
        ResolvedScope::Unscoped | ResolvedScope::System => {}
    }
    fields
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
