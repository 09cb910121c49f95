//! `/v3/auth/tokens` with methods other than passwords and tokens, and with several of them.

mod enumeration;
mod receipts;

use crate::harness::{ADMIN_PASSWORD, Answer, Scene, TestApp, login_body};
use keystone::token::receipt::Receipt;
use serde_json::{Value, json};

const METHODS: &str = "[auth]\nmethods = external,password,token,totp,application_credential\n";

/// A secret of 160 bits, and its passcodes by pyotp at the start of every test, one window before,
/// two windows before, and one later.
const SECRET: &str = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ";
const NOW: &str = "745690";
const ONE_BEFORE: &str = "815958";
const TWO_BEFORE: &str = "853924";
const ONE_LATER: &str = "119644";

async fn scene(config: &str) -> Scene {
    Scene::with_config(&format!("{METHODS}{config}")).await
}

async fn give_totp(scene: &Scene, user_id: &str, secret: &str) -> String {
    let body = json!({ "credential": { "type": "totp", "blob": secret, "user_id": user_id } });
    let answer = scene.post("/v3/credentials", body).await.expect(201);
    answer.json()["credential"]["id"]
        .as_str()
        .unwrap()
        .to_owned()
}

fn login(methods: Value) -> Value {
    let names: Vec<&String> = methods.as_object().unwrap().keys().collect();
    let mut identity = json!({ "methods": names });
    let members = identity.as_object_mut().unwrap();
    members.extend(methods.as_object().unwrap().clone());
    json!({ "auth": { "identity": identity } })
}

fn totp(user_id: &str, passcode: &str) -> Value {
    json!({ "user": { "id": user_id, "passcode": passcode } })
}

fn password(user_id: &str, password: &str) -> Value {
    json!({ "user": { "id": user_id, "password": password } })
}

async fn send(app: &TestApp, body: Value, receipt: Option<&str>) -> Answer {
    let post = app.post("/v3/auth/tokens", body);
    match receipt {
        Some(receipt) => post.header("openstack-auth-receipt", receipt).send().await,
        None => post.send().await,
    }
}

fn methods_of(answer: &Answer) -> Vec<String> {
    let methods = answer.json()["token"]["methods"].clone();
    let mut methods: Vec<String> = serde_json::from_value(methods).expect("names");
    methods.sort_unstable();
    methods
}

#[tokio::test]
async fn a_passcode_logs_in_during_its_window_and_the_next() {
    let scene = scene("").await;
    give_totp(&scene, "uma", SECRET).await;
    for (passcode, status) in [
        (NOW, 201),
        (ONE_BEFORE, 201),
        (TWO_BEFORE, 401),
        (ONE_LATER, 401),
        ("000000", 401),
        ("", 401),
    ] {
        let body = login(json!({ "totp": totp("uma", passcode) }));
        let answer = send(&scene.app, body, None).await;
        assert_eq!(answer.status, status, "{passcode}: {}", answer.body);
        if status == 201 {
            assert_eq!(methods_of(&answer), ["totp"]);
        }
    }
    let by_name =
        json!({ "user": { "name": "uma", "domain": { "name": "acme" }, "passcode": NOW } });
    send(&scene.app, login(json!({ "totp": by_name })), None)
        .await
        .expect(201);
}

#[tokio::test]
async fn earlier_windows_are_as_many_as_configured() {
    for (windows, passcode, status) in [(0, ONE_BEFORE, 401), (2, TWO_BEFORE, 201), (0, NOW, 201)] {
        let scene = scene(&format!("[totp]\nincluded_previous_windows = {windows}")).await;
        give_totp(&scene, "uma", SECRET).await;
        let body = login(json!({ "totp": totp("uma", passcode) }));
        assert_eq!(send(&scene.app, body, None).await.status, status);
    }
}

