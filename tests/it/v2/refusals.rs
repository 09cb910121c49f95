//! Every route of v2.0 with everybody who might call it: who gets in is the rule's to say, and nothing
//! that a request carries can change that.

use super::{access, password, token_of};
use crate::harness::{RequestBuilder, TestApp, signing};
use axum::http::Method;
use keystone::api::route::Route;
use keystone::api::v2::routes;
use keystone::driver::sql::db::sql;
use serde_json::{Value, json};

/// Routes that anybody may call, or that decide by themselves.
const OPEN: [&str; 8] = [
    "/v2.0",
    "/v2.0/OS-KSCRUD/users/{user_id}",
    "/v2.0/extensions",
    "/v2.0/extensions/{alias}",
    "/v2.0/tenants",
    "/v2.0/tokens",
    "/v2.0/ec2tokens",
    "/v2.0/s3tokens",
];

/// What must not change when a request is refused.
const TABLES: [&str; 12] = [
    "user",
    "local_user",
    "password",
    "project",
    "role",
    "assignment",
    "service",
    "endpoint",
    "region",
    "credential",
    "revocation_event",
    "trust",
];

/// What policy files can ask about a caller or a target.
const NAMES_OF_POLICY: [&str; 14] = [
    "user_id",
    "project_id",
    "tenant_id",
    "domain_id",
    "is_admin",
    "is_admin_project",
    "role",
    "roles",
    "system_scope",
    "target.token.user_id",
    "target.user.id",
    "target.user.domain_id",
    "target.credential.user_id",
    "trust.trustor_user_id",
];

/// A body that would be good, so that nothing but the caller can be the reason of a refusal.
fn body_of(route: &Route, app: &TestApp) -> Option<Value> {
    let user = json!({ "name": "x", "enabled": true, "password": "x" });
    if route.method != Method::POST && route.method != Method::PUT {
        return None;
    }
    match route.path {
        "/v2.0/OS-KSADM/roles" => Some(json!({ "role": { "name": "x" } })),
        "/v2.0/OS-KSADM/services" => Some(json!({ "OS-KSADM:service": { "type": "x" } })),
        "/v2.0/endpoints" => Some(json!({ "endpoint": {
            "service_id": app.seed.service_id, "region": "R", "publicurl": "http://x",
        } })),
        "/v2.0/users/{user_id}/roleRefs" => Some(json!({ "role": {
            "tenantId": app.seed.project_id, "roleId": app.seed.role("admin"),
        } })),
        "/v2.0/users/{user_id}/credentials/OS-EC2" => {
            Some(json!({ "tenant_id": app.seed.project_id }))
        }
        path if path.contains("/roles/OS-KSADM/") => None,
        path if path.starts_with("/v2.0/tenants") => Some(json!({ "tenant": { "name": "x" } })),
        path if path.starts_with("/v2.0/users") => Some(json!({ "user": user })),
        path => panic!("no body for {path}"),
    }
}

/// The path with the administrator's own things in it.
fn path_of(route: &Route, app: &TestApp, subject: &str) -> String {
    route
        .path
        .replace("{user_id}", &app.seed.user_id)
        .replace("{tenant_id}", &app.seed.project_id)
        .replace("{role_id}", app.seed.role("admin"))
        .replace("{service_id}", &app.seed.service_id)
        .replace("{token_id}", subject)
        .replace("{endpoint_id}", "x")
        .replace("{role_ref_id}", "x")
        .replace("{access}", "x")
}

async fn rows(app: &TestApp) -> Vec<i64> {
    let mut session = app.app.db.session().await.expect("a session");
    let mut counts = Vec::new();
    for table in TABLES {
        let count = sql("SELECT COUNT(*) AS found FROM ").push(match table {
            "user" => "\"user\"",
            other => other,
        });
        let row = session.fetch_one(count).await.expect("a count");
        counts.push(row.int("found").expect("a number"));
    }
    counts
}

fn send<'a>(app: &'a TestApp, route: &Route, path: &str, public: bool) -> RequestBuilder<'a> {
    let request = app.request(route.method.clone(), path);
    match public {
        true => request.public(),
        false => request,
    }
}

