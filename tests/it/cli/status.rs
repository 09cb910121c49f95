//! `keystone-status upgrade check`.

use super::harness::{Home, said};
use crate::harness::db::TestDb;
use keystone::driver::sql::db::{Db, sql};
use serde_json::Value;
use std::process::Output;

/// A home with a database in which bootstrap was.
async fn bootstrapped(options: &str) -> (Home, TestDb) {
    let db = TestDb::synced().await;
    let home = Home::new();
    home.config(&db.sqlalchemy_url(), options);
    let output = home.manage(&["bootstrap", "--bootstrap-password", "secret"]);
    assert!(output.status.success(), "{}", said(&output));
    (home, db)
}

fn status(home: &Home, words: &[&str]) -> Output {
    let mut command = home.program(env!("CARGO_BIN_EXE_keystone-status"));
    command
        .arg("--config-file")
        .arg(home.path("keystone.conf"))
        .args(words);
    command.output().expect("keystone-status starts")
}

fn printed(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).expect("text")
}

async fn execute(db: &Db, statement: &'static str) {
    db.execute(sql(statement)).await.expect("a statement");
}

/// Names and results in the JSON form.
fn results(output: &Output) -> Vec<(String, i64)> {
    let shown: Value = serde_json::from_str(&printed(output)).expect("JSON");
    assert_eq!(shown["name"], "Upgrade Check Results");
    let checks = shown["checks"].as_array().expect("a list").iter();
    checks
        .map(|check| {
            let name = check["check"].as_str().expect("text").to_owned();
            (name, check["result"].as_i64().expect("a number"))
        })
        .collect()
}

#[tokio::test]
async fn a_new_installation_is_ready() {
    let (home, _db) = bootstrapped("").await;
    let output = status(&home, &["upgrade", "check"]);
    assert_eq!(output.status.code(), Some(0), "{}", said(&output));
    assert_eq!(
        printed(&output),
        "\
+--------------------------------------------------+
| Upgrade Check Results                            |
+--------------------------------------------------+
| Check: Check trust policies are not empty        |
| Result: Success                                  |
| Details: No rule of trusts is open to everybody. |
+--------------------------------------------------+
| Check: Check default roles are immutable         |
| Result: Success                                  |
| Details: The default roles are immutable.        |
+--------------------------------------------------+
| Check: Policy File JSON to YAML Migration        |
| Result: Success                                  |
| Details: None                                    |
+--------------------------------------------------+
"
    );
    for words in [
        ["upgrade", "check", "--json"],
        ["upgrade", "--json", "check"],
    ] {
        let output = status(&home, &words);
        assert_eq!(output.status.code(), Some(0), "{}", said(&output));
        assert!(results(&output).iter().all(|(_, result)| *result == 0));
        assert!(printed(&output).contains(r#""details":null"#));
    }
}

#[tokio::test]
async fn open_rules_mutable_roles_and_a_policy_in_json_are_failures() {
    let (home, db) = bootstrapped("").await;
    home.write(
        "policy.yaml",
        r#"{"identity:list_trusts": "", "identity:get_trust": "@", "identity:delete_trust": []}"#,
    );
    execute(
        &db.db,
        "DELETE FROM role_option WHERE role_id IN \
         (SELECT id FROM role WHERE name IN ('reader', 'member', 'manager'))",
    )
    .await;
    let output = status(&home, &["upgrade", "check", "--json"]);
    assert_eq!(output.status.code(), Some(2), "{}", said(&output));
    assert!(results(&output).iter().all(|(_, result)| *result == 2));
    let shown = printed(&output);
    assert!(
        shown.contains("identity:list_trusts, identity:delete_trust, identity:get_trust."),
        "{shown}"
    );
    assert!(shown.contains("not immutable: member, reader\""), "{shown}");

    let output = status(&home, &["upgrade", "check"]);
    assert_eq!(output.status.code(), Some(2), "{}", said(&output));
    let shown = printed(&output);
    assert_eq!(shown.matches("| Result: Failure ").count(), 3, "{shown}");
    assert!(
        shown
            .lines()
            .all(|line| line.len() <= 60 + "| Details:  |".len()),
        "{shown}"
    );
}

#[tokio::test]
async fn a_check_that_can_not_be_made_is_neither_success_nor_failure() {
    let (home, _db) = bootstrapped("").await;
    home.write("policy.yaml", "\"identity:list_trusts\": \"role:\n");
    for options in [
        "",
        "[database]\nconnection = postgresql://nobody@127.0.0.1:1/x\n",
    ] {
        if !options.is_empty() {
            home.write("policy.yaml", "");
            home.write("keystone.conf", options);
        }
        let output = status(&home, &["upgrade", "check"]);
        assert_eq!(output.status.code(), Some(255), "{}", said(&output));
        assert!(
            printed(&output).starts_with("Error:\n"),
            "{}",
            said(&output)
        );
    }
}

#[test]
fn a_command_line_of_another_form_ends_with_2() {
    let home = Home::new();
    home.write("keystone.conf", "");
    for words in [
        &["upgrade"][..],
        &[],
        &["check"],
        &["upgrade", "look"],
        &["upgrade", "check", "-x"],
    ] {
        let output = status(&home, words);
        assert_eq!(output.status.code(), Some(2), "{words:?}");
    }
    let output = status(&home, &["--version"]);
    assert_eq!(printed(&output), "30.0.0\n");
}
