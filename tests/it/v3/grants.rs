//! Grants on projects, domains and the system, to users and groups, inherited or not.

use crate::harness::{ACME, Scene, UMBRELLA};
use serde_json::{Value, json};

/// Where grants are made, for a user and for a group: a project, a domain, the system.
fn places() -> [[String; 3]; 2] {
    ["users/uma", "groups/crew"].map(|actor| {
        [
            format!("/v3/projects/top/{actor}"),
            format!("/v3/domains/{ACME}/{actor}"),
            format!("/v3/system/{actor}"),
        ]
    })
}

fn ids(roles: &Value) -> Vec<&str> {
    let roles = roles["roles"].as_array().expect("roles");
    roles
        .iter()
        .map(|role| role["id"].as_str().expect("an id"))
        .collect()
}

#[tokio::test]
async fn a_grant_is_made_seen_listed_and_taken_back() {
    let scene = Scene::new().await;
    let role = scene.new_role("r", None).await;
    let other = scene.new_role("other", None).await;
    for place in places().as_flattened() {
        let list = format!("{place}/roles");
        let grant = format!("{list}/{role}");
        scene.get(&grant).await.error(404);
        assert_eq!(scene.put(&grant).await.expect(204).body, "");
        scene.put(&grant).await.expect(204);
        assert_eq!(scene.get(&grant).await.expect(204).body, "");
        scene.head(&grant).await.expect(204);
        scene.get(&format!("{list}/{other}")).await.error(404);
        let listed = scene.get(&list).await.expect(200).json();
        assert_eq!(ids(&listed), [&role], "{place}");
        let role_itself = scene.get(&format!("/v3/roles/{role}")).await.json();
        assert_eq!(listed["roles"][0], role_itself["role"]);
        assert_eq!(
            listed["links"]["self"],
            format!("http://keystone.test{list}")
        );
        scene.head(&list).await.expect(200);
        scene.delete(&grant).await.expect(204);
        scene.delete(&grant).await.error(404);
        assert!(ids(&scene.get(&list).await.json()).is_empty());
    }
}

#[tokio::test]
async fn an_inherited_grant_is_another_grant() {
    let scene = Scene::new().await;
    let role = scene.new_role("r", None).await;
    for place in places().iter().flat_map(|places| &places[..2]) {
        let plain = format!("{place}/roles/{role}");
        let inherited = plain.replace("/v3/", "/v3/OS-INHERIT/") + "/inherited_to_projects";
        scene.put(&inherited).await.expect(204);
        scene.put(&inherited).await.expect(204);
        scene.get(&inherited).await.expect(204);
        scene.get(&plain).await.error(404);
        assert!(ids(&scene.get(&format!("{place}/roles")).await.json()).is_empty());
        if place.contains("domains") {
            let list = format!("{place}/roles/inherited_to_projects");
            let list = list.replace("/v3/", "/v3/OS-INHERIT/");
            assert_eq!(ids(&scene.get(&list).await.expect(200).json()), [&role]);
        }
        scene.put(&plain).await.expect(204);
        scene.delete(&inherited).await.expect(204);
        scene.delete(&inherited).await.error(404);
        scene.get(&plain).await.expect(204);
    }
}

#[tokio::test]
async fn what_does_not_exist_is_404_for_whoever_has_a_token() {
    let scene = Scene::new().await;
    let role = scene.new_role("r", None).await;
    let member = scene.app.persona("mia", "member").await.token;
    let nobody = [
        format!("/v3/projects/nope/users/uma/roles/{role}"),
        format!("/v3/domains/nope/users/uma/roles/{role}"),
        format!("/v3/domains/top/users/uma/roles/{role}"),
        format!("/v3/projects/top/users/nope/roles/{role}"),
        format!("/v3/projects/top/groups/nope/roles/{role}"),
        format!("/v3/system/users/nope/roles/{role}"),
        format!("/v3/system/groups/nope/roles/{role}"),
        "/v3/projects/top/users/uma/roles/nope".to_owned(),
        "/v3/system/users/uma/roles/nope".to_owned(),
    ];
    for path in nobody {
        for request in [scene.app.put(&path), scene.app.get(&path)] {
            request.token(&member).send().await.error(404);
        }
        scene.put(&path).await.error(404);
        scene.delete(&path).await.error(404);
        scene.app.put(&path).send().await.error(401);
    }
}

