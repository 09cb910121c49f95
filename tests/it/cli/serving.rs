//! `keystone serve`: start, signals, changed files.

use super::harness::{Answer, Home, eventually, login, said};
use crate::harness::db::TestDb;
use keystone::driver::sql::db::{Dialect, sql};
use keystone::model::Timestamp;
use std::io::Write as _;
use std::net::TcpStream;
use std::os::unix::process::ExitStatusExt as _;
use std::time::{Duration, Instant};

/// A home with a configuration for a database and keys.
fn configured(db: &TestDb, more: &str) -> Home {
    let home = Home::new();
    home.config(&db.sqlalchemy_url(), more);
    assert!(home.manage_keys("fernet_setup").status.success());
    home
}

fn serve(home: &Home) -> super::harness::Server {
    home.serve(&[
        "--config-file",
        &home.path("keystone.conf").display().to_string(),
    ])
}

/// Runs `keystone`, which must end by itself.
fn refused(home: &Home) -> String {
    let config = home.path("keystone.conf");
    let mut command = home.keystone();
    command
        .args([
            "--bind",
            "127.0.0.1:0",
            "--admin-bind",
            "none",
            "--config-file",
        ])
        .arg(config);
    let output = command.output().expect("keystone starts");
    assert_eq!(output.status.code(), Some(1), "{}", said(&output));
    said(&output)
}

#[tokio::test]
async fn a_database_that_holds_nothing_but_the_schema_is_served() {
    let db = TestDb::synced().await;
    let home = configured(&db, "");
    let server = serve(&home);
    server.get("/v3", None).expect(200);
    server.login("admin", "whatever").expect(401);
    let entries = std::fs::read_dir(home.path("")).expect("the home");
    let names: Vec<_> = entries
        .map(|entry| entry.expect("an entry").file_name())
        .collect();
    assert!(
        !names.iter().any(|name| name == ".local" || name == "state"),
        "{names:?}"
    );
}

#[tokio::test]
async fn an_empty_database_is_refused_with_what_to_do() {
    let db = TestDb::empty().await;
    let home = configured(&db, "");
    assert!(refused(&home).contains("db_sync"));
}

#[tokio::test]
async fn missing_keys_are_refused_and_named() {
    let db = TestDb::synced().await;
    let home = configured(&db, "");
    std::fs::remove_dir_all(home.path("keys")).expect("keys");
    assert!(refused(&home).contains(&home.path("keys").display().to_string()));
}

#[test]
fn a_bad_value_stops_the_start_with_its_place_and_reason() {
    let home = Home::new();
    let config = home.config("sqlite://", "[token]\nexpiration = soon");
    let said = refused(&home);
    let line = std::fs::read_to_string(&config)
        .expect("a file")
        .lines()
        .count();
    assert!(
        said.contains(&format!("{}:{line}", config.display())),
        "{said}"
    );
    assert!(said.contains("[token] expiration"), "{said}");
}

#[tokio::test]
async fn unknown_methods_plugins_and_proxies_are_refused_with_their_line() {
    let db = TestDb::synced().await;
    for (option, named) in [
        ("[auth]\nmethods = password,tokn", "'tokn'"),
        ("[auth]\nexternal = Domian", "'Domian'"),
        (
            "[server]\ntrusted_proxies = proxy.example.org",
            "'proxy.example.org'",
        ),
        (
            "[server]\nenvironment_headers = REMOTE_USER",
            "'REMOTE_USER'",
        ),
    ] {
        let home = configured(&db, option);
        let text = std::fs::read_to_string(home.path("keystone.conf")).expect("the configuration");
        let name = option
            .lines()
            .last()
            .and_then(|line| line.split(' ').next());
        let name = name.expect("a name");
        let line = text.lines().position(|line| line.starts_with(name));
        let place = format!("keystone.conf:{}", line.expect("the option") + 1);
        let said = refused(&home);
        assert!(
            said.contains(&place) && said.contains(named),
            "{place}: {said}"
        );
    }
}

#[tokio::test]
async fn an_unknown_option_is_a_warning() {
    let db = TestDb::synced().await;
    let home = configured(&db, "[token]\nexpirations = 5");
    let server = serve(&home);
    server.wait_for_log("[token] has no option expirations");
    server.get("/v3", None).expect(200);
}

