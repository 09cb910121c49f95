//! `doctor`: looks for what is often wrong with an installation.
//!
//! Keystone's checks of its cache servers have no counterpart, since this program's cache is its own.

use super::print;
use crate::config::{Config, ini};
use crate::crypto::key_repository::KeyRepository;
use std::fs;
use std::path::Path;
use std::process::ExitCode;

/// A name, and what to say when the configuration shows it.
struct Symptom {
    name: &'static str,
    is_there: fn(&Config) -> bool,
    advice: &'static str,
}

const SYMPTOMS: &[Symptom] = &[
    Symptom {
        name: "caching_disabled",
        is_there: |config| config.cache.enabled == Some(false),
        advice: "[cache] enabled is false, so every request reads the database. Leave it unset \
            unless Python Keystones write to the same database all the time.",
    },
    Symptom {
        name: "unique_key_repositories",
        is_there: |config| config.fernet_tokens.key_repository == config.credential.key_repository,
        advice: "[fernet_tokens] and [credential] have the same key_repository. Rotating the keys \
            of tokens would make stored credentials unreadable: give each its own.",
    },
    Symptom {
        name: "usability_of_credential_key_repository",
        is_there: |config| !is_usable(&config.credential.key_repository),
        advice: "[credential] key_repository is not a folder that this program can use, or others \
            can read it. Credentials can't be encrypted: run credential_setup, or mend its \
            permissions.",
    },
    Symptom {
        name: "keys_in_credential_key_repository",
        is_there: |config| has_no_keys(&config.credential.key_repository),
        advice: "[credential] key_repository has no keys. Run credential_setup.",
    },
    Symptom {
        name: "database_connection_is_sqlite",
        is_there: |config| {
            matches!(
                config.database_url(),
                Some(crate::config::DatabaseUrl::Sqlite { .. })
            )
        },
        advice: "[database] connection is SQLite, which only processes of one machine can share. \
            Use PostgreSQL or MySQL for more.",
    },
    Symptom {
        name: "debug_mode_is_enabled",
        is_there: |config| config.default.debug,
        advice: "[DEFAULT] debug is on. Its log is long and tells more than operators need.",
    },
    Symptom {
        name: "comma_in_SAML_public_certificate_path",
        is_there: |config| config.saml.certfile.to_string_lossy().contains(','),
        advice: "[saml] certfile has a comma in its path, which the tools that sign can't take.",
    },
    Symptom {
        name: "comma_in_SAML_private_key_file_path",
        is_there: |config| config.saml.keyfile.to_string_lossy().contains(','),
        advice: "[saml] keyfile has a comma in its path, which the tools that sign can't take.",
    },
    Symptom {
        name: "LDAP_user_enabled_emulation_dn_ignored",
        is_there: |config| {
            let ldap = &config.ldap;
            !ldap.user_enabled_emulation && ldap.user_enabled_emulation_dn.is_some()
        },
        advice: "[ldap] user_enabled_emulation_dn is set and has no effect, because \
            user_enabled_emulation is off.",
    },
    Symptom {
        name: "LDAP_user_enabled_emulation_use_group_config_ignored",
        is_there: |config| {
            let ldap = &config.ldap;
            !ldap.user_enabled_emulation && ldap.user_enabled_emulation_use_group_config
        },
        advice: "[ldap] user_enabled_emulation_use_group_config is on and has no effect, because \
            user_enabled_emulation is off.",
    },
    Symptom {
        name: "LDAP_group_members_are_ids_disabled",
        is_there: |config| {
            let ldap = &config.ldap;
            ldap.group_objectclass == "posixGroup" && !ldap.group_members_are_ids
        },
        advice: "[ldap] group_objectclass is posixGroup, whose members are ids, and \
            group_members_are_ids is off: groups will look empty.",
    },
    Symptom {
        name: "LDAP_file_based_domain_specific_configs",
        is_there: |config| uses_domain_files(config) && !config.identity.domain_config_dir.is_dir(),
        advice: "[identity] domain_specific_drivers_enabled is on and domain_config_dir is no \
            folder. Make it, or keep the configurations in the database \
            (domain_configurations_from_database).",
    },
    Symptom {
        name: "LDAP_file_based_domain_specific_configs_formatted_correctly",
        is_there: |config| {
            uses_domain_files(config) && has_wrong_domain_files(&config.identity.domain_config_dir)
        },
        advice: "[identity] domain_config_dir has files that are not called \
            keystone.<domain>.conf, or are no configuration files. They have no effect.",
    },
    Symptom {
        name: "minimum_password_age_greater_than_expires_days",
        is_there: |config| {
            let rules = &config.security_compliance;
            rules
                .password_expires_days
                .is_some_and(|days| rules.minimum_password_age >= days)
        },
        advice: "[security_compliance] minimum_password_age is not below password_expires_days: \
            passwords end before their owners may change them.",
    },
    Symptom {
        name: "invalid_password_regular_expression",
        is_there: |config| {
            let pattern = config.security_compliance.password_regex.as_deref();
            pattern.is_some_and(|pattern| fancy_regex::Regex::new(pattern).is_err())
        },
        advice: "[security_compliance] password_regex is no regular expression. No password can \
            be set.",
    },
    Symptom {
        name: "password_regular_expression_description_not_set",
        is_there: |config| {
            let rules = &config.security_compliance;
            rules.password_regex.is_some() && rules.password_regex_description.is_none()
        },
        advice: "[security_compliance] password_regex has no password_regex_description: nobody \
            will be told what is wrong with a refused password.",
    },
    Symptom {
        name: "unreasonable_max_token_size",
        is_there: |config| config.token.provider == "fernet" && config.default.max_token_size > 255,
        advice: "[DEFAULT] max_token_size is above 255. Fernet tokens are shorter.",
    },
    Symptom {
        name: "usability_of_Fernet_key_repository",
        is_there: |config| {
            config.token.provider == "fernet" && !is_usable(&config.fernet_tokens.key_repository)
        },
        advice: "[fernet_tokens] key_repository is not a folder that this program can use, or \
            others can read it. Run fernet_setup, or mend its permissions.",
    },
    Symptom {
        name: "keys_in_Fernet_key_repository",
        is_there: |config| {
            config.token.provider == "fernet" && has_no_keys(&config.fernet_tokens.key_repository)
        },
        advice: "[fernet_tokens] key_repository has no keys. Run fernet_setup.",
    },
];

