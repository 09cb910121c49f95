//! A deployment with something in it: two domains, a small tree of projects, users and a group.

use super::{ADMIN_PASSWORD, Answer, TestApp};
use keystone::crypto::password::{Algorithm, HashParameters, hash};
use keystone::driver::sql::db::Session;
use keystone::driver::sql::identity::{self, NewPassword};
use keystone::driver::sql::resource;
use keystone::model::{Group, Project, Timestamp, User};
use serde_json::{Map, Value, json};

/// The id of domain `acme`. Tokens for a domain can only carry UUIDs.
pub const ACME: &str = "acacacacacacacacacacacacacacacac";
/// The id of domain `umbrella`.
pub const UMBRELLA: &str = "0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b";

/// Domain `acme` with the projects `top` and, below it, `below`, the users `uma` and `vic`, and the group
/// `crew` with `uma` in it; domain `umbrella` with the project `elsewhere` and the user `zoe`. The ids
/// of projects, users and the group are their names; nobody has a role.
pub struct Scene {
    pub app: TestApp,
    /// A token of the seeded admin.
    pub admin: String,
}

impl Scene {
    pub async fn new() -> Self {
        Self::with_config("").await
    }

    pub async fn with_config(config: &str) -> Self {
        let app = TestApp::with_config(config).await;
        let now = app.app.clock.now();
        app.app
            .db
            .transaction(|s| Box::pin(async move { plant(s, now).await }))
            .await
            .expect("the scene takes");
        let admin = app.admin().await;
        Self { app, admin }
    }

    pub async fn get(&self, path: &str) -> Answer {
        self.app.get(path).token(&self.admin).send().await
    }

    pub async fn head(&self, path: &str) -> Answer {
        self.app.head(path).token(&self.admin).send().await
    }

    pub async fn put(&self, path: &str) -> Answer {
        self.app.put(path).token(&self.admin).send().await
    }

    pub async fn post(&self, path: &str, body: Value) -> Answer {
        self.app.post(path, body).token(&self.admin).send().await
    }

    pub async fn patch(&self, path: &str, body: Value) -> Answer {
        self.app.patch(path, body).token(&self.admin).send().await
    }

    pub async fn delete(&self, path: &str) -> Answer {
        self.app.delete(path).token(&self.admin).send().await
    }

    /// The id of a seeded role.
    pub fn role(&self, name: &str) -> &str {
        self.app.seed.role(name)
    }

    /// Makes a role; returns its id.
    pub async fn new_role(&self, name: &str, domain_id: Option<&str>) -> String {
        let body = json!({ "role": { "name": name, "domain_id": domain_id } });
        let answer = self.post("/v3/roles", body).await.expect(201);
        answer.json()["role"]["id"]
            .as_str()
            .expect("an id")
            .to_owned()
    }

    /// What a login by user id answers.
    pub async fn try_login(&self, user_id: &str, scope: Value) -> Answer {
        let user = json!({ "id": user_id, "password": ADMIN_PASSWORD });
        let identity = json!({ "methods": ["password"], "password": { "user": user } });
        let body = json!({ "auth": { "identity": identity, "scope": scope } });
        self.app.post("/v3/auth/tokens", body).send().await
    }

    /// A token of a user for a scope.
    pub async fn login(&self, user_id: &str, scope: Value) -> String {
        let answer = self.try_login(user_id, scope).await.expect(201);
        answer.header("x-subject-token").to_owned()
    }

    /// Names of the roles in a user's token for a scope, sorted.
    pub async fn roles_of(&self, user_id: &str, scope: Value) -> Vec<String> {
        let answer = self.try_login(user_id, scope).await.expect(201).json();
        let roles = answer["token"]["roles"].as_array().expect("roles");
        let mut names: Vec<String> = roles
            .iter()
            .map(|role| role["name"].as_str().expect("a name").to_owned())
            .collect();
        names.sort_unstable();
        names
    }
}

async fn plant(s: &mut Session, now: Timestamp) -> keystone::Result<()> {
    for (id, name, domain, parent) in [
        (ACME, "acme", None, None),
        (UMBRELLA, "umbrella", None, None),
        ("top", "top", Some(ACME), Some(ACME)),
        ("below", "below", Some(ACME), Some("top")),
        ("elsewhere", "elsewhere", Some(UMBRELLA), Some(UMBRELLA)),
    ] {
        resource::insert_project(s, &project(id, name, domain, parent)).await?;
    }
    let mut parameters = HashParameters::new(Algorithm::Bcrypt);
    parameters.rounds = Some(4);
    let password = NewPassword {
        hash: Some(hash(&parameters, ADMIN_PASSWORD)?.into()),
        self_service: false,
        expires_at: None,
    };
    for (id, domain) in [("uma", ACME), ("vic", ACME), ("zoe", UMBRELLA)] {
        identity::insert_user(s, &new_user(id, domain, now)).await?;
        identity::add_password(s, &id.into(), &password, 1, now).await?;
    }
    identity::insert_group(s, &group("crew", ACME)).await?;
    identity::add_member(s, &"uma".into(), &"crew".into()).await?;
    Ok(())
}

fn project(id: &str, name: &str, domain: Option<&str>, parent: Option<&str>) -> Project {
    Project {
        id: id.into(),
        name: name.to_owned(),
        domain_id: domain.map(Into::into),
        parent_id: parent.map(Into::into),
        is_domain: domain.is_none(),
        description: None,
        enabled: true,
        tags: Vec::new(),
        options: Map::new(),
        extra: Map::new(),
    }
}

/// A user whose id is also the name, without a password.
pub fn new_user(id: &str, domain: &str, now: Timestamp) -> User {
    User {
        id: id.into(),
        domain_id: domain.into(),
        name: id.to_owned(),
        enabled: true,
        default_project_id: None,
        password_expires_at: None,
        created_at: Some(now),
        last_active_at: None,
        options: Map::new(),
        federated: Vec::new(),
        extra: Map::new(),
    }
}

fn group(id: &str, domain: &str) -> Group {
    Group {
        id: id.into(),
        domain_id: domain.into(),
        name: id.to_owned(),
        description: None,
        extra: Map::new(),
    }
}
