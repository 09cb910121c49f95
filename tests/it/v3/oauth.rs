//! `/v3/OS-OAUTH1/…` and `/v3/OS-OAUTH2/token`.

use crate::harness::delegation::{grant, project, role_names, scene};
use crate::harness::oauth1::{
    ACCESS, REQUEST, Signer, TOKENS, ask, consumer, fetch, field, log_in,
};
use crate::harness::{Answer, Scene, TestApp};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use keystone::driver::sql::db::sql;
use serde_json::{Value, json};

/// A request token of the consumer.
async fn requested(scene: &Scene, signer: &mut Signer) -> String {
    let header = signer.header(REQUEST);
    let answer = ask(scene, &header).await.expect(201);
    assert_eq!(
        answer.header("content-type"),
        "application/x-www-form-urlencoded"
    );
    assert_eq!(
        field(&answer, "oauth_expires_at"),
        "2026-01-01T08:00:00.000000Z"
    );
    let token = field(&answer, "oauth_token");
    signer.token = Some((token.clone(), field(&answer, "oauth_token_secret")));
    token
}

/// Lets the consumer have the role `member` of the admin user `uma`.
async fn authorized(scene: &Scene, token: &str, request: &str) -> Answer {
    let body = json!({ "roles": [{ "id": scene.role("member") }] });
    let path = format!("/v3/OS-OAUTH1/authorize/{request}");
    scene.app.put(&path).token(token).json(body).send().await
}

/// A consumer with an access token of `uma`, who is an admin of `top`.
async fn trusted_consumer(scene: &Scene) -> (Signer, String) {
    grant(scene, "uma", "top", "admin").await;
    let uma = scene.login("uma", project("top")).await;
    let mut signer = consumer(scene).await;
    let request = requested(scene, &mut signer).await;
    let answer = authorized(scene, &uma, &request).await.expect(200).json();
    let verifier = answer["token"]["oauth_verifier"]
        .as_str()
        .expect("a verifier");
    assert_eq!(verifier.len(), 8);
    signer.verifier = Some(verifier.to_owned());
    let header = signer.header(ACCESS);
    let answer = fetch(scene, &header).await.expect(201);
    assert_eq!(
        field(&answer, "oauth_expires_at"),
        "2026-01-02T00:00:00.000000Z"
    );
    // The request token is used up.
    let header = signer.header(ACCESS);
    fetch(scene, &header).await.error(404);
    let token = field(&answer, "oauth_token");
    signer.token = Some((token.clone(), field(&answer, "oauth_token_secret")));
    signer.verifier = None;
    (signer, token)
}

#[tokio::test]
async fn a_consumer_logs_in_with_what_a_user_let_it_have() {
    let scene = scene().await;
    let (mut signer, access) = trusted_consumer(&scene).await;
    let header = signer.header(TOKENS);
    let answer = log_in(&scene.app, &header).await.expect(201);
    let body = answer.json();
    let token = &body["token"];
    assert_eq!(token["methods"], json!(["oauth1"]));
    assert_eq!(token["user"]["id"], "uma");
    assert_eq!(token["project"]["id"], "top");
    assert_eq!(role_names(&body), ["member", "reader"]);
    assert_eq!(
        token["OS-OAUTH1"],
        json!({ "access_token_id": access, "consumer_id": signer.key })
    );
    let text = answer.header("x-subject-token").to_owned();
    assert_eq!(scene.validate(&text).await.expect(200).json(), body);
    // A request that was seen is not good again, whoever sends it.
    log_in(&scene.app, &header).await.error(401);
    scene.validate(&text).await.expect(200);
}

#[tokio::test]
async fn a_signed_request_is_good_once_whichever_node_gets_it() {
    let scene = scene().await;
    let (mut signer, _) = trusted_consumer(&scene).await;
    let elsewhere = scene.app.sibling("").await;
    let header = signer.header(TOKENS);
    log_in(&scene.app, &header).await.expect(201);
    log_in(&elsewhere, &header).await.error(401);
    // One that another node refused for its signature was not a request at all.
    let header = signer.header(TOKENS);
    let forged = header.replace("oauth_signature=\"", "oauth_signature=\"x");
    log_in(&elsewhere, &forged).await.error(401);
    log_in(&elsewhere, &header).await.expect(201);
    log_in(&scene.app, &header).await.error(401);

    signer.token = None;
    let header = signer.header(REQUEST);
    ask(&scene, &header).await.expect(201);
    ask(&scene, &header).await.error(401);
}