#[tokio::test]
async fn any_of_a_users_secrets_will_do_and_bad_ones_do_not_matter() {
    let scene = scene("").await;
    // Too short, no base32, and one that was encrypted with a key that is gone.
    give_totp(&scene, "uma", "JBSWY3DPEHPK3PXP").await;
    give_totp(&scene, "uma", "not base32!").await;
    let lost = give_totp(&scene, "uma", SECRET).await;
    let body = login(json!({ "totp": totp("uma", NOW) }));
    send(&scene.app, body.clone(), None).await.expect(201);
    let mut session = scene.app.app.db.session().await.unwrap();
    let spoil =
        keystone::driver::sql::db::sql("UPDATE credential SET encrypted_blob = 'x' WHERE id = ?");
    session.execute(spoil.bind(&lost)).await.unwrap();
    drop(session);
    send(&scene.app, body.clone(), None).await.error(401);
    give_totp(&scene, "uma", SECRET).await;
    send(&scene.app, body, None).await.expect(201);
    // Another user's passcode is no use.
    let body = login(json!({ "totp": totp("vic", NOW) }));
    send(&scene.app, body, None).await.error(401);
}

#[tokio::test]
async fn all_bad_passcodes_are_the_same_401() {
    let scene = scene("").await;
    give_totp(&scene, "uma", SECRET).await;
    give_totp(&scene, "vic", SECRET).await;
    scene
        .patch("/v3/users/vic", json!({ "user": { "enabled": false } }))
        .await
        .expect(200);
    let unknown =
        json!({ "user": { "name": "uma", "domain": { "name": "missing" }, "passcode": NOW } });
    let mut answers = Vec::new();
    for method in [
        totp("uma", "000000"),
        totp("zoe", NOW),
        totp("vic", NOW),
        totp("nobody", NOW),
        unknown,
        json!({ "user": { "id": "uma" } }),
    ] {
        let answer = send(&scene.app, login(json!({ "totp": method })), None).await;
        answers.push(answer.error(401));
    }
    answers.dedup();
    assert_eq!(answers.len(), 1);
    let nobody = json!({ "user": { "passcode": NOW } });
    let answer = send(&scene.app, login(json!({ "totp": nobody })), None).await;
    answer.error(400);
}

#[tokio::test]
async fn methods_that_are_not_configured_are_not_offered() {
    let scene = Scene::new().await;
    give_totp(&scene, "uma", SECRET).await;
    let body = login(json!({ "totp": totp("uma", NOW) }));
    let answer = send(&scene.app, body, None).await;
    answer.error(401);
    assert_eq!(
        answer.json()["error"]["identity"]["methods"],
        json!([
            "external",
            "password",
            "token",
            "oauth1",
            "mapped",
            "application_credential",
            "ec2credential"
        ])
    );
    let scene = self::scene("").await;
    let answer = send(&scene.app, login(json!({ "oauth1": {} })), None).await;
    answer.error(401);
    assert_eq!(
        answer.json()["error"]["identity"]["methods"],
        json!([
            "external",
            "password",
            "token",
            "totp",
            "application_credential"
        ])
    );
}

async fn require(scene: &Scene, rules: Value) {
    let options = json!({ "multi_factor_auth_rules": rules });
    let body = json!({ "user": { "options": options } });
    scene.patch("/v3/users/uma", body).await.expect(200);
    scene.app.wait(1);
}

/// At the second after the start, in the same window.
fn both(passcode: &str) -> Value {
    json!({ "password": password("uma", ADMIN_PASSWORD), "totp": totp("uma", passcode) })
}

