//! Users of a directory in the API.

use super::slapd::{Slapd, USERS};
use super::{Scene, names, text};
use serde_json::{Value, json};

/// The id that Keystone makes of a domain, a kind and a directory's own id.
fn public_id(parts: &[&str]) -> String {
    let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, parts.concat().as_bytes());
    let bytes = digest.as_ref().iter();
    bytes.map(|byte| format!("{byte:02x}")).collect()
}

#[tokio::test]
async fn a_user_shows_what_the_directory_says_under_the_id_that_keystone_makes() {
    let Some(slapd) = Slapd::start() else { return };
    let scene = Scene::new(&slapd).await;
    let id = public_id(&[&scene.domain, "user", "alice"]);
    let listed = scene.user("Alice").await;
    assert_eq!(listed["id"], id);
    let shown = scene
        .get(&format!("/v3/users/{id}"))
        .await
        .expect(200)
        .json();
    assert_eq!(shown["user"], listed);
    let mut shown = shown["user"].clone();
    let members = shown.as_object_mut().expect("an object");
    members.remove("links").expect("links");
    assert_eq!(
        shown,
        json!({
            "id": id,
            "name": "Alice",
            "domain_id": scene.domain,
            "enabled": true,
            "email": "alice@example.org",
            "description": "the first",
            "options": {},
            "password_expires_at": null,
        })
    );
}

#[tokio::test]
async fn users_without_a_name_are_not_there() {
    let Some(slapd) = Slapd::start() else { return };
    let scene = Scene::new(&slapd).await;
    assert_eq!(
        scene.user_names("").await,
        ["Alice", "Bob", "Carol (2nd) *"]
    );
    // A user of the database has no such names around.
    let own = scene.get("/v3/users").await.expect(200).json();
    assert_eq!(names(&own["users"]), ["admin"]);
}

#[tokio::test]
async fn ids_that_nobody_has_are_not_found() {
    let Some(slapd) = Slapd::start() else { return };
    let scene = Scene::new(&slapd).await;
    let nobody = public_id(&[&scene.domain, "user", "nobody"]);
    scene.get(&format!("/v3/users/{nobody}")).await.error(404);
    scene.get("/v3/users/alice").await.error(404);
    // The id of a group is no user's.
    let group = scene.group_id("Crew").await;
    scene.get(&format!("/v3/users/{group}")).await.error(404);
    let id = scene.user_id("Alice").await;
    slapd.delete(&format!("cn=alice,{USERS}")).await;
    scene.app.wait(6);
    scene.get(&format!("/v3/users/{id}")).await.error(404);
}

#[tokio::test]
async fn filters_on_names_are_the_directorys() {
    let Some(slapd) = Slapd::start() else { return };
    let scene = Scene::new(&slapd).await;
    for (query, found) in [
        ("name=alice", vec!["Alice"]),
        ("name=Carol%20(2nd)%20*", vec!["Carol (2nd) *"]),
        ("name=*", vec![]),
        ("name=Alice)(cn=bob", vec![]),
        ("name__contains=li", vec!["Alice"]),
        ("name__contains=LI", vec![]),
        ("name__icontains=LI", vec!["Alice"]),
        ("name__icontains=*", vec!["Carol (2nd) *"]),
        ("name__startswith=B", vec!["Bob"]),
        ("name__iendswith=OB", vec!["Bob"]),
        ("enabled=false", vec!["Bob"]),
        ("enabled=true&name__contains=o", vec!["Carol (2nd) *"]),
        ("password_expires_at=gt:2020-01-01T00:00:00Z", vec![]),
        ("unique_id=x", vec![]),
    ] {
        assert_eq!(scene.user_names(query).await, found, "{query}");
    }
}

#[tokio::test]
async fn lists_are_paged_in_order_of_id() {
    let Some(slapd) = Slapd::start() else { return };
    for number in 0..20 {
        let name = format!("user{number}");
        let dn = format!("cn={name},{USERS}");
        let attributes = [
            ("objectClass", "inetOrgPerson"),
            ("cn", &name),
            ("sn", &name),
        ];
        slapd.add(&dn, &attributes).await;
    }
    // The server's pages are of another size than the API's.
    let scene = Scene::with_options(&slapd, "page_size = 3\n").await;
    let mut path = format!("/v3/users?domain_id={}&limit=5", scene.domain);
    let mut ids: Vec<String> = Vec::new();
    let mut pages = 0;
    loop {
        let page = scene.get(&path).await.expect(200).json();
        let users = page["users"].as_array().expect("users");
        ids.extend(users.iter().map(|user| text(&user["id"])));
        pages += 1;
        match page["links"]["next"].as_str() {
            Some(next) => {
                path = next
                    .split_once("keystone.test")
                    .expect("a URL")
                    .1
                    .to_owned()
            }
            None => break,
        }
    }
    assert_eq!((ids.len(), pages), (23, 5));
    assert!(ids.is_sorted());
    let marker = format!("/v3/users?domain_id={}&limit=5&marker=nobody", scene.domain);
    scene.get(&marker).await.error(404);
}

