//! Subcommands and their exit codes.

use super::harness::{Home, said};
use crate::harness::db::TestDb;
use keystone::crypto::fernet::{FernetKey, FernetKeys, NULL_KEY};
use keystone::driver::sql::db::{Db, sql};

fn home(db: &TestDb) -> Home {
    let home = Home::new();
    home.config(&db.sqlalchemy_url(), "");
    home
}

#[track_caller]
fn expect(home: &Home, words: &[&str], code: i32) -> String {
    let output = home.manage(words);
    assert_eq!(
        output.status.code(),
        Some(code),
        "{words:?}: {}",
        said(&output)
    );
    said(&output)
}

async fn count(db: &Db, table: &str) -> i64 {
    let mut session = db.session().await.expect("a session");
    let query = sql("SELECT COUNT(*) AS number FROM ").push(table);
    session
        .fetch_one(query)
        .await
        .expect("a row")
        .int("number")
        .expect("a number")
}

#[test]
fn a_command_line_that_makes_no_sense_ends_with_2() {
    let home = Home::new();
    home.config("sqlite://", "");
    for words in [
        &["nonsense"][..],
        &[],
        &["db_sync", "--expand", "--contract"],
        &["--nonsense"],
    ] {
        expect(&home, words, 2);
    }
}

#[test]
fn the_versions_are_those_of_each_program() {
    let home = Home::new();
    home.config("sqlite://", "");
    assert_eq!(home.manage(&["--version"]).stdout, b"30.0.0\n");
    let output = home
        .keystone()
        .arg("--version")
        .output()
        .expect("a command");
    assert_eq!(
        said(&output),
        format!("keystone {}\n", env!("CARGO_PKG_VERSION"))
    );
}

#[tokio::test]
async fn db_sync_makes_the_schema_and_check_tells_how_far_it_is() {
    let db = TestDb::empty().await;
    let home = home(&db);
    expect(&home, &["db_sync", "--check"], 2);
    expect(&home, &["db_sync", "--contract"], 1);
    expect(&home, &["db_sync"], 0);
    expect(&home, &["db_sync", "--check"], 0);
    expect(&home, &["db_sync"], 0);
    expect(&home, &["db_sync", "--migrate"], 0);
    expect(&home, &["db_sync", "742c857f1dfb"], 1);
    assert_eq!(home.manage(&["db_version"]).stdout, b"742c857f1dfb\n");
}

#[test]
fn the_metadata_of_an_identity_provider_is_that_of_the_configuration() {
    let home = Home::new();
    home.config("sqlite://", "");
    let said = expect(&home, &["saml_idp_metadata"], 1);
    assert!(said.contains("idp_entity_id"), "{said}");
    let pki = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/pki");
    let options = format!(
        "[saml]\nidp_entity_id = https://alpha/idp\nidp_sso_endpoint = https://alpha/sso\n\
         idp_contact_company = A & B\ncertfile = {}\n",
        pki.join("signing_cert.pem").display()
    );
    home.config("sqlite://", &options);
    let output = home.manage(&["saml_idp_metadata"]);
    assert_eq!(output.status.code(), Some(0));
    let text = String::from_utf8(output.stdout).expect("text");
    for part in [
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>",
        "entityID=\"https://alpha/idp\"",
        "<ds:X509Certificate>MII",
        "Location=\"https://alpha/sso\"",
        "<md:Company>A &amp; B</md:Company>",
        "<md:OrganizationName xml:lang=\"en\">SAML Identity Provider</md:OrganizationName>",
        "contactType=\"other\"",
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }
}

#[tokio::test]
async fn bootstrap_needs_a_password_and_a_schema() {
    let db = TestDb::empty().await;
    let home = home(&db);
    let output = home.manage(&["bootstrap"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&output.stdout).contains("OS_BOOTSTRAP_PASSWORD"));
    let words = ["bootstrap", "--bootstrap-password", "s3cret"];
    assert!(expect(&home, &words, 1).contains("db_sync"));
}

#[tokio::test]
async fn bootstrap_makes_what_is_missing_and_keeps_what_is_there() {
    let db = TestDb::synced().await;
    let home = home(&db);
    let words = [
        "bootstrap",
        "--bootstrap-password",
        "s3cret",
        "--bootstrap-region-id",
        "RegionOne",
        "--bootstrap-public-url",
        "http://one.test/v3",
    ];
    let tables = [
        "local_user",
        "password",
        "role",
        "implied_role",
        "assignment",
    ];
    let tables = [
        &tables[..],
        &["system_assignment", "region", "service", "endpoint"],
    ]
    .concat();
    let mut counts = Vec::new();
    for _ in 0..2 {
        expect(&home, &words, 0);
        let mut now = Vec::new();
        for table in &tables {
            now.push(count(&db.db, table).await);
        }
        counts.push(now);
    }
    assert_eq!(counts[0], [1, 1, 5, 3, 1, 1, 1, 1, 1], "{tables:?}");
    assert_eq!(counts[1], counts[0]);
    assert_eq!(count(&db.db, "revocation_event").await, 0);
}