#[tokio::test]
async fn a_login_that_lacks_a_method_gets_a_receipt_and_goes_on_with_it() {
    let scene = scene("").await;
    give_totp(&scene, "uma", SECRET).await;
    require(
        &scene,
        json!([
            ["password", "totp"],
            ["external", "totp"],
            ["token", "external"]
        ]),
    )
    .await;
    let first = login(json!({ "password": password("uma", ADMIN_PASSWORD) }));
    let answer = send(&scene.app, first, None).await.expect(401);
    let receipt = answer.header("openstack-auth-receipt").to_owned();
    assert!(receipt.starts_with("gAAAA") && !receipt.contains('='));
    assert!(answer.headers.get("www-authenticate").is_none());
    assert_eq!(answer.header("vary"), "X-Auth-Token");
    assert_eq!(answer.header("content-type"), "application/json");
    assert_eq!(
        answer.json(),
        json!({
            "receipt": {
                "methods": ["password"],
                "user": {
                    "id": "uma", "name": "uma",
                    "domain": { "id": crate::harness::ACME, "name": "acme" },
                },
                "expires_at": "2026-01-01T00:05:01.000000Z",
                "issued_at": "2026-01-01T00:00:01.000000Z",
            },
            "required_auth_methods": [["password", "totp"]],
        })
    );
    let second = login(json!({ "totp": totp("uma", NOW) }));
    let answer = send(&scene.app, second, Some(&receipt)).await.expect(201);
    assert_eq!(methods_of(&answer), ["password", "totp"]);
    // Both at once will do as well, and so will a token that was made with both.
    let answer = send(&scene.app, login(both(NOW)), None).await.expect(201);
    let token = answer.header("x-subject-token");
    let rescoped = send(&scene.app, login(json!({ "token": { "id": token } })), None).await;
    assert_eq!(
        methods_of(&rescoped.expect(201)),
        ["password", "token", "totp"]
    );
}

#[tokio::test]
async fn receipts_add_up() {
    let scene = scene("[server]\ntrusted_proxies = 10.0.0.1").await;
    give_totp(&scene, "uma", SECRET).await;
    require(&scene, json!([["password", "totp", "token"]])).await;
    let first = login(json!({ "password": password("uma", ADMIN_PASSWORD) }));
    let answer = send(&scene.app, first, None).await.expect(401);
    let receipt = answer.header("openstack-auth-receipt").to_owned();
    let second = login(json!({ "totp": totp("uma", NOW) }));
    let answer = send(&scene.app, second, Some(&receipt)).await.expect(401);
    let mut methods: Vec<String> =
        serde_json::from_value(answer.json()["receipt"]["methods"].clone()).unwrap();
    methods.sort_unstable();
    assert_eq!(methods, ["password", "totp"]);
    assert_ne!(answer.header("openstack-auth-receipt"), receipt);
}

#[tokio::test]
async fn a_receipt_is_for_its_user_and_for_its_time() {
    let scene = scene("[receipt]\nexpiration = 20").await;
    give_totp(&scene, "uma", SECRET).await;
    give_totp(&scene, "vic", SECRET).await;
    require(&scene, json!([["password", "totp"]])).await;
    let first = login(json!({ "password": password("uma", ADMIN_PASSWORD) }));
    let answer = send(&scene.app, first, None).await.expect(401);
    let receipt = answer.header("openstack-auth-receipt").to_owned();
    let second = login(json!({ "totp": totp("uma", NOW) }));
    let foreign = login(json!({ "totp": totp("vic", NOW) }));
    send(&scene.app, foreign, Some(&receipt)).await.error(401);
    for bogus in ["bogus", "", &receipt[1..]] {
        let answer = send(&scene.app, second.clone(), Some(bogus)).await;
        answer.error(401);
        assert!(answer.headers.get("openstack-auth-receipt").is_none());
    }
    // A token is no receipt.
    let token = send(&scene.app, login(both(NOW)), None).await.expect(201);
    let token = token.header("x-subject-token");
    send(&scene.app, second.clone(), Some(token))
        .await
        .error(401);
    // A receipt proves nothing by itself, and a wrong method does not get another one.
    let wrong = login(json!({ "totp": totp("uma", "000000") }));
    let answer = send(&scene.app, wrong, Some(&receipt)).await;
    answer.error(401);
    assert!(answer.headers.get("openstack-auth-receipt").is_none());
    scene.app.wait(19);
    send(&scene.app, second.clone(), Some(&receipt))
        .await
        .expect(201);
    scene.app.wait(1);
    send(&scene.app, second, Some(&receipt)).await.error(401);
}

#[tokio::test]
async fn receipts_are_written_in_pythons_format() {
    let scene = scene("").await;
    require(&scene, json!([["password", "totp"]])).await;
    let first = login(json!({ "password": password("uma", ADMIN_PASSWORD) }));
    let answer = send(&scene.app, first, None).await.expect(401);
    let receipts = &scene.app.app.settings().receipts;
    let now = scene.app.app.clock.now();
    assert_eq!(
        receipts.decode(answer.header("openstack-auth-receipt")),
        Some(Receipt {
            user_id: "uma".into(),
            methods: vec!["password".to_owned()],
            issued_at: now,
            expires_at: now.plus_seconds(300),
        })
    );
}

