//! `/v3/users/{id}/application_credentials`, access rules, and the tokens that they give.

mod made_with_another;

use crate::harness::Scene;
use crate::harness::delegation::{grant, id_of, merge, project, revoke, role_names, scene};
use serde_json::{Value, json};

const CREDENTIALS: &str = "/v3/users/uma/application_credentials";

async fn uma(scene: &Scene) -> String {
    scene.login("uma", project("top")).await
}

fn body(members: Value) -> Value {
    let mut credential = json!({ "name": "one" });
    merge(&mut credential, members);
    json!({ "application_credential": credential })
}

#[tokio::test]
async fn a_credential_is_made_seen_listed_and_deleted() {
    let scene = scene().await;
    let token = uma(&scene).await;
    let wanted = body(json!({
        "description": "for backups", "expires_at": "2026-01-02T00:00:00Z", "unrestricted": false,
    }));
    let made = scene.post_as(&token, CREDENTIALS, wanted).await.expect(201);
    let id = id_of(&made, "application_credential");
    let mut made = made.json()["application_credential"].clone();
    let secret = made
        .as_object_mut()
        .unwrap()
        .shift_remove("secret")
        .unwrap();
    assert_eq!(secret.as_str().unwrap().len(), 86);
    let path = format!("{CREDENTIALS}/{id}");
    let shown = scene.get_as(&token, &path).await.expect(200);
    assert!(!shown.body.contains("secret"));
    assert_eq!(shown.json()["application_credential"], made);
    let roles = made["roles"].take();
    let names: Vec<_> = roles
        .as_array()
        .unwrap()
        .iter()
        .map(|role| &role["name"])
        .collect();
    assert_eq!(names.len(), 2);
    assert!(roles[0].get("options").is_some(), "whole roles");
    assert_eq!(
        made,
        json!({
            "id": id, "name": "one", "description": "for backups", "user_id": "uma",
            "project_id": "top", "system": null, "expires_at": "2026-01-02T00:00:00.000000",
            "unrestricted": false, "roles": null,
            "links": { "self": format!("http://keystone.test{path}") },
        })
    );
    scene
        .new_credential(&token, "uma", json!({ "name": "two" }))
        .await;
    for (query, count) in [
        ("", 2),
        ("?name=two", 1),
        ("?name__startswith=o", 1),
        ("?name=x", 0),
    ] {
        let listed = scene.get_as(&token, &format!("{CREDENTIALS}{query}")).await;
        let listed = listed.expect(200);
        assert!(!listed.body.contains("secret"));
        assert_eq!(
            listed.json()["application_credentials"]
                .as_array()
                .unwrap()
                .len(),
            count,
            "{query}"
        );
    }
    scene
        .post_as(&token, CREDENTIALS, body(json!({})))
        .await
        .error(409);
    scene.delete_as(&token, &path).await.expect(204);
    scene.get_as(&token, &path).await.error(404);
    scene.delete_as(&token, &path).await.error(404);
}

#[tokio::test]
async fn nobody_makes_or_reaches_anothers_credential() {
    let scene = scene().await;
    grant(&scene, "vic", "top", "member").await;
    let token = uma(&scene).await;
    let (id, _) = scene.new_credential(&token, "uma", json!({})).await;
    let vic = scene.login("vic", project("top")).await;
    scene
        .post_as(&vic, CREDENTIALS, body(json!({})))
        .await
        .error(403);
    scene.post(CREDENTIALS, body(json!({}))).await.error(403);
    scene.get_as(&vic, CREDENTIALS).await.error(403);
    // The path says vic, the row says uma.
    for path in [
        format!("{CREDENTIALS}/{id}"),
        format!("/v3/users/vic/application_credentials/{id}"),
    ] {
        scene.get_as(&vic, &path).await.error(403);
        scene.delete_as(&vic, &path).await.error(403);
        scene.app.get(&path).send().await.error(401);
    }
    scene.get(&format!("{CREDENTIALS}/{id}")).await.expect(200);
    scene
        .delete(&format!("{CREDENTIALS}/{id}"))
        .await
        .expect(204);
}

