//! `/v3/credentials`

use crate::harness::{Answer, Scene, TestApp};
use keystone::driver::sql::db::sql;
use serde_json::{Value, json};

fn totp(user_id: &str) -> Value {
    json!({ "credential": { "type": "totp", "blob": "JBSWY3DPEHPK3PXP", "user_id": user_id } })
}

fn ec2(user_id: &str, project_id: &str, blob: Value) -> Value {
    let blob = blob.to_string();
    json!({ "credential": {
        "type": "ec2", "blob": blob, "user_id": user_id, "project_id": project_id } })
}

fn id_of(answer: &Answer) -> String {
    answer.json()["credential"]["id"]
        .as_str()
        .expect("an id")
        .to_owned()
}

async fn make(scene: &Scene, body: Value) -> String {
    id_of(&scene.post("/v3/credentials", body).await.expect(201))
}

fn ids(answer: &Answer) -> Vec<String> {
    let list = answer.json()["credentials"].as_array().cloned();
    let mut ids: Vec<String> = list
        .expect("a list")
        .iter()
        .map(|credential| credential["id"].as_str().expect("an id").to_owned())
        .collect();
    ids.sort_unstable();
    ids
}

/// Column values of one credential's row.
async fn row(app: &TestApp, id: &str) -> (String, String) {
    let mut session = app.app.db.session().await.unwrap();
    let statement = sql("SELECT encrypted_blob, key_hash FROM credential WHERE id = ?");
    let row = session.fetch_one(statement.bind(id)).await.unwrap();
    (
        row.text("encrypted_blob").unwrap(),
        row.text("key_hash").unwrap(),
    )
}

async fn overwrite(app: &TestApp, id: &str, encrypted_blob: &str) {
    let mut session = app.app.db.session().await.unwrap();
    let statement = sql("UPDATE credential SET encrypted_blob = ? WHERE id = ?");
    session
        .execute(statement.bind(encrypted_blob).bind(id))
        .await
        .unwrap();
}

#[tokio::test]
async fn a_credential_is_stored_shown_changed_and_deleted() {
    let scene = Scene::new().await;
    let mut body = totp("uma");
    body["credential"]["my-note"] = json!("v");
    body["credential"]["id"] = json!("chosen");
    body["credential"]["links"] = json!("forged");
    let made = scene.post("/v3/credentials", body).await.expect(201).json();
    let credential = &made["credential"];
    let id = credential["id"].as_str().unwrap();
    assert_eq!(id.len(), 32);
    assert_eq!(
        *credential,
        json!({
            "my_note": "v", "id": id, "user_id": "uma", "project_id": null, "type": "totp",
            "blob": "JBSWY3DPEHPK3PXP",
            "links": { "self": format!("http://keystone.test/v3/credentials/{id}") },
        })
    );
    let path = format!("/v3/credentials/{id}");
    assert_eq!(scene.get(&path).await.expect(200).json(), made);
    let changed = scene
        .patch(
            &path,
            json!({ "credential": { "blob": "GEZDGNBVGY3TQOJQ" } }),
        )
        .await
        .expect(200)
        .json();
    assert_eq!(changed["credential"]["blob"], "GEZDGNBVGY3TQOJQ");
    assert_eq!(changed["credential"]["my_note"], "v");
    assert_eq!(scene.get(&path).await.expect(200).json(), changed);
    scene.head(&path).await.expect(200);
    assert_eq!(scene.delete(&path).await.expect(204).body, "");
    scene.get(&path).await.error(404);
    scene.delete(&path).await.error(404);
    scene
        .patch(&path, json!({ "credential": { "blob": "x" } }))
        .await
        .error(404);
}

#[tokio::test]
async fn the_database_holds_no_secret_in_clear() {
    let scene = Scene::new().await;
    let id = make(&scene, totp("uma")).await;
    let (blob, key_hash) = row(&scene.app, &id).await;
    assert!(blob.starts_with("gAAAA"), "{blob}");
    let keys = &scene.app.app.settings().credential_keys;
    assert_eq!(key_hash, keys.primary().hash());
    assert_eq!(keys.decrypt(&blob).unwrap().0, b"JBSWY3DPEHPK3PXP");
}

#[tokio::test]
async fn an_ec2_credential_is_found_by_its_access_key() {
    let scene = Scene::new().await;
    let blob = json!({ "access": "AK1", "secret": "SK1" });
    let id = make(&scene, ec2("uma", "top", blob.clone())).await;
    // SHA-256 of "AK1".
    assert_eq!(
        id,
        "5e2e84497339a607cff12f20eab85a14f7bad4da010e4fedc95381144fa3933d"
    );
    scene
        .post("/v3/credentials", ec2("vic", "top", blob))
        .await
        .error(409);
}

