//! What a token may be used for, by how it was made: every kind of token on every route that makes or
//! shows a secret or a right. Each cell's status is stated; what a delegation does not name is refused.

use crate::harness::delegation::{grant, merge, project, trust};
use crate::harness::{ACME, RequestBuilder, Scene};
use aws_lc_rs::digest::{SHA256, digest};
use keystone::driver::sql::db::sql;
use keystone::model::Timestamp;
use keystone::model::token::{TokenOrigin, TokenPayload, TokenScope};
use serde_json::{Value, json};

/// One row a kind of token, one column a route.
const MATRIX: &str = "
                        rescope list_trusts make_trust list_creds make_cred delete_cred list_rules
    password/project    201     200         201        200        201       204         200
    password/unscoped   201     200         201        200        403       204         200
    password/system     403     200         403        200        403       204         200
    token/project       201     200         201        200        201       204         200
    trust/as-trustor    403     200         201        403        403       403         403
    trust/as-trustee    403     200         201        403        403       403         403
    trust/last-link     403     200         403        403        403       403         403
    appcred/unbounded   403     403         403        200        201       204         200
    appcred/restricted  403     403         403        200        403       403         200
    oauth1              403     403         403        403        403       403         403
    oauth2/certificate  403     403         403        403        403       403         403
    certificate         404     403         403        403        403       403         403
    ec2                 403     403         403        403        403       403         403
    ec2/trust           403     403         403        403        403       403         403
    methods-lost        403     403         403        403        403       403         403
";

/// Stands for a token where there is none: the issuer of uma's client certificate, which a proxy has
/// seen.
const CERTIFICATE: &str = "CN=ca";
const PROXY: &str = "10.0.0.1";

/// `uma` and `vic` are admins of `top` and of the system, so that policy is never what refuses.
async fn scene() -> Scene {
    let scene = Scene::with_config(&format!(
        "[auth]\nmethods = password,token,application_credential,oauth1,ec2credential\n\
         [server]\ntrusted_proxies = {PROXY}\n[tokenless_auth]\ntrusted_issuer = {CERTIFICATE}\n",
    ))
    .await;
    for user in ["uma", "vic"] {
        grant(&scene, user, "top", "admin").await;
        let role = scene.role("admin");
        scene
            .put(&format!("/v3/system/users/{user}/roles/{role}"))
            .await
            .expect(204);
    }
    scene
}

/// A token of a kind, and the user as whom it acts.
async fn token(scene: &Scene, kind: &str) -> (String, &'static str) {
    let uma = || scene.login("uma", project("top"));
    let text = match kind {
        "password/project" => uma().await,
        "password/unscoped" => scene.login("uma", json!("unscoped")).await,
        "password/system" => {
            scene
                .login("uma", json!({ "system": { "all": true } }))
                .await
        }
        "token/project" => {
            let unscoped = scene.login("uma", json!("unscoped")).await;
            let answer = scene
                .try_rescope(&unscoped, project("top"))
                .await
                .expect(201);
            answer.header("x-subject-token").to_owned()
        }
        "trust/as-trustor" => trusted(scene, true, true).await,
        "trust/as-trustee" => return (trusted(scene, false, true).await, "vic"),
        "trust/last-link" => trusted(scene, true, false).await,
        "appcred/unbounded" => with_credential(scene, json!({ "unrestricted": true })).await,
        "appcred/restricted" => with_credential(scene, json!({})).await,
        "oauth1" => oauth1(scene).await,
        "oauth2/certificate" => {
            let thumbprint = "x".to_owned();
            forged(scene, &[], TokenOrigin::OAuth2 { thumbprint })
        }
        "certificate" => {
            let digest = digest(&SHA256, CERTIFICATE.as_bytes());
            let idp: String = digest.as_ref().iter().map(|b| format!("{b:02x}")).collect();
            let federation = "/v3/OS-FEDERATION";
            let provider = format!("{federation}/identity_providers/{idp}");
            let local = json!([{ "user": { "id": "uma", "type": "local" } }]);
            let rules = json!([{ "local": local, "remote": [{ "type": "SSL_CLIENT_I_DN" }] }]);
            let enabled = json!({ "enabled": true, "domain_id": ACME });
            for (path, body) in [
                (
                    format!("{federation}/mappings/m"),
                    json!({ "mapping": { "rules": rules } }),
                ),
                (provider.clone(), json!({ "identity_provider": enabled })),
                (
                    format!("{provider}/protocols/x509"),
                    json!({ "protocol": { "mapping_id": "m" } }),
                ),
            ] {
                let put = scene.app.put(&path).token(&scene.admin);
                put.json(body).send().await.expect(201);
            }
            CERTIFICATE.to_owned()
        }
        "ec2" => forged(scene, &["ec2credential"], TokenOrigin::Direct),
        "ec2/trust" => {
            let members = json!({ "roles": [{ "name": "admin" }], "trustee_user_id": "uma" });
            let id = scene.new_trust(&uma().await, trust(members)).await;
            forged(
                scene,
                &["ec2credential"],
                TokenOrigin::Trust(id.as_str().into()),
            )
        }
        "methods-lost" => forged(scene, &[], TokenOrigin::Direct),
        other => panic!("no token of the kind {other}"),
    };
    (text, "uma")
}