#[tokio::test]
async fn requests_are_remembered_until_no_clock_finds_them_new() {
    let scene = scene().await;
    let (mut signer, _) = trusted_consumer(&scene).await;
    signer.seconds += 600;
    let header = signer.header(TOKENS);
    log_in(&scene.app, &header).await.expect(201);
    let app = &scene.app;
    // It was signed ten minutes ahead, and is good for ten minutes more.
    app.wait(1200);
    app.app.oauth1().prune_requests().await.unwrap();
    log_in(app, &header).await.error(401);
    assert_eq!(remembered(app).await, 1);
    app.wait(600);
    app.app.oauth1().prune_requests().await.unwrap();
    assert_eq!(remembered(app).await, 0);
    log_in(app, &header).await.error(401);
}

async fn remembered(app: &TestApp) -> i64 {
    let mut session = app.app.db.session().await.unwrap();
    let query = sql("SELECT COUNT(*) AS requests FROM keystone_native_nonce");
    session
        .fetch_one(query)
        .await
        .unwrap()
        .int("requests")
        .unwrap()
}

#[tokio::test]
async fn no_token_outlives_the_access_token_that_it_was_made_with() {
    let scene = scene().await;
    let (mut signer, _) = trusted_consumer(&scene).await;
    scene.app.wait(86_400 - 60);
    signer.seconds += 86_400 - 60;
    let header = signer.header(TOKENS);
    let answer = log_in(&scene.app, &header).await.expect(201);
    assert_eq!(
        answer.json()["token"]["expires_at"],
        "2026-01-02T00:00:00.000000Z"
    );
    scene.app.wait(61);
    signer.seconds += 61;
    let header = signer.header(TOKENS);
    log_in(&scene.app, &header).await.error(401);
}

#[tokio::test]
async fn only_who_signs_just_now_with_the_right_secrets_gets_in() {
    let scene = scene().await;
    let (signer, access) = trusted_consumer(&scene).await;
    let other = consumer(&scene).await;
    let forged = |change: &dyn Fn(&mut Signer)| {
        let mut signer = signer.clone();
        change(&mut signer);
        signer.header(TOKENS)
    };
    for (status, header) in [
        (401, forged(&|signer| signer.secret.push('x'))),
        (
            401,
            forged(&|signer| signer.token = Some((access.clone(), "x".to_owned()))),
        ),
        (401, forged(&|signer| signer.seconds += 601)),
        (401, forged(&|signer| signer.seconds -= 601)),
        (
            401,
            forged(&|signer| {
                (signer.key, signer.secret) = (other.key.clone(), other.secret.clone())
            }),
        ),
        (
            401,
            forged(&|signer| signer.key = "0123456789abcdef0123456789abcdef".to_owned()),
        ),
        (
            404,
            forged(&|signer| signer.token = Some(("missing".to_owned(), "x".to_owned()))),
        ),
        (400, forged(&|signer| signer.token = None)),
        (401, signer.clone().header(ACCESS)),
        (400, "OAuth x=\"y\"".to_owned()),
        (400, "Basic eDp5".to_owned()),
    ] {
        let answer = log_in(&scene.app, &header).await;
        assert_eq!(answer.status, status, "{header}: {}", answer.body);
    }
    let body = json!({ "auth": { "identity": { "methods": ["oauth1"], "oauth1": {} } } });
    scene.app.post(TOKENS, body).send().await.error(400);
    scene
        .app
        .request(axum::http::Method::POST, REQUEST)
        .send()
        .await
        .error(400);
    scene
        .app
        .request(axum::http::Method::POST, ACCESS)
        .send()
        .await
        .error(400);
}

#[tokio::test]
async fn a_request_token_is_authorized_by_who_has_the_roles() {
    let scene = scene().await;
    let mut signer = consumer(&scene).await;
    let request = requested(&scene, &mut signer).await;
    // Nobody agreed yet.
    signer.verifier = Some("AAAAAAAA".to_owned());
    let header = signer.header(ACCESS);
    fetch(&scene, &header).await.error(401);
    let uma = scene.login("uma", project("top")).await;
    authorized(&scene, &uma, &request).await.error(403);
    // The seeded admin has no role on `top`.
    authorized(&scene, &scene.admin, &request).await.error(401);
    authorized(&scene, &scene.admin, "missing").await.error(404);
    grant(&scene, "uma", "top", "admin").await;
    authorized(&scene, &uma, &request).await.expect(200);
    let header = signer.header(ACCESS);
    fetch(&scene, &header).await.error(401);
    scene.app.wait(28_801);
    let uma = scene.login("uma", project("top")).await;
    authorized(&scene, &uma, &request).await.error(401);
}

