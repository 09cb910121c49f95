//! What the configuration as a whole promises, from texts to sections.

use super::*;
use std::collections::BTreeSet;
use std::fs;

/// The configuration and warnings of files with these texts, with an environment.
fn load(texts: &[&str], environment: &[(&str, &str)]) -> Result<Loaded, String> {
    let folder = tempfile::tempdir().unwrap();
    let mut sources = Sources::default();
    for (index, text) in texts.iter().enumerate() {
        let path = folder.path().join(format!("{index}.conf"));
        fs::write(&path, text).unwrap();
        sources.places.push(Place::File(path));
    }
    let pairs = environment
        .iter()
        .map(|(name, text)| ((*name).to_owned(), (*text).to_owned()));
    sources.environment = pairs.collect();
    let short = |text: &str| text.replace(&format!("{}/", folder.path().display()), "");
    match Config::load(&sources) {
        Ok(mut loaded) => {
            loaded
                .warnings
                .iter_mut()
                .for_each(|warning| *warning = short(warning));
            Ok(loaded)
        }
        Err(error) => Err(short(&error.to_string())),
    }
}

fn config(text: &str) -> Config {
    Config::from_text(text).unwrap()
}

fn error(text: &str) -> String {
    Config::from_text(text).unwrap_err().to_string()
}

#[test]
fn nothing_set_means_the_defaults() {
    let config = Config::defaults();
    assert_eq!(config.token.expiration, 3600);
    assert_eq!(config.token.provider, "fernet");
    assert_eq!(
        config.server.admin_bind,
        AdminBind::Address("127.0.0.1:35357".parse().unwrap())
    );
    assert!(config.default.admin_token.is_none());
    assert_eq!(config.identity.password_hash_algorithm, None);
    assert_eq!(config.cache.enabled, None);
    assert_eq!(config.security_compliance.lockout_duration, Some(1800));
    assert_eq!(config.auth.methods[..3], ["external", "password", "token"]);
    assert_eq!(
        config.default.notification_opt_out,
        [
            "identity.authenticate.success",
            "identity.authenticate.pending"
        ]
    );
    assert!(config.cors.allowed_origin.is_empty());
    assert!(config.database_url().is_none());
}

#[test]
fn every_option_has_one_place_and_a_help_text() {
    let mut places = BTreeSet::new();
    for spec in options() {
        assert!(
            places.insert((spec.group, spec.name)),
            "[{}] {}",
            spec.group,
            spec.name
        );
        assert!(!spec.help.is_empty());
        assert_eq!(
            option(spec.group, spec.name).map(|found| found.name),
            Some(spec.name)
        );
    }
    // 412 of Keystone 30.0.0 and its libraries, 24 of older Keystones, 24 of our own.
    assert_eq!(places.len(), 462);
}

#[test]
fn a_set_value_is_told_from_the_default() {
    let unset = config("");
    let set = config("[identity]\npassword_hash_algorithm = bcrypt\n[cache]\nenabled = false\n");
    assert_eq!(
        set.identity.password_hash_algorithm,
        Some(HashAlgorithm::Bcrypt)
    );
    assert_eq!(set.cache.enabled, Some(false));
    assert_eq!(unset.origin("cache", "enabled"), &Origin::Default);
    assert_eq!(
        set.origin("cache", "enabled"),
        &Origin::File("keystone.conf".into(), 4)
    );
}

#[test]
fn the_environment_wins_over_files_and_later_files_over_earlier_ones() {
    let files = [
        "[token]\nexpiration = 1\n[fernet_tokens]\nmax_active_keys = 5\n\
         [trust]\nmax_redelegation_count=7",
        "[token]\nexpiration = 2\n[fernet_tokens]\nmax_active_keys = 6\n",
    ];
    let environment = [
        ("OS_TOKEN__EXPIRATION", "9"),
        ("OS_DEFAULT__DEBUG", "yes"),
        ("OS_token__provider", "x"),
    ];
    let config = load(&files, &environment).unwrap().config;
    assert_eq!(config.token.expiration, 9);
    assert_eq!(config.fernet_tokens.max_active_keys, 6);
    assert_eq!(config.trust.max_redelegation_count, 7);
    assert!(config.default.debug);
    assert_eq!(config.token.provider, "fernet");
}

#[test]
fn flags_win_over_everything_and_fallbacks_over_the_defaults_only() {
    let argument = |name: &str, text: &str| ("server".to_owned(), name.to_owned(), text.to_owned());
    let sources = Sources {
        environment: vec![("OS_SERVER__BIND".to_owned(), "127.0.0.1:1".to_owned())],
        arguments: vec![
            argument("bind", "127.0.0.1:2"),
            argument("admin_bind", "none"),
        ],
        ..Sources::default()
    };
    let fallbacks = [
        ("server", "bind", "127.0.0.1:3".to_owned()),
        (
            "fernet_tokens",
            "key_repository",
            "/home/a$b/\\$keys".to_owned(),
        ),
    ];
    let config = Config::load_with(&sources, &fallbacks).unwrap().config;
    assert_eq!(config.server.bind.port(), 2);
    assert_eq!(config.server.admin_bind, AdminBind::None);
    assert_eq!(
        config.fernet_tokens.key_repository,
        Path::new("/home/a$b/\\$keys")
    );
}

