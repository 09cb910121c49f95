//! Projects and roles that a mapping gives.

use super::ALICE;
use crate::harness::delegation::role_names;
use crate::harness::federation::{log_in, said, scene_with, try_log_in};
use crate::harness::{ACME, Scene, UMBRELLA};
use futures_util::future::join_all;
use serde_json::{Value, json};

/// A mapping of a version that gives every user these projects.
fn mapping(version: &str, projects: Value) -> Value {
    let local = json!([{ "user": { "name": "{0}" }, "projects": projects }]);
    let rules = json!([{ "local": local, "remote": [{ "type": "HTTP_OIDC_SUB" }] }]);
    json!({ "rules": rules, "schema_version": version })
}

fn roles(names: &[&str]) -> Value {
    names.iter().map(|name| json!({ "name": name })).collect()
}

async fn remap(scene: &Scene, mapping: Value) {
    let path = "/v3/OS-FEDERATION/mappings/m";
    let body = json!({ "mapping": mapping });
    scene.patch(path, body).await.expect(200);
}

/// What alice was granted: names of roles and projects, sorted.
async fn granted(scene: &Scene) -> Vec<String> {
    let path = format!("/v3/role_assignments?user.id={ALICE}&include_names");
    let answer = scene.get(&path).await.expect(200).json();
    let all = answer["role_assignments"].as_array().expect("a list");
    let mut found: Vec<String> = all
        .iter()
        .map(|one| {
            let project = &one["scope"]["project"]["name"];
            let inherited = one["scope"].get("OS-INHERIT:inherited_to").is_some();
            let mark = if inherited { "*" } else { "" };
            format!(
                "{}{mark} on {}",
                one["role"]["name"].as_str().expect("a name"),
                project.as_str().unwrap_or("a domain")
            )
        })
        .collect();
    found.sort_unstable();
    found
}

#[tokio::test]
async fn projects_are_made_and_roles_given() {
    let projects = json!([
        { "name": "home", "roles": roles(&["member"]) },
        { "name": "top", "roles": roles(&["reader", "member"]) },
    ]);
    let scene = scene_with("", mapping("1.0", projects)).await;
    let (token, _) = log_in(&scene, "alice", "").await;
    assert_eq!(
        granted(&scene).await,
        ["member on home", "member on top", "reader on top"]
    );
    let listed = scene.get_as(&token, "/v3/auth/projects").await.expect(200);
    let listed = listed.json();
    let home = listed["projects"].as_array().expect("projects").iter();
    let home = home.clone().find(|project| project["name"] == "home");
    let home = home.expect("a project");
    assert_eq!(home["domain_id"], ACME);
    assert_eq!(home["description"], "");
    let scope = json!({ "project": { "id": home["id"] } });
    let answer = scene.try_rescope(&token, scope).await.expect(201);
    assert_eq!(role_names(&answer.json()), ["member", "reader"]);
    let told = scene.app.notifications().await;
    for kind in [
        "identity.project.created",
        "identity.role_assignment.created",
    ] {
        assert!(told.iter().any(|told| told["event_type"] == kind), "{kind}");
    }
    // A second login finds all of it.
    let before = told.len();
    log_in(&scene, "alice", "").await;
    assert_eq!(scene.app.notifications().await.len(), before);
}

#[tokio::test]
async fn only_version_3_takes_away_what_the_mapping_does_not_give() {
    let both = json!([
        { "name": "top", "roles": roles(&["reader", "member"]) },
        { "name": "below", "roles": roles(&["member"]) },
    ]);
    let scene = scene_with("", mapping("1.0", both)).await;
    log_in(&scene, "alice", "").await;
    let reader = scene.role("reader").to_owned();
    let more = [
        format!("/v3/domains/{ACME}/users/{ALICE}/roles/{reader}"),
        format!("/v3/OS-INHERIT/projects/top/users/{ALICE}/roles/{reader}/inherited_to_projects"),
        format!("/v3/projects/elsewhere/users/{ALICE}/roles/{reader}"),
    ];
    for path in more {
        scene.put(&path).await.expect(204);
    }
    let one = json!([{ "name": "top", "roles": roles(&["member"]) }]);
    let all = [
        "member on below",
        "member on top",
        "reader on a domain",
        "reader on elsewhere",
        "reader on top",
        "reader* on top",
    ];
    for version in ["1.0", "2.0"] {
        remap(&scene, mapping(version, one.clone())).await;
        log_in(&scene, "alice", "").await;
        assert_eq!(granted(&scene).await, all, "{version}");
    }
    remap(&scene, mapping("3.0", one)).await;
    log_in(&scene, "alice", "").await;
    let left = ["member on top", "reader on a domain", "reader* on top"];
    assert_eq!(granted(&scene).await, left);
    // Who gets no project has none.
    let none = json!([{ "local": [{ "user": { "name": "{0}" } }],
        "remote": [{ "type": "HTTP_OIDC_SUB" }] }]);
    remap(&scene, json!({ "rules": none, "schema_version": "3.0" })).await;
    log_in(&scene, "alice", "").await;
    assert_eq!(granted(&scene).await, left[1..]);
}

