//! `/v3/projects`

use crate::harness::{ADMIN_PASSWORD, Answer, TestApp, login_body};
use serde_json::{Value, json};

/// Makes a project as the admin; returns what the answer shows.
pub(super) async fn make(app: &TestApp, token: &str, project: Value) -> Value {
    let body = json!({ "project": project });
    let answer = app.post("/v3/projects", body).token(token).send().await;
    answer.expect(201).json()["project"].take()
}

/// Makes a domain as the admin; returns its id.
pub(super) async fn make_domain(app: &TestApp, token: &str, name: &str) -> String {
    let body = json!({ "domain": { "name": name } });
    let answer = app.post("/v3/domains", body).token(token).send().await;
    id(&answer.expect(201).json()["domain"])
}

pub(super) fn id(object: &Value) -> String {
    object["id"].as_str().expect("an id").to_owned()
}

/// A new user of a domain with a role on that domain, as a token for it.
pub(super) async fn somebody_in(app: &TestApp, admin: &str, domain: &str, role: &str) -> String {
    let user = json!({ "user": { "name": role, "domain_id": domain, "password": "a secret" } });
    let answer = app.post("/v3/users", user).token(admin).send().await;
    let user = id(&answer.expect(201).json()["user"]);
    let role = app.seed.role(role);
    let grant = format!("/v3/domains/{domain}/users/{user}/roles/{role}");
    app.put(&grant).token(admin).send().await.expect(204);
    let login = json!({ "auth": {
        "identity": { "methods": ["password"], "password": {
            "user": { "id": user, "password": "a secret" } } },
        "scope": { "domain": { "id": domain } },
    } });
    let answer = app.post("/v3/auth/tokens", login).send().await;
    answer.expect(201).header("x-subject-token").to_owned()
}

pub(super) fn names(answer: &Answer, collection: &str) -> Vec<String> {
    let body = answer.json();
    let items = body[collection].as_array().expect("a collection");
    let name = |item: &Value| item["name"].as_str().expect("a name").to_owned();
    let mut names: Vec<_> = items.iter().map(name).collect();
    names.sort_unstable();
    names
}

async fn get(app: &TestApp, token: &str, path: &str) -> Answer {
    app.get(path).token(token).send().await
}

async fn patch(app: &TestApp, token: &str, project: &str, changes: Value) -> Answer {
    let body = json!({ "project": changes });
    let path = format!("/v3/projects/{project}");
    app.patch(&path, body).token(token).send().await
}

async fn delete(app: &TestApp, token: &str, project: &str) -> Answer {
    let path = format!("/v3/projects/{project}");
    app.delete(&path).token(token).send().await
}

#[tokio::test]
async fn a_new_project_shows_all_its_members_with_unknown_ones_first() {
    let app = TestApp::new().await;
    let admin = app.admin().await;
    let project = make(
        &app,
        &admin,
        json!({ "name": " p1 ", "description": "x", "tags": ["b", "a"], "cus-tom": "c", "id": "me" }),
    )
    .await;
    let id = id(&project);
    let expected = json!({
        "cus_tom": "c", "id": id, "name": "p1", "domain_id": "default", "description": "x",
        "enabled": true, "parent_id": "default", "is_domain": false, "tags": ["b", "a"],
        "options": {}, "links": { "self": format!("http://keystone.test/v3/projects/{id}") },
    });
    assert_eq!(project.to_string(), expected.to_string());
    let shown = get(&app, &admin, &format!("/v3/projects/{id}"))
        .await
        .expect(200);
    assert_eq!(shown.json()["project"]["tags"], json!(["a", "b"]));
    let head = app.head(&format!("/v3/projects/{id}")).token(&admin);
    let head = head.send().await.expect(200);
    assert_eq!(head.body, "");
    assert_eq!(
        head.header("content-length"),
        shown.header("content-length")
    );
}

