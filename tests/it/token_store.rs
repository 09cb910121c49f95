//! The token-store contract, held against every driver.

mod conformance;
mod servers;

use conformance::{Subject, conformance};
use keystone::driver::sql::token_store::SqlTokenStore;
use keystone::driver::token_store::memcached::MemcachedTokenStore;
use keystone::driver::token_store::memory::MemoryTokenStore;
use keystone::driver::token_store::redis::{RedisTokenStore, TlsFiles};
use keystone::driver::token_store::{StoredToken, TokenFilter, TokenStore};
use keystone::model::{Secret, Timestamp};
pub use servers::write_certificates;
use servers::{Memcached, TlsRedis, redis_url};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use crate::harness::db::TestDb;

const PATIENCE: Duration = Duration::from_secs(5);

fn now() -> Timestamp {
    Timestamp::parse("2026-01-01T00:00:00Z").expect("a time")
}

#[tokio::test]
async fn the_memory_driver_keeps_the_contract() {
    conformance(Subject {
        store: Arc::new(MemoryTokenStore::new(100_000)),
        now: now(),
        flushes: true,
    })
    .await;
}

#[tokio::test]
async fn the_sql_driver_keeps_the_contract() {
    let db = TestDb::synced().await;
    conformance(Subject {
        store: Arc::new(SqlTokenStore::new(db.db.clone())),
        now: now(),
        flushes: true,
    })
    .await;
}

/// A store in a part of the server that no other test uses.
fn redis_store(url: &str, timeout: Duration) -> RedisTokenStore {
    redis_store_over(TlsFiles::default(), url, timeout)
}

fn redis_store_over(tls: TlsFiles<'_>, url: &str, timeout: Duration) -> RedisTokenStore {
    let prefix = format!("keystone-test-{}:", uuid::Uuid::new_v4().simple());
    let store = RedisTokenStore::new(&Secret::from(url), tls, &prefix, timeout, 0);
    store.expect("a URL and files")
}

#[tokio::test]
async fn the_redis_driver_keeps_the_contract() {
    let Some(url) = redis_url().await else {
        return;
    };
    conformance(Subject {
        store: Arc::new(redis_store(&url, PATIENCE)),
        now: now(),
        flushes: false,
    })
    .await;
}

#[tokio::test]
#[ignore = "needs a redis-server that was built with TLS; CONTRIBUTING.md says how to run it"]
async fn the_redis_driver_keeps_the_contract_over_tls_with_those_it_trusts() {
    let server = TlsRedis::start(false);
    let ca = server.file("ca.pem");
    let trusting = TlsFiles {
        ca: Some(&ca),
        client: None,
    };
    conformance(Subject {
        store: Arc::new(redis_store_over(trusting, &server.url(), PATIENCE)),
        now: now(),
        flushes: false,
    })
    .await;
    // The system does not know the authority.
    all_is_unavailable(&redis_store(&server.url(), PATIENCE)).await;

    let strict = TlsRedis::start(true);
    let [ca, certificate, key] = ["ca.pem", "cert.pem", "key.pem"].map(|name| strict.file(name));
    let trusting = TlsFiles {
        ca: Some(&ca),
        client: None,
    };
    let timeout = Duration::from_millis(500);
    all_is_unavailable(&redis_store_over(trusting, &strict.url(), timeout)).await;
    let known = TlsFiles {
        client: Some((&certificate, &key)),
        ..trusting
    };
    let store = redis_store_over(known, &strict.url(), PATIENCE);
    let token = conformance::token("u", now().plus_seconds(60));
    store
        .create_token("a1", &token, now())
        .await
        .expect("a token");
    assert_eq!(store.get_token("a1").await.expect("it"), token);
    let foreign = server.file("ca.pem");
    let misled = TlsFiles {
        ca: Some(&foreign),
        ..known
    };
    all_is_unavailable(&redis_store_over(misled, &strict.url(), timeout)).await;
}

#[test]
fn files_for_tls_without_tls_or_that_are_none_are_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    let nothing = folder.path().join("nothing.pem");
    let garbage = folder.path().join("garbage.pem");
    std::fs::write(&garbage, "garbage").expect("a file");
    let golden = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/golden/pki/ca.pem");
    for (url, ca) in [
        ("rediss://127.0.0.1/", nothing.as_path()),
        ("rediss://127.0.0.1/", garbage.as_path()),
        ("redis://:s3cret@127.0.0.1/", Path::new(golden)),
    ] {
        let tls = TlsFiles {
            ca: Some(ca),
            client: None,
        };
        let store = RedisTokenStore::new(&Secret::from(url), tls, "p", PATIENCE, 0);
        let error = store.err().expect("a refusal").to_string();
        assert!(!error.contains("s3cret"), "{error}");
    }
}

