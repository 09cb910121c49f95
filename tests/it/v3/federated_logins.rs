//! Logins of users whom an identity provider sends: who is let in, and what is kept of them.

mod accounts;
mod groups;
mod projects;
mod tokens;

use crate::harness::federation::{
    LOGIN, PROVIDER, PROXY, id_of_user, log_in, rules, said, scene, scene_with, send, set_up,
    try_log_in,
};
use crate::harness::{ACME, Answer, Scene, UMBRELLA};
use axum::http::Method;
use serde_json::{Value, json};

/// SHA-256 of the domain, `user` and `alice`, as Python 30.0.0 names her.
const ALICE: &str = "0d9a4e9a80fb2b4df815ef7d7b9657f42c1bad87a3660575810dfca49eaa8c8f";

#[tokio::test]
async fn whom_a_provider_sends_gets_an_account_and_an_unscoped_token() {
    let scene = scene().await;
    for method in [Method::GET, Method::POST] {
        let answer = send(&scene.app, method, LOGIN, &said("alice", "crew")).await;
        let answer = answer.expect(201);
        assert!(!answer.header("x-subject-token").is_empty());
        let document = &answer.json()["token"];
        assert_eq!(
            document["user"],
            json!({
                "domain": { "id": ACME, "name": "acme" },
                "id": ALICE,
                "name": "alice",
                "OS-FEDERATION": {
                    "groups": [{ "id": "crew" }],
                    "identity_provider": { "id": "idp" },
                    "protocol": { "id": "mapped" },
                },
            })
        );
        assert_eq!(document["methods"], json!(["mapped"]));
        let mut members: Vec<_> = document.as_object().expect("members").keys().collect();
        members.sort_unstable();
        let expected = ["audit_ids", "expires_at", "issued_at", "methods", "user"];
        assert_eq!(members, expected);
    }
    let head = send(&scene.app, Method::HEAD, LOGIN, &said("alice", "")).await;
    assert!(!head.expect(201).header("x-subject-token").is_empty());
    let user = scene.get(&format!("/v3/users/{ALICE}")).await.expect(200);
    let user = &user.json()["user"];
    assert_eq!(user["name"], "alice");
    assert_eq!(user["domain_id"], ACME);
    assert_eq!(user["enabled"], true);
    assert_eq!(
        user["federated"],
        json!([{
            "idp_id": "idp",
            "protocols": [{ "protocol_id": "mapped", "unique_id": "alice" }],
        }])
    );
}

#[tokio::test]
async fn only_a_proxy_that_is_trusted_is_believed() {
    let scene = scene().await;
    for peer in ["127.0.0.1", "10.0.0.2", "::1"] {
        let mut request = scene.app.get(LOGIN).peer(peer);
        for (name, value) in said("alice", "crew") {
            request = request.header(name, value);
        }
        request.send().await.error(401);
    }
    // Nor is a header believed that the proxy does not own, or may not have looked at.
    let slipped = [("oidc_sub", "alice")];
    try_log_in(&scene.app, &slipped).await.error(401);
    let twice = [("oidc-sub", "alice"), ("oidc-sub", "mallory")];
    try_log_in(&scene.app, &twice).await.error(401);
    let both = [("oidc-sub", "alice"), ("oidc_sub", "mallory")];
    try_log_in(&scene.app, &both).await.error(401);
    try_log_in(&scene.app, &[]).await.error(401);
    // And a body says nothing here.
    let body = json!({ "auth": { "identity": { "methods": ["mapped"] } } });
    let post = scene.app.post(LOGIN, body).peer(PROXY);
    post.send().await.error(401);
    let listed = scene.get("/v3/users?idp_id=idp").await.expect(200);
    assert_eq!(listed.json()["users"], json!([]));
}

#[tokio::test]
async fn a_body_can_name_provider_and_protocol_but_not_the_user() {
    let scene = scene().await;
    let login = async |method: &str, members: Value, said: &[(&str, &str)]| {
        let identity = json!({ "methods": [method], method: members });
        let body = json!({ "auth": { "identity": identity } });
        let mut request = scene.app.post("/v3/auth/tokens", body).peer(PROXY);
        for (name, value) in said {
            request = request.header(name, value);
        }
        request.send().await
    };
    let members = json!({ "identity_provider": "idp", "protocol": "mapped" });
    let alice = said("alice", "crew");
    let answer = login("mapped", members.clone(), &alice).await.expect(201);
    assert_eq!(answer.json()["token"]["user"]["id"], ALICE);
    // Another name for the same, which the token keeps.
    let answer = login("openid", members.clone(), &alice).await.expect(201);
    assert_eq!(answer.json()["token"]["methods"], json!(["openid"]));
    let federation = &answer.json()["token"]["user"]["OS-FEDERATION"];
    assert_eq!(federation["protocol"]["id"], "mapped");
    login("mapped", members.clone(), &[]).await.error(401);
    for members in [
        json!({}),
        json!({ "identity_provider": "idp" }),
        json!({ "identity_provider": 1, "protocol": "mapped" }),
        json!({ "id": 1 }),
    ] {
        login("mapped", members, &alice).await.error(400);
    }
    let refused = login("saml2", members, &alice).await;
    refused.error(401);
    let methods = &refused.json()["error"]["identity"]["methods"];
    assert!(
        methods
            .as_array()
            .expect("names")
            .contains(&json!("mapped"))
    );
}