/// What a command tells others, by the log: event types without `identity.`, in their order.
fn told(home: &Home, words: &[&str]) -> Vec<String> {
    let said = expect(home, words, 0);
    said.split(r#""event_type":"identity."#)
        .skip(1)
        .filter_map(|rest| rest.split('"').next().map(str::to_owned))
        .collect()
}

#[tokio::test]
async fn bootstrap_tells_others_what_it_makes() {
    let db = TestDb::synced().await;
    let home = Home::new();
    let log = "[oslo_messaging_notifications]\ndriver = log\n";
    home.config(&db.sqlalchemy_url(), log);
    let bootstrap = |password, url| {
        [
            "bootstrap",
            "--bootstrap-password",
            password,
            "--bootstrap-region-id",
            "RegionOne",
            "--bootstrap-public-url",
            url,
        ]
    };
    assert_eq!(
        told(&home, &bootstrap("first", "http://one")),
        [
            "domain.created",
            "project.created",
            "user.created",
            "role.created",
            "role.created",
            "role.created",
            "role.created",
            "role.created",
            "role_assignment.created",
            "region.created",
            "service.created",
            "endpoint.created",
        ]
    );
    // Nothing happens, so there is nothing to tell.
    let again: [&str; 0] = [];
    assert_eq!(told(&home, &bootstrap("first", "http://one")), again);
    assert_eq!(
        told(&home, &bootstrap("second", "http://two")),
        ["user.updated", "endpoint.updated"]
    );
    let project = ["project_setup", "--project-name", "p"];
    assert_eq!(told(&home, &project), ["project.created"]);
    let user = [
        "user_setup",
        "--username",
        "u",
        "--user-password-plain",
        "x",
    ];
    assert_eq!(told(&home, &user), ["user.created"]);
}

#[tokio::test]
async fn bootstrap_resets_the_password_and_moves_the_endpoint_and_the_environment_wins() {
    let db = TestDb::synced().await;
    let home = home(&db);
    assert!(home.manage_keys("fernet_setup").status.success());
    let words = |url| {
        let url = ["--bootstrap-public-url", url];
        [&["bootstrap", "--bootstrap-password", "flag"], &url[..]].concat()
    };
    expect(&home, &words("http://one.test/v3"), 0);
    let again = home
        .manage_command(&words("http://two.test/v3"))
        .env("OS_BOOTSTRAP_PASSWORD", "variable")
        .output()
        .expect("a command");
    assert!(again.status.success(), "{}", said(&again));
    let config = home.path("keystone.conf").display().to_string();
    let server = home.serve(&["--config-file", &config]);
    server.login("admin", "flag").expect(401);
    let token = server.login("admin", "variable").expect(201).json();
    let catalog = &token["token"]["catalog"];
    assert_eq!(catalog[0]["endpoints"][0]["url"], "http://two.test/v3");
    assert_eq!(
        catalog[0]["endpoints"].as_array().expect("endpoints").len(),
        1
    );
}

#[tokio::test]
async fn project_setup_and_user_setup_make_what_they_are_told_once() {
    let db = TestDb::synced().await;
    let home = home(&db);
    let project = [
        "project_setup",
        "--project-name",
        "infra",
        "--project-id",
        "p1",
    ];
    let user = [
        "user_setup",
        "--username",
        "nova",
        "--user-id",
        "u1",
        "--user-password-plain",
        "x",
    ];
    for _ in 0..2 {
        expect(&home, &project, 0);
        expect(&home, &user, 0);
    }
    assert_eq!(
        count(&db.db, "project WHERE name = 'infra' AND id = 'p1'").await,
        1
    );
    assert_eq!(
        count(&db.db, "local_user WHERE name = 'nova' AND user_id = 'u1'").await,
        1
    );
    let other = [
        "user_setup",
        "--username",
        "nova",
        "--user-id",
        "u2",
        "--user-password-plain",
        "x",
    ];
    expect(&home, &other, 1);
}

#[test]
fn keys_are_made_once_and_rotated_up_to_their_number() {
    let home = Home::new();
    home.config("sqlite://", "");
    let names = |folder: &str| {
        let entries = std::fs::read_dir(home.path(folder)).expect("a folder");
        let mut names: Vec<_> = entries
            .map(|e| {
                e.expect("an entry")
                    .file_name()
                    .into_string()
                    .expect("text")
            })
            .collect();
        names.sort();
        names
    };
    for _ in 0..2 {
        assert!(home.manage_keys("fernet_setup").status.success());
        assert_eq!(names("keys"), ["0", "1"]);
    }
    let staged = home.read("keys/0");
    assert!(home.manage_keys("fernet_rotate").status.success());
    assert_eq!(names("keys"), ["0", "1", "2"]);
    assert_eq!(home.read("keys/2"), staged);
    // Tokens of key 1 may be alive for an hour from now on.
    let refused = home.manage_keys("token_rotate");
    assert_eq!(refused.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&refused.stderr).contains("keys/1"));
    assert_eq!(names("keys"), ["0", "1", "2"]);
    let staged = std::fs::File::options()
        .append(true)
        .open(home.path("keys/0"))
        .expect("a key");
    let two_hours_ago = std::time::SystemTime::now() - std::time::Duration::from_secs(7200);
    staged.set_modified(two_hours_ago).expect("a time");
    assert!(home.manage_keys("token_rotate").status.success());
    assert_eq!(names("keys"), ["0", "2", "3"]);
    assert_eq!(home.manage_keys("fernet_rotate").status.code(), Some(1));
    assert!(
        home.manage_keys_with("fernet_rotate", "--force")
            .status
            .success()
    );
    assert_eq!(names("keys"), ["0", "3", "4"]);
    assert!(home.manage_keys("credential_setup").status.success());
    assert_eq!(names("keys-of-credentials"), ["0", "1"]);
}

