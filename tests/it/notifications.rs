//! Notifications: what others are told, in which form, and when nothing is said.

use crate::harness::notifications::{EVENTS, NOT_HELD_YET};
use crate::harness::{ADMIN_PASSWORD, TestApp, login_body};
use axum::http::Method;
use keystone::api::{v2, v3};
use keystone::model::event::{Event, ResourceKind};
use serde_json::{Value, json};

#[test]
fn every_changing_route_has_a_line_that_names_its_events() {
    let routes = v3::routes::table().into_iter().chain(v2::routes::admin());
    let missing: Vec<String> = routes
        .filter(|route| !matches!(route.method, Method::GET | Method::HEAD))
        .filter(|route| !NOT_HELD_YET.contains(&route.path))
        .filter(|route| {
            let method = route.method.as_str();
            !EVENTS
                .iter()
                .any(|(known, path, _)| *known == method && *path == route.path)
        })
        .map(|route| format!("{} {}", route.method, route.path))
        .collect();
    assert!(
        missing.is_empty(),
        "tests/it/harness/notifications.rs lacks {missing:#?}"
    );
}

/// The last notification of a type.
async fn last(app: &TestApp, event_type: &str) -> Value {
    let all = app.notifications().await;
    let found = all
        .into_iter()
        .rev()
        .find(|told| told["event_type"] == event_type);
    found.unwrap_or_else(|| panic!("nobody was told of {event_type}"))
}

async fn login(app: &TestApp, name: &str, password: &str) -> u16 {
    let body = login_body(name, password, Value::Null);
    app.post("/v3/auth/tokens", body).send().await.status
}

/// The names of an object's members.
fn members(value: &Value) -> Vec<&str> {
    let object = value.as_object().expect("an object");
    let mut names: Vec<&str> = object.keys().map(String::as_str).collect();
    names.sort_unstable();
    names
}

#[tokio::test]
async fn a_created_resource_is_told_in_cadf_by_default() {
    let app = TestApp::with_config("[DEFAULT]\ndefault_publisher_id = here\n").await;
    let admin = app.admin().await;
    let answer = app
        .post("/v3/regions", json!({ "region": { "id": "R2" } }))
        .token(&admin)
        .header("user-agent", "tests/1")
        .header(
            "x-openstack-request-id",
            "req-11111111-2222-3333-4444-555555555555",
        )
        .send()
        .await
        .expect(201);
    let told = last(&app, "identity.region.created").await;
    assert_eq!(
        members(&told),
        [
            "event_type",
            "message_id",
            "payload",
            "priority",
            "publisher_id",
            "timestamp"
        ]
    );
    assert_eq!(told["publisher_id"], "identity.here");
    assert_eq!(told["priority"], "INFO");
    assert_eq!(told["timestamp"], "2026-01-01 00:00:00.000000");
    let payload = &told["payload"];
    assert_eq!(
        payload["typeURI"],
        "http://schemas.dmtf.org/cloud/audit/1.0/event"
    );
    assert_eq!(payload["eventType"], "activity");
    assert_eq!(payload["eventTime"], "2026-01-01T00:00:00.000000+0000");
    assert_eq!(payload["action"], "created.region");
    assert_eq!(payload["outcome"], "success");
    assert_eq!(
        payload["observer"],
        json!({ "id": app.seed.service_id, "typeURI": "service/security" })
    );
    assert_eq!(
        payload["target"],
        json!({ "id": "R2", "typeURI": "data/security/region" })
    );
    assert_eq!(payload["resource_info"], "R2");
    assert_eq!(
        payload["initiator"],
        json!({
            "id": app.seed.user_id,
            "typeURI": "service/security/account/user",
            "host": { "agent": "tests/1" },
            "user_id": app.seed.user_id,
            "project_id": app.seed.project_id,
            "request_id": answer.header("x-openstack-request-id"),
            "global_request_id": "req-11111111-2222-3333-4444-555555555555",
            "name": "admin",
            "username": "admin",
        })
    );
}

#[tokio::test]
async fn the_address_of_a_proxys_client_is_told_where_the_proxy_is_believed() {
    for (config, address) in [
        ("", Value::Null),
        (
            "[oslo_middleware]\nenable_proxy_headers_parsing = true\n",
            json!("192.0.2.7"),
        ),
    ] {
        let app = TestApp::with_config(config).await;
        let admin = app.admin().await;
        app.post("/v3/regions", json!({ "region": { "id": "R2" } }))
            .token(&admin)
            .header("x-forwarded-for", "203.0.113.5, 192.0.2.7")
            .header("user-agent", &"a".repeat(1000))
            .send()
            .await
            .expect(201);
        let told = last(&app, "identity.region.created").await;
        let host = &told["payload"]["initiator"]["host"];
        assert_eq!(host["address"], address);
        assert_eq!(host["agent"].as_str().map(str::len), Some(256));
    }
}

