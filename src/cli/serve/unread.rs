//! Options that Python's Keystone knows and this program does not read.

use crate::config::{Config, Origin};

const UNREAD: [(&str, &[&str]); 4] = [
    ("cache", &["expiration_time"]),
    (
        "ldap",
        &[
            "debug_level",
            "user_pass_attribute",
            "user_additional_attribute_mapping",
            "group_additional_attribute_mapping",
        ],
    ),
    (
        "database",
        &[
            "sqlite_synchronous",
            "slave_connection",
            "mysql_sql_mode",
            "max_retries",
            "retry_interval",
            "connection_debug",
            "use_db_reconnect",
            "db_retry_interval",
            "db_inc_retry_interval",
            "db_max_retry_interval",
            "synchronous_reader",
        ],
    ),
    ("saml", &["xmlsec1_binary"]),
];

/// Says which of them are set: whoever set one expects something of it.
pub(super) fn warn(config: &Config) {
    for (group, names) in UNREAD {
        for name in names {
            match config.origin(group, name) {
                Origin::Default | Origin::Fallback => {}
                place => tracing::warn!("{place}: [{group}] {name} has no effect here"),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::option;

    #[test]
    fn what_is_said_to_be_unread_says_so_itself() {
        for (group, names) in UNREAD {
            for name in names {
                let spec = option(group, name).unwrap_or_else(|| panic!("[{group}] {name}"));
                let help = spec.help.concat().to_lowercase();
                assert!(help.contains("nothing reads it here"), "[{group}] {name}");
            }
        }
    }
}
