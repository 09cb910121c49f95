//! Domains with drivers of their own.

use super::slapd::Slapd;
use super::{Scene, login, names, text};
use crate::harness::{ADMIN_PASSWORD, TestApp};
use keystone::app::Settings;
use keystone::config::Config;
use keystone::crypto::key_repository::KeyRepository;
use keystone::crypto::password::Algorithm;
use serde_json::{Value, json};
use std::sync::Arc;

#[tokio::test]
async fn each_domain_has_the_users_of_its_own_directory() {
    let (Some(one), Some(two)) = (Slapd::start(), Slapd::start()) else {
        return;
    };
    let text_of = |slapd: &Slapd| format!("[identity]\ndriver = ldap\n[ldap]\n{}", slapd.options());
    let scene = Scene::with_files(&[("dir", &text_of(&one)), ("more", &text_of(&two))]).await;
    let more = scene.app.add_domain("more").await;
    let first = scene.user_id("Alice").await;
    let listed = scene
        .get(&format!("/v3/users?domain_id={more}"))
        .await
        .expect(200)
        .json();
    let second = text(&super::named(&listed["users"], "Alice")["id"]);
    assert_ne!(first, second);
    for (id, domain) in [(&first, &scene.domain), (&second, &more)] {
        let user = scene
            .get(&format!("/v3/users/{id}"))
            .await
            .expect(200)
            .json();
        assert_eq!(user["user"]["domain_id"], **domain);
    }
    // Without a domain, the list is the one of the token's project.
    let own = scene.get("/v3/users").await.expect(200).json();
    assert_eq!(names(&own["users"]), ["admin"]);
    assert_eq!(
        scene.get("/v3/groups").await.expect(200).json()["groups"],
        json!([])
    );
    let system = scene.app.system_admin().await;
    let all = scene
        .app
        .get("/v3/users")
        .token(&system)
        .send()
        .await
        .expect(200)
        .json();
    assert_eq!(names(&all["users"]), ["admin"]);
}

#[tokio::test]
async fn users_of_the_database_are_as_ever_beside_a_directory() {
    let Some(slapd) = Slapd::start() else { return };
    let scene = Scene::new(&slapd).await;
    let id = scene
        .app
        .make("user", json!({ "name": "eve", "password": "p" }))
        .await;
    let path = format!("/v3/users/{id}");
    scene
        .patch(&path, json!({ "user": { "description": "x" } }))
        .await
        .expect(200);
    let user = json!({ "id": id, "password": "p" });
    login(&scene.app, user, Value::Null).await.expect(201);
    scene.delete(&path).await.expect(204);
    scene.get(&path).await.error(404);
}

#[tokio::test]
async fn a_domain_takes_its_records_along_when_it_goes() {
    let Some(slapd) = Slapd::start() else { return };
    let scene = Scene::new(&slapd).await;
    let id = scene.user_id("Alice").await;
    scene
        .login("Alice", "secret of alice", Value::Null)
        .await
        .expect(201);
    let path = format!("/v3/domains/{}", scene.domain);
    scene
        .patch(&path, json!({ "domain": { "enabled": false } }))
        .await
        .expect(200);
    scene
        .login("Alice", "secret of alice", Value::Null)
        .await
        .error(401);
    scene.delete(&path).await.expect(204);
    scene.get(&format!("/v3/users/{id}")).await.error(404);
}

