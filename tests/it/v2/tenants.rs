//! `/v2.0/tenants`

use super::{access, call, new_tenant, new_user, password, text, token_of};
use super::{not_on_the_public_listener, only_for_administrators};
use crate::harness::TestApp;
use keystone::driver::sql::db::sql;
use serde_json::{Value, json};

fn names(body: &Value) -> Vec<&str> {
    let tenants = body["tenants"].as_array().expect("a list");
    let mut names: Vec<_> = tenants
        .iter()
        .map(|tenant| tenant["name"].as_str().expect("text"))
        .collect();
    names.sort_unstable();
    names
}

#[tokio::test]
async fn a_tenant_is_a_project_of_the_default_domain() {
    let app = TestApp::new().await;
    let body = json!({ "tenant": {
        "name": "demo", "description": "Demo tenant", "enabled": true,
        "foo:bar-baz": "1", "domain_id": "elsewhere", "id": "mytenantid",
    } });
    let answer = call(&app, "POST", "/v2.0/tenants", body).await.expect(200);
    let expected = json!({
        "id": "mytenantid", "name": "demo", "description": "Demo tenant", "enabled": true,
        "foo_bar_baz": "1",
    });
    assert_eq!(answer.json(), json!({ "tenant": expected }));
    for path in ["/v2.0/tenants/mytenantid", "/v2.0/tenants?name=demo"] {
        let shown = call(&app, "GET", path, Value::Null).await.expect(200);
        assert_eq!(shown.json(), json!({ "tenant": expected }));
    }
    let project = call(&app, "GET", "/v3/projects/mytenantid", Value::Null).await;
    let project = project.expect(200).json()["project"].take();
    assert_eq!(project["domain_id"], "default");
    assert_eq!(project["parent_id"], "default");
    assert_eq!(project["foo_bar_baz"], "1");

    let body = json!({ "tenant": { "name": "plain", "description": null } });
    let plain = call(&app, "POST", "/v2.0/tenants", body)
        .await
        .expect(200)
        .json();
    assert_eq!(plain["tenant"]["description"], "");
    assert_eq!(plain["tenant"]["enabled"], true);
    assert_eq!(plain["tenant"].as_object().expect("an object").len(), 4);
}

#[tokio::test]
async fn old_clients_send_numbers_for_booleans() {
    let app = TestApp::new().await;
    for (sent, stored) in [(json!(0), false), (json!(1), true), (json!(false), false)] {
        let body = json!({ "tenant": { "name": format!("t{sent}"), "enabled": sent } });
        let answer = call(&app, "POST", "/v2.0/tenants", body).await.expect(200);
        assert_eq!(answer.json()["tenant"]["enabled"], stored);
    }
}

#[tokio::test]
async fn malformed_tenants_are_400_before_anybody_asks_who_sent_them() {
    let app = TestApp::new().await;
    let long = "x".repeat(65);
    for body in [
        json!({}),
        json!({ "project": { "name": "x" } }),
        json!({ "tenant": "x" }),
        json!({ "tenant": {} }),
        json!({ "tenant": { "name": "" } }),
        json!({ "tenant": { "name": "  " } }),
        json!({ "tenant": { "name": null } }),
        json!({ "tenant": { "name": 5 } }),
        json!({ "tenant": { "name": long } }),
        json!({ "tenant": { "name": "x", "id": long } }),
        json!({ "tenant": { "name": "x", "id": "" } }),
        json!({ "tenant": { "name": "x", "is_domain": true } }),
        json!({ "tenant": { "name": "x", "is_domain": false } }),
        json!({ "tenant": { "name": "x", "enabled": "false" } }),
        json!({ "tenant": { "name": "x", "enabled": null } }),
        json!({ "tenant": { "name": "x", "enabled": 2 } }),
        json!({ "tenant": { "name": "x", "description": 5 } }),
        json!({ "tenant": { "name": "x" }, "foo": 1 }),
    ] {
        app.post("/v2.0/tenants", body).send().await.error(400);
    }
    let path = format!("/v2.0/tenants/{}", app.seed.project_id);
    for body in [
        json!({}),
        json!({ "tenant": [] }),
        json!({ "tenant": { "name": "" } }),
        json!({ "tenant": { "name": long } }),
        json!({ "tenant": { "enabled": "true" } }),
    ] {
        app.post(&path, body.clone()).send().await.error(400);
        app.put(&path).json(body).send().await.error(400);
    }
}

