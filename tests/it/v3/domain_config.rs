//! `/v3/domains/{domain_id}/config…`

use crate::harness::{Answer, TestApp};
use keystone::driver::sql::db::sql;
use serde_json::{Value, json};

struct Config {
    app: TestApp,
    admin: String,
    /// `/v3/domains/<id>/config` of a new domain.
    path: String,
}

impl Config {
    async fn new(config: &str) -> Self {
        let app = TestApp::with_config(config).await;
        let admin = app.admin().await;
        let domain = app.make("domain", json!({ "name": "acme" })).await;
        Self {
            app,
            admin,
            path: format!("/v3/domains/{domain}/config"),
        }
    }

    async fn get(&self, below: &str) -> Answer {
        let path = format!("{}{below}", self.path);
        self.app.get(&path).token(&self.admin).send().await
    }

    async fn put(&self, config: Value) -> Answer {
        let request = self.app.put(&self.path).json(json!({ "config": config }));
        request.token(&self.admin).send().await
    }

    async fn patch(&self, below: &str, config: Value) -> Answer {
        let path = format!("{}{below}", self.path);
        let request = self.app.patch(&path, json!({ "config": config }));
        request.token(&self.admin).send().await
    }

    async fn delete(&self, below: &str) -> Answer {
        let path = format!("{}{below}", self.path);
        self.app.delete(&path).token(&self.admin).send().await
    }
}

fn sample() -> Value {
    json!({
        "ldap": { "url": "ldap://%(password)s@h", "user": "u", "password": "p4ss" },
        "identity": { "driver": "ldap" },
    })
}

#[tokio::test]
async fn a_configuration_is_put_whole_and_shown_without_what_is_sensitive() {
    let config = Config::new("").await;
    let shown = json!({ "config": {
        "identity": { "driver": "ldap" },
        "ldap": { "url": "ldap://%(password)s@h", "user": "u" },
    } });
    assert_eq!(config.put(sample()).await.expect(201).json(), shown);
    assert_eq!(config.put(sample()).await.expect(200).json(), shown);
    assert_eq!(config.get("").await.expect(200).json(), shown);
    let group = config.get("/identity").await.expect(200).json();
    assert_eq!(
        group,
        json!({ "config": { "identity": { "driver": "ldap" } } })
    );
    let option = config.get("/ldap/user").await.expect(200).json();
    assert_eq!(option, json!({ "config": { "user": "u" } }));
    config.get("/ldap/password").await.error(404);
    config.get("/ldap/suffix").await.error(404);
    let only = json!({ "identity": { "driver": "sql" } });
    let replaced = config.put(only.clone()).await.expect(200).json();
    assert_eq!(replaced, json!({ "config": only }));
    config.get("/ldap").await.error(404);
    let head = config.app.head(&config.path).token(&config.admin);
    assert_eq!(head.send().await.expect(200).body, "");
}

