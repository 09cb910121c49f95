//! Who may call what: every operation by every kind of caller, against what oslo.policy decides by
//! Keystone's own rules (`tests/golden/rbac.json`, made by `rbac.py` beside it).
//!
//! A refused request changes no row, and nothing that a client writes into a query or a body makes
//! policy change its mind.

pub mod scene;
mod tables;

use crate::harness::delegation::grant;
use crate::harness::{ACME, Answer, Scene, UMBRELLA};
use crate::routes;
use axum::http::Method;
use scene::{Case, PolicyScene};
use serde_json::{Value, json};
use std::collections::BTreeSet;

macro_rules! areas {
    ($($area:ident)*) => {$(
        mod $area {
            #[tokio::test]
            async fn answers_every_caller_as_the_policy_file_says() {
                super::answers_every_caller_as_the_policy_file_says(stringify!($area)).await;
            }

            #[tokio::test]
            async fn takes_no_fact_about_a_target_from_the_client() {
                super::takes_no_fact_about_a_target_from_the_client(stringify!($area)).await;
            }
        }
    )*};
}

areas! { assignment catalog delegation identity resource }

/// The part of the API that an operation belongs to; each has tests of its own, so that they run
/// beside each other.
fn area(path: &str) -> &'static str {
    let below = path.trim_start_matches("/v3/");
    let is = |word: &str| below.starts_with(word);
    if below.contains("OS-EP-FILTER") || below.contains("OS-ENDPOINT-POLICY") {
        "catalog"
    } else if ["auth", "OS-TRUST", "OS-REVOKE", "ec2", "s3"]
        .into_iter()
        .any(is)
        || ["redentials", "OAUTH1", "rules"]
            .into_iter()
            .any(|part| below.contains(part))
    {
        "delegation"
    } else if is("role") || is("OS-INHERIT") || is("system") || below.contains("/roles") {
        "assignment"
    } else if is("users") || is("groups") {
        "identity"
    } else if is("projects") || is("domains") {
        "resource"
    } else {
        "catalog"
    }
}

/// Every protected operation that is served has its cases, so that none is forgotten.
#[test]
fn every_protected_operation_has_a_case() {
    let known: BTreeSet<String> = scene::cases().into_iter().map(|case| case.call).collect();
    let forgotten: Vec<String> = routes::served()
        .into_iter()
        .filter(|(name, route)| !route.rules.is_empty() && !known.contains(name))
        .map(|(name, _)| name)
        .collect();
    assert!(forgotten.is_empty(), "add to rbac.py: {forgotten:#?}");
}

async fn answers_every_caller_as_the_policy_file_says(area: &str) {
    let scene = PolicyScene::new().await;
    let mut wrong = Vec::new();
    for case in scene.cases_of(area) {
        // First those who are refused: nothing may have changed after all of them.
        for caller in scene.callers().filter(|caller| case.refuses(caller)) {
            for method in case.methods() {
                let answer = scene.ask(&case, method, caller).await;
                judge(&mut wrong, &case, caller, &answer, case.expected(caller));
            }
        }
        let changed = scene.tables.changed().await;
        if !changed.is_empty() {
            wrong.push(format!(
                "{}: a refused request changed {changed:?}",
                case.name()
            ));
            scene.tables.restore(&changed).await;
        }
        for caller in scene.callers().filter(|caller| !case.refuses(caller)) {
            for method in case.methods() {
                let expected = case.expected_of(&method, caller);
                let answer = scene.ask(&case, method, caller).await;
                judge(&mut wrong, &case, caller, &answer, expected);
            }
            if case.writes() {
                scene.tables.restore(&scene.tables.changed().await).await;
            }
        }
    }
    assert!(wrong.is_empty(), "{}:\n{}", wrong.len(), wrong.join("\n"));
}

fn judge(wrong: &mut Vec<String>, case: &Case, caller: &str, answer: &Answer, expected: u16) {
    if answer.status != expected {
        let (status, body) = (answer.status, &answer.body);
        wrong.push(format!(
            "{} as {caller}: {status}, not {expected}: {body}",
            case.name()
        ));
    }
}

/// Callers whom a forged fact could let in: they have a role somewhere, but not here.
const FORGERS: [&str; 5] = [
    "foreign-manager",
    "domain-reader",
    "project-manager",
    "stranger-member",
    "unscoped",
];