/// Both listeners' protected routes.
fn protected() -> Vec<(Route, bool)> {
    let admin = routes::admin().into_iter().map(|route| (route, false));
    let public = routes::public().into_iter().map(|route| (route, true));
    admin
        .chain(public)
        .filter(|(route, _)| !route.rules.is_empty())
        // Lets in whoever may validate signatures in v3, too; `ec2.rs` asks it.
        .filter(|(route, _)| route.path != "/v2.0/ec2tokens")
        .collect()
}

#[test]
fn a_route_without_a_rule_is_one_of_those_that_need_none() {
    for route in routes::admin().into_iter().chain(routes::public()) {
        let open = OPEN.contains(&route.path) || route.path.starts_with("/v2.0/certificates/");
        assert!(open || !route.rules.is_empty(), "{}", route.path);
    }
}

#[tokio::test]
async fn every_protected_route_lets_in_whom_its_rule_says() {
    let app = TestApp::with_config(&signing::config("fernet")).await;
    let admin = app.admin().await;
    let service = app.persona("nova", "service").await.token;
    let manager = app.persona("max", "manager").await.token;
    let member = app.persona("mia", "member").await.token;
    let reader = app.persona("rea", "reader").await.token;
    let unscoped = token_of(&access(&app, password("admin", None)).await);
    let system = app.system_admin().await;
    app.grant_on_domain(&app.seed.user_id, "admin", "default")
        .await;
    let scope = json!({ "domain": { "id": "default" } });
    let domain = app
        .login("admin", crate::harness::ADMIN_PASSWORD, scope)
        .await;
    let subject = member.clone();
    let before = rows(&app).await;
    for (route, public) in protected() {
        let path = path_of(&route, &app, &subject);
        let ask = async |token: Option<&str>| {
            let mut request = send(&app, &route, &path, public);
            if let Some(body) = body_of(&route, &app) {
                request = request.json(body);
            }
            if let Some(token) = token {
                request = request.token(token);
            }
            request.send().await.status
        };
        let what = format!("{} {}", route.method, route.path);
        assert_eq!(ask(None).await, 401, "{what} without a token");
        assert_eq!(ask(Some("nonsense")).await, 401, "{what} with nonsense");
        for (token, who) in [
            (&manager, "manager"),
            (&member, "member"),
            (&reader, "reader"),
        ] {
            assert_eq!(ask(Some(token)).await, 403, "{what} as {who}");
        }
        let validates = route.path == "/v2.0/tokens/{token_id}" && route.method != Method::DELETE
            || route.path == "/v2.0/tokens/revoked";
        if !validates {
            assert_eq!(ask(Some(&service)).await, 403, "{what} as a service");
            for (token, who) in [
                (&unscoped, "no tenant"),
                (&system, "system"),
                (&domain, "domain"),
            ] {
                assert_eq!(
                    ask(Some(token)).await,
                    401,
                    "{what} as an administrator of {who}"
                );
            }
        } else {
            assert_ne!(ask(Some(&service)).await, 403, "{what} as a service");
        }
    }
    assert_eq!(rows(&app).await, before, "{TABLES:?}");
    // The other half: an administrator gets in. Deletions come last, what goes on needs the rest.
    let mut routes = protected();
    routes.sort_by_key(|(route, _)| (route.method == Method::DELETE, route.path.len()));
    for (route, public) in routes {
        let subject = app
            .persona(&uuid::Uuid::new_v4().simple().to_string(), "member")
            .await;
        let mut path = path_of(&route, &app, &subject.token);
        // The administrator's own account and project stay.
        path = path.replace(&app.seed.user_id, &subject.user_id);
        path = path.replace(&app.seed.project_id, &subject.project_id);
        path = path.replace(app.seed.role("admin"), app.seed.role("reader"));
        let mut request = send(&app, &route, &path, public).token(&admin);
        if let Some(body) = body_of(&route, &app) {
            request = request.json(body);
        }
        let status = request.send().await.status;
        assert!(
            ![401, 403, 405, 500].contains(&status),
            "{} {path}: {status}",
            route.method
        );
    }
}

