//! Directories that are away.

use super::slapd::Slapd;
use super::{Scene, named, text};
use serde_json::{Value, json};
use std::time::{Duration, Instant};

#[tokio::test]
async fn a_directory_that_is_away_keeps_only_its_own_users_out() {
    let Some(mut slapd) = Slapd::start() else {
        return;
    };
    let scene = Scene::new(&slapd).await;
    let id = scene.user_id("Alice").await;
    scene.grant(&format!("users/{id}"), "reader").await;
    let scope = scene.project_scope();
    let answer = scene
        .login("Alice", "secret of alice", scope.clone())
        .await
        .expect(201);
    let token = answer.header("x-subject-token").to_owned();
    let check = |subject: &str| {
        let path = "/v3/auth/tokens";
        scene
            .app
            .get(path)
            .token(&scene.admin)
            .subject(subject)
            .send()
    };
    check(&token).await.expect(200);

    slapd.stop();
    scene.app.wait(6);
    let users = format!("/v3/users?domain_id={}", scene.domain);
    let begun = Instant::now();
    for path in [
        &users,
        &format!("/v3/users/{id}"),
        &format!("/v3/users/{id}/groups"),
    ] {
        let answer = scene.get(path).await;
        answer.error(503);
        assert_eq!(answer.header("retry-after"), "5");
    }
    scene
        .login("Alice", "secret of alice", Value::Null)
        .await
        .error(503);
    check(&token).await.error(503);
    // Nobody waits for each of these anew.
    assert!(
        begun.elapsed() < Duration::from_secs(5),
        "{:?}",
        begun.elapsed()
    );

    check(&scene.admin).await.expect(200);
    scene.app.admin().await;
    scene.get("/v3/users").await.expect(200);
    scene.get("/v3/domains").await.expect(200);
    // The names in a list are unknown, the list is there.
    let project = &scene.app.seed.project_id;
    let listed = format!("/v3/role_assignments?scope.project.id={project}&include_names");
    let listed = scene.get(&listed).await.expect(200).json();
    let users = listed["role_assignments"].as_array().expect("a list");
    let users: Value = users.iter().map(|one| one["user"].clone()).collect();
    assert_eq!(named(&users, "")["id"], id);
    assert_eq!(text(&named(&users, "admin")["id"]), scene.app.seed.user_id);

    slapd.start_again();
    tokio::time::sleep(Duration::from_millis(1100)).await;
    check(&token).await.expect(200);
    scene
        .login("Alice", "secret of alice", scope)
        .await
        .expect(201);
}

#[tokio::test]
async fn connections_that_the_server_closed_are_made_anew() {
    let Some(mut slapd) = Slapd::start() else {
        return;
    };
    let scene = Scene::new(&slapd).await;
    scene
        .login("Alice", "secret of alice", Value::Null)
        .await
        .expect(201);
    slapd.stop();
    slapd.start_again();
    scene
        .login("Alice", "secret of alice", Value::Null)
        .await
        .expect(201);
    assert_eq!(scene.user_names("").await.len(), 3);
}

#[tokio::test]
async fn another_server_answers_for_one_that_is_away() {
    let Some(slapd) = Slapd::start() else { return };
    let away = super::slapd::free_port();
    let options = format!("url = ldap://127.0.0.1:{away},{}\n", slapd.url());
    let scene = Scene::with_options(&slapd, &options).await;
    assert_eq!(scene.user_names("").await.len(), 3);
    scene
        .login("Alice", "secret of alice", Value::Null)
        .await
        .expect(201);
    let options = format!("{options}randomize_urls = true\nuse_pool = false\n");
    let scene = Scene::with_options(&slapd, &options).await;
    scene
        .login("Alice", "secret of alice", Value::Null)
        .await
        .expect(201);
}

#[tokio::test]
async fn a_server_that_says_nothing_is_given_up() {
    let Some(slapd) = Slapd::start() else { return };
    // Connections wait in its queue, and nobody takes them.
    let silent = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let url = format!("ldap://{}", silent.local_addr().expect("an address"));
    let options = format!("url = {url}\npool_connection_timeout = 1\n");
    let scene = Scene::with_options(&slapd, &options).await;
    let begun = Instant::now();
    let path = format!("/v3/users?domain_id={}", scene.domain);
    scene.get(&path).await.error(503);
    assert!(
        begun.elapsed() < Duration::from_secs(10),
        "{:?}",
        begun.elapsed()
    );
    drop(silent);
}

#[tokio::test]
async fn a_wrong_password_of_the_server_itself_is_nobodys_fault() {
    let Some(slapd) = Slapd::start() else { return };
    let scene = Scene::with_options(&slapd, "password = wrong\n").await;
    let answer = scene.login("Alice", "secret of alice", Value::Null).await;
    answer.error(503);
    assert!(!json!(answer.json()).to_string().contains("wrong"));
}

#[tokio::test]
async fn many_at_once_share_few_connections() {
    let Some(slapd) = Slapd::start() else { return };
    let options = "pool_size = 2\nauth_pool_size = 2\n";
    let scene = Scene::with_options(&slapd, options).await;
    let logins = (0..20).map(|_| scene.login("Alice", "secret of alice", Value::Null));
    for answer in futures_util::future::join_all(logins).await {
        answer.expect(201);
    }
}
