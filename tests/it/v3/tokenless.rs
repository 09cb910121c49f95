//! Tokenless authorization: a client certificate instead of a token.

use crate::harness::delegation::grant;
use crate::harness::{ACME, Answer, Scene, UMBRELLA};
use aws_lc_rs::digest::{SHA256, digest};
use axum::http::Method;
use keystone::driver::sql::db::sql;
use serde_json::{Value, json};

const PROXY: &str = "10.0.0.1";
const ISSUER: &str = "CN=ca,O=acme";
const SUBJECT: &str = "x-ssl-client-s-dn-cn";
/// What only roles open.
const USERS: &str = "/v3/users/zoe";

fn config() -> String {
    format!(
        "[server]\ntrusted_proxies = {PROXY}\n\
         environment_headers = SSL_CLIENT_I_DN:X-SSL-Client-I-DN,\
         SSL_CLIENT_S_DN_CN:{SUBJECT},SSL_CLIENT_S_DN_OU:X-SSL-Client-S-DN-OU,\
         SSL_CLIENT_VERIFY:X-SSL-Client-Verify\n\
         [tokenless_auth]\ntrusted_issuer = CN=other,O=else\ntrusted_issuer = {ISSUER}\n"
    )
}

/// How identity providers of issuers are called.
fn provider_of(issuer: &str) -> String {
    let digest = digest(&SHA256, issuer.as_bytes());
    digest
        .as_ref()
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

async fn put(scene: &Scene, path: &str, body: Value) {
    let request = scene.app.put(path).token(&scene.admin);
    request.json(body).send().await.expect(201);
}

/// Makes the provider of the trusted issuer, with these entries for certificates that have a name.
async fn set_up(scene: &Scene, local: Value) {
    let federation = "/v3/OS-FEDERATION";
    let rules = json!([{
        "local": local,
        "remote": [
            { "type": "SSL_CLIENT_S_DN_CN" },
            { "type": "SSL_CLIENT_I_DN", "any_one_of": [ISSUER] },
        ],
    }]);
    put(
        scene,
        &format!("{federation}/mappings/m"),
        json!({ "mapping": { "rules": rules } }),
    )
    .await;
    let idp = format!("{federation}/identity_providers/{}", provider_of(ISSUER));
    let members = json!({ "domain_id": ACME, "enabled": true });
    put(scene, &idp, json!({ "identity_provider": members })).await;
    let protocol = json!({ "protocol": { "mapping_id": "m" } });
    put(scene, &format!("{idp}/protocols/x509"), protocol).await;
}

/// A scene in which certificates stand for the users of `acme` whom they name.
async fn of_users() -> Scene {
    let scene = Scene::with_config(&config()).await;
    let user = json!({ "name": "{0}", "domain": { "id": ACME }, "type": "local" });
    set_up(&scene, json!([{ "user": user }])).await;
    grant(&scene, "uma", "top", "admin").await;
    scene
}

/// A request with a certificate, from an address.
async fn send(
    scene: &Scene,
    method: Method,
    path: &str,
    peer: &str,
    headers: &[(&str, &str)],
) -> Answer {
    let mut request = scene.app.request(method, path).peer(peer);
    for (name, value) in headers {
        request = request.header(name, value);
    }
    request.send().await
}

async fn get(scene: &Scene, path: &str, headers: &[(&str, &str)]) -> Answer {
    send(scene, Method::GET, path, PROXY, headers).await
}

const UMA: [(&str, &str); 3] = [
    ("x-ssl-client-i-dn", ISSUER),
    (SUBJECT, "uma"),
    ("x-project-id", "top"),
];

#[tokio::test]
async fn a_certificate_stands_for_the_user_whom_it_names() {
    let scene = of_users().await;
    let answer = get(&scene, USERS, &UMA).await.expect(200);
    assert_eq!(answer.json()["user"]["id"], "zoe");
    assert!(answer.headers.get("x-subject-token").is_none());
    let own = get(&scene, "/v3/auth/projects", &UMA).await.expect(200);
    assert_eq!(own.json()["projects"][0]["id"], "top");
    let own = [UMA[0], UMA[1], ("x-project-id", "below")];
    get(&scene, "/v3/users/uma", &own).await.expect(200);
    // It says who made a change, too.
    let body = json!({ "region": { "id": "new" } });
    let mut post = scene.app.post("/v3/regions", body).peer(PROXY);
    for (name, value) in UMA {
        post = post.header(name, value);
    }
    post.send().await.expect(201);
    let told = scene.app.notifications().await;
    let created = told
        .iter()
        .find(|told| told["event_type"] == "identity.region.created");
    let initiator = &created.expect("an event")["payload"]["initiator"];
    assert_eq!(initiator["user_id"], "uma");
    assert_eq!(initiator["project_id"], "top");
}

#[tokio::test]
async fn nobody_but_a_trusted_proxy_can_say_so() {
    let scene = of_users().await;
    for peer in ["127.0.0.1", "10.0.0.2", "::1"] {
        send(&scene, Method::GET, USERS, peer, &UMA)
            .await
            .error(401);
    }
    // Nor is there anything to say where no issuer is trusted.
    let none = scene
        .app
        .sibling(&format!("[server]\ntrusted_proxies = {PROXY}\n"))
        .await;
    let mut request = none.get(USERS).peer(PROXY);
    for (name, value) in UMA {
        request = request.header(name, value);
    }
    request.send().await.error(401);
}

#[tokio::test]
async fn certificates_that_are_not_trusted_are_no_certificates() {
    let scene = of_users().await;
    for issuer in ["CN=ca", "CN=CA,O=acme", "CN=ca,O=acme,C=US", ""] {
        let headers = [("x-ssl-client-i-dn", issuer), UMA[1], UMA[2]];
        get(&scene, USERS, &headers).await.error(401);
    }
    get(&scene, USERS, &UMA[1..]).await.error(401);
    let twice = [UMA[0], ("x-ssl-client-i-dn", "CN=mallory"), UMA[1], UMA[2]];
    get(&scene, USERS, &twice).await.error(401);
    for (verified, status) in [("SUCCESS", 200), ("FAILED:self-signed", 401), ("NONE", 401)] {
        let headers = [UMA[0], UMA[1], UMA[2], ("x-ssl-client-verify", verified)];
        assert_eq!(
            get(&scene, USERS, &headers).await.status,
            status,
            "{verified}"
        );
    }
    // A trusted issuer whose provider nobody has registered.
    let other = [("x-ssl-client-i-dn", "CN=other,O=else"), UMA[1], UMA[2]];
    get(&scene, USERS, &other).await.error(404);
}

#[tokio::test]
async fn headers_say_for_which_project_or_domain_it_is() {
    let scene = of_users().await;
    let role = scene.role("admin");
    let on_domain = format!("/v3/domains/{ACME}/users/uma/roles/{role}");
    scene.put(&on_domain).await.expect(204);
    let with = async |scope: &[(&str, &str)]| {
        let headers = [&UMA[..2], scope].concat();
        get(&scene, USERS, &headers).await.status
    };
    for (status, scope) in [
        (200, &[("x-project-id", "top")][..]),
        (
            200,
            &[("x-project-name", "top"), ("x-project-domain-id", ACME)],
        ),
        (
            200,
            &[("x-project-name", "top"), ("x-project-domain-name", "acme")],
        ),
        (200, &[("x-domain-id", ACME)]),
        (200, &[("x-domain-name", "acme")]),
        // The first that is there counts.
        (200, &[("x-project-id", "top"), ("x-domain-id", UMBRELLA)]),
        (400, &[]),
        (400, &[("x-project-name", "top")]),
        (401, &[("x-project-id", "none")]),
        (401, &[("x-project-id", ACME)]),
        (
            401,
            &[("x-project-name", "top"), ("x-project-domain-id", UMBRELLA)],
        ),
        (
            401,
            &[("x-project-name", "top"), ("x-project-domain-name", "none")],
        ),
        (401, &[("x-domain-id", "none")]),
        (401, &[("x-domain-id", "top")]),
        (401, &[("x-domain-name", "none")]),
        // No role there.
        (403, &[("x-project-id", "below")]),
        (403, &[("x-domain-id", UMBRELLA)]),
    ] {
        assert_eq!(with(scope).await, status, "{scope:?}");
    }
    let disabled = json!({ "project": { "enabled": false } });
    scene
        .patch("/v3/projects/below", disabled)
        .await
        .expect(200);
    assert_eq!(with(&[("x-project-id", "below")]).await, 401);
}

#[tokio::test]
async fn whom_the_mapping_does_not_find_gets_nowhere() {
    let scene = of_users().await;
    let idp = format!(
        "/v3/OS-FEDERATION/identity_providers/{}",
        provider_of(ISSUER)
    );
    let nameless = [UMA[0], UMA[2]];
    get(&scene, USERS, &nameless).await.error(400);
    let unknown = [UMA[0], (SUBJECT, "nobody"), UMA[2]];
    get(&scene, USERS, &unknown).await.error(404);
    let disable = json!({ "user": { "enabled": false } });
    scene.patch("/v3/users/vic", disable).await.expect(200);
    let vic = [UMA[0], (SUBJECT, "vic"), UMA[2]];
    get(&scene, USERS, &vic).await.error(401);

    let enable = |enabled: bool| json!({ "identity_provider": { "enabled": enabled } });
    scene.patch(&idp, enable(false)).await.expect(200);
    get(&scene, USERS, &UMA).await.error(403);
    scene.patch(&idp, enable(true)).await.expect(200);
    get(&scene, USERS, &UMA).await.expect(200);
    scene
        .delete("/v3/OS-FEDERATION/mappings/m")
        .await
        .expect(204);
    get(&scene, USERS, &UMA).await.error(404);
    scene
        .delete(&format!("{idp}/protocols/x509"))
        .await
        .expect(204);
    get(&scene, USERS, &UMA).await.error(404);
}

#[tokio::test]
async fn a_mapping_that_names_no_user_of_its_own_is_refused() {
    for (user, status) in [
        (json!({ "id": "{0}", "type": "local" }), 200),
        (json!({ "name": "{0}", "type": "local" }), 400),
        (json!({ "name": "{0}", "type": "local", "domain": {} }), 400),
        (
            json!({ "name": "{0}", "type": "local", "domain": { "name": "acme" } }),
            200,
        ),
        (
            json!({ "name": "{0}", "type": "local", "domain": { "name": "none" } }),
            404,
        ),
        (json!({ "email": "{0}", "type": "local" }), 400),
        // The mapping asks for a value that it does not give.
        (json!({ "id": "{5}", "type": "local" }), 401),
    ] {
        let scene = Scene::with_config(&config()).await;
        set_up(&scene, json!([{ "user": user }])).await;
        grant(&scene, "uma", "top", "admin").await;
        assert_eq!(get(&scene, USERS, &UMA).await.status, status, "{user}");
    }
}

#[tokio::test]
async fn a_certificate_may_stand_for_groups_alone() {
    let scene = Scene::with_config(&config()).await;
    let local = json!([
        { "group": { "name": "{0}", "domain": { "id": ACME } } },
        { "groups": "no-such-group", "domain": { "id": ACME } },
    ]);
    set_up(&scene, local).await;
    let role = scene.role("admin");
    let path = format!("/v3/projects/top/groups/crew/roles/{role}");
    scene.put(&path).await.expect(204);
    let crew = [UMA[0], (SUBJECT, "crew"), UMA[2]];
    get(&scene, USERS, &crew).await.expect(200);
    // Nobody's account is behind it.
    get(&scene, "/v3/auth/projects", &crew).await.error(401);
    let others = [UMA[0], (SUBJECT, "others"), UMA[2]];
    get(&scene, USERS, &others).await.error(403);
}

#[tokio::test]
async fn groups_by_id_must_be_there() {
    let scene = Scene::with_config(&config()).await;
    set_up(&scene, json!([{ "group_ids": "{0}" }])).await;
    let role = scene.role("admin");
    let path = format!("/v3/projects/top/groups/crew/roles/{role}");
    scene.put(&path).await.expect(204);
    let crew = [UMA[0], (SUBJECT, "crew"), UMA[2]];
    get(&scene, USERS, &crew).await.expect(200);
    let with_another = [UMA[0], (SUBJECT, "crew;none"), UMA[2]];
    get(&scene, USERS, &with_another).await.error(401);
}

#[tokio::test]
async fn a_token_goes_before_a_certificate() {
    let scene = of_users().await;
    let headers = [UMA[0], UMA[1], UMA[2], ("x-auth-token", "nonsense")];
    get(&scene, USERS, &headers).await.error(401);
    let vic = scene.login("vic", json!("unscoped")).await;
    let headers = [UMA[0], UMA[1], UMA[2], ("x-auth-token", &vic)];
    get(&scene, USERS, &headers).await.error(403);
}

#[tokio::test]
async fn who_needs_no_token_needs_no_good_certificate_either() {
    let scene = of_users().await;
    let lost = [UMA[0], (SUBJECT, "nobody")];
    get(&scene, "/v3", &lost).await.expect(200);
    let user = json!({ "id": "uma", "password": crate::harness::ADMIN_PASSWORD });
    let identity = json!({ "methods": ["password"], "password": { "user": user } });
    let body = json!({ "auth": { "identity": identity } });
    let mut login = scene.app.post("/v3/auth/tokens", body).peer(PROXY);
    for (name, value) in lost {
        login = login.header(name, value);
    }
    login.send().await.expect(201);
    // v2.0 never knew of it.
    get(&scene, "/v2.0/users", &UMA).await.error(401);
}

#[tokio::test]
async fn only_projects_can_be_the_admin_project() {
    let policy = tempfile::tempdir().expect("a temporary directory");
    let file = policy.path().join("policy.yaml");
    let rule = r#""identity:list_regions": "is_admin_project:True""#;
    std::fs::write(&file, rule).expect("a policy file");
    let config = format!(
        "{}[resource]\nadmin_project_name = top\nadmin_project_domain_name = acme\n\
         [oslo_policy]\npolicy_file = {}\n",
        config(),
        file.display()
    );
    let scene = Scene::with_config(&config).await;
    let user = json!({ "name": "{0}", "domain": { "id": ACME }, "type": "local" });
    set_up(&scene, json!([{ "user": user }])).await;
    let role = scene.role("admin");
    let on_domain = format!("/v3/domains/{ACME}/users/uma/roles/{role}");
    scene.put(&on_domain).await.expect(204);
    for project in ["top", "below"] {
        grant(&scene, "uma", project, "admin").await;
    }
    let regions = "/v3/regions";
    for (scope, status) in [
        (json!({ "project": { "id": "top" } }), 200),
        (json!({ "project": { "id": "below" } }), 403),
        (json!({ "domain": { "id": ACME } }), 403),
    ] {
        let token = scene.login("uma", scope.clone()).await;
        let answer = scene.app.get(regions).token(&token).send().await;
        assert_eq!(answer.status, status, "{scope}");
    }
    for (scope, status) in [
        (UMA[2], 200),
        (("x-project-id", "below"), 403),
        (("x-domain-id", ACME), 403),
    ] {
        let answer = get(&scene, regions, &[UMA[0], UMA[1], scope]).await;
        assert_eq!(answer.status, status, "{scope:?}");
    }
}

#[tokio::test]
async fn a_certificate_may_stand_for_many_groups() {
    let scene = Scene::with_config(&config()).await;
    set_up(&scene, json!([{ "group_ids": "{0}" }])).await;
    let many: Vec<String> = (0..600).map(|at| format!("g{at:03}")).collect();
    let rows: Vec<_> = many
        .iter()
        .map(|id| format!("('{id}', '{ACME}', '{id}', '', '{{}}')"))
        .collect();
    let insert = r#"INSERT INTO "group" (id, domain_id, name, description, extra) VALUES "#;
    let (insert, rows) = (&insert, &rows.join(", "));
    let planted = scene.app.app.db.transaction(|s| {
        Box::pin(async move {
            s.execute(sql(insert).push(rows.clone())).await?;
            Ok(())
        })
    });
    planted.await.expect("the groups take");
    let path = format!("projects/top/groups/g599/roles/{}", scene.role("admin"));
    let names = many.join(";");
    let headers = [UMA[0], (SUBJECT, names.as_str()), UMA[2]];
    get(&scene, USERS, &headers).await.error(403);
    scene.put(&format!("/v3/{path}")).await.expect(204);
    get(&scene, USERS, &headers).await.expect(200);
}
