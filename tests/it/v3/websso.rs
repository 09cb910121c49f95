//! Single sign-on of dashboards: a page that hands a token over.

use crate::harness::federation::{PROVIDER, rules, said, scene_with, send};
use crate::harness::{Answer, Scene};
use axum::http::Method;
use serde_json::json;

const DASHBOARD: &str = "https://dash.example/auth/websso/";

/// A server that trusts the dashboard, and to which the provider says its name.
const CONFIG: &str = "[federation]\nremote_id_attribute = HTTP_OIDC_ISS\n\
     trusted_dashboard = https://Dash.example/auth/websso/\n\
     trusted_dashboard = https://other/?a=1&b=<2>'\n";

const AT_PROVIDER: &str = "/v3/auth/OS-FEDERATION/identity_providers/idp/protocols/mapped/websso";
const ANYWHERE: &str = "/v3/auth/OS-FEDERATION/websso/mapped";

async fn scene() -> Scene {
    let scene = scene_with(CONFIG, json!({ "rules": rules() })).await;
    name_provider(&scene).await;
    scene
}

async fn name_provider(scene: &Scene) {
    let body = json!({ "identity_provider": { "remote_ids": ["https://idp"] } });
    scene.patch(PROVIDER, body).await.expect(200);
}

async fn ask(scene: &Scene, method: Method, path: &str, iss: &str) -> Answer {
    let mut said = said("alice", "crew");
    if !iss.is_empty() {
        said.push(("oidc-iss", iss));
    }
    send(&scene.app, method, path, &said).await
}

/// The value of an attribute in a page.
fn value<'p>(page: &'p str, before: &str) -> &'p str {
    let (_, rest) = page.split_once(before).expect("an attribute");
    rest.split_once('"').expect("its end").0
}

#[tokio::test]
async fn a_dashboard_gets_a_token_by_way_of_the_browser() {
    let scene = scene().await;
    for path in [AT_PROVIDER, ANYWHERE] {
        for method in [Method::GET, Method::POST] {
            let path = format!("{path}?origin={DASHBOARD}");
            let answer = ask(&scene, method, &path, "https://idp").await.expect(200);
            assert_eq!(answer.header("content-type"), "text/html");
            assert_eq!(answer.header("cache-control"), "no-store");
            assert!(answer.headers.get("x-subject-token").is_none());
            assert_eq!(value(&answer.body, "action=\""), DASHBOARD);
            let token = value(&answer.body, "name=\"token\" value=\"");
            let shown = scene.validate(token).await.expect(200).json();
            assert_eq!(shown["token"]["user"]["name"], "alice");
            assert!(shown["token"]["user"]["OS-FEDERATION"].is_object());
        }
    }
}

#[tokio::test]
async fn only_trusted_dashboards_get_one() {
    let scene = scene().await;
    for path in [AT_PROVIDER, ANYWHERE] {
        for (query, status) in [
            ("", 400),
            ("?origin=", 400),
            ("?origin=https://evil.example/", 401),
            ("?origin=https://dash.example/auth/websso", 401),
            ("?origin=https://dash.example/auth/websso/../evil", 401),
            ("?origin=http://dash.example/auth/websso/", 401),
            ("?origin=https%3A%2F%2Fdash.example%2Fauth%2Fwebsso%2F", 200),
            (
                "?origin=https%253A%252F%252Fdash.example%252Fauth%252Fwebsso%252F",
                200,
            ),
        ] {
            let path = format!("{path}{query}");
            let answer = ask(&scene, Method::GET, &path, "https://idp").await;
            assert_eq!(answer.status, status, "{path}: {}", answer.body);
        }
    }
    let untrusting = scene_with("", json!({ "rules": rules() })).await;
    let path = format!("{AT_PROVIDER}?origin={DASHBOARD}");
    ask(&untrusting, Method::GET, &path, "").await.error(401);
}

#[tokio::test]
async fn who_comes_from_anywhere_is_known_by_the_providers_name() {
    let scene = scene().await;
    let path = format!("{ANYWHERE}?origin={DASHBOARD}");
    let get = async |path: &str, iss: &str| ask(&scene, Method::GET, path, iss).await;
    get(&path, "").await.error(401);
    // That comes before everything else that is wrong.
    get(ANYWHERE, "").await.error(401);
    get(&path, "https://nobody").await.error(404);
    get(&path, "HTTPS://IDP").await.error(404);
    let other = format!("/v3/auth/OS-FEDERATION/websso/openid?origin={DASHBOARD}");
    get(&other, "https://idp").await.error(401);
    // Whoever is nobody's user gets no token.
    let nobody = [("oidc-iss", "https://idp")];
    send(&scene.app, Method::GET, &path, &nobody)
        .await
        .error(401);
    let body = json!({ "identity_provider": { "enabled": false } });
    scene.patch(PROVIDER, body).await.expect(200);
    get(&path, "https://idp").await.error(403);
}

#[tokio::test]
async fn nothing_breaks_out_of_the_page() {
    let scene = scene().await;
    let origin = "https%3A%2F%2Fother%2F%3Fa%3D1%26b%3D%3C2%3E%27";
    let path = format!("{AT_PROVIDER}?origin={origin}");
    let answer = ask(&scene, Method::GET, &path, "https://idp")
        .await
        .expect(200);
    let action = value(&answer.body, "action=\"");
    assert_eq!(action, "https://other/?a=1&amp;b=&lt;2&gt;&#39;");
}

#[tokio::test]
async fn operators_can_have_a_page_of_their_own() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("page.html");
    std::fs::write(&file, "$$ <a href='${host}'>$token</a> $other").expect("a file");
    let config = format!("{CONFIG}sso_callback_template = {}\n", file.display());
    let scene = scene_with(&config, json!({ "rules": rules() })).await;
    name_provider(&scene).await;
    let path = format!("{AT_PROVIDER}?origin={DASHBOARD}");
    let answer = ask(&scene, Method::GET, &path, "https://idp")
        .await
        .expect(200);
    let start = format!("$ <a href='{DASHBOARD}'>gAAAA");
    assert!(answer.body.starts_with(&start), "{}", answer.body);
    assert!(answer.body.ends_with("</a> $other"), "{}", answer.body);
}
