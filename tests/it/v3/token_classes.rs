//! What a token can stand for, in every format that carries it and in the rows that old releases wrote:
//! each class is issued, forgotten, and read back from its text or from the store alone.

use crate::harness::delegation::{project, trust};
use crate::harness::{ACME, Scene, TestApp, new_user, signing};
use keystone::driver::sql::db::sql;
use keystone::driver::sql::{identity, resource};
use keystone::model::token::{TokenOrigin, TokenPayload, TokenScope};
use keystone::model::{Project, Timestamp};
use serde_json::{Map, Value, json};

/// Fernet's payloads are held against Python's, class by class, where they are written.
const FORMATS: [&str; 4] = ["jws", "uuid", "pki", "pkiz"];

const SCOPED: [&str; 6] = [
    "project",
    "trust",
    "impersonating trust",
    "application credential",
    "oauth1",
    "oauth2",
];

/// `uma` is a member of `top`, of the domain and of the system, and has handed parts of it on.
struct Stage {
    scene: Scene,
    credential: (String, String),
    trusts: [String; 2],
}

impl Stage {
    async fn set(format: &str) -> Self {
        let methods = "password,token,application_credential,oauth1";
        let config = format!("[auth]\nmethods = {methods}\n{}", signing::config(format));
        let scene = Scene::with_config(&config).await;
        let member = scene.role("member").to_owned();
        for path in [
            format!("/v3/projects/top/users/uma/roles/{member}"),
            format!("/v3/domains/{ACME}/users/uma/roles/{member}"),
            format!("/v3/system/users/uma/roles/{member}"),
        ] {
            scene.put(&path).await.expect(204);
        }
        let own = scene.login("uma", project("top")).await;
        let credential = scene.new_credential(&own, "uma", json!({})).await;
        let own = scene.login("uma", project("top")).await;
        let mut trusts = [String::new(), String::new()];
        for (trust_id, impersonation) in trusts.iter_mut().zip([false, true]) {
            let body = trust(json!({ "impersonation": impersonation }));
            *trust_id = scene.new_trust(&own, body).await;
        }
        let rows = [
            sql("INSERT INTO consumer (id, secret, extra) VALUES ('consumer', 's', '{}')"),
            sql(
                "INSERT INTO access_token (id, access_secret, authorizing_user_id, project_id, \
                 role_ids, consumer_id) VALUES ('access', 's', 'uma', 'top', ?, 'consumer')",
            )
            .bind(json!([member]).to_string()),
        ];
        for row in rows {
            scene.app.app.db.execute(row).await.expect("a row");
        }
        Self {
            scene,
            credential,
            trusts,
        }
    }

    /// A token that no route here gives to a test.
    async fn issue(&self, methods: &[&str], origin: TokenOrigin) -> String {
        let now = self.scene.app.app.clock.now();
        let payload = TokenPayload {
            user_id: "uma".into(),
            methods: methods.iter().map(|name| (*name).to_owned()).collect(),
            issued_at: now,
            expires_at: now.plus_seconds(600),
            audit_ids: vec!["AAAAAAAAAAAAAAAAAAAAAA".to_owned()],
            scope: TokenScope::Project("top".into()),
            origin,
        };
        let issued = self.scene.app.app.token().issue(payload).await;
        issued.expect("a token").0
    }

    async fn token(&self, class: &str) -> String {
        let scene = &self.scene;
        match class {
            "unscoped" => scene.login("uma", json!("unscoped")).await,
            "project" => scene.login("uma", project("top")).await,
            "domain" => {
                scene
                    .login("uma", json!({ "domain": { "id": ACME } }))
                    .await
            }
            "system" => {
                scene
                    .login("uma", json!({ "system": { "all": true } }))
                    .await
            }
            "trust" => scene.trust_login("vic", &self.trusts[0]).await,
            "impersonating trust" => scene.trust_login("vic", &self.trusts[1]).await,
            "application credential" => scene.credential_login(&self.credential).await,
            "oauth1" => {
                let access_token_id = "access".into();
                self.issue(&["oauth1"], TokenOrigin::OAuth1 { access_token_id })
                    .await
            }
            "oauth2" => {
                let thumbprint = "the certificate's".to_owned();
                self.issue(&["oauth2_credential"], TokenOrigin::OAuth2 { thumbprint })
                    .await
            }
            other => panic!("no class {other}"),
        }
    }