#[tokio::test]
async fn projects_may_be_of_another_domain_or_come_with_the_user() {
    let local = json!([{
        "user": { "name": "{0}" },
        "projects_json": "{1}",
        "domain": { "id": UMBRELLA },
    }]);
    let remote = json!([{ "type": "HTTP_OIDC_SUB" }, { "type": "HTTP_OIDC_PROJECTS" }]);
    let rules = json!([{ "local": local, "remote": remote }]);
    let scene = scene_with("", json!({ "rules": rules, "schema_version": "3.0" })).await;
    let json = json!([
        { "name": "elsewhere", "roles": roles(&["member"]) },
        { "name": "top", "roles": roles(&["reader"]), "domain": { "name": "acme" } },
    ]);
    let json = json.to_string();
    let said = [("oidc-sub", "alice"), ("oidc-projects", json.as_str())];
    let answer = try_log_in(&scene.app, &said).await.expect(201).json();
    let id = answer["token"]["user"]["id"].as_str().expect("an id");
    let path = format!("/v3/role_assignments?user.id={id}");
    let found = scene.get(&path).await.expect(200).json();
    let found = found["role_assignments"].as_array().expect("a list");
    let mut ids: Vec<_> = found
        .iter()
        .map(|one| one["scope"]["project"]["id"].as_str().expect("an id"))
        .collect();
    ids.sort_unstable();
    assert_eq!(ids, ["elsewhere", "top"]);
}

#[tokio::test]
async fn what_cannot_be_given_lets_nobody_in_and_makes_nothing() {
    let scene = scene_with("", mapping("1.0", json!([]))).await;
    let foreign = scene.new_role("foreign", Some(UMBRELLA)).await;
    scene.new_role("own", Some(ACME)).await;
    let in_domain = |domain: Value| json!({ "name": "new", "roles": [], "domain": domain });
    for (version, projects, status) in [
        (
            "1.0",
            json!([{ "name": "new", "roles": roles(&["member", "none"]) }]),
            404,
        ),
        (
            "1.0",
            json!([{ "name": "new", "roles": roles(&["foreign"]) }]),
            403,
        ),
        ("1.0", json!([{ "name": " ", "roles": [] }]), 400),
        ("1.0", json!([{ "name": "x".repeat(65), "roles": [] }]), 400),
        ("2.0", json!([in_domain(json!({ "id": "none" }))]), 400),
        ("2.0", json!([in_domain(json!({ "name": "none" }))]), 404),
        ("2.0", json!([in_domain(json!({}))]), 401),
        // A role of the user's own domain, on a project of another one.
        (
            "2.0",
            json!([{ "name": "elsewhere", "roles": roles(&["own"]), "domain": { "id": UMBRELLA } }]),
            403,
        ),
    ] {
        remap(&scene, mapping(version, projects.clone())).await;
        let answer = try_log_in(&scene.app, &said("alice", "")).await;
        assert_eq!(answer.status, status, "{projects}: {}", answer.body);
        let answer = scene.get("/v3/projects?name=new").await.expect(200);
        assert_eq!(answer.json()["projects"], json!([]), "{projects}");
        scene.get(&format!("/v3/users/{ALICE}")).await.error(404);
    }
    let own = json!([{ "name": "new", "roles": roles(&["own"]) }]);
    remap(&scene, mapping("1.0", own)).await;
    log_in(&scene, "alice", "").await;
    assert_eq!(granted(&scene).await, ["own on new"]);
    scene
        .delete(&format!("/v3/roles/{foreign}"))
        .await
        .expect(204);
}

#[tokio::test]
async fn first_logins_at_once_make_a_project_once() {
    let projects = json!([{ "name": "shared", "roles": roles(&["member"]) }]);
    let scene = scene_with("", mapping("1.0", projects)).await;
    let users = ["alice", "bob", "carol", "dave"];
    let said = users.map(|user| said(user, ""));
    let logins = said.iter().map(|said| try_log_in(&scene.app, said));
    for answer in join_all(logins).await {
        answer.expect(201);
    }
    let listed = scene.get("/v3/projects?name=shared").await.expect(200);
    assert_eq!(
        listed.json()["projects"].as_array().expect("a list").len(),
        1
    );
}
