//! Keystone to Keystone: what this cloud says of its users to others, held against `xmlsec1`, the
//! program that Python's Keystone signs with.

use crate::harness::delegation::{grant, project};
use crate::harness::federation;
use crate::harness::{Answer, Scene};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::process::Command;

const PATH: &str = "/v3/auth/OS-FEDERATION/saml2";
const SP: &str = "/v3/OS-FEDERATION/service_providers/beta";

fn pki() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/pki")
}

/// This cloud as the identity provider `https://alpha/idp`.
fn config() -> String {
    let pki = pki();
    federation::config(&format!(
        "[saml]\nidp_entity_id = https://alpha/idp\ncertfile = {pki}/signing_cert.pem\n\
         keyfile = {pki}/signing_key.pem\n",
        pki = pki.display()
    ))
}

/// `uma` is a member of `top`, and `beta` a cloud that takes our users.
async fn scene_with(config: &str) -> Scene {
    let scene = Scene::with_config(config).await;
    grant(&scene, "uma", "top", "member").await;
    let provider = json!({
        "auth_url": "https://beta/v3/OS-FEDERATION/identity_providers/alpha/protocols/saml2/auth",
        "sp_url": "https://beta/Shibboleth.sso/SAML2/ECP?a=1&b=2",
        "enabled": true,
    });
    let put = scene.app.put(SP).token(&scene.admin);
    let put = put.json(json!({ "service_provider": provider }));
    put.send().await.expect(201);
    scene
}

async fn scene() -> Scene {
    scene_with(&config()).await
}

fn body(token: &str, provider: &str) -> Value {
    json!({ "auth": {
        "identity": { "methods": ["token"], "token": { "id": token } },
        "scope": { "service_provider": { "id": provider } },
    } })
}

async fn ask(scene: &Scene, path: &str, token: &str) -> Answer {
    scene.app.post(path, body(token, "beta")).send().await
}

/// Fails unless `xmlsec1` finds the assertion signed by our certificate; false where there is no such
/// program.
fn verify(document: &str) -> bool {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("response.xml");
    std::fs::write(&file, document).expect("a file");
    let run = Command::new("xmlsec1")
        .args([
            "--verify",
            "--id-attr:ID",
            "urn:oasis:names:tc:SAML:2.0:assertion:Assertion",
        ])
        .arg("--pubkey-cert-pem")
        .arg(pki().join("signing_cert.pem"))
        .arg(&file)
        .output();
    match run {
        Ok(done) => {
            let words = String::from_utf8_lossy(&done.stderr).into_owned();
            assert!(done.status.success(), "{words}\n{document}");
            true
        }
        Err(_) if std::env::var_os("CI").is_some() => panic!("xmlsec1 is not installed"),
        Err(_) => {
            eprintln!("xmlsec1 is not installed: the signature is not held against it");
            false
        }
    }
}

/// The values of an attribute.
fn attribute<'d>(document: &'d str, name: &str) -> Vec<&'d str> {
    let start = format!("<saml:Attribute Name=\"{name}\">");
    let Some((_, rest)) = document.split_once(&start) else {
        return Vec::new();
    };
    let (inner, _) = rest.split_once("</saml:Attribute>").expect("its end");
    let values = inner.split("<saml:AttributeValue>").skip(1);
    let value = |text: &'d str| text.split_once("</").expect("its end").0;
    values.map(value).collect()
}

