//! What users and consumers do.

use super::Step;
use super::world::{LEVELS, Node, TOTP_SECRET, Thing, World, time};
use crate::harness::Answer;
use crate::harness::delegation::{id_of, merge, project, trust};
use crate::harness::oauth1::{TOKENS, field, log_in};
use aws_lc_rs::hmac;
use keystone::crypto::ec2_signature::SignedRequest;
use keystone::model::Timestamp;
use serde_json::{Map, Value, json};

impl World {
    pub async fn take(&mut self, step: &Step) {
        match step {
            Step::LogIn { as_uma, scoped } => self.log_in(user(*as_uma), *scoped).await,
            Step::Rescope(token) => self.rescope(*token).await,
            Step::Trust {
                with,
                to_uma,
                level,
                life,
                impersonation,
                further,
            } => {
                let members = json!({
                    "trustee_user_id": user(*to_uma),
                    "roles": [{ "name": LEVELS[*level] }],
                    "impersonation": impersonation,
                    "allow_redelegation": further,
                    "expires_at": life.map(|life| self.now().plus_seconds(life.into())),
                });
                self.make_trust(*with, members).await;
            }
            Step::UseTrust(trust, token) => self.use_trust(*trust, *token).await,
            Step::Credential {
                with,
                level,
                life,
                unrestricted,
            } => {
                let mut members = json!({
                    "name": format!("{}", self.nodes.len()),
                    "unrestricted": unrestricted,
                    "expires_at": life.map(|life| self.now().plus_seconds(life.into())),
                });
                if let Some(level) = level {
                    members["roles"] = json!([{ "name": LEVELS[*level] }]);
                }
                self.make_credential(*with, members).await;
            }
            Step::UseCredential(credential) => self.use_credential(*credential).await,
            Step::Authorize { with, level } => self.authorize(*with, *level).await,
            Step::UseAccess(access) => self.use_access(*access).await,
            Step::KeyPair(token) => self.make_pair(*token).await,
            Step::UsePair(pair) => self.use_pair(*pair).await,
            Step::Receipt(node) => self.use_receipt(*node).await,
            Step::Withdraw(node) => self.withdraw(*node).await,
            Step::Wait(seconds) => self.wait(i64::from(*seconds)).await,
        }
    }

    /// Two chains to go on from: of trusts, and of application credentials.
    pub async fn begin(&mut self) {
        let newest = 0;
        self.log_in("uma", true).await;
        for trustee in ["vic", "uma"] {
            let members = json!({ "trustee_user_id": trustee, "allow_redelegation": true });
            self.make_trust(newest, members).await;
            self.use_trust(newest, None).await;
        }
        self.log_in("uma", true).await;
        for name in ["first", "second"] {
            let members = json!({ "name": name, "unrestricted": true });
            self.make_credential(newest, members).await;
            self.use_credential(newest).await;
        }
    }

    async fn log_in(&mut self, user: &str, scoped: bool) {
        let scope = if scoped {
            project("top")
        } else {
            json!("unscoped")
        };
        let answer = self.scene.try_login(user, scope).await.expect(201);
        self.add_token(&answer, Vec::new(), "a login");
    }

    async fn rescope(&mut self, index: usize) {
        let Some((node, (text, _, delegated))) = self.token(index) else {
            return;
        };
        let answer = self.scene.try_rescope(&text, project("top")).await;
        if made(&answer) {
            assert!(!delegated, "a delegated token was rescoped");
            self.add_token(&answer, vec![node], "a rescoped token");
        }
    }

    async fn make_trust(&mut self, index: usize, mut members: Value) {
        let Some((node, (text, user, _))) = self.token(index) else {
            return;
        };
        members["trustor_user_id"] = json!(user);
        let answer = self
            .scene
            .post_as(&text, "/v3/OS-TRUST/trusts", trust(members.clone()))
            .await;
        if !made(&answer) {
            return;
        }
        let grants = self.grants(node);
        let thing = Thing::Trust {
            id: id_of(&answer, "trust"),
            trustee: members["trustee_user_id"]
                .as_str()
                .expect("a user")
                .to_owned(),
        };
        let trust = &answer.json()["trust"];
        self.add_grant(thing, trust, grants, "a trust");
    }

