//! `doctor`: what it finds, and that it finds nothing where nothing is wrong.

use super::harness::{Home, said};

/// A home with good keys, and a configuration that a doctor likes.
fn healthy() -> Home {
    let home = Home::new();
    home.config("postgresql://keystone@db.test/keystone", "");
    for command in ["fernet_setup", "credential_setup"] {
        let output = home.manage_keys(command);
        assert_eq!(output.status.code(), Some(0), "{}", said(&output));
    }
    home
}

/// What it says about a configuration with these lines more, and its exit code.
fn examine(home: &Home, more: &str) -> (String, Option<i32>) {
    home.config("postgresql://keystone@db.test/keystone", more);
    let output = home.manage(&["doctor"]);
    let report = String::from_utf8_lossy(&output.stdout).into_owned();
    (report, output.status.code())
}

#[test]
fn nothing_is_said_where_nothing_is_wrong() {
    assert_eq!(examine(&healthy(), ""), (String::new(), Some(0)));
}

#[test]
fn each_check_finds_what_it_looks_for() {
    let home = healthy();
    for (option, words) in [
        ("[cache]\nenabled = false", "every request reads"),
        ("[saml]\ncertfile = /a,b", "[saml] certfile"),
        ("[saml]\nkeyfile = /a,b", "[saml] keyfile"),
        (
            "[ldap]\nuser_enabled_emulation_dn = cn=x",
            "user_enabled_emulation_dn",
        ),
        (
            "[ldap]\nuser_enabled_emulation_use_group_config = true",
            "use_group_config",
        ),
        ("[ldap]\ngroup_objectclass = posixGroup", "posixGroup"),
        (
            "[identity]\ndomain_specific_drivers_enabled = true\ndomain_config_dir = /nowhere/at/all",
            "domain_config_dir is no folder",
        ),
        (
            "[security_compliance]\npassword_expires_days = 1\nminimum_password_age = 1",
            "minimum_password_age",
        ),
        (
            "[security_compliance]\npassword_regex = ^.{8}",
            "password_regex_description",
        ),
        (
            "[security_compliance]\npassword_regex = (\npassword_regex_description = x",
            "no regular expression",
        ),
        ("[DEFAULT]\nmax_token_size = 256", "max_token_size"),
    ] {
        let (report, code) = examine(&home, option);
        assert_eq!(code, Some(1), "{option}: {report}");
        assert!(report.starts_with("\nWARNING: "), "{option}: {report}");
        assert_eq!(report.matches("WARNING").count(), 1, "{option}: {report}");
        assert!(report.contains(words), "{option}: {report}");
    }
}

#[test]
fn missing_keys_and_sqlite_are_found() {
    let home = Home::new();
    home.config("sqlite:////nowhere/keystone.db", "");
    let output = home.manage(&["doctor"]);
    assert_eq!(output.status.code(), Some(1));
    let report = String::from_utf8_lossy(&output.stdout);
    assert_eq!(report.matches("WARNING").count(), 5, "{report}");
    assert!(report.contains("SQLite"));
    assert!(report.contains("fernet_setup"));
    assert!(report.contains("credential_setup"));
}

#[test]
fn a_folder_with_wrong_files_of_domains_is_found() {
    let home = healthy();
    std::fs::create_dir(home.path("domains")).expect("a folder");
    let folder = home.path("domains").display().to_string();
    let option =
        format!("[identity]\ndomain_specific_drivers_enabled = true\ndomain_config_dir = {folder}");
    home.write("domains/keystone.acme.conf", "[ldap]\nurl = ldap://x\n");
    assert_eq!(examine(&home, &option).1, Some(0));
    home.write("domains/acme.conf", "[ldap]\nurl = ldap://x\n");
    assert_eq!(examine(&home, &option).1, Some(1));
}

#[test]
fn debugging_names_every_check() {
    let home = healthy();
    let (report, code) = examine(&home, "[DEFAULT]\ndebug = true");
    assert_eq!(code, Some(1));
    assert!(report.contains("keys_in_Fernet_key_repository"));
    assert!(report.contains("[DEFAULT] debug"));
}
