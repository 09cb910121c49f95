//! Commands about domains whose users are elsewhere: `domain_config_upload`, `mapping_purge`,
//! `mapping_populate`.

use super::harness::{Home, said};
use crate::harness::Seed;
use crate::harness::db::TestDb;
use keystone::driver::sql::db::{Db, sql};
use keystone::model::Timestamp;
use std::process::Output;

async fn home() -> (Home, TestDb) {
    let db = TestDb::synced().await;
    let now = Timestamp::parse("2026-01-01T00:00:00Z").expect("a time");
    Seed::plant(&db.db, now).await;
    let home = Home::new();
    std::fs::create_dir(home.path("domains")).expect("a folder");
    let folder = home.path("domains").display().to_string();
    let options = format!("[identity]\ndomain_config_dir = {folder}\n");
    home.config(&db.sqlalchemy_url(), &options);
    (home, db)
}

#[track_caller]
fn expect(output: &Output, code: i32) -> String {
    assert_eq!(output.status.code(), Some(code), "{}", said(output));
    said(output)
}

/// Rows of a query with one text column.
async fn texts(db: &Db, query: &'static str) -> Vec<String> {
    let mut session = db.session().await.expect("a session");
    let rows = session.fetch_all(sql(query)).await.expect("rows");
    rows.iter()
        .map(|row| row.text("found").expect("text"))
        .collect()
}

#[tokio::test]
async fn a_file_of_a_domain_becomes_its_configuration_once() {
    let (home, db) = home().await;
    home.write(
        "domains/keystone.Default.conf",
        "[ldap]\nurl = ldap://x\npassword = p\n[identity]\ndriver = ldap\n",
    );
    let upload = ["domain_config_upload", "--domain-name", "Default"];
    expect(&home.manage(&upload), 0);
    let shown = r#"SELECT value AS found FROM whitelisted_config ORDER BY "group", "option""#;
    let shown = texts(&db.db, shown).await;
    assert_eq!(shown, [r#""ldap""#, r#""ldap://x""#]);
    let hidden = "SELECT value AS found FROM sensitive_config";
    assert_eq!(texts(&db.db, hidden).await, [r#""p""#]);
    assert!(expect(&home.manage(&upload), 1).contains("already"));
}

#[tokio::test]
async fn files_that_can_not_be_taken_are_told_of_and_left_out() {
    let (home, db) = home().await;
    home.write("domains/keystone.Default.conf", "[ldap]\nurl = ldap://x\n");
    home.write("domains/keystone.nobody.conf", "[ldap]\nurl = ldap://x\n");
    home.write("domains/README", "not a configuration");
    let said = expect(&home.manage(&["domain_config_upload", "--all"]), 1);
    assert!(said.contains("keystone.nobody.conf"), "{said}");
    assert!(!said.contains("README"), "{said}");
    let stored = "SELECT domain_id AS found FROM whitelisted_config";
    assert_eq!(texts(&db.db, stored).await, ["default"]);
}

#[tokio::test]
async fn options_that_domains_can_not_have_are_refused_with_the_whole_file() {
    let (home, db) = home().await;
    let text = "[ldap]\nurl = ldap://x\n[database]\nconnection = x\n";
    home.write("domains/keystone.Default.conf", text);
    let upload = ["domain_config_upload", "--domain-name", "Default"];
    expect(&home.manage(&upload), 1);
    let stored = "SELECT domain_id AS found FROM whitelisted_config";
    assert!(texts(&db.db, stored).await.is_empty());
}

#[tokio::test]
async fn uploads_need_to_be_told_which_domains() {
    let (home, _db) = home().await;
    expect(&home.manage(&["domain_config_upload"]), 1);
    let both = ["domain_config_upload", "--all", "--domain-name", "Default"];
    expect(&home.manage(&both), 1);
    let missing = ["domain_config_upload", "--domain-name", "Default"];
    expect(&home.manage(&missing), 1);
}

async fn plant_mappings(db: &Db) {
    db.transaction(|s| {
        Box::pin(async move {
            for insert in [
                "INSERT INTO id_mapping VALUES ('p1', 'default', 'l1', 'user')",
                "INSERT INTO id_mapping VALUES ('p2', 'default', 'l1', 'group')",
                "INSERT INTO id_mapping VALUES ('p3', 'default', 'l2', 'user')",
                "INSERT INTO id_mapping VALUES ('p4', 'elsewhere', 'l1', 'user')",
            ] {
                s.execute(sql(insert)).await?;
            }
            Ok(())
        })
    })
    .await
    .expect("rows");
}

#[tokio::test]
async fn mappings_are_purged_as_the_options_say() {
    const LEFT: &str = "SELECT public_id AS found FROM id_mapping ORDER BY public_id";
    let (home, db) = home().await;
    plant_mappings(&db.db).await;
    expect(&home.manage(&["mapping_purge"]), 1);
    expect(
        &home.manage(&["mapping_purge", "--all", "--type", "user"]),
        1,
    );
    expect(&home.manage(&["mapping_purge", "--type", "role"]), 2);
    expect(&home.manage(&["mapping_purge", "--domain-name", "nope"]), 1);
    assert_eq!(texts(&db.db, LEFT).await.len(), 4);

    let words = [
        "mapping_purge",
        "--domain-name",
        "Default",
        "--type",
        "user",
    ];
    expect(
        &home.manage(&[&words[..], &["--local-id", "l1"]].concat()),
        0,
    );
    assert_eq!(texts(&db.db, LEFT).await, ["p2", "p3", "p4"]);
    expect(&home.manage(&["mapping_purge", "--type", "group"]), 0);
    assert_eq!(texts(&db.db, LEFT).await, ["p3", "p4"]);
    expect(&home.manage(&["mapping_purge", "--public-id", "p4"]), 0);
    assert_eq!(texts(&db.db, LEFT).await, ["p3"]);
    expect(&home.manage(&["mapping_purge", "--all"]), 0);
    assert!(texts(&db.db, LEFT).await.is_empty());
}

#[tokio::test]
async fn populating_mappings_needs_a_domain_and_says_when_there_is_none() {
    let (home, _db) = home().await;
    expect(&home.manage(&["mapping_populate"]), 2);
    let unknown = ["mapping_populate", "--domain-name", "nope"];
    assert!(expect(&home.manage(&unknown), 0).contains("nope"));
    let known = ["mapping_populate", "--domain-name", "Default"];
    expect(&home.manage(&known), 0);
}