#[tokio::test]
async fn options_that_nothing_reads_are_a_warning_where_they_are_set() {
    let db = TestDb::synced().await;
    let home = Home::new();
    let connection = format!("{}\nmax_retries = 3", db.sqlalchemy_url());
    home.config(&connection, "");
    assert!(home.manage_keys("fernet_setup").status.success());
    let server = serve(&home);
    server.wait_for_log("keystone.conf:3: [database] max_retries has no effect here");
    assert!(!server.log().contains("retry_interval has no effect"));
}

#[tokio::test]
async fn the_usual_folder_counts_beside_a_named_file_and_what_is_named_later_wins() {
    let db = TestDb::synced().await;
    let home = configured(&db, "");
    let folder = home.path(".keystone/keystone.conf.d");
    std::fs::create_dir_all(&folder).expect("a folder");
    let text = "[DEFAULT]\npublic_endpoint = http://folder.test\n";
    std::fs::write(folder.join("more.conf"), text).expect("a file");
    let file = home.path("keystone.conf").display().to_string();
    let more = home.write(
        "more.conf",
        "[DEFAULT]\npublic_endpoint = http://file.test\n",
    );
    let more = more.display().to_string();
    let folder = |name: &str, file: &str, text: &str| {
        let folder = home.path(name);
        std::fs::create_dir(&folder).expect("a folder");
        std::fs::write(folder.join(file), text).expect("a file");
        folder.display().to_string()
    };
    let empty = folder("empty.d", "README", "");
    let named = "[DEFAULT]\npublic_endpoint = http://named-folder.test\n";
    let named = folder("named.d", "1.conf", named);
    for (words, endpoint) in [
        (["--config-file", &file].as_slice(), "http://folder.test/"),
        (
            &["--config-file", &file, "--config-file", &more],
            "http://file.test/",
        ),
        // A named folder takes the usual one's place.
        (
            &["--config-file", &file, "--config-dir", &empty],
            "http://127.0.0.1:",
        ),
        // Of what is named, the last counts.
        (
            &[
                "--config-file",
                &file,
                "--config-file",
                &more,
                "--config-dir",
                &named,
            ],
            "http://named-folder.test/",
        ),
        (
            &[
                "--config-file",
                &file,
                "--config-dir",
                &named,
                "--config-file",
                &more,
            ],
            "http://file.test/",
        ),
    ] {
        let server = home.serve(words);
        let versions = server.get("/v3", None).expect(200).text;
        assert!(versions.contains(endpoint), "{words:?}: {versions}");
    }
}

#[test]
fn a_database_that_is_away_is_answered_503_until_it_is_there() {
    let home = Home::new();
    // Nothing listens on port 9 of this machine.
    home.config("postgresql://nobody@127.0.0.1:9/none", "");
    assert!(home.manage_keys("fernet_setup").status.success());
    let server = serve(&home);
    server.get("/v3", None).expect(200);
    let answer = server.login("admin", "whatever").expect(503);
    assert!(!answer.header("retry-after").is_empty());
}

#[test]
fn a_changed_policy_counts_and_a_broken_one_does_not() {
    let home = Home::new();
    let server = home.serve_state();
    let token = server
        .login("admin", &home.openrc("OS_PASSWORD"))
        .expect(201);
    let token = token.header("x-subject-token");
    let list = || server.get("/v3/users", Some(token)).status;
    assert_eq!(list(), 200);

    home.write("state/policy.yaml", "\"identity:list_users\": \"!\"\n");
    eventually("the new policy", || (list() == 403).then_some(()));

    home.write("state/policy.yaml", "\"identity:list_users\": \"role:(\"\n");
    server.signal("HUP");
    server.wait_for_log("the former ones stay");
    assert_eq!(list(), 403);

    home.write("state/policy.yaml", "{}\n");
    eventually("the built-in policy", || (list() == 200).then_some(()));
}

#[tokio::test]
async fn sighup_reads_the_configuration_and_keeps_the_former_one_when_it_is_broken() {
    let db = TestDb::synced().await;
    let home = configured(&db, "");
    let server = serve(&home);
    let config = home.read("keystone.conf");
    let links = || server.get("/v3", None).expect(200).text;

    home.write(
        "keystone.conf",
        &format!("{config}[DEFAULT]\npublic_endpoint = http://one.test\n"),
    );
    server.signal("HUP");
    eventually("the new configuration", || {
        links().contains("http://one.test").then_some(())
    });

    home.write(
        "keystone.conf",
        &format!("{config}[DEFAULT]\ndebug = perhaps\n"),
    );
    server.signal("HUP");
    server.wait_for_log("the former one stays");
    assert!(links().contains("http://one.test"));
}

