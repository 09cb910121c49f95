//! A running server and its key repository, while others work on the files.

use super::harness::{Home, Server, eventually};
use crate::harness::db::TestDb;
use keystone::crypto::fernet::{FernetKey, FernetKeys};
use keystone::crypto::key_repository::KeyRepository;
use serde_json::json;
use std::fs::Permissions;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, chown};
use std::os::unix::process::CommandExt as _;
use std::path::Path;
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

/// Nobody's id, as everywhere.
const NOBODY: u32 = 65_534;

/// Whether tests run as root, who may read everything.
fn am_root(home: &Home) -> bool {
    let folder = std::fs::metadata(home.path(""));
    folder.expect("the home").uid() == 0
}

/// Makes a file that the server may not read, or may again: root's own, or, where nobody is root,
/// nobody's.
fn set_readable(path: &Path, readable: bool, root: bool) {
    if root {
        let owner = Some(if readable { NOBODY } else { 0 });
        chown(path, owner, owner).expect("root may");
    }
    let mode = if readable || root { 0o600 } else { 0o000 };
    std::fs::set_permissions(path, Permissions::from_mode(mode)).expect("the owner may");
}

/// A server that is not root, from nothing; its keys lie in the folder `state`.
fn unprivileged(home: &Home, root: bool) -> Server {
    let mut command = home.keystone();
    if root {
        chown(home.path(""), Some(NOBODY), Some(NOBODY)).expect("root");
        // Where the program was built, nobody may be allowed to look.
        let program = home.path("keystone");
        std::fs::copy(env!("CARGO_BIN_EXE_keystone"), &program).expect("a copy");
        command = home.program(&program.display().to_string());
        command.uid(NOBODY).gid(NOBODY);
    }
    let state = home.path("state").display().to_string();
    home.serve_by(command, &["--state-dir", &state])
}

#[test]
fn a_key_of_somebody_else_leaves_the_former_ones_until_it_can_be_read() {
    let home = Home::new();
    let root = am_root(&home);
    let server = unprivileged(&home, root);
    let password = home.openrc("OS_PASSWORD");
    let login = || {
        let answer = server.login("admin", &password).expect(201);
        answer.header("x-subject-token").to_owned()
    };
    let old = login();
    let mut complaints = 0;
    for folder in ["fernet-keys", "credential-keys"] {
        let text = FernetKey::generate().expect("a key");
        let draft = home.write("draft", &text);
        set_readable(&draft, false, root);
        let key = home.path(&format!("state/{folder}/7"));
        std::fs::rename(&draft, &key).expect("a key");
        server.wait_for_log(&format!("{folder}/7: Permission denied"));
        complaints += 1;
        assert!(is_valid(&server, &old));
        let meanwhile = login();
        assert!(is_valid(&server, &meanwhile));
        let reads = || {
            server
                .log()
                .matches("keys and policy were read anew")
                .count()
        };
        let before = reads();
        set_readable(&key, true, root);
        eventually("the key to be read", || (reads() > before).then_some(()));
        assert!(is_valid(&server, &old) && is_valid(&server, &meanwhile));
        if folder == "fernet-keys" {
            let new = FernetKeys::new(vec![FernetKey::parse(&text).expect("a key")]);
            assert!(
                new.expect("keys")
                    .decrypt(&rescoped(&server, &old))
                    .is_some()
            );
        }
    }
    let told = server.log().matches("the former ones stay").count();
    assert_eq!(told, complaints, "each reason is told once");
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
