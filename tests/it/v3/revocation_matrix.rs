//! Which tokens each event ends: as Keystone 30.0.0 has it, for every format alike, as the subject of
//! a validation and as the bearer of a request, with the cache and without, on the server that made
//! the change and on another one on the same database.

use crate::harness::delegation::trust;
use crate::harness::{ACME, ADMIN_PASSWORD, Scene, TestApp, signing};
use serde_json::{Value, json};

/// Something that may end tokens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Event {
    UnscopedDeleted,
    UnscopedDeletedAlone,
    DerivedDeleted,
    ProjectTokenDeleted,
    TokensOfUserDeleted,
    UserDisabled,
    UserRenamed,
    UserDeleted,
    PasswordSetByAdmin,
    PasswordChangedByUser,
    LeftGroup,
    JoinedGroup,
    GroupWithRolesDeleted,
    GroupWithoutRolesDeleted,
    ProjectDisabled,
    ProjectDeleted,
    ProjectRenamed,
    DomainDisabled,
    OtherProjectDisabled,
    GrantOnProjectRemoved,
    OneOfTwoGrantsRemoved,
    GrantAdded,
    GrantOnDomainRemoved,
    GrantOnSystemRemoved,
    GrantOfGroupRemoved,
    RoleDeleted,
    ImpliedRoleRemoved,
    CatalogChanged,
    /// Of the trustee, that is.
    OtherUserDisabled,
    TrustDeleted,
    Expired,
}

const EVENTS: [Event; 31] = [
    Event::UnscopedDeleted,
    Event::UnscopedDeletedAlone,
    Event::DerivedDeleted,
    Event::ProjectTokenDeleted,
    Event::TokensOfUserDeleted,
    Event::UserDisabled,
    Event::UserRenamed,
    Event::UserDeleted,
    Event::PasswordSetByAdmin,
    Event::PasswordChangedByUser,
    Event::LeftGroup,
    Event::JoinedGroup,
    Event::GroupWithRolesDeleted,
    Event::GroupWithoutRolesDeleted,
    Event::ProjectDisabled,
    Event::ProjectDeleted,
    Event::ProjectRenamed,
    Event::DomainDisabled,
    Event::OtherProjectDisabled,
    Event::GrantOnProjectRemoved,
    Event::OneOfTwoGrantsRemoved,
    Event::GrantAdded,
    Event::GrantOnDomainRemoved,
    Event::GrantOnSystemRemoved,
    Event::GrantOfGroupRemoved,
    Event::RoleDeleted,
    Event::ImpliedRoleRemoved,
    Event::CatalogChanged,
    Event::OtherUserDisabled,
    Event::TrustDeleted,
    Event::Expired,
];

const ALL: &[&str] = &[
    "unscoped", "derived", "project", "by group", "domain", "system", "trust",
];

impl Event {
    /// The kinds of tokens that it ends.
    fn ends(self) -> &'static [&'static str] {
        match self {
            Self::UnscopedDeleted => &["unscoped", "derived"],
            Self::UnscopedDeletedAlone => &["unscoped"],
            // The chain's event carries the deleted token's own id, which nothing was made from.
            Self::DerivedDeleted => &["derived"],
            Self::ProjectTokenDeleted => &["project"],
            Self::TokensOfUserDeleted
            | Self::UserDisabled
            | Self::UserDeleted
            | Self::PasswordSetByAdmin
            | Self::PasswordChangedByUser
            | Self::LeftGroup
            | Self::GroupWithRolesDeleted
            | Self::DomainDisabled
            | Self::Expired => ALL,
            Self::ProjectDisabled
            | Self::ProjectDeleted
            | Self::GrantOnProjectRemoved
            | Self::RoleDeleted => &["derived", "project", "trust"],
            // A trust gives all of its roles or nothing.
            Self::OneOfTwoGrantsRemoved | Self::OtherUserDisabled | Self::TrustDeleted => {
                &["trust"]
            }
            Self::GrantOfGroupRemoved => &["by group"],
            Self::GrantOnDomainRemoved => &["domain"],
            Self::GrantOnSystemRemoved => &["system"],
            Self::UserRenamed
            | Self::JoinedGroup
            | Self::GroupWithoutRolesDeleted
            | Self::ProjectRenamed
            | Self::OtherProjectDisabled
            | Self::GrantAdded
            | Self::ImpliedRoleRemoved
            | Self::CatalogChanged => &[],
        }
    }
}