#[test]
fn files_and_folders_are_read_in_their_order_and_a_folder_in_the_order_of_names() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, expiration: u32| {
        let path = folder.path().join(name);
        fs::write(&path, format!("[token]\nexpiration = {expiration}\n")).unwrap();
        path
    };
    let file = write("z.conf.bak", 1);
    write("10.conf", 10);
    write("2.conf", 2);
    write("3.txt", 3);
    write(".4.conf", 4);
    let (file, dir) = (Place::File(file), Place::Dir(folder.path().to_owned()));
    for (places, wanted) in [(vec![file.clone(), dir.clone()], 2), (vec![dir, file], 1)] {
        let sources = Sources {
            places,
            ..Sources::default()
        };
        let config = Config::load(&sources).unwrap().config;
        assert_eq!(config.token.expiration, wanted);
    }
}

#[test]
fn a_named_file_or_folder_must_exist() {
    for place in [
        Place::File("/nonexistent/keystone.conf".into()),
        Place::Dir("/nonexistent".into()),
    ] {
        let path = place.path().display().to_string();
        let sources = Sources {
            places: vec![place],
            ..Sources::default()
        };
        let error = Config::load(&sources).unwrap_err().to_string();
        assert!(error.contains(&path), "{error}");
    }
}

#[test]
fn the_default_search_takes_the_first_file_only() {
    let home = tempfile::tempdir().unwrap();
    // Whatever the machine has of its own does not count here.
    let found = || {
        let mut places = Sources::default_search(Some(home.path())).places;
        places.retain(|place| place.path().starts_with(home.path()));
        places
    };
    let file = |name: &str| Place::File(home.path().join(name));
    assert_eq!(found(), []);
    fs::write(home.path().join("keystone.conf"), "").unwrap();
    assert_eq!(found(), [file("keystone.conf")]);
    fs::create_dir(home.path().join(".keystone")).unwrap();
    fs::write(home.path().join(".keystone/keystone.conf"), "").unwrap();
    assert_eq!(found(), [file(".keystone/keystone.conf")]);
    fs::create_dir(home.path().join("keystone.conf.d")).unwrap();
    let dir = Place::Dir(home.path().join("keystone.conf.d"));
    assert_eq!(found(), [file(".keystone/keystone.conf"), dir]);
}

#[test]
fn repeated_options_collect_and_others_take_the_last() {
    let files = [
        "[federation]\ntrusted_dashboard = http://a\ntrusted_dashboard = http://b\n\
         [token]\nexpiration=1\n\
         [federation]\ntrusted_dashboard = http://c\n[token]\nexpiration=2",
        "[federation]\ntrusted_dashboard = http://d\n",
    ];
    let config = load(&files, &[]).unwrap().config;
    assert_eq!(
        config.federation.trusted_dashboard,
        ["http://a", "http://b", "http://c", "http://d"]
    );
    assert_eq!(config.token.expiration, 2);
}

#[test]
fn references_are_replaced_from_the_own_group_then_default_then_by_group() {
    let config = config(
        "[DEFAULT]\nlog_dir = /var\ndebug = on\n[saml]\ncertfile = $log_dir/c\n\
         keyfile = ${certfile}.key\n\
         idp_lang = $token.expiration-$debug-${auth.methods}\n\
         idp_organization_name = $$x \\$y $ 5$\n\
         idp_contact_name = <$DEFAULT.log_file>\n[auth]\nmethods = $saml.certfile,token\n",
    );
    assert_eq!(config.saml.certfile, Path::new("/var/c"));
    assert_eq!(config.saml.keyfile, Path::new("/var/c.key"));
    assert_eq!(config.saml.idp_lang, "3600-True-/var/c,token");
    assert_eq!(config.saml.idp_organization_name, "$x $y $ 5$");
    assert_eq!(config.saml.idp_contact_name, "<>");
    assert_eq!(config.auth.methods, ["/var/c", "token"]);
}

#[test]
fn a_reference_to_nothing_or_to_itself_is_an_error() {
    assert!(
        error("[saml]\nkeyfile = a$nothing\n")
            .contains("keystone.conf:2: [saml] keyfile: $nothing")
    );
    assert!(
        error("[saml]\nkeyfile = $certfile\ncertfile = $keyfile\n").contains("refers to itself")
    );
    let secret = error("[DEFAULT]\ntransport_url = rabbit://u:pa$swort@h/\n");
    assert!(
        secret.contains("$$") && !secret.contains("swort"),
        "{secret}"
    );
}

#[test]
fn old_names_are_read_with_a_warning_unless_the_new_one_stands_in_the_same_file() {
    let loaded = load(
        &["[assignment]\nlist_limit = 1\n[resource]\nlist_limit = 2\n"],
        &[],
    )
    .unwrap();
    assert_eq!(loaded.config.resource.list_limit, Some(2));
    let files = [
        "[resource]\nlist_limit = 2\n",
        "[assignment]\nlist_limit = 1\nlist_limit = 3",
    ];
    let loaded = load(&files, &[]).unwrap();
    assert_eq!(loaded.config.resource.list_limit, Some(3));
    let expected =
        "1.conf:2: [assignment] list_limit is an old name; write [resource] list_limit instead";
    assert_eq!(loaded.warnings, [expected]);
}