#[tokio::test]
async fn the_basic_format_has_the_resource_and_the_request() {
    let app = TestApp::with_config("[DEFAULT]\nnotification_format = basic\n").await;
    let admin = app.admin().await;
    let group = app.make("group", json!({ "name": "g" })).await;
    let path = format!("/v3/groups/{group}/users/{}", app.seed.user_id);
    let answer = app.put(&path).token(&admin).send().await.expect(204);
    let told = last(&app, "identity.group.updated").await;
    assert_eq!(
        told["payload"],
        json!({
            "resource_info": group,
            "actor_id": app.seed.user_id,
            "actor_type": "user",
            "actor_operation": "added",
            "request_id": answer.header("x-openstack-request-id"),
        })
    );
    app.delete(&path).token(&admin).send().await.expect(204);
    let told = last(&app, "identity.group.updated").await;
    assert_eq!(told["payload"]["actor_operation"], "removed");
}

#[tokio::test]
async fn assignments_are_told_in_cadf_whatever_the_format() {
    let app = TestApp::with_config("[DEFAULT]\nnotification_format = basic\n").await;
    let admin = app.admin().await;
    let (user, project) = (&app.seed.user_id, &app.seed.project_id);
    let role = app.seed.role("reader");
    let path = format!("/v3/projects/{project}/users/{user}/roles/{role}");
    app.put(&path).token(&admin).send().await.expect(204);
    let told = last(&app, "identity.role_assignment.created").await;
    let payload = &told["payload"];
    assert_eq!(payload["action"], "created.role_assignment");
    assert_eq!(payload["outcome"], "success");
    assert_eq!(payload["project"], *project);
    assert_eq!(payload["user"], *user);
    assert_eq!(payload["role"], role);
    assert_eq!(payload["inherited_to_projects"], false);
    assert_eq!(
        payload["target"]["typeURI"],
        "service/security/account/user"
    );
    app.delete(&path).token(&admin).send().await.expect(204);
    app.delete(&path).token(&admin).send().await.error(404);
    let told = last(&app, "identity.role_assignment.deleted").await;
    assert_eq!(told["payload"]["outcome"], "failure");
}

#[tokio::test]
async fn logins_tell_who_failed_and_why() {
    let config = "[DEFAULT]\nnotification_opt_out =\n\
        [security_compliance]\nlockout_failure_attempts = 2\nreport_invalid_password_hash = event\n\
        invalid_password_hash_secret_key = pepper\n";
    let app = TestApp::with_config(config).await;
    assert_eq!(login(&app, "admin", ADMIN_PASSWORD).await, 201);
    let payload = last(&app, "identity.authenticate").await["payload"].take();
    assert_eq!(payload["outcome"], "success");
    assert_eq!(payload["action"], "authenticate");
    assert_eq!(payload["initiator"]["user_id"], app.seed.user_id);
    assert_eq!(payload["initiator"]["name"], "admin");
    assert!(payload.get("reason").is_none());

    assert_eq!(login(&app, "admin", "wrong").await, 401);
    let payload = last(&app, "identity.authenticate").await["payload"].take();
    assert_eq!(payload["outcome"], "failure");
    assert_eq!(
        payload["attachments"],
        json!([{
            "typeURI": "mime:text/plain",
            "content": "AfwZdhmoIeDa/LZ+eRiE5FVaFPdL7Qai5eNAdcPIQJI",
            "name": "partial_password_hash",
        }])
    );

    assert_eq!(login(&app, "admin", "wrong").await, 401);
    assert_eq!(login(&app, "admin", "wrong").await, 401);
    let payload = last(&app, "identity.authenticate").await["payload"].take();
    let user_id = &app.seed.user_id;
    assert_eq!(
        payload["reason"],
        json!({
            "reasonType": format!("The account is locked for user: {user_id}."),
            "reasonCode": "401",
        })
    );
    assert!(payload.get("attachments").is_none());

    assert_eq!(login(&app, "nobody", "wrong").await, 401);
    let payload = last(&app, "identity.authenticate").await["payload"].take();
    assert_eq!(payload["reason"]["reasonCode"], "404");
    assert_eq!(payload["initiator"]["user_name"], "nobody");
    assert_eq!(payload["initiator"]["domain_id"], "default");
    assert!(payload["initiator"].get("user_id").is_none());
}

#[tokio::test]
async fn no_hash_of_a_wrong_password_is_told_unless_asked_for() {
    let app = TestApp::new().await;
    assert_eq!(login(&app, "admin", "wrong").await, 401);
    let payload = last(&app, "identity.authenticate").await["payload"].take();
    assert_eq!(payload["outcome"], "failure");
    assert!(payload.get("attachments").is_none());
}

#[tokio::test]
async fn a_password_that_breaks_the_rules_is_told_with_the_reason() {
    let app = TestApp::with_config("[security_compliance]\npassword_regex = ^.{12,}$\n").await;
    let admin = app.admin().await;
    let path = format!("/v3/users/{}/password", app.seed.user_id);
    let body = json!({ "user": { "original_password": ADMIN_PASSWORD, "password": "short" } });
    app.post(&path, body).token(&admin).send().await.error(400);
    let payload = last(&app, "identity.user.updated").await["payload"].take();
    assert_eq!(payload["reason"]["reasonCode"], "400");
}