#[tokio::test]
async fn below_os_inherit_policy_comes_before_existence() {
    let scene = Scene::new().await;
    let role = scene.new_role("r", None).await;
    let member = scene.app.persona("mia", "member").await.token;
    let inherited =
        |place: &str| format!("/v3/OS-INHERIT/{place}/roles/{role}/inherited_to_projects");
    for path in [
        inherited("projects/nope/users/uma"),
        inherited("projects/top/users/nope"),
        inherited(&format!("domains/{ACME}/groups/nope")),
        "/v3/OS-INHERIT/projects/top/users/uma/roles/nope/inherited_to_projects".to_owned(),
    ] {
        for request in [
            scene.app.put(&path),
            scene.app.get(&path),
            scene.app.delete(&path),
        ] {
            request.token(&member).send().await.error(403);
        }
        scene.put(&path).await.error(404);
        scene.get(&path).await.error(404);
        scene.delete(&path).await.error(404);
    }
    let list = |place: &str| format!("/v3/OS-INHERIT/domains/{place}/roles/inherited_to_projects");
    let of_nobody = scene.get(&list(&format!("{ACME}/users/nope"))).await;
    assert!(ids(&of_nobody.expect(200).json()).is_empty());
    scene.get(&list("nope/users/uma")).await.error(404);
}

#[tokio::test]
async fn what_a_deleted_user_left_can_be_revoked() {
    let scene = Scene::new().await;
    let role = scene.new_role("r", None).await;
    let grant = format!("/v3/projects/top/users/vic/roles/{role}");
    scene.put(&grant).await.expect(204);
    let db = &scene.app.app.db;
    db.transaction(|s| {
        Box::pin(async move {
            keystone::driver::sql::identity::delete_user(s, &"vic".into())
                .await
                .map(drop)
        })
    })
    .await
    .unwrap();
    scene.get(&grant).await.error(404);
    scene.put(&grant).await.error(404);
    scene.delete(&grant).await.expect(204);
    scene.delete(&grant).await.error(404);
}

#[tokio::test]
async fn a_domains_role_stays_in_its_domain() {
    let scene = Scene::new().await;
    let role = scene.new_role("local", Some(ACME)).await;
    scene
        .put(&format!("/v3/projects/top/users/zoe/roles/{role}"))
        .await
        .expect(204);
    scene
        .put(&format!("/v3/projects/elsewhere/users/zoe/roles/{role}"))
        .await
        .error(403);
    scene
        .put(&format!("/v3/projects/{ACME}/users/zoe/roles/{role}"))
        .await
        .error(403);
    scene
        .put(&format!("/v3/system/users/zoe/roles/{role}"))
        .await
        .error(400);
    scene
        .put(&format!("/v3/system/groups/crew/roles/{role}"))
        .await
        .error(400);
    // Keystone does not check this one.
    scene
        .put(&format!("/v3/domains/{UMBRELLA}/users/zoe/roles/{role}"))
        .await
        .expect(204);
}

#[tokio::test]
async fn grants_count_in_tokens_at_once() {
    let scene = Scene::new().await;
    let top = json!({ "project": { "id": "top" } });
    let below = json!({ "project": { "id": "below" } });
    let acme = json!({ "domain": { "id": ACME } });
    let system = json!({ "system": { "all": true } });
    for scope in [&top, &below, &acme, &system] {
        scene.try_login("uma", scope.clone()).await.error(401);
    }
    let (one, two) = (
        scene.new_role("one", None).await,
        scene.new_role("two", None).await,
    );
    scene
        .put(&format!("/v3/projects/top/users/uma/roles/{one}"))
        .await
        .expect(204);
    scene
        .put(&format!("/v3/projects/top/groups/crew/roles/{two}"))
        .await
        .expect(204);
    assert_eq!(scene.roles_of("uma", top.clone()).await, ["one", "two"]);
    scene.try_login("uma", below.clone()).await.error(401);

    let inherited =
        format!("/v3/OS-INHERIT/domains/{ACME}/users/uma/roles/{two}/inherited_to_projects");
    scene.put(&inherited).await.expect(204);
    assert_eq!(scene.roles_of("uma", below.clone()).await, ["two"]);
    scene.try_login("uma", acme.clone()).await.error(401);
    let inherited =
        format!("/v3/OS-INHERIT/projects/top/groups/crew/roles/{one}/inherited_to_projects");
    scene.put(&inherited).await.expect(204);
    assert_eq!(scene.roles_of("uma", below.clone()).await, ["one", "two"]);

    scene
        .put(&format!("/v3/domains/{ACME}/groups/crew/roles/{one}"))
        .await
        .expect(204);
    assert_eq!(scene.roles_of("uma", acme).await, ["one"]);
    scene
        .put(&format!("/v3/system/users/uma/roles/{two}"))
        .await
        .expect(204);
    assert_eq!(scene.roles_of("uma", system).await, ["two"]);
}

