//! The accounts that logins make and change.

use super::{ALICE, second_provider};
use crate::harness::federation::{
    LOGIN, PROVIDER, id_of_user, log_in, rules, said, scene, scene_with, send, try_log_in,
};
use crate::harness::{ACME, UMBRELLA};
use axum::http::Method;
use futures_util::future::join_all;
use keystone::driver::sql::db::sql;
use serde_json::{Value, json};

/// One rule that makes a user of these members of the headers `sub`, `name` and `mail`.
fn rule(user: Value) -> Value {
    let remote = ["SUB", "NAME", "MAIL"].map(|name| json!({ "type": format!("HTTP_OIDC_{name}") }));
    json!({ "rules": [{ "local": [{ "user": user }], "remote": remote }] })
}

#[tokio::test]
async fn each_login_brings_name_and_address_up_to_date() {
    let mapping = rule(json!({ "id": "{0}", "name": "{1}", "email": "{2}" }));
    let scene = scene_with("", mapping).await;
    let log_in = async |name: &str, mail: &str| {
        let said = [("oidc-sub", "42"), ("oidc-name", name), ("oidc-mail", mail)];
        let answer = try_log_in(&scene.app, &said).await.expect(201);
        let token = answer.header("x-subject-token").to_owned();
        (token, answer.json()["token"]["user"].take())
    };
    let (_, first) = log_in("Alice", "a@example.org").await;
    let id = first["id"].as_str().expect("an id").to_owned();
    let path = format!("/v3/users/{id}");
    let shown = async || scene.get(&path).await.expect(200).json()["user"].take();
    assert_eq!(shown().await["name"], "Alice");
    assert_eq!(shown().await["email"], "a@example.org");
    let before = scene.app.notifications().await.len();
    let (token, second) = log_in("Alice Doe", "doe@example.org").await;
    assert_eq!(
        (&second["id"], &second["name"]),
        (&json!(id), &json!("Alice Doe"))
    );
    let user = shown().await;
    assert_eq!(
        (&user["name"], &user["email"]),
        (&json!("Alice Doe"), &json!("doe@example.org"))
    );
    assert_eq!(user["federated"][0]["protocols"][0]["unique_id"], "42");
    let validated = scene.validate(&token).await.expect(200).json();
    assert_eq!(validated["token"]["user"]["name"], "Alice Doe");
    let told = scene.app.notifications().await;
    let told: Vec<_> = told[before..]
        .iter()
        .map(|told| &told["event_type"])
        .collect();
    assert!(told.contains(&&json!("identity.user.updated")), "{told:?}");
    // What did not change is not told of.
    let before = scene.app.notifications().await.len();
    log_in("Alice Doe", "doe@example.org").await;
    assert_eq!(scene.app.notifications().await.len(), before);
}

#[tokio::test]
async fn the_proxys_name_stands_in_for_a_missing_one() {
    let anybody = json!([{ "local": [{ "groups": "none", "domain": { "id": ACME } }],
        "remote": [{ "type": "HTTP_OIDC_SUB" }] }]);
    let scene = scene_with("", json!({ "rules": anybody })).await;
    try_log_in(&scene.app, &said("x", "")).await.error(401);
    let said = [("oidc-sub", "x"), ("x-remote-user", "remo")];
    let answer = try_log_in(&scene.app, &said).await.expect(201);
    assert_eq!(answer.json()["token"]["user"]["name"], "remo");
    let long = "x".repeat(256);
    let said = [("oidc-sub", "x"), ("x-remote-user", long.as_str())];
    try_log_in(&scene.app, &said).await.error(401);
}

#[tokio::test]
async fn a_mapping_chooses_the_domain_of_new_users() {
    for (version, local, domain) in [
        ("1.0", json!([{ "user": { "name": "{0}" } }]), Some(ACME)),
        (
            "1.0",
            json!([{ "user": { "name": "{0}", "domain": { "id": UMBRELLA } } }]),
            Some(UMBRELLA),
        ),
        (
            "1.0",
            json!([{ "user": { "name": "{0}", "domain": { "name": "umbrella" } } }]),
            Some(UMBRELLA),
        ),
        (
            "2.0",
            json!([{ "user": { "name": "{0}" }, "domain": { "id": UMBRELLA } }]),
            Some(UMBRELLA),
        ),
        (
            "1.0",
            json!([{ "user": { "name": "{0}", "domain": { "id": "none" } } }]),
            None,
        ),
        (
            "1.0",
            json!([{ "user": { "name": "{0}", "domain": {} } }]),
            None,
        ),
    ] {
        let rules = json!([{ "local": local, "remote": [{ "type": "HTTP_OIDC_SUB" }] }]);
        let mapping = json!({ "rules": rules, "schema_version": version });
        let scene = scene_with("", mapping).await;
        let answer = try_log_in(&scene.app, &said("alice", "")).await;
        match domain {
            Some(domain) => {
                let user = answer.expect(201).json()["token"]["user"].take();
                assert_eq!(user["domain"]["id"], domain, "{local}");
            }
            None => drop(answer.error(401)),
        }
    }
    let user = json!({ "name": "{0}", "domain": { "name": "none" } });
    let rules = json!([{ "local": [{ "user": user }], "remote": [{ "type": "HTTP_OIDC_SUB" }] }]);
    let scene = scene_with("", json!({ "rules": rules })).await;
    try_log_in(&scene.app, &said("alice", "")).await.error(404);
}