async fn trusted(scene: &Scene, impersonation: bool, allow_redelegation: bool) -> String {
    let members = json!({
        "roles": [{ "name": "admin" }],
        "impersonation": impersonation,
        "allow_redelegation": allow_redelegation,
    });
    let uma = scene.login("uma", project("top")).await;
    let id = scene.new_trust(&uma, trust(members)).await;
    scene.trust_login("vic", &id).await
}

async fn with_credential(scene: &Scene, mut members: Value) -> String {
    merge(&mut members, json!({ "name": "the token's own" }));
    let uma = scene.login("uma", project("top")).await;
    let credential = scene.new_credential(&uma, "uma", members).await;
    scene.credential_login(&credential).await
}

async fn oauth1(scene: &Scene) -> String {
    let role_ids = json!([scene.role("admin")]).to_string();
    let rows = [
        sql("INSERT INTO consumer (id, secret, extra) VALUES ('c', 's', '{}')"),
        sql("INSERT INTO access_token (id, access_secret, authorizing_user_id, project_id, role_ids, \
             consumer_id) VALUES ('a', 's', 'uma', 'top', ?, 'c')")
        .bind(role_ids),
    ];
    for row in rows {
        let mut session = scene.app.app.db.session().await.expect("a session");
        session.execute(row).await.expect("a row");
    }
    let access_token_id = "a".into();
    forged(scene, &["oauth1"], TokenOrigin::OAuth1 { access_token_id })
}

/// A token that some way in would give.
fn forged(scene: &Scene, methods: &[&str], origin: TokenOrigin) -> String {
    let now: Timestamp = scene.app.app.clock.now();
    let payload = TokenPayload {
        user_id: "uma".into(),
        methods: methods.iter().map(|name| (*name).to_owned()).collect(),
        issued_at: now,
        expires_at: now.plus_seconds(600),
        audit_ids: vec!["AAAAAAAAAAAAAAAAAAAAAA".to_owned()],
        scope: TokenScope::Project("top".into()),
        origin,
    };
    let settings = scene.app.app.settings();
    settings.tokens.encode(&payload).expect("a token")
}

/// Sends a request with a token, or with a client certificate and no token.
async fn send(token: &str, request: RequestBuilder<'_>) -> u16 {
    let request = match token {
        CERTIFICATE => request
            .peer(PROXY)
            .header("x-ssl-client-i-dn", CERTIFICATE)
            .header("x-project-id", "top"),
        token => request.token(token),
    };
    request.send().await.status
}

/// The status of a route for a token.
async fn status(scene: &Scene, token: &str, user: &str, route: &str) -> u16 {
    let app = &scene.app;
    let credentials = format!("/v3/users/{user}/application_credentials");
    let request = match route {
        "rescope" => {
            let identity = json!({ "methods": ["token"], "token": { "id": token } });
            let body = json!({ "auth": { "identity": identity, "scope": project("top") } });
            app.post("/v3/auth/tokens", body)
        }
        "list_trusts" => app.get(&format!("/v3/OS-TRUST/trusts?trustor_user_id={user}")),
        "make_trust" => {
            let mut members = json!({ "trustor_user_id": user, "trustee_user_id": "zoe", "impersonation": false });
            merge(&mut members, json!({ "roles": [{ "name": "admin" }] }));
            app.post("/v3/OS-TRUST/trusts", trust(members))
        }
        "list_creds" => app.get(&credentials),
        "make_cred" => {
            let body = json!({ "application_credential": { "name": "new" } });
            app.post(&credentials, body)
        }
        "delete_cred" => {
            let own = scene.login(user, project("top")).await;
            let doomed = json!({ "name": "doomed" });
            let (id, _) = scene.new_credential(&own, user, doomed).await;
            app.delete(&format!("{credentials}/{id}"))
        }
        "list_rules" => app.get(&format!("/v3/users/{user}/access_rules")),
        other => panic!("no route {other}"),
    };
    send(token, request).await
}

#[tokio::test]
async fn every_kind_of_token_does_on_every_route_what_the_matrix_says() {
    let mut lines = MATRIX.lines().filter(|line| !line.trim().is_empty());
    let routes: Vec<&str> = lines.next().expect("routes").split_whitespace().collect();
    let mut wrong = Vec::new();
    for line in lines {
        let mut cells = line.split_whitespace();
        let kind = cells.next().expect("a kind");
        let scene = scene().await;
        let (text, user) = token(&scene, kind).await;
        for (route, expected) in routes.iter().zip(cells) {
            let got = status(&scene, &text, user, route).await;
            if got.to_string() != expected {
                wrong.push(format!("{kind} {route}: {got} instead of {expected}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[tokio::test]
async fn operators_can_let_application_credentials_manage_trusts() {
    let option = "allow_insecure_application_credential_trust_escalation";
    let scene = Scene::with_config(&format!("[security_compliance]\n{option} = true\n")).await;
    grant(&scene, "uma", "top", "admin").await;
    let text = with_credential(&scene, json!({})).await;
    assert_eq!(status(&scene, &text, "uma", "make_trust").await, 201);
    assert_eq!(status(&scene, &text, "uma", "list_trusts").await, 200);
    assert_eq!(status(&scene, &text, "uma", "make_cred").await, 403);
}

#[tokio::test]
async fn tokens_made_with_ec2_keys_call_nothing_here() {
    let scene = scene().await;
    let (text, _) = token(&scene, "ec2").await;
    scene.get_as(&text, "/v3/auth/projects").await.error(403);
    // Services may ask what they are.
    scene.validate(&text).await.expect(200);
}
