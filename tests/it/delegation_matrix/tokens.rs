//! The kinds of tokens: the rows of the matrix.

use super::{CERTIFICATE, METHODS, PROXY};
use crate::harness::delegation::{merge, project, trust};
use crate::harness::federation;
use crate::harness::oauth1::{TOKENS, consumer, log_in};
use crate::harness::{ACME, ADMIN_PASSWORD, Scene};
use aws_lc_rs::digest::{SHA256, digest};
use keystone::driver::sql::db::sql;
use keystone::model::Timestamp;
use keystone::model::token::{TokenOrigin, TokenPayload, TokenScope};
use serde_json::{Value, json};

/// A token of a kind, and the user as whom it acts.
pub async fn token(scene: &Scene, kind: &str) -> (String, &'static str) {
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
        "federated/project" => {
            federation::add_provider(scene, json!({ "rules": federation::rules() })).await;
            federation::link(scene, "uma").await;
            federation::log_in_to_top(scene, "uma", "").await
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
        "methods-unknown" => of_unknown_method(scene).await,
        "methods-foreign" => of_foreign_method(scene).await,
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

pub async fn with_credential(scene: &Scene, mut members: Value) -> String {
    merge(&mut members, json!({ "name": "the token's own" }));
    let uma = scene.login("uma", project("top")).await;
    let credential = scene.new_credential(&uma, "uma", members).await;
    scene.credential_login(&credential).await
}

async fn oauth1(scene: &Scene) -> String {
    let mut signer = consumer(scene).await;
    let uma = scene.login("uma", project("top")).await;
    let roles = json!([{ "name": "admin" }]);
    signer.gain(scene, &uma, roles).await.1.expect("access");
    let header = signer.header(TOKENS);
    let answer = log_in(&scene.app, &header).await.expect(201);
    answer.header("x-subject-token").to_owned()
}

/// A stored token that was made with a method of somebody's own making.
async fn of_unknown_method(scene: &Scene) -> String {
    let elsewhere = scene.app.sibling("[token]\nprovider = uuid\n").await;
    let answer = elsewhere.post("/v3/auth/tokens", by_password("uma"));
    let token = answer.send().await.expect(201);
    let method = sql("UPDATE token SET extra = REPLACE(extra, ?, ?) WHERE id = ?")
        .bind("\"password\"")
        .bind("\"our-own-sso\"")
        .bind(token.header("x-subject-token"));
    let mut session = scene.app.app.db.session().await.expect("a session");
    assert_eq!(session.execute(method).await.expect("a change"), 1);
    token.header("x-subject-token").to_owned()
}

/// A token of a server that offers more methods, made with one of those.
async fn of_foreign_method(scene: &Scene) -> String {
    let config = format!("{METHODS},totp,kerberos\n[server]\ntrusted_proxies = {PROXY}\n");
    let elsewhere = scene.app.sibling(&config).await;
    let identity = json!({ "methods": ["kerberos"], "kerberos": {} });
    let body = json!({ "auth": { "identity": identity, "scope": project("top") } });
    let answer = elsewhere
        .post("/v3/auth/tokens", body)
        .peer(PROXY)
        .header("x-remote-user", "uma")
        .header("x-remote-domain", "acme")
        .header("x-remote-auth-type", "Negotiate")
        .send();
    answer
        .await
        .expect(201)
        .header("x-subject-token")
        .to_owned()
}

fn by_password(user: &str) -> Value {
    let user = json!({ "id": user, "password": ADMIN_PASSWORD });
    let identity = json!({ "methods": ["password"], "password": { "user": user } });
    json!({ "auth": { "identity": identity, "scope": project("top") } })
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