#[tokio::test]
async fn rules_of_unknown_methods_lock_nobody_out() {
    let scene = scene("").await;
    give_totp(&scene, "uma", SECRET).await;
    let by_password = login(json!({ "password": password("uma", ADMIN_PASSWORD) }));
    let by_totp = login(json!({ "totp": totp("uma", NOW) }));
    require(&scene, json!([["smartcard"], ["retina", "voice"]])).await;
    send(&scene.app, by_password.clone(), None)
        .await
        .expect(201);
    // What is not offered is taken out of a rule, not the rule.
    require(&scene, json!([["password", "smartcard"]])).await;
    send(&scene.app, by_password.clone(), None)
        .await
        .expect(201);
    let answer = send(&scene.app, by_totp.clone(), None).await.expect(401);
    assert_eq!(answer.json()["required_auth_methods"], json!([]));
    require(&scene, json!([["smartcard"], ["totp"]])).await;
    send(&scene.app, by_totp, None).await.expect(201);
    send(&scene.app, by_password.clone(), None)
        .await
        .expect(401);
    let off = json!({ "user": { "options": { "multi_factor_auth_enabled": false } } });
    scene.patch("/v3/users/uma", off).await.expect(200);
    send(&scene.app, by_password, None).await.expect(201);
}

const PROXY: &str = "10.0.0.1";

async fn external(app: &TestApp, peer: &str, headers: &[(&str, &str)], body: Value) -> Answer {
    let mut post = app.post("/v3/auth/tokens", body).peer(peer);
    for (name, value) in headers {
        post = post.header(name, value);
    }
    post.send().await
}

#[tokio::test]
async fn a_remote_user_counts_only_from_a_trusted_proxy() {
    let by_name = login(json!({ "external": {} }));
    let admin = [("x-remote-user", "admin")];
    let nobody_trusted = scene("").await;
    for peer in [PROXY, "127.0.0.1"] {
        let answer = external(&nobody_trusted.app, peer, &admin, by_name.clone()).await;
        answer.error(401);
    }
    let scene = scene(&format!("[server]\ntrusted_proxies = {PROXY}")).await;
    let answer = external(&scene.app, PROXY, &admin, by_name.clone()).await;
    let answer = answer.expect(201);
    assert_eq!(methods_of(&answer), ["external"]);
    assert_eq!(answer.json()["token"]["user"]["name"], "admin");
    for (peer, headers) in [
        ("127.0.0.1", &admin[..]),
        ("10.0.0.2", &admin[..]),
        (PROXY, &[]),
        (PROXY, &[("remote-user", "admin")]),
        (PROXY, &[("x-remote-user", "nobody")]),
        (
            PROXY,
            &[("x-remote-user", "admin"), ("x-remote-user", "uma")],
        ),
    ] {
        let answer = external(&scene.app, peer, headers, by_name.clone()).await;
        answer.error(401);
    }
}

#[tokio::test]
async fn the_proxy_names_the_domain_only_where_configured() {
    let by_name = login(json!({ "external": {} }));
    let uma = [("x-remote-user", "uma"), ("x-remote-domain", "acme")];
    let server = format!("[server]\ntrusted_proxies = {PROXY}\n");
    let default = scene(&server).await;
    let answer = external(&default.app, PROXY, &uma, by_name.clone()).await;
    answer.error(401);
    let scene = scene(&format!("{server}[auth]\nexternal = Domain")).await;
    let answer = external(&scene.app, PROXY, &uma, by_name.clone()).await;
    assert_eq!(answer.expect(201).json()["token"]["user"]["id"], "uma");
    let admin = [("x-remote-user", "admin")];
    let answer = external(&scene.app, PROXY, &admin, by_name.clone()).await;
    answer.expect(201);
    let disabled = json!({ "user": { "enabled": false } });
    scene.patch("/v3/users/uma", disabled).await.expect(200);
    external(&scene.app, PROXY, &uma, by_name).await.error(401);
}

