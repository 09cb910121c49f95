//! Key pairs that were made through a delegation give what the delegation gives, and no more.

use super::Cloud;
use crate::harness::{Answer, Persona};
use keystone::driver::sql::db::sql;
use keystone::model::Timestamp;
use serde_json::{Value, json};

const TRUST: &str = "7e57000000000000000000000000beef";

/// A trust of mia, who owns the project, for tom.
struct Trusted {
    cloud: Cloud,
    tom: Persona,
    admin: String,
}

impl Trusted {
    async fn new(impersonation: bool, expires_at: Option<Timestamp>, uses: Option<i64>) -> Self {
        let cloud = Cloud::new().await;
        let tom = cloud.app.persona("tom", "reader").await;
        let admin = cloud.app.admin().await;
        let mut session = cloud.app.app.db.session().await.unwrap();
        let insert = sql(
            "INSERT INTO trust (id, trustor_user_id, trustee_user_id, project_id, impersonation, \
             expires_at_int, remaining_uses, extra, redelegation_count) \
             VALUES (?, ?, ?, ?, ?, ?, ?, '{}', 0)",
        );
        let insert = insert
            .bind(TRUST)
            .bind(&cloud.user.user_id)
            .bind(&tom.user_id)
            .bind(&cloud.user.project_id)
            .bind(impersonation)
            .bind(expires_at.map(Timestamp::micros))
            .bind(uses);
        session.execute(insert).await.unwrap();
        let role = sql("INSERT INTO trust_role (trust_id, role_id) VALUES (?, ?)");
        let role = role.bind(TRUST).bind(cloud.app.seed.role("reader"));
        session.execute(role).await.unwrap();
        drop(session);
        Self { cloud, tom, admin }
    }

    /// Makes a key pair of somebody for a project that stands for the trust.
    async fn pair(&mut self, owner: &str, project: &str) {
        self.cloud
            .make_pair(&self.admin, owner, project, json!({ "trust_id": TRUST }))
            .await;
    }

    async fn check(&self) -> Answer {
        self.cloud.ec2(self.cloud.signed(json!({}))).await
    }
}

fn roles(answer: &Answer) -> Vec<String> {
    let roles = answer.json()["token"]["roles"].as_array().cloned();
    let roles = roles.expect("roles");
    let name = |role: &Value| role["name"].as_str().expect("a name").to_owned();
    roles.iter().map(name).collect()
}

#[tokio::test]
async fn a_trusts_key_pair_gives_the_trusts_token() {
    for impersonation in [true, false] {
        let mut trusted = Trusted::new(impersonation, None, None).await;
        let (mia, tom) = (
            trusted.cloud.user.user_id.clone(),
            trusted.tom.user_id.clone(),
        );
        let project = trusted.cloud.user.project_id.clone();
        let owner = if impersonation { &mia } else { &tom };
        trusted.pair(owner, &project).await;
        let answer = trusted.check().await.expect(200);
        let token = &answer.json()["token"];
        assert_eq!(token["user"]["id"], owner.as_str());
        assert_eq!(token["OS-TRUST:trust"]["id"], TRUST);
        assert_eq!(token["OS-TRUST:trust"]["trustee_user"]["id"], tom.as_str());
        assert_eq!(token["methods"], json!(["ec2credential"]));
        // mia is a member; only reader was delegated.
        assert_eq!(roles(&answer), ["reader"]);
        let validated = trusted
            .cloud
            .app
            .get("/v3/auth/tokens")
            .token(&trusted.cloud.service.token)
            .subject(answer.header("x-subject-token"))
            .send()
            .await;
        assert_eq!(validated.expect(200).json(), answer.json());
    }
}

#[tokio::test]
async fn a_trusts_key_pair_is_no_use_to_others_or_elsewhere() {
    let mut trusted = Trusted::new(true, None, None).await;
    let (mia, tom) = (
        trusted.cloud.user.user_id.clone(),
        trusted.tom.user_id.clone(),
    );
    let swift = trusted.cloud.service.user_id.clone();
    let (here, elsewhere) = (
        trusted.cloud.user.project_id.clone(),
        trusted.tom.project_id.clone(),
    );
    for (owner, project) in [(&tom, &here), (&swift, &here), (&mia, &elsewhere)] {
        trusted.pair(owner, project).await;
        trusted.check().await.error(401);
    }
    trusted.pair(&mia, &here).await;
    trusted.check().await.expect(200);
    let disable = json!({ "user": { "enabled": false } });
    let patch = trusted
        .cloud
        .app
        .patch(&format!("/v3/users/{mia}"), disable);
    patch.token(&trusted.admin).send().await.expect(200);
    trusted.check().await.error(401);
}