#[tokio::test]
async fn a_project_without_description_has_an_empty_one_and_null_stays_null() {
    let app = TestApp::new().await;
    let admin = app.admin().await;
    let project = make(&app, &admin, json!({ "name": "p" })).await;
    assert_eq!(project["description"], "");
    let project = make(&app, &admin, json!({ "name": "q", "description": null })).await;
    assert_eq!(project["description"], Value::Null);
}

#[tokio::test]
async fn a_project_must_fit_into_its_domain_and_below_its_parent() {
    let app = TestApp::new().await;
    let admin = app.admin().await;
    let (one, two) = (
        make_domain(&app, &admin, "one").await,
        make_domain(&app, &admin, "two").await,
    );
    let parent = id(&make(&app, &admin, json!({ "name": "p", "domain_id": one })).await);
    let child = json!({ "name": "c", "domain_id": one, "parent_id": parent });
    let child = make(&app, &admin, child).await;
    assert_eq!(child["parent_id"], parent);
    let missing = "0".repeat(32);
    for refused in [
        json!({ "name": "x", "domain_id": two, "parent_id": parent }),
        json!({ "name": "x", "parent_id": parent }),
        json!({ "name": "x", "domain_id": two, "parent_id": one }),
        json!({ "name": "x", "domain_id": missing }),
        json!({ "name": "x", "domain_id": parent }),
        json!({ "name": "x", "parent_id": missing }),
        json!({ "name": "x", "is_domain": true, "parent_id": parent }),
        json!({ "name": "x", "is_domain": true, "domain_id": one }),
        json!({ "name": "" }),
        json!({ "name": "x", "enabled": "maybe" }),
        json!({ "name": "x", "tags": ["a", "a"] }),
        json!({ "name": "x", "options": { "unknown": 1 } }),
        json!({}),
    ] {
        let body = json!({ "project": refused });
        let answer = app.post("/v3/projects", body).token(&admin).send().await;
        answer.error(400);
    }
    let answer = app.post("/v3/projects", json!({})).token(&admin);
    answer.send().await.error(400);
}

#[tokio::test]
async fn names_are_unique_in_a_domain_only() {
    let app = TestApp::new().await;
    let admin = app.admin().await;
    let domain = make_domain(&app, &admin, "one").await;
    make(&app, &admin, json!({ "name": "p" })).await;
    make(&app, &admin, json!({ "name": "p", "domain_id": domain })).await;
    let other = id(&make(&app, &admin, json!({ "name": "q" })).await);
    let again = app.post("/v3/projects", json!({ "project": { "name": " p" } }));
    again.token(&admin).send().await.error(409);
    patch(&app, &admin, &other, json!({ "name": "p" }))
        .await
        .error(409);
    patch(&app, &admin, &other, json!({ "name": "q" }))
        .await
        .expect(200);
}

#[tokio::test]
async fn a_project_may_act_as_a_domain() {
    let app = TestApp::new().await;
    let admin = app.admin().await;
    let project = make(&app, &admin, json!({ "name": "d", "is_domain": true })).await;
    let id = id(&project);
    assert_eq!(project["domain_id"], Value::Null);
    assert_eq!(project["parent_id"], Value::Null);
    let domain = get(&app, &admin, &format!("/v3/domains/{id}"))
        .await
        .expect(200);
    assert_eq!(domain.json()["domain"]["name"], "d");
    let shown = get(&app, &admin, "/v3/projects/default").await.expect(200);
    assert_eq!(shown.json()["project"]["is_domain"], true);
    let listed = get(&app, &admin, "/v3/projects?is_domain=1").await;
    assert_eq!(names(&listed, "projects"), ["Default", "d"]);
    delete(&app, &admin, &id).await.error(403);
    patch(&app, &admin, &id, json!({ "enabled": false }))
        .await
        .expect(200);
    delete(&app, &admin, &id).await.expect(204);
    get(&app, &admin, &format!("/v3/domains/{id}"))
        .await
        .error(404);
}

