//! OAuth1 as a consumer does it: signed requests.

use super::{Answer, Scene, TestApp};
use aws_lc_rs::hmac;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Value, json};

const ESCAPED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

fn escaped(text: &str) -> String {
    utf8_percent_encode(text, ESCAPED).to_string()
}

/// What a client signs with, and what it says.
#[derive(Clone)]
pub struct Signer {
    pub key: String,
    pub secret: String,
    pub token: Option<(String, String)>,
    pub verifier: Option<String>,
    pub nonce: u32,
    pub seconds: i64,
}

impl Signer {
    /// The `Authorization` header of a POST, signed with HMAC-SHA1.
    pub fn header(&mut self, path: &str) -> String {
        self.nonce += 1;
        let mut fields = vec![
            ("oauth_consumer_key", self.key.clone()),
            ("oauth_nonce", format!("{:x}", self.nonce)),
            ("oauth_signature_method", "HMAC-SHA1".to_owned()),
            ("oauth_timestamp", self.seconds.to_string()),
            ("oauth_version", "1.0".to_owned()),
        ];
        let mut token_secret = "";
        if let Some((token, secret)) = &self.token {
            fields.push(("oauth_token", token.clone()));
            token_secret = secret;
        }
        if let Some(verifier) = &self.verifier {
            fields.push(("oauth_verifier", verifier.clone()));
        }
        fields.sort();
        let normal: Vec<_> = fields
            .iter()
            .map(|(name, value)| format!("{name}={}", escaped(value)))
            .collect();
        let url = format!("http://keystone.test{path}");
        let base = format!("POST&{}&{}", escaped(&url), escaped(&normal.join("&")));
        let key = format!("{}&{}", escaped(&self.secret), escaped(token_secret));
        let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, key.as_bytes());
        let signature = STANDARD.encode(hmac::sign(&key, base.as_bytes()));
        fields.push(("oauth_signature", signature));
        let fields: Vec<_> = fields
            .iter()
            .map(|(name, value)| format!("{name}=\"{}\"", escaped(value)))
            .collect();
        format!("OAuth {}", fields.join(", "))
    }
}

/// A field of a form that was answered.
pub fn field(answer: &Answer, name: &str) -> String {
    let start = format!("{name}=");
    let found = answer
        .body
        .split('&')
        .find_map(|field| field.strip_prefix(&start));
    found
        .unwrap_or_else(|| panic!("no {name} in {}", answer.body))
        .to_owned()
}

pub const REQUEST: &str = "/v3/OS-OAUTH1/request_token";
pub const ACCESS: &str = "/v3/OS-OAUTH1/access_token";
pub const TOKENS: &str = "/v3/auth/tokens";

/// A new consumer.
pub async fn consumer(scene: &Scene) -> Signer {
    let body = json!({ "consumer": { "description": "backups" } });
    let made = scene
        .post("/v3/OS-OAUTH1/consumers", body)
        .await
        .expect(201)
        .json();
    let text = |name: &str| made["consumer"][name].as_str().expect(name).to_owned();
    Signer {
        key: text("id"),
        secret: text("secret"),
        token: None,
        verifier: None,
        nonce: 0,
        seconds: scene.app.app.clock.now().seconds(),
    }
}

/// Asks for a request token for `top`.
pub async fn ask(scene: &Scene, header: &str) -> Answer {
    let request = scene.app.request(axum::http::Method::POST, REQUEST);
    request
        .header("authorization", header)
        .header("requested-project-id", "top")
        .send()
        .await
}

/// Asks for an access token.
pub async fn fetch(scene: &Scene, header: &str) -> Answer {
    let request = scene.app.request(axum::http::Method::POST, ACCESS);
    request.header("authorization", header).send().await
}

/// Logs in with an access token.
pub async fn log_in(app: &TestApp, header: &str) -> Answer {
    let body = json!({ "auth": { "identity": { "methods": ["oauth1"], "oauth1": {} } } });
    app.post(TOKENS, body)
        .header("authorization", header)
        .send()
        .await
}

impl Signer {
    /// Lets the consumer have roles of the user whose token this is, on `top`. Answers the authorization;
    /// when it succeeded, the consumer has fetched its access token, and what that answered comes too.
    pub async fn gain(
        &mut self,
        scene: &Scene,
        token: &str,
        roles: Value,
    ) -> (Answer, Option<Answer>) {
        let path = self.wish(scene).await;
        let put = scene.app.put(&path).token(token);
        let authorized = put.json(json!({ "roles": roles })).send().await;
        if authorized.status != 200 {
            return (authorized, None);
        }
        let verifier = &authorized.json()["token"]["oauth_verifier"];
        self.verifier = verifier.as_str().map(str::to_owned);
        let header = self.header(ACCESS);
        let fetched = fetch(scene, &header).await.expect(201);
        self.hold(&fetched);
        self.verifier = None;
        (authorized, Some(fetched))
    }

    /// Fetches a request token. Returns the path where a user authorizes it.
    pub async fn wish(&mut self, scene: &Scene) -> String {
        (self.token, self.verifier) = (None, None);
        let header = self.header(REQUEST);
        let requested = ask(scene, &header).await.expect(201);
        self.hold(&requested);
        let id = field(&requested, "oauth_token");
        format!("/v3/OS-OAUTH1/authorize/{id}")
    }

    fn hold(&mut self, answer: &Answer) {
        let secret = field(answer, "oauth_token_secret");
        self.token = Some((field(answer, "oauth_token"), secret));
    }
}