#[tokio::test]
async fn nothing_in_body_or_query_makes_a_caller_more_than_the_token_says() {
    let app = TestApp::new().await;
    let mia = app.persona("mia", "member").await;
    let before = rows(&app).await;
    let mut values = vec![("is_admin".to_owned(), json!(1))];
    for name in NAMES_OF_POLICY {
        values.push((name.to_owned(), json!(mia.user_id)));
        values.push((name.to_owned(), json!("admin")));
    }
    let query: Vec<String> = NAMES_OF_POLICY
        .iter()
        .map(|name| format!("{name}={}&{name}=admin&{name}=1", mia.user_id))
        .collect();
    let query = query.join("&");
    for (route, public) in protected() {
        let path = path_of(&route, &app, &mia.token);
        let path = format!("{path}?{query}");
        let what = format!("{} {}", route.method, route.path);
        let Some(body) = body_of(&route, &app) else {
            let request = send(&app, &route, &path, public).token(&mia.token);
            assert_eq!(request.send().await.status, 403, "{what}");
            continue;
        };
        for (name, value) in &values {
            let mut body = body.clone();
            let inner = body
                .as_object_mut()
                .and_then(|body| body.values_mut().next());
            match inner {
                Some(Value::Object(members)) => drop(members.insert(name.clone(), value.clone())),
                _ => body[name] = value.clone(),
            }
            let request = send(&app, &route, &path, public).token(&mia.token);
            let status = request.json(body).send().await.status;
            // A body that the call does not take is refused before the caller is.
            assert!([400, 403].contains(&status), "{what} with {name}: {status}");
        }
    }
    assert_eq!(rows(&app).await, before, "{TABLES:?}");
}

#[tokio::test]
async fn no_path_or_body_makes_the_server_fail() {
    let app = TestApp::new().await;
    let admin = app.admin().await;
    let odd = [
        "x".repeat(5_000),
        "%00".to_owned(),
        "%27%20OR%201%3D1--".to_owned(),
        "%F0%9F%94%91".to_owned(),
        "%FF".to_owned(),
    ];
    let bodies = [
        "null",
        "[]",
        "5",
        "\"x\"",
        "{\"\": {}}",
        "{\"user\": null}",
        "{\"tenant\": [1]}",
        "{\"role\": {\"name\": {}}}",
        "{\"user\": {\"name\": \"\\u0000\"}}",
        "{\"tenant\": {\"name\": \"\\u0000\", \"id\": \"\\u0000\"}}",
        "{\"role\": {\"name\": \"\\u0000\"}}",
        "{\"OS-KSADM:service\": {\"type\": \"\\u0000\", \"name\": \"x\"}}",
        "{\"endpoint\": {\"service_id\": \"\\u0000\", \"region\": \"\\u0000\", \"publicurl\": \"x\"}}",
        "{\"auth\": {\"passwordCredentials\": {\"username\": \"\\u0000\", \"password\": \"\\u0000\"}}}",
        "{\"auth\": {\"token\": {\"id\": \"\\u0000\"}}}",
        "{\"auth\": {\"tenantId\": \"\\u0000\", \"passwordCredentials\": {\"userId\": \"x\", \"password\": \"x\"}}}",
        "{\"role\": {\"tenantId\": \"\\u0000\", \"roleId\": \"\\u0000\"}}",
        "{\"user\": {\"name\": \"y\", \"tenantId\": \"\\u0000\"}}",
    ];
    for route in routes::admin().into_iter().chain(routes::public()) {
        let parameters = route.path.matches('{').count();
        let paths: Vec<String> = odd
            .iter()
            .take(if parameters == 0 { 1 } else { odd.len() })
            .map(|odd| {
                let fill = |part: &str| match part.starts_with('{') {
                    true => odd.clone(),
                    false => part.to_owned(),
                };
                route
                    .path
                    .split('/')
                    .map(fill)
                    .collect::<Vec<_>>()
                    .join("/")
            })
            .collect();
        for path in paths {
            let has_body = [Method::POST, Method::PUT, Method::PATCH].contains(&route.method);
            let bodies = if has_body { &bodies[..] } else { &["{}"][..] };
            for body in bodies {
                for public in [false, true] {
                    let request = send(&app, &route, &path, public).token(&admin);
                    let status = request.bytes((*body).to_owned()).send().await.status;
                    assert!(
                        status < 500 || status == 501,
                        "{} {path} {body}: {status}",
                        route.method
                    );
                }
            }
        }
    }
}
