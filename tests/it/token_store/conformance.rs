//! What every driver must do.

use futures_util::future::join_all;
use keystone::driver::token_store::{RevokedToken, StoredToken, TokenFilter, TokenStore};
use keystone::model::Timestamp;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::sync::Arc;

/// A driver under test, with nothing in it.
pub struct Subject {
    pub store: Arc<dyn TokenStore>,
    pub now: Timestamp,
    /// Whether expired tokens stay until they are flushed.
    pub flushes: bool,
}

/// Runs the whole suite on one driver.
pub async fn conformance(subject: Subject) {
    what_goes_in_comes_back(&subject).await;
    what_is_not_there_is_not_found(&subject).await;
    an_id_is_taken_for_good(&subject).await;
    a_deleted_token_is_gone_and_on_the_list(&subject).await;
    one_of_many_deletions_wins(&subject).await;
    a_users_tokens_go_as_the_filter_says(&subject).await;
    a_trusts_tokens_go_whosever_they_are(&subject).await;
    nothing_written_at_once_gets_lost(&subject).await;
    the_list_is_ordered_and_ends(&subject).await;
    a_walk_meets_every_valid_token_and_no_other(&subject).await;
    if subject.flushes {
        flushing_drops_what_has_expired(&subject).await;
    }
}

/// A token of a user.
pub fn token(user: &str, expires: Timestamp) -> StoredToken {
    let extra = json!({
        "key": "the text",
        "user": { "id": user, "name": "Zoë 😀" },
        "tenant": null,
        "metadata": { "roles": ["r"] },
        "token_version": "v3.0",
        "token_data": { "token": { "audit_ids": [format!("audit-of-{user}")] } },
    });
    let Value::Object(extra) = extra else {
        unreachable!("an object")
    };
    StoredToken {
        expires: Some(expires),
        user_id: Some(user.to_owned()),
        trust_id: None,
        extra,
    }
}

fn id() -> String {
    uuid::Uuid::new_v4().simple().to_string()
}

impl Subject {
    fn later(&self, seconds: i64) -> Timestamp {
        self.now.plus_seconds(seconds)
    }

    async fn create(&self, token: &StoredToken) -> String {
        let id = id();
        let created = self.store.create_token(&id, token, self.now).await;
        created.expect("a new token");
        id
    }

    async fn has(&self, id: &str) -> bool {
        match self.store.get_token(id).await {
            Ok(_) => true,
            Err(error) => {
                assert!(error.is_not_found(), "{error}");
                false
            }
        }
    }

    async fn delete_tokens(&self, filter: &TokenFilter) -> BTreeSet<String> {
        let deleted = self.store.delete_tokens(filter, self.now).await;
        deleted.expect("a deletion").into_iter().collect()
    }

    async fn listed(&self, now: Timestamp) -> Vec<RevokedToken> {
        self.store.list_revoked_tokens(now).await.expect("a list")
    }

    async fn is_listed(&self, id: &str, now: Timestamp) -> bool {
        self.listed(now).await.iter().any(|entry| entry.id == id)
    }
}

fn set(ids: &[&String]) -> BTreeSet<String> {
    ids.iter().map(|id| (*id).clone()).collect()
}

async fn what_goes_in_comes_back(subject: &Subject) {
    let mut token = token(&id(), subject.later(60));
    token.trust_id = Some(id());
    let id = subject.create(&token).await;
    assert_eq!(subject.store.get_token(&id).await.unwrap(), token);
    // The longest id that there is, a SHA-256, and a document of PKI's size.
    let mut large = token.clone();
    large
        .extra
        .insert("catalog".into(), "x".repeat(50_000).into());
    let long = "f0".repeat(32);
    let created = subject.store.create_token(&long, &large, subject.now);
    created.await.unwrap();
    assert_eq!(subject.store.get_token(&long).await.unwrap(), large);
}

async fn what_is_not_there_is_not_found(subject: &Subject) {
    assert!(!subject.has(&id()).await);
    let deleted = subject.store.delete_token(&id(), subject.now).await;
    assert!(deleted.unwrap_err().is_not_found());
    let nobody = TokenFilter::of_user(&id());
    assert!(subject.delete_tokens(&nobody).await.is_empty());
}