#[tokio::test]
async fn the_root_of_all_domains_is_invisible() {
    let app = TestApp::new().await;
    let admin = app.admin().await;
    let path = "/v3/projects/%3C%3Ckeystone.domain.root%3E%3E";
    get(&app, &admin, path).await.error(404);
    app.delete(path).token(&admin).send().await.error(404);
    let all = get(&app, &admin, "/v3/projects?is_domain=true").await;
    assert_eq!(names(&all, "projects"), ["Default"]);
}

#[tokio::test]
async fn a_list_takes_filters_that_all_must_hold() {
    let app = TestApp::new().await;
    let admin = app.admin().await;
    let domain = make_domain(&app, &admin, "one").await;
    let top = make(&app, &admin, json!({ "name": "Top", "domain_id": domain })).await;
    let top = id(&top);
    let below = json!({
        "name": "below", "domain_id": domain, "parent_id": top, "enabled": false,
    });
    make(&app, &admin, below).await;
    for (query, expected) in [
        (format!("domain_id={domain}"), vec!["Top", "below"]),
        (format!("domain_id={domain}&enabled=1"), vec!["Top"]),
        ("enabled=0".to_owned(), vec!["below"]),
        ("enabled=0&enabled=1".to_owned(), vec![]),
        (format!("parent_id={top}"), vec!["below"]),
        ("name=Top".to_owned(), vec!["Top"]),
        ("name=Top&name=below".to_owned(), vec![]),
        ("name__contains=o".to_owned(), vec!["Top", "below"]),
        ("name__startswith=t".to_owned(), vec![]),
        ("name__istartswith=t".to_owned(), vec!["Top"]),
        ("name__endswith=low".to_owned(), vec!["below"]),
        ("name__contains=%25".to_owned(), vec![]),
        ("is_domain=1&domain_id=default".to_owned(), vec![]),
        (
            format!("unknown=1&domain_id={domain}"),
            vec!["Top", "below"],
        ),
    ] {
        let listed = get(&app, &admin, &format!("/v3/projects?{query}")).await;
        assert_eq!(names(&listed.expect(200), "projects"), expected, "{query}");
    }
    for query in ["enabled=maybe", "limit=abc", "parent_id=", "name="] {
        get(&app, &admin, &format!("/v3/projects?{query}"))
            .await
            .error(400);
    }
}

#[tokio::test]
async fn tag_filters_ask_for_all_any_not_all_or_none() {
    let app = TestApp::new().await;
    let admin = app.admin().await;
    for (name, tags) in [
        ("ab", json!(["a", "b"])),
        ("a", json!(["a"])),
        ("-", json!([])),
    ] {
        make(&app, &admin, json!({ "name": name, "tags": tags })).await;
    }
    for (query, expected) in [
        ("tags=a", vec!["a", "ab"]),
        ("tags=a,b", vec!["ab"]),
        ("tags=a&tags=b", vec!["ab"]),
        ("tags=", vec![]),
        ("tags-any=b,z", vec!["ab"]),
        ("tags-any=a,b", vec!["a", "ab"]),
        ("not-tags=a,b", vec!["-", "a", "admin"]),
        ("not-tags-any=a,b", vec!["-", "admin"]),
        ("tags=a&not-tags=b", vec!["a"]),
    ] {
        let listed = get(&app, &admin, &format!("/v3/projects?{query}")).await;
        assert_eq!(names(&listed.expect(200), "projects"), expected, "{query}");
    }
}

#[tokio::test]
async fn following_next_leads_through_all_projects() {
    let app = TestApp::new().await;
    let admin = app.admin().await;
    for name in ["a", "b", "c"] {
        make(&app, &admin, json!({ "name": name })).await;
    }
    let mut path = "/v3/projects?limit=3".to_owned();
    let mut seen = Vec::new();
    for truncated in [json!(true), Value::Null] {
        let page = get(&app, &admin, &path).await.expect(200);
        seen.extend(names(&page, "projects"));
        let page = page.json();
        assert_eq!(page["truncated"], truncated);
        if let Some(next) = page["links"]["next"].as_str() {
            path = next
                .strip_prefix("http://keystone.test")
                .unwrap()
                .to_owned();
        }
    }
    seen.sort_unstable();
    assert_eq!(seen, ["a", "admin", "b", "c"]);
    get(&app, &admin, "/v3/projects?marker=nope")
        .await
        .error(404);
    let none = get(&app, &admin, "/v3/projects?limit=0").await.expect(200);
    assert_eq!(none.json()["truncated"], true);
}