#[tokio::test]
async fn another_cloud_is_told_who_a_user_is() {
    let scene = scene().await;
    let name = json!({ "user": { "name": "Uma <&> Núñez" } });
    scene.patch("/v3/users/uma", name).await.expect(200);
    let token = scene.login("uma", project("top")).await;
    let answer = ask(&scene, PATH, &token).await.expect(200);
    assert_eq!(answer.header("content-type"), "text/xml");
    assert_eq!(
        answer.header("x-sp-url"),
        "https://beta/Shibboleth.sso/SAML2/ECP?a=1&b=2"
    );
    assert!(answer.header("x-auth-url").starts_with("https://beta/v3/"));
    let document = &answer.body;
    let of = |name: &str| attribute(document, name);
    assert_eq!(of("openstack_user"), ["Uma &lt;&amp;&gt; Núñez"]);
    assert_eq!(of("openstack_user_domain"), ["acme"]);
    assert_eq!(of("openstack_project"), ["top"]);
    assert_eq!(of("openstack_project_domain"), ["acme"]);
    let mut roles = of("openstack_roles");
    roles.sort_unstable();
    assert_eq!(roles, ["member", "reader"]);
    let groups = of("openstack_groups");
    let group = groups[0].strip_prefix("JSON:").expect("JSON");
    let group: Value = serde_json::from_str(group).expect("JSON");
    assert_eq!(
        group,
        json!({ "name": "crew", "domain": { "name": "acme" } })
    );
    for part in [
        ">https://alpha/idp</saml:Issuer>",
        "Recipient=\"https://beta/Shibboleth.sso/SAML2/ECP?a=1&amp;b=2\"",
        "NotOnOrAfter=\"2026-01-01T01:00:00.000000Z\"",
        "<samlp:StatusCode Value=\"urn:oasis:names:tc:SAML:2.0:status:Success\">",
    ] {
        assert!(document.contains(part), "{part}\n{document}");
    }
    if verify(document) {
        let forged = document.replace("openstack_roles", "openstack_rules");
        let result = std::panic::catch_unwind(|| verify(&forged));
        assert!(result.is_err(), "xmlsec1 took a changed assertion");
    }
}

#[tokio::test]
async fn enhanced_clients_get_it_in_an_envelope() {
    let scene = scene().await;
    let token = scene.login("uma", project("top")).await;
    let path = format!("{PATH}/ecp");
    let answer = ask(&scene, &path, &token).await.expect(200);
    assert_eq!(answer.header("content-type"), "text/xml");
    let document = &answer.body;
    let (head, rest) = document.split_once("</soap:Header>").expect("a header");
    assert!(head.contains(">ss:mem:"), "{head}");
    assert!(rest.contains("<soap:Body><samlp:Response "), "{rest}");
    verify(document);
}

#[tokio::test]
async fn an_assertion_ends_with_the_token_that_it_was_made_of() {
    let scene = scene().await;
    let token = scene.login("uma", project("top")).await;
    scene.app.wait(3000);
    let answer = ask(&scene, PATH, &token).await.expect(200);
    let end = "SessionNotOnOrAfter=\"2026-01-01T01:00:00.000000Z\"";
    assert!(answer.body.contains(end), "{}", answer.body);
    scene.app.wait(600);
    ask(&scene, PATH, &token).await.error(404);
}

#[tokio::test]
async fn only_a_users_own_token_for_a_project_is_exchanged() {
    let scene = scene().await;
    let unscoped = scene.login("uma", json!("unscoped")).await;
    ask(&scene, PATH, &unscoped).await.error(403);
    let own = scene.login("uma", project("top")).await;
    let credential = scene.new_credential(&own, "uma", json!({})).await;
    let handed_on = scene.credential_login(&credential).await;
    ask(&scene, PATH, &handed_on).await.error(403);
    ask(&scene, PATH, "nonsense").await.error(404);
    for body in [
        json!({}),
        json!({ "auth": {} }),
        json!({ "auth": { "identity": { "token": { "id": own } } } }),
        json!({ "auth": { "identity": { "token": { "id": 1 } },
            "scope": { "service_provider": { "id": "beta" } } } }),
        json!({ "auth": { "identity": { "token": { "id": own } },
            "scope": { "service_provider": { "id": "beta" }, "project": {} } } }),
    ] {
        scene.app.post(PATH, body).send().await.error(400);
    }
    let none = scene.app.post(PATH, body(&own, "none")).send().await;
    none.error(404);
    let disabled = json!({ "service_provider": { "enabled": false } });
    scene.patch(SP, disabled).await.expect(200);
    ask(&scene, PATH, &own).await.error(403);
    // Without an id of its own, a cloud vouches for nobody.
    let scene = scene_with(&federation::config("")).await;
    let own = scene.login("uma", project("top")).await;
    ask(&scene, PATH, &own).await.error(501);
}

#[tokio::test]
async fn the_metadata_is_the_file_that_is_configured() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("metadata.xml");
    let config = federation::config(&format!("[saml]\nidp_metadata_path = {}\n", file.display()));
    let scene = Scene::with_config(&config).await;
    let path = "/v3/OS-FEDERATION/saml2/metadata";
    scene.app.get(path).send().await.error(404);
    std::fs::write(&file, "<x/>\n").expect("a file");
    let answer = scene.app.get(path).send().await.expect(200);
    assert_eq!(answer.header("content-type"), "text/xml");
    assert_eq!(answer.body, "<x/>\n");
}