async fn an_id_is_taken_for_good(subject: &Subject) {
    let token = token(&id(), subject.later(60));
    let id = subject.create(&token).await;
    let again = || subject.store.create_token(&id, &token, subject.now);
    assert!(matches!(again().await, Err(keystone::Error::Conflict(_))));
    subject.store.delete_token(&id, subject.now).await.unwrap();
    assert!(matches!(again().await, Err(keystone::Error::Conflict(_))));
    assert!(!subject.has(&id).await);
}

async fn a_deleted_token_is_gone_and_on_the_list(subject: &Subject) {
    let user = id();
    let id = subject.create(&token(&user, subject.later(60))).await;
    assert!(!subject.is_listed(&id, subject.now).await);
    subject.store.delete_token(&id, subject.now).await.unwrap();
    assert!(!subject.has(&id).await);
    let again = subject.store.delete_token(&id, subject.now).await;
    assert!(again.unwrap_err().is_not_found());
    let listed = subject.listed(subject.now).await;
    let entry = listed.iter().find(|entry| entry.id == id).expect("it");
    assert_eq!(entry.expires, subject.later(60));
    assert_eq!(entry.audit_id, Some(format!("audit-of-{user}")));
}

async fn one_of_many_deletions_wins(subject: &Subject) {
    let id = subject.create(&token(&id(), subject.later(60))).await;
    let deletions = (0..8).map(|_| subject.store.delete_token(&id, subject.now));
    let won = join_all(deletions).await;
    assert_eq!(won.iter().filter(|result| result.is_ok()).count(), 1);
    let entries = subject.listed(subject.now).await;
    assert_eq!(entries.iter().filter(|entry| entry.id == id).count(), 1);
}

async fn a_users_tokens_go_as_the_filter_says(subject: &Subject) {
    let user = id();
    let plain = token(&user, subject.later(60));
    let mut scoped = plain.clone();
    scoped
        .extra
        .insert("tenant".into(), json!({ "id": "p1", "name": "one" }));
    let mut consumers = scoped.clone();
    consumers.extra["token_data"]["token"]["OS-OAUTH1"] =
        json!({ "consumer_id": "c1", "access_token_id": "a1" });
    let plain = subject.create(&plain).await;
    let scoped = subject.create(&scoped).await;
    let consumers = subject.create(&consumers).await;
    let others = subject.create(&token(&id(), subject.later(60))).await;
    let filter = TokenFilter::of_user(&user);
    let none = TokenFilter {
        tenant_id: Some("p2".into()),
        ..filter.clone()
    };
    assert!(subject.delete_tokens(&none).await.is_empty());
    let by_consumer = TokenFilter {
        consumer_id: Some("c1".into()),
        ..filter.clone()
    };
    assert_eq!(
        subject.delete_tokens(&by_consumer).await,
        set(&[&consumers])
    );
    let by_tenant = TokenFilter {
        tenant_id: Some("p1".into()),
        ..filter.clone()
    };
    assert_eq!(subject.delete_tokens(&by_tenant).await, set(&[&scoped]));
    assert_eq!(subject.delete_tokens(&filter).await, set(&[&plain]));
    assert!(subject.delete_tokens(&filter).await.is_empty());
    for id in [&plain, &scoped, &consumers] {
        assert!(!subject.has(id).await);
        assert!(subject.is_listed(id, subject.now).await);
    }
    assert!(subject.has(&others).await);
}

async fn a_trusts_tokens_go_whosever_they_are(subject: &Subject) {
    let trust = id();
    let mut ids = BTreeSet::new();
    for user in [id(), id()] {
        let mut token = token(&user, subject.later(60));
        token.trust_id = Some(trust.clone());
        ids.insert(subject.create(&token).await);
    }
    let mut filter = TokenFilter::of_trust(&trust);
    filter.user_id = "not looked at".into();
    assert_eq!(subject.delete_tokens(&filter).await, ids);
}

