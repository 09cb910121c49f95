//! What a token may be used for, by how it was made: every kind of token on every route that makes or
//! shows a secret or a right. Each cell's status is stated; what a delegation does not name is refused.

mod routes;
mod tables;
mod tokens;

use crate::harness::delegation::grant;
use crate::harness::{Answer, RequestBuilder, Scene};
use routes::{request, set_password};
use serde_json::{Value, json};
use tokens::{token, with_credential};

const METHODS: &str =
    "[auth]\nmethods = password,token,application_credential,oauth1,ec2credential,mapped";

/// Stands for a token where there is none: the issuer of uma's client certificate, which a proxy has
/// seen.
const CERTIFICATE: &str = "CN=ca";
const PROXY: &str = "10.0.0.1";

/// `uma` and `vic` are admins of `top` and of the system, so that policy is never what refuses.
async fn scene() -> Scene {
    let scene = Scene::with_config(&format!(
        "{METHODS}\n[token]\naccept = uuid\n[server]\ntrusted_proxies = {PROXY}\n\
         assertion_headers = OIDC-*\n\
         [tokenless_auth]\ntrusted_issuer = {CERTIFICATE}\n"
    ))
    .await;
    for user in ["uma", "vic"] {
        grant(&scene, user, "top", "admin").await;
        let role = scene.role("admin");
        scene
            .put(&format!("/v3/system/users/{user}/roles/{role}"))
            .await
            .expect(204);
    }
    scene
}

/// Sends a request with a token, or with a client certificate and no token.
async fn send(token: &str, request: RequestBuilder<'_>) -> Answer {
    let request = match token {
        CERTIFICATE => request
            .peer(PROXY)
            .header("x-ssl-client-i-dn", CERTIFICATE)
            .header("x-project-id", "top"),
        token => request.token(token),
    };
    request.send().await
}

/// What a route answers a token.
async fn status(scene: &Scene, token: &str, user: &str, route: &str) -> String {
    let request = request(scene, token, user, route).await;
    let answer = send(token, request).await;
    let shows_nothing = answer.status == 200
        && route.starts_with("list_")
        && answer.json().as_object().is_some_and(|body| {
            let mut lists = body.values().filter_map(Value::as_array);
            lists.any(Vec::is_empty)
        });
    match shows_nothing {
        true => "none".to_owned(),
        false => answer.status.to_string(),
    }
}

#[tokio::test]
async fn every_kind_of_token_does_on_every_route_what_the_matrix_says() {
    let mut wrong = Vec::new();
    for table in tables::TABLES {
        let mut lines = table.lines().filter(|line| !line.trim().is_empty());
        let routes: Vec<&str> = lines.next().expect("routes").split_whitespace().collect();
        for line in lines {
            let mut cells = line.split_whitespace();
            let kind = cells.next().expect("a kind");
            let scene = scene().await;
            let (text, user) = token(&scene, kind).await;
            for (route, expected) in routes.iter().zip(cells).filter(|(_, cell)| *cell != "-") {
                let got = status(&scene, &text, user, route).await;
                if got != expected {
                    wrong.push(format!("{kind} {route}: {got} instead of {expected}"));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// Through an impersonating trust the trustee acts as the trustor, and is still itself.
#[tokio::test]
async fn a_trusts_token_sets_neither_its_trustors_nor_its_trustees_password() {
    let scene = scene().await;
    let (text, _) = token(&scene, "trust/as-trustor").await;
    for user in ["uma", "vic"] {
        let set = set_password(&scene, user).token(&text);
        set.send().await.error(403);
        scene.login(user, json!("unscoped")).await;
    }
}

#[tokio::test]
async fn operators_can_let_application_credentials_manage_trusts() {
    let option = "allow_insecure_application_credential_trust_escalation";
    let scene = Scene::with_config(&format!("[security_compliance]\n{option} = true\n")).await;
    grant(&scene, "uma", "top", "admin").await;
    let text = with_credential(&scene, json!({})).await;
    assert_eq!(status(&scene, &text, "uma", "make_trust").await, "201");
    assert_eq!(status(&scene, &text, "uma", "list_trusts").await, "200");
    assert_eq!(status(&scene, &text, "uma", "make_cred").await, "403");
}

#[tokio::test]
async fn tokens_made_with_ec2_keys_call_nothing_here() {
    let scene = scene().await;
    let (text, _) = token(&scene, "ec2").await;
    scene.get_as(&text, "/v3/auth/projects").await.error(403);
    // Services may ask what they are.
    scene.validate(&text).await.expect(200);
}