#[tokio::test]
async fn names_and_ids_of_tenants_are_unique() {
    let app = TestApp::new().await;
    let body = json!({ "tenant": { "name": "demo", "id": "one" } });
    call(&app, "POST", "/v2.0/tenants", body.clone())
        .await
        .expect(200);
    call(&app, "POST", "/v2.0/tenants", body).await.error(409);
    let body = json!({ "tenant": { "name": "other", "id": "one" } });
    call(&app, "POST", "/v2.0/tenants", body).await.error(409);
    let body = json!({ "tenant": { "name": "admin" } });
    call(&app, "POST", "/v2.0/tenants/one", body)
        .await
        .error(409);
}

#[tokio::test]
async fn updates_are_partial_by_either_method_and_show_extra_twice() {
    let app = TestApp::new().await;
    let id = new_tenant(&app, "demo").await;
    let path = format!("/v2.0/tenants/{id}");
    let body = json!({ "tenant": { "description": "new", "foo": "bar", "id": "other" } });
    for method in ["POST", "PUT"] {
        let answer = call(&app, method, &path, body.clone()).await.expect(200);
        assert_eq!(
            answer.json()["tenant"],
            json!({
                "id": id, "name": "demo", "description": "new", "enabled": true,
                "foo": "bar", "extra": { "foo": "bar" },
            })
        );
    }
    let nothing = call(&app, "POST", &path, json!({ "tenant": {} }))
        .await
        .expect(200);
    assert_eq!(nothing.json()["tenant"]["description"], "new");
    let body = json!({ "tenant": { "domain_id": "x", "is_domain": true, "enabled": false } });
    let answer = call(&app, "PUT", &path, body).await.expect(200).json();
    assert_eq!(answer["tenant"]["enabled"], false);
    assert!(answer["tenant"].get("domain_id").is_none());
    call(&app, "PATCH", &path, json!({ "tenant": {} }))
        .await
        .error(404);
}

#[tokio::test]
async fn domains_and_what_is_not_there_are_404() {
    let app = TestApp::new().await;
    for id in ["nope", "default"] {
        let path = format!("/v2.0/tenants/{id}");
        call(&app, "GET", &path, Value::Null).await.error(404);
        call(&app, "POST", &path, json!({ "tenant": {} }))
            .await
            .error(404);
        call(&app, "DELETE", &path, Value::Null).await.error(404);
        call(&app, "GET", &format!("{path}/users"), Value::Null)
            .await
            .error(404);
    }
    let odd = "/v2.0/tenants/!@%23$()%25%5E&*%3C%3E%7B%7D%5B%5D/users";
    call(&app, "GET", odd, Value::Null).await.error(404);
    for query in ["name=nope", "name="] {
        let path = format!("/v2.0/tenants?{query}");
        call(&app, "GET", &path, Value::Null).await.error(404);
    }
}

#[tokio::test]
async fn a_deleted_tenant_takes_its_tokens_along() {
    let app = TestApp::new().await;
    let mia = app.persona("mia", "member").await;
    let path = format!("/v2.0/tenants/{}", mia.project_id);
    call(&app, "DELETE", &path, Value::Null).await.expect(204);
    call(&app, "DELETE", &path, Value::Null).await.error(404);
    let token = format!("/v2.0/tokens/{}", mia.token);
    call(&app, "GET", &token, Value::Null).await.error(404);
}