async fn nothing_written_at_once_gets_lost(subject: &Subject) {
    const TOKENS: usize = 60;
    let user = id();
    let creations = (0..TOKENS).map(|_| {
        let (store, token, now) = (
            Arc::clone(&subject.store),
            token(&user, subject.later(60)),
            subject.now,
        );
        tokio::spawn(async move {
            let id = id();
            let created = store.create_token(&id, &token, now).await;
            created.expect("a new token");
            id
        })
    });
    let created: BTreeSet<String> = join_all(creations)
        .await
        .into_iter()
        .map(|id| id.expect("no panic"))
        .collect();
    // Half of them one by one, all at once; then the rest by the user.
    let (singly, together): (Vec<_>, Vec<_>) = created
        .iter()
        .enumerate()
        .partition(|(index, _)| index % 2 == 0);
    let deletions = singly.iter().map(|(_, id)| {
        let (store, id, now) = (Arc::clone(&subject.store), (*id).clone(), subject.now);
        tokio::spawn(async move { store.delete_token(&id, now).await })
    });
    for deleted in join_all(deletions).await {
        deleted.expect("no panic").expect("a deletion");
    }
    let rest = subject.delete_tokens(&TokenFilter::of_user(&user)).await;
    let expected: BTreeSet<String> = together.iter().map(|(_, id)| (*id).clone()).collect();
    assert_eq!(rest, expected);
    let listed: BTreeSet<String> = subject
        .listed(subject.now)
        .await
        .into_iter()
        .map(|entry| entry.id)
        .collect();
    assert!(created.is_subset(&listed));
}

async fn the_list_is_ordered_and_ends(subject: &Subject) {
    let user = id();
    let short = subject.create(&token(&user, subject.later(10))).await;
    let long = subject.create(&token(&user, subject.later(20))).await;
    subject.delete_tokens(&TokenFilter::of_user(&user)).await;
    let listed = subject.listed(subject.now).await;
    assert!(listed.is_sorted());
    assert!(subject.is_listed(&short, subject.later(9)).await);
    // The second in which a token ends is one in which it has ended.
    assert!(!subject.is_listed(&short, subject.later(10)).await);
    assert!(subject.is_listed(&long, subject.later(10)).await);
    // A token that has expired is not deleted again by its user.
    let expired = subject.create(&token(&user, subject.later(10))).await;
    let filter = TokenFilter::of_user(&user);
    let deleted = subject.store.delete_tokens(&filter, subject.later(10));
    assert!(deleted.await.unwrap().is_empty());
    assert!(!subject.is_listed(&expired, subject.now).await);
}

async fn a_walk_meets_every_valid_token_and_no_other(subject: &Subject) {
    // More than fit on two pages of any driver, many of them with one end.
    const TOKENS: i64 = 1_100;
    let user = id();
    let mut live = BTreeSet::new();
    for batch in 0..TOKENS / 50 {
        let token = token(&user, subject.later(300 + batch % 3));
        live.extend(join_all((0..50).map(|_| subject.create(&token))).await);
    }
    let expired = subject.create(&token(&user, subject.later(0))).await;
    let deleted = subject.create(&token(&user, subject.later(300))).await;
    let deletion = subject.store.delete_token(&deleted, subject.now);
    deletion.await.unwrap();
    let (mut place, mut met, mut pages) = (String::new(), BTreeSet::new(), 0);
    loop {
        let page = subject.store.list_tokens(&place, subject.now).await;
        let page = page.expect("a page");
        for (id, found) in page.tokens {
            assert!(found.is_live_at(subject.now));
            if found.user_id.as_deref() == Some(&user) {
                assert!(found.key().is_some());
                met.insert(id);
            }
        }
        pages += 1;
        assert!(pages <= TOKENS, "the walk has no end");
        // Who goes meanwhile takes nobody along.
        if pages == 1 {
            let gone = live.pop_first().expect("a token");
            let deletion = subject.store.delete_token(&gone, subject.now);
            deletion.await.unwrap();
            met.remove(&gone);
        }
        match page.next {
            Some(next) => place = next,
            None => break,
        }
    }
    assert!(pages > 1, "one page for all");
    assert!(!met.contains(&expired) && !met.contains(&deleted));
    assert!(
        live.is_subset(&met),
        "{} not met",
        live.difference(&met).count()
    );
}

async fn flushing_drops_what_has_expired(subject: &Subject) {
    let user = id();
    let early = subject.create(&token(&user, subject.later(-20))).await;
    let deleted = subject.create(&token(&user, subject.later(-10))).await;
    let live = subject.create(&token(&user, subject.later(1))).await;
    // Kept until somebody flushes: whether it has expired is not the store's to say.
    assert!(subject.has(&early).await);
    let deletion = subject.store.delete_token(&deleted, subject.now);
    deletion.await.unwrap();
    let flush = subject.store.flush_expired_tokens(subject.later(-10));
    assert_eq!(flush.await.unwrap(), 2);
    assert!(!subject.has(&early).await);
    assert!(subject.has(&live).await);
    let again = subject.store.flush_expired_tokens(subject.later(-10));
    assert_eq!(again.await.unwrap(), 0);
}
