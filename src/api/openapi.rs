//! `GET /openapi.json`: the API as OpenAPI 3.1 describes one (<https://spec.openapis.org/oas/v3.1.1>).
//!
//! Made from the route table (which operations there are, and whether they ask for a token), the
//! policy defaults (a sentence for each), the request schemas, and `operations.rs` (statuses and
//! what answers carry; `answers.json` has the shapes of objects).

mod operation;
mod operations;

use crate::api::context::Context;
use crate::api::response::raw_json;
use crate::api::route::Route;
use crate::api::{schema, v3, versions};
use crate::error::{Error, Result};
use crate::policy;
use axum::http::StatusCode;
use axum::response::Response;
use bytes::Bytes;
use operation::{Answer, Body, Operation};
use operations::OPERATIONS;
use serde_json::{Map, Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

/// `GET /openapi.json`
pub async fn show(ctx: Context) -> Result<Response> {
    let text = text(ctx.base().root())?;
    Ok(raw_json(StatusCode::OK, Bytes::from(text)))
}

/// The document for the server at a URL.
///
/// # Errors
/// [`Error::Internal`] when a schema file is broken.
pub fn text(server: &str) -> Result<String> {
    static REST: LazyLock<Result<String>> = LazyLock::new(|| {
        let text = document()?.to_string();
        // Goes on after the servers, which differ from request to request.
        Ok(text.strip_prefix('{').unwrap_or(&text).to_owned())
    });
    let rest = REST.as_ref().map_err(Clone::clone)?;
    let server = json!(server);
    Ok(format!(
        r#"{{"openapi":"3.1.0","servers":[{{"url":{server}}}],{rest}"#
    ))
}

/// The document, without its version and servers.
fn document() -> Result<Value> {
    let mut paths = Map::new();
    for route in versions::table().iter().chain(&v3::routes::table()) {
        let path = paths.entry(route.path).or_insert_with(|| json!({}));
        path[route.method.as_str().to_lowercase()] = describe(route, operation_of(route))?;
    }
    Ok(json!({
        "info": {
            "title": "OpenStack Identity",
            "version": "3.14",
            "license": { "name": "Apache-2.0", "identifier": "Apache-2.0" },
            "description": "Every GET answers HEAD too, with the same headers and no body. \
                Filters on names also come as name__contains, name__startswith, name__endswith, and \
                with an i before the comparison for any case.",
        },
        "paths": paths,
        "components": components()?,
    }))
}

/// A route's line, or what goes without a line.
fn operation_of(route: &Route) -> &Operation {
    static DELETE: Operation = operation::delete("");
    static PUT: Operation = operation::put("");
    static OTHER: Operation = operation::get("").json();
    let method = route.method.as_str();
    let line = OPERATIONS
        .iter()
        .find(|line| line.method == method && line.path == route.path);
    line.unwrap_or(match method {
        "DELETE" => &DELETE,
        "PUT" => &PUT,
        _ => &OTHER,
    })
}

fn describe(route: &Route, line: &Operation) -> Result<Value> {
    let mut described = json!({
        "operationId": operation_id(route),
        "summary": summary(route, line),
        "tags": [tag(route.path)],
        "parameters": parameters(route, line)?,
        "responses": responses(route, line),
    });
    if !route.rules.is_empty() {
        described["security"] = json!([{ "token": [] }]);
        described["x-policy-rules"] = json!(route.rules);
    }
    if let Some(content) = request_content(line) {
        described["requestBody"] = json!({ "required": true, "content": content });
    }
    Ok(described)
}

/// `get_v3_users_user_id`
fn operation_id(route: &Route) -> String {
    let words = route
        .path
        .split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
    let mut id = route.method.as_str().to_lowercase();
    for word in words.filter(|word| !word.is_empty()) {
        id.push('_');
        id.push_str(word);
    }
    id
}

fn summary(route: &Route, line: &Operation) -> &'static str {
    let of_rule = |name: &&'static str| {
        policy::defaults()
            .find(|rule| rule.name == *name)
            .map(|rule| rule.description)
    };
    line.title
        .or_else(|| route.rules.iter().find_map(of_rule))
        .unwrap_or_default()
}