#[tokio::test]
async fn administrators_list_the_tenants_of_the_default_domain_in_pages() {
    let app = TestApp::new().await;
    let domain = app.add_domain("elsewhere").await;
    app.make("project", json!({ "name": "far", "domain_id": domain }))
        .await;
    for name in ["a", "b", "c"] {
        new_tenant(&app, name).await;
    }
    let all = call(&app, "GET", "/v2.0/tenants", Value::Null)
        .await
        .expect(200)
        .json();
    assert_eq!(names(&all), ["a", "admin", "b", "c"]);
    assert_eq!(all["tenants_links"], json!([]));
    let mut seen: Vec<String> = Vec::new();
    loop {
        let marker = seen
            .last()
            .map(|id| format!("&marker={id}"))
            .unwrap_or_default();
        let path = format!("/v2.0/tenants?limit=3{marker}");
        let page = call(&app, "GET", &path, Value::Null)
            .await
            .expect(200)
            .json();
        assert_eq!(page["tenants_links"], json!([]));
        let ids = page["tenants"].as_array().expect("a list").clone();
        if ids.is_empty() {
            break;
        }
        seen.extend(ids.iter().map(|tenant| text(&tenant["id"])));
    }
    assert_eq!(seen.len(), 4);
    let none = call(&app, "GET", "/v2.0/tenants?limit=0", Value::Null)
        .await
        .expect(200);
    assert_eq!(none.json()["tenants"], json!([]));
    for query in ["limit=-1", "limit=x", "marker=nope"] {
        let path = format!("/v2.0/tenants?{query}");
        call(&app, "GET", &path, Value::Null).await.error(400);
    }
}

#[tokio::test]
async fn on_the_public_listener_everybody_lists_the_own_tenants() {
    let app = TestApp::new().await;
    let mia = app.persona("mia", "member").await;
    let other = new_tenant(&app, "other").await;
    new_tenant(&app, "foreign").await;
    let grant = format!(
        "/v2.0/tenants/{other}/users/{}/roles/OS-KSADM/{}",
        mia.user_id,
        app.seed.role("member")
    );
    call(&app, "PUT", &grant, Value::Null).await.expect(200);
    let disable = json!({ "tenant": { "enabled": false } });
    call(&app, "POST", &format!("/v2.0/tenants/{other}"), disable)
        .await
        .expect(200);
    let unscoped = token_of(&access(&app, password("mia", None)).await);
    for token in [&mia.token, &unscoped] {
        let own = async |query: &str| {
            let request = app.get(&format!("/v2.0/tenants{query}")).public();
            request.token(token).send().await
        };
        let all = own("").await.expect(200).json();
        assert_eq!(names(&all), ["mia-project", "other"]);
        assert_eq!(all["tenants_links"], json!([]));
        // There is no filter by name here.
        assert_eq!(names(&own("?name=other").await.expect(200).json()).len(), 2);
        let first = own("?limit=1").await.expect(200).json();
        let id = text(&first["tenants"][0]["id"]);
        let second = own(&format!("?marker={id}")).await.expect(200).json();
        assert_eq!(second["tenants"].as_array().expect("a list").len(), 1);
        assert_ne!(second["tenants"][0]["id"], id);
        own("?marker=nope").await.error(400);
        own("?limit=x").await.error(400);
    }
    app.get("/v2.0/tenants").public().send().await.error(401);
    let bad = app.get("/v2.0/tenants").public().token("nonsense");
    bad.send().await.error(401);
    app.head("/v2.0/tenants")
        .public()
        .token(&mia.token)
        .send()
        .await
        .expect(404);
}