#[tokio::test]
async fn a_domain_may_have_a_list_limit_of_its_own() {
    let Some(slapd) = Slapd::start() else { return };
    let text = format!(
        "[identity]\ndriver = ldap\nlist_limit = 2\n[ldap]\n{}\n",
        slapd.options()
    );
    let scene = Scene::with_files(&[("dir", &text)]).await;
    let path = format!("/v3/users?domain_id={}", scene.domain);
    let page = scene.get(&path).await.expect(200).json();
    assert_eq!(page["users"].as_array().expect("users").len(), 2);
    assert_eq!(page["truncated"], true);
    let groups = scene
        .get(&format!("/v3/groups?domain_id={}", scene.domain))
        .await;
    assert_eq!(groups.expect(200).json().get("truncated"), None);
}

#[tokio::test]
async fn users_can_only_be_read() {
    let Some(slapd) = Slapd::start() else { return };
    let scene = Scene::new(&slapd).await;
    let id = scene.user_id("Alice").await;
    let path = format!("/v3/users/{id}");
    let user = |members: Value| json!({ "user": members });
    let new = user(json!({ "name": "new", "domain_id": scene.domain, "password": "p" }));
    scene.post("/v3/users", new).await.error(403);
    scene
        .patch(&path, user(json!({ "description": "x" })))
        .await
        .error(403);
    scene
        .patch(&path, user(json!({ "enabled": false })))
        .await
        .error(403);
    scene
        .patch(&path, user(json!({ "password": "x" })))
        .await
        .error(403);
    scene
        .patch(&path, user(json!({ "domain_id": "default" })))
        .await
        .error(400);
    scene.delete(&path).await.error(403);
    let change = |original: &str| user(json!({ "original_password": original, "password": "n" }));
    let password = format!("{path}/password");
    scene.post(&password, change("wrong")).await.error(401);
    scene
        .post(&password, change("secret of alice"))
        .await
        .error(403);
    let crew = scene.group_id("Crew").await;
    let membership = format!("/v3/groups/{crew}/users/{id}");
    scene.put(&membership).await.error(403);
    scene.delete(&membership).await.error(403);
    scene.get(&path).await.expect(200);
}

#[tokio::test]
async fn nobody_is_in_a_group_of_another_driver() {
    let Some(slapd) = Slapd::start() else { return };
    let scene = Scene::new(&slapd).await;
    let own = scene.app.make("group", json!({ "name": "own" })).await;
    let (alice, crew) = (scene.user_id("Alice").await, scene.group_id("Crew").await);
    let admin = &scene.app.seed.user_id;
    for (group, user) in [(&own, &alice), (&crew, admin)] {
        let path = format!("/v3/groups/{group}/users/{user}");
        scene.get(&path).await.error(403);
        scene.put(&path).await.error(403);
        scene.delete(&path).await.error(403);
    }
    scene
        .put(&format!("/v3/groups/{own}/users/nobody"))
        .await
        .error(404);
}

#[tokio::test]
async fn a_guid_can_be_the_id() {
    let Some(slapd) = Slapd::start() else { return };
    let guid = b"\xdd\xb0\x66\xa5\x88\xe6\x40\x4f\x9f\x4a\x6f\xe1\x9e\x6c\x8e\x2d";
    slapd
        .set(&format!("cn=alice,{USERS}"), "guid", &[guid])
        .await;
    let scene = Scene::with_options(&slapd, "user_id_attribute = guid\n").await;
    let text = "a566b0dd-e688-4f40-9f4a-6fe19e6c8e2d";
    assert_eq!(
        scene.user("Alice").await["id"],
        public_id(&[&scene.domain, "user", text])
    );
    assert_eq!(scene.user_names("").await, ["Alice"]);
}

#[tokio::test]
async fn an_id_of_many_values_is_the_one_in_the_name() {
    let Some(slapd) = Slapd::start() else { return };
    let dn = format!("cn=alice,{USERS}");
    slapd.set(&dn, "cn", &[b"a first one", b"alice"]).await;
    let scene = Scene::new(&slapd).await;
    let id = public_id(&[&scene.domain, "user", "alice"]);
    assert_eq!(scene.user("Alice").await["id"], id);
    scene.get(&format!("/v3/users/{id}")).await.expect(200);
    let crew = scene.group_id("Crew").await;
    let members = scene
        .get(&format!("/v3/groups/{crew}/users"))
        .await
        .expect(200)
        .json();
    assert_eq!(names(&members["users"]), ["Alice"]);
}