/// The first part of the path after the version.
fn tag(path: &'static str) -> &'static str {
    let below = path.strip_prefix("/v3/").unwrap_or("versions");
    below.split('/').next().unwrap_or(below)
}

fn parameters(route: &Route, line: &Operation) -> Result<Vec<Value>> {
    let text = json!({ "type": "string" });
    let mut found = Vec::new();
    for name in variables(route.path) {
        found.push(parameter(
            name,
            "path",
            json!({ "type": "string", "minLength": 1 }),
        ));
    }
    if let Some(schema) = line.query {
        let (file, pointer) = schema.address();
        let document = schema::documents()?.get(file);
        let members =
            document.and_then(|file| file.pointer(pointer)?.get("properties")?.as_object());
        for name in members.into_iter().flat_map(Map::keys) {
            let place = format!("{}/properties/{name}", reference(schema));
            found.push(parameter(name, "query", json!({ "$ref": place })));
        }
    }
    for name in line.filters {
        found.push(parameter(name, "query", text.clone()));
    }
    if matches!(line.answer, Answer::Collection(_)) && line.method == "GET" {
        let known = |name: &str| found.iter().any(|parameter| parameter["name"] == name);
        let (limit, marker) = (known("limit"), known("marker"));
        if !limit {
            let number = json!({ "type": "integer", "minimum": 0 });
            found.push(parameter("limit", "query", number));
        }
        if !marker {
            found.push(parameter("marker", "query", text.clone()));
        }
    }
    if line.subject {
        let mut subject = parameter("X-Subject-Token", "header", text);
        subject["required"] = json!(true);
        found.push(subject);
    }
    Ok(found)
}

/// The names between braces.
fn variables(path: &str) -> impl Iterator<Item = &str> {
    path.split('/')
        .filter_map(|segment| segment.strip_prefix('{')?.strip_suffix('}'))
}

fn parameter(name: &str, place: &str, schema: Value) -> Value {
    json!({ "name": name, "in": place, "required": place == "path", "schema": schema })
}

fn request_content(line: &Operation) -> Option<Value> {
    let object = |name: &str, inner: Value| json!({ "type": "object", "properties": { name: inner }, "required": [name] });
    let schema = match line.body {
        Body::None => return None,
        Body::Form => {
            let form = json!({ "type": "object" });
            return Some(json!({ "application/x-www-form-urlencoded": { "schema": form } }));
        }
        Body::Whole(schema) => json!({ "$ref": reference(schema) }),
        Body::Member(name, schema) => object(name, json!({ "$ref": reference(schema) })),
        Body::Object(name) => object(name, json!({ "type": "object" })),
        Body::Text(name) => object(name, json!({ "type": "string" })),
    };
    Some(json!({ "application/json": { "schema": schema } }))
}

fn responses(route: &Route, line: &Operation) -> Map<String, Value> {
    let mut responses = Map::new();
    for status in std::iter::once(&line.status).chain(line.also) {
        let mut response = json!({ "description": reason(*status) });
        if let Some(content) = answer_content(line.answer).filter(|_| *status != 204) {
            response["content"] = content;
        }
        responses.insert(status.to_string(), response);
    }
    for status in failures(route, line) {
        let failure = match line.body {
            // OAuth2 has a form of its own for what is wrong with a client or its request.
            Body::Form => {
                let ours = json!({ "$ref": shape("error") });
                let schema = json!({ "anyOf": [{ "$ref": shape("oauth2_error") }, ours] });
                failure(status, &schema)
            }
            _ => json!({ "$ref": format!("#/components/responses/{status}") }),
        };
        responses.insert(status.to_string(), failure);
    }
    responses
}

/// The statuses of failure of an operation.
fn failures(route: &Route, line: &Operation) -> BTreeSet<u16> {
    let mut statuses = BTreeSet::from_iter(line.fails.iter().copied());
    if route.path.starts_with("/v3/") {
        statuses.extend([400, 503]);
    }
    if !route.rules.is_empty() {
        // What the token is for may be gone: that is 404.
        statuses.extend([401, 403, 404]);
    }
    if variables(route.path).next().is_some() {
        statuses.insert(404);
    }
    if matches!(line.method, "POST" | "PUT" | "PATCH") {
        statuses.insert(409);
    }
    if !matches!(line.body, Body::None) {
        statuses.insert(413);
    }
    // A catalog of templates can't be changed, nor does it have associations.
    let changed = ["/v3/endpoints", "/v3/regions", "/v3/services"];
    if route.path.starts_with("/v3/OS-EP-FILTER")
        || (line.method != "GET" && changed.iter().any(|path| route.path.starts_with(path)))
    {
        statuses.insert(501);
    }
    statuses
}

fn answer_content(answer: Answer) -> Option<Value> {
    let object = |members: Value, required: &[&str]| {
        let schema = json!({ "type": "object", "properties": members, "required": required });
        Some(json!({ "application/json": { "schema": schema } }))
    };
    let list = |key: &str| json!({ "type": "array", "items": { "$ref": shape(singular(key)) } });
    match answer {
        Answer::Nothing => None,
        Answer::Json => Some(json!({ "application/json": { "schema": {} } })),
        Answer::Form => {
            let text = json!({ "type": "string" });
            Some(json!({ "application/x-www-form-urlencoded": { "schema": text } }))
        }
        Answer::Text(kind) => {
            let text = json!({ "type": "string" });
            Some(json!({ kind: { "schema": text } }))
        }
        Answer::Member(key) => object(json!({ key: { "$ref": shape(key) } }), &[key]),
        Answer::Collection(key) => {
            let links = json!({ "$ref": shape("collection_links") });
            let truncated = json!({ "type": "boolean" });
            object(
                json!({ key: list(key), "links": links, "truncated": truncated }),
                &[key, "links"],
            )
        }
        Answer::Objects(key) => object(json!({ key: list(key) }), &[key]),
        Answer::Texts(key) => {
            let texts = json!({ "type": "array", "items": { "type": "string" } });
            let links = json!({ "$ref": shape("links") });
            object(json!({ key: texts, "links": links }), &[key, "links"])
        }
    }
}

/// What a collection's key calls its elements.
fn singular(key: &str) -> &str {
    match key {
        "policies" => "policy",
        _ => key
            .strip_suffix('s')
            .filter(|_| key != "system")
            .unwrap_or(key),
    }
}

/// Where an object of `answers.json` stands in the document.
fn shape(name: &str) -> String {
    format!("#/components/schemas/answers/$defs/{name}")
}

/// Where a request schema stands in the document.
fn reference(schema: &schema::Schema) -> String {
    let (file, pointer) = schema.address();
    format!("#/components/schemas/{}{pointer}", stem(file))
}

fn stem(file: &str) -> &str {
    file.strip_suffix(".json").unwrap_or(file)
}

fn components() -> Result<Value> {
    let mut schemas = Map::new();
    let documents: BTreeMap<_, _> = schema::documents()?.iter().collect();
    for (file, document) in documents {
        let mut document = document.clone();
        move_references(&mut document, stem(file));
        schemas.insert(stem(file).to_owned(), document);
    }
    let mut answers: Value =
        serde_json::from_str(include_str!("openapi/answers.json")).map_err(Error::internal)?;
    move_references(&mut answers, "answers");
    schemas.insert("answers".to_owned(), answers);
    Ok(json!({
        "schemas": schemas,
        "responses": error_responses(),
        "securitySchemes": {
            "token": { "type": "apiKey", "in": "header", "name": "X-Auth-Token" },
        },
    }))
}

/// The files refer to each other by name; in the document they stand side by side.
fn move_references(value: &mut Value, file: &str) {
    match value {
        Value::Object(members) => {
            for (name, member) in members {
                match member {
                    Value::String(target) if name == "$ref" => {
                        let (other, pointer) = target.split_once('#').unwrap_or((target, ""));
                        let other = if other.is_empty() { file } else { stem(other) };
                        *target = format!("#/components/schemas/{other}{pointer}");
                    }
                    member => move_references(member, file),
                }
            }
        }
        Value::Array(items) => items
            .iter_mut()
            .for_each(|item| move_references(item, file)),
        _ => {}
    }
}

fn error_responses() -> Map<String, Value> {
    let schema = json!({ "$ref": shape("error") });
    [400, 401, 403, 404, 405, 409, 410, 413, 429, 501, 503]
        .into_iter()
        .map(|status: u16| (status.to_string(), failure(status, &schema)))
        .collect()
}

/// An answer that says in JSON of this form what went wrong.
fn failure(status: u16, schema: &Value) -> Value {
    let text = json!({ "type": "string" });
    let content = match status {
        413 => json!({ "text/plain": { "schema": text } }),
        _ => json!({ "application/json": { "schema": schema } }),
    };
    let mut response = json!({ "description": reason(status), "content": content });
    let header = match status {
        401 => Some("WWW-Authenticate"),
        429 | 503 => Some("Retry-After"),
        _ => None,
    };
    if let Some(header) = header {
        response["headers"] = json!({ header: { "schema": text } });
    }
    response
}

fn reason(status: u16) -> &'static str {
    let known = StatusCode::from_u16(status).ok();
    known
        .and_then(|status| status.canonical_reason())
        .unwrap_or("Answer")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_operation_is_described() {
        for route in versions::table().iter().chain(&v3::routes::table()) {
            let (method, path) = (route.method.as_str(), route.path);
            let line = operation_of(route);
            let has_line = line.path == path || ["PUT", "DELETE"].contains(&method);
            assert!(has_line, "{method} {path} needs a line in operations.rs");
            assert_ne!(summary(route, line), "", "{method} {path} needs a title");
        }
    }

    #[test]
    fn no_operation_is_described_twice() {
        let mut seen = BTreeSet::new();
        for line in OPERATIONS {
            assert!(seen.insert((line.path, line.method)), "{}", line.path);
        }
    }
}