#[tokio::test]
async fn a_page_is_empty_only_when_nothing_follows() {
    let app = TestApp::new().await;
    let admin = app.admin().await;
    for at in 0..6 {
        make(&app, &admin, json!({ "name": format!("X{at}") })).await;
    }
    make(&app, &admin, json!({ "name": "x" })).await;
    let listed = get(&app, &admin, "/v3/projects?name__startswith=x&limit=1").await;
    assert_eq!(names(&listed.expect(200), "projects"), ["x"]);
}

#[tokio::test]
async fn pages_are_full_also_where_the_database_ignores_case() {
    let app = TestApp::new().await;
    let admin = app.admin().await;
    for at in 0..8 {
        make(&app, &admin, json!({ "name": format!("X{at}") })).await;
        make(
            &app,
            &admin,
            json!({ "name": format!("xx{at}"), "tags": ["t"] }),
        )
        .await;
    }
    let mut path = "/v3/projects?name__startswith=x&limit=3".to_owned();
    for expected in [3, 3, 2] {
        let page = get(&app, &admin, &path).await.expect(200).json();
        let projects = page["projects"].as_array().unwrap();
        assert_eq!(projects.len(), expected);
        for project in projects {
            assert_eq!(project["tags"], json!(["t"]));
        }
        let next = page["links"]["next"].as_str().unwrap_or_default();
        path = next.replace("http://keystone.test", "");
    }
    assert_eq!(path, "");
}

#[tokio::test]
async fn an_update_changes_what_it_names_and_shows_extra_twice() {
    let app = TestApp::new().await;
    let admin = app.admin().await;
    let project = id(&make(
        &app,
        &admin,
        json!({ "name": "p", "custom": "c", "tags": ["a"] }),
    )
    .await);
    let changes = json!({ "description": "y", "x-y": 1, "custom": null, "id": project });
    let updated = patch(&app, &admin, &project, changes).await.expect(200);
    let updated = &updated.json()["project"];
    assert_eq!(updated["extra"], json!({ "custom": null, "x-y": 1 }));
    assert_eq!(updated["description"], "y");
    assert_eq!(updated["tags"], json!(["a"]));
    let shown = get(&app, &admin, &format!("/v3/projects/{project}"))
        .await
        .json();
    assert_eq!(shown["project"]["x-y"], 1);
    assert_eq!(shown["project"]["name"], "p");
    assert_eq!(shown["project"].get("extra"), None);
    let nothing = app.patch(&format!("/v3/projects/{project}"), json!({}));
    nothing.token(&admin).send().await.expect(200);
    let tagged = patch(&app, &admin, &project, json!({ "tags": [] }))
        .await
        .expect(200);
    assert_eq!(tagged.json()["project"]["tags"], json!([]));
    patch(&app, &admin, &"0".repeat(32), json!({}))
        .await
        .error(404);
}

#[tokio::test]
async fn a_projects_place_can_be_repeated_but_not_changed() {
    let app = TestApp::new().await;
    let admin = app.admin().await;
    let project = id(&make(&app, &admin, json!({ "name": "p" })).await);
    let same = json!({ "parent_id": "default", "domain_id": "default", "is_domain": false });
    patch(&app, &admin, &project, same).await.expect(200);
    for (status, changes) in [
        (403, json!({ "parent_id": app.seed.project_id })),
        (403, json!({ "parent_id": null })),
        (400, json!({ "domain_id": null })),
        (400, json!({ "domain_id": app.seed.project_id })),
        (400, json!({ "is_domain": true })),
        (400, json!({ "id": "other" })),
    ] {
        patch(&app, &admin, &project, changes).await.error(status);
    }
}