/// A user with a token of every kind.
struct Stage {
    scene: Scene,
    tokens: Vec<(&'static str, String)>,
    /// The one role on the project, made for it.
    role: String,
    /// The trust by which `vic` may act as the user there.
    trust: String,
}

impl Stage {
    async fn set(format: &str, cache: bool) -> Self {
        let mut config = signing::config(format);
        config.push_str(&format!("[cache]\nenabled = {cache}\n"));
        let scene = Scene::with_config(&config).await;
        let role = scene.new_role("worker", None).await;
        let member = scene.role("member").to_owned();
        let reader = scene.role("reader").to_owned();
        for path in [
            format!("/v3/projects/top/users/uma/roles/{role}"),
            format!("/v3/projects/below/groups/crew/roles/{member}"),
            format!("/v3/domains/{ACME}/users/uma/roles/{member}"),
            format!("/v3/system/users/uma/roles/{reader}"),
        ] {
            scene.put(&path).await.expect(204);
        }
        let unscoped = scene.login("uma", json!("unscoped")).await;
        let identity = json!({ "methods": ["token"], "token": { "id": unscoped } });
        let scope = json!({ "project": { "id": "top" } });
        let body = json!({ "auth": { "identity": identity, "scope": scope } });
        let derived = scene.app.post("/v3/auth/tokens", body).send().await;
        let derived = derived.expect(201).header("x-subject-token").to_owned();
        let tokens = vec![
            ("unscoped", unscoped),
            ("derived", derived),
            ("project", scene.login("uma", scope).await),
            (
                "by group",
                scene
                    .login("uma", json!({ "project": { "id": "below" } }))
                    .await,
            ),
            (
                "domain",
                scene
                    .login("uma", json!({ "domain": { "id": ACME } }))
                    .await,
            ),
            (
                "system",
                scene
                    .login("uma", json!({ "system": { "all": true } }))
                    .await,
            ),
        ];
        let mut stage = Self {
            scene,
            tokens,
            role,
            trust: String::new(),
        };
        stage.hand_on().await;
        stage
    }

    async fn hand_on(&mut self) {
        let members = json!({ "roles": [{ "id": self.role }] });
        let trustor = self.token("project").to_owned();
        self.trust = self.scene.new_trust(&trustor, trust(members)).await;
        let token = self.scene.trust_login("vic", &self.trust).await;
        self.tokens.push(("trust", token));
    }

    fn token(&self, kind: &str) -> &str {
        let found = self.tokens.iter().find(|(name, _)| *name == kind);
        &found.expect("a kind").1
    }

    async fn delete_token(&self, kind: &str, query: &str) {
        let path = format!("/v3/auth/tokens{query}");
        let request = self.scene.app.delete(&path).token(&self.scene.admin);
        request.subject(self.token(kind)).send().await.expect(204);
    }

    async fn delete(&self, path: &str) {
        self.scene.delete(path).await.expect(204);
    }

    async fn patch(&self, path: &str, body: Value) {
        self.scene.patch(path, body).await.expect(200);
    }

