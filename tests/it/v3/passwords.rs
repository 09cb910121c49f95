//! Passwords: changing them, their rules, and what failures do to an account.

use crate::harness::{ADMIN_PASSWORD, Answer, TestApp, login_body};
use keystone::driver::sql::db::sql;
use serde_json::{Value, json};

const DAY: i64 = 86_400;

async fn change(app: &TestApp, user_id: &str, original: &str, new: &str) -> Answer {
    let body = json!({ "user": { "original_password": original, "password": new } });
    app.post(&format!("/v3/users/{user_id}/password"), body)
        .send()
        .await
}

async fn reset(app: &TestApp, user_id: &str, user: Value) -> Answer {
    let admin = app.admin().await;
    app.patch(&format!("/v3/users/{user_id}"), json!({ "user": user }))
        .token(&admin)
        .send()
        .await
}

async fn try_login(app: &TestApp, name: &str, password: &str) -> Answer {
    app.post("/v3/auth/tokens", login_body(name, password, Value::Null))
        .send()
        .await
}

#[tokio::test]
async fn a_changed_password_replaces_the_old_one_and_ends_all_tokens() {
    let app = TestApp::new().await;
    let rita = app.persona("rita", "member").await;
    let id = &rita.user_id;
    change(&app, id, "wrong", "new").await.error(401);
    change(&app, "nobody", "wrong", "new").await.error(401);
    app.get("/v3/auth/projects")
        .token(&rita.token)
        .send()
        .await
        .expect(200);
    change(&app, id, ADMIN_PASSWORD, "new").await.expect(204);
    app.get("/v3/auth/projects")
        .token(&rita.token)
        .send()
        .await
        .error(401);
    try_login(&app, "rita", ADMIN_PASSWORD).await.error(401);
    try_login(&app, "rita", "new").await.expect(201);
}

#[tokio::test]
async fn a_change_needs_both_passwords_and_nothing_else() {
    let app = TestApp::new().await;
    let path = format!("/v3/users/{}/password", app.seed.user_id);
    for body in [
        json!({}),
        json!({ "user": {} }),
        json!({ "user": { "password": "x" } }),
        json!({ "user": { "original_password": "x", "password": null } }),
        json!({ "user": { "original_password": "x", "password": "y", "z": 1 } }),
    ] {
        app.post(&path, body).send().await.error(400);
    }
    assert_eq!(app.get(&path).send().await.status, 405);
}

#[tokio::test]
async fn an_admins_reset_ends_all_tokens_and_null_takes_the_password_away() {
    let app = TestApp::new().await;
    let rita = app.persona("rita", "member").await;
    app.wait(1);
    reset(&app, &rita.user_id, json!({ "password": "new" }))
        .await
        .expect(200);
    app.get("/v3/auth/projects")
        .token(&rita.token)
        .send()
        .await
        .error(401);
    app.wait(1);
    try_login(&app, "rita", "new").await.expect(201);
    reset(&app, &rita.user_id, json!({ "password": null }))
        .await
        .expect(200);
    try_login(&app, "rita", "new").await.error(401);
    try_login(&app, "rita", "").await.error(401);
}

#[tokio::test]
async fn passwords_are_held_against_the_regex() {
    let config = "[security_compliance]\npassword_regex = ^(?=.*\\d).{4,}$\n\
                  password_regex_description = four characters with a digit";
    let app = TestApp::with_config(config).await;
    let id = app
        .make("user", json!({ "name": "ann", "password": "abc1" }))
        .await;
    let refusals = [
        app.post(
            "/v3/users",
            json!({ "user": { "name": "eve", "password": "abcd" } }),
        )
        .token(&app.admin().await)
        .send()
        .await,
        reset(&app, &id, json!({ "password": "abcd" })).await,
        change(&app, &id, "abc1", "abcd").await,
    ];
    for refusal in refusals {
        assert!(refusal.error(400).contains("four characters with a digit"));
    }
    change(&app, &id, "abc1", "abc2").await.expect(204);
}

#[tokio::test]
async fn the_last_passwords_can_not_come_back_but_an_admin_may_set_any() {
    let app = TestApp::with_config("[security_compliance]\nunique_last_password_count = 3").await;
    let id = app
        .make("user", json!({ "name": "ann", "password": "p1" }))
        .await;
    for (old, new) in [("p1", "p2"), ("p2", "p3"), ("p3", "p4")] {
        app.wait(1);
        change(&app, &id, old, new).await.expect(204);
    }
    for recent in ["p4", "p3", "p2"] {
        change(&app, &id, "p4", recent).await.error(400);
    }
    reset(&app, &id, json!({ "password": "p4" }))
        .await
        .expect(200);
    change(&app, &id, "p4", "p1").await.expect(204);
}

