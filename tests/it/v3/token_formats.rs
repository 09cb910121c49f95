//! Tokens of every format: what they look like, that they are accepted wherever one is, and that
//! formats live side by side.

use crate::harness::signing;
use crate::harness::{ACME, ADMIN_PASSWORD, Scene, login_body};
use serde_json::{Value, json};

const FORMATS: [&str; 5] = ["fernet", "jws", "uuid", "pki", "pkiz"];

async fn scene(format: &str) -> Scene {
    let scene = Scene::with_config(&signing::config(format)).await;
    let project = format!("/v3/projects/top/users/uma/roles/{}", scene.role("member"));
    let domain = format!(
        "/v3/domains/{ACME}/users/uma/roles/{}",
        scene.role("member")
    );
    let system = format!("/v3/system/users/uma/roles/{}", scene.role("reader"));
    for path in [project, domain, system] {
        scene.put(&path).await.expect(204);
    }
    scene
}

fn scopes() -> [Value; 4] {
    [
        json!("unscoped"),
        json!({ "project": { "id": "top" } }),
        json!({ "domain": { "id": ACME } }),
        json!({ "system": { "all": true } }),
    ]
}

#[tokio::test]
async fn every_format_carries_every_scope() {
    for format in FORMATS {
        let scene = scene(format).await;
        for scope in scopes() {
            let answer = scene.try_login("uma", scope.clone()).await.expect(201);
            let token = answer.header("x-subject-token").to_owned();
            let issued = answer.json();
            // From the cache, and from the text alone.
            for _ in 0..2 {
                let shown = scene
                    .app
                    .get("/v3/auth/tokens")
                    .token(&scene.admin)
                    .subject(&token)
                    .send()
                    .await
                    .expect(200);
                assert_eq!(shown.json(), issued, "{format} {scope}");
                assert_eq!(shown.header("x-subject-token"), token);
                scene.app.app.tokens.clear();
            }
            let bearer = scene.app.get("/v3/auth/projects").token(&token).send();
            bearer.await.expect(200);
        }
    }
}

#[tokio::test]
async fn formats_look_as_they_always_did() {
    for (format, check) in [
        ("uuid", (|token| token.len() == 32) as fn(&str) -> bool),
        ("pki", |token| {
            token.starts_with("MII") && !token.contains('/')
        }),
        ("pkiz", |token| token.starts_with("PKIZ_")),
        ("jws", |token| token.starts_with("ey")),
        ("fernet", |token| token.starts_with("gAAAA")),
    ] {
        let scene = Scene::with_config(&signing::config(format)).await;
        assert!(check(&scene.admin), "{format}: {}", scene.admin);
    }
}

#[tokio::test]
async fn openssl_verifies_signed_tokens_and_finds_the_answer_in_them() {
    for format in ["pki", "pkiz"] {
        let scene = scene(format).await;
        let scope = json!({ "project": { "id": "top" } });
        let answer = scene.try_login("uma", scope).await.expect(201);
        let pem = signing::pem_of(answer.header("x-subject-token"));
        let content = signing::verify(&pem);
        let content: Value = serde_json::from_str(&content).expect("JSON");
        assert_eq!(content, answer.json(), "{format}");
    }
}

#[tokio::test]
async fn signed_tokens_go_by_their_short_id_as_well() {
    for (hash, length) in [("md5", 32), ("sha256", 64)] {
        let config = format!("{}hash_algorithm = {hash}\n", signing::config("pki"));
        let scene = Scene::with_config(&config).await;
        let short = signing::digest(hash, &scene.admin);
        assert_eq!(short.len(), length);
        scene
            .app
            .get("/v3/auth/tokens")
            .token(&short)
            .subject(&short)
            .send()
            .await
            .expect(200);
        let other = signing::digest("sha1", &scene.admin);
        let bearer = scene.app.get("/v3/auth/projects").token(&other).send();
        bearer.await.error(401);
    }
}

#[tokio::test]
async fn a_changed_or_foreign_signed_text_is_refused() {
    let scene = Scene::with_config(&signing::config("pki")).await;
    let mut changed = scene.admin.clone().into_bytes();
    let middle = changed.len() / 2;
    changed[middle] = if changed[middle] == b'A' { b'B' } else { b'A' };
    let changed = String::from_utf8(changed).expect("ASCII");
    let foreign = include_str!("../../golden/pki/server/pki-v3.token").trim();
    // Signed by our certificate, and yet not in the store.
    let unknown = include_str!("../../golden/pki/token.pki").trim();
    for token in [
        changed.as_str(),
        foreign,
        unknown,
        "MII",
        "PKIZ_",
        "PKIZ_AAAA",
    ] {
        let bearer = scene.app.get("/v3/auth/projects").token(token).send();
        bearer.await.error(401);
    }
}

#[tokio::test]
async fn a_deleted_token_of_any_format_is_dead_for_good() {
    for format in FORMATS {
        let scene = scene(format).await;
        let token = scene.login("uma", json!("unscoped")).await;
        let delete = || {
            scene
                .app
                .delete("/v3/auth/tokens")
                .token(&scene.admin)
                .subject(&token)
                .send()
        };
        delete().await.expect(204);
        delete().await.error(404);
        scene.app.app.tokens.clear();
        let bearer = scene.app.get("/v3/auth/projects").token(&token).send();
        bearer.await.error(401);
    }
}