#[tokio::test]
async fn an_immutable_project_can_only_become_mutable() {
    let app = TestApp::new().await;
    let admin = app.admin().await;
    let immutable = json!({ "name": "p", "options": { "immutable": true } });
    let project = make(&app, &admin, immutable).await;
    assert_eq!(project["options"], json!({ "immutable": true }));
    let project = id(&project);
    for refused in [
        json!({ "description": "z" }),
        json!({ "options": { "immutable": true } }),
        json!({ "options": { "immutable": false }, "description": "z" }),
        json!({}),
    ] {
        patch(&app, &admin, &project, refused).await.error(403);
    }
    delete(&app, &admin, &project).await.error(403);
    let tag = format!("/v3/projects/{project}/tags/t");
    app.put(&tag).token(&admin).send().await.error(403);
    let freed = patch(
        &app,
        &admin,
        &project,
        json!({ "options": { "immutable": null } }),
    );
    assert_eq!(
        freed.await.expect(200).json()["project"]["options"],
        json!({})
    );
    delete(&app, &admin, &project).await.expect(204);
}

#[tokio::test]
async fn a_tree_is_disabled_from_below_and_enabled_from_above() {
    let app = TestApp::new().await;
    let admin = app.admin().await;
    let top = id(&make(&app, &admin, json!({ "name": "top" })).await);
    let leaf = json!({ "name": "leaf", "parent_id": top });
    let leaf = id(&make(&app, &admin, leaf).await);
    let (on, off) = (json!({ "enabled": true }), json!({ "enabled": false }));
    patch(&app, &admin, &top, off.clone()).await.error(403);
    patch(&app, &admin, &leaf, off.clone()).await.expect(200);
    patch(&app, &admin, &top, off).await.expect(200);
    let below = json!({ "project": { "name": "x", "parent_id": top } });
    let below = app.post("/v3/projects", below).token(&admin);
    below.send().await.error(400);
    patch(&app, &admin, &leaf, on.clone()).await.error(403);
    patch(&app, &admin, &leaf, json!({ "description": "d" }))
        .await
        .expect(200);
    patch(&app, &admin, &top, on.clone()).await.expect(200);
    patch(&app, &admin, &leaf, on).await.expect(200);
    delete(&app, &admin, &top).await.error(403);
    delete(&app, &admin, &leaf).await.expect(204);
    delete(&app, &admin, &top).await.expect(204);
    delete(&app, &admin, &top).await.error(404);
}

#[tokio::test]
async fn a_tree_grows_to_the_configured_depth() {
    for (config, depth) in [
        ("[DEFAULT]\nmax_project_tree_depth = 3\n", 3),
        ("[unified_limit]\nenforcement_model = strict_two_level\n", 2),
        ("", 5),
    ] {
        let app = TestApp::with_config(config).await;
        let admin = app.admin().await;
        let mut parent = "default".to_owned();
        for level in 1..=depth {
            let next = json!({ "name": format!("p{level}"), "parent_id": parent });
            parent = id(&make(&app, &admin, next).await);
        }
        let deeper = json!({ "project": { "name": "deeper", "parent_id": parent } });
        let deeper = app.post("/v3/projects", deeper).token(&admin);
        deeper.send().await.error(403);
    }
}