#[tokio::test]
async fn what_a_credential_may_not_be() {
    let scene = scene().await;
    let token = uma(&scene).await;
    for (status, members) in [
        (400, json!({ "name": "" })),
        (400, json!({ "nonsense": 1 })),
        (400, json!({ "expires_at": "2025-12-31T23:59:59Z" })),
        (400, json!({ "expires_at": "soon" })),
        (400, json!({ "roles": [{ "name": "admin" }] })),
        (400, json!({ "roles": [{ "id": scene.role("manager") }] })),
        (400, json!({ "roles": [{ "id": "missing" }] })),
        (404, json!({ "roles": [{ "name": "missing" }] })),
        (
            400,
            json!({ "access_rules": [{ "path": "/x", "method": "GET" }] }),
        ),
        (
            400,
            json!({ "access_rules": [{ "path": "x", "method": "GET", "service": "identity" }] }),
        ),
        (
            400,
            json!({ "access_rules": [{ "path": format!("/{}", "x".repeat(128)), "method": "GET", "service": "identity" }] }),
        ),
    ] {
        let answer = scene
            .post_as(&token, CREDENTIALS, body(members.clone()))
            .await;
        assert_eq!(answer.status, status, "{members}: {}", answer.body);
        answer.error(status);
    }
    let unscoped = scene.login("uma", json!("unscoped")).await;
    scene
        .post_as(&unscoped, CREDENTIALS, body(json!({})))
        .await
        .error(403);
}

#[tokio::test]
async fn a_user_has_no_more_credentials_than_are_allowed() {
    let scene = Scene::with_config("[application_credential]\nuser_limit = 1\n").await;
    grant(&scene, "uma", "top", "member").await;
    let token = uma(&scene).await;
    scene.new_credential(&token, "uma", json!({})).await;
    let more = body(json!({ "name": "two" }));
    scene.post_as(&token, CREDENTIALS, more).await.error(403);
}

#[tokio::test]
async fn of_many_credentials_made_at_once_no_more_than_are_allowed_are() {
    let scene = Scene::with_config("[application_credential]\nuser_limit = 1\n").await;
    grant(&scene, "uma", "top", "member").await;
    let token = uma(&scene).await;
    let attempts = (0..10).map(|number| {
        let name = format!("number {number}");
        scene.post_as(&token, CREDENTIALS, body(json!({ "name": name })))
    });
    let answers = futures_util::future::join_all(attempts).await;
    let mut statuses: Vec<u16> = answers.iter().map(|answer| answer.status).collect();
    statuses.sort_unstable();
    assert_eq!(statuses[0], 201);
    assert_eq!(statuses[1..], [403; 9]);
}

#[tokio::test]
async fn a_credential_logs_in_as_its_user_with_its_roles() {
    let scene = scene().await;
    let made = json!({ "secret": "chosen", "roles": [{ "name": "reader" }], "expires_at": "2026-01-01T00:20:00Z" });
    let (id, secret) = scene.new_credential(&uma(&scene).await, "uma", made).await;
    assert_eq!(secret, "chosen");
    let answer = scene.try_credential_login(&id, &secret).await.expect(201);
    let token = answer.json();
    assert_eq!(role_names(&token), ["reader"]);
    let token = &token["token"];
    assert_eq!(token["methods"], json!(["application_credential"]));
    assert_eq!(token["user"]["id"], "uma");
    assert_eq!(token["project"]["id"], "top");
    assert_eq!(token["expires_at"], "2026-01-01T00:20:00.000000Z");
    assert_eq!(
        token["application_credential"],
        json!({ "id": id, "name": "one", "restricted": true })
    );
    let text = answer.header("x-subject-token").to_owned();
    assert_eq!(
        scene.validate(&text).await.expect(200).json(),
        answer.json()
    );

    let by_name =
        |name: &str, user: Value| json!({ "name": name, "user": user, "secret": "chosen" });
    let of_acme = json!({ "name": "uma", "domain": { "name": "acme" } });
    for credential in [
        by_name("one", json!({ "id": "uma" })),
        by_name("one", of_acme),
    ] {
        scene.post_credential_login(credential).await.expect(201);
    }
    for credential in [
        json!({ "id": id, "secret": "wrong" }),
        json!({ "id": id }),
        by_name("two", json!({ "id": "uma" })),
        by_name("one", json!({ "id": "vic" })),
        by_name("one", json!({ "id": "nobody" })),
        by_name(
            "one",
            json!({ "name": "nobody", "domain": { "name": "acme" } }),
        ),
    ] {
        let answer = scene.post_credential_login(credential.clone()).await;
        assert_eq!(answer.status, 401, "{credential}");
    }
    scene
        .try_credential_login("0123456789abcdef0123456789abcdef", "x")
        .await
        .error(404);
    scene.app.wait(1200);
    scene.try_credential_login(&id, "chosen").await.error(401);
}

#[tokio::test]
async fn whose_a_credential_is_only_its_row_says() {
    let scene = scene().await;
    let (id, secret) = scene
        .new_credential(&uma(&scene).await, "uma", json!({}))
        .await;
    let admin = &scene.app.seed.user_id;
    let claimed = json!({ "id": id, "secret": secret, "user": { "id": admin } });
    let answer = scene.post_credential_login(claimed).await.expect(201);
    assert_eq!(answer.json()["token"]["user"]["id"], "uma");
    assert_eq!(role_names(&answer.json()), ["member", "reader"]);
}