#[tokio::test]
async fn who_is_disabled_is_not_let_in_and_nothing_changes() {
    let scene = scene_with(
        "[security_compliance]\ndisable_user_account_days_inactive = 90\n",
        json!({ "rules": rules() }),
    )
    .await;
    let (token, _) = log_in(&scene, "alice", "crew").await;
    let user = format!("/v3/users/{ALICE}");
    let enable = |enabled: bool| json!({ "user": { "enabled": enabled } });
    scene.patch(&user, enable(false)).await.expect(200);
    try_log_in(&scene.app, &said("alice", "")).await.error(401);
    let groups = scene.get(&format!("{user}/groups")).await.expect(200);
    assert_eq!(groups.json()["groups"], json!([]));
    scene.patch(&user, enable(true)).await.expect(200);
    try_log_in(&scene.app, &said("alice", "crew"))
        .await
        .expect(201);
    // The tokens from before stay ended.
    scene.validate(&token).await.error(404);

    let domain = format!("/v3/domains/{ACME}");
    let enable = |enabled: bool| json!({ "domain": { "enabled": enabled } });
    scene.patch(&domain, enable(false)).await.expect(200);
    for user in ["alice", "bob"] {
        try_log_in(&scene.app, &said(user, "")).await.error(401);
    }
    scene.patch(&domain, enable(true)).await.expect(200);
    try_log_in(&scene.app, &said("bob", "")).await.expect(201);

    // A login within the time counts, one after it comes too late.
    scene.app.wait(60 * 24 * 3600);
    try_log_in(&scene.app, &said("alice", "")).await.expect(201);
    scene.app.wait(60 * 24 * 3600);
    try_log_in(&scene.app, &said("alice", "")).await.expect(201);
    try_log_in(&scene.app, &said("bob", "")).await.error(401);
}