#[tokio::test]
async fn relatives_come_as_nested_ids_or_as_the_projects_one_has_a_role_on() {
    let app = TestApp::new().await;
    let admin = app.admin().await;
    let a = id(&make(&app, &admin, json!({ "name": "a" })).await);
    let b = id(&make(&app, &admin, json!({ "name": "b", "parent_id": a })).await);
    let c = id(&make(&app, &admin, json!({ "name": "c", "parent_id": b })).await);
    let show = async |project: &str, query: &str| {
        let path = format!("/v3/projects/{project}?{query}");
        get(&app, &admin, &path).await.expect(200).json()["project"].take()
    };
    let nested = json!({ b.clone(): { a.clone(): { "default": null } } });
    assert_eq!(show(&c, "parents_as_ids").await["parents"], nested);
    assert_eq!(show(&c, "subtree_as_ids").await["subtree"], Value::Null);
    let nested = json!({ b.clone(): { c.clone(): null } });
    assert_eq!(show(&a, "subtree_as_ids").await["subtree"], nested);
    assert_eq!(
        show("default", "parents_as_ids").await["parents"],
        Value::Null
    );
    assert_eq!(show(&a, "parents_as_list=0").await.get("parents"), None);

    assert_eq!(show(&c, "parents_as_list").await["parents"], json!([]));
    let (user, role) = (&app.seed.user_id, app.seed.role("reader"));
    let grant = format!("/v3/projects/{b}/users/{user}/roles/{role}");
    app.put(&grant).token(&admin).send().await.expect(204);
    let parents = show(&c, "parents_as_list&include_limits").await["parents"].take();
    assert_eq!(parents.as_array().unwrap().len(), 1);
    assert_eq!(parents[0]["project"]["id"], b);
    assert_eq!(parents[0]["project"]["limits"], json!([]));
    assert!(parents[0]["project"]["links"]["self"].is_string());
    let shown = show(&a, "subtree_as_list&parents_as_ids").await;
    assert_eq!(shown["subtree"][0]["project"]["name"], "b");
    assert_eq!(shown["parents"], json!({ "default": null }));

    let both = format!("/v3/projects/{a}?subtree_as_list&subtree_as_ids");
    get(&app, &admin, &both).await.error(400);
}

#[tokio::test]
async fn a_deleted_project_takes_its_tokens_and_grants_with_it() {
    let app = TestApp::new().await;
    let admin = app.admin().await;
    let member = app.persona("mia", "member").await;
    let default = json!({ "user": { "default_project_id": member.project_id } });
    let user = format!("/v3/users/{}", member.user_id);
    app.patch(&user, default)
        .token(&admin)
        .send()
        .await
        .expect(200);
    let own = get(
        &app,
        &member.token,
        &format!("/v3/projects/{}", member.project_id),
    )
    .await;
    own.expect(200);
    delete(&app, &admin, &member.project_id).await.expect(204);
    let own = get(
        &app,
        &member.token,
        &format!("/v3/projects/{}", member.project_id),
    )
    .await;
    own.error(404);
    let user = get(&app, &admin, &user).await.expect(200).json();
    assert_eq!(user["user"].get("default_project_id"), None);
    let path = format!("/v3/role_assignments?user.id={}", member.user_id);
    let assignments = get(&app, &admin, &path).await.expect(200).json();
    assert_eq!(assignments["role_assignments"], json!([]));
}

#[tokio::test]
async fn nobody_reaches_projects_without_a_token() {
    let app = TestApp::new().await;
    let project = format!("/v3/projects/{}", app.seed.project_id);
    app.get("/v3/projects").send().await.error(401);
    app.get(&project).send().await.error(401);
    app.delete(&project).send().await.error(401);
    let body = json!({ "project": { "name": "x" } });
    app.patch(&project, body.clone()).send().await.error(401);
    app.post("/v3/projects", body).send().await.error(401);
    // What is malformed is refused before anybody asks who sent it.
    let bad = app.post("/v3/projects", json!({ "project": {} }));
    bad.send().await.error(400);
}

#[tokio::test]
async fn a_project_member_reaches_its_own_project_only() {
    let app = TestApp::new().await;
    let member = app.persona("mia", "member").await;
    let own = format!("/v3/projects/{}", member.project_id);
    get(&app, &member.token, &own).await.expect(200);
    get(&app, &member.token, &format!("{own}/tags"))
        .await
        .expect(200);
    get(&app, &member.token, "/v3/projects").await.error(403);
    for other in [
        app.seed.project_id.clone(),
        "0".repeat(32),
        "default".to_owned(),
    ] {
        get(&app, &member.token, &format!("/v3/projects/{other}"))
            .await
            .error(403);
        delete(&app, &member.token, &other).await.error(403);
    }
    patch(&app, &member.token, &member.project_id, json!({}))
        .await
        .error(403);
    let body = json!({ "project": { "name": "x" } });
    let create = app.post("/v3/projects", body).token(&member.token);
    create.send().await.error(403);
}