#[test]
fn keys_that_are_missing_can_not_be_rotated() {
    let home = Home::new();
    home.config("sqlite://", "");
    assert_eq!(home.manage_keys("fernet_rotate").status.code(), Some(1));
}

#[test]
fn an_owner_that_does_not_exist_is_a_failure() {
    let home = Home::new();
    home.config("sqlite://", "");
    let owner = [
        "--keystone-user",
        "nobody-of-this-name",
        "--keystone-group",
        "0",
    ];
    expect(&home, &[&["fernet_setup"], &owner[..]].concat(), 1);
    assert!(!home.path("keys").exists());
}

#[test]
fn a_jws_key_pair_is_not_overwritten_unless_forced() {
    let home = Home::new();
    home.config("sqlite://", "");
    assert!(home.manage_keys("create_jws_keypair").status.success());
    let (private, public) = (home.read("private.pem"), home.read("public.pem"));
    assert!(private.contains("BEGIN PRIVATE KEY") && public.contains("BEGIN PUBLIC KEY"));
    assert_eq!(
        home.manage_keys("create_jws_keypair").status.code(),
        Some(1)
    );
    assert_eq!(home.read("private.pem"), private);
}

/// What credentials are encrypted with before there are any keys.
fn null_keys() -> FernetKeys {
    let null_key = FernetKey::parse(NULL_KEY).expect("the null key");
    FernetKeys::new(vec![null_key]).expect("keys")
}

#[tokio::test]
async fn credentials_of_an_older_key_are_migrated_before_the_next_rotation() {
    let db = TestDb::synced().await;
    let home = home(&db);
    assert!(home.manage_keys("credential_setup").status.success());
    let keys = null_keys();
    let blob = keystone::crypto::credential_cipher::encrypt(&keys, "cert", "secret", 0);
    let blob = blob.expect("a blob");
    let insert = sql(
        "INSERT INTO credential (id, user_id, type, extra, key_hash, encrypted_blob) \
         VALUES ('c', 'u', 'cert', '{}', ?, ?)",
    );
    let insert = insert.bind(&blob.key_hash).bind(&blob.encrypted_blob);
    db.db
        .session()
        .await
        .expect("a session")
        .execute(insert)
        .await
        .expect("a row");

    assert_eq!(home.manage_keys("credential_rotate").status.code(), Some(1));
    assert!(home.manage_keys("credential_migrate").status.success());
    assert!(home.manage_keys("credential_rotate").status.success());
    let null_hash = format!("credential WHERE key_hash = '{}'", blob.key_hash);
    assert_eq!(count(&db.db, &null_hash).await, 0);
}

