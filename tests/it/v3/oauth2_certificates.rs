//! `/v3/OS-OAUTH2/token` for clients with certificates.

use crate::harness::delegation::{grant, project, role_names};
use crate::harness::{ACME, Answer, Scene};
use aws_lc_rs::digest::{SHA256, digest};
use axum::http::Method;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use rcgen::{CertificateParams, DistinguishedName, DnType, Issuer, KeyPair, date_time_ymd};
use serde_json::{Value, json};

const PATH: &str = "/v3/OS-OAUTH2/token";
const PROXY: &str = "10.0.0.1";

/// A certificate of somebody, PEM, that ends with a day of January 2026.
fn certificate(name: &str, organization: &str, last_day: u8) -> String {
    let named = |common_name: &str| {
        let mut dn = DistinguishedName::new();
        dn.push(DnType::OrganizationName, organization);
        dn.push(DnType::CommonName, common_name);
        let mut params = CertificateParams::default();
        params.distinguished_name = dn;
        params.not_before = date_time_ymd(2025, 1, 1);
        params.not_after = date_time_ymd(2026, 1, last_day);
        params
    };
    let authority = KeyPair::generate().expect("a key");
    let issuer = Issuer::new(named("ca"), authority);
    let key = KeyPair::generate().expect("a key");
    let certificate = named(name).signed_by(&key, &issuer).expect("a certificate");
    // rcgen ends lines as Windows does; web servers don't.
    certificate.pem().replace("\r\n", "\n")
}

fn escaped(text: &str) -> String {
    utf8_percent_encode(text, NON_ALPHANUMERIC).to_string()
}

/// `uma` is a member of her default project `top`; certificates of `acme` stand for whom they name.
async fn scene() -> Scene {
    with_mapping("", json!({ "name": "{0}", "domain": { "name": "{1}" } })).await
}

async fn with_mapping(more: &str, user: Value) -> Scene {
    let config = format!("[server]\ntrusted_proxies = {PROXY}\n{more}");
    let scene = Scene::with_config(&config).await;
    grant(&scene, "uma", "top", "member").await;
    let home = json!({ "user": { "default_project_id": "top", "email": "uma@example.org" } });
    scene.patch("/v3/users/uma", home).await.expect(200);
    let rules = json!([{
        "local": [{ "user": user }],
        "remote": [
            { "type": "SSL_CLIENT_SUBJECT_DN_CN" },
            { "type": "SSL_CLIENT_SUBJECT_DN_O" },
            { "type": "SSL_CLIENT_ISSUER_DN_CN", "any_one_of": ["ca"] },
        ],
    }]);
    let body = json!({ "mapping": { "rules": rules } });
    let put = scene
        .app
        .put("/v3/OS-FEDERATION/mappings/oauth2_mapping")
        .token(&scene.admin);
    put.json(body).send().await.expect(201);
    scene
}

async fn post(scene: &Scene, form: &str, peer: &str, certificate: &str) -> Answer {
    let request = scene.app.request(Method::POST, PATH).peer(peer);
    let request = request.header("content-type", "application/x-www-form-urlencoded");
    let request = request.header("x-ssl-client-cert", certificate);
    request.bytes(form.to_owned()).send().await
}

async fn ask(scene: &Scene, user: &str, certificate: &str) -> Answer {
    let form = format!("grant_type=client_credentials&client_id={user}");
    post(scene, &form, PROXY, &escaped(certificate)).await
}

#[track_caller]
fn refused(answer: &Answer) {
    assert_eq!(answer.status, 401, "{}", answer.body);
    assert_eq!(answer.json()["error"], "invalid_client");
    assert!(answer.json().get("access_token").is_none());
}

#[tokio::test]
async fn a_certificate_gets_a_token_that_is_bound_to_it() {
    let scene = scene().await;
    let pem = certificate("uma", "acme", 20);
    let answer = ask(&scene, "uma", &pem).await.expect(200);
    let body = answer.json();
    assert_eq!(body["token_type"], "Bearer");
    assert_eq!(body["expires_in"], 3600);
    let token = body["access_token"].as_str().expect("a token");
    let shown = scene.validate(token).await.expect(200).json();
    let thumbprint = URL_SAFE.encode(digest(&SHA256, pem.as_bytes()));
    assert_eq!(
        shown["token"]["oauth2_credential"],
        json!({ "x5t#S256": thumbprint })
    );
    assert_eq!(shown["token"]["user"]["id"], "uma");
    assert_eq!(shown["token"]["project"]["id"], "top");
    assert_eq!(role_names(&shown), ["member", "reader"]);
    // It is delegated: nothing else is to be made of it.
    scene.get_as(token, "/v3/auth/projects").await.expect(200);
    scene.try_rescope(token, project("top")).await.error(403);
}