#[tokio::test]
async fn a_domain_manager_keeps_the_projects_of_its_domain() {
    let app = TestApp::new().await;
    let admin = app.admin().await;
    let domain = make_domain(&app, &admin, "one").await;
    let manager = somebody_in(&app, &admin, &domain, "manager").await;
    let own = make(&app, &manager, json!({ "name": "p", "domain_id": domain })).await;
    let own = id(&own);
    for refused in [
        json!({ "name": "x", "domain_id": "default" }),
        json!({ "name": "x" }),
        json!({ "name": "x", "is_domain": true }),
    ] {
        let body = json!({ "project": refused });
        let answer = app.post("/v3/projects", body).token(&manager).send().await;
        answer.error(403);
    }
    let listed = get(&app, &manager, "/v3/projects").await.expect(200);
    assert_eq!(names(&listed, "projects"), ["p"]);
    let listed = get(&app, &manager, "/v3/projects?domain_id=default")
        .await
        .expect(200);
    assert!(names(&listed, "projects").is_empty());
    let listed = get(&app, &manager, "/v3/projects?is_domain=true")
        .await
        .expect(200);
    assert!(names(&listed, "projects").is_empty());
    patch(&app, &manager, &own, json!({ "description": "d" }))
        .await
        .expect(200);
    patch(&app, &manager, &domain, json!({ "description": "d" }))
        .await
        .error(403);
    get(&app, &manager, &format!("/v3/projects/{domain}"))
        .await
        .error(403);
    patch(&app, &manager, &app.seed.project_id, json!({}))
        .await
        .error(403);
    delete(&app, &manager, &own).await.expect(204);
}

#[tokio::test]
async fn a_domain_reader_sees_the_projects_of_its_domain_only() {
    let app = TestApp::new().await;
    let admin = app.admin().await;
    let domain = make_domain(&app, &admin, "one").await;
    let project = make(&app, &admin, json!({ "name": "p", "domain_id": domain })).await;
    let project = id(&project);
    let reader = somebody_in(&app, &admin, &domain, "reader").await;
    let listed = get(&app, &reader, "/v3/projects").await.expect(200);
    assert_eq!(names(&listed, "projects"), ["p"]);
    get(&app, &reader, &format!("/v3/projects/{project}"))
        .await
        .expect(200);
    let other = format!("/v3/projects/{}", app.seed.project_id);
    get(&app, &reader, &other).await.error(403);
    patch(&app, &reader, &project, json!({})).await.error(403);
    delete(&app, &reader, &project).await.error(403);
}

#[tokio::test]
async fn url_safe_names_can_be_demanded() {
    let config = "[resource]\nproject_name_url_safe = new\n";
    let app = TestApp::with_config(config).await;
    let admin = app.admin().await;
    let project = id(&make(&app, &admin, json!({ "name": "a b-é_~" })).await);
    let body = json!({ "project": { "name": "a/b" } });
    let answer = app.post("/v3/projects", body).token(&admin).send().await;
    answer.error(400);
    patch(&app, &admin, &project, json!({ "name": "a:b" }))
        .await
        .error(400);
}