#[tokio::test]
async fn a_configuration_in_the_database_takes_effect_at_once() {
    let Some(slapd) = Slapd::start() else { return };
    let config = "domain_specific_drivers_enabled = true\n\
        domain_configurations_from_database = true\n";
    let app = TestApp::with_config(config).await;
    let domain = app.add_domain("dir").await;
    let admin = app.admin().await;
    let list = format!("/v3/users?domain_id={domain}");
    let users = async || {
        let answer = app.get(&list).token(&admin).send().await.expect(200).json();
        names(&answer["users"])
    };
    assert_eq!(users().await, Vec::<String>::new());
    let path = format!("/v3/domains/{domain}/config");
    let body = json!({ "config": {
        "identity": { "driver": "ldap" },
        "ldap": {
            "url": slapd.url(),
            "suffix": super::slapd::SUFFIX,
            "user": "cn=admin,%(password)s",
            "password": super::slapd::SUFFIX,
            "page_size": 2,
        },
    } });
    let put = app.put(&path).token(&admin).json(body);
    put.send().await.expect(201);
    // The name and the password of the server are not right yet.
    app.get(&list).token(&admin).send().await.error(503);
    let change = json!({ "config": { "ldap": { "user": "", "password": "" } } });
    app.patch(&path, change)
        .token(&admin)
        .send()
        .await
        .expect(200);
    assert_eq!(users().await, ["Alice", "Bob", "Carol (2nd) *"]);
    let user =
        json!({ "name": "Alice", "domain": { "id": domain }, "password": "secret of alice" });
    login(&app, user.clone(), Value::Null).await.expect(201);

    // One that can't work keeps the domain's users out, and nobody else.
    let change = json!({ "config": { "ldap": { "url": "http://x" } } });
    app.patch(&path, change)
        .token(&admin)
        .send()
        .await
        .expect(200);
    login(&app, user.clone(), Value::Null).await.error(503);
    app.get(&list).token(&admin).send().await.error(503);
    app.admin().await;
    let change = json!({ "config": { "ldap": { "url": slapd.url(), "page_size": "many" } } });
    app.patch(&path, change)
        .token(&admin)
        .send()
        .await
        .expect(200);
    login(&app, user.clone(), Value::Null).await.error(503);
    app.delete(&path).token(&admin).send().await.expect(204);
    // The record of the login is what the database knows of the domain's users.
    login(&app, user, Value::Null).await.error(401);
    assert_eq!(users().await, ["Alice"]);
}

#[tokio::test]
async fn one_domain_may_stay_in_the_database() {
    let Some(slapd) = Slapd::start() else { return };
    let files = tempfile::tempdir().expect("a folder");
    let file = files.path().join("keystone.Default.conf");
    std::fs::write(file, "[identity]\ndriver = sql\n").expect("a file");
    let before = TestApp::new().await;
    let config = format!(
        "driver = ldap\ndomain_specific_drivers_enabled = true\ndomain_config_dir = {}\n[ldap]\n{}",
        files.path().display(),
        slapd.options()
    );
    let app = before.sibling(&config).await;
    // Logins by name find the user, and from then on so does the id.
    let admin = app.admin().await;
    let id = app.seed.user_id.clone();
    let shown = app
        .get(&format!("/v3/users/{id}"))
        .token(&admin)
        .send()
        .await;
    assert_eq!(shown.expect(200).json()["user"]["name"], "admin");
    let user = json!({ "id": id, "password": ADMIN_PASSWORD });
    login(&app, user, Value::Null).await.expect(201);
    let made = app
        .make("user", json!({ "name": "eve", "password": "p" }))
        .await;
    app.get(&format!("/v3/users/{made}"))
        .token(&admin)
        .send()
        .await
        .expect(200);
    let user = json!({ "id": made, "password": "p" });
    login(&app, user, Value::Null).await.expect(201);
}

#[tokio::test]
async fn drivers_that_can_not_work_stop_the_start() {
    let load = |text: &str, files: &[(&str, &str)]| {
        let folder = tempfile::tempdir().expect("a folder");
        for (name, text) in files {
            std::fs::write(folder.path().join(name), text).expect("a file");
        }
        // Keys are read first.
        for keys in ["fernet", "credential"] {
            let repository = KeyRepository::new(folder.path().join(keys));
            repository.setup(3, Default::default()).expect("new keys");
        }
        let text = format!(
            "[credential]\nkey_repository = {0}/credential\n[fernet_tokens]\nkey_repository = {0}/fernet\n\
             [identity]\ndomain_config_dir = {0}\n{text}",
            folder.path().display()
        );
        let config = Arc::new(Config::from_text(&text).expect("a configuration"));
        let loaded = Settings::load(config, Vec::new(), Algorithm::Bcrypt, &mut Vec::new());
        loaded.err().expect("a refusal").to_string()
    };
    let specific = "domain_specific_drivers_enabled = true\n";
    for (text, files, why) in [
        ("driver = kvs\n", &[][..], "kvs"),
        ("driver = ldap\n[ldap]\nurl = x\n", &[], "[ldap] url"),
        (
            specific,
            &[("keystone.a.conf", "[identity]\ndriver = sql\n")],
            "only one driver",
        ),
        (
            specific,
            &[("keystone.a.conf", "[identity]\ndriver = odd\n")],
            "odd",
        ),
        (
            specific,
            &[("keystone.a.conf", "[ldap\n")],
            "keystone.a.conf:1",
        ),
    ] {
        let error = load(text, files);
        assert!(error.contains(why), "{text}: {error}");
    }
}