#[tokio::test]
async fn nobody_but_a_trusted_proxy_can_show_a_certificate() {
    let scene = scene().await;
    let pem = escaped(&certificate("uma", "acme", 20));
    let form = "grant_type=client_credentials&client_id=uma";
    for peer in ["127.0.0.1", "10.0.0.2"] {
        refused(&post(&scene, form, peer, &pem).await);
    }
    post(&scene, form, PROXY, &pem).await.expect(200);
}

#[tokio::test]
async fn the_certificate_must_be_the_clients_own() {
    let scene = scene().await;
    let uma = certificate("uma", "acme", 20);
    for (user, pem) in [
        ("vic", uma.as_str()),
        ("none", &uma),
        ("", &uma),
        ("uma", &certificate("vic", "acme", 20)),
        ("uma", &certificate("uma", "umbrella", 20)),
        // It ended before today.
        ("uma", &certificate("uma", "acme", 1)),
        (
            "uma",
            "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
        ),
        ("uma", "nonsense"),
    ] {
        refused(&ask(&scene, user, pem).await);
    }
    // vic has a certificate, and no default project.
    refused(&ask(&scene, "vic", &certificate("vic", "acme", 20)).await);
    let disabled = json!({ "user": { "enabled": false } });
    scene.patch("/v3/users/uma", disabled).await.expect(200);
    refused(&ask(&scene, "uma", &uma).await);
}

#[tokio::test]
async fn all_that_the_mapping_says_must_be_true_of_the_client() {
    let pem = certificate("uma", "acme", 20);
    for (user, granted) in [
        (json!({ "name": "{0}" }), true),
        (json!({ "id": "{0}" }), true),
        (json!({ "id": "{0}", "email": "{0}@example.org" }), true),
        (
            json!({ "name": "{0}", "domain": { "id": ACME, "name": "{1}" } }),
            true,
        ),
        (json!({ "id": "{0}", "email": "{0}@example.com" }), false),
        (
            json!({ "name": "{0}", "domain": { "id": "default" } }),
            false,
        ),
        (json!({ "id": "{0}", "name": "{1}" }), false),
        (json!({ "name": "{0}", "domain": { "name": "{2}" } }), false),
        // It would let everybody in as anybody.
        (json!({ "email": "uma@example.org" }), false),
        (json!({}), false),
    ] {
        let scene = with_mapping("", user.clone()).await;
        let answer = ask(&scene, "uma", &pem).await;
        match granted {
            true => assert_eq!(answer.status, 200, "{user}: {}", answer.body),
            false => refused(&answer),
        }
    }
}

#[tokio::test]
async fn there_must_be_a_mapping() {
    let config = "[oauth2]\noauth2_cert_dn_mapping_id = other\n";
    let scene = with_mapping(config, json!({ "name": "{0}" })).await;
    refused(&ask(&scene, "uma", &certificate("uma", "acme", 20)).await);
}

#[tokio::test]
async fn a_certificate_rules_out_a_secret() {
    let scene = scene().await;
    let uma = scene.login("uma", project("top")).await;
    let (id, secret) = scene.new_credential(&uma, "uma", json!({})).await;
    let form = format!("grant_type=client_credentials&client_id={id}&client_secret={secret}");
    let pem = escaped(&certificate("uma", "acme", 20));
    refused(&post(&scene, &form, PROXY, &pem).await);
    // From elsewhere the certificate is not seen.
    post(&scene, &form, "10.0.0.2", &pem).await.expect(200);
}

#[tokio::test]
async fn only_configured_ways_of_authentication_are_offered() {
    let config = "[oauth2]\noauth2_authn_methods = client_secret_basic\n";
    let scene = with_mapping(config, json!({ "name": "{0}" })).await;
    refused(&ask(&scene, "uma", &certificate("uma", "acme", 20)).await);
}

#[tokio::test]
async fn a_disabled_project_gives_nothing() {
    let scene = scene().await;
    let disabled = json!({ "project": { "enabled": false } });
    for project in ["below", "top"] {
        let path = format!("/v3/projects/{project}");
        scene.patch(&path, disabled.clone()).await.expect(200);
    }
    refused(&ask(&scene, "uma", &certificate("uma", "acme", 20)).await);
}

#[tokio::test]
async fn a_token_ends_with_its_certificate() {
    let scene = scene().await;
    let days = 24 * 3600;
    scene.app.wait(18 * days - 600);
    let answer = ask(&scene, "uma", &certificate("uma", "acme", 19)).await;
    assert_eq!(answer.expect(200).json()["expires_in"], 600);
}