    async fn happens(&self, event: Event) {
        let scene = &self.scene;
        match event {
            Event::UnscopedDeleted => self.delete_token("unscoped", "").await,
            Event::UnscopedDeletedAlone => self.delete_token("unscoped", "?cascade=false").await,
            Event::DerivedDeleted => self.delete_token("derived", "").await,
            Event::ProjectTokenDeleted => self.delete_token("project", "").await,
            Event::TokensOfUserDeleted => self.delete("/v3/users/uma/tokens").await,
            Event::UserDisabled => {
                let body = json!({ "user": { "enabled": false } });
                self.patch("/v3/users/uma", body).await;
            }
            Event::UserRenamed => {
                let body = json!({ "user": { "name": "una" } });
                self.patch("/v3/users/uma", body).await;
            }
            Event::UserDeleted => self.delete("/v3/users/uma").await,
            Event::PasswordSetByAdmin => {
                let body = json!({ "user": { "password": "another" } });
                self.patch("/v3/users/uma", body).await;
            }
            Event::PasswordChangedByUser => {
                let user = json!({ "original_password": ADMIN_PASSWORD, "password": "another" });
                let answer = scene.post("/v3/users/uma/password", json!({ "user": user }));
                answer.await.expect(204);
            }
            Event::LeftGroup => self.delete("/v3/groups/crew/users/uma").await,
            Event::JoinedGroup => {
                let id = self.new_group().await;
                let path = format!("/v3/groups/{id}/users/uma");
                scene.put(&path).await.expect(204);
            }
            Event::GroupWithRolesDeleted => self.delete("/v3/groups/crew").await,
            Event::GroupWithoutRolesDeleted => {
                let id = self.new_group().await;
                let path = format!("/v3/groups/{id}/users/uma");
                scene.put(&path).await.expect(204);
                self.delete(&format!("/v3/groups/{id}")).await;
            }
            Event::ProjectDisabled => {
                // Only a project without enabled ones below it can be disabled.
                let body = json!({ "project": { "enabled": false } });
                let path = "/v3/projects/top";
                scene.delete("/v3/projects/below").await.expect(204);
                self.patch(path, body).await;
            }
            Event::ProjectDeleted => {
                scene.delete("/v3/projects/below").await.expect(204);
                self.delete("/v3/projects/top").await;
            }
            Event::ProjectRenamed => {
                let body = json!({ "project": { "name": "summit" } });
                self.patch("/v3/projects/top", body).await;
            }
            Event::DomainDisabled => {
                let body = json!({ "domain": { "enabled": false } });
                self.patch(&format!("/v3/domains/{ACME}"), body).await;
            }
            Event::OtherProjectDisabled => {
                let body = json!({ "project": { "enabled": false } });
                self.patch("/v3/projects/elsewhere", body).await;
            }
            Event::GrantOnProjectRemoved => self.delete(&self.grant()).await,
            Event::OneOfTwoGrantsRemoved => {
                let other = scene.role("reader");
                let path = format!("/v3/projects/top/users/uma/roles/{other}");
                scene.put(&path).await.expect(204);
                self.delete(&self.grant()).await;
            }
            Event::GrantAdded => {
                let other = scene.role("reader");
                let path = format!("/v3/projects/top/users/uma/roles/{other}");
                scene.put(&path).await.expect(204);
            }
            Event::GrantOnDomainRemoved => {
                let role = scene.role("member");
                let path = format!("/v3/domains/{ACME}/users/uma/roles/{role}");
                self.delete(&path).await;
            }
            Event::GrantOnSystemRemoved => {
                let role = scene.role("reader");
                self.delete(&format!("/v3/system/users/uma/roles/{role}"))
                    .await;
            }
            Event::GrantOfGroupRemoved => {
                let role = scene.role("member");
                let path = format!("/v3/projects/below/groups/crew/roles/{role}");
                self.delete(&path).await;
            }
            Event::RoleDeleted => self.delete(&format!("/v3/roles/{}", self.role)).await,
            Event::ImpliedRoleRemoved => {
                let (member, reader) = (scene.role("member"), scene.role("reader"));
                self.delete(&format!("/v3/roles/{member}/implies/{reader}"))
                    .await;
            }
            Event::CatalogChanged => {
                let service = json!({ "service": { "type": "compute", "name": "nova" } });
                scene.post("/v3/services", service).await.expect(201);
            }
            Event::OtherUserDisabled => {
                let body = json!({ "user": { "enabled": false } });
                self.patch("/v3/users/vic", body).await;
            }
            Event::TrustDeleted => {
                let path = format!("/v3/OS-TRUST/trusts/{}", self.trust);
                let answer = scene.delete_as(self.token("project"), &path).await;
                answer.expect(204);
            }
            Event::Expired => scene.app.wait(3600),
        }
    }