#[tokio::test]
async fn a_protocol_must_be_a_method_that_is_offered() {
    let scene = scene().await;
    let path = |protocol: &str| format!("{PROVIDER}/protocols/{protocol}");
    for protocol in ["saml2", "x509", "our-own", "methods"] {
        let put = scene.app.put(&path(protocol)).token(&scene.admin);
        let body = json!({ "protocol": { "mapping_id": "m" } });
        put.json(body).send().await.expect(201);
        let login = format!("{}/auth", path(protocol));
        let answer = send(&scene.app, Method::GET, &login, &said("alice", "")).await;
        answer.error(401);
        if protocol != "methods" {
            assert!(answer.json()["error"]["identity"]["methods"].is_array());
        }
    }
    // Methods of another kind need what this path does not carry.
    for protocol in ["password", "token", "totp", "application_credential"] {
        let login = format!("{}/auth", path(protocol));
        let answer = send(&scene.app, Method::GET, &login, &said("alice", "")).await;
        answer.error(400);
    }
}

#[tokio::test]
async fn what_is_not_there_is_404_and_what_is_disabled_403() {
    let scene = scene().await;
    let at = |idp: &str, protocol: &str| {
        format!("/v3/OS-FEDERATION/identity_providers/{idp}/protocols/{protocol}/auth")
    };
    let alice = said("alice", "");
    for path in [at("none", "mapped"), at("idp", "openid")] {
        send(&scene.app, Method::GET, &path, &alice)
            .await
            .error(404);
    }
    let enable = |enabled: bool| json!({ "identity_provider": { "enabled": enabled } });
    scene.patch(PROVIDER, enable(false)).await.expect(200);
    try_log_in(&scene.app, &alice).await.error(403);
    scene.patch(PROVIDER, enable(true)).await.expect(200);
    try_log_in(&scene.app, &alice).await.expect(201);
    let mapping = "/v3/OS-FEDERATION/mappings/m";
    scene.delete(mapping).await.expect(204);
    try_log_in(&scene.app, &alice).await.error(404);
}

#[tokio::test]
async fn a_provider_with_names_must_call_itself_by_one_of_them() {
    const NAMES: &str = "[federation]\nremote_id_attribute = HTTP_OIDC_ISS\n\
         [openid]\nremote_id_attribute = HTTP_OIDC_OTHER\n";
    let scene = scene_with(NAMES, json!({ "rules": rules() })).await;
    let provider = json!({ "identity_provider": { "remote_ids": ["https://idp", "b;c"] } });
    scene.patch(PROVIDER, provider).await.expect(200);
    let log_in = async |protocol: &str, headers: &[(&str, &str)]| {
        let path = format!("{PROVIDER}/protocols/{protocol}/auth");
        let said = [&[("oidc-sub", "alice")], headers].concat();
        send(&scene.app, Method::GET, &path, &said).await
    };
    let iss = |name: &'static str| [("oidc-iss", name)];
    log_in("mapped", &iss("https://idp")).await.expect(201);
    // Its name is what the variable holds, all of it.
    log_in("mapped", &iss("b;c")).await.expect(201);
    for other in ["https://other", "b", "HTTPS://IDP", "https://idp;b;c"] {
        log_in("mapped", &iss(other)).await.error(403);
    }
    log_in("mapped", &[]).await.error(401);

    let openid = format!("{PROVIDER}/protocols/openid");
    let put = scene.app.put(&openid).token(&scene.admin);
    let body = json!({ "protocol": { "mapping_id": "m" } });
    put.json(body).send().await.expect(201);
    log_in("openid", &iss("https://idp")).await.error(401);
    let other = [("oidc-other", "https://idp")];
    // `alice` of another protocol would have the account that is hers.
    log_in("openid", &other).await.error(409);
    let said_to_openid = [("oidc-sub", "bob"), ("oidc-other", "https://idp")];
    let path = format!("{openid}/auth");
    let answer = send(&scene.app, Method::GET, &path, &said_to_openid).await;
    answer.expect(201);
    // The protocol's own word goes before the configuration's.
    let own = json!({ "protocol": { "mapping_id": "m", "remote_id_attribute": "HTTP_OIDC_OWN" } });
    scene.patch(&openid, own).await.expect(200);
    let answer = send(&scene.app, Method::GET, &path, &said_to_openid).await;
    answer.error(401);
    let own = [("oidc-sub", "bob"), ("oidc-own", "https://idp")];
    let answer = send(&scene.app, Method::GET, &path, &own).await;
    answer.expect(201);
}