#[tokio::test]
async fn a_trusts_key_pair_ends_with_the_trust_and_its_uses() {
    let end = Timestamp::parse("2026-01-01T00:10:00Z");
    let mut trusted = Trusted::new(true, end, Some(3)).await;
    let (mia, project) = (
        trusted.cloud.user.user_id.clone(),
        trusted.cloud.user.project_id.clone(),
    );
    trusted.pair(&mia, &project).await;
    let answer = trusted.check().await.expect(200);
    let token = &answer.json()["token"];
    assert_eq!(token["expires_at"], "2026-01-01T00:10:00.000000Z");
    trusted.check().await.expect(200);
    trusted.check().await.expect(200);
    trusted.check().await.error(401);
    let mut trusted = Trusted::new(true, end, None).await;
    let (mia, project) = (
        trusted.cloud.user.user_id.clone(),
        trusted.cloud.user.project_id.clone(),
    );
    trusted.pair(&mia, &project).await;
    trusted.check().await.expect(200);
    trusted.cloud.app.wait(600);
    trusted.check().await.error(401);
}

#[tokio::test]
async fn an_application_credentials_key_pair_keeps_its_roles_and_its_end() {
    const ID: &str = "acac000000000000000000000000beef";
    let mut cloud = Cloud::new().await;
    let admin = cloud.app.admin().await;
    let end = Timestamp::parse("2026-01-01T00:10:00Z").unwrap();
    let mut session = cloud.app.app.db.session().await.unwrap();
    let insert = sql(
        "INSERT INTO application_credential (internal_id, id, name, secret_hash, user_id, \
         project_id, expires_at, unrestricted) VALUES (7, ?, 'a', 'x', ?, ?, ?, ?)",
    );
    let insert = insert
        .bind(ID)
        .bind(&cloud.user.user_id)
        .bind(&cloud.user.project_id)
        .bind(end.micros())
        .bind(false);
    session.execute(insert).await.unwrap();
    let role = sql(
        "INSERT INTO application_credential_role (application_credential_id, role_id) VALUES (7, ?)",
    );
    let role = role.bind(cloud.app.seed.role("reader"));
    session.execute(role).await.unwrap();
    drop(session);
    let (mia, project) = (cloud.user.user_id.clone(), cloud.user.project_id.clone());
    let swift = cloud.service.user_id.clone();
    let other = cloud.service.project_id.clone();
    let bound = json!({ "app_cred_id": ID });
    for (owner, place, status) in [
        (&swift, &project, 401),
        (&mia, &other, 401),
        (&mia, &project, 200),
    ] {
        cloud.make_pair(&admin, owner, place, bound.clone()).await;
        let answer = cloud.ec2(cloud.signed(json!({}))).await.expect(status);
        if status == 200 {
            assert_eq!(roles(&answer), ["reader"]);
            let token = &answer.json()["token"];
            assert_eq!(token["application_credential"]["id"], ID);
            assert_eq!(token["expires_at"], "2026-01-01T00:10:00.000000Z");
        }
    }
    cloud.app.wait(600);
    cloud.ec2(cloud.signed(json!({}))).await.error(401);
}

#[tokio::test]
async fn a_delegation_that_is_gone_gives_nothing() {
    let mut cloud = Cloud::new().await;
    let admin = cloud.app.admin().await;
    let (mia, project) = (cloud.user.user_id.clone(), cloud.user.project_id.clone());
    for name in ["trust_id", "app_cred_id", "access_token_id"] {
        let bound = json!({ name: "0123456789abcdef0123456789abcdef" });
        cloud.make_pair(&admin, &mia, &project, bound).await;
        cloud.ec2(cloud.signed(json!({}))).await.error(401);
    }
}

#[tokio::test]
async fn delegated_tokens_reach_no_credentials() {
    let trusted = Trusted::new(true, None, None).await;
    let scope = json!({ "OS-TRUST:trust": { "id": TRUST } });
    let app = &trusted.cloud.app;
    let token = app
        .login("tom", crate::harness::ADMIN_PASSWORD, scope)
        .await;
    let mia = &trusted.cloud.user.user_id;
    let ec2 = format!("/v3/users/{mia}/credentials/OS-EC2");
    let pair = format!("{ec2}/{}", trusted.cloud.access);
    let totp = json!({ "credential": { "type": "totp", "blob": "x", "user_id": mia } });
    for request in [
        app.get(&ec2),
        app.get(&pair),
        app.delete(&pair),
        app.post("/v3/credentials", totp),
        app.post(&ec2, json!({ "tenant_id": trusted.cloud.user.project_id })),
    ] {
        request.token(&token).send().await.error(403);
    }
    let list = app.get("/v3/credentials").token(&token).send().await;
    assert_eq!(list.expect(200).json()["credentials"], json!([]));
}