#[tokio::test]
async fn a_credential_brings_its_own_scope() {
    let scene = scene().await;
    grant(&scene, "uma", "below", "member").await;
    let (id, secret) = scene
        .new_credential(&uma(&scene).await, "uma", json!({}))
        .await;
    let identity = json!({
        "methods": ["application_credential"],
        "application_credential": { "id": id, "secret": secret },
    });
    for scope in [
        project("below"),
        project("top"),
        json!("unscoped"),
        json!({ "system": { "all": true } }),
    ] {
        let auth = json!({ "auth": { "identity": identity, "scope": scope } });
        let answer = scene.app.post("/v3/auth/tokens", auth).send().await;
        answer.error(401);
        assert_eq!(answer.json()["error"]["identity"], json!({}));
    }
}

#[tokio::test]
async fn a_credential_follows_its_users_roles_and_state() {
    let scene = scene().await;
    let credential = scene
        .new_credential(&uma(&scene).await, "uma", json!({}))
        .await;
    let text = scene.credential_login(&credential).await;
    revoke(&scene, "uma", "top", "member").await;
    scene.validate(&text).await.error(404);
    scene
        .try_credential_login(&credential.0, &credential.1)
        .await
        .error(401);
    grant(&scene, "uma", "top", "reader").await;
    assert_eq!(
        role_names(&scene.validate(&text).await.expect(200).json()),
        ["reader"]
    );
    let enable = |enabled: bool| json!({ "user": { "enabled": enabled } });
    scene
        .patch("/v3/users/uma", enable(false))
        .await
        .expect(200);
    scene
        .try_credential_login(&credential.0, &credential.1)
        .await
        .error(401);
    scene.patch("/v3/users/uma", enable(true)).await.expect(200);
    scene.app.wait(1);
    let text = scene.credential_login(&credential).await;
    // A role that goes takes the credentials of who was granted it.
    scene
        .delete(&format!("/v3/roles/{}", scene.role("reader")))
        .await
        .expect(204);
    scene.validate(&text).await.error(404);
    scene
        .try_credential_login(&credential.0, &credential.1)
        .await
        .error(404);
}

#[tokio::test]
async fn a_credential_goes_with_its_user_and_ends_with_its_project() {
    let scene = scene().await;
    grant(&scene, "uma", "below", "member").await;
    let token = scene.login("uma", project("below")).await;
    let credential = scene.new_credential(&token, "uma", json!({})).await;
    let text = scene.credential_login(&credential).await;
    scene.delete("/v3/projects/below").await.expect(204);
    scene.validate(&text).await.error(404);
    scene
        .try_credential_login(&credential.0, &credential.1)
        .await
        .error(401);
    scene.delete("/v3/users/uma").await.expect(204);
    scene
        .try_credential_login(&credential.0, &credential.1)
        .await
        .error(404);
}

#[tokio::test]
async fn deleting_a_credential_ends_its_tokens() {
    let scene = scene().await;
    let token = uma(&scene).await;
    let credential = scene.new_credential(&token, "uma", json!({})).await;
    let text = scene.credential_login(&credential).await;
    scene.validate(&text).await.expect(200);
    let path = format!("{CREDENTIALS}/{}", credential.0);
    scene.delete_as(&token, &path).await.expect(204);
    scene.validate(&text).await.error(404);
    scene.get_as(&text, "/v3/auth/projects").await.error(404);
}

mod access_rules {
    use super::*;

    const RULES: &str = "/v3/users/uma/access_rules";

    fn rule(path: &str, method: &str) -> Value {
        json!({ "service": "identity", "path": path, "method": method })
    }

    async fn ruled(scene: &Scene, rules: Value) -> (String, (String, String)) {
        let token = uma(scene).await;
        let members = json!({ "access_rules": rules });
        let credential = scene.new_credential(&token, "uma", members).await;
        (token, credential)
    }

