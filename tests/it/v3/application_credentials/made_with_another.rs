//! Application credentials that are made with the token of another one, an unrestricted one.

use super::*;
use crate::harness::Answer;

const END: &str = "2026-01-01T00:10:00.000000";

fn rule(path: &str, method: &str) -> Value {
    json!({ "service": "identity", "path": path, "method": method })
}

/// A token of an unrestricted credential with these members besides.
async fn maker(scene: &Scene, members: Value) -> String {
    let mut all = json!({ "name": "maker", "unrestricted": true });
    crate::harness::delegation::merge(&mut all, members);
    let credential = scene.new_credential(&uma(scene).await, "uma", all).await;
    scene.credential_login(&credential).await
}

#[tokio::test]
async fn it_ends_no_later_than_the_other() {
    let scene = scene().await;
    let token = maker(&scene, json!({ "expires_at": END })).await;
    for (name, asked, got) in [
        ("none", Value::Null, END),
        ("same", json!(END), END),
        (
            "earlier",
            json!("2026-01-01T00:09:59.000000"),
            "2026-01-01T00:09:59.000000",
        ),
    ] {
        let members = json!({ "name": name, "expires_at": asked });
        let answer = scene.post_as(&token, CREDENTIALS, body(members)).await;
        let made = answer.expect(201).json();
        assert_eq!(made["application_credential"]["expires_at"], got, "{name}");
    }
    let later = json!({ "name": "later", "expires_at": "2026-01-01T00:10:01.000000" });
    scene
        .post_as(&token, CREDENTIALS, body(later))
        .await
        .error(403);
}

#[tokio::test]
async fn it_calls_no_more_than_the_other() {
    let scene = scene().await;
    let rules = json!([rule(CREDENTIALS, "POST"), rule("/v3/auth/projects", "GET")]);
    let token = maker(&scene, json!({ "access_rules": rules })).await;
    let make = async |name: &str, rules: Value| {
        let mut members = json!({ "name": name });
        if !rules.is_null() {
            members["access_rules"] = rules;
        }
        scene.post_as(&token, CREDENTIALS, body(members)).await
    };
    let paths = |answer: Answer| -> Vec<String> {
        let made = answer.expect(201).json();
        let rules = made["application_credential"]["access_rules"].as_array();
        let path = |rule: &Value| rule["path"].as_str().unwrap().to_owned();
        rules.expect("rules").iter().map(path).collect()
    };
    let inherited = make("inherits", Value::Null).await;
    assert_eq!(paths(inherited), [CREDENTIALS, "/v3/auth/projects"]);
    let fewer = make("fewer", json!([rule("/v3/auth/projects", "GET")])).await;
    assert_eq!(paths(fewer), ["/v3/auth/projects"]);
    for more in [
        json!([rule("/v3/auth/projects", "GET"), rule("/v3/users", "GET")]),
        json!([rule("/**", "POST")]),
        json!([rule(CREDENTIALS, "GET")]),
    ] {
        make("more", more).await.error(403);
    }
    // Nothing of what was refused is left.
    let own = uma(&scene).await;
    let listed = scene.get_as(&own, "/v3/users/uma/access_rules").await;
    let rules = listed.expect(200).json()["access_rules"].clone();
    assert_eq!(rules.as_array().map(Vec::len), Some(2));
}