#[tokio::test]
async fn access_tokens_are_seen_and_withdrawn_by_admins() {
    let scene = scene().await;
    let (mut signer, access) = trusted_consumer(&scene).await;
    let header = signer.header(TOKENS);
    let text = log_in(&scene.app, &header).await.expect(201);
    let text = text.header("x-subject-token").to_owned();
    let list = "/v3/users/uma/OS-OAUTH1/access_tokens";
    let path = format!("{list}/{access}");
    let itself = format!("http://keystone.test{path}");
    let view = json!({
        "id": access, "authorizing_user_id": "uma", "project_id": "top",
        "consumer_id": signer.key, "expires_at": "2026-01-02T00:00:00.000000Z",
        "links": { "roles": format!("{itself}/roles"), "self": itself },
    });
    assert_eq!(
        scene.get(list).await.expect(200).json()["access_tokens"],
        json!([view])
    );
    assert_eq!(
        scene.get(&path).await.expect(200).json()["access_token"],
        view
    );
    scene
        .get(&format!("/v3/users/vic/OS-OAUTH1/access_tokens/{access}"))
        .await
        .error(404);
    let roles = scene.get(&format!("{path}/roles")).await.expect(200).json();
    assert_eq!(roles["roles"][0]["name"], "member");
    let role = format!("{path}/roles/{}", scene.role("member"));
    assert_eq!(
        scene.get(&role).await.expect(200).json()["role"]["name"],
        "member"
    );
    scene
        .get(&format!("{path}/roles/{}", scene.role("admin")))
        .await
        .error(404);
    let zoe = scene.login("zoe", json!("unscoped")).await;
    for path in [list, &path, &format!("{path}/roles"), &role] {
        scene.get_as(&zoe, path).await.error(403);
    }
    scene.delete_as(&zoe, &path).await.error(403);
    scene
        .delete(&format!("/v3/users/vic/OS-OAUTH1/access_tokens/{access}"))
        .await
        .error(404);
    scene.delete(&path).await.expect(204);
    scene.validate(&text).await.error(404);
    scene.delete(&path).await.error(404);
}

#[tokio::test]
async fn consumers_are_made_seen_changed_and_deleted() {
    let scene = scene().await;
    let list = "/v3/OS-OAUTH1/consumers";
    let body = json!({ "consumer": { "description": "backups", "a-b": 1 } });
    let made = scene.post(list, body).await.expect(201).json();
    let id = made["consumer"]["id"].as_str().unwrap();
    let path = format!("{list}/{id}");
    let mut view = made["consumer"].clone();
    let secret = view
        .as_object_mut()
        .unwrap()
        .shift_remove("secret")
        .unwrap();
    assert_eq!(secret.as_str().unwrap().len(), 32);
    assert_eq!(
        view,
        json!({
            "id": id, "description": "backups", "a_b": 1,
            "links": { "self": format!("http://keystone.test{path}") },
        })
    );
    assert_eq!(scene.get(&path).await.expect(200).json()["consumer"], view);
    assert_eq!(
        scene.get(list).await.expect(200).json()["consumers"],
        json!([view])
    );
    let change = |member: Value| json!({ "consumer": member });
    let changed = scene
        .patch(&path, change(json!({ "description": null })))
        .await
        .expect(200);
    assert_eq!(changed.json()["consumer"]["description"], Value::Null);
    scene
        .patch(&path, change(json!({ "secret": "mine" })))
        .await
        .error(400);
    scene.patch(&path, change(json!({}))).await.error(400);
    scene
        .patch(&path, change(json!({ "id": "other", "description": "x" })))
        .await
        .error(400);
    let zoe = scene.login("zoe", json!("unscoped")).await;
    scene.get_as(&zoe, list).await.error(403);
    scene.get_as(&zoe, &path).await.error(403);
    scene.delete_as(&zoe, &path).await.error(403);
    scene.delete(&path).await.expect(204);
    scene.get(&path).await.error(404);
    scene.delete(&path).await.error(404);
}