    #[tokio::test]
    async fn rules_are_shared_seen_and_deleted_when_unused() {
        let scene = scene().await;
        let rules = json!([rule("/v3/users/*", "GET"), rule("/v3/projects", "GET")]);
        let (token, credential) = ruled(&scene, rules).await;
        let listed = scene.get_as(&token, RULES).await.expect(200).json();
        let listed = listed["access_rules"].as_array().unwrap().clone();
        assert_eq!(listed.len(), 2);
        let filtered = scene
            .get_as(&token, &format!("{RULES}?path=/v3/projects"))
            .await;
        let filtered = filtered.expect(200).json();
        let one = &filtered["access_rules"][0];
        assert_eq!(filtered["access_rules"].as_array().unwrap().len(), 1);
        let id = one["id"].as_str().unwrap();
        let path = format!("{RULES}/{id}");
        assert_eq!(
            *one,
            json!({
                "id": id, "service": "identity", "path": "/v3/projects", "method": "GET",
                "links": { "self": format!("http://keystone.test{path}") },
            })
        );
        let shown = scene.get_as(&token, &path).await.expect(200).json();
        assert_eq!(shown["access_rule"], *one);

        // By content and by id the same rule is used again.
        let again =
            json!({ "name": "two", "access_rules": [rule("/v3/projects", "GET"), { "id": id }] });
        let second = scene.new_credential(&token, "uma", again).await;
        let listed = scene.get_as(&token, RULES).await.json();
        assert_eq!(listed["access_rules"].as_array().unwrap().len(), 2);
        scene.delete_as(&token, &path).await.error(403);
        for id in [&credential.0, &second.0] {
            scene
                .delete_as(&token, &format!("{CREDENTIALS}/{id}"))
                .await
                .expect(204);
        }
        scene.delete_as(&token, &path).await.expect(204);
        scene.get_as(&token, &path).await.error(404);
        scene.delete_as(&token, &path).await.error(404);
    }

    #[tokio::test]
    async fn anothers_rules_are_out_of_reach() {
        let scene = scene().await;
        grant(&scene, "vic", "top", "member").await;
        let (token, _) = ruled(&scene, json!([rule("/v3/projects", "GET")])).await;
        let listed = scene.get_as(&token, RULES).await.json();
        let id = listed["access_rules"][0]["id"].as_str().unwrap().to_owned();
        let vic = scene.login("vic", project("top")).await;
        scene.get_as(&vic, RULES).await.error(403);
        scene
            .get_as(&vic, &format!("{RULES}/{id}"))
            .await
            .error(403);
        scene
            .get_as(&vic, &format!("/v3/users/vic/access_rules/{id}"))
            .await
            .error(404);
        scene
            .delete_as(&vic, &format!("/v3/users/vic/access_rules/{id}"))
            .await
            .error(404);
        let stolen = body(json!({ "access_rules": [{ "id": id }] }));
        let path = "/v3/users/vic/application_credentials";
        scene.post_as(&vic, path, stolen).await.error(404);
        // An admin of a project is not enough here.
        scene.get(RULES).await.error(403);
        let system = scene.app.system_admin().await;
        scene.get_as(&system, RULES).await.expect(200);
    }

    #[tokio::test]
    async fn a_token_calls_only_what_its_rules_allow() {
        let scene = scene().await;
        let rules = json!([
            rule("/v3/users/{id}/application_credentials", "GET"),
            rule("/v3/auth/**", "GET")
        ]);
        let (_, credential) = ruled(&scene, rules.clone()).await;
        let answer = scene
            .try_credential_login(&credential.0, &credential.1)
            .await
            .expect(201);
        let shown = answer.json()["token"]["application_credential"]["access_rules"].clone();
        assert_eq!(shown.as_array().unwrap().len(), 2);
        assert_eq!(shown[0]["path"], rules[0]["path"]);
        let text = answer.header("x-subject-token").to_owned();
        scene.get_as(&text, CREDENTIALS).await.expect(200);
        scene.get_as(&text, "/v3/auth/projects").await.expect(200);
        scene.get_as(&text, "/v3/users/uma").await.error(401);
        scene
            .post_as(&text, CREDENTIALS, body(json!({ "name": "x" })))
            .await
            .error(401);
        scene
            .app
            .head(CREDENTIALS)
            .token(&text)
            .send()
            .await
            .expect(401);
        scene
            .delete_as(&text, &format!("{CREDENTIALS}/{}", credential.0))
            .await
            .error(401);
    }

    #[tokio::test]
    async fn rules_of_other_services_allow_nothing_here() {
        let scene = scene().await;
        let rules = json!([{ "service": "compute", "path": "/**", "method": "GET" }]);
        let (_, credential) = ruled(&scene, rules).await;
        let text = scene.credential_login(&credential).await;
        scene.get_as(&text, "/v3/auth/projects").await.error(401);
    }

    #[tokio::test]
    async fn a_token_with_rules_is_shown_to_those_who_understand_them() {
        let scene = scene().await;
        let (_, credential) = ruled(&scene, json!([rule("/v3/projects", "GET")])).await;
        let text = scene.credential_login(&credential).await;
        scene.validate(&text).await.expect(200);
        for version in [None, Some("0.9"), Some("x"), Some("")] {
            let mut request = scene
                .app
                .get("/v3/auth/tokens")
                .token(&scene.admin)
                .subject(&text);
            if let Some(version) = version {
                request = request.header("openstack-identity-access-rules", version);
            }
            request.send().await.error(404);
        }
    }
}