async fn takes_no_fact_about_a_target_from_the_client(area: &str) {
    let scene = PolicyScene::new().await;
    let mut wrong = Vec::new();
    for case in scene.cases_of(area) {
        for caller in FORGERS.into_iter().filter(|caller| case.refuses(caller)) {
            for (forged, what) in forgeries(&scene, &case, caller) {
                let answer = scene.ask(&forged, case.method(), caller).await;
                // A strict schema may refuse the forged member before policy is asked.
                if ![400, 403].contains(&answer.status) {
                    let (name, status) = (case.name(), answer.status);
                    wrong.push(format!("{name} as {caller}: {status} with forged {what}"));
                }
            }
        }
        let changed = scene.tables.changed().await;
        if !changed.is_empty() {
            wrong.push(format!("{}: forged facts changed {changed:?}", case.name()));
            scene.tables.restore(&changed).await;
        }
    }
    assert!(wrong.is_empty(), "{}:\n{}", wrong.len(), wrong.join("\n"));
}

/// The case with every fact that a rule can ask for, as it would have to be for this caller: in the
/// query, at the top of the body, and in the body's object.
fn forgeries(scene: &PolicyScene, case: &Case, caller: &str) -> Vec<(Case, &'static str)> {
    let facts = scene.forged_facts(caller);
    let mut found = Vec::new();

    let mut forged = case.clone();
    for (key, value) in &facts {
        let brackets = key.replacen('.', "[", 1).replace('.', "][") + "]";
        for name in [key.clone(), brackets] {
            if !forged.query.is_empty() {
                forged.query.push('&');
            }
            forged.query.push_str(&format!("{name}={value}"));
        }
    }
    found.push((forged, "query"));

    let mut forged = case.clone();
    let body = forged.body.get_or_insert_with(|| json!({}));
    write_facts(body, &facts);
    found.push((forged, "members of the body"));

    if let Some(inner) = case
        .body
        .as_ref()
        .and_then(|body| body.as_object()?.keys().next())
    {
        let mut forged = case.clone();
        if let Some(object) = forged.body.as_mut().and_then(|body| body.get_mut(inner)) {
            write_facts(object, &facts);
            found.push((forged, "members of the body's object"));
        }
    }
    found
}

/// Writes each fact under its dotted name, and as nested objects. What the request itself says stays:
/// whom a new credential is for is no fact about something that exists.
fn write_facts(into: &mut Value, facts: &[(String, String)]) {
    if !into.is_object() {
        return;
    }
    let said = into.clone();
    for (key, value) in facts.iter().filter(|(key, _)| said.get(key).is_none()) {
        into[key] = json!(value);
        let mut place = &mut *into;
        for part in key.split('.') {
            if !place[part].is_object() && !place[part].is_null() {
                return;
            }
            place = &mut place[part];
        }
        *place = json!(value);
    }
}

impl Case {
    fn method(&self) -> Method {
        let (method, _) = self.call.split_once(' ').expect("METHOD /path");
        method.parse().expect("a method")
    }

    /// GET is asked as HEAD too, unless HEAD has cases of its own.
    fn methods(&self) -> Vec<Method> {
        match self.method() {
            Method::GET if !self.head_differs => vec![Method::GET, Method::HEAD],
            method => vec![method],
        }
    }

    fn expected_of(&self, method: &Method, caller: &str) -> u16 {
        match (method, self.expected(caller)) {
            (&Method::HEAD, 200) => self.head,
            (_, status) => status,
        }
    }
}

#[tokio::test]
async fn a_rule_can_ask_for_what_a_tokens_body_says() {
    let folder = tempfile::tempdir().expect("a temporary directory");
    let file = folder.path().join("policy.yaml");
    let rule = "token.user.name:uma and token.user.domain.name:acme \
         and token.project.name:top and token.project.domain.name:acme \
         and token.is_domain:False and token.methods:password and token.roles.name:member \
         or token.domain.name:acme";
    std::fs::write(&file, format!("\"identity:list_regions\": \"{rule}\"")).expect("a file");
    let config = format!("[oslo_policy]\npolicy_file = {}\n", file.display());
    let scene = Scene::with_config(&config).await;
    grant(&scene, "uma", "top", "member").await;
    grant(&scene, "uma", "below", "member").await;
    grant(&scene, "vic", "top", "member").await;
    let role = scene.role("reader");
    for domain in [ACME, UMBRELLA] {
        let path = format!("/v3/domains/{domain}/users/vic/roles/{role}");
        scene.put(&path).await.expect(204);
    }
    for (user, scope, status) in [
        ("uma", json!({ "project": { "id": "top" } }), 200),
        ("uma", json!({ "project": { "id": "below" } }), 403),
        ("vic", json!({ "project": { "id": "top" } }), 403),
        ("vic", json!({ "domain": { "id": ACME } }), 200),
        ("vic", json!({ "domain": { "id": UMBRELLA } }), 403),
    ] {
        let token = scene.login(user, scope.clone()).await;
        let answer = scene.app.get("/v3/regions").token(&token).send().await;
        assert_eq!(answer.status, status, "{user} {scope}");
    }
}
