//! What every test starts from: an app on a fresh database, seeded like a new installation, with a
//! clock that stands still until a test moves it.

mod answer;
mod contract;
pub mod db;
pub mod delegation;
mod domains;
pub mod federation;
pub mod notifications;
pub mod oauth1;
mod scene;
mod seed;
pub mod signing;

pub use answer::Answer;
pub use scene::{ACME, Scene, UMBRELLA, new_user};
pub use seed::{ADMIN_PASSWORD, Seed};

use axum::body::Body;
use axum::http::{Method, Request, header};
use db::TestDb;
use keystone::api::Listener;
use keystone::api::edge::{Edge, Peer};
use keystone::api::route::RoutePath;
use keystone::app::{App, Clock, Settings};
use keystone::config::Config;
use keystone::crypto::key_repository::KeyRepository;
use keystone::crypto::password::Algorithm;
use keystone::driver::notification::Driver;
use keystone::driver::sql::db::Db;
use keystone::model::Timestamp;
use notifications::Captured;
use serde_json::{Value, json};
use std::sync::Arc;
use tempfile::TempDir;

/// The time at which every test begins.
pub const START: &str = "2026-01-01T00:00:00Z";

/// A server and what it stands on; all of it goes with the value.
pub struct TestApp {
    pub app: Arc<App>,
    pub seed: Seed,
    edge: Edge,
    captured: Captured,
    public: Edge,
    _keys: Arc<TempDir>,
    _db: Arc<TestDb>,
}

impl TestApp {
    /// A server with the default configuration.
    pub async fn new() -> Self {
        Self::with_config("").await
    }

    /// A server with a `keystone.conf` of this text. Hashing is made cheap in any case.
    pub async fn with_config(config: &str) -> Self {
        let keys = tempfile::tempdir().expect("a temporary directory");
        KeyRepository::new(keys.path().join("fernet-keys"))
            .setup(3, Default::default())
            .expect("new keys");
        KeyRepository::new(keys.path().join("credential-keys"))
            .setup(3, Default::default())
            .expect("new keys");
        let db = TestDb::lent().await;
        let clock = Clock::stopped_at(Timestamp::parse(START).expect("a time"));
        let seed = Seed::plant(&db.db, clock.now()).await;
        let pool = db.db.clone();
        Self::assemble(config, seed, clock, pool, Arc::new(keys), Arc::new(db))
    }

    /// Another server on the same database, with the same keys and clock, and a configuration of its
    /// own. It learns of this one's changes when its versions are refreshed.
    pub async fn sibling(&self, config: &str) -> Self {
        let pool = self._db.second_pool().await;
        let (keys, db) = (Arc::clone(&self._keys), Arc::clone(&self._db));
        let clock = self.app.clock.clone();
        Self::assemble(config, self.seed.clone(), clock, pool, keys, db)
    }

    fn assemble(
        config: &str,
        seed: Seed,
        clock: Clock,
        db: Db,
        keys: Arc<TempDir>,
        test_db: Arc<TestDb>,
    ) -> Self {
        let text = format!(
            "[fernet_tokens]\nkey_repository = {0}\n[fernet_receipts]\nkey_repository = {0}\n\
             [credential]\nkey_repository = {1}\n[identity]\npassword_hash_rounds = 4\n{config}",
            keys.path().join("fernet-keys").display(),
            keys.path().join("credential-keys").display()
        );
        let config = Arc::new(Config::from_text(&text).unwrap_or_else(|error| panic!("{error}")));
        let settings = Settings::load(config, Vec::new(), Algorithm::Bcrypt, &mut Vec::new())
            .unwrap_or_else(|error| panic!("{error}"));
        let captured = Captured::default();
        let drivers: Vec<Box<dyn Driver>> = vec![Box::new(captured.clone())];
        let app = App::with_notification_drivers(settings, db, clock, drivers).expect("an app");
        let edge = Edge::new(Arc::clone(&app), Listener::Admin, "127.0.0.1:35357");
        let public = Edge::new(Arc::clone(&app), Listener::Public, "127.0.0.1:5000");
        Self {
            app,
            seed,
            edge,
            captured,
            public,
            _keys: keys,
            _db: test_db,
        }
    }

    /// Everything that others were told so far.
    pub async fn notifications(&self) -> Vec<Value> {
        self.app.notifier.flush().await;
        self.captured.all()
    }

    /// Moves the clock.
    pub fn wait(&self, seconds: i64) {
        self.app.clock.advance(seconds);
    }