#[tokio::test]
async fn a_password_must_be_kept_for_the_minimum_age_unless_an_admin_set_it() {
    let app = TestApp::with_config("[security_compliance]\nminimum_password_age = 1").await;
    let id = app
        .make("user", json!({ "name": "ann", "password": "p1" }))
        .await;
    change(&app, &id, "p1", "p2").await.expect(204);
    change(&app, &id, "p2", "p3").await.error(400);
    app.wait(DAY + 1);
    change(&app, &id, "p2", "p3").await.expect(204);
    reset(&app, &id, json!({ "password": "p4" }))
        .await
        .expect(200);
    change(&app, &id, "p4", "p5").await.expect(204);
}

#[tokio::test]
async fn a_locked_password_is_changed_by_admins_only() {
    let app = TestApp::new().await;
    let user = json!({ "name": "ann", "password": "p1", "options": { "lock_password": true } });
    let id = app.make("user", user).await;
    change(&app, &id, "p1", "p2").await.error(400);
    reset(
        &app,
        &id,
        json!({ "password": "p2", "options": { "lock_password": null } }),
    )
    .await
    .expect(200);
    change(&app, &id, "p2", "p3").await.expect(204);
}

#[tokio::test]
async fn an_expired_password_can_only_be_changed() {
    let app = TestApp::with_config("[security_compliance]\npassword_expires_days = 7").await;
    let admin = app.admin().await;
    let id = app
        .make("user", json!({ "name": "ann", "password": "p1" }))
        .await;
    let path = format!("/v3/users/{id}");
    let shown = app.get(&path).token(&admin).send().await.expect(200).json();
    assert_eq!(
        shown["user"]["password_expires_at"],
        "2026-01-08T00:00:00.000000"
    );
    for (query, found) in [
        ("lt:2026-01-08T00:00:01Z", 1),
        ("2026-01-08T00:00:00Z", 1),
        ("gt:2026-01-08T00:00:00Z", 0),
        ("neq:2026-01-08T00:00:00Z", 0),
        (
            "gte:2026-01-01T00:00:00Z&password_expires_at=lte:2026-01-02T00:00:00Z",
            0,
        ),
    ] {
        let path = format!("/v3/users?password_expires_at={query}");
        let users = app.get(&path).token(&admin).send().await.expect(200).json();
        assert_eq!(users["users"].as_array().unwrap().len(), found, "{query}");
    }
    try_login(&app, "ann", "p1").await.expect(201);
    app.wait(7 * DAY);
    let message = try_login(&app, "ann", "p1").await.error(401);
    let told = format!("The password is expired and needs to be changed for user: {id}.");
    assert_eq!(message, told, "dashboards look for this text");
    assert_ne!(try_login(&app, "ann", "wrong").await.error(401), told);
    change(&app, &id, "p1", "p2").await.expect(204);
    app.wait(1);
    try_login(&app, "ann", "p2").await.expect(201);
    let exempt = json!({ "password": "p3", "options": { "ignore_password_expiry": true } });
    let updated = reset(&app, &id, exempt).await.expect(200).json();
    assert_eq!(updated["user"]["password_expires_at"], Value::Null);
}

#[tokio::test]
async fn a_password_given_by_an_admin_must_be_changed_first_where_that_is_the_rule() {
    let app =
        TestApp::with_config("[security_compliance]\nchange_password_upon_first_use = true").await;
    let id = app
        .make("user", json!({ "name": "ann", "password": "p1" }))
        .await;
    try_login(&app, "ann", "p1").await.error(401);
    change(&app, &id, "p1", "p2").await.expect(204);
    app.wait(1);
    try_login(&app, "ann", "p2").await.expect(201);
    reset(&app, &id, json!({ "password": "p3" }))
        .await
        .expect(200);
    try_login(&app, "ann", "p3").await.error(401);
    let exempt =
        json!({ "password": "p4", "options": { "ignore_change_password_upon_first_use": true } });
    reset(&app, &id, exempt).await.expect(200);
    app.wait(1);
    try_login(&app, "ann", "p4").await.expect(201);
}

