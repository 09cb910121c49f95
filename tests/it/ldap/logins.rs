//! Logins of users whom a directory keeps.

use super::slapd::{Slapd, USERS};
use super::{Scene, login, names};
use keystone::driver::sql::db::sql;
use keystone::driver::sql::identity;
use serde_json::{Value, json};

#[tokio::test]
async fn the_directory_knows_the_password() {
    let Some(slapd) = Slapd::start() else { return };
    let scene = Scene::new(&slapd).await;
    let id = scene.user_id("Alice").await;
    let answer = scene
        .login("Alice", "secret of alice", Value::Null)
        .await
        .expect(201)
        .json();
    assert_eq!(
        answer["token"]["user"],
        json!({
            "id": id,
            "name": "Alice",
            "domain": { "id": scene.domain, "name": "dir" },
            "password_expires_at": null,
        })
    );
    // The directory compares names as its schema says.
    scene
        .login("aLICE", "secret of alice", Value::Null)
        .await
        .expect(201);
    let by_id = json!({ "id": id, "password": "secret of alice" });
    login(&scene.app, by_id, Value::Null).await.expect(201);
    slapd
        .set(&format!("cn=alice,{USERS}"), "userPassword", &[b"another"])
        .await;
    scene
        .login("Alice", "secret of alice", Value::Null)
        .await
        .error(401);
    scene
        .login("Alice", "another", Value::Null)
        .await
        .expect(201);
}

#[tokio::test]
async fn whatever_is_wrong_is_refused_alike() {
    let Some(slapd) = Slapd::start() else { return };
    let scene = Scene::new(&slapd).await;
    let id = scene.user_id("Alice").await;
    for (name, password) in [
        ("Alice", "wrong"),
        // Most directories let anybody bind with a name and no password.
        ("Alice", ""),
        ("Bob", "secret of bob"),
        ("Nobody", "secret of alice"),
        ("*", "secret of alice"),
        ("dave", "secret of dave"),
        ("", "x"),
    ] {
        let answer = scene.login(name, password, Value::Null).await;
        assert!(matches!(answer.status, 400 | 401), "{name} {password}");
    }
    for (id, password) in [
        (id.as_str(), "wrong"),
        (id.as_str(), ""),
        ("alice", "secret of alice"),
    ] {
        let user = json!({ "id": id, "password": password });
        login(&scene.app, user, Value::Null).await.error(401);
    }
    // Nor does a name of the directory lead anywhere in another domain.
    let domain = json!({ "id": "default" });
    let user = json!({ "name": "Alice", "domain": domain, "password": "secret of alice" });
    login(&scene.app, user, Value::Null).await.error(401);
}

#[tokio::test]
async fn a_token_ends_with_its_user() {
    let Some(slapd) = Slapd::start() else { return };
    let scene = Scene::new(&slapd).await;
    let dn = format!("cn=alice,{USERS}");
    let answer = scene
        .login("Alice", "secret of alice", Value::Null)
        .await
        .expect(201);
    let token = answer.header("x-subject-token").to_owned();
    let check = || {
        scene
            .app
            .get("/v3/auth/tokens")
            .token(&scene.admin)
            .subject(&token)
    };
    check().send().await.expect(200);
    slapd.set(&dn, "enabled", &[b"FALSE"]).await;
    scene.app.wait(6);
    check().send().await.error(404);
    slapd.set(&dn, "enabled", &[b"TRUE"]).await;
    scene.app.wait(6);
    check().send().await.expect(200);
    // The record of the user that is left behind is no user.
    slapd.delete(&dn).await;
    scene.app.wait(6);
    check().send().await.error(404);
    scene
        .login("Alice", "secret of alice", Value::Null)
        .await
        .error(401);
}