#[tokio::test]
async fn the_memcached_driver_keeps_the_contract() {
    let Some(server) = Memcached::start() else {
        return;
    };
    conformance(Subject {
        store: Arc::new(server.store(PATIENCE)),
        now: now(),
        flushes: false,
    })
    .await;
}

#[tokio::test]
async fn several_memcacheds_share_the_tokens() {
    let (Some(one), Some(other)) = (Memcached::start(), Memcached::start()) else {
        return;
    };
    let servers = [one.address(), other.address()];
    let store = MemcachedTokenStore::new(&servers, PATIENCE, 0, 4).expect("servers");
    conformance(Subject {
        store: Arc::new(store),
        now: now(),
        flushes: false,
    })
    .await;
}

/// Whatever is asked of a store that is away answers 503.
async fn all_is_unavailable(store: &dyn TokenStore) {
    let token = conformance::token("u", now().plus_seconds(60));
    let filter = TokenFilter::of_user("u");
    let id = "0".repeat(32);
    let failures = [
        store.create_token(&id, &token, now()).await.err(),
        store.get_token(&id).await.err(),
        store.delete_token(&id, now()).await.err(),
        store.delete_tokens(&filter, now()).await.err(),
        store.list_revoked_tokens(now()).await.err(),
        store.list_tokens("", now()).await.err(),
    ];
    for failure in failures {
        assert!(
            matches!(failure, Some(keystone::Error::Unavailable(_))),
            "{failure:?}"
        );
    }
}

#[tokio::test]
async fn a_redis_that_is_away_or_mute_is_unavailable() {
    let timeout = Duration::from_millis(300);
    let nowhere = format!("redis://127.0.0.1:{}/", servers::free_port());
    all_is_unavailable(&redis_store(&nowhere, timeout)).await;
    let mute = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = mute.local_addr().expect("an address");
    all_is_unavailable(&redis_store(&format!("redis://{address}/"), timeout)).await;
}

#[tokio::test]
async fn a_memcached_that_is_away_or_mute_is_unavailable() {
    let timeout = Duration::from_millis(300);
    let store =
        |address: String| MemcachedTokenStore::new(&[address], timeout, 0, 4).expect("an address");
    all_is_unavailable(&store(format!("127.0.0.1:{}", servers::free_port()))).await;
    let mute = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = mute.local_addr().expect("an address");
    all_is_unavailable(&store(address.to_string())).await;
}

#[tokio::test]
async fn memcached_comes_back_after_a_restart() {
    let Some(mut server) = Memcached::start() else {
        return;
    };
    let store = server.store(PATIENCE);
    let token = conformance::token("u", now().plus_seconds(60));
    store
        .create_token("a1", &token, now())
        .await
        .expect("a token");
    server.stop();
    assert!(matches!(
        store.get_token("a1").await,
        Err(keystone::Error::Unavailable(_))
    ));
    server.start_again();
    // It forgot everything, and says so.
    assert!(store.get_token("a1").await.unwrap_err().is_not_found());
    store
        .create_token("a1", &token, now())
        .await
        .expect("a token");
}

/// A store that reaches Redis through a proxy, and the token `a1` that was kept in it.
async fn token_behind_a_proxy() -> Option<(servers::Proxy, RedisTokenStore, StoredToken)> {
    let proxy = servers::Proxy::to(&redis_url().await?);
    let store = redis_store(&proxy.url(), PATIENCE);
    let token = conformance::token("u", now().plus_seconds(60));
    let created = store.create_token("a1", &token, now()).await;
    created.expect("a token");
    Some((proxy, store, token))
}

#[tokio::test]
async fn redis_connections_that_are_cut_are_made_anew() {
    let Some((proxy, store, token)) = token_behind_a_proxy().await else {
        return;
    };
    for _ in 0..3 {
        proxy.cut();
        let deadline = std::time::Instant::now() + PATIENCE;
        loop {
            match store.get_token("a1").await {
                Ok(found) => break assert_eq!(found, token),
                Err(keystone::Error::Unavailable(_)) if std::time::Instant::now() < deadline => {
                    tokio::time::sleep(Duration::from_millis(20)).await;
                }
                Err(error) => panic!("{error}"),
            }
        }
    }
}

#[tokio::test]
async fn a_token_is_kept_in_redis_and_read_in_one_round_trip_each() {
    // The first one connects, and the server may have to learn the script.
    let Some((proxy, store, token)) = token_behind_a_proxy().await else {
        return;
    };
    let before = proxy.messages();
    let created = store.create_token("a2", &token, now()).await;
    created.expect("a token");
    assert_eq!(proxy.messages() - before, 1);
    store.get_token("a2").await.expect("a token");
    assert_eq!(proxy.messages() - before, 2);
}
