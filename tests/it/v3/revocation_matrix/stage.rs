//! A user with a token of every kind in every format, and what may happen to them.

use crate::harness::delegation::{project, trust};
use crate::harness::federation;
use crate::harness::{ACME, ADMIN_PASSWORD, Scene, signing};
use keystone::driver::sql::db::sql;
use keystone::model::token::{TokenOrigin, TokenPayload, TokenScope};
use serde_json::{Value, json};

const FORMATS: [&str; 5] = ["fernet", "jws", "uuid", "pki", "pkiz"];

const METHODS: &str = "[auth]\nmethods = password,token,application_credential,oauth1,mapped\n\
     [server]\ntrusted_proxies = 10.0.0.1\nassertion_headers = OIDC-*\n";

/// A token of `uma`, or that acts for her.
pub struct Held {
    pub format: &'static str,
    pub kind: &'static str,
    pub text: String,
}

/// Names it; texts are long.
impl std::fmt::Debug for Held {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "the {} token as {}", self.kind, self.format)
    }
}

pub struct Stage {
    pub scene: Scene,
    pub tokens: Vec<Held>,
    /// The one role on the project, made for it.
    role: String,
    /// The trust by which `vic` may act as the user there.
    trust: String,
    credential: (String, String),
}

impl Stage {
    /// One cloud, whose servers issue tokens of one format each and accept those of all.
    pub async fn set() -> Self {
        let config = |format: &str| format!("{METHODS}{}", signing::config(format));
        let scene = Scene::with_config(&config(FORMATS[0])).await;
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
        federation::add_provider(&scene, json!({ "rules": federation::rules() })).await;
        federation::link(&scene, "uma").await;
        let own = scene.login("uma", project("top")).await;
        let trust = trust(json!({ "roles": [{ "id": role }] }));
        let trust = scene.new_trust(&own, trust).await;
        let credential = scene.new_credential(&own, "uma", json!({})).await;
        let rows = [
            sql("INSERT INTO consumer (id, secret, extra) VALUES ('consumer', 's', '{}')"),
            sql(
                "INSERT INTO access_token (id, access_secret, authorizing_user_id, project_id, \
                 role_ids, consumer_id) VALUES ('access', 's', 'uma', 'top', ?, 'consumer')",
            )
            .bind(json!([role]).to_string()),
        ];
        for row in rows {
            scene.app.app.db.execute(row).await.expect("a row");
        }
        let mut stage = Self {
            scene,
            tokens: Vec::new(),
            role,
            trust,
            credential,
        };
        for format in FORMATS {
            let app = stage.scene.app.sibling(&config(format)).await;
            let admin = stage.scene.admin.clone();
            stage.hand_out(format, &Scene { app, admin }).await;
        }
        stage
    }

    /// A token of each kind, from a server that issues this format.
    async fn hand_out(&mut self, format: &'static str, from: &Scene) {
        let unscoped = from.login("uma", json!("unscoped")).await;
        let derived = from.try_rescope(&unscoped, project("top")).await;
        let derived = derived.expect(201).header("x-subject-token").to_owned();
        let domain = json!({ "domain": { "id": ACME } });
        let system = json!({ "system": { "all": true } });
        let (federated, _) = federation::log_in(from, "uma", "crew").await;
        let by_crew = from.try_rescope(&federated, project("below")).await;
        let by_crew = by_crew.expect(201).header("x-subject-token").to_owned();
        let access_token_id = "access".into();
        let thumbprint = "the certificate's".to_owned();
        let tokens = [
            ("unscoped", unscoped),
            ("derived", derived),
            ("project", from.login("uma", project("top")).await),
            ("by-group", from.login("uma", project("below")).await),
            ("domain", from.login("uma", domain).await),
            ("system", from.login("uma", system).await),
            ("trust", from.trust_login("vic", &self.trust).await),
            ("credential", from.credential_login(&self.credential).await),
            (
                "oauth1",
                issue(from, &["oauth1"], TokenOrigin::OAuth1 { access_token_id }).await,
            ),
            (
                "oauth2",
                issue(from, &[], TokenOrigin::OAuth2 { thumbprint }).await,
            ),
            ("fed-unscoped", federated),
            ("fed-group", by_crew),
        ];
        self.tokens
            .extend(tokens.map(|(kind, text)| Held { format, kind, text }));
    }

    fn text(&self, format: &str, kind: &str) -> &str {
        let mut tokens = self.tokens.iter();
        let found = tokens.find(|token| (token.format, token.kind) == (format, kind));
        &found.expect("a token of each kind").text
    }

    async fn delete_tokens(&self, kind: &str, query: &str) {
        let path = format!("/v3/auth/tokens{query}");
        for format in FORMATS {
            let request = self.scene.app.delete(&path).token(&self.scene.admin);
            let request = request.subject(self.text(format, kind));
            request.send().await.expect(204);
        }
    }

    async fn delete(&self, path: &str) {
        self.scene.delete(path).await.expect(204);
    }

    async fn patch(&self, path: &str, body: Value) {
        self.scene.patch(path, body).await.expect(200);
    }

    async fn disable(&self, path: &str, kind: &str) {
        self.patch(path, json!({ kind: { "enabled": false } }))
            .await;
    }