#[test]
fn unknown_options_and_groups_are_warnings() {
    let text = "[token]\nexpiraton = 1\n[keystone_authtoken]\nauth_url = x\nusername = y\n\
                [default]\ndebug=1\n";
    let loaded = load(&[text], &[("OS_TOKEN__EXPIRY", "1"), ("OS_AUTH_URL", "x")]).unwrap();
    let expected = [
        "0.conf:2: [token] has no option expiraton; it is ignored",
        "0.conf:4: there is no group [keystone_authtoken]; it is ignored",
        "0.conf:7: [default] is not [DEFAULT]; it is ignored",
        "environment variable OS_TOKEN__EXPIRY names no option; it is ignored",
    ];
    assert_eq!(loaded.warnings, expected);
}

#[test]
fn plugins_and_protocols_may_have_options_without_a_row() {
    let text = "[auth]\nmethods = password,openid\nopenid = mapped\nmetods = token\n\
                [openid]\nremote_id_attribute = HTTP_OIDC_ISS\n";
    let loaded = load(&[text], &[]).unwrap();
    assert_eq!(
        loaded.warnings,
        ["0.conf:4: [auth] has no option metods; it is ignored"]
    );
    assert_eq!(loaded.config.unlisted("auth", "openid"), Some("mapped"));
    assert_eq!(
        loaded.config.unlisted("openid", "remote_id_attribute"),
        Some("HTTP_OIDC_ISS")
    );
}

#[test]
fn every_bad_value_is_reported_with_its_place() {
    let text = "[token]\nexpiration = soon\n[totp]\nincluded_previous_windows = 11\n\
                [DEFAULT]\ndebug =\n\
                public_endpoint = nohost\nnotification_format = CADF\n\
                [fernet_tokens]\nmax_active_keys = 0\n\
                [security_compliance]\nreport_invalid_password_hash = event,other\n[token]\n";
    let error = load(
        &[text],
        &[("OS_SERVER__BIND", "here"), ("OS_TOKEN__CACHE_TIME", "-1")],
    )
    .unwrap_err();
    for expected in [
        "0.conf:2: [token] expiration: expected a whole number",
        "0.conf:4: [totp] included_previous_windows: must be at most 10",
        "0.conf:6: [DEFAULT] debug: expected a boolean",
        "0.conf:7: [DEFAULT] public_endpoint: expected a URI",
        "0.conf:8: [DEFAULT] notification_format: \"CADF\" is not one of basic, cadf",
        "0.conf:10: [fernet_tokens] max_active_keys: must be at least 1",
        "0.conf:12: [security_compliance] report_invalid_password_hash: \"other\" is not one",
        "environment variable OS_SERVER__BIND: [server] bind: expected ADDRESS:PORT",
        "environment variable OS_TOKEN__CACHE_TIME: [token] cache_time: must be at least 0",
    ] {
        assert!(error.contains(expected), "{expected:?} is not in\n{error}");
    }
    assert_eq!(error.lines().count(), 9);
}

#[test]
fn an_empty_number_unsets_where_that_has_a_meaning() {
    let config = config("[security_compliance]\nlockout_duration =\n[identity]\ncache_time=\n");
    assert_eq!(config.security_compliance.lockout_duration, None);
    assert_eq!(config.identity.cache_time, None);
    assert!(error("[token]\nexpiration =\n").contains("must not be empty"));
}

#[test]
fn the_database_url_is_taken_apart_with_its_further_parameters() {
    let text = "[database]\nconnection = mysql+pymysql://u:p@h/db?charset=utf8\n\
                connection_parameters = ssl_ca=/ca&colour=red\n";
    let loaded = load(&[text], &[]).unwrap();
    let Some(DatabaseUrl::Mysql(server)) = loaded.config.database_url() else {
        panic!("no MySQL")
    };
    assert_eq!(server.tls.mode, TlsMode::VerifyFull);
    assert_eq!(
        loaded.warnings,
        ["0.conf:2: [database] connection: the argument colour is ignored"]
    );
    let error = error("[database]\nconnection = oracle://h/db\n");
    assert!(
        error.starts_with("keystone.conf:2: [database] connection: the scheme \"oracle\""),
        "{error}"
    );
}

#[test]
fn debug_shows_no_secrets() {
    let config = config(
        "[DEFAULT]\nadmin_token = geheim\n[database]\nconnection = mysql://u:geheim@h/db\n\
         [ldap]\npassword = geheim\n[cache]\nbackend_argument = password:geheim\n",
    );
    assert!(!format!("{config:?}").contains("geheim"));
    assert_eq!(
        config
            .ldap
            .password
            .as_ref()
            .map(crate::model::Secret::expose),
        Some("geheim")
    );
}
