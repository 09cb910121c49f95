//! Groups of a directory, their members, and the roles that they bring.

use super::slapd::{GROUPS, SUFFIX, Slapd, USERS};
use super::{Scene, names, text};
use serde_json::{Value, json};

#[tokio::test]
async fn groups_show_what_the_directory_says() {
    let Some(slapd) = Slapd::start() else { return };
    let scene = Scene::new(&slapd).await;
    let crew = scene.group("Crew").await;
    let path = format!("/v3/groups/{}", text(&crew["id"]));
    assert_eq!(scene.get(&path).await.expect(200).json()["group"], crew);
    assert_eq!(crew["description"], "who sails");
    assert_eq!(crew["domain_id"], scene.domain);
    let listed = |query: &str| format!("/v3/groups?domain_id={}&{query}", scene.domain);
    for (query, found) in [
        ("", vec!["Crew", "Others"]),
        ("name=crew", vec!["Crew"]),
        ("name__contains=e", vec!["Crew", "Others"]),
        ("name__startswith=o", vec![]),
        ("name__istartswith=o", vec!["Others"]),
    ] {
        let answer = scene.get(&listed(query)).await.expect(200).json();
        assert_eq!(names(&answer["groups"]), found, "{query}");
    }
    scene.get(&listed("marker=nobody")).await.error(404);
}

#[tokio::test]
async fn members_are_found_both_ways() {
    let Some(slapd) = Slapd::start() else { return };
    let scene = Scene::new(&slapd).await;
    let (alice, carol) = (
        scene.user_id("Alice").await,
        scene.user_id("Carol (2nd) *").await,
    );
    let (crew, others) = (scene.group_id("Crew").await, scene.group_id("Others").await);
    let members = |group: &str| format!("/v3/groups/{group}/users");
    let answer = scene.get(&members(&crew)).await.expect(200).json();
    // A member who is gone is not there.
    assert_eq!(names(&answer["users"]), ["Alice"]);
    let filtered = format!("{}?name__contains=x", members(&crew));
    assert_eq!(
        scene.get(&filtered).await.expect(200).json()["users"],
        json!([])
    );
    let answer = scene
        .get(&format!("/v3/users/{alice}/groups"))
        .await
        .expect(200)
        .json();
    assert_eq!(names(&answer["groups"]), ["Crew"]);
    assert_eq!(answer["groups"][0]["membership_expires_at"], Value::Null);
    for (group, user, status) in [
        (&crew, &alice, 204),
        (&crew, &carol, 404),
        (&others, &carol, 204),
        (&others, &alice, 404),
    ] {
        let path = format!("{}/{user}", members(group));
        let answer = scene.app.head(&path).token(&scene.admin).send().await;
        answer.expect(status);
    }
    scene
        .get(&format!("{}/nobody", members(&crew)))
        .await
        .error(404);
}

#[tokio::test]
async fn groups_can_only_be_read() {
    let Some(slapd) = Slapd::start() else { return };
    let scene = Scene::new(&slapd).await;
    let path = format!("/v3/groups/{}", scene.group_id("Crew").await);
    let new = json!({ "group": { "name": "new", "domain_id": scene.domain } });
    scene.post("/v3/groups", new).await.error(403);
    let change = json!({ "group": { "description": "x" } });
    scene.patch(&path, change).await.error(403);
    scene.delete(&path).await.error(403);
    scene.get(&path).await.expect(200);
}

#[tokio::test]
async fn a_group_brings_its_roles_to_its_members() {
    let Some(slapd) = Slapd::start() else { return };
    let scene = Scene::new(&slapd).await;
    let crew = scene.group_id("Crew").await;
    let alice = scene.user_id("Alice").await;
    let scope = scene.project_scope();
    scene
        .login("Alice", "secret of alice", scope.clone())
        .await
        .error(401);
    scene.grant(&format!("groups/{crew}"), "member").await;
    let answer = scene
        .login("Alice", "secret of alice", scope.clone())
        .await
        .expect(201);
    let token = answer.header("x-subject-token").to_owned();
    assert_eq!(
        names(&answer.json()["token"]["roles"]),
        ["member", "reader"]
    );
    scene
        .login("Carol (2nd) *", "secret of carol", scope)
        .await
        .error(401);

    let shown = scene
        .app
        .get("/v3/auth/projects")
        .token(&token)
        .send()
        .await;
    assert_eq!(names(&shown.expect(200).json()["projects"]), ["admin"]);

    // Who leaves the group in the directory has lost the roles a moment later.
    let dn = format!("cn=crew,{GROUPS}");
    let nobody = format!("cn=gone,{USERS}");
    slapd.set(&dn, "member", &[nobody.as_bytes()]).await;
    scene.app.wait(6);
    let check = scene
        .app
        .get("/v3/auth/tokens")
        .token(&scene.admin)
        .subject(&token);
    check.send().await.error(404);
    let listed = format!("/v3/role_assignments?effective&user.id={alice}");
    let listed = scene.get(&listed).await.expect(200).json();
    assert_eq!(listed["role_assignments"], json!([]));
}