    async fn use_trust(&mut self, index: usize, token: Option<usize>) {
        let found = self.pick(index, |thing| match thing {
            Thing::Trust { id, trustee } => Some((id.clone(), trustee.clone())),
            _ => None,
        });
        let Some((node, (id, trustee))) = found else {
            return;
        };
        let scope = json!({ "OS-TRUST:trust": { "id": id } });
        let token = token.and_then(|token| self.token(token));
        let (answer, mut comes_from) = match token {
            Some((with, (text, ..))) => (self.scene.try_rescope(&text, scope).await, vec![with]),
            None => (self.scene.try_login(&trustee, scope).await, Vec::new()),
        };
        comes_from.push(node);
        if made(&answer) {
            self.add_token(&answer, comes_from, "a trust's token");
        }
    }

    async fn make_credential(&mut self, index: usize, members: Value) {
        let Some((node, (text, user, _))) = self.token(index) else {
            return;
        };
        let path = format!("/v3/users/{user}/application_credentials");
        let mut body = json!({ "application_credential": {} });
        merge(&mut body["application_credential"], members);
        let answer = self.scene.post_as(&text, &path, body).await;
        if !made(&answer) {
            return;
        }
        let shown = &answer.json()["application_credential"];
        let secret = shown["secret"].as_str().expect("a secret").to_owned();
        let id = id_of(&answer, "application_credential");
        // Its roles are those of the token, or fewer.
        let (within, grants) = (self.bounds(node).1, self.grants(node));
        let thing = Thing::Credential { id, secret, user };
        self.add_grant(thing, shown, grants, "an application credential");
        let own = self.nodes.last().and_then(|node| node.level);
        assert!(
            own <= within,
            "a credential of {own:?} from a token of {within:?}"
        );
    }

    async fn use_credential(&mut self, index: usize) {
        let Some((node, (id, secret, _))) = self.credential(index) else {
            return;
        };
        let answer = self.scene.try_credential_login(&id, &secret).await;
        if made(&answer) {
            self.add_token(&answer, vec![node], "an application credential's token");
        }
    }

    async fn authorize(&mut self, index: usize, level: usize) {
        let Some((_, (text, _, delegated))) = self.token(index) else {
            return;
        };
        self.consumer.seconds = self.now().seconds();
        let roles = json!([{ "name": LEVELS[level] }]);
        let (authorized, fetched) = self.consumer.gain(&self.scene, &text, roles).await;
        if !made(&authorized) {
            return;
        }
        assert!(!delegated, "a delegated token authorized a consumer");
        let fetched = fetched.expect("an access token");
        let end = field(&fetched, "oauth_expires_at");
        let node = Node {
            thing: Thing::Access(Box::new(self.consumer.clone())),
            comes_from: Vec::new(),
            end: time(&json!(end)),
            level: Some(level),
            withdrawn: false,
        };
        self.add(node, "an access token");
    }

    async fn use_access(&mut self, index: usize) {
        let found = self.pick(index, |thing| match thing {
            Thing::Access(signer) => Some(signer.clone()),
            _ => None,
        });
        let Some((node, mut signer)) = found else {
            return;
        };
        // Nonces go on where the consumer is.
        (signer.nonce, signer.seconds) = (self.consumer.nonce, self.now().seconds());
        let header = signer.header(TOKENS);
        self.consumer.nonce = signer.nonce;
        let answer = log_in(&self.scene.app, &header).await;
        if made(&answer) {
            self.add_token(&answer, vec![node], "an access token's token");
        }
    }

    async fn make_pair(&mut self, index: usize) {
        let Some((_, (text, user, delegated))) = self.token(index) else {
            return;
        };
        let path = format!("/v3/users/{user}/credentials/OS-EC2");
        let body = json!({ "tenant_id": "top" });
        let answer = self.scene.post_as(&text, &path, body).await;
        if !made(&answer) {
            return;
        }
        assert!(!delegated, "a delegated token made a key pair");
        let pair = &answer.json()["credential"];
        let key = |name: &str| pair[name].as_str().expect("a key").to_owned();
        let thing = Thing::Pair {
            access: key("access"),
            secret: key("secret"),
        };
        let node = Node {
            thing,
            comes_from: Vec::new(),
            end: None,
            level: None,
            withdrawn: false,
        };
        self.add(node, "a key pair");
    }

    async fn use_pair(&mut self, index: usize) {
        let found = self.pick(index, |thing| match thing {
            Thing::Pair { access, secret } => Some((access.clone(), secret.clone())),
            _ => None,
        });
        let Some((node, (access, secret))) = found else {
            return;
        };
        let body = json!({ "credentials": signed(&access, &secret, self.now()) });
        let admin = self.scene.app.admin().await;
        let answer = self.scene.post_as(&admin, "/v3/ec2tokens", body).await;
        if made(&answer) {
            self.add_token(&answer, vec![node], "a key pair's token");
        }
    }

