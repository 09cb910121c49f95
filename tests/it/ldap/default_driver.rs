//! A directory as the driver of all domains.

use super::slapd::Slapd;
use super::{login, names, text};
use crate::harness::TestApp;
use keystone::driver::sql::assignment;
use keystone::model::{Actor, Assignment, AssignmentTarget};
use serde_json::{Value, json};

/// A server whose users are those of a directory, with `alice` as an administrator.
struct World {
    /// Another one, which has them in the database.
    _before: TestApp,
    app: TestApp,
    admin: String,
}

impl World {
    async fn new(slapd: &Slapd, options: &str) -> Self {
        let before = TestApp::new().await;
        let config = format!("driver = ldap\n[ldap]\n{}{options}\n", slapd.options());
        let app = before.sibling(&config).await;
        let found = login(&app, alice(), Value::Null).await.expect(201).json();
        let id = text(&found["token"]["user"]["id"]);
        let grant = Assignment {
            actor: Actor::User(id.into()),
            target: AssignmentTarget::Project(app.seed.project_id.as_str().into()),
            role_id: app.seed.role("admin").into(),
            inherited: false,
        };
        let stored = &grant;
        app.app
            .db
            .transaction(|s| Box::pin(async move { assignment::insert_grant(s, stored).await }))
            .await
            .expect("a grant");
        let scope = json!({ "project": { "id": app.seed.project_id } });
        let answer = login(&app, alice(), scope).await.expect(201);
        let admin = answer.header("x-subject-token").to_owned();
        Self {
            _before: before,
            app,
            admin,
        }
    }

    async fn get(&self, path: &str) -> crate::harness::Answer {
        self.app.get(path).token(&self.admin).send().await
    }
}

fn alice() -> Value {
    json!({ "name": "Alice", "domain": { "id": "default" }, "password": "secret of alice" })
}

#[tokio::test]
async fn users_keep_the_directorys_ids() {
    let Some(slapd) = Slapd::start() else { return };
    let world = World::new(&slapd, "").await;
    let users = world.get("/v3/users").await.expect(200).json();
    assert_eq!(names(&users["users"]), ["Alice", "Bob", "Carol (2nd) *"]);
    assert_eq!(users["users"][0]["id"], "alice");
    assert_eq!(users["users"][0]["domain_id"], "default");
    let same = world
        .get("/v3/users?domain_id=default")
        .await
        .expect(200)
        .json();
    assert_eq!(same["users"], users["users"]);
    let shown = world.get("/v3/users/alice").await.expect(200).json();
    assert_eq!(shown["user"]["name"], "Alice");
    let groups = world.get("/v3/users/alice/groups").await.expect(200).json();
    assert_eq!(groups["groups"][0]["id"], "crew");
    let members = world.get("/v3/groups/crew/users").await.expect(200).json();
    assert_eq!(names(&members["users"]), ["Alice"]);
    let by_id = json!({ "id": "alice", "password": "secret of alice" });
    login(&world.app, by_id, Value::Null).await.expect(201);
}

#[tokio::test]
async fn the_databases_users_are_out_of_reach() {
    let Some(slapd) = Slapd::start() else { return };
    let world = World::new(&slapd, "").await;
    let id = &world.app.seed.user_id;
    world.get(&format!("/v3/users/{id}")).await.error(404);
    let user = json!({ "id": id, "password": crate::harness::ADMIN_PASSWORD });
    login(&world.app, user, Value::Null).await.error(401);
}

#[tokio::test]
async fn ids_are_made_where_the_old_ones_are_not_wanted() {
    let Some(slapd) = Slapd::start() else { return };
    let options = "[identity_mapping]\nbackward_compatible_ids = false\n";
    let world = World::new(&slapd, options).await;
    let users = world.get("/v3/users").await.expect(200).json();
    let alice = super::named(&users["users"], "Alice");
    let id = text(&alice["id"]);
    assert_eq!(id.len(), 64);
    assert_eq!(
        world
            .get(&format!("/v3/users/{id}"))
            .await
            .expect(200)
            .json()["user"],
        alice
    );
    world.get("/v3/users/alice").await.error(404);
}

#[tokio::test]
async fn there_is_one_domain_only() {
    let Some(slapd) = Slapd::start() else { return };
    let world = World::new(&slapd, "").await;
    let new = json!({ "domain": { "name": "another" } });
    let post = world.app.post("/v3/domains", new).token(&world.admin);
    post.send().await.error(400);
    let other = world.app.add_domain("another").await;
    world
        .get(&format!("/v3/users?domain_id={other}"))
        .await
        .error(404);
    let user = json!({ "name": "Alice", "domain": { "id": other }, "password": "secret of alice" });
    login(&world.app, user, Value::Null).await.error(401);
}
