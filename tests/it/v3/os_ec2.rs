//! `/v3/users/{user_id}/credentials/OS-EC2`

use crate::harness::Scene;
use serde_json::{Value, json};

fn path_of(user_id: &str) -> String {
    format!("/v3/users/{user_id}/credentials/OS-EC2")
}

#[tokio::test]
async fn a_key_pair_is_made_listed_shown_and_deleted() {
    let scene = Scene::new().await;
    let answer = scene
        .post(&path_of("uma"), json!({ "tenant_id": "top" }))
        .await;
    let made = answer.expect(201).json()["credential"].clone();
    let access = made["access"].as_str().unwrap();
    let secret = made["secret"].as_str().unwrap();
    assert_eq!((access.len(), secret.len()), (32, 32));
    let path = format!("{}/{access}", path_of("uma"));
    assert_eq!(
        made,
        json!({
            "user_id": "uma", "tenant_id": "top", "access": access, "secret": secret,
            "trust_id": null, "links": { "self": format!("http://keystone.test{path}") },
        })
    );
    assert_eq!(
        scene.get(&path).await.expect(200).json()["credential"],
        made
    );
    scene.head(&path).await.expect(200);
    let list = scene.get(&path_of("uma")).await.expect(200).json();
    assert_eq!(list["credentials"], json!([made]));
    assert_eq!(
        list["links"]["self"],
        format!("http://keystone.test{}", path_of("uma"))
    );
    let all = scene
        .get("/v3/credentials?type=ec2")
        .await
        .expect(200)
        .json();
    let blob: Value =
        serde_json::from_str(all["credentials"][0]["blob"].as_str().unwrap()).unwrap();
    assert_eq!(
        blob,
        json!({ "access": access, "secret": secret, "trust_id": null })
    );
    scene.delete(&path).await.expect(204);
    scene.get(&path).await.error(404);
    scene.delete(&path).await.error(404);
}

#[tokio::test]
async fn users_and_projects_must_be_there() {
    let scene = Scene::new().await;
    scene.get(&path_of("nobody")).await.error(404);
    let of_project = |id: Value| json!({ "tenant_id": id });
    scene
        .post(&path_of("nobody"), of_project(json!("top")))
        .await
        .error(404);
    for id in [json!("missing"), Value::Null] {
        scene.post(&path_of("uma"), of_project(id)).await.error(404);
    }
    scene.post(&path_of("uma"), json!({})).await.error(404);
    scene
        .post(&path_of("uma"), of_project(json!(5)))
        .await
        .error(400);
    scene
        .get(&format!("{}/nope", path_of("uma")))
        .await
        .error(404);
}

#[tokio::test]
async fn only_the_owner_and_administrators_reach_a_key_pair() {
    let scene = Scene::new().await;
    let app = &scene.app;
    let mia = app.persona("mia", "member").await;
    let rita = app.persona("rita", "reader").await;
    let body = json!({ "tenant_id": mia.project_id });
    let own = path_of(&mia.user_id);
    let made = app.post(&own, body.clone()).token(&mia.token).send().await;
    let access = made.expect(201).json()["credential"]["access"]
        .as_str()
        .unwrap()
        .to_owned();
    let pair = format!("{own}/{access}");
    app.get(&pair).token(&mia.token).send().await.expect(200);
    app.get(&own).token(&mia.token).send().await.expect(200);
    scene.get(&pair).await.expect(200);
    // A reader is no member: it may not even make a pair of its own.
    let of_rita = path_of(&rita.user_id);
    for denied in [
        app.get(&pair),
        app.delete(&pair),
        app.get(&own),
        app.post(&own, body.clone()),
        app.post(&of_rita, body),
    ] {
        denied.token(&rita.token).send().await.error(403);
    }
    // Whose path it is asked by makes no difference.
    let disguised = format!("{of_rita}/{access}");
    for denied in [app.get(&disguised), app.delete(&disguised)] {
        denied.token(&rita.token).send().await.error(403);
    }
    scene.get(&disguised).await.expect(200);
    scene
        .get(&format!("/v3/users/nobody/credentials/OS-EC2/{access}"))
        .await
        .error(404);
    for anonymous in [app.get(&pair), app.delete(&pair), app.get(&own)] {
        anonymous.send().await.error(401);
    }
    app.delete(&pair).token(&mia.token).send().await.expect(204);
}

#[tokio::test]
async fn other_credentials_are_no_key_pairs() {
    let scene = Scene::new().await;
    let blob = json!({ "access": "AK1", "secret": "SK1" }).to_string();
    let upper = json!({ "credential": { "type": "EC2", "blob": blob, "user_id": "uma" } });
    scene.post("/v3/credentials", upper).await.expect(201);
    scene
        .get(&format!("{}/AK1", path_of("uma")))
        .await
        .error(404);
    let list = scene.get(&path_of("uma")).await.expect(200).json();
    assert_eq!(list["credentials"], json!([]));
}