#[tokio::test]
async fn failures_lock_an_account_for_a_while() {
    let config = "[security_compliance]\nlockout_failure_attempts = 2\nlockout_duration = 60";
    let app = TestApp::with_config(config).await;
    let id = app
        .make("user", json!({ "name": "ann", "password": "p1" }))
        .await;
    // A success in between starts the count anew.
    try_login(&app, "ann", "bad").await.error(401);
    try_login(&app, "ann", "p1").await.expect(201);
    try_login(&app, "ann", "bad").await.error(401);
    change(&app, &id, "bad", "x").await.error(401);
    try_login(&app, "ann", "p1").await.error(401);
    app.wait(59);
    try_login(&app, "ann", "p1").await.error(401);
    app.wait(1);
    // The first failure after the lock counts as the first.
    try_login(&app, "ann", "bad").await.error(401);
    try_login(&app, "ann", "p1").await.expect(201);
}

#[tokio::test]
async fn an_admin_unlocks_by_enabling_or_by_a_new_password() {
    let config = "[security_compliance]\nlockout_failure_attempts = 1\nlockout_duration =";
    let app = TestApp::with_config(config).await;
    let id = app
        .make("user", json!({ "name": "ann", "password": "p1" }))
        .await;
    try_login(&app, "ann", "bad").await.error(401);
    app.wait(365 * DAY);
    try_login(&app, "ann", "p1").await.error(401);
    reset(&app, &id, json!({ "enabled": true }))
        .await
        .expect(200);
    try_login(&app, "ann", "p1").await.expect(201);
    try_login(&app, "ann", "bad").await.error(401);
    reset(&app, &id, json!({ "password": "p2" }))
        .await
        .expect(200);
    app.wait(1);
    try_login(&app, "ann", "p2").await.expect(201);
    let exempt = json!({ "options": { "ignore_lockout_failure_attempts": true } });
    reset(&app, &id, exempt).await.expect(200);
    try_login(&app, "ann", "bad").await.error(401);
    try_login(&app, "ann", "p2").await.expect(201);
}

#[tokio::test]
async fn attempts_at_the_same_time_do_not_get_past_the_lock() {
    let app = TestApp::with_config("[security_compliance]\nlockout_failure_attempts = 3").await;
    app.make("user", json!({ "name": "ann", "password": "p1" }))
        .await;
    let attempts = (0..8).map(|_| try_login(&app, "ann", "bad"));
    for answer in futures_util::future::join_all(attempts).await {
        answer.error(401);
    }
    try_login(&app, "ann", "p1").await.error(401);
    let mut session = app.app.db.session().await.unwrap();
    let count = sql("SELECT failed_auth_count FROM local_user WHERE name = 'ann'");
    let row = session.fetch_one(count).await.unwrap();
    assert_eq!(row.int("failed_auth_count").unwrap(), 3);
}

#[tokio::test]
async fn who_stays_away_too_long_reads_disabled_until_enabled_again() {
    let config = "[security_compliance]\ndisable_user_account_days_inactive = 30";
    let app = TestApp::with_config(config).await;
    let id = app
        .make("user", json!({ "name": "ann", "password": "p1" }))
        .await;
    let user =
        json!({ "name": "eve", "password": "p1", "options": { "ignore_user_inactivity": true } });
    app.make("user", user).await;
    app.wait(20 * DAY);
    app.admin().await;
    try_login(&app, "ann", "p1").await.expect(201);
    app.wait(29 * DAY);
    let admin = app.admin().await;
    let enabled = async |query: &str| {
        let users = app
            .get(&format!("/v3/users{query}"))
            .token(&admin)
            .send()
            .await
            .expect(200)
            .json();
        users["users"]
            .as_array()
            .unwrap()
            .iter()
            .map(|user| user["name"].as_str().unwrap().to_owned())
            .collect::<Vec<_>>()
    };
    assert_eq!(enabled("?enabled=false").await, [""; 0]);
    app.wait(DAY);
    let admin = app.admin().await;
    let users = app
        .get("/v3/users?enabled=false")
        .token(&admin)
        .send()
        .await
        .expect(200)
        .json();
    assert_eq!(users["users"][0]["name"], "ann");
    assert_eq!(users["users"][0]["enabled"], false);
    let users = app
        .get("/v3/users?enabled=true")
        .token(&admin)
        .send()
        .await
        .expect(200)
        .json();
    assert_eq!(users["users"].as_array().unwrap().len(), 2);
    try_login(&app, "ann", "p1").await.error(401);
    try_login(&app, "eve", "p1").await.expect(201);
    reset(&app, &id, json!({ "enabled": true }))
        .await
        .expect(200);
    try_login(&app, "ann", "p1").await.expect(201);
}