#[tokio::test]
async fn the_users_of_a_tenant_are_all_that_have_a_role_on_it() {
    let app = TestApp::new().await;
    let tenant = new_tenant(&app, "demo").await;
    let (ada, bob) = (new_user(&app, "ada").await, new_user(&app, "bob").await);
    new_user(&app, "nobody").await;
    let member = app.seed.role("member");
    let grant = format!("/v2.0/tenants/{tenant}/users/{ada}/roles/OS-KSADM/{member}");
    call(&app, "PUT", &grant, Value::Null).await.expect(200);
    let group = app
        .make("group", json!({ "name": "g", "domain_id": "default" }))
        .await;
    let admin = app.admin().await;
    let join = format!("/v3/groups/{group}/users/{bob}");
    app.put(&join).token(&admin).send().await.expect(204);
    let grant = format!("/v3/projects/{tenant}/groups/{group}/roles/{member}");
    app.put(&grant).token(&admin).send().await.expect(204);
    let path = format!("/v2.0/tenants/{tenant}/users");
    for path in [path.clone(), format!("{path}?limit=1&marker=x")] {
        let found = call(&app, "GET", &path, Value::Null)
            .await
            .expect(200)
            .json();
        let mut names: Vec<_> = found["users"]
            .as_array()
            .expect("a list")
            .iter()
            .map(|user| user["username"].as_str().expect("text"))
            .collect();
        names.sort_unstable();
        assert_eq!(names, ["ada", "bob"]);
        assert_eq!(found.as_object().expect("an object").len(), 1);
    }
}

#[tokio::test]
async fn tenants_are_administrated_by_administrators_on_the_admin_listener() {
    let app = TestApp::new().await;
    let id = app.seed.project_id.clone();
    let (one, users) = (
        format!("/v2.0/tenants/{id}"),
        format!("/v2.0/tenants/{id}/users"),
    );
    let body = json!({ "tenant": { "name": "x" } });
    only_for_administrators(
        &app,
        &[
            ("GET", "/v2.0/tenants", Value::Null),
            ("GET", "/v2.0/tenants?name=admin", Value::Null),
            ("POST", "/v2.0/tenants", body.clone()),
            ("GET", &one, Value::Null),
            ("POST", &one, body.clone()),
            ("PUT", &one, body),
            ("DELETE", &one, Value::Null),
            ("GET", "/v2.0/tenants/nope", Value::Null),
            ("GET", &users, Value::Null),
        ],
    )
    .await;
    let calls = [
        ("POST", "/v2.0/tenants"),
        ("GET", &*one),
        ("DELETE", &one),
        ("GET", &users),
    ];
    not_on_the_public_listener(&app, &calls).await;
}

#[tokio::test]
async fn the_users_of_a_tenant_are_listed_however_many_there_are() {
    const MANY: usize = 16_400;
    let app = TestApp::new().await;
    let tenant = &app.make("project", json!({ "name": "crowd" })).await;
    let role = app.seed.role("member");
    let ids: Vec<String> = (0..MANY).map(|at| format!("{at:032x}")).collect();
    let ids = &ids;
    let planted = app.app.db.transaction(|s| {
        Box::pin(async move {
            for some in ids.chunks(1000) {
                let users = some
                    .iter()
                    .map(|id| format!("('{id}', '{{}}', 1 = 1, 'default')"));
                let users = users.collect::<Vec<_>>().join(", ");
                let insert = r#"INSERT INTO "user" (id, extra, enabled, domain_id) VALUES "#;
                s.execute(sql(insert).push(users)).await?;
                let grants = some
                    .iter()
                    .map(|id| format!("('UserProject', '{id}', '{tenant}', '{role}', 1 = 0)"));
                let grants = grants.collect::<Vec<_>>().join(", ");
                let insert = "INSERT INTO assignment \
                     (type, actor_id, target_id, role_id, inherited) VALUES ";
                s.execute(sql(insert).push(grants)).await?;
            }
            Ok(())
        })
    });
    planted.await.expect("the users take");
    let path = format!("/v2.0/tenants/{tenant}/users");
    let listed = call(&app, "GET", &path, Value::Null)
        .await
        .expect(200)
        .json();
    let listed = listed["users"].as_array().expect("a list");
    let listed: Vec<_> = listed.iter().map(|user| text(&user["id"])).collect();
    assert_eq!(listed, *ids);
}
