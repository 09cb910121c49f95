//! `/v3/ec2tokens` and `/v3/s3tokens`

mod delegated;

use crate::harness::{Answer, Persona, TestApp};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use keystone::crypto::ec2_signature::SignedRequest;
use serde_json::{Map, Value, json};

/// A cloud with an object store, which has the role `service`, and a user with a key pair.
pub struct Cloud {
    pub app: TestApp,
    pub service: Persona,
    user: Persona,
    access: String,
    secret: String,
}

impl Cloud {
    pub async fn new() -> Self {
        Self::with_config("").await
    }

    async fn with_config(config: &str) -> Self {
        let app = TestApp::with_config(config).await;
        let service = app.persona("swift", "service").await;
        let user = app.persona("mia", "member").await;
        let path = format!("/v3/users/{}/credentials/OS-EC2", user.user_id);
        let body = json!({ "tenant_id": user.project_id });
        let made = app.post(&path, body).token(&user.token).send().await;
        let pair = made.expect(201).json()["credential"].clone();
        let text = |name: &str| pair[name].as_str().expect("a key").to_owned();
        Self {
            access: text("access"),
            secret: text("secret"),
            app,
            service,
            user,
        }
    }

    /// Makes another key pair, as an administrator: of somebody, for a project, with more in its blob.
    async fn make_pair(&mut self, admin: &str, owner: &str, project: &str, more: Value) {
        let number: u64 = uuid::Uuid::new_v4().as_u64_pair().0;
        (self.access, self.secret) = (format!("AK{number}"), format!("SK{number}"));
        let mut blob = json!({ "access": self.access, "secret": self.secret });
        let members = blob.as_object_mut().expect("an object");
        members.extend(more.as_object().cloned().unwrap_or_default());
        let body = json!({ "credential": {
            "type": "ec2", "blob": blob.to_string(), "user_id": owner, "project_id": project } });
        let post = self.app.post("/v3/credentials", body).token(admin);
        post.send().await.expect(201);
    }

    /// A request of version 2 with parameters besides the usual ones, which a null takes away.
    pub fn signed(&self, params: Value) -> Value {
        let mut all = json!({
            "SignatureVersion": "2", "Action": "Describe", "AWSAccessKeyId": self.access,
            "Timestamp": self.app.app.clock.now().whole_seconds(),
        });
        let all_members = all.as_object_mut().expect("an object");
        all_members.extend(params.as_object().cloned().unwrap_or_default());
        all_members.retain(|_, value| !value.is_null());
        let request = json!({ "verb": "GET", "host": "cloud", "path": "/", "params": all });
        self.sign(request)
    }

    fn sign(&self, mut request: Value) -> Value {
        let none = Map::new();
        let text = |name: &str| request[name].as_str();
        let signature = SignedRequest {
            params: request["params"].as_object().unwrap_or(&none),
            headers: request["headers"].as_object().unwrap_or(&none),
            verb: text("verb"),
            host: text("host"),
            path: text("path"),
            body_hash: text("body_hash"),
        }
        .signature(&self.secret.as_str().into())
        .expect("a request that can be signed");
        request["access"] = json!(self.access);
        request["signature"] = json!(signature);
        request
    }

    pub async fn ec2(&self, request: Value) -> Answer {
        let body = json!({ "credentials": request });
        let post = self.app.post("/v3/ec2tokens", body);
        post.token(&self.service.token).send().await
    }

    async fn s3(&self, string_to_sign: &str) -> Answer {
        let key = self.secret.as_bytes();
        let key = aws_lc_rs::hmac::Key::new(aws_lc_rs::hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, key);
        let signature = aws_lc_rs::hmac::sign(&key, string_to_sign.as_bytes());
        let body = json!({ "credentials": {
            "access": self.access,
            "signature": STANDARD.encode(signature),
            "token": STANDARD.encode(string_to_sign),
        } });
        let post = self.app.post("/v3/s3tokens", body);
        post.token(&self.service.token).send().await
    }
}

