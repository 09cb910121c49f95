//! What the routes cost that a cloud asks all day: logins, and questions about one user or project.
//!
//! A change that makes one of them dearer has to say so here.

use super::counted;
use crate::harness::delegation::{self, project, scene, trust};
use crate::harness::{Answer, Scene};
use crate::v3::ec2tokens::Cloud;
use serde_json::{Value, json};

/// Statements of a login when nothing is known, and of the same login just afterwards.
async fn login<F: Future<Output = Answer>>(scene: &Scene, request: impl Fn() -> F) -> (u64, u64) {
    scene.app.app.tokens.clear();
    // What is known of the catalog and of revocations is too old.
    scene.app.wait(6);
    let (answer, cold) = counted(&scene.app, request()).await;
    assert!(answer.status < 300, "{}", answer.body);
    let (answer, warm) = counted(&scene.app, request()).await;
    assert!(answer.status < 300, "{}", answer.body);
    (cold, warm)
}

/// Statements of a read by somebody whose token is known.
async fn read(scene: &Scene, token: &str, path: &str) -> u64 {
    let validate = scene.app.get("/v3/auth/tokens").token(token).subject(token);
    validate.send().await.expect(200);
    let (answer, statements) = counted(&scene.app, scene.get_as(token, path)).await;
    assert!(answer.status < 300, "{path}: {}", answer.body);
    statements
}

/// A login by name, as users do it.
fn by_name(scope: Value) -> Value {
    let user = json!({
        "name": "uma", "domain": { "name": "acme" }, "password": crate::harness::ADMIN_PASSWORD });
    let identity = json!({ "methods": ["password"], "password": { "user": user } });
    let mut body = json!({ "auth": { "identity": identity } });
    if !scope.is_null() {
        body["auth"]["scope"] = scope;
    }
    body
}

#[tokio::test]
async fn logins() {
    let scene = scene().await;
    let uma = scene.login("uma", project("top")).await;
    let credential = scene.new_credential(&uma, "uma", json!({})).await;
    let trust = scene.new_trust(&uma, trust(json!({}))).await;
    let trust = &json!({ "OS-TRUST:trust": { "id": trust } });
    let post = |body: Value| scene.app.post("/v3/auth/tokens", body).send();
    let top_by_name = json!({ "project": { "name": "top", "domain": { "name": "acme" } } });
    let costs = [
        (
            "password, project",
            login(&scene, || scene.try_login("uma", project("top"))).await,
        ),
        (
            "password, project, all by name",
            login(&scene, || post(by_name(top_by_name.clone()))).await,
        ),
        (
            "password, unscoped",
            login(&scene, || post(by_name(Value::Null))).await,
        ),
        (
            "password, trust",
            login(&scene, || scene.try_login("vic", trust.clone())).await,
        ),
        (
            "token, project",
            login(&scene, || scene.try_rescope(&uma, project("top"))).await,
        ),
        (
            "application credential",
            login(&scene, || {
                scene.try_credential_login(&credential.0, &credential.1)
            })
            .await,
        ),
    ];
    assert_eq!(
        costs,
        [
            ("password, project", (6, 2)),
            ("password, project, all by name", (12, 8)),
            ("password, unscoped", (5, 4)),
            ("password, trust", (11, 3)),
            ("token, project", (8, 1)),
            ("application credential", (11, 4)),
        ]
    );
}

#[tokio::test]
async fn a_signed_request() {
    let cloud = Cloud::new().await;
    cloud.ec2(cloud.signed(json!({}))).await.expect(200);
    cloud.app.wait(6);
    // The asking service's token is known.
    let token = &cloud.service.token;
    let validate = cloud.app.get("/v3/auth/tokens").token(token).subject(token);
    validate.send().await;
    let request = || cloud.ec2(cloud.signed(json!({})));
    let (answer, cold) = counted(&cloud.app, request()).await;
    answer.expect(200);
    let (answer, warm) = counted(&cloud.app, request()).await;
    answer.expect(200);
    assert_eq!((cold, warm), (4, 0));
}

#[tokio::test]
async fn questions_about_one_user_or_project() {
    let scene = scene().await;
    let member = scene.role("member").to_owned();
    let uma = scene.login("uma", project("top")).await;
    delegation::grant(&scene, "uma", "below", "member").await;
    let mut costs = Vec::new();
    for path in [
        "/v3/users/uma".to_owned(),
        "/v3/users/uma/projects".to_owned(),
        "/v3/users/uma/groups".to_owned(),
        "/v3/projects/top".to_owned(),
        format!("/v3/projects/top/users/uma/roles/{member}"),
        "/v3/role_assignments?user.id=uma".to_owned(),
        "/v3/role_assignments?effective&user.id=uma".to_owned(),
        "/v3/role_assignments?effective&scope.project.id=top".to_owned(),
    ] {
        costs.push((
            path.replace(&member, "member"),
            read(&scene, &scene.admin, &path).await,
        ));
    }
    for path in ["/v3/auth/projects", "/v3/auth/domains", "/v3/auth/catalog"] {
        costs.push((path.to_owned(), read(&scene, &uma, path).await));
    }
    let costs: Vec<(&str, u64)> = costs
        .iter()
        .map(|(path, cost)| (path.as_str(), *cost))
        .collect();
    assert_eq!(
        costs,
        [
            ("/v3/users/uma", 1),
            ("/v3/users/uma/projects", 3),
            ("/v3/users/uma/groups", 3),
            ("/v3/projects/top", 2),
            ("/v3/projects/top/users/uma/roles/member", 5),
            ("/v3/role_assignments?user.id=uma", 1),
            ("/v3/role_assignments?effective&user.id=uma", 4),
            ("/v3/role_assignments?effective&scope.project.id=top", 6),
            ("/v3/auth/projects", 2),
            ("/v3/auth/domains", 1),
            ("/v3/auth/catalog", 0),
        ]
    );
}
