//! Handing rights on: what tests of trusts, application credentials and OAuth say to each other.

use super::{Answer, Scene};
use serde_json::{Value, json};

/// A scene in which `uma` has the role `member` on the project `top`, and `vic` has none.
pub async fn scene() -> Scene {
    let scene = Scene::new().await;
    grant(&scene, "uma", "top", "member").await;
    scene
}

/// Gives a user a seeded role on a project.
pub async fn grant(scene: &Scene, user: &str, project: &str, role: &str) {
    let path = grant_path(scene, user, project, role);
    scene.put(&path).await.expect(204);
}

/// Takes it away.
pub async fn revoke(scene: &Scene, user: &str, project: &str, role: &str) {
    let path = grant_path(scene, user, project, role);
    scene.delete(&path).await.expect(204);
}

fn grant_path(scene: &Scene, user: &str, project: &str, role: &str) -> String {
    let role = scene.role(role);
    format!("/v3/projects/{project}/users/{user}/roles/{role}")
}

pub fn project(id: &str) -> Value {
    json!({ "project": { "id": id } })
}

/// A trust of one role on `top`, from `uma` to `vic`, with these members besides.
pub fn trust(members: Value) -> Value {
    let mut trust = json!({
        "trustor_user_id": "uma",
        "trustee_user_id": "vic",
        "project_id": "top",
        "impersonation": true,
        "roles": [{ "name": "member" }],
    });
    merge(&mut trust, members);
    json!({ "trust": trust })
}

pub fn merge(into: &mut Value, members: Value) {
    if let (Value::Object(into), Value::Object(members)) = (into, members) {
        into.extend(members);
    }
}

impl Scene {
    /// Sends a request with somebody's token.
    pub async fn post_as(&self, token: &str, path: &str, body: Value) -> Answer {
        self.app.post(path, body).token(token).send().await
    }

    pub async fn get_as(&self, token: &str, path: &str) -> Answer {
        self.app.get(path).token(token).send().await
    }

    pub async fn delete_as(&self, token: &str, path: &str) -> Answer {
        self.app.delete(path).token(token).send().await
    }

    /// Makes a trust with somebody's token; returns its id.
    pub async fn new_trust(&self, token: &str, body: Value) -> String {
        let answer = self.post_as(token, "/v3/OS-TRUST/trusts", body).await;
        id_of(&answer.expect(201), "trust")
    }

    /// What a password login for a trust answers.
    pub async fn try_trust_login(&self, user: &str, trust: &str) -> Answer {
        self.try_login(user, json!({ "OS-TRUST:trust": { "id": trust } }))
            .await
    }

    /// A token of a user for a trust.
    pub async fn trust_login(&self, user: &str, trust: &str) -> String {
        let answer = self.try_trust_login(user, trust).await.expect(201);
        answer.header("x-subject-token").to_owned()
    }

    /// What turning a token into another scope answers.
    pub async fn try_rescope(&self, token: &str, scope: Value) -> Answer {
        let identity = json!({ "methods": ["token"], "token": { "id": token } });
        let body = json!({ "auth": { "identity": identity, "scope": scope } });
        self.app.post("/v3/auth/tokens", body).send().await
    }

    /// Makes an application credential with somebody's token; returns its id and its secret.
    pub async fn new_credential(
        &self,
        token: &str,
        user: &str,
        members: Value,
    ) -> (String, String) {
        let mut credential = json!({ "name": "one" });
        merge(&mut credential, members);
        let path = format!("/v3/users/{user}/application_credentials");
        let body = json!({ "application_credential": credential });
        let answer = self.post_as(token, &path, body).await.expect(201);
        let secret = &answer.json()["application_credential"]["secret"];
        let secret = secret.as_str().expect("a secret").to_owned();
        (id_of(&answer, "application_credential"), secret)
    }

    /// What a login with an application credential answers.
    pub async fn try_credential_login(&self, id: &str, secret: &str) -> Answer {
        let credential = json!({ "id": id, "secret": secret });
        self.post_credential_login(credential).await
    }

    /// What a login with these members of an application credential answers.
    pub async fn post_credential_login(&self, credential: Value) -> Answer {
        let identity = json!({
            "methods": ["application_credential"],
            "application_credential": credential,
        });
        let body = json!({ "auth": { "identity": identity } });
        self.app.post("/v3/auth/tokens", body).send().await
    }

    /// A token made with an application credential.
    pub async fn credential_login(&self, (id, secret): &(String, String)) -> String {
        let answer = self.try_credential_login(id, secret).await.expect(201);
        answer.header("x-subject-token").to_owned()
    }

    /// What the admin is told of a token.
    pub async fn validate(&self, token: &str) -> Answer {
        self.app
            .get("/v3/auth/tokens")
            .token(&self.admin)
            .subject(token)
            .header("openstack-identity-access-rules", "1.0")
            .send()
            .await
    }
}

/// The id of what was made.
pub fn id_of(answer: &Answer, member: &str) -> String {
    answer.json()[member]["id"]
        .as_str()
        .expect("an id")
        .to_owned()
}

/// Names of the roles in a token's answer, sorted.
pub fn role_names(token: &Value) -> Vec<String> {
    let roles = token["token"]["roles"].as_array().expect("roles");
    let mut names: Vec<String> = roles
        .iter()
        .map(|role| role["name"].as_str().expect("a name").to_owned())
        .collect();
    names.sort_unstable();
    names
}
