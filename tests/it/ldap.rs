//! Users and groups in an LDAP directory: a real slapd, beside the database.

mod default_driver;
mod domains;
mod groups;
mod logins;
mod options;
mod outages;
mod slapd;
mod tls;
mod users;

use crate::harness::{Answer, TestApp};
use serde_json::{Value, json};
use slapd::Slapd;
use tempfile::TempDir;

/// A server whose domain `dir` is kept by a directory, and all others by the database.
struct Scene {
    app: TestApp,
    /// A token of the seeded admin, of domain Default.
    admin: String,
    /// The id of the domain.
    domain: String,
    _files: TempDir,
}

impl Scene {
    async fn new(slapd: &Slapd) -> Self {
        Self::with_options(slapd, "").await
    }

    /// With further options of `[ldap]` in the domain's file.
    async fn with_options(slapd: &Slapd, options: &str) -> Self {
        let text = format!(
            "[identity]\ndriver = ldap\n[ldap]\n{}{options}\n",
            slapd.options()
        );
        Self::with_files(&[("dir", &text)]).await
    }

    async fn with_files(domains: &[(&str, &str)]) -> Self {
        let files = tempfile::tempdir().expect("a folder");
        for (domain, text) in domains {
            let path = files.path().join(format!("keystone.{domain}.conf"));
            std::fs::write(path, text).expect("a file");
        }
        let config = format!(
            "domain_specific_drivers_enabled = true\ndomain_config_dir = {}\n",
            files.path().display()
        );
        let app = TestApp::with_config(&config).await;
        let domain = app.add_domain("dir").await;
        let admin = app.admin().await;
        Self {
            app,
            admin,
            domain,
            _files: files,
        }
    }

    async fn get(&self, path: &str) -> Answer {
        self.app.get(path).token(&self.admin).send().await
    }

    async fn post(&self, path: &str, body: Value) -> Answer {
        self.app.post(path, body).token(&self.admin).send().await
    }

    async fn patch(&self, path: &str, body: Value) -> Answer {
        self.app.patch(path, body).token(&self.admin).send().await
    }

    async fn put(&self, path: &str) -> Answer {
        self.app.put(path).token(&self.admin).send().await
    }

    async fn delete(&self, path: &str) -> Answer {
        self.app.delete(path).token(&self.admin).send().await
    }

    /// The names of the domain's users that a query leaves, sorted.
    async fn user_names(&self, query: &str) -> Vec<String> {
        let path = format!("/v3/users?domain_id={}&{query}", self.domain);
        names(&self.get(&path).await.expect(200).json()["users"])
    }

    /// A user of the domain, by name.
    async fn user(&self, name: &str) -> Value {
        let path = format!("/v3/users?domain_id={}", self.domain);
        named(&self.get(&path).await.expect(200).json()["users"], name)
    }

    async fn user_id(&self, name: &str) -> String {
        text(&self.user(name).await["id"])
    }

    /// A group of the domain, by name.
    async fn group(&self, name: &str) -> Value {
        let path = format!("/v3/groups?domain_id={}", self.domain);
        named(&self.get(&path).await.expect(200).json()["groups"], name)
    }

    async fn group_id(&self, name: &str) -> String {
        text(&self.group(name).await["id"])
    }

    /// What a login of a user of the domain answers; a null scope asks for the default.
    async fn login(&self, name: &str, password: &str, scope: Value) -> Answer {
        let domain = json!({ "id": self.domain });
        login(
            &self.app,
            json!({ "name": name, "domain": domain, "password": password }),
            scope,
        )
        .await
    }

    /// A grant on the seeded project: `users/<id>` or `groups/<id>` gets a role.
    async fn grant(&self, actor: &str, role: &str) {
        let path = format!(
            "/v3/projects/{}/{actor}/roles/{}",
            self.app.seed.project_id,
            self.app.seed.role(role)
        );
        self.put(&path).await.expect(204);
    }

    fn project_scope(&self) -> Value {
        json!({ "project": { "id": self.app.seed.project_id } })
    }
}

async fn login(app: &TestApp, user: Value, scope: Value) -> Answer {
    let identity = json!({ "methods": ["password"], "password": { "user": user } });
    let mut body = json!({ "auth": { "identity": identity } });
    if !scope.is_null() {
        body["auth"]["scope"] = scope;
    }
    app.post("/v3/auth/tokens", body).send().await
}

fn names(items: &Value) -> Vec<String> {
    let items = items.as_array().expect("a list");
    let mut names: Vec<String> = items.iter().map(|item| text(&item["name"])).collect();
    names.sort_unstable();
    names
}

fn named(items: &Value, name: &str) -> Value {
    let mut items = items.as_array().expect("a list").iter();
    let found = items.find(|item| item["name"] == name);
    found.unwrap_or_else(|| panic!("no {name}")).clone()
}

fn text(value: &Value) -> String {
    value.as_str().expect("text").to_owned()
}
