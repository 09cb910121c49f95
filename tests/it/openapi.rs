//! `GET /openapi.json`: a valid OpenAPI 3.1 document that tells the truth about the route table.

use crate::harness::TestApp;
use crate::routes;
use serde_json::Value;
use std::collections::BTreeSet;

async fn document() -> Value {
    let app = TestApp::new().await;
    let answer = app.get("/openapi.json").send().await.expect(200);
    assert_eq!(answer.header("content-type"), "application/json");
    answer.json()
}

#[tokio::test]
async fn the_description_is_valid_openapi_3_1() {
    let standard: Value = serde_json::from_str(include_str!("../golden/openapi-3.1.json"))
        .expect("the standard's own schema");
    let document = document().await;
    assert_eq!(document["openapi"], "3.1.0");
    assert_eq!(document["servers"][0]["url"], "http://keystone.test");
    let validator = jsonschema::validator_for(&standard).expect("a schema");
    let errors: Vec<String> = validator
        .iter_errors(&document)
        .map(|error| format!("{}: {error}", error.instance_path()))
        .collect();
    assert!(errors.is_empty(), "{errors:#?}");
    // The standard leaves the schemas inside to JSON Schema.
    for (name, schema) in document["components"]["schemas"]
        .as_object()
        .expect("schemas")
    {
        let result = jsonschema::meta::validate(schema);
        assert!(result.is_ok(), "{name}: {:?}", result.err());
    }
}

#[tokio::test]
async fn every_reference_leads_somewhere() {
    fn walk(document: &Value, value: &Value) {
        match value {
            Value::Object(members) => {
                if let Some(target) = members.get("$ref").and_then(Value::as_str) {
                    let pointer = target.strip_prefix('#').expect("an inner reference");
                    assert!(document.pointer(pointer).is_some(), "{target}");
                }
                members.values().for_each(|member| walk(document, member));
            }
            Value::Array(items) => items.iter().for_each(|item| walk(document, item)),
            _ => {}
        }
    }
    let document = document().await;
    walk(&document, &document);
}

#[tokio::test]
async fn the_description_has_every_operation_and_no_other() {
    let document = document().await;
    let mut described = BTreeSet::new();
    let mut ids = BTreeSet::new();
    for (path, operations) in document["paths"].as_object().expect("paths") {
        for (method, operation) in operations.as_object().expect("operations") {
            described.insert(format!("{} {path}", method.to_uppercase()));
            let id = operation["operationId"].as_str().expect("an id");
            assert!(ids.insert(id.to_owned()), "{id} is there twice");
            let mut names = BTreeSet::new();
            for parameter in operation["parameters"].as_array().expect("parameters") {
                let name = format!("{} {}", parameter["in"], parameter["name"]);
                assert!(names.insert(name.clone()), "{id} has {name} twice");
            }
        }
    }
    assert_eq!(described, routes::served().into_keys().collect());
}

#[tokio::test]
async fn every_status_of_keystone_30_is_documented_and_no_other_success() {
    let document = document().await;
    let served = routes::served();
    for operation in routes::golden() {
        // What never succeeds there may here: certificates and the signed list of revoked tokens.
        if !served.contains_key(&operation.name()) || operation.success.is_empty() {
            continue;
        }
        let method = operation.method.to_lowercase();
        let described = &document["paths"][&operation.path][method]["responses"];
        let statuses: BTreeSet<u16> = described
            .as_object()
            .expect("responses")
            .keys()
            .map(|status| status.parse().expect("a status"))
            .collect();
        let success: BTreeSet<u16> = statuses.iter().copied().filter(|it| *it < 400).collect();
        assert_eq!(success, operation.success, "{}", operation.name());
        // What is 5xx there has another status here.
        for status in operation.errors.iter().filter(|status| **status < 500) {
            assert!(statuses.contains(status), "{}: {status}", operation.name());
        }
        assert!(!statuses.contains(&500), "{}", operation.name());
    }
}

#[tokio::test]
async fn protected_operations_say_how_to_authenticate() {
    let document = document().await;
    let scheme = &document["components"]["securitySchemes"]["token"];
    assert_eq!(scheme["name"], "X-Auth-Token");
    for (name, route) in routes::served() {
        let operation = &document["paths"][route.path][route.method.as_str().to_lowercase()];
        let secured = operation.get("security").is_some();
        assert_eq!(secured, !route.rules.is_empty(), "{name}");
    }
}