#[tokio::test]
async fn a_token_made_from_a_token_keeps_its_chain_and_end_in_every_format() {
    for format in FORMATS {
        let scene = scene(format).await;
        let first = scene.try_login("uma", json!("unscoped")).await.expect(201);
        scene.app.wait(60);
        let identity = json!({
            "methods": ["token"], "token": { "id": first.header("x-subject-token") }
        });
        let scope = json!({ "project": { "id": "top" } });
        let body = json!({ "auth": { "identity": identity, "scope": scope } });
        let second = scene
            .app
            .post("/v3/auth/tokens", body)
            .send()
            .await
            .expect(201);
        let (first, second) = (first.json(), second.json());
        assert_eq!(second["token"]["expires_at"], first["token"]["expires_at"]);
        assert_eq!(
            second["token"]["audit_ids"][1],
            first["token"]["audit_ids"][0]
        );
    }
}

#[tokio::test]
async fn a_cloud_moves_from_one_format_to_another_with_no_client_noticing() {
    let old = scene("uuid").await;
    let old_token = old
        .login("uma", json!({ "project": { "id": "top" } }))
        .await;
    let mut config = signing::config("fernet");
    config.push_str("accept = uuid, pki, jws\n");
    let new = old.app.sibling(&config).await;
    let show = new.get("/v3/auth/projects").token(&old_token).send().await;
    show.expect(200);
    let body = login_body("admin", ADMIN_PASSWORD, Value::Null);
    let fresh = new.post("/v3/auth/tokens", body).send().await.expect(201);
    let fresh = fresh.header("x-subject-token").to_owned();
    assert!(fresh.starts_with("gAAAA"));
    // The old server has the keys, so that it accepts the new format too.
    let back = old.app.get("/v3/auth/projects").token(&fresh).send();
    back.await.expect(200);
    // A server that lists other formats does not.
    let mut config = signing::config("fernet");
    config.push_str("accept = jws\n");
    let strict = old.app.sibling(&config).await;
    let refused = strict.get("/v3/auth/projects").token(&old_token).send();
    refused.await.error(401);
}

#[tokio::test]
async fn rows_that_old_keystones_wrote_are_read() {
    let scene = scene("uuid").await;
    let response = include_str!("../../golden/pki/server/pki-v2-response.json");
    for (id, version) in [("a".repeat(32), "v3.0"), ("b".repeat(32), "v2.0")] {
        let data = match version {
            "v3.0" => json!({ "token": {
                "methods": ["password"], "user": { "id": "uma" }, "audit_ids": ["G_ZZ2WkZT7ORihT-cJY_fQ"],
                "issued_at": "2026-01-01T00:00:00.000000Z", "expires_at": "2026-01-01T01:00:00.000000Z",
                "project": { "id": "top" }, "roles": [{ "id": "gone", "name": "gone" }],
            } }),
            _ => {
                // A real answer of Mitaka, for our user and project and of our day.
                let mut data: Value = serde_json::from_str(response).expect("JSON");
                let access = &mut data["access"];
                access["user"]["id"] = json!("uma");
                access["token"]["tenant"]["id"] = json!("top");
                access["token"]["issued_at"] = json!("2026-01-01T00:00:00.000000Z");
                access["token"]["expires"] = json!("2026-01-01T01:00:00Z");
                data
            }
        };
        let extra = json!({
            "key": id, "user": { "id": "uma" }, "tenant": { "id": "top" },
            "metadata": { "roles": ["gone"] }, "token_version": version, "token_data": data,
        });
        plant_row(&scene, &id, &extra).await;
        let shown = scene
            .app
            .get("/v3/auth/tokens")
            .token(&scene.admin)
            .subject(&id)
            .send()
            .await
            .expect(200)
            .json();
        assert_eq!(shown["token"]["project"]["id"], "top");
        // Roles are looked up, not believed.
        assert!(shown["token"]["roles"].to_string().contains("member"));
        assert!(!shown["token"]["roles"].to_string().contains("gone"));
    }
}

async fn plant_row(scene: &Scene, id: &str, extra: &Value) {
    use keystone::driver::sql::db::sql;
    let end = keystone::model::Timestamp::parse("2026-01-01T01:00:00Z");
    let statement =
        sql("INSERT INTO token (id, expires, extra, valid, user_id) VALUES (?, ?, ?, ?, ?)")
            .bind(id)
            .bind(end)
            .bind(extra)
            .bind(true)
            .bind("uma");
    scene.app.app.db.execute(statement).await.expect("a row");
}

#[tokio::test]
async fn a_store_that_is_away_is_503_and_never_a_good_token() {
    let mut config = signing::config("uuid");
    config.push_str(
        "driver = redis\n[token_store]\nredis_url = redis://127.0.0.1:1/\nredis_timeout = 0.2\n",
    );
    let app = crate::harness::TestApp::with_config(&config).await;
    let body = login_body("admin", ADMIN_PASSWORD, Value::Null);
    app.post("/v3/auth/tokens", body).send().await.error(503);
    let bearer = app.get("/v3/auth/projects").token(&"a".repeat(32)).send();
    let answer = bearer.await;
    answer.error(503);
    assert_eq!(answer.header("retry-after"), "5");
}