    async fn use_receipt(&mut self, index: usize) {
        let credential = self.credential(index).filter(|_| index.is_multiple_of(2));
        let (node, user, method) = match (self.token(index), credential) {
            (Some((node, (text, user, _))), None) => {
                (node, user, json!({ "token": { "id": text } }))
            }
            (_, Some((node, (id, secret, user)))) => {
                let credential = json!({ "id": id, "secret": secret });
                (node, user, json!({ "application_credential": credential }))
            }
            (None, None) => return,
        };
        self.require(
            &user,
            json!([["password", "totp"], ["application_credential", "totp"]]),
        )
        .await;
        let first = self.post_login(method, Value::Null, None).await;
        if let Some(receipt) = first.headers.get("openstack-auth-receipt") {
            let receipt = receipt.to_str().expect("text").to_owned();
            let passcode = passcode(self.now().seconds());
            let totp = json!({ "totp": { "user": { "id": user, "passcode": passcode } } });
            let answer = self.post_login(totp, project("top"), Some(&receipt)).await;
            if made(&answer) {
                self.add_token(&answer, vec![node], "a receipt's token");
            }
        }
        self.require(&user, Value::Null).await;
    }

    async fn require(&self, user: &str, rules: Value) {
        let body = json!({ "user": { "options": { "multi_factor_auth_rules": rules } } });
        let admin = self.scene.app.admin().await;
        let patch = self.scene.app.patch(&format!("/v3/users/{user}"), body);
        patch.token(&admin).send().await.expect(200);
    }

    async fn post_login(&self, method: Value, scope: Value, receipt: Option<&str>) -> Answer {
        let names: Vec<_> = method
            .as_object()
            .expect("methods")
            .keys()
            .cloned()
            .collect();
        let mut identity = json!({ "methods": names });
        merge(&mut identity, method);
        let mut body = json!({ "auth": { "identity": identity } });
        if !scope.is_null() {
            body["auth"]["scope"] = scope;
        }
        let post = self.scene.app.post(TOKENS, body);
        match receipt {
            Some(receipt) => post.header("openstack-auth-receipt", receipt).send().await,
            None => post.send().await,
        }
    }

    async fn withdraw(&mut self, index: usize) {
        let found = self.pick(index, |thing| match thing {
            Thing::Trust { id, .. } => Some((format!("/v3/OS-TRUST/trusts/{id}"), None)),
            Thing::Credential { id, user, .. } => {
                let path = format!("/v3/users/{user}/application_credentials/{id}");
                Some((path, Some(user.clone())))
            }
            _ => None,
        });
        let Some((node, (path, owner))) = found else {
            return;
        };
        let token = match owner {
            Some(owner) => self.scene.login(&owner, project("top")).await,
            None => self.scene.app.admin().await,
        };
        let answer = self.scene.delete_as(&token, &path).await;
        if made(&answer) {
            self.nodes[node].withdrawn = true;
            self.check_tokens().await;
        }
    }

    async fn wait(&mut self, seconds: i64) {
        self.scene.app.wait(seconds);
        self.check_tokens().await;
    }
}

fn user(is_uma: bool) -> &'static str {
    if is_uma { "uma" } else { "vic" }
}

/// Whether something was made; refusals are none of ours.
fn made(answer: &Answer) -> bool {
    assert!(answer.status < 500, "{}: {}", answer.status, answer.body);
    answer.status < 300
}

/// A request of signature version 2.
fn signed(access: &str, secret: &str, now: Timestamp) -> Value {
    let params = json!({
        "SignatureVersion": "2", "Action": "Describe", "AWSAccessKeyId": access,
        "Timestamp": now.whole_seconds(),
    });
    let mut request = json!({ "verb": "GET", "host": "cloud", "path": "/", "params": params });
    let signature = SignedRequest {
        params: request["params"].as_object().expect("parameters"),
        headers: &Map::new(),
        verb: Some("GET"),
        host: Some("cloud"),
        path: Some("/"),
        body_hash: None,
    }
    .signature(&secret.into())
    .expect("a signature");
    request["access"] = json!(access);
    request["signature"] = json!(signature);
    request
}

/// The passcode of a moment: RFC 6238.
fn passcode(seconds: i64) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, TOTP_SECRET.1);
    let mac = hmac::sign(&key, &(seconds / 30).to_be_bytes());
    let mac = mac.as_ref();
    let at = usize::from(mac[19] & 15);
    let bytes = mac[at..at + 4].iter();
    let value = bytes.fold(0u32, |value, byte| value << 8 | u32::from(*byte)) & 0x7fff_ffff;
    format!("{:06}", value % 1_000_000)
}