#[tokio::test]
async fn too_long_a_password_is_refused_where_that_is_asked_for() {
    let app =
        TestApp::with_config("max_password_length = 20\n[DEFAULT]\nstrict_password_check = true")
            .await;
    let admin = app.admin().await;
    let user = |password: &str| json!({ "user": { "name": "ann", "password": password } });
    app.post("/v3/users", user("123456789012345678901"))
        .token(&admin)
        .send()
        .await
        .error(403);
}

#[tokio::test]
async fn multi_factor_rules_ask_for_more_than_a_password() {
    let app = TestApp::with_config("[auth]\nmethods = password,token,totp").await;
    let rules = json!([["password", "totp"], ["token", "nonsense"]]);
    let user =
        json!({ "name": "ann", "password": "p1", "options": { "multi_factor_auth_rules": rules } });
    let id = app.make("user", user).await;
    let refused = try_login(&app, "ann", "p1").await.expect(401);
    assert!(refused.json()["token"].is_null());
    let off = json!({ "options": { "multi_factor_auth_enabled": false } });
    reset(&app, &id, off).await.expect(200);
    try_login(&app, "ann", "p1").await.expect(201);
    let unknown = json!({ "options": { "multi_factor_auth_enabled": true, "multi_factor_auth_rules": [["nonsense"]] } });
    reset(&app, &id, unknown).await.expect(200);
    try_login(&app, "ann", "p1").await.expect(201);
}

#[tokio::test]
async fn a_federated_user_is_shown_and_renamed_but_has_no_password_here() {
    let app = TestApp::new().await;
    let now = app.app.clock.now();
    app.app
        .db
        .transaction(|s| {
            Box::pin(async move {
                for text in [
                    "INSERT INTO identity_provider (id, enabled, domain_id) VALUES ('idp', ?, 'default')",
                    r#"INSERT INTO "user" (id, enabled, extra, domain_id) VALUES ('fed', ?, '{}', 'default')"#,
                ] {
                    s.execute(sql(text).bind(true)).await?;
                }
                for text in [
                    "INSERT INTO federation_protocol (id, idp_id, mapping_id) VALUES ('mapped', 'idp', 'm')",
                    "INSERT INTO federated_user (user_id, idp_id, protocol_id, unique_id, display_name) \
                     VALUES ('fed', 'idp', 'mapped', 'ann%40idp', 'Ann')",
                    r#"INSERT INTO "group" (id, domain_id, name, extra) VALUES ('g', 'default', 'g', '{}')"#,
                ] {
                    s.execute(sql(text)).await?;
                }
                s.execute(
                    sql("INSERT INTO expiring_user_group_membership (user_id, group_id, idp_id, last_verified) \
                         VALUES ('fed', 'g', 'idp', ?)")
                    .bind(now.plus_seconds(60)),
                )
                .await?;
                Ok(())
            })
        })
        .await
        .unwrap();
    let admin = app.admin().await;
    let shown = app.get("/v3/users/fed").token(&admin).send().await;
    let user = shown.expect(200).json()["user"].clone();
    assert_eq!(user["name"], "Ann");
    let links = json!([{ "idp_id": "idp", "protocols": [{ "protocol_id": "mapped", "unique_id": "ann%40idp" }] }]);
    assert_eq!(user["federated"], links);
    for query in [
        "name=Ann",
        "name__icontains=AN",
        "idp_id=idp&unique_id=ann%2540idp",
    ] {
        let found = app
            .get(&format!("/v3/users?{query}"))
            .token(&admin)
            .send()
            .await;
        assert_eq!(found.expect(200).json()["users"][0]["id"], "fed", "{query}");
    }
    let groups = app.get("/v3/users/fed/groups").token(&admin).send().await;
    let ends = groups.expect(200).json()["groups"][0]["membership_expires_at"].clone();
    assert_eq!(ends, "2026-01-01T00:01:00.000000");
    app.get("/v3/groups/g/users/fed")
        .token(&admin)
        .send()
        .await
        .expect(204);
    reset(&app, "fed", json!({ "password": "x" }))
        .await
        .error(400);
    reset(&app, "fed", json!({ "name": "Anne" }))
        .await
        .expect(200);
    app.wait(60);
    app.get("/v3/groups/g/users/fed")
        .token(&admin)
        .send()
        .await
        .error(404);
    app.delete("/v3/users/fed")
        .token(&admin)
        .send()
        .await
        .expect(204);
}