#[tokio::test]
async fn a_credential_that_no_key_decrypts_does_not_keep_others_from_being_migrated() {
    let db = TestDb::synced().await;
    let home = home(&db);
    assert!(home.manage_keys("credential_setup").status.success());
    let keys = null_keys();
    let mut session = db.db.session().await.expect("a session");
    for (id, is_lost) in [("a", false), ("b", true), ("c", false), ("d", true)] {
        let blob = keystone::crypto::credential_cipher::encrypt(&keys, "cert", "secret", 0);
        let blob = blob.expect("a blob");
        let stored = if is_lost {
            "gAAAA"
        } else {
            &blob.encrypted_blob
        };
        let insert = sql(
            "INSERT INTO credential (id, user_id, type, extra, key_hash, encrypted_blob) \
             VALUES (?, 'u', 'cert', '{}', ?, ?)",
        );
        let insert = insert.bind(id).bind(&blob.key_hash).bind(stored);
        session.execute(insert).await.expect("a row");
    }
    drop(session);
    let output = home.manage_keys("credential_migrate");
    assert_eq!(output.status.code(), Some(1));
    let said = said(&output);
    assert!(said.contains("(2 others were migrated): b, d"), "{said}");
    assert_eq!(
        count(&db.db, "credential WHERE encrypted_blob = 'gAAAA'").await,
        2
    );
    assert_eq!(home.manage_keys("credential_rotate").status.code(), Some(1));
}

#[test]
fn samples_are_those_of_the_repository() {
    let home = Home::new();
    home.config("sqlite://", "");
    let root = concat!(env!("CARGO_MANIFEST_DIR"), "/etc/");
    for (command, file) in [
        ("sample_config", "keystone.conf.sample"),
        ("sample_policy", "policy.yaml.sample"),
    ] {
        let committed = std::fs::read(format!("{root}{file}")).expect("a sample");
        assert!(
            home.manage(&[command]).stdout == committed,
            "{command} differs from {file}"
        );
    }
}

#[test]
fn mapping_engine_shows_what_rules_make_of_an_assertion() {
    let home = Home::new();
    home.config("sqlite://", "");
    let rules = r#"[{
        "local": [{ "user": { "name": "{0}" } }, { "groups": "{1}", "domain": { "name": "d" } }],
        "remote": [{ "type": "X_NAME" }, { "type": "X_GROUPS" }]
    }]"#;
    let bare = home.write("bare.json", rules).display().to_string();
    let whole = format!(r#"{{"rules": {rules}, "schema_version": "2.0"}}"#);
    let whole = home.write("whole.json", &whole).display().to_string();
    let text = "X_NAME: bob\n\n  X_GROUPS:dev; ops:eu \nOTHER: x\n";
    let input = home.write("input", text).display().to_string();
    let command = |rules: &str, more: &[&'static str]| {
        let mut words = vec!["mapping_engine".to_owned()];
        for (option, value) in [("--rules", rules), ("--input", &input)] {
            words.extend([option.to_owned(), value.to_owned()]);
        }
        words.extend(more.iter().map(|word| (*word).to_owned()));
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        home.manage(&words)
    };
    let output = command(&bare, &[]);
    assert_eq!(output.status.code(), Some(0), "{}", said(&output));
    let mapped: serde_json::Value = serde_json::from_slice(&output.stdout).expect("JSON");
    let domain = serde_json::json!({ "name": "d" });
    let expected = serde_json::json!({
        "user": { "name": "bob", "type": "ephemeral" },
        "group_ids": [],
        "group_names": [
            { "name": "dev", "domain": domain },
            { "name": " ops:eu", "domain": domain },
        ],
        "projects": [],
    });
    assert_eq!(mapped, expected);
    let with_domain = |more: &[&'static str]| {
        let mapped: serde_json::Value =
            serde_json::from_slice(&command(&whole, more).stdout).expect("JSON");
        mapped["user"]["domain"].clone()
    };
    assert_eq!(with_domain(&[]), domain);
    assert!(with_domain(&["--mapping-schema-version", "1.0"]).is_null());
    let shown = said(&command(&bare, &["--engine-debug"]));
    assert!(
        shown.contains("Using Rules:") && shown.contains("Using Assertion:"),
        "{shown}"
    );
    // Without what the prefix leaves out, no rule fits.
    assert_eq!(command(&bare, &["--prefix", "X_"]).status.code(), Some(0));
    assert_eq!(command(&bare, &["--prefix", "Y_"]).status.code(), Some(1));
    assert_eq!(
        command(&bare, &["--mapping-schema-version", "9"])
            .status
            .code(),
        Some(1)
    );
    for (name, text) in [
        ("a.json", "nonsense"),
        ("b.json", "[]"),
        ("c.json", "[{\"local\": []}]"),
    ] {
        let path = home.write(name, text).display().to_string();
        assert_eq!(command(&path, &[]).status.code(), Some(1), "{name}");
    }
    home.write("input", "no colon");
    let output = command(&bare, &[]);
    assert_eq!(output.status.code(), Some(1));
    assert!(said(&output).contains("line 1"), "{}", said(&output));
}