    pub async fn happens(&self, event: &str) {
        let scene = &self.scene;
        let of_project = |role: &str| format!("/v3/projects/top/users/uma/roles/{role}");
        match event {
            "unscoped-deleted" => self.delete_tokens("unscoped", "").await,
            "unscoped-deleted-alone" => self.delete_tokens("unscoped", "?cascade=false").await,
            "derived-deleted" => self.delete_tokens("derived", "").await,
            "project-token-deleted" => self.delete_tokens("project", "").await,
            "user-tokens-deleted" => self.delete("/v3/users/uma/tokens").await,
            "user-disabled" => self.disable("/v3/users/uma", "user").await,
            "user-deleted" => self.delete("/v3/users/uma").await,
            "user-renamed" => {
                let body = json!({ "user": { "name": "una" } });
                self.patch("/v3/users/uma", body).await;
            }
            "password-set" => {
                let body = json!({ "user": { "password": "another" } });
                self.patch("/v3/users/uma", body).await;
            }
            "password-changed" => {
                let user = json!({ "original_password": ADMIN_PASSWORD, "password": "another" });
                let answer = scene.post("/v3/users/uma/password", json!({ "user": user }));
                answer.await.expect(204);
            }
            "group-left" => self.delete("/v3/groups/crew/users/uma").await,
            "group-joined" => drop(self.join_new_group().await),
            "group-with-roles-deleted" => self.delete("/v3/groups/crew").await,
            "idle-group-deleted" => {
                let id = self.join_new_group().await;
                self.delete(&format!("/v3/groups/{id}")).await;
            }
            // Only a project without any below it can go, or without enabled ones be disabled.
            "project-disabled" => {
                self.delete("/v3/projects/below").await;
                self.disable("/v3/projects/top", "project").await;
            }
            "project-deleted" => {
                self.delete("/v3/projects/below").await;
                self.delete("/v3/projects/top").await;
            }
            "project-renamed" => {
                let body = json!({ "project": { "name": "summit" } });
                self.patch("/v3/projects/top", body).await;
            }
            "other-project-disabled" => self.disable("/v3/projects/elsewhere", "project").await,
            "domain-disabled" => self.disable(&format!("/v3/domains/{ACME}"), "domain").await,
            "grant-on-project-removed" => self.delete(&of_project(&self.role)).await,
            "one-of-two-grants-removed" => {
                scene
                    .put(&of_project(scene.role("reader")))
                    .await
                    .expect(204);
                self.delete(&of_project(&self.role)).await;
            }
            "grant-added" => {
                scene
                    .put(&of_project(scene.role("reader")))
                    .await
                    .expect(204);
            }
            "grant-on-domain-removed" => {
                let role = scene.role("member");
                let path = format!("/v3/domains/{ACME}/users/uma/roles/{role}");
                self.delete(&path).await;
            }
            "grant-on-system-removed" => {
                let role = scene.role("reader");
                self.delete(&format!("/v3/system/users/uma/roles/{role}"))
                    .await;
            }
            "grant-of-group-removed" => {
                let role = scene.role("member");
                let path = format!("/v3/projects/below/groups/crew/roles/{role}");
                self.delete(&path).await;
            }
            "role-deleted" => self.delete(&format!("/v3/roles/{}", self.role)).await,
            "implied-role-removed" => {
                let (member, reader) = (scene.role("member"), scene.role("reader"));
                self.delete(&format!("/v3/roles/{member}/implies/{reader}"))
                    .await;
            }
            "catalog-changed" => {
                let service = json!({ "service": { "type": "compute", "name": "nova" } });
                scene.post("/v3/services", service).await.expect(201);
            }
            "trustee-disabled" => self.disable("/v3/users/vic", "user").await,
            "trustee-deleted" => self.delete("/v3/users/vic").await,
            "trustee-tokens-deleted" => self.delete("/v3/users/vic/tokens").await,
            "trust-deleted" => {
                let path = format!("/v3/OS-TRUST/trusts/{}", self.trust);
                let own = self.text("fernet", "project");
                scene.delete_as(own, &path).await.expect(204);
            }
            "credential-deleted" => {
                let id = &self.credential.0;
                let path = format!("/v3/users/uma/application_credentials/{id}");
                self.delete(&path).await;
            }
            "consumer-deleted" => self.delete("/v3/OS-OAUTH1/consumers/consumer").await,
            "access-token-deleted" => {
                let path = "/v3/users/uma/OS-OAUTH1/access_tokens/access";
                self.delete(path).await;
            }
            "provider-disabled" => {
                self.disable(federation::PROVIDER, "identity_provider")
                    .await
            }
            "provider-deleted" => self.delete(federation::PROVIDER).await,
            "protocol-deleted" => {
                let path = format!("{}/protocols/mapped", federation::PROVIDER);
                self.delete(&path).await;
            }
            "mapping-deleted" => self.delete("/v3/OS-FEDERATION/mappings/m").await,
            "same-groups-again" => drop(federation::log_in(scene, "uma", "crew").await),
            "other-groups-now" => drop(federation::log_in(scene, "uma", "").await),
            "fed-token-deleted" => self.delete_tokens("fed-unscoped", "").await,
            "expired" => scene.app.wait(3600),
            other => panic!("no event {other}"),
        }
    }

    async fn join_new_group(&self) -> String {
        let body = json!({ "group": { "name": "idle", "domain_id": ACME } });
        let answer = self.scene.post("/v3/groups", body).await.expect(201).json();
        let id = answer["group"]["id"].as_str().expect("an id").to_owned();
        let path = format!("/v3/groups/{id}/users/uma");
        self.scene.put(&path).await.expect(204);
        id
    }
}

/// A token of `uma` for `top` that no route here gives to a test.
async fn issue(from: &Scene, methods: &[&str], origin: TokenOrigin) -> String {
    let now = from.app.app.clock.now();
    let payload = TokenPayload {
        user_id: "uma".into(),
        methods: methods.iter().map(|name| (*name).to_owned()).collect(),
        issued_at: now,
        expires_at: now.plus_seconds(3600),
        audit_ids: keystone::token::audit_id::for_new_token(None),
        scope: TokenScope::Project("top".into()),
        origin,
    };
    let issued = from.app.app.token().issue(payload).await;
    issued.expect("a token").0
}
