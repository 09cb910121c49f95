//! A running server and its key repository, while others work on the files.

use super::harness::{Home, Server, eventually};
use crate::harness::db::TestDb;
use keystone::crypto::fernet::{FernetKey, FernetKeys};
use keystone::crypto::key_repository::KeyRepository;
use serde_json::json;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

/// A server with an administrator, and its keys.
async fn site(db: &TestDb, more: &str) -> (Home, Server, KeyRepository) {
    let home = Home::new();
    home.config(&db.sqlalchemy_url(), more);
    assert!(home.manage_keys("fernet_setup").status.success());
    let words = ["bootstrap", "--bootstrap-password", "s3cret"];
    assert!(home.manage(&words).status.success());
    let config = home.path("keystone.conf").display().to_string();
    let server = home.serve(&["--config-file", &config]);
    let keys = KeyRepository::new(home.path("keys"));
    (home, server, keys)
}

fn token(server: &Server) -> String {
    let login = server.login("admin", "s3cret").expect(201);
    login.header("x-subject-token").to_owned()
}

/// Another token made of one.
fn rescoped(server: &Server, token: &str) -> String {
    let identity = json!({ "methods": ["token"], "token": { "id": token } });
    let body = json!({ "auth": { "identity": identity } }).to_string();
    let answer = server.request("POST", "/v3/auth/tokens", "", &body);
    answer.expect(201).header("x-subject-token").to_owned()
}

fn is_valid(server: &Server, token: &str) -> bool {
    match server.get("/v3/auth/projects", Some(token)).status {
        200 => true,
        401 => false,
        other => panic!("answered {other}"),
    }
}

#[tokio::test]
async fn a_key_that_somebody_copied_in_is_used_within_a_second() {
    let db = TestDb::synced().await;
    let (home, server, _keys) = site(&db, "").await;
    let old = token(&server);
    let text = FernetKey::generate().expect("a key");
    home.write("keys/7", &text);
    let begun = Instant::now();
    let new = FernetKeys::new(vec![FernetKey::parse(&text).expect("a key")]).expect("keys");
    eventually("a token of the new key", || {
        new.decrypt(&rescoped(&server, &old))
    });
    let took = begun.elapsed();
    assert!(took < Duration::from_millis(1500), "took {took:?}");
    assert!(is_valid(&server, &old));
}

#[tokio::test]
async fn a_key_that_can_not_be_used_leaves_the_former_ones_until_it_can() {
    let db = TestDb::synced().await;
    let (home, server, _keys) = site(&db, "").await;
    let old = token(&server);
    let text = FernetKey::generate().expect("a key");
    // Half of it has arrived.
    home.write("keys/7", &text[..20]);
    server.wait_for_log("the former ones stay");
    assert!(is_valid(&server, &old));
    let meanwhile = token(&server);
    // The primary key is being written anew: it is empty for a moment.
    home.write("keys/7", "");
    server.wait_for_log("just being written");
    assert!(is_valid(&server, &meanwhile));
    let last = FernetKeys::new(vec![FernetKey::parse(&text).expect("a key")]).expect("keys");
    home.write("keys/7", &text);
    eventually("a token of the whole key", || {
        last.decrypt(&rescoped(&server, &old))
    });
    assert!(is_valid(&server, &old) && is_valid(&server, &meanwhile));
    let complaints = server.log().matches("the former ones stay").count();
    assert_eq!(complaints, 2, "each reason is told once");
}

#[tokio::test]
async fn no_living_token_is_refused_over_three_hundred_rotations_under_load() {
    const ROTATIONS: usize = 300;
    let db = TestDb::synced().await;
    let (_home, server, keys) = site(&db, "").await;
    let first = token(&server);
    let (done, asked) = (AtomicBool::new(false), AtomicUsize::new(0));
    let clients = || {
        let mut tokens = vec![first.clone()];
        while !done.load(Ordering::Relaxed) {
            tokens.push(rescoped(&server, &first));
            let recent = tokens.iter().rev().take(3);
            for token in recent.chain([&first]) {
                assert!(is_valid(&server, token), "a living token was refused");
                asked.fetch_add(1, Ordering::Relaxed);
            }
        }
        tokens
    };
    let tokens: Vec<String> = std::thread::scope(|scope| {
        let clients: Vec<_> = (0..2).map(|_| scope.spawn(clients)).collect();
        for _ in 0..ROTATIONS {
            keys.rotate(ROTATIONS + 2, Default::default())
                .expect("a rotation");
            std::thread::sleep(Duration::from_millis(8));
        }
        done.store(true, Ordering::Relaxed);
        let clients = clients.into_iter();
        clients
            .flat_map(|client| client.join().expect("no refusal"))
            .collect()
    });
    assert!(asked.load(Ordering::Relaxed) > 20);
    // Whatever was made with any of the keys is still good, also after the last of them is read.
    let newest = keys.load().expect("keys").keys;
    eventually("the last key", || {
        let made = rescoped(&server, &first);
        let primary = FernetKeys::new(vec![newest.primary().clone()]).expect("a key");
        primary.decrypt(&made)
    });
    for token in tokens.iter().step_by(tokens.len().div_ceil(50)) {
        assert!(is_valid(&server, token));
    }
}