#[tokio::test]
async fn sighup_says_what_counts_only_after_a_restart() {
    let db = TestDb::synced().await;
    let home = configured(&db, "");
    let server = serve(&home);
    let config = home.read("keystone.conf");
    let more = "[DEFAULT]\nuse_json = true\n[oslo_messaging_notifications]\ndriver = log\n";
    home.write("keystone.conf", &format!("{config}{more}"));
    server.signal("HUP");
    server.wait_for_log("[DEFAULT] use_json takes effect at the next start");
    server.wait_for_log("[oslo_messaging_notifications] driver takes effect at the next start");
}

#[tokio::test]
async fn rotated_keys_are_taken_up_by_the_running_server() {
    let db = TestDb::synced().await;
    let home = configured(&db, "");
    let words = ["bootstrap", "--bootstrap-password", "s3cret"];
    assert!(home.manage(&words).status.success());
    let server = serve(&home);
    let old = server.login("admin", "s3cret").expect(201);
    assert!(home.manage_keys("fernet_rotate").status.success());
    server.wait_for_log("changed files");
    server
        .get("/v3/users", Some(old.header("x-subject-token")))
        .expect(200);
    server.login("admin", "s3cret").expect(201);
}

#[tokio::test]
async fn a_revocation_that_python_wrote_is_noticed() {
    let db = TestDb::synced().await;
    let home = configured(&db, "");
    let words = ["bootstrap", "--bootstrap-password", "s3cret"];
    assert!(home.manage(&words).status.success());
    let server = serve(&home);
    let login = server.login("admin", "s3cret").expect(201);
    let token = login.header("x-subject-token");
    // Twice, so that the server knows the token by heart.
    server.get("/v3/users", Some(token)).expect(200);
    server.get("/v3/users", Some(token)).expect(200);

    // Python's rows come without a change of our versions.
    let json = login.json();
    let user_id = json["token"]["user"]["id"].as_str().expect("an id");
    let now = Timestamp::from(chrono::Utc::now());
    let insert =
        sql("INSERT INTO revocation_event (user_id, issued_before, revoked_at) VALUES (?, ?, ?)");
    let insert = insert.bind(user_id).bind(now).bind(now);
    let mut session = db.db.session().await.expect("a session");
    session.execute(insert).await.expect("a row");
    eventually("the revocation", || {
        let status = server.get("/v3/users", Some(token)).status;
        (status == 401).then_some(())
    });
}

#[tokio::test]
async fn a_token_that_one_node_revoked_dies_on_the_other_within_a_second() {
    let db = TestDb::synced().await;
    let home = configured(&db, "");
    let words = ["bootstrap", "--bootstrap-password", "s3cret"];
    assert!(home.manage(&words).status.success());
    let (first, second) = (serve(&home), serve(&home));
    let login = first.login("admin", "s3cret").expect(201);
    let token = login.header("x-subject-token");
    for node in [&first, &second, &first, &second] {
        node.get("/v3/auth/projects", Some(token)).expect(200);
    }
    let headers = format!("X-Auth-Token: {token}\r\nX-Subject-Token: {token}\r\n");
    first
        .request("DELETE", "/v3/auth/tokens", &headers, "")
        .expect(204);
    let begun = std::time::Instant::now();
    first.get("/v3/auth/projects", Some(token)).expect(401);
    eventually("the other node to know", || {
        let status = second.get("/v3/auth/projects", Some(token)).status;
        (status == 401).then_some(())
    });
    assert!(begun.elapsed().as_secs_f64() < 1.5, "{:?}", begun.elapsed());
}