    fn grant(&self) -> String {
        format!("/v3/projects/top/users/uma/roles/{}", self.role)
    }

    async fn new_group(&self) -> String {
        let body = json!({ "group": { "name": "idle", "domain_id": ACME } });
        let answer = self.scene.post("/v3/groups", body).await.expect(201).json();
        answer["group"]["id"].as_str().expect("an id").to_owned()
    }
}

/// Holds the tokens against what the event ends, on one server.
async fn check(app: &TestApp, admin: &str, stage: &Stage, event: Event, gone: &[&str], what: &str) {
    for (kind, token) in &stage.tokens {
        let dead = event.ends().contains(kind) || gone.contains(kind);
        let request = app.get("/v3/auth/tokens").token(admin).subject(token);
        let subject = request.send().await.status;
        // A trust whose trustor lost the role is refused rather than not found.
        let expected: &[u16] = match (dead, *kind) {
            (false, _) => &[200],
            (true, "trust") => &[403, 404],
            (true, _) => &[404],
        };
        assert!(
            expected.contains(&subject),
            "{what}: {event:?}: {kind} token as subject: {subject}"
        );
        // Of a scope that is gone, the bearer's own answer is 404.
        let bearer = app
            .get("/v3/auth/projects")
            .token(token)
            .send()
            .await
            .status;
        let expected: &[u16] = if dead { &[401, 403, 404] } else { &[200] };
        assert!(
            expected.contains(&bearer),
            "{what}: {event:?}: {kind} token as bearer: {bearer}"
        );
    }
}

async fn matrix(format: &str, cache: bool) {
    for event in EVENTS {
        let what = format!("{format}, cache {cache}");
        let stage = Stage::set(format, cache).await;
        let mut config = signing::config(format);
        config.push_str(&format!("[cache]\nenabled = {cache}\n"));
        let other = stage.scene.app.sibling(&config).await;
        let app = &stage.scene.app;
        // Both servers have seen every token, and keep it if they keep any.
        for server in [app, &other] {
            for (kind, token) in &stage.tokens {
                let request = server.get("/v3/auth/tokens").token(&stage.scene.admin);
                let status = request.subject(token).send().await.status;
                assert_eq!(status, 200, "{what}: {kind} token before {event:?}");
            }
        }
        app.wait(1);
        stage.happens(event).await;
        // Taking the project away takes what is below it as well.
        let gone: &[&str] = match event {
            Event::ProjectDisabled | Event::ProjectDeleted => &["by group"],
            _ => &[],
        };
        let admin = app.admin().await;
        check(app, &admin, &stage, event, gone, &what).await;
        // What the other server's poll does every quarter of a second.
        other.app.db.refresh_versions().await.expect("a poll");
        let what = format!("{what}, other server");
        check(&other, &admin, &stage, event, gone, &what).await;
    }
}

#[tokio::test]
async fn fernet_tokens_end_as_keystones_do() {
    matrix("fernet", true).await;
}

#[tokio::test]
async fn fernet_tokens_end_as_keystones_do_without_a_cache() {
    matrix("fernet", false).await;
}

#[tokio::test]
async fn jws_tokens_end_as_keystones_do() {
    matrix("jws", true).await;
}

#[tokio::test]
async fn uuid_tokens_end_as_keystones_do() {
    matrix("uuid", true).await;
}

#[tokio::test]
async fn uuid_tokens_end_as_keystones_do_without_a_cache() {
    matrix("uuid", false).await;
}

#[tokio::test]
async fn pki_tokens_end_as_keystones_do() {
    matrix("pki", true).await;
}