#[tokio::test]
async fn nobody_logs_in_by_a_name_that_is_not_url_safe_where_that_is_strict() {
    let app = TestApp::new().await;
    let admin = app.admin().await;
    let domain = make_domain(&app, &admin, "d/d").await;
    let project = id(&make(&app, &admin, json!({ "name": "a/b" })).await);
    let role = app.seed.role("admin");
    for at in [format!("projects/{project}"), format!("domains/{domain}")] {
        let path = format!("/v3/{at}/users/{}/roles/{role}", app.seed.user_id);
        app.put(&path).token(&admin).send().await.expect(204);
    }
    let strict = app
        .sibling("[resource]\nproject_name_url_safe = strict\ndomain_name_url_safe = strict\n")
        .await;
    let by_name = [
        json!({ "project": { "name": "a/b", "domain": { "id": "default" } } }),
        json!({ "domain": { "name": "d/d" } }),
    ];
    let by_id = [
        json!({ "project": { "id": project } }),
        json!({ "domain": { "id": domain } }),
    ];
    for scope in by_name {
        app.login("admin", ADMIN_PASSWORD, scope.clone()).await;
        let body = login_body("admin", ADMIN_PASSWORD, scope);
        let answer = strict.post("/v3/auth/tokens", body).send().await;
        answer.error(401);
    }
    for scope in by_id {
        strict.login("admin", ADMIN_PASSWORD, scope).await;
    }
}

#[tokio::test]
async fn tags_are_listed_replaced_added_and_removed() {
    let app = TestApp::new().await;
    let admin = app.admin().await;
    let project = id(&make(&app, &admin, json!({ "name": "p", "tags": ["b", "a"] })).await);
    let tags = format!("/v3/projects/{project}/tags");
    let listed = get(&app, &admin, &tags).await.expect(200).json();
    let links = json!({ "self": "http://keystone.test/v3" });
    assert_eq!(listed, json!({ "links": links, "tags": ["a", "b"] }));

    let put = app.put(&tags).json(json!({ "tags": [" x ", "y"] }));
    let replaced = put.token(&admin).send().await.expect(200).json();
    assert_eq!(replaced["tags"], json!(["x", "y"]));
    let added = app.put(&format!("{tags}/z%20z")).token(&admin).send().await;
    let added = added.expect(201);
    assert_eq!(added.body, "");
    let location = format!("http://keystone.test{tags}/z%20z");
    assert_eq!(added.header("location"), location);
    app.head(&format!("{tags}/z%20z"))
        .token(&admin)
        .send()
        .await
        .expect(204);
    let removed = app.delete(&format!("{tags}/x")).token(&admin).send().await;
    removed.expect(204);
    app.delete(&format!("{tags}/x"))
        .token(&admin)
        .send()
        .await
        .error(404);
    get(&app, &admin, &format!("{tags}/x")).await.error(404);
    let listed = get(&app, &admin, &tags).await.expect(200).json();
    assert_eq!(listed["tags"], json!(["y", "z z"]));
    app.delete(&tags).token(&admin).send().await.expect(204);
    let listed = get(&app, &admin, &tags).await.expect(200).json();
    assert_eq!(listed["tags"], json!([]));
}

#[tokio::test]
async fn tags_that_are_wrong_repeated_or_too_many_are_refused() {
    let app = TestApp::new().await;
    let admin = app.admin().await;
    let project = id(&make(&app, &admin, json!({ "name": "p" })).await);
    let tags = format!("/v3/projects/{project}/tags");
    for body in [
        json!({ "tags": ["a,b"] }),
        json!({ "tags": ["a", "a"] }),
        json!({ "tags": ["a", " a"] }),
        json!({ "tags": [""] }),
        json!({ "tags": [], "other": 1 }),
        json!({}),
    ] {
        app.put(&tags)
            .json(body)
            .token(&admin)
            .send()
            .await
            .error(400);
    }
    let eighty: Vec<String> = (0..80).map(|at| format!("t{at}")).collect();
    let put = app.put(&tags).json(json!({ "tags": eighty })).token(&admin);
    put.send().await.expect(200);
    for tag in ["one-more", "t1", "a,b"] {
        let put = app.put(&format!("{tags}/{tag}")).token(&admin);
        put.send().await.error(400);
    }
    let nowhere = format!("/v3/projects/{}/tags/t", "0".repeat(32));
    app.put(&nowhere).token(&admin).send().await.error(404);
    app.put(&format!("{tags}/a,b")).send().await.error(401);
}
