//! What revocation events are held against.

use crate::model::token::{ResolvedScope, TokenOrigin, ValidToken};
use crate::model::{RevocationEvent, Timestamp};

/// A kind of thing that an event can name; first the ones that the fewest tokens share.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Member {
    Audit,
    AuditChain,
    Trust,
    AccessToken,
    Consumer,
    User,
    Project,
    Role,
    Domain,
}

/// A token as events see it.
#[derive(Debug)]
pub(super) struct Marks<'a> {
    issued_at: Timestamp,
    expires_at: Timestamp,
    /// Everything that an event could name, with its kind: several users, roles and domains.
    named: Vec<(Member, &'a str)>,
    /// The domain that the token is scoped to.
    scope_domain: Option<&'a str>,
}

impl<'a> Marks<'a> {
    pub(super) fn of(token: &'a ValidToken) -> Self {
        let payload = &token.payload;
        let mut named = Vec::with_capacity(12);
        let audit_ids = [Member::Audit, Member::AuditChain];
        for (member, id) in audit_ids.into_iter().zip(&payload.audit_ids) {
            named.push((member, id.as_str()));
        }
        match &payload.origin {
            TokenOrigin::Trust(id) => named.push((Member::Trust, id.as_str())),
            TokenOrigin::OAuth1 { access_token_id } => {
                named.push((Member::AccessToken, access_token_id.as_str()));
            }
            TokenOrigin::Direct
            | TokenOrigin::ApplicationCredential(_)
            | TokenOrigin::OAuth2 { .. }
            | TokenOrigin::Federated { .. } => {}
        }
        let trustor = token.trust().map(|trust| trust.trustor_user_id.as_str());
        // Of a trust, the payload's user is the trustee.
        let users = [Some(payload.user_id.as_str()), trustor];
        named.extend(users.into_iter().flatten().map(|id| (Member::User, id)));
        if let Some(access_token) = token.access_token() {
            named.push((Member::Consumer, access_token.consumer_id.as_str()));
        }
        let mut scope_domain = None;
        match &token.scope {
            ResolvedScope::Project { id, .. } => named.push((Member::Project, id.as_str())),
            ResolvedScope::Domain(domain) => {
                named.push((Member::Domain, domain.id.as_str()));
                scope_domain = Some(domain.id.as_str());
            }
            ResolvedScope::Unscoped | ResolvedScope::System => {}
        }
        let roles = token.roles.iter();
        named.extend(roles.map(|role| (Member::Role, role.id.as_str())));
        named.push((Member::Domain, token.user.domain.id.as_str()));
        Self {
            issued_at: payload.issued_at,
            expires_at: payload.expires_at,
            named,
            scope_domain,
        }
    }

    pub(super) fn issued_at(&self) -> Timestamp {
        self.issued_at
    }

    pub(super) fn named(&self) -> &[(Member, &'a str)] {
        &self.named
    }

    /// Whether an event means the token: each thing that it names must be the token's.
    pub(super) fn meet(&self, event: &RevocationEvent) -> bool {
        self.issued_at <= event.issued_before
            && event.expires_at.is_none_or(|end| end == self.expires_at)
            && members(event).all(|(member, id)| match (member, event.expires_at) {
                // Together with an expiry, a domain is the one that the token is scoped to; alone it
                // is the user's domain as well.
                (Member::Domain, Some(_)) => self.scope_domain == Some(id),
                _ => self.named.contains(&(member, id)),
            })
    }
}

/// What an event names, in the order of [`Member`].
pub(super) fn members(event: &RevocationEvent) -> impl Iterator<Item = (Member, &str)> {
    [
        (Member::Audit, &event.audit_id),
        (Member::AuditChain, &event.audit_chain_id),
        (Member::Trust, &event.trust_id),
        (Member::AccessToken, &event.access_token_id),
        (Member::Consumer, &event.consumer_id),
        (Member::User, &event.user_id),
        (Member::Project, &event.project_id),
        (Member::Role, &event.role_id),
        (Member::Domain, &event.domain_id),
    ]
    .into_iter()
    .filter_map(|(member, id)| Some((member, id.as_deref()?)))
}