#[tokio::test]
async fn a_consumers_end_is_the_end_of_its_tokens() {
    let scene = scene().await;
    let (mut signer, _) = trusted_consumer(&scene).await;
    let header = signer.header(TOKENS);
    let text = log_in(&scene.app, &header).await.expect(201);
    let text = text.header("x-subject-token").to_owned();
    scene
        .delete(&format!("/v3/OS-OAUTH1/consumers/{}", signer.key))
        .await
        .expect(204);
    scene.validate(&text).await.error(404);
    let header = signer.header(TOKENS);
    log_in(&scene.app, &header).await.error(404);
}

mod oauth2 {
    use super::*;

    const PATH: &str = "/v3/OS-OAUTH2/token";
    const FORM: &str = "application/x-www-form-urlencoded";

    async fn post(scene: &Scene, form: String, basic: Option<String>) -> Answer {
        let mut request = scene.app.request(axum::http::Method::POST, PATH);
        request = request.header("content-type", FORM).bytes(form);
        if let Some(basic) = basic {
            request = request.header(
                "authorization",
                &format!("Basic {}", STANDARD.encode(basic)),
            );
        }
        request.send().await
    }

    #[tokio::test]
    async fn an_application_credential_is_a_client() {
        let scene = scene().await;
        let uma = scene.login("uma", project("top")).await;
        let members = json!({ "secret": "s&c=r et", "expires_at": "2026-01-01T00:10:00Z" });
        let (id, _) = scene.new_credential(&uma, "uma", members).await;
        let basic = format!("{id}:s&c=r et");
        let with_basic = post(
            &scene,
            "grant_type=client_credentials".to_owned(),
            Some(basic),
        )
        .await;
        let form =
            format!("grant_type=client_credentials&client_id={id}&client_secret=s%26c%3Dr+et");
        for answer in [with_basic, post(&scene, form, None).await] {
            let answer = answer.expect(200);
            assert_eq!(answer.header("cache-control"), "no-store");
            let body = answer.json();
            assert_eq!(body["token_type"], "Bearer");
            assert_eq!(body["expires_in"], 600);
            let text = body["access_token"].as_str().unwrap();
            let token = scene.validate(text).await.expect(200).json();
            assert_eq!(token["token"]["application_credential"]["id"], id.as_str());
        }
    }

    #[tokio::test]
    async fn failures_have_the_standards_form() {
        let scene = scene().await;
        let uma = scene.login("uma", project("top")).await;
        let (id, _) = scene.new_credential(&uma, "uma", json!({})).await;
        let missing = "0123456789abcdef0123456789abcdef";
        for (status, error, form) in [
            (400, "invalid_request", String::new()),
            (
                400,
                "unsupported_grant_type",
                "grant_type=password".to_owned(),
            ),
            (
                401,
                "invalid_client",
                "grant_type=client_credentials".to_owned(),
            ),
            (
                401,
                "invalid_client",
                format!("grant_type=client_credentials&client_id={id}"),
            ),
            (
                401,
                "invalid_client",
                format!("grant_type=client_credentials&client_id={id}&client_secret=x"),
            ),
            (
                404,
                "other_error",
                format!("grant_type=client_credentials&client_id={missing}&client_secret=x"),
            ),
        ] {
            let answer = post(&scene, form.clone(), None).await;
            assert_eq!(answer.status, status, "{form}");
            assert_eq!(answer.json()["error"], error, "{form}");
            assert!(answer.json()["error_description"].is_string());
            if status == 401 {
                assert!(answer.header("www-authenticate").starts_with("Keystone"));
            }
        }
        let json = json!({ "grant_type": "client_credentials" });
        assert_eq!(scene.app.post(PATH, json).send().await.status, 400);
    }

    #[tokio::test]
    async fn operators_can_take_the_basic_secret_off_the_list() {
        let config = "[oauth2]\noauth2_authn_methods = tls_client_auth\n";
        let scene = Scene::with_config(config).await;
        grant(&scene, "uma", "top", "member").await;
        let uma = scene.login("uma", project("top")).await;
        let (id, secret) = scene.new_credential(&uma, "uma", json!({})).await;
        let basic = Some(format!("{id}:{secret}"));
        let form = "grant_type=client_credentials".to_owned();
        assert_eq!(post(&scene, form, basic).await.status, 401);
    }
}