/// Prints what is found. The exit code is 1 when there is anything.
pub(super) fn examine(config: &Config) -> anyhow::Result<ExitCode> {
    let mut report = String::new();
    let mut is_healthy = true;
    for symptom in SYMPTOMS {
        if config.default.debug {
            report += &format!("Checking for {}...\n", symptom.name);
        }
        if (symptom.is_there)(config) {
            is_healthy = false;
            report += &format!("\nWARNING: {}\n", symptom.advice);
        }
    }
    print(&report)?;
    Ok(match is_healthy {
        true => ExitCode::SUCCESS,
        false => ExitCode::FAILURE,
    })
}

/// A folder whose keys nobody but its owner can read.
fn is_usable(folder: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt as _;
    let is_private = fs::metadata(folder)
        .is_ok_and(|metadata| metadata.is_dir() && metadata.permissions().mode() & 0o007 == 0);
    is_private && fs::read_dir(folder).is_ok()
}

fn has_no_keys(folder: &Path) -> bool {
    KeyRepository::new(folder).load().is_err()
}

fn uses_domain_files(config: &Config) -> bool {
    let identity = &config.identity;
    identity.domain_specific_drivers_enabled && !identity.domain_configurations_from_database
}

fn has_wrong_domain_files(folder: &Path) -> bool {
    let Ok(entries) = fs::read_dir(folder) else {
        return false;
    };
    entries.flatten().any(|entry| {
        let name = entry.file_name();
        let name = name.to_string_lossy();
        let is_named = name.starts_with("keystone.") && name.ends_with(".conf");
        let is_readable =
            || fs::read_to_string(entry.path()).is_ok_and(|text| ini::parse(&text).is_ok());
        !is_named || !is_readable()
    })
}