#[tokio::test]
async fn the_day_of_a_login_is_kept() {
    let scene = scene().await;
    let last_active = async || {
        let row = sql(r#"SELECT last_active_at FROM "user" WHERE id = ?"#).bind(ALICE);
        let mut session = scene.app.app.db.session().await.expect("a session");
        let row = session.fetch_one(row).await.expect("a row");
        row.opt_date("last_active_at").expect("a date")
    };
    log_in(&scene, "alice", "").await;
    let first = last_active().await.expect("a day");
    scene.app.wait(24 * 3600);
    log_in(&scene, "alice", "").await;
    assert_eq!(last_active().await, first.succ_opt());
}

#[tokio::test]
async fn logins_at_once_all_succeed_and_make_one_account() {
    let scene = scene().await;
    let lasting = json!({ "identity_provider": { "authorization_ttl": 10 } });
    scene.patch(PROVIDER, lasting).await.expect(200);
    let other = &scene
        .app
        .sibling(&crate::harness::federation::config(""))
        .await;
    let alice = said("alice", "crew");
    let logins = (0..6).map(|at| {
        let app = if at % 2 == 0 { &scene.app } else { other };
        try_log_in(app, &alice)
    });
    for answer in join_all(logins).await {
        assert_eq!(answer.expect(201).json()["token"]["user"]["id"], ALICE);
    }
    let listed = scene.get("/v3/users?idp_id=idp").await.expect(200).json();
    assert_eq!(listed["users"].as_array().expect("users").len(), 1);
    let groups = scene.get(&format!("/v3/users/{ALICE}/groups")).await;
    assert_eq!(groups.expect(200).json()["groups"][0]["id"], "crew");
}

#[tokio::test]
async fn users_of_different_providers_are_different_people() {
    let scene = scene().await;
    second_provider(&scene).await;
    let path = LOGIN.replace("/idp/", "/second/");
    let answer = send(&scene.app, Method::GET, &path, &said("alice", "")).await;
    let second = answer.expect(201).json()["token"]["user"]["id"].take();
    let (_, first) = log_in(&scene, "alice", "").await;
    assert_ne!(first["user"]["id"], second);
    // Where one domain is home to both, the second is refused rather than taken for the first.
    let body = json!({ "identity_provider": { "domain_id": ACME, "enabled": true } });
    let third = "/v3/OS-FEDERATION/identity_providers/third";
    let put = scene.app.put(third).token(&scene.admin);
    put.json(body).send().await.expect(201);
    let body = json!({ "protocol": { "mapping_id": "m" } });
    let put = scene
        .app
        .put(&format!("{third}/protocols/mapped"))
        .token(&scene.admin);
    put.json(body).send().await.expect(201);
    let path = LOGIN.replace("/idp/", "/third/");
    let answer = send(&scene.app, Method::GET, &path, &said("alice", "")).await;
    answer.error(409);
    let answer = send(&scene.app, Method::GET, &path, &said("bob", "")).await;
    answer.expect(201);
    // Names that differ in case are different people, too.
    let (_, upper) = log_in(&scene, "Zed", "").await;
    let answer = try_log_in(&scene.app, &said("zed", "")).await;
    if answer.status == 201 {
        assert_ne!(answer.json()["token"]["user"]["id"], upper["user"]["id"]);
    } else {
        answer.error(409);
    }
}

#[tokio::test]
async fn a_mapping_may_lead_to_an_account_that_is_here() {
    for (user, status) in [
        (json!({ "id": "{0}", "type": "local" }), 201),
        (
            json!({ "name": "{0}", "type": "local", "domain": { "id": ACME } }),
            201,
        ),
        (
            json!({ "name": "{0}", "type": "local", "domain": { "name": "acme" } }),
            201,
        ),
        (
            json!({ "name": "{0}", "type": "local", "domain": { "id": UMBRELLA } }),
            401,
        ),
        (
            json!({ "name": "{0}", "type": "local", "domain": { "name": "none" } }),
            401,
        ),
        (json!({ "name": "{0}", "type": "local" }), 400),
        (json!({ "email": "{0}", "type": "local" }), 400),
        (json!({ "id": "none", "type": "local" }), 401),
    ] {
        let rules =
            json!([{ "local": [{ "user": user }], "remote": [{ "type": "HTTP_OIDC_SUB" }] }]);
        let scene = scene_with("", json!({ "rules": rules })).await;
        let answer = try_log_in(&scene.app, &said("uma", "")).await;
        if status != 201 {
            assert_eq!(answer.status, status, "{user}: {}", answer.body);
            continue;
        }
        let token = answer.expect(201).json()["token"].take();
        assert_eq!(token["user"]["id"], "uma");
        assert_eq!(token["methods"], json!(["mapped"]));
        // It is an ordinary token of an ordinary user.
        assert!(token["user"].get("OS-FEDERATION").is_none());
        assert!(token["user"].get("password_expires_at").is_some());
        let disabled = json!({ "user": { "enabled": false } });
        scene.patch("/v3/users/uma", disabled).await.expect(200);
        try_log_in(&scene.app, &said("uma", "")).await.error(401);
    }
}

#[tokio::test]
async fn a_user_may_need_more_methods_than_one() {
    let scene = scene().await;
    log_in(&scene, "alice", "").await;
    let id = id_of_user(&scene, "alice").await;
    let options = json!({
        "multi_factor_auth_enabled": true,
        "multi_factor_auth_rules": [["mapped", "totp"]],
    });
    let path = format!("/v3/users/{id}");
    let body = json!({ "user": { "options": options } });
    scene.patch(&path, body).await.expect(200);
    let answer = try_log_in(&scene.app, &said("alice", "")).await.expect(401);
    assert_eq!(
        answer.json()["required_auth_methods"],
        json!([["mapped", "totp"]])
    );
    assert!(!answer.header("openstack-auth-receipt").is_empty());
}

#[tokio::test]
async fn deleting_who_vouched_deletes_the_accounts() {
    for path in [PROVIDER.to_owned(), format!("{PROVIDER}/protocols/mapped")] {
        let scene = scene().await;
        log_in(&scene, "alice", "crew").await;
        scene.delete(&path).await.expect(204);
        scene.get(&format!("/v3/users/{ALICE}")).await.error(404);
    }
}
