//! The routes that make or show secrets and rights: the columns of the matrix.

use crate::harness::delegation::{id_of, project, trust};
use crate::harness::oauth1::consumer;
use crate::harness::{ADMIN_PASSWORD, RequestBuilder, Scene};
use serde_json::{Value, json};

/// The request that a token is to make on a route. What it is about was made before, by somebody who may.
pub async fn request<'a>(
    scene: &'a Scene,
    token: &str,
    user: &str,
    route: &str,
) -> RequestBuilder<'a> {
    let app = &scene.app;
    let credentials = format!("/v3/users/{user}/application_credentials");
    let pairs = format!("/v3/users/{user}/credentials/OS-EC2");
    let access_tokens = format!("/v3/users/{user}/OS-OAUTH1/access_tokens");
    match route {
        "rescope" => {
            let identity = json!({ "methods": ["token"], "token": { "id": token } });
            let body = json!({ "auth": { "identity": identity, "scope": project("top") } });
            app.post("/v3/auth/tokens", body)
        }
        "list_trusts" => {
            let members = json!({ "trustor_user_id": user, "trustee_user_id": "zoe",
                "expires_at": "2026-01-01T00:20:00Z", "roles": [{ "name": "admin" }] });
            let own = scene.login(user, project("top")).await;
            scene.new_trust(&own, trust(members)).await;
            app.get(&format!("/v3/OS-TRUST/trusts?trustor_user_id={user}"))
        }
        "make_trust" => {
            let members = json!({ "trustor_user_id": user, "trustee_user_id": "zoe",
                "impersonation": false, "roles": [{ "name": "admin" }] });
            app.post("/v3/OS-TRUST/trusts", trust(members))
        }
        "list_creds" => {
            other_credential(scene, user, json!({ "name": "seen" })).await;
            app.get(&credentials)
        }
        "make_cred" => {
            let body = json!({ "application_credential": { "name": "new" } });
            app.post(&credentials, body)
        }
        "delete_cred" => {
            let id = other_credential(scene, user, json!({ "name": "doomed" })).await;
            app.delete(&format!("{credentials}/{id}"))
        }
        "list_rules" => {
            let rule = json!({ "service": "x", "path": "/", "method": "GET" });
            let ruled = json!({ "name": "ruled", "access_rules": [rule] });
            other_credential(scene, user, ruled).await;
            app.get(&format!("/v3/users/{user}/access_rules"))
        }
        "create_secret" => app.post("/v3/credentials", secret(user)),
        "list_secrets" => {
            other_secret(scene, user).await;
            app.get("/v3/credentials")
        }
        "show_secret" => app.get(&other_secret(scene, user).await),
        "update_secret" => {
            let body = json!({ "credential": { "blob": "mine" } });
            app.patch(&other_secret(scene, user).await, body)
        }
        "delete_secret" => app.delete(&other_secret(scene, user).await),
        "create_pair" => app.post(&pairs, json!({ "tenant_id": "top" })),
        "list_pairs" => {
            other_pair(scene, user).await;
            app.get(&pairs)
        }
        "show_pair" => app.get(&format!("{pairs}/{}", other_pair(scene, user).await)),
        "delete_pair" => app.delete(&format!("{pairs}/{}", other_pair(scene, user).await)),
        "v2_create_pair" => {
            let path = format!("/v2.0/users/{user}/credentials/OS-EC2");
            app.post(&path, json!({ "tenant_id": "top" }))
        }
        "v2_list_pairs" => app.get(&format!("/v2.0/users/{user}/credentials/OS-EC2")),
        "authorize" => {
            let path = consumer(scene).await.wish(scene).await;
            app.put(&path)
                .json(json!({ "roles": [{ "name": "admin" }] }))
        }
        "list_access" => {
            other_access_token(scene, user).await;
            app.get(&access_tokens)
        }
        "show_access" => {
            let id = other_access_token(scene, user).await;
            app.get(&format!("{access_tokens}/{id}"))
        }
        "access_roles" => {
            let id = other_access_token(scene, user).await;
            app.get(&format!("{access_tokens}/{id}/roles"))
        }
        "delete_access" => {
            let id = other_access_token(scene, user).await;
            app.delete(&format!("{access_tokens}/{id}"))
        }
        "set_anothers" => set_password(scene, "zoe"),
        "set_own" => set_password(scene, user),
        "v2_change_own" => {
            let path = format!("/v2.0/OS-KSCRUD/users/{user}");
            app.patch(&path, changed_password()).public()
        }
        "change_own" => app.post(&format!("/v3/users/{user}/password"), changed_password()),
        other => panic!("no route {other}"),
    }
}

pub fn set_password<'a>(scene: &'a Scene, user: &str) -> RequestBuilder<'a> {
    let body = json!({ "user": { "password": "set" } });
    scene.app.patch(&format!("/v3/users/{user}"), body)
}

fn changed_password() -> Value {
    json!({ "user": { "original_password": ADMIN_PASSWORD, "password": "new" } })
}

async fn other_credential(scene: &Scene, user: &str, members: Value) -> String {
    let own = scene.login(user, project("top")).await;
    scene.new_credential(&own, user, members).await.0
}

fn secret(user: &str) -> Value {
    json!({ "credential": { "type": "totp", "blob": "JBSWY3DPEHPK3PXP", "user_id": user } })
}

/// The path of a credential of a user.
async fn other_secret(scene: &Scene, user: &str) -> String {
    let made = scene
        .post("/v3/credentials", secret(user))
        .await
        .expect(201);
    format!("/v3/credentials/{}", id_of(&made, "credential"))
}

/// The access key of a key pair of a user.
async fn other_pair(scene: &Scene, user: &str) -> String {
    let own = scene.login(user, project("top")).await;
    let path = format!("/v3/users/{user}/credentials/OS-EC2");
    let body = json!({ "tenant_id": "top" });
    let made = scene.post_as(&own, &path, body).await.expect(201).json();
    let access = made["credential"]["access"].as_str();
    access.expect("an access key").to_owned()
}

/// The id of an access token that a user let a consumer have.
async fn other_access_token(scene: &Scene, user: &str) -> String {
    let own = scene.login(user, project("top")).await;
    let roles = json!([{ "name": "admin" }]);
    let mut signer = consumer(scene).await;
    signer.gain(scene, &own, roles).await.1.expect("access");
    signer.token.expect("an access token").0
}
