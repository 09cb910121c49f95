//! `/v3/OS-FEDERATION/…`: identity providers, protocols, mappings, service providers.

mod identity_providers;
mod mappings;
mod protocols;
mod service_providers;

use crate::harness::{ACME, Answer, Scene};
use keystone::driver::sql::db::sql;
use serde_json::{Value, json};

const IDPS: &str = "/v3/OS-FEDERATION/identity_providers";
const MAPPINGS: &str = "/v3/OS-FEDERATION/mappings";
const SPS: &str = "/v3/OS-FEDERATION/service_providers";

async fn put(scene: &Scene, path: &str, body: Value) -> Answer {
    let request = scene.app.put(path).token(&scene.admin);
    request.json(body).send().await
}

async fn put_idp(scene: &Scene, id: &str, members: Value) -> Answer {
    let body = json!({ "identity_provider": members });
    put(scene, &format!("{IDPS}/{id}"), body).await
}

fn rules() -> Value {
    json!([{
        "local": [{ "user": { "name": "{0}" }, "group": { "id": "g" } }],
        "remote": [{ "type": "NAME" }],
    }])
}

async fn put_mapping(scene: &Scene, id: &str, mapping: Value) -> Answer {
    put(
        scene,
        &format!("{MAPPINGS}/{id}"),
        json!({ "mapping": mapping }),
    )
    .await
}

async fn put_protocol(scene: &Scene, idp: &str, id: &str, members: Value) -> Answer {
    let path = format!("{IDPS}/{idp}/protocols/{id}");
    put(scene, &path, json!({ "protocol": members })).await
}

fn ids(answer: &Answer, key: &str) -> Vec<String> {
    let list = answer.json()[key].as_array().expect("a list").clone();
    list.iter()
        .map(|item| item["id"].as_str().expect("an id").to_owned())
        .collect()
}

async fn row(scene: &Scene, statement: &'static str) -> Option<String> {
    let mut session = scene.app.app.db.session().await.expect("a session");
    let row = session.fetch_optional(sql(statement)).await.expect("rows");
    row.map(|row| row.text("value").expect("a text"))
}

async fn run(scene: &Scene, statement: &'static str) {
    let mut session = scene.app.app.db.session().await.expect("a session");
    session.execute(sql(statement)).await.expect("a row");
}