#[tokio::test]
async fn a_token_loses_the_role_that_is_revoked_and_dies_with_the_last_one() {
    let scene = Scene::new().await;
    let (one, two) = (
        scene.new_role("one", None).await,
        scene.new_role("two", None).await,
    );
    let grant = |role: &str| format!("/v3/projects/top/users/uma/roles/{role}");
    scene.put(&grant(&one)).await.expect(204);
    scene.put(&grant(&two)).await.expect(204);
    let token = scene
        .login("uma", json!({ "project": { "id": "top" } }))
        .await;
    let validate = || {
        scene
            .app
            .get("/v3/auth/tokens")
            .token(&scene.admin)
            .subject(&token)
            .send()
    };
    assert_eq!(
        validate().await.expect(200).json()["token"]["roles"]
            .as_array()
            .unwrap()
            .len(),
        2
    );
    scene.delete(&grant(&one)).await.expect(204);
    let roles = &validate().await.expect(200).json()["token"]["roles"];
    assert_eq!(*roles, json!([{ "id": two, "name": "two" }]));
    scene.delete(&grant(&two)).await.expect(204);
    validate().await.error(404);
    // It was not revoked: with a role it is good again.
    scene.put(&grant(&two)).await.expect(204);
    validate().await.expect(200);
}

#[tokio::test]
async fn a_domains_own_admins_and_managers_grant_inside_it() {
    let scene = Scene::new().await;
    let (manager, member) = (scene.role("manager"), scene.role("member"));
    let (admin, reader) = (scene.role("admin"), scene.role("reader"));
    scene
        .put(&format!("/v3/domains/{ACME}/users/vic/roles/{manager}"))
        .await
        .expect(204);
    let token = scene
        .login("vic", json!({ "domain": { "id": ACME } }))
        .await;
    let put = |path: String| {
        let request = scene.app.put(&path).token(&token);
        async move { request.send().await.status }
    };
    assert_eq!(
        put(format!("/v3/projects/top/users/uma/roles/{member}")).await,
        204
    );
    assert_eq!(
        put(format!("/v3/projects/below/groups/crew/roles/{reader}")).await,
        204
    );
    assert_eq!(
        put(format!("/v3/domains/{ACME}/groups/crew/roles/{reader}")).await,
        204
    );
    assert_eq!(
        put(format!("/v3/projects/top/users/uma/roles/{admin}")).await,
        403
    );
    assert_eq!(
        put(format!("/v3/projects/elsewhere/users/uma/roles/{member}")).await,
        403
    );
    assert_eq!(
        put(format!("/v3/projects/top/users/zoe/roles/{member}")).await,
        403
    );
    assert_eq!(
        put(format!("/v3/system/users/uma/roles/{member}")).await,
        403
    );
    let path = format!("/v3/domains/{ACME}/groups/crew/roles/{reader}");
    scene
        .app
        .delete(&path)
        .token(&token)
        .send()
        .await
        .expect(204);
    // Nothing tells where a missing user belonged, so only an admin may clear up after it.
    let path = format!("/v3/projects/top/users/ghost/roles/{member}");
    scene
        .app
        .delete(&path)
        .token(&token)
        .send()
        .await
        .error(403);
}

#[tokio::test]
async fn a_domains_reader_sees_its_grants_and_the_system_reader_all() {
    let scene = Scene::new().await;
    let reader = scene.role("reader");
    let local = scene.new_role("local", Some(ACME)).await;
    let foreign = scene.new_role("foreign", Some(UMBRELLA)).await;
    scene
        .put(&format!("/v3/domains/{ACME}/users/vic/roles/{reader}"))
        .await
        .expect(204);
    scene
        .put(&format!("/v3/system/users/vic/roles/{reader}"))
        .await
        .expect(204);
    let of_domain = scene
        .login("vic", json!({ "domain": { "id": ACME } }))
        .await;
    let of_system = scene
        .login("vic", json!({ "system": { "all": true } }))
        .await;
    for (path, by_domain, by_system) in [
        ("/v3/projects/top/users/uma/roles".to_owned(), 200, 200),
        ("/v3/projects/top/users/zoe/roles".to_owned(), 403, 200),
        (
            "/v3/projects/elsewhere/users/uma/roles".to_owned(),
            403,
            200,
        ),
        (format!("/v3/domains/{ACME}/groups/crew/roles"), 200, 200),
        (
            format!("/v3/projects/top/users/uma/roles/{local}"),
            404,
            404,
        ),
        (
            format!("/v3/projects/top/users/uma/roles/{foreign}"),
            403,
            404,
        ),
        ("/v3/system/users/vic/roles".to_owned(), 403, 200),
    ] {
        let by = |token| scene.app.get(&path).token(token).send();
        assert_eq!(by(&of_domain).await.status, by_domain, "{path}");
        assert_eq!(by(&of_system).await.status, by_system, "{path}");
    }
    let put = scene
        .app
        .put(&format!("/v3/projects/top/users/uma/roles/{reader}"));
    put.token(&of_system).send().await.error(403);
}
