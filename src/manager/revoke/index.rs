//! Revocation events in memory, where a token finds those that mean it without looking at the others.

use super::marks::{Marks, Member, members};
use crate::model::{RevocationEvent, Timestamp};
use aws_lc_rs::digest::{SHA256, digest};
use std::collections::HashMap;

/// Every event that may still mean a living token.
///
/// Nearly all events name one thing: a million of them take some 50 MB. Events that name several stand
/// under the rarest of these; those for the same things are one event, the latest.
#[derive(Debug, Default)]
pub(super) struct Index {
    /// By the one thing that they name: until when tokens were issued that they revoke, in microseconds.
    single: HashMap<Key, i64>,
    several: HashMap<Key, Vec<RevocationEvent>>,
    /// Those that name nothing.
    sweeping: Vec<RevocationEvent>,
}

/// Half of the SHA-256 of a member's kind and value.
type Key = [u8; 16];

fn key(member: Member, id: &str) -> Key {
    let mut text = Vec::with_capacity(id.len() + 1);
    text.push(member as u8);
    text.extend_from_slice(id.as_bytes());
    let mut key = Key::default();
    let length = key.len();
    key.copy_from_slice(&digest(&SHA256, &text).as_ref()[..length]);
    key
}

impl Index {
    pub(super) fn insert(&mut self, event: RevocationEvent) {
        let first = members(&event).next().map(|(member, id)| key(member, id));
        let Some(key) = first else {
            return merge(&mut self.sweeping, event);
        };
        if members(&event).count() == 1 && event.expires_at.is_none() {
            let until = event.issued_before.micros();
            let latest = self.single.entry(key).or_insert(until);
            *latest = until.max(*latest);
        } else {
            merge(self.several.entry(key).or_default(), event);
        }
    }

    /// Whether any event means the token.
    pub(super) fn revokes(&self, token: &Marks<'_>) -> bool {
        let issued_at = token.issued_at().micros();
        token.named().iter().any(|(member, id)| {
            let key = key(*member, id);
            self.single
                .get(&key)
                .is_some_and(|until| issued_at <= *until)
                || self.several.get(&key).is_some_and(|them| any(them, token))
        }) || any(&self.sweeping, token)
    }

    /// Forgets the events that can only mean tokens that were issued up to a time.
    pub(super) fn forget(&mut self, issued_until: Timestamp) {
        let keeps = |event: &RevocationEvent| event.issued_before > issued_until;
        self.single
            .retain(|_, until| *until > issued_until.micros());
        self.several.retain(|_, events| {
            events.retain(keeps);
            !events.is_empty()
        });
        self.sweeping.retain(keeps);
        if self.single.len() < self.single.capacity() / 4 {
            self.single.shrink_to_fit();
        }
    }
}

fn any(events: &[RevocationEvent], token: &Marks<'_>) -> bool {
    events.iter().any(|event| token.meet(event))
}

