//! `/v2.0/certificates` and `/v2.0/tokens/revoked`

use super::{access, call, password, token_of};
use crate::harness::{TestApp, signing};
use serde_json::{Value, json};

#[tokio::test]
async fn certificates_are_there_for_everybody() {
    let app = TestApp::with_config(&signing::config("pki")).await;
    for (name, file) in [
        ("ca", include_str!("../../golden/pki/ca.pem")),
        ("signing", include_str!("../../golden/pki/signing_cert.pem")),
    ] {
        let path = format!("/v2.0/certificates/{name}");
        for answer in [
            app.get(&path).send().await,
            app.get(&path).public().send().await,
        ] {
            let answer = answer.expect(200);
            assert_eq!(answer.header("content-type"), "text/html; charset=UTF-8");
            assert_eq!(answer.body, file);
        }
    }
    let app = TestApp::new().await;
    app.get("/v2.0/certificates/ca").send().await.error(410);
    app.get("/v2.0/certificates/signing")
        .send()
        .await
        .error(410);
}

#[tokio::test]
async fn a_revoked_pki_token_is_refused_and_stands_in_the_signed_list() {
    let app = TestApp::with_config(&signing::config("pki")).await;
    let admin = app.admin().await;
    let mia = app.persona("mia", "member").await;
    let issued = access(&app, password("mia", Some("mia-project"))).await;
    let token = token_of(&issued);
    assert!(token.starts_with("MII"), "{token}");
    let short = signing::digest("md5", &token);
    for text in [&token, &short] {
        let path = format!("/v2.0/tokens/{text}");
        let seen = app.get(&path).token(&admin).send().await.expect(200).json();
        // The answer has the id that was asked for.
        assert_eq!(seen["access"]["token"]["id"], **text);
        assert_eq!(seen["access"]["token"]["tenant"]["id"], mia.project_id);
        let own = app.get("/v2.0/tenants").public().token(text);
        own.send().await.expect(200);
    }
    let list = async || {
        let answer = app
            .get("/v2.0/tokens/revoked")
            .public()
            .token(&admin)
            .send()
            .await;
        let signed = answer.expect(200).json()["signed"].take();
        let pem = super::text(&signed);
        assert!(pem.starts_with("-----BEGIN CMS-----\n"), "{pem}");
        let list: Value = serde_json::from_str(&signing::verify(&pem)).expect("JSON");
        list["revoked"].as_array().expect("a list").clone()
    };
    assert!(list().await.is_empty());
    let path = format!("/v2.0/tokens/{token}");
    app.delete(&path)
        .public()
        .token(&admin)
        .send()
        .await
        .expect(204);
    for text in [&token, &short] {
        let path = format!("/v2.0/tokens/{text}");
        app.get(&path).token(&admin).send().await.error(404);
        let own = app.get("/v2.0/tenants").public().token(text);
        own.send().await.error(401);
    }
    assert_eq!(
        list().await,
        [json!({
            "id": short, "expires": issued["token"]["expires"],
            "audit_id": issued["token"]["audit_ids"][0],
        })]
    );
}

#[tokio::test]
async fn every_format_works_in_v2() {
    for format in ["fernet", "jws", "uuid", "pki", "pkiz"] {
        let app = TestApp::with_config(&signing::config(format)).await;
        app.persona("mia", "member").await;
        let issued = access(&app, password("mia", Some("mia-project"))).await;
        let path = format!("/v2.0/tokens/{}", token_of(&issued));
        // From the cache, and from the text alone.
        for _ in 0..2 {
            let seen = call(&app, "GET", &path, Value::Null)
                .await
                .expect(200)
                .json();
            assert_eq!(seen["access"], issued, "{format}");
            app.app.tokens.clear();
        }
        let body = json!({ "auth": { "token": { "id": token_of(&issued) } } });
        let unscoped = access(&app, body).await;
        assert_eq!(
            unscoped["token"]["expires"], issued["token"]["expires"],
            "{format}"
        );
        call(&app, "DELETE", &path, Value::Null).await.expect(204);
        call(&app, "GET", &path, Value::Null).await.error(404);
    }
}

#[tokio::test]
async fn the_list_is_for_services_and_administrators() {
    let app = TestApp::with_config(&signing::config("uuid")).await;
    let service = app.persona("nova", "service").await.token;
    let member = app.persona("mia", "member").await.token;
    let path = "/v2.0/tokens/revoked";
    app.get(path).token(&service).send().await.expect(200);
    app.get(path).token(&member).send().await.error(403);
    app.get(path).send().await.error(401);
    let app = TestApp::with_config("[token]\nrevoke_by_id = false\n").await;
    let admin = app.admin().await;
    app.get(path).token(&admin).send().await.error(410);
}