#[tokio::test]
async fn a_remote_user_adds_to_the_methods_of_a_login() {
    let scene = scene(&format!("[server]\ntrusted_proxies = {PROXY}")).await;
    let body = login_body("admin", ADMIN_PASSWORD, Value::Null);
    let answer = external(
        &scene.app,
        PROXY,
        &[("x-remote-user", "admin")],
        body.clone(),
    )
    .await;
    assert_eq!(methods_of(&answer.expect(201)), ["external", "password"]);
    // Nobody of that name: the password does without.
    let answer = external(
        &scene.app,
        PROXY,
        &[("x-remote-user", "nobody")],
        body.clone(),
    )
    .await;
    assert_eq!(methods_of(&answer.expect(201)), ["password"]);
    // Somebody else.
    scene.app.persona("rita", "reader").await;
    let answer = external(
        &scene.app,
        PROXY,
        &[("x-remote-user", "rita")],
        body.clone(),
    )
    .await;
    answer.error(401);
    let elsewhere = TestApp::with_config(&format!(
        "[auth]\nmethods = password,token\n[server]\ntrusted_proxies = {PROXY}"
    ))
    .await;
    let answer = external(&elsewhere, PROXY, &[("x-remote-user", "admin")], body).await;
    assert_eq!(methods_of(&answer.expect(201)), ["password"]);
}

#[tokio::test]
async fn kerberos_wants_a_negotiated_user() {
    let scene = Scene::with_config(&format!(
        "[auth]\nmethods = password,token,kerberos\n[server]\ntrusted_proxies = {PROXY}"
    ))
    .await;
    let body = login(json!({ "kerberos": {} }));
    let negotiated = [
        ("x-remote-user", "admin"),
        ("x-remote-auth-type", "Negotiate"),
    ];
    let answer = external(&scene.app, PROXY, &negotiated, body.clone()).await;
    assert_eq!(methods_of(&answer.expect(201)), ["kerberos"]);
    let basic = [("x-remote-user", "admin"), ("x-remote-auth-type", "Basic")];
    external(&scene.app, PROXY, &basic, body.clone())
        .await
        .error(401);
    external(&scene.app, PROXY, &negotiated[..1], body)
        .await
        .error(401);
}

/// A hash counts when its thread has put it aside, which may be after its answer.
async fn hashes_so_far(app: &TestApp) -> u64 {
    loop {
        let now = app.app.hashing.statistics();
        if now.queued + now.running == 0 {
            return now.finished;
        }
        tokio::time::sleep(std::time::Duration::from_millis(1)).await;
    }
}

#[tokio::test]
async fn refused_passwords_cost_one_hash_and_say_the_same_whatever_is_wrong() {
    let scene = scene("[security_compliance]\nlockout_failure_attempts = 2").await;
    let wrong = login(json!({ "password": password("zoe", "wrong") }));
    for _ in 0..3 {
        send(&scene.app, wrong.clone(), None).await.error(401);
    }
    let disable = json!({ "user": { "enabled": false } });
    scene.patch("/v3/users/vic", disable).await.expect(200);
    let by_name = |name: &str, domain: &str| {
        let domain = json!({ "name": domain });
        json!({ "user": { "name": name, "domain": domain, "password": ADMIN_PASSWORD } })
    };
    let mut answers = Vec::new();
    for method in [
        password("uma", "wrong"),
        password("nobody", ADMIN_PASSWORD),
        by_name("nobody", "acme"),
        by_name("uma", "missing"),
        // Locked, and disabled, by people who know the password.
        password("zoe", ADMIN_PASSWORD),
        password("vic", ADMIN_PASSWORD),
        password("vic", "wrong"),
    ] {
        let before = hashes_so_far(&scene.app).await;
        let answer = send(
            &scene.app,
            login(json!({ "password": method.clone() })),
            None,
        )
        .await;
        let hashes = hashes_so_far(&scene.app).await - before;
        assert_eq!(hashes, 1, "{method}");
        let mut body = answer.json();
        answer.error(401);
        answers.push(body["error"].take());
    }
    answers.dedup();
    assert_eq!(answers.len(), 1, "{answers:#?}");
}