#[test]
fn sigterm_lets_requests_in_flight_end() {
    let home = Home::new();
    let mut server = home.serve_state();
    let body = login("admin", &home.openrc("OS_PASSWORD")).to_string();
    let (first_half, second_half) = body.split_at(body.len() / 2);
    let mut stream = TcpStream::connect(server.address).expect("the server listens");
    write!(
        stream,
        "POST /v3/auth/tokens HTTP/1.1\r\nHost: h\r\nContent-Type: application/json\r\n\
         Content-Length: {}\r\n\r\n{first_half}",
        body.len()
    )
    .expect("the server reads");
    // The request is in flight once a later one was answered.
    server.get("/v3", None).expect(200);
    server.signal("TERM");
    server.wait_for_log("SIGTERM");
    eventually("the listener to close", || {
        TcpStream::connect(server.address).err()
    });
    stream
        .write_all(second_half.as_bytes())
        .expect("the server still reads");
    assert_eq!(Answer::read(stream).status, 201);
    let status = server.ended();
    assert_eq!((status.code(), status.signal()), (Some(0), None));
}

#[tokio::test]
async fn sigterm_ends_a_server_that_waits_for_others_while_it_starts() {
    let db = TestDb::synced().await;
    let home = configured(&db, "");
    // The indexes are to be made, and somebody else is at it.
    let statement = sql("DELETE FROM keystone_native_meta WHERE name = 'indexes'");
    db.db.execute(statement).await.expect("a row");
    let lock = match db.db.dialect() {
        Dialect::Sqlite => "SELECT 1",
        Dialect::Postgres => "SELECT 1 FROM pg_advisory_xact_lock(5427871365018215778)",
        Dialect::Mysql => "SELECT GET_LOCK(CONCAT('keystone_native.', SHA1(DATABASE())), 60)",
    };
    let (locked, is_locked) = tokio::sync::oneshot::channel();
    let locked = std::sync::Mutex::new(Some(locked));
    let holder = db.db.transaction(|s| {
        let locked = locked.lock().expect("a lock").take();
        Box::pin(async move {
            s.fetch_one(sql(lock)).await?;
            locked.map(|locked| locked.send(()));
            std::future::pending::<keystone::Result<()>>().await
        })
    });
    let start_and_stop = async {
        is_locked.await.expect("the lock");
        let free = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = free.local_addr().expect("an address");
        drop(free);
        let mut keystone = home.keystone();
        keystone.args(["--bind", &address.to_string(), "--admin-bind", "none"]);
        keystone
            .arg("--config-file")
            .arg(home.path("keystone.conf"));
        let mut child = keystone.spawn().expect("keystone starts");
        // It listens once it minds signals.
        eventually("the listener", || TcpStream::connect(address).ok());
        std::thread::sleep(Duration::from_millis(500));
        let pid = child.id().to_string();
        let kill = std::process::Command::new("kill").arg(&pid).status();
        assert!(kill.expect("kill runs").success());
        let begun = Instant::now();
        let status = eventually("the end", || {
            let ended = child.try_wait().expect("a child");
            if ended.is_none() && begun.elapsed() > Duration::from_secs(4) {
                child.kill().expect("a child");
            }
            ended
        });
        assert_eq!((status.code(), status.signal()), (Some(0), None));
    };
    tokio::select! {
        held = holder => panic!("the lock was not held: {held:?}"),
        () = start_and_stop => {}
    }
}

#[test]
fn a_healthy_server_passes_the_health_check_and_none_does_not() {
    let home = Home::new();
    let mut server = home.serve_state();
    let state = home.path("state").display().to_string();
    let address = server.address.to_string();
    let check = || {
        let words = ["healthcheck", "--state-dir", &state, "--bind", &address];
        home.keystone()
            .args(words)
            .output()
            .expect("a command")
            .status
            .code()
    };
    assert_eq!(check(), Some(0));
    server.signal("INT");
    assert!(server.ended().success());
    assert_eq!(check(), Some(1));
}

#[test]
fn error_answers_have_their_own_length_on_the_wire() {
    let home = Home::new();
    let server = home.serve_state();
    for (path, status) in [("/v3/users", 401), ("/v3/no/such/path", 404)] {
        let got = server.get(path, None).expect(status);
        let body = got.text.split_once("\r\n\r\n").expect("a body").1;
        assert_eq!(got.header("content-length"), body.len().to_string());
        let head = server.request("HEAD", path, "", "").expect(status);
        assert_eq!(head.header("content-length"), body.len().to_string());
        assert!(head.text.ends_with("\r\n\r\n"), "{}", head.text);
    }
}