#[tokio::test]
async fn a_signed_request_becomes_a_token_of_its_signer() {
    let cloud = Cloud::new().await;
    let answer = cloud.ec2(cloud.signed(json!({}))).await.expect(200);
    let token = answer.header("x-subject-token").to_owned();
    let body = answer.json();
    assert_eq!(body["token"]["methods"], json!(["ec2credential"]));
    assert_eq!(body["token"]["user"]["id"], cloud.user.user_id);
    assert_eq!(body["token"]["project"]["id"], cloud.user.project_id);
    assert_eq!(body["token"]["expires_at"], "2026-01-01T01:00:00.000000Z");
    assert_eq!(body["token"]["catalog"][0]["type"], "identity");
    let validated = cloud
        .app
        .get("/v3/auth/tokens")
        .token(&cloud.service.token)
        .subject(&token)
        .send()
        .await;
    assert_eq!(validated.expect(200).json(), body);
}

#[tokio::test]
async fn every_check_gives_a_token_of_its_own() {
    let cloud = Cloud::new().await;
    let request = cloud.signed(json!({}));
    let first = cloud.ec2(request.clone()).await.expect(200);
    cloud.app.wait(1);
    let second = cloud.ec2(request).await.expect(200);
    assert_ne!(
        first.header("x-subject-token"),
        second.header("x-subject-token")
    );
    assert_ne!(
        first.json()["token"]["audit_ids"],
        second.json()["token"]["audit_ids"]
    );
    assert_eq!(
        second.json()["token"]["issued_at"],
        "2026-01-01T00:00:01.000000Z"
    );
}

#[tokio::test]
async fn the_token_is_for_services_to_look_at_and_opens_nothing_here() {
    let cloud = Cloud::new().await;
    let answer = cloud.ec2(cloud.signed(json!({}))).await.expect(200);
    let token = answer.header("x-subject-token");
    let own = format!("/v3/users/{}", cloud.user.user_id);
    for path in [
        "/v3/auth/projects",
        "/v3/auth/catalog",
        "/v3/credentials",
        &own,
    ] {
        cloud.app.get(path).token(token).send().await.error(403);
    }
    cloud
        .app
        .get("/v3/auth/tokens")
        .token(token)
        .subject(token)
        .send()
        .await
        .error(403);
    let rescope =
        json!({ "auth": { "identity": { "methods": ["token"], "token": { "id": token } } } });
    cloud
        .app
        .post("/v3/auth/tokens", rescope)
        .send()
        .await
        .error(403);
}

#[tokio::test]
async fn only_services_and_administrators_may_ask() {
    let cloud = Cloud::new().await;
    let admin = cloud.app.admin().await;
    let ec2 = json!({ "credentials": cloud.signed(json!({})) });
    for path in ["/v3/ec2tokens", "/v3/s3tokens"] {
        cloud.app.post(path, ec2.clone()).send().await.error(401);
        let by_user = cloud.app.post(path, ec2.clone()).token(&cloud.user.token);
        by_user.send().await.error(403);
        cloud.app.get(path).send().await.expect(405);
    }
    let by_admin = cloud.app.post("/v3/ec2tokens", ec2).token(&admin);
    by_admin.send().await.expect(200);
}

#[tokio::test]
async fn what_the_key_did_not_sign_is_refused() {
    let cloud = Cloud::new().await;
    let good = cloud.signed(json!({}));
    for (part, value) in [
        ("signature", json!("x")),
        ("signature", json!("")),
        ("verb", json!("POST")),
        ("host", json!("other")),
        ("path", json!("/x")),
        ("signature", Value::Null),
        ("verb", Value::Null),
        ("params", Value::Null),
        ("params", json!({ "SignatureVersion": "3" })),
    ] {
        let mut request = good.clone();
        request[part] = value;
        cloud.ec2(request).await.error(401);
    }
    let mut request = good.clone();
    request["params"]["Action"] = json!("Terminate");
    cloud.ec2(request).await.error(401);
    let mut request = good.clone();
    request["access"] = json!("unknown");
    cloud.ec2(request).await.error(404);
    for wrong in [json!({ "access": 5 }), json!({ "params": "x" })] {
        let mut request = good.clone();
        let members = request.as_object_mut().unwrap();
        members.extend(wrong.as_object().unwrap().clone());
        cloud.ec2(request).await.error(400);
    }
    for empty in [json!({ "x": 1 }), json!({ "credentials": {} })] {
        let post = cloud.app.post("/v3/ec2tokens", empty);
        post.token(&cloud.service.token).send().await.error(401);
    }
    let post = cloud.app.post("/v3/ec2tokens", json!({}));
    post.token(&cloud.service.token).send().await.error(400);
}