#[tokio::test]
async fn malformed_credentials_are_400() {
    let scene = Scene::new().await;
    let good = json!({ "access": "a", "secret": "s" }).to_string();
    let long = "n".repeat(300);
    let bodies = [
        json!({}),
        json!({ "credential": { "type": "x" } }),
        json!({ "credential": { "type": "ec2", "blob": good, "user_id": "uma" } }),
        json!({ "credential": { "type": "ec2", "blob": "nojson", "user_id": "uma", "project_id": "top" } }),
        json!({ "credential": { "type": "ec2", "blob": "{}", "user_id": "uma", "project_id": "top" } }),
        json!({ "credential": { "type": "ec2", "blob": "[]", "user_id": "uma", "project_id": "top" } }),
        json!({ "credential": { "type": "ec2", "blob": "{\"access\": 5}", "user_id": "uma", "project_id": "top" } }),
        json!({ "credential": { "type": "cert", "blob": "x", "user_id": long } }),
        json!({ "credential": { "type": long, "blob": "x", "user_id": "uma" } }),
        json!({ "credential": { "type": "cert", "blob": "x", "user_id": "uma", "project_id": long } }),
        json!({ "credential": { "type": "cert", "blob": { "a": 1 }, "user_id": "uma" } }),
    ];
    for body in bodies {
        let answer = scene.post("/v3/credentials", body).await;
        answer.error(400);
    }
    assert!(ids(&scene.get("/v3/credentials").await.expect(200)).is_empty());
}

#[tokio::test]
async fn only_the_secret_can_be_changed() {
    let scene = Scene::new().await;
    let id = make(&scene, totp("uma")).await;
    let path = format!("/v3/credentials/{id}");
    for change in [
        json!({ "user_id": "vic" }),
        json!({ "blob": "x", "user_id": "vic" }),
        json!({ "blob": "x", "project_id": "top" }),
        json!({ "blob": "x", "type": "ec2" }),
        json!({ "blob": "x", "id": id }),
        json!({}),
    ] {
        let answer = scene.patch(&path, json!({ "credential": change })).await;
        answer.error(400);
    }
    let shown = scene.get(&path).await.expect(200).json();
    assert_eq!(shown["credential"]["blob"], "JBSWY3DPEHPK3PXP");
    assert_eq!(shown["credential"]["user_id"], "uma");
}

#[tokio::test]
async fn the_delegation_inside_a_key_pair_cant_be_changed() {
    let scene = Scene::new().await;
    for name in ["trust_id", "app_cred_id", "access_token_id", "access_id"] {
        let bound = json!({ "access": name, "secret": "s", name: "one" });
        let bound = make(&scene, ec2("uma", "top", bound)).await;
        let free = json!({ "access": format!("free {name}"), "secret": "s" });
        let free = make(&scene, ec2("uma", "top", free)).await;
        let patch = async |id: &str, blob: Value| {
            let body = json!({ "credential": { "blob": blob.to_string() } });
            scene.patch(&format!("/v3/credentials/{id}"), body).await
        };
        let other = json!({ "access": "a", "secret": "s", name: "two" });
        patch(&bound, other.clone()).await.error(400);
        patch(&free, other).await.error(400);
        patch(&bound, json!({ "access": "a", "secret": "s" }))
            .await
            .error(400);
        patch(&bound, json!({ "access": "a", "secret": "t", name: "one" }))
            .await
            .expect(200);
        patch(&free, json!({ "access": "a", "secret": "t", name: null }))
            .await
            .expect(200);
        patch(&free, json!({ "secret": "t" })).await.error(400);
    }
}

#[tokio::test]
async fn users_reach_their_own_credentials_and_nobody_elses() {
    let scene = Scene::new().await;
    let rita = scene.app.persona("rita", "reader").await;
    let app = &scene.app;
    let own = app
        .post("/v3/credentials", totp(&rita.user_id))
        .token(&rita.token)
        .send()
        .await
        .expect(201);
    let own = id_of(&own);
    let foreign = make(&scene, totp("uma")).await;
    let as_rita = |path: String| app.get(&path).token(&rita.token);
    as_rita(format!("/v3/credentials/{own}"))
        .send()
        .await
        .expect(200);
    let path = format!("/v3/credentials/{foreign}");
    as_rita(path.clone()).send().await.error(403);
    as_rita("/v3/credentials/missing".to_owned())
        .send()
        .await
        .error(403);
    let change = json!({ "credential": { "blob": "mine" } });
    app.patch(&path, change)
        .token(&rita.token)
        .send()
        .await
        .error(403);
    app.delete(&path).token(&rita.token).send().await.error(403);
    app.post("/v3/credentials", totp("uma"))
        .token(&rita.token)
        .send()
        .await
        .error(403);
    app.post("/v3/credentials", totp("nobody"))
        .token(&rita.token)
        .send()
        .await
        .error(403);
    for query in ["", "?user_id=uma", "?user_id__contains=m&type=totp"] {
        let seen = as_rita(format!("/v3/credentials{query}")).send().await;
        let expected: &[String] = if query.is_empty() {
            std::slice::from_ref(&own)
        } else {
            &[]
        };
        assert_eq!(ids(&seen.expect(200)), expected, "{query}");
    }
    app.get(&path).send().await.error(401);
    app.get("/v3/credentials").send().await.error(401);
    assert_eq!(
        scene.get(&path).await.expect(200).json()["credential"]["blob"],
        "JBSWY3DPEHPK3PXP"
    );
}

