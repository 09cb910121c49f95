//! Every answer that any test gets is held against `/openapi.json`: its status is documented, and
//! its body has the documented shape.

use super::Answer;
use jsonschema::{Registry, Validator};
use keystone::api::openapi;
use serde_json::{Value, json};
use std::collections::HashMap;
use std::sync::{Arc, LazyLock, Mutex};

/// Under this the document is known to the validators.
const NAME: &str = "api:///openapi.json";

static DOCUMENT: LazyLock<Value> = LazyLock::new(|| {
    let text = openapi::text("http://keystone.test").expect("a description");
    serde_json::from_str(&text).expect("JSON")
});

static REGISTRY: LazyLock<Registry<'static>> = LazyLock::new(|| {
    let registry = Registry::new().add(NAME, &*DOCUMENT).expect("a document");
    registry.prepare().expect("references that lead somewhere")
});

static VALIDATORS: LazyLock<Mutex<HashMap<String, Arc<Validator>>>> = LazyLock::new(Mutex::default);

/// Fails the test when the document says otherwise of this operation.
pub fn check(answer: &Answer, route: &str) {
    let (method, _) = answer.request.split_once(' ').expect("METHOD URL");
    let head = method == "HEAD";
    let method = if head { "GET" } else { method };
    let operation = DOCUMENT["paths"][route].get(method.to_lowercase());
    let Some(operation) = operation else { return };
    let (request, status) = (&answer.request, answer.status);
    let response = operation["responses"].get(status.to_string());
    // HEAD has nothing to show where GET shows something.
    if head && (status == 204 || response.is_some()) {
        return;
    }
    let response = response.unwrap_or_else(|| {
        panic!("{request}: /openapi.json has no {status} (src/api/openapi/operations.rs)")
    });
    let mut place = format!(
        "/paths/{}/{}/responses/{status}",
        route.replace('~', "~0").replace('/', "~1"),
        method.to_lowercase()
    );
    if let Some(target) = response["$ref"].as_str() {
        place = target.trim_start_matches('#').to_owned();
    }
    place.push_str("/content/application~1json/schema");
    if DOCUMENT.pointer(&place).is_none() {
        return;
    }
    let is_json = answer
        .headers
        .get("content-type")
        .is_some_and(|kind| kind == "application/json");
    if is_json && let Err(error) = validator(&place).validate(&answer.json()) {
        let at = error.instance_path();
        panic!(
            "{request}: {status} is not as /openapi.json says at {at}: {error}\n{}",
            answer.body
        );
    }
}

fn validator(place: &str) -> Arc<Validator> {
    let mut known = VALIDATORS
        .lock()
        .unwrap_or_else(|broken| broken.into_inner());
    let make = || {
        let fragment = place.replace('{', "%7B").replace('}', "%7D");
        let schema = json!({ "$ref": format!("{NAME}#{fragment}") });
        let validator = jsonschema::options()
            .with_registry(&REGISTRY)
            .build(&schema);
        Arc::new(validator.unwrap_or_else(|error| panic!("{place}: {error}")))
    };
    Arc::clone(known.entry(place.to_owned()).or_insert_with(make))
}