#[tokio::test]
async fn the_request_goes_by_three_names() {
    let cloud = Cloud::new().await;
    for name in ["credentials", "credential", "ec2Credentials"] {
        let body = json!({ name: cloud.signed(json!({})) });
        let post = cloud.app.post("/v3/ec2tokens", body);
        post.token(&cloud.service.token).send().await.expect(200);
    }
}

#[tokio::test]
async fn signatures_of_all_versions_are_checked() {
    let cloud = Cloud::new().await;
    for version in ["0", "1", "2"] {
        let request = cloud.signed(json!({ "SignatureVersion": version }));
        cloud.ec2(request).await.expect(200);
    }
    let headers = json!({
        "X-Amz-Date": "20260101T000000Z", "Host": "cloud",
        "Authorization": format!("AWS4-HMAC-SHA256 Credential={}/20260101/r/ec2/aws4_request, \
             SignedHeaders=host;x-amz-date, Signature=x", cloud.access),
    });
    let request = json!({ "verb": "POST", "host": "cloud", "path": "/", "params": {},
        "headers": headers, "body_hash": "00" });
    let signed = cloud.sign(request);
    cloud.ec2(signed.clone()).await.expect(200);
    // What a version 4 signature of a POST does not cover can't make it younger.
    cloud.app.wait(3600 - 1);
    let mut refreshed = signed;
    refreshed["params"] = json!({ "Timestamp": cloud.app.app.clock.now() });
    let service = cloud
        .app
        .login(
            "swift",
            crate::harness::ADMIN_PASSWORD,
            json!({
        "project": { "id": cloud.service.project_id } }),
        )
        .await;
    let post = cloud
        .app
        .post("/v3/ec2tokens", json!({ "credentials": refreshed }));
    post.token(&service).send().await.error(401);
}

#[tokio::test]
async fn a_signed_request_is_good_for_a_time_only() {
    let cloud = Cloud::with_config("[credential]\nauth_ttl = 5").await;
    let now = cloud.app.app.clock.now();
    for (age, status) in [(301, 401), (300, 200), (0, 200), (-300, 200), (-301, 401)] {
        let timestamp = now.plus_seconds(-age).whole_seconds();
        let request = cloud.signed(json!({ "Timestamp": timestamp }));
        assert_eq!(cloud.ec2(request).await.status, status, "{age}");
    }
    let request = cloud.signed(json!({ "Timestamp": "yesterday" }));
    cloud.ec2(request).await.error(401);
    // Whoever signs no time wants none; Heat's signals are such requests.
    let request = cloud.signed(json!({ "Timestamp": null }));
    cloud.ec2(request).await.expect(200);
    let replayed = cloud.signed(json!({}));
    cloud.ec2(replayed.clone()).await.expect(200);
    cloud.app.wait(301);
    cloud.ec2(replayed).await.error(401);
}