#[tokio::test]
async fn mappings_see_variables_of_one_prefix_only() {
    const PREFIX: &str = "[federation]\nassertion_prefix = HTTP_OIDC_CLAIM\n";
    let user = |attribute: &str| {
        let remote = json!([{ "type": attribute }]);
        json!({ "rules": [{ "local": [{ "user": { "name": "{0}" } }], "remote": remote }] })
    };
    let headers = [("oidc-claim-sub", "alice"), ("oidc-sub", "bob")];
    for (attribute, status) in [("HTTP_OIDC_CLAIM_SUB", 201), ("HTTP_OIDC_SUB", 401)] {
        let scene = scene_with(PREFIX, user(attribute)).await;
        let answer = try_log_in(&scene.app, &headers).await;
        assert_eq!(answer.status, status, "{attribute}");
    }
}

#[tokio::test]
async fn web_servers_names_of_variables_can_be_had() {
    let config = format!(
        "[auth]\nmethods = mapped,token,password\n[server]\ntrusted_proxies = {PROXY}\n\
         environment_headers = REMOTE_USER:X-Remote-User,OIDC_CLAIM_email:X-Email\n\
         assertion_headers = MELLON_*:X-Mellon-*\n"
    );
    let scene = Scene::with_config(&config).await;
    let user = json!({ "name": "{0}", "email": "{1}" });
    let remote = json!([{ "type": "MELLON_NAME_ID" }, { "type": "OIDC_CLAIM_email" }]);
    let rules = json!([{ "local": [{ "user": user }], "remote": remote }]);
    set_up(&scene, json!({ "rules": rules })).await;
    let headers = [
        ("x-mellon-name-id", "José"),
        ("x-email", "jose@example.org"),
    ];
    let answer = try_log_in(&scene.app, &headers).await.expect(201);
    assert_eq!(answer.json()["token"]["user"]["name"], "José");
    let id = id_of_user(&scene, "Jos%C3%A9").await;
    let user = scene
        .get(&format!("/v3/users/{id}"))
        .await
        .expect(200)
        .json();
    assert_eq!(user["user"]["email"], "jose@example.org");
    let link = &user["user"]["federated"][0]["protocols"][0];
    assert_eq!(link["unique_id"], "Jos%C3%A9");
}

#[tokio::test]
async fn who_audits_hears_who_vouched_for_whom() {
    let scene = scene_with(
        "[DEFAULT]\nnotification_opt_out =\n",
        json!({ "rules": rules() }),
    )
    .await;
    let (token, _) = log_in(&scene, "alice", "crew").await;
    try_log_in(&scene.app, &[]).await.error(401);
    let scope = json!({ "project": { "id": "top" } });
    scene.try_rescope(&token, scope).await.expect(201);
    let told = scene.app.notifications().await;
    let logins: Vec<&Value> = told
        .iter()
        .filter(|told| told["payload"]["initiator"]["credential"].is_object())
        .collect();
    let [first, refused, again] = logins[..] else {
        panic!("three logins: {told:#?}")
    };
    for login in [first, refused, again] {
        assert_eq!(login["event_type"], "identity.authenticate");
        assert_eq!(login["payload"]["action"], "authenticate");
        assert_eq!(
            login["payload"]["target"]["typeURI"],
            "service/security/account/user"
        );
    }
    assert_eq!(first["payload"]["outcome"], "success");
    let initiator = &first["payload"]["initiator"];
    // From Python 30.0.0: a token that there isn't is called unknown, and of texts an eighth shows.
    assert_eq!(
        initiator["credential"],
        json!({
            "token": "u xxxxxxxx n",
            "type": "http://docs.oasis-open.org/security/saml/v2.0",
            "identity_provider": "idp",
            "user": ALICE,
            "groups": ["crew"],
        })
    );
    assert!(initiator["request_id"].is_string());
    assert_eq!(refused["payload"]["outcome"], "failure");
    let credential = &refused["payload"]["initiator"]["credential"];
    assert_eq!(credential["user"], "unknown");
    assert_eq!(credential["groups"], json!([]));
    assert_eq!(again["payload"]["outcome"], "success");
    let credential = &again["payload"]["initiator"]["credential"];
    assert_eq!(credential["user"], ALICE);
    let token = credential["token"].as_str().expect("a text");
    assert_eq!((token.len(), &token[3..13]), (16, " xxxxxxxx "));
}

/// A provider of domain `umbrella`.
async fn second_provider(scene: &Scene) -> Answer {
    let body = json!({ "identity_provider": { "domain_id": UMBRELLA, "enabled": true } });
    let path = "/v3/OS-FEDERATION/identity_providers/second";
    let put = scene.app.put(path).token(&scene.admin);
    put.json(body).send().await.expect(201);
    let path = format!("{path}/protocols/mapped");
    let put = scene.app.put(&path).token(&scene.admin);
    let body = json!({ "protocol": { "mapping_id": "m" } });
    put.json(body).send().await.expect(201)
}
