//! Users whom an identity provider sends, by way of a proxy that is believed.

use super::delegation::project;
use super::{ACME, Answer, Scene, TestApp};
use axum::http::Method;
use serde_json::{Value, json};

/// Where the proxy is.
pub const PROXY: &str = "10.0.0.1";

pub const PROVIDER: &str = "/v3/OS-FEDERATION/identity_providers/idp";

/// Where the provider's users log in.
pub const LOGIN: &str = "/v3/OS-FEDERATION/identity_providers/idp/protocols/mapped/auth";

/// What makes a server believe the proxy, and offer the methods.
pub fn config(more: &str) -> String {
    format!(
        "[auth]\nmethods = password,token,application_credential,mapped,openid,totp\n\
         [server]\ntrusted_proxies = {PROXY}\nassertion_headers = OIDC-*\n{more}"
    )
}

/// Rules by which users have the name that they come with, and are in those groups of `acme`.
pub fn rules() -> Value {
    json!([
        { "local": [{ "user": { "name": "{0}" } }], "remote": [{ "type": "HTTP_OIDC_SUB" }] },
        {
            "local": [{ "groups": "{0}", "domain": { "id": ACME } }],
            "remote": [{ "type": "HTTP_OIDC_GROUPS" }],
        },
    ])
}

/// A scene with the identity provider `idp` of domain `acme`, its protocol `mapped`, and the mapping
/// `m` of these [`rules`]. The group `crew` has the role `member` on `top`.
pub async fn scene() -> Scene {
    scene_with("", json!({ "rules": rules() })).await
}

/// The same with more configuration and another mapping.
pub async fn scene_with(more: &str, mapping: Value) -> Scene {
    let scene = Scene::with_config(&config(more)).await;
    set_up(&scene, mapping).await;
    scene
}

/// Makes provider, protocol, mapping and the group's role.
pub async fn set_up(scene: &Scene, mapping: Value) {
    add_provider(scene, mapping).await;
    let member = scene.role("member");
    let path = format!("/v3/projects/top/groups/crew/roles/{member}");
    scene.put(&path).await.expect(204);
}

/// Makes provider, protocol and mapping.
pub async fn add_provider(scene: &Scene, mapping: Value) {
    let provider = json!({ "domain_id": ACME, "enabled": true });
    for (path, body) in [
        (
            "/v3/OS-FEDERATION/mappings/m".to_owned(),
            json!({ "mapping": mapping }),
        ),
        (
            PROVIDER.to_owned(),
            json!({ "identity_provider": provider }),
        ),
        (
            format!("{PROVIDER}/protocols/mapped"),
            json!({ "protocol": { "mapping_id": "m" } }),
        ),
    ] {
        let put = scene.app.put(&path).token(&scene.admin);
        put.json(body).send().await.expect(201);
    }
}

/// Makes a user of the scene known to the provider by its id, too.
pub async fn link(scene: &Scene, user: &str) {
    let protocols = json!([{ "protocol_id": "mapped", "unique_id": user }]);
    let links = json!([{ "idp_id": "idp", "protocols": protocols }]);
    let body = json!({ "user": { "federated": links } });
    scene
        .patch(&format!("/v3/users/{user}"), body)
        .await
        .expect(200);
}

/// What the proxy says of a user with groups.
pub fn said<'v>(user: &'v str, groups: &'v str) -> Vec<(&'static str, &'v str)> {
    let mut said = vec![("oidc-sub", user)];
    if !groups.is_empty() {
        said.push(("oidc-groups", groups));
    }
    said
}

/// A request that comes from the proxy.
pub async fn send(app: &TestApp, method: Method, path: &str, said: &[(&str, &str)]) -> Answer {
    let mut request = app.request(method, path).peer(PROXY);
    for (name, value) in said {
        request = request.header(name, value);
    }
    request.send().await
}

/// What a login with these headers answers.
pub async fn try_log_in(app: &TestApp, said: &[(&str, &str)]) -> Answer {
    send(app, Method::GET, LOGIN, said).await
}

/// A login of a user with groups: the token and its document.
pub async fn log_in(scene: &Scene, user: &str, groups: &str) -> (String, Value) {
    let answer = try_log_in(&scene.app, &said(user, groups))
        .await
        .expect(201);
    let token = answer.header("x-subject-token").to_owned();
    (token, answer.json()["token"].take())
}

/// The same for the project `top`.
pub async fn log_in_to_top(scene: &Scene, user: &str, groups: &str) -> String {
    let (unscoped, _) = log_in(scene, user, groups).await;
    let answer = scene.try_rescope(&unscoped, project("top")).await;
    answer.expect(201).header("x-subject-token").to_owned()
}

/// The id of a user's account.
pub async fn id_of_user(scene: &Scene, user: &str) -> String {
    let path = format!("/v3/users?idp_id=idp&name={user}");
    let listed = scene.get(&path).await.expect(200).json();
    listed["users"][0]["id"]
        .as_str()
        .expect("a user")
        .to_owned()
}