#[tokio::test]
async fn s3_requests_are_checked_and_their_token_is_kept_back() {
    let cloud = Cloud::new().await;
    let get = |date: &str| format!("GET\n\n\n{date}\n/bucket");
    let answer = cloud.s3(&get("Thu, 01 Jan 2026 00:00:00 GMT")).await;
    let answer = answer.expect(200);
    assert!(answer.headers.get("x-subject-token").is_none());
    assert_eq!(
        answer.json()["token"]["user"]["id"],
        cloud.user.user_id.as_str()
    );
    let dated = |date: &str| format!("GET\n\n\n\nx-amz-date:{date}\n/bucket");
    for (text, status) in [
        (get("Wed, 31 Dec 2025 23:44:59 GMT"), 401),
        (get("Thu, 01 Jan 2026 00:15:01 GMT"), 401),
        (get("Wed, 31 Dec 2025 23:45:00 +0000"), 200),
        (dated("Wed, 31 Dec 2025 23:44:59 GMT"), 401),
        (dated("Thu, 01 Jan 2026 00:00:00 GMT"), 200),
        (get("1767225600"), 200),
        (get("1767225599"), 401),
        (get(""), 200),
        ("anything".to_owned(), 200),
    ] {
        assert_eq!(cloud.s3(&text).await.status, status, "{text:?}");
    }
    for wrong in [
        json!({ "access": cloud.access, "signature": "bad", "token": "R0VU" }),
        json!({ "access": cloud.access, "signature": "bad", "token": "###" }),
        json!({ "access": cloud.access, "signature": "bad", "token": "QVdTNA==" }),
        json!({ "access": cloud.access, "signature": "bad" }),
        json!({ "access": cloud.access, "token": "R0VU" }),
    ] {
        let body = json!({ "credentials": wrong });
        let post = cloud.app.post("/v3/s3tokens", body);
        post.token(&cloud.service.token).send().await.error(401);
    }
}

#[tokio::test]
async fn a_key_pair_ends_with_its_credential_user_project_and_role() {
    let cloud = Cloud::new().await;
    let admin = cloud.app.admin().await;
    let request = cloud.signed(json!({}));
    cloud.ec2(request.clone()).await.expect(200);
    let user = format!("/v3/users/{}", cloud.user.user_id);
    let project = format!("/v3/projects/{}", cloud.user.project_id);
    let set = async |path: &str, kind: &str, enabled: bool| {
        let body = json!({ kind: { "enabled": enabled } });
        cloud
            .app
            .patch(path, body)
            .token(&admin)
            .send()
            .await
            .expect(200);
    };
    set(&user, "user", false).await;
    cloud.ec2(request.clone()).await.error(401);
    set(&user, "user", true).await;
    set(&project, "project", false).await;
    cloud.ec2(request.clone()).await.error(401);
    set(&project, "project", true).await;
    cloud.app.wait(1);
    cloud.ec2(request.clone()).await.expect(200);
    let role = cloud.app.seed.role("member");
    let grant = format!("{project}/users/{}/roles/{role}", cloud.user.user_id);
    let revoke = cloud.app.delete(&grant).token(&admin);
    revoke.send().await.expect(204);
    cloud.ec2(request.clone()).await.error(401);
    let grant = cloud.app.put(&grant).token(&admin);
    grant.send().await.expect(204);
    cloud.ec2(request.clone()).await.expect(200);
    let pair = format!("{user}/credentials/OS-EC2/{}", cloud.access);
    let delete = cloud.app.delete(&pair).token(&admin);
    delete.send().await.expect(204);
    cloud.ec2(request).await.error(404);
}

#[tokio::test]
async fn a_changed_secret_counts_at_once() {
    let cloud = Cloud::new().await;
    let admin = cloud.app.admin().await;
    let request = cloud.signed(json!({}));
    cloud.ec2(request.clone()).await.expect(200);
    let list = cloud.app.get("/v3/credentials?type=ec2").token(&admin);
    let list = list.send().await.expect(200).json();
    let id = list["credentials"][0]["id"].as_str().unwrap();
    let blob = json!({ "access": cloud.access, "secret": "another" }).to_string();
    let change = json!({ "credential": { "blob": blob } });
    let patch = cloud.app.patch(&format!("/v3/credentials/{id}"), change);
    patch.token(&admin).send().await.expect(200);
    cloud.ec2(request).await.error(401);
}

#[tokio::test]
async fn without_its_method_no_signed_request_is_accepted() {
    let cloud = Cloud::with_config("[auth]\nmethods = password,token").await;
    let answer = cloud.ec2(cloud.signed(json!({}))).await;
    answer.error(503);
}

#[tokio::test]
async fn a_warm_check_reads_no_credential() {
    let cloud = Cloud::new().await;
    cloud.ec2(cloud.signed(json!({}))).await.expect(200);
    let before = cloud.app.app.db.statements();
    cloud.ec2(cloud.signed(json!({}))).await.expect(200);
    let spent = cloud.app.app.db.statements() - before;
    assert_eq!(spent, 0, "statements of a warm check");
}