#[tokio::test]
async fn the_first_login_leaves_a_record_as_keystone_does() {
    let Some(slapd) = Slapd::start() else { return };
    let scene = Scene::new(&slapd).await;
    let id = scene.user_id("Alice").await;
    let db = &scene.app.app.db;
    let record = async || {
        let mut s = db.session().await.expect("a session");
        let user = identity::user(&mut s, &id.as_str().into())
            .await
            .expect("rows");
        user.map(|user| (user.name, user.enabled, user.extra, user.last_active_at))
    };
    assert!(record().await.is_none(), "reading leaves nothing");
    scene.login("Alice", "wrong", Value::Null).await.error(401);
    assert!(record().await.is_none(), "nor does a failure");
    scene
        .login("Alice", "secret of alice", Value::Null)
        .await
        .expect(201);
    let (name, enabled, extra, day) = record().await.expect("a record");
    assert_eq!((name.as_str(), enabled), ("Alice", true));
    assert_eq!(
        Value::Object(extra),
        json!({ "email": "alice@example.org", "description": "the first" })
    );
    assert_eq!(day.expect("a day").to_string(), "2026-01-01");
    scene.app.wait(86_400);
    scene
        .login("Alice", "secret of alice", Value::Null)
        .await
        .expect(201);
    assert_eq!(
        record()
            .await
            .expect("a record")
            .3
            .expect("a day")
            .to_string(),
        "2026-01-02"
    );

    let rows = {
        let mut s = db.session().await.expect("a session");
        let statement = sql("SELECT domain_id, name FROM nonlocal_user WHERE user_id = ?");
        s.fetch_all(statement.bind(id.as_str()))
            .await
            .expect("rows")
    };
    assert_eq!(rows.len(), 1);
    assert_eq!(rows[0].text("domain_id").expect("text"), scene.domain);
}

#[tokio::test]
async fn a_name_that_has_another_owner_lets_the_new_one_in() {
    let Some(slapd) = Slapd::start() else { return };
    let scene = Scene::new(&slapd).await;
    scene
        .login("Alice", "secret of alice", Value::Null)
        .await
        .expect(201);
    slapd.delete(&format!("cn=alice,{USERS}")).await;
    let attributes = [
        ("objectClass", "inetOrgPerson"),
        ("cn", "alice2"),
        ("sn", "Alice"),
        ("userPassword", "new secret"),
    ];
    slapd.add(&format!("cn=alice2,{USERS}"), &attributes).await;
    scene
        .login("Alice", "new secret", Value::Null)
        .await
        .expect(201);
    scene
        .login("Alice", "new secret", Value::Null)
        .await
        .expect(201);
}

#[tokio::test]
async fn delegations_work_for_users_of_a_directory() {
    let Some(slapd) = Slapd::start() else { return };
    let scene = Scene::new(&slapd).await;
    let (alice, carol) = (
        scene.user_id("Alice").await,
        scene.user_id("Carol (2nd) *").await,
    );
    // The trustor's role comes by a group, as does what an application credential has.
    let crew = scene.group_id("Crew").await;
    scene.grant(&format!("groups/{crew}"), "member").await;
    let scope = scene.project_scope();
    let answer = scene
        .login("Alice", "secret of alice", scope)
        .await
        .expect(201);
    let token = answer.header("x-subject-token").to_owned();
    let trust = json!({ "trust": {
        "trustor_user_id": alice,
        "trustee_user_id": carol,
        "project_id": scene.app.seed.project_id,
        "impersonation": true,
        "roles": [{ "name": "member" }],
    } });
    let made = scene
        .app
        .post("/v3/OS-TRUST/trusts", trust.clone())
        .token(&token)
        .send()
        .await;
    let made = made.expect(201).json();
    let scope = json!({ "OS-TRUST:trust": { "id": made["trust"]["id"] } });
    let answer = scene
        .login("Carol (2nd) *", "secret of carol", scope)
        .await
        .expect(201)
        .json();
    assert_eq!(answer["token"]["user"]["name"], "Alice");
    assert_eq!(names(&answer["token"]["roles"]), ["member", "reader"]);
    let mut nobodys = trust;
    nobodys["trust"]["trustee_user_id"] = json!("0".repeat(64));
    let refused = scene
        .app
        .post("/v3/OS-TRUST/trusts", nobodys)
        .token(&token)
        .send()
        .await;
    refused.error(404);

    let path = format!("/v3/users/{alice}/application_credentials");
    let body = json!({ "application_credential": { "name": "robot", "secret": "robot secret" } });
    scene
        .app
        .post(&path, body)
        .token(&token)
        .send()
        .await
        .expect(201);
    let user = json!({ "name": "Alice", "domain": { "id": scene.domain } });
    let credential = json!({ "name": "robot", "secret": "robot secret", "user": user });
    let identity = json!({
        "methods": ["application_credential"], "application_credential": credential,
    });
    let body = json!({ "auth": { "identity": identity } });
    let answer = scene
        .app
        .post("/v3/auth/tokens", body)
        .send()
        .await
        .expect(201)
        .json();
    assert_eq!(names(&answer["token"]["roles"]), ["member", "reader"]);
}