    /// What tells the class in an answer, and in documents since there is the class.
    fn marks(&self, class: &str) -> Map<String, Value> {
        let marks = match class {
            "unscoped" => json!({}),
            "domain" => json!({ "domain": { "id": ACME, "name": "acme" } }),
            "system" => json!({ "system": { "all": true } }),
            _ => {
                let domain = json!({ "id": ACME, "name": "acme" });
                json!({ "project": { "id": "top", "name": "top", "domain": domain } })
            }
        };
        let Value::Object(mut marks) = marks else {
            panic!("marks are members")
        };
        let more = match class {
            "trust" | "impersonating trust" => json!({ "OS-TRUST:trust": {
                "id": self.trusts[usize::from(class != "trust")],
                "impersonation": class != "trust",
                "trustor_user": { "id": "uma" },
                "trustee_user": { "id": "vic" },
            } }),
            "application credential" => json!({ "application_credential": {
                "id": self.credential.0, "name": "one", "restricted": true,
            } }),
            "oauth1" => json!({ "OS-OAUTH1": {
                "access_token_id": "access", "consumer_id": "consumer",
            } }),
            "oauth2" => json!({ "oauth2_credential": { "x5t#S256": "the certificate's" } }),
            _ => json!({}),
        };
        if let Value::Object(more) = more {
            marks.extend(more);
        }
        marks
    }

    fn methods(class: &str) -> &'static str {
        match class {
            "application credential" => "application_credential",
            "oauth1" => "oauth1",
            "oauth2" => "oauth2_credential",
            _ => "password",
        }
    }

    fn user(class: &str) -> &'static str {
        if class == "trust" { "vic" } else { "uma" }
    }

    /// Holds an answer about a token against its class.
    fn check(&self, token: &Value, class: &str, what: &str) {
        const ALL: [&str; 7] = [
            "project",
            "domain",
            "system",
            "OS-TRUST:trust",
            "application_credential",
            "OS-OAUTH1",
            "oauth2_credential",
        ];
        let marks = self.marks(class);
        for name in ALL {
            assert_eq!(token.get(name), marks.get(name), "{what}: {name}");
        }
        assert_eq!(token["user"]["id"], Self::user(class), "{what}");
        assert_eq!(token["methods"], json!([Self::methods(class)]), "{what}");
        let roles = token.get("roles").map(Value::to_string);
        let is_member = roles.map(|roles| roles.contains("\"member\""));
        let expected = (class != "unscoped").then_some(true);
        assert_eq!(is_member, expected, "{what}");
    }
}

fn classes() -> impl Iterator<Item = &'static str> {
    ["unscoped", "domain", "system"].into_iter().chain(SCOPED)
}

#[tokio::test]
async fn every_class_goes_through_every_format() {
    for format in FORMATS {
        let stage = Stage::set(format).await;
        for class in classes() {
            let what = format!("{class} as {format}");
            let token = stage.token(class).await;
            let told = stage.scene.validate(&token).await.expect(200).json();
            stage.check(&told["token"], class, &what);
            stage.scene.app.app.tokens.clear();
            let read = stage.scene.validate(&token).await.expect(200).json();
            assert_eq!(read, told, "{what}");
            let bearer = stage.scene.get_as(&token, "/v3/auth/projects").await;
            bearer.expect(200);
            if let "pki" | "pkiz" = format {
                let content = signing::verify(&signing::pem_of(&token));
                let content: Value = serde_json::from_str(&content).expect("JSON");
                stage.check(&content["token"], class, &format!("{what}, read by itself"));
            }
        }
    }
}

/// A row of the token table, with what old releases put beside its document.
async fn plant(app: &TestApp, id: &str, text: &str, end: &str, document: &Value) {
    let version = if document.get("access").is_some() {
        "v2.0"
    } else {
        "v3.0"
    };
    let extra = json!({
        "key": text, "user": { "id": "somebody" }, "tenant": null, "metadata": { "roles": [] },
        "token_version": version, "token_data": document,
    });
    let statement =
        sql("INSERT INTO token (id, expires, extra, valid, user_id) VALUES (?, ?, ?, ?, ?)")
            .bind(id)
            .bind(Timestamp::parse(end))
            .bind(&extra)
            .bind(true)
            .bind("somebody");
    app.app.db.execute(statement).await.expect("a row");
}

const END: &str = "2026-01-01T00:30:00Z";

#[tokio::test]
async fn every_class_is_read_from_a_row_of_an_old_release() {
    let stage = Stage::set("uuid").await;
    for (number, class) in classes().enumerate() {
        // As the releases wrote it that had the class: no is_domain, no password_expires_at; what
        // they say of names and roles is not believed.
        let mut document = json!({
            "methods": [Stage::methods(class)],
            "user": {
                "id": Stage::user(class), "name": "former",
                "domain": { "id": ACME, "name": "former" },
            },
            "audit_ids": ["G_ZZ2WkZT7ORihT-cJY_fQ"],
            "issued_at": "2026-01-01T00:00:00.000000Z",
            "expires_at": "2026-01-01T00:30:00.000000Z",
            "roles": [{ "id": "former", "name": "former" }],
            "extras": {},
        });
        if let Value::Object(members) = &mut document {
            members.extend(stage.marks(class));
        }
        let id = format!("{number:032x}");
        plant(
            &stage.scene.app,
            &id,
            &id,
            END,
            &json!({ "token": document }),
        )
        .await;
        let told = stage.scene.validate(&id).await.expect(200).json();
        stage.check(&told["token"], class, &format!("{class} of an old row"));
        assert_eq!(told["token"]["expires_at"], "2026-01-01T00:30:00.000000Z");
        assert!(!told.to_string().contains("former"), "{class}: {told}");
    }
}