/// Adds an event, or lets one for the same things reach as far.
fn merge(events: &mut Vec<RevocationEvent>, event: RevocationEvent) {
    let same = events
        .iter_mut()
        .find(|known| known.expires_at == event.expires_at && members(known).eq(members(&event)));
    match same {
        Some(known) => known.issued_before = known.issued_before.max(event.issued_before),
        None => events.push(event),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::delegation::Delegation;
    use crate::model::oauth1::AccessToken;
    use crate::model::token::{
        DomainRef, ResolvedScope, RoleRef, TokenOrigin, TokenPayload, TokenScope, TokenUser,
        ValidToken,
    };
    use crate::model::trust::Trust;
    use proptest::prelude::*;
    use proptest::sample::select;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_seconds(second).unwrap()
    }

    fn domain(id: &str) -> DomainRef {
        DomainRef {
            id: id.into(),
            name: id.to_owned(),
        }
    }

    fn token(issued_at: i64) -> ValidToken {
        ValidToken {
            payload: TokenPayload {
                user_id: "user".into(),
                methods: vec!["password".to_owned()],
                issued_at: at(issued_at),
                expires_at: at(issued_at + 100),
                audit_ids: vec!["own".to_owned(), "chain".to_owned()],
                scope: TokenScope::Project("project".into()),
                origin: TokenOrigin::Trust("trust".into()),
            },
            user: TokenUser {
                id: "user".into(),
                name: "user".to_owned(),
                domain: domain("home"),
                password_expires_at: None,
            },
            scope: ResolvedScope::Project {
                id: "project".into(),
                name: "project".to_owned(),
                domain: domain("elsewhere"),
            },
            roles: vec![RoleRef {
                id: "role".into(),
                name: "role".to_owned(),
            }],
            whole_roles: None,
            role_names: vec!["role".to_owned()],
            catalog: None,
            is_admin_project: None,
            service_providers: [].into(),
            delegation: Vec::new(),
        }
    }

    fn index(events: impl IntoIterator<Item = RevocationEvent>) -> Index {
        let mut index = Index::default();
        events.into_iter().for_each(|event| index.insert(event));
        index
    }

    fn revokes(event: RevocationEvent, token: &ValidToken) -> bool {
        index([event]).revokes(&Marks::of(token))
    }

    fn event(set: impl FnOnce(&mut RevocationEvent)) -> RevocationEvent {
        let mut event = RevocationEvent::at(at(50));
        set(&mut event);
        event
    }

    #[test]
    fn each_thing_that_an_event_names_revokes_its_tokens_and_no_others() {
        let id = |id: &str| Some(id.to_owned());
        let token = token(10);
        for (mine, others) in [
            (
                event(|e| e.audit_id = id("own")),
                event(|e| e.audit_id = id("chain")),
            ),
            (
                event(|e| e.audit_chain_id = id("chain")),
                event(|e| e.audit_chain_id = id("own")),
            ),
            (
                event(|e| e.user_id = id("user")),
                event(|e| e.user_id = id("role")),
            ),
            (
                event(|e| e.project_id = id("project")),
                event(|e| e.project_id = id("p")),
            ),
            (
                event(|e| e.role_id = id("role")),
                event(|e| e.role_id = id("user")),
            ),
            (
                event(|e| e.trust_id = id("trust")),
                event(|e| e.trust_id = id("t")),
            ),
            (
                event(|e| e.domain_id = id("home")),
                event(|e| e.domain_id = id("elsewhere")),
            ),
            (event(|_| ()), event(|e| e.consumer_id = id("consumer"))),
            (
                event(|e| e.expires_at = Some(at(110))),
                event(|e| e.expires_at = Some(at(111))),
            ),
            (
                event(|e| (e.user_id, e.project_id) = (id("user"), id("project"))),
                event(|e| (e.user_id, e.project_id) = (id("user"), id("p"))),
            ),
            (
                event(|e| e.issued_before = at(10)),
                event(|e| e.issued_before = at(9)),
            ),
        ] {
            assert!(revokes(mine.clone(), &token), "{mine:?}");
            assert!(!revokes(others.clone(), &token), "{others:?}");
        }
    }

    #[test]
    fn both_sides_of_a_trust_and_the_consumer_of_an_access_token_end_its_tokens() {
        let of = |user: &str| event(|e| e.user_id = Some(user.to_owned()));
        let mut token = token(10);
        assert!(!revokes(of("trustor"), &token));
        token.delegation = vec![Delegation::Trust {
            trust: Trust {
                id: "trust".into(),
                trustor_user_id: "trustor".into(),
                trustee_user_id: "user".into(),
                project_id: None,
                impersonation: false,
                deleted_at: None,
                expires_at: None,
                remaining_uses: None,
                redelegated_trust_id: None,
                redelegation_count: 0,
                role_ids: Vec::new(),
                extra: Default::default(),
            },
            roles: Vec::new(),
        }];
        assert!(revokes(of("trustor"), &token) && revokes(of("user"), &token));

        token.payload.origin = TokenOrigin::OAuth1 {
            access_token_id: "access".into(),
        };
        token.delegation = vec![Delegation::OAuth1(AccessToken {
            id: "access".into(),
            secret: "s".into(),
            authorizing_user_id: "user".into(),
            project_id: "project".into(),
            role_ids: Vec::new(),
            consumer_id: "consumer".into(),
            expires_at: None,
        })];
        for (id, dies) in [("consumer", true), ("other", false)] {
            let consumer = event(|e| e.consumer_id = Some(id.to_owned()));
            assert_eq!(revokes(consumer, &token), dies);
        }
        for (id, dies) in [("access", true), ("other", false)] {
            let access = event(|e| e.access_token_id = Some(id.to_owned()));
            assert_eq!(revokes(access, &token), dies);
        }
        assert!(!revokes(
            event(|e| e.trust_id = Some("trust".to_owned())),
            &token
        ));
    }

    #[test]
    fn a_domain_with_an_expiry_is_the_scopes_and_not_the_users() {
        let mut token = token(10);
        let of = |id: &str| {
            event(|e| (e.domain_id, e.expires_at) = (Some(id.to_owned()), Some(at(110))))
        };
        assert!(!revokes(of("home"), &token));
        token.scope = ResolvedScope::Domain(domain("scope"));
        assert!(revokes(of("scope"), &token));
    }

    #[test]
    fn what_can_mean_no_living_token_is_forgotten() {
        let user =
            |until| event(|e| (e.user_id, e.issued_before) = (Some("user".to_owned()), at(until)));
        let mut index = index([user(20), user(15)]);
        index.forget(at(19));
        assert!(index.revokes(&Marks::of(&token(20))));
        assert!(!index.revokes(&Marks::of(&token(21))));
        index.forget(at(20));
        assert!(!index.revokes(&Marks::of(&token(20))));
    }

    /// An id that the token has somewhere, one that it has not, or none.
    fn any_id() -> impl Strategy<Value = Option<String>> {
        const IDS: [&str; 8] = [
            "own", "chain", "user", "project", "role", "trust", "home", "x",
        ];
        prop_oneof![
            3 => Just(None),
            1 => select(IDS.as_slice()).prop_map(|id| Some(id.to_owned())),
        ]
    }

    prop_compose! {
        fn any_event()(
            ids in prop::collection::vec(any_id(), 9),
            issued_before in 8_i64..12,
            expires_at in prop::option::weighted(0.2, 109_i64..112),
        ) -> RevocationEvent {
            let mut ids = ids.into_iter();
            let mut next = || ids.next().flatten();
            RevocationEvent {
                domain_id: next(),
                project_id: next(),
                user_id: next(),
                role_id: next(),
                trust_id: next(),
                consumer_id: next(),
                access_token_id: next(),
                audit_id: next(),
                audit_chain_id: next(),
                issued_before: at(issued_before),
                expires_at: expires_at.map(at),
                revoked_at: at(12),
            }
        }
    }

    proptest! {
        #[test]
        fn the_index_says_what_looking_at_every_event_says(
            events in prop::collection::vec(any_event(), 0..6),
        ) {
            let token = token(10);
            let marks = Marks::of(&token);
            let expected = events.iter().any(|event| marks.meet(event));
            prop_assert_eq!(index(events).revokes(&marks), expected);
        }
    }
}