    pub fn get(&self, path: &str) -> RequestBuilder<'_> {
        self.request(Method::GET, path)
    }

    pub fn head(&self, path: &str) -> RequestBuilder<'_> {
        self.request(Method::HEAD, path)
    }

    pub fn post(&self, path: &str, body: Value) -> RequestBuilder<'_> {
        self.request(Method::POST, path).json(body)
    }

    pub fn put(&self, path: &str) -> RequestBuilder<'_> {
        self.request(Method::PUT, path)
    }

    pub fn patch(&self, path: &str, body: Value) -> RequestBuilder<'_> {
        self.request(Method::PATCH, path).json(body)
    }

    pub fn delete(&self, path: &str) -> RequestBuilder<'_> {
        self.request(Method::DELETE, path)
    }

    pub fn request(&self, method: Method, path: &str) -> RequestBuilder<'_> {
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header(header::HOST, "keystone.test");
        RequestBuilder {
            app: self,
            edge: &self.edge,
            request,
            body: Body::empty(),
        }
    }

    /// A token for the seeded admin, scoped to the admin project.
    pub async fn admin(&self) -> String {
        self.login(
            "admin",
            ADMIN_PASSWORD,
            json!({ "project": { "id": self.seed.project_id } }),
        )
        .await
    }

    /// A system-scoped token for the seeded admin.
    pub async fn system_admin(&self) -> String {
        self.login(
            "admin",
            ADMIN_PASSWORD,
            json!({ "system": { "all": true } }),
        )
        .await
    }

    /// A token of a user of the default domain.
    pub async fn login(&self, name: &str, password: &str, scope: Value) -> String {
        let answer = self
            .post("/v3/auth/tokens", login_body(name, password, scope))
            .send()
            .await;
        answer.expect(201).header("x-subject-token").to_owned()
    }

    /// A user of the default domain with a role on a project of its own, and its project-scoped token.
    pub async fn persona(&self, name: &str, role: &str) -> Persona {
        Persona::make(self, name, role).await
    }
}

/// The body of a password login by name in the default domain; a null scope asks for the default.
pub fn login_body(name: &str, password: &str, scope: Value) -> Value {
    let user = json!({ "name": name, "domain": { "id": "default" }, "password": password });
    let mut body = json!({ "auth": { "identity": { "methods": ["password"], "password": { "user": user } } } });
    if !scope.is_null() {
        body["auth"]["scope"] = scope;
    }
    body
}

/// Somebody who is not an admin.
pub struct Persona {
    pub user_id: String,
    pub project_id: String,
    pub token: String,
}

impl Persona {
    async fn make(app: &TestApp, name: &str, role: &str) -> Self {
        let now = app.app.clock.now();
        let (user_id, project_id) = app
            .seed
            .add_user_with_role(&app.app.db, name, role, now)
            .await;
        let token = app
            .login(
                name,
                ADMIN_PASSWORD,
                json!({ "project": { "id": project_id } }),
            )
            .await;
        Self {
            user_id,
            project_id,
            token,
        }
    }
}

/// A request being put together.
pub struct RequestBuilder<'a> {
    app: &'a TestApp,
    /// The listener that gets it.
    edge: &'a Edge,
    request: axum::http::request::Builder,
    body: Body,
}

impl RequestBuilder<'_> {
    /// Sends it to the public listener; without this, the admin one gets it.
    pub fn public(mut self) -> Self {
        self.edge = &self.app.public;
        self
    }

    /// Sends it with this X-Auth-Token.
    pub fn token(self, token: &str) -> Self {
        self.header("x-auth-token", token)
    }

    /// Sends it with this X-Subject-Token.
    pub fn subject(self, token: &str) -> Self {
        self.header("x-subject-token", token)
    }

    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.request = self.request.header(name, value);
        self
    }

    /// Sends it as if from this address.
    pub fn peer(mut self, address: &str) -> Self {
        let address = address.parse().expect("an address");
        self.request = self.request.extension(Peer(address));
        self
    }

    pub fn json(mut self, body: Value) -> Self {
        self.request = self
            .request
            .header(header::CONTENT_TYPE, "application/json");
        self.body = Body::from(body.to_string());
        self
    }

    /// Sends these bytes as they are.
    pub fn bytes(mut self, body: impl Into<Body>) -> Self {
        self.body = body.into();
        self
    }

    pub async fn send(self) -> Answer {
        let request = self.request.body(self.body).expect("a well-formed request");
        let description = format!("{} {}", request.method(), request.uri());
        let method = request.method().clone();
        let response = self.edge.handle(request).await;
        let route = response.extensions().get::<RoutePath>().copied();
        let answer = Answer::read(description, response).await;
        if let Some(route) = route
            && !matches!(method, Method::GET | Method::HEAD | Method::OPTIONS)
        {
            self.app.app.notifier.flush().await;
            notifications::check(&self.app.captured, &method, route.0, &answer);
        }
        answer
    }
}
