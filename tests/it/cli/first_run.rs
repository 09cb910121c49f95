//! `keystone` without any configuration.

use super::harness::{Home, mode};
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;
use std::process::Command;

/// Names and contents of all files of a folder whose names have one of these ends.
fn contents(folder: &Path, ends: &[&str]) -> Vec<(String, Vec<u8>)> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        let name = path.display().to_string();
        if path.is_dir() {
            found.extend(contents(&path, &[""]));
        } else if ends.iter().any(|end| name.ends_with(end)) {
            found.push((name, std::fs::read(&path).expect("a file")));
        }
    }
    found.sort();
    found
}

#[test]
fn the_first_run_makes_everything_and_the_second_changes_nothing() {
    let home = Home::new();
    let mut server = home.serve_state();
    let answer = server
        .login("admin", &home.openrc("OS_PASSWORD"))
        .expect(201);
    let token = answer.header("x-subject-token").to_owned();
    let body = &answer.json()["token"];
    let mut roles: Vec<_> = body["roles"]
        .as_array()
        .expect("roles")
        .iter()
        .map(|r| &r["name"])
        .collect();
    roles.sort_by_key(|name| name.to_string());
    assert_eq!(roles, ["admin", "manager", "member", "reader"]);
    assert_eq!(body["catalog"][0]["type"], "identity");
    assert_eq!(
        body["catalog"][0]["endpoints"]
            .as_array()
            .expect("endpoints")
            .len(),
        3
    );
    let roles = server.get("/v3/roles", Some(&token)).expect(200).json();
    let roles = roles["roles"].as_array().expect("roles").clone();
    assert_eq!(roles.len(), 5);
    assert!(
        roles
            .iter()
            .all(|role| role["options"]["immutable"] == true)
    );
    let made = contents(&home.path("state"), &["clouds.yaml", "openrc"]);
    server.signal("TERM");
    assert!(server.ended().success());

    let server = home.serve_state();
    assert_eq!(
        contents(&home.path("state"), &["clouds.yaml", "openrc"]),
        made
    );
    // The token says that the keys are the same, the user's id that the database is.
    server.get("/v3/users", Some(&token)).expect(200);
    assert!(
        !server.log().contains("new installation"),
        "{}",
        server.log()
    );
}

#[test]
fn only_the_owner_can_read_what_the_first_run_makes() {
    let home = Home::new();
    let _server = home.serve_state();
    for folder in ["state", "state/fernet-keys", "state/credential-keys"] {
        assert_eq!(mode(&home.path(folder)), 0o700, "{folder}");
    }
    for file in [
        "clouds.yaml",
        "openrc",
        "keystone.db",
        "fernet-keys/0",
        "credential-keys/1",
    ] {
        assert_eq!(mode(&home.path("state").join(file)), 0o600, "{file}");
    }
}

#[test]
fn the_printed_line_asks_for_a_token_when_pasted() {
    if Command::new("curl").arg("--version").output().is_err() {
        eprintln!("SKIPPED: there is no curl");
        return;
    }
    let home = Home::new();
    let _server = home.serve_state();
    let printed = home.read("stdout");
    let line = printed
        .lines()
        .find(|line| line.contains("curl"))
        .expect("a line with curl");
    let output = Command::new("sh")
        .args(["-c", line])
        .output()
        .expect("a shell");
    let answer = String::from_utf8_lossy(&output.stdout);
    assert!(answer.starts_with("HTTP/1.1 201"), "{answer}");
    assert!(answer.contains("x-subject-token: "), "{answer}");
    assert!(
        !printed.contains(&home.openrc("OS_PASSWORD")),
        "the password was printed"
    );
}

#[test]
fn a_first_run_that_was_cut_off_is_finished() {
    let home = Home::new();
    // Cut off after the password was written down and one of the key folders was made.
    let mut server = home.serve_state();
    let password = home.openrc("OS_PASSWORD");
    server.signal("KILL");
    server.ended();
    for file in [
        "keystone.db",
        "keystone.db-wal",
        "keystone.db-shm",
        "openrc",
    ] {
        let _ = std::fs::remove_file(home.path("state").join(file));
    }
    std::fs::remove_dir_all(home.path("state/credential-keys")).expect("a folder");

    let server = home.serve_state();
    assert_eq!(home.openrc("OS_PASSWORD"), password);
    server.login("admin", &password).expect(201);
    assert!(home.path("state/credential-keys/0").exists());
}

#[test]
fn two_that_start_at_once_make_one_installation() {
    let home = Home::new();
    let second_home = Home::new();
    let state = home.path("state").display().to_string();
    let (first, second) = std::thread::scope(|scope| {
        let second = scope.spawn(|| second_home.serve(&["--state-dir", &state]));
        (home.serve_state(), second.join().expect("a second server"))
    });
    let password = home.openrc("OS_PASSWORD");
    first.login("admin", &password).expect(201);
    second.login("admin", &password).expect(201);
}

#[test]
fn commands_without_a_configuration_work_on_the_state_folder() {
    let home = Home::new();
    let state = home.path("state").display().to_string();
    drop(home.serve_state());
    let before = std::fs::metadata(home.path("state/fernet-keys"))
        .expect("keys")
        .ino();
    let output = home
        .keystone()
        .args(["--state-dir", &state, "db_version"])
        .output();
    assert_eq!(output.expect("a command").stdout, b"742c857f1dfb\n");
    assert_eq!(
        std::fs::metadata(home.path("state/fernet-keys"))
            .expect("keys")
            .ino(),
        before
    );
}