#[tokio::test]
async fn sensitive_options_are_stored_apart() {
    let config = Config::new("").await;
    config.put(sample()).await.expect(201);
    let mut session = config.app.app.db.session().await.expect("a session");
    let hidden = sql(r#"SELECT "group", "option", value FROM sensitive_config"#);
    let row = session.fetch_one(hidden).await.expect("a row");
    assert_eq!(row.text("group").expect("text"), "ldap");
    assert_eq!(row.text("option").expect("text"), "password");
    assert_eq!(row.text("value").expect("text"), r#""p4ss""#);
    let shown = sql("SELECT COUNT(*) AS n FROM whitelisted_config");
    let row = session.fetch_one(shown).await.expect("a row");
    assert_eq!(row.int("n").expect("a number"), 3);
}

#[tokio::test]
async fn a_configuration_of_nothing_but_a_password_counts_as_one() {
    let config = Config::new("").await;
    let secret = json!({ "ldap": { "password": "p" } });
    let empty = json!({ "config": {} });
    assert_eq!(config.put(secret.clone()).await.expect(201).json(), empty);
    config.get("").await.error(404);
    assert_eq!(config.put(secret.clone()).await.expect(200).json(), empty);
    assert_eq!(config.patch("", secret).await.expect(200).json(), empty);
    config.delete("/ldap/password").await.expect(204);
    config.delete("/ldap/password").await.error(404);
}

#[tokio::test]
async fn a_change_sets_what_it_names() {
    let config = Config::new("").await;
    config.put(sample()).await.expect(201);
    let change = json!({ "ldap": { "url": "ldap://new", "suffix": "dc=x" } });
    let whole = config.patch("", change).await.expect(200).json();
    let whole = &whole["config"];
    assert_eq!(whole["ldap"]["url"], "ldap://new");
    assert_eq!(whole["ldap"]["suffix"], "dc=x");
    assert_eq!(whole["ldap"]["user"], "u");
    assert_eq!(whole["identity"]["driver"], "ldap");

    let change = json!({ "ldap": { "url": "ldap://newer" } });
    let whole = config.patch("/ldap", change).await.expect(200).json();
    assert_eq!(whole["config"]["ldap"]["url"], "ldap://newer");
    let whole = config.patch("/ldap/url", json!({ "url": "ldap://newest" }));
    let whole = whole.await.expect(200).json();
    assert_eq!(whole["config"]["ldap"]["url"], "ldap://newest");
    assert_eq!(whole["config"]["identity"]["driver"], "ldap");
}

#[tokio::test]
async fn a_change_of_a_part_is_about_that_part_and_it_must_be_there() {
    let config = Config::new("").await;
    config
        .put(json!({ "identity": { "driver": "ldap" } }))
        .await
        .expect(201);
    let url = json!({ "ldap": { "url": "ldap://x" } });
    config.patch("/ldap", url.clone()).await.error(404);
    config
        .patch("/ldap/url", json!({ "url": "x" }))
        .await
        .error(404);
    config.patch("/identity", url).await.error(403);
    config
        .patch("/identity/driver", json!({ "list_limit": 5 }))
        .await
        .error(403);
    let both = json!({ "driver": "sql", "list_limit": 5 });
    config.patch("/identity/driver", both).await.error(403);
    let left = config.get("").await.expect(200).json();
    assert_eq!(left["config"], json!({ "identity": { "driver": "ldap" } }));
}

#[tokio::test]
async fn groups_and_options_that_domains_can_not_have_are_forbidden() {
    let config = Config::new("").await;
    for refused in [
        json!({}),
        json!({ "database": { "connection": "x" } }),
        json!({ "ldap": { "nonsense": "x" } }),
        json!({ "ldap": {} }),
        json!({ "ldap": "x" }),
        json!({ "ldap": null }),
        json!({ "security_compliance": { "password_regex": "x" } }),
    ] {
        config.put(refused.clone()).await.error(403);
        config.patch("", refused).await.error(403);
    }
    for below in ["/database", "/ldap/nonsense", "/database/connection"] {
        config.get(below).await.error(403);
        config.delete(below).await.error(403);
    }
    let no_config = config.app.put(&config.path).json(json!({}));
    no_config.token(&config.admin).send().await.error(403);
    config.put(json!(["ldap"])).await.error(400);
}

#[tokio::test]
async fn parts_are_deleted_one_by_one_and_the_whole_even_when_there_is_none() {
    let config = Config::new("").await;
    config.delete("").await.expect(204);
    config.put(sample()).await.expect(201);
    config.delete("/ldap/url").await.expect(204);
    config.delete("/ldap/url").await.error(404);
    config.delete("/ldap").await.expect(204);
    config.delete("/ldap").await.error(404);
    let left = config.get("").await.expect(200).json();
    assert_eq!(left["config"], json!({ "identity": { "driver": "ldap" } }));
    config.delete("").await.expect(204);
    config.get("").await.error(404);
}

#[tokio::test]
async fn an_unknown_domain_is_not_found() {
    let config = Config::new("").await;
    let (app, admin) = (&config.app, &config.admin);
    for path in ["/v3/domains/nope/config", "/v3/domains/nope/config/ldap"] {
        app.get(path).token(admin).send().await.error(404);
        let body = json!({ "config": { "ldap": { "url": "x" } } });
        app.patch(path, body).token(admin).send().await.error(404);
        app.delete(path).token(admin).send().await.error(404);
    }
}

#[tokio::test]
async fn a_deleted_domain_takes_its_configuration_along() {
    let config = Config::new("").await;
    config.put(sample()).await.expect(201);
    let domain = config.path.trim_end_matches("/config");
    let disable = json!({ "domain": { "enabled": false } });
    let (app, admin) = (&config.app, &config.admin);
    app.patch(domain, disable)
        .token(admin)
        .send()
        .await
        .expect(200);
    app.delete(domain).token(admin).send().await.expect(204);
    let mut session = app.app.db.session().await.expect("a session");
    for table in ["whitelisted_config", "sensitive_config"] {
        let count = sql("SELECT COUNT(*) AS n FROM ").push(table);
        let row = session.fetch_one(count).await.expect("a row");
        assert_eq!(row.int("n").expect("a number"), 0, "{table}");
    }
}

#[tokio::test]
async fn defaults_are_what_the_server_goes_by() {
    let config = Config::new("[ldap]\nurl = ldap://here\n[identity]\nlist_limit = 7\n").await;
    let get = async |path: &str| {
        let path = format!("/v3/domains/config{path}/default");
        config.app.get(&path).token(&config.admin).send().await
    };
    let whole = get("").await.expect(200).json();
    assert_eq!(whole["config"]["identity"]["driver"], "sql");
    assert_eq!(whole["config"]["ldap"]["page_size"], 0);
    assert_eq!(whole["config"]["ldap"]["use_tls"], false);
    assert_eq!(
        whole["config"]["ldap"]["user_attribute_ignore"],
        json!(["default_project_id"])
    );
    assert!(whole["config"]["ldap"].get("password").is_none());
    let group = get("/identity").await.expect(200).json();
    assert_eq!(
        group["config"],
        json!({ "identity": { "driver": "sql", "list_limit": 7 } })
    );
    let option = get("/ldap/url").await.expect(200).json();
    assert_eq!(option["config"], json!({ "url": "ldap://here" }));
    get("/ldap/password").await.error(403);
    get("/database").await.error(403);
    get("/ldap/nonsense").await.error(403);
}

#[tokio::test]
async fn everybody_with_a_token_reads_the_rules_for_passwords() {
    let config = Config::new("[security_compliance]\npassword_regex = ^.{8}\n").await;
    let app = &config.app;
    let mia = app.persona("mia", "member").await.token;
    let path = "/v3/domains/default/config/security_compliance";
    let rules = app.get(path).token(&mia).send().await.expect(200).json();
    assert_eq!(
        rules["config"],
        json!({ "security_compliance": {
            "password_regex": "^.{8}", "password_regex_description": null
        } })
    );
    let one = format!("{path}/password_regex");
    let rule = app.get(&one).token(&mia).send().await.expect(200).json();
    assert_eq!(rule["config"], json!({ "password_regex": "^.{8}" }));
    let other = format!("{path}/lockout_duration");
    app.get(&other).token(&mia).send().await.error(403);
    config.get("/security_compliance").await.error(403);
    app.get(path).send().await.error(401);
}

#[tokio::test]
async fn only_admins_read_and_change_configurations() {
    let config = Config::new("").await;
    let app = &config.app;
    let mia = app.persona("mia", "member").await.token;
    config.put(sample()).await.expect(201);
    let body = json!({ "config": sample() });
    for below in ["", "/ldap", "/ldap/url"] {
        let path = format!("{}{below}", config.path);
        app.get(&path).token(&mia).send().await.error(403);
        app.delete(&path).token(&mia).send().await.error(403);
        let patch = app.patch(&path, body.clone()).token(&mia);
        patch.send().await.error(403);
    }
    let put = app.put(&config.path).json(body).token(&mia);
    put.send().await.error(403);
    let default = app.get("/v3/domains/config/default").token(&mia);
    default.send().await.error(403);
    config.get("").await.expect(200);
}

#[tokio::test]
async fn an_operator_may_allow_further_options() {
    let further = "[domain_config]\nadditional_whitelisted_options = token:[expiration]\n\
        additional_sensitive_options = saml:[keyfile]\n";
    let config = Config::new(further).await;
    let sent = json!({ "token": { "expiration": 5 }, "saml": { "keyfile": "k" } });
    let shown = config.put(sent).await.expect(201).json();
    assert_eq!(shown["config"], json!({ "token": { "expiration": 5 } }));
    let path = "/v3/domains/config/token/default";
    let default = config.app.get(path).token(&config.admin).send().await;
    assert_eq!(
        default.expect(200).json()["config"],
        json!({ "token": { "expiration": 3600 } })
    );
}