#[tokio::test]
async fn a_delegation_that_can_not_be_read_is_not_passed_over() {
    let stage = Stage::set("uuid").await;
    for (number, (name, broken)) in [
        ("OS-TRUST:trust", json!({})),
        (
            "OS-TRUST:trust",
            json!({ "id": 7, "trustee_user": { "id": "uma" } }),
        ),
        ("application_credential", json!({ "name": "one" })),
        ("OS-OAUTH1", json!({ "consumer_id": "consumer" })),
        ("OS-OAUTH1", json!(null)),
        ("oauth2_credential", json!({})),
        ("system", json!({ "all": false })),
        ("system", json!("all")),
        ("project", json!({ "name": "top" })),
        ("domain", json!("acme")),
    ]
    .into_iter()
    .enumerate()
    {
        let mut document = json!({
            "methods": ["password"], "user": { "id": "uma" }, "audit_ids": [],
            "issued_at": "2026-01-01T00:00:00.000000Z",
            "expires_at": "2026-01-01T00:30:00.000000Z",
        });
        document[name] = broken;
        let id = format!("{number:032x}");
        plant(
            &stage.scene.app,
            &id,
            &id,
            END,
            &json!({ "token": document }),
        )
        .await;
        stage
            .scene
            .get_as(&id, "/v3/auth/projects")
            .await
            .error(401);
    }
}

/// The user and the project of a document, with a role between them.
async fn settle(app: &TestApp, admin: &str, user: &str, project: &str) {
    let (new, of_token) = (
        new_user(user, "default", app.app.clock.now()),
        Project {
            id: project.into(),
            name: project.to_owned(),
            domain_id: Some("default".into()),
            parent_id: Some("default".into()),
            is_domain: false,
            description: None,
            enabled: true,
            tags: Vec::new(),
            options: Map::new(),
            extra: Map::new(),
        },
    );
    let (new, of_token) = (&new, &of_token);
    app.app
        .db
        .transaction(|s| {
            Box::pin(async move {
                resource::insert_project(s, of_token).await?;
                identity::insert_user(s, new).await
            })
        })
        .await
        .expect("a user and a project");
    let role = app.seed.role("member");
    let path = format!("/v3/projects/{project}/users/{user}/roles/{role}");
    app.put(&path).token(admin).send().await.expect(204);
}

#[tokio::test]
async fn signed_texts_of_an_old_server_are_good_where_its_certificate_and_its_rows_are() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/golden/pki/server");
    let config = format!(
        "[signing]\ncertfile = {folder}/signing_cert.pem\nkeyfile = {folder}/none.pem\n\
         ca_certs = {folder}/ca.pem\n[token]\nprovider = fernet\naccept = pki, pkiz\n"
    );
    for name in ["pki-v2", "pki-v3", "pkiz-v2", "pkiz-v3"] {
        let read = |suffix: &str| {
            let path = format!("{folder}/{name}{suffix}");
            std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path}: {error}"))
        };
        let app = TestApp::with_config(&config).await;
        let admin = app.admin().await;
        let text = read(".token");
        let text = text.trim();
        let document: Value = serde_json::from_str(&read("-response.json")).expect("JSON");
        let token = &document[if name.ends_with("v2") {
            "access"
        } else {
            "token"
        }];
        let (user, project, end) = match name.ends_with("v2") {
            true => (
                &token["user"]["id"],
                &token["token"]["tenant"]["id"],
                &token["token"]["expires"],
            ),
            false => (
                &token["user"]["id"],
                &token["project"]["id"],
                &token["expires_at"],
            ),
        };
        let [user, project, end] = [user, project, end].map(|text| text.as_str().expect("text"));
        settle(&app, &admin, user, project).await;
        let short = signing::digest("md5", text);
        let bearer = async |token: &str| {
            let request = app.get("/v3/auth/projects").token(token);
            request.send().await.status
        };
        // The signature alone is not enough: a deleted token has one as well.
        assert_eq!(bearer(text).await, 401, "{name}");
        plant(&app, &short, text, end, &document).await;
        assert_eq!(bearer(text).await, 200, "{name}");
        assert_eq!(bearer(&short).await, 200, "{name}");
        for subject in [text, &short] {
            let request = app.get("/v3/auth/tokens").token(&admin).subject(subject);
            let told = request.send().await.expect(200).json();
            assert_eq!(told["token"]["user"]["id"], user, "{name}");
            assert_eq!(told["token"]["project"]["id"], project, "{name}");
            let told_end = told["token"]["expires_at"]
                .as_str()
                .and_then(Timestamp::parse);
            assert_eq!(told_end, Timestamp::parse(end), "{name}");
        }
    }
}