#[tokio::test]
async fn lists_are_filtered_and_paged() {
    let scene = Scene::new().await;
    let mut all = Vec::new();
    for user in ["uma", "vic", "zoe"] {
        all.push(make(&scene, totp(user)).await);
        let body = json!({ "credential": { "type": "Totally", "blob": "x", "user_id": user } });
        all.push(make(&scene, body).await);
    }
    all.sort_unstable();
    let count = async |query: &str| {
        let answer = scene.get(&format!("/v3/credentials?{query}")).await;
        ids(&answer.expect(200)).len()
    };
    assert_eq!(count("").await, 6);
    assert_eq!(count("user_id=uma").await, 2);
    assert_eq!(count("type=totp").await, 3);
    assert_eq!(count("user_id=uma&type=totp").await, 1);
    assert_eq!(count("user_id=nobody").await, 0);
    assert_eq!(count("type__contains=ot").await, 6);
    assert_eq!(count("type__startswith=To").await, 3);
    assert_eq!(count("type__istartswith=TO").await, 6);
    assert_eq!(count("blob=x").await, 6);
    let mut path = "/v3/credentials?limit=4".to_owned();
    let mut seen = Vec::new();
    let mut pages = 0;
    loop {
        let page = scene.get(&path).await.expect(200);
        seen.extend(ids(&page));
        pages += 1;
        match page.json()["links"]["next"].as_str() {
            Some(next) => path = next.replace("http://keystone.test", ""),
            None => break,
        }
    }
    assert_eq!((pages, seen), (2, all));
}

#[tokio::test]
async fn what_no_key_decrypts_is_shown_without_its_secret_and_can_be_deleted() {
    let scene = Scene::new().await;
    let lost = make(&scene, totp("uma")).await;
    let clear = make(&scene, totp("uma")).await;
    let pair = json!({ "access": "AK1", "secret": "SK1" });
    let pair = make(&scene, ec2("uma", "top", pair)).await;
    overwrite(&scene.app, &lost, "gAAAAABlost").await;
    overwrite(&scene.app, &clear, "JBSWY3DPEHPK3PXP").await;
    overwrite(&scene.app, &pair, "").await;
    let list = scene.get("/v3/credentials").await.expect(200).json();
    assert_eq!(list["credentials"].as_array().unwrap().len(), 3);
    let change = json!({ "credential": { "blob": r#"{"access": "AK1"}"# } });
    for id in [&lost, &clear, &pair] {
        let path = format!("/v3/credentials/{id}");
        let shown = scene.get(&path).await.expect(200).json();
        assert_eq!(shown["credential"]["blob"], Value::Null);
        let changed = scene.patch(&path, change.clone()).await;
        changed.expect(if id == &pair { 409 } else { 200 });
        scene.delete(&path).await.expect(204);
    }
}

#[tokio::test]
async fn credentials_go_with_their_user_and_with_their_project() {
    let scene = Scene::new().await;
    let of_user = make(&scene, totp("vic")).await;
    let pair = json!({ "access": "AK1", "secret": "SK1" });
    let of_project = make(&scene, ec2("uma", "below", pair)).await;
    let other = make(&scene, totp("uma")).await;
    scene.delete("/v3/users/vic").await.expect(204);
    scene.delete("/v3/projects/below").await.expect(204);
    for gone in [of_user, of_project] {
        scene
            .get(&format!("/v3/credentials/{gone}"))
            .await
            .error(404);
    }
    scene
        .get(&format!("/v3/credentials/{other}"))
        .await
        .expect(200);
}

#[tokio::test]
async fn a_user_has_as_many_credentials_as_the_limit_allows() {
    let scene = Scene::with_config("[credential]\nuser_limit = 2").await;
    make(&scene, totp("uma")).await;
    make(&scene, totp("uma")).await;
    scene.post("/v3/credentials", totp("uma")).await.error(403);
    make(&scene, totp("vic")).await;
}

#[tokio::test]
async fn of_many_credentials_made_at_once_no_more_than_the_limit_are() {
    let scene = Scene::with_config("[credential]\nuser_limit = 1").await;
    // With connections at hand, all of them count before the first has committed.
    let reads = (0..10).map(|_| scene.get("/v3/credentials"));
    futures_util::future::join_all(reads).await;
    let attempts = (0..10).map(|_| scene.post("/v3/credentials", totp("uma")));
    let answers = futures_util::future::join_all(attempts).await;
    let mut statuses: Vec<u16> = answers.iter().map(|answer| answer.status).collect();
    statuses.sort_unstable();
    assert_eq!(statuses[0], 201);
    assert_eq!(statuses[1..], [403; 9]);
}