#[tokio::test]
async fn opted_out_events_are_not_told() {
    let config = "[DEFAULT]\nnotification_opt_out = identity.region.created\n\
        notification_opt_out = identity.authenticate.failure\n";
    let app = TestApp::with_config(config).await;
    let admin = app.admin().await;
    assert_eq!(login(&app, "admin", "wrong").await, 401);
    app.app
        .db
        .transaction(|s| {
            Box::pin(async move {
                s.notify(Event::created(ResourceKind::Region, "R9"));
                Ok(())
            })
        })
        .await
        .expect("a transaction");
    let body = json!({ "role": { "name": "r" } });
    app.post("/v3/roles", body)
        .token(&admin)
        .send()
        .await
        .expect(201);
    let types: Vec<Value> = app
        .notifications()
        .await
        .into_iter()
        .map(|mut told| told["event_type"].take())
        .collect();
    // The admin's login succeeded, which this configuration no longer opts out.
    assert_eq!(types, ["identity.authenticate", "identity.role.created"]);
}

#[tokio::test]
async fn what_is_rolled_back_is_not_told() {
    let app = TestApp::new().await;
    let admin = app.admin().await;
    let before = app.notifications().await.len();
    // Noted, and then refused because the name is taken.
    let body = json!({ "role": { "name": "member" } });
    app.post("/v3/roles", body)
        .token(&admin)
        .send()
        .await
        .error(409);
    let rolled_back: keystone::Result<()> = app
        .app
        .db
        .transaction(|s| {
            Box::pin(async move {
                s.notify(Event::created(ResourceKind::Region, "R9"));
                Err(keystone::Error::bad_request("changed my mind"))
            })
        })
        .await;
    rolled_back.expect_err("the transaction fails");
    assert_eq!(app.notifications().await.len(), before);
}

#[tokio::test]
async fn a_deleted_domain_is_told_with_everything_in_it() {
    let app = TestApp::new().await;
    let admin = app.admin().await;
    let domain = app.make("domain", json!({ "name": "d" })).await;
    let inside = json!({ "name": "x", "domain_id": domain });
    let project = app.make("project", inside.clone()).await;
    let user = app.make("user", inside.clone()).await;
    let group = app.make("group", inside).await;
    let path = format!("/v3/domains/{domain}");
    let disable = json!({ "domain": { "enabled": false } });
    app.patch(&path, disable)
        .token(&admin)
        .send()
        .await
        .expect(200);
    app.delete(&path).token(&admin).send().await.expect(204);
    let told = app.notifications().await;
    for (kind, id) in [
        ("project", &project),
        ("user", &user),
        ("group", &group),
        ("domain", &domain),
        ("project", &domain),
    ] {
        let event_type = format!("identity.{kind}.deleted");
        assert!(
            told.iter()
                .any(|told| told["event_type"] == event_type
                    && told["payload"]["resource_info"] == **id),
            "{event_type}"
        );
    }
}

#[tokio::test]
async fn tags_of_a_domain_are_told_as_an_update_of_it() {
    let app = TestApp::new().await;
    let admin = app.admin().await;
    let domain = app.make("domain", json!({ "name": "d" })).await;
    let tags = format!("/v3/projects/{domain}/tags");
    let one = format!("{tags}/t");
    let requests = [
        app.put(&tags).json(json!({ "tags": ["a"] })),
        app.put(&one),
        app.delete(&one),
        app.delete(&tags),
    ];
    for (at, request) in requests.into_iter().enumerate() {
        request.token(&admin).send().await;
        let told = app.notifications().await;
        let updates = told.iter().filter(|told| {
            told["event_type"] == "identity.domain.updated"
                && told["payload"]["resource_info"] == *domain
        });
        assert_eq!(updates.count(), at + 1);
    }
}

#[tokio::test]
async fn a_refused_grant_is_told_as_a_failure() {
    let app = TestApp::new().await;
    let admin = app.admin().await;
    let domain = app.make("domain", json!({ "name": "d" })).await;
    let role = json!({ "name": "r", "domain_id": domain });
    let role = app.make("role", role).await;
    let (user, project) = (&app.seed.user_id, &app.seed.project_id);
    let on_project = format!("projects/{project}/users/{user}/roles");
    for (path, status) in [
        (format!("/v3/{on_project}/{role}"), 403),
        (
            format!("/v3/OS-INHERIT/{on_project}/nope/inherited_to_projects"),
            404,
        ),
    ] {
        let before = app.notifications().await.len();
        app.put(&path).token(&admin).send().await.error(status);
        assert_eq!(app.notifications().await.len(), before + 1, "{path}");
        let told = last(&app, "identity.role_assignment.created").await;
        assert_eq!(told["payload"]["outcome"], "failure");
        assert_eq!(told["payload"]["user"], *user);
    }
}