#[tokio::test]
async fn role_assignments_know_the_directorys_names_and_members() {
    let Some(slapd) = Slapd::start() else { return };
    let scene = Scene::new(&slapd).await;
    let (alice, crew) = (scene.user_id("Alice").await, scene.group_id("Crew").await);
    let bob = scene.user_id("Bob").await;
    scene.grant(&format!("groups/{crew}"), "reader").await;
    scene.grant(&format!("users/{bob}"), "reader").await;
    let project = &scene.app.seed.project_id;
    let listed = |query: &str| {
        format!("/v3/role_assignments?scope.project.id={project}&include_names&{query}")
    };
    let answer = scene.get(&listed("")).await.expect(200).json();
    let found = answer["role_assignments"].as_array().expect("a list");
    let actor = |kind: &str, id: &str| {
        let mut found = found.iter().map(|one| &one[kind]);
        let actor = found.find(|actor| actor["id"] == id);
        actor.unwrap_or_else(|| panic!("no {kind} {id}")).clone()
    };
    let domain = json!({ "id": scene.domain, "name": "dir" });
    assert_eq!(
        actor("group", &crew),
        json!({ "id": crew, "name": "Crew", "domain": domain })
    );
    assert_eq!(
        actor("user", &bob),
        json!({ "id": bob, "name": "Bob", "domain": domain })
    );
    let answer = scene.get(&listed("effective")).await.expect(200).json();
    let found = answer["role_assignments"].as_array().expect("a list");
    let through = found.iter().find(|one| one["user"]["id"] == alice.as_str());
    let through = through.expect("the member's assignment");
    assert_eq!(through["user"]["name"], "Alice");
    let membership = through["links"]["membership"].as_str().expect("a link");
    assert!(membership.ends_with(&format!("/v3/groups/{crew}/users/{alice}")));

    // Grants of nobody are refused; the names of those who are gone are empty.
    let role = scene.app.seed.role("reader");
    let nobody = format!(
        "/v3/projects/{project}/users/{}/roles/{role}",
        "0".repeat(64)
    );
    scene.put(&nobody).await.error(404);
    slapd.delete(&format!("cn=bob,{USERS}")).await;
    scene.app.wait(6);
    let answer = scene.get(&listed("")).await.expect(200).json();
    let found = answer["role_assignments"].as_array().expect("a list");
    let gone = found.iter().find(|one| one["user"]["id"] == bob.as_str());
    assert_eq!(gone.expect("the grant")["user"]["name"], "");
}

#[tokio::test]
async fn members_may_be_ids() {
    let Some(slapd) = Slapd::start() else { return };
    let dn = format!("cn=posix,{GROUPS}");
    let attributes = [
        ("objectClass", "posixGroup"),
        ("objectClass", "extensibleObject"),
        ("cn", "posix"),
        ("gidNumber", "1"),
        ("memberUid", "alice"),
        ("memberUid", "nobody"),
        ("ou", "Posix"),
    ];
    slapd.add(&dn, &attributes).await;
    let options = "group_objectclass = posixGroup\ngroup_member_attribute = memberUid\n\
        group_members_are_ids = true\n";
    let scene = Scene::with_options(&slapd, options).await;
    let group = scene.group_id("Posix").await;
    let alice = scene.user_id("Alice").await;
    let path = format!("/v3/groups/{group}/users");
    let answer = scene.get(&path).await.expect(200).json();
    assert_eq!(names(&answer["users"]), ["Alice"]);
    scene.get(&format!("{path}/{alice}")).await.expect(204);
    let bob = scene.user_id("Bob").await;
    scene.get(&format!("{path}/{bob}")).await.error(404);
    let answer = scene
        .get(&format!("/v3/users/{alice}/groups"))
        .await
        .expect(200)
        .json();
    assert_eq!(names(&answer["groups"]), ["Posix"]);
}

#[tokio::test]
async fn members_whose_names_lack_the_id_are_looked_up() {
    let Some(slapd) = Slapd::start() else { return };
    let options = "user_id_attribute = uid\nuser_name_attribute = cn\n";
    let scene = Scene::with_options(&slapd, options).await;
    let crew = scene.group_id("Crew").await;
    let answer = scene
        .get(&format!("/v3/groups/{crew}/users"))
        .await
        .expect(200)
        .json();
    assert_eq!(names(&answer["users"]), ["alice"]);
}

#[tokio::test]
async fn filters_and_trees_of_the_configuration_leave_others_out() {
    let Some(slapd) = Slapd::start() else { return };
    let options = "group_filter = (description=*)\nuser_filter = (!(cn=carol))\n";
    let scene = Scene::with_options(&slapd, options).await;
    assert_eq!(scene.user_names("").await, ["Alice", "Bob"]);
    let path = format!("/v3/groups?domain_id={}", scene.domain);
    let answer = scene.get(&path).await.expect(200).json();
    assert_eq!(names(&answer["groups"]), ["Crew"]);
    scene
        .login("Carol (2nd) *", "secret of carol", Value::Null)
        .await
        .error(401);

    // From the suffix on, one level has nobody, and the whole tree has all.
    let trees = format!("user_tree_dn = {SUFFIX}\ngroup_tree_dn = {SUFFIX}\n");
    let scene = Scene::with_options(&slapd, &trees).await;
    assert_eq!(scene.user_names("").await, Vec::<String>::new());
    let scene = Scene::with_options(&slapd, &format!("{trees}query_scope = sub\n")).await;
    assert_eq!(scene.user_names("").await.len(), 3);
    let crew = scene.group_id("Crew").await;
    let answer = scene
        .get(&format!("/v3/groups/{crew}/users"))
        .await
        .expect(200)
        .json();
    assert_eq!(names(&answer["users"]), ["Alice"]);
    // A tree that is not there is empty.
    let scene = Scene::with_options(&slapd, "user_tree_dn = ou=Nowhere,dc=example,dc=org\n").await;
    assert_eq!(scene.user_names("").await, Vec::<String>::new());
}
