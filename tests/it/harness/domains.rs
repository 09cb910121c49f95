//! More domains than the default one, and people who may do something in one of them.

use super::TestApp;
use keystone::driver::sql::{assignment, resource};
use keystone::model::{Actor, Assignment, AssignmentTarget, DomainId, Project, ProjectId};
use serde_json::{Map, json};

impl TestApp {
    /// Makes an enabled domain; returns its id.
    pub async fn add_domain(&self, name: &str) -> String {
        let domain = Project {
            id: ProjectId::random(),
            name: name.to_owned(),
            domain_id: None,
            parent_id: None,
            is_domain: true,
            description: None,
            enabled: true,
            tags: Vec::new(),
            options: Map::new(),
            extra: Map::new(),
        };
        let stored = &domain;
        self.app
            .db
            .transaction(|s| Box::pin(async move { resource::insert_project(s, stored).await }))
            .await
            .expect("a new domain");
        domain.id.to_string()
    }

    /// Gives a user a role on a domain.
    pub async fn grant_on_domain(&self, user_id: &str, role: &str, domain_id: &str) {
        let grant = Assignment {
            actor: Actor::User(user_id.into()),
            target: AssignmentTarget::Domain(DomainId::from(domain_id)),
            role_id: self.seed.role(role).into(),
            inherited: false,
        };
        let grant = &grant;
        self.app
            .db
            .transaction(|s| Box::pin(async move { assignment::insert_grant(s, grant).await }))
            .await
            .expect("a new grant");
    }

    /// A token, scoped to a domain, of a new user of that domain who has a role on it.
    pub async fn domain_persona(&self, name: &str, role: &str, domain_id: &str) -> String {
        let user = json!({ "name": name, "domain_id": domain_id, "password": "a secret" });
        let user_id = self.make("user", user).await;
        self.grant_on_domain(&user_id, role, domain_id).await;
        let login = json!({ "auth": {
            "identity": { "methods": ["password"], "password": {
                "user": { "id": user_id, "password": "a secret" } } },
            "scope": { "domain": { "id": domain_id } },
        } });
        let answer = self.post("/v3/auth/tokens", login).send().await;
        answer.expect(201).header("x-subject-token").to_owned()
    }

    /// Makes an object as the admin: `make("user", …)` posts to `/v3/users`. Returns its id.
    pub async fn make(&self, kind: &str, body: serde_json::Value) -> String {
        let answer = self
            .post(&format!("/v3/{kind}s"), json!({ kind: body }))
            .token(&self.admin().await)
            .send()
            .await;
        let id = &answer.expect(201).json()[kind]["id"];
        id.as_str().expect("an id").to_owned()
    }
}
