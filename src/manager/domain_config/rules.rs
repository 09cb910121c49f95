//! Which options a domain may have of its own.

use crate::config::Config;
use crate::driver::sql::domain_config::Visibility;
use crate::error::{Error, Result};
use crate::model::{ConfigOption, ConfigPlace};
use serde_json::{Map, Value};

/// Options that domains may have and everybody may see, by group.
const SHOWN: [(&str, &[&str]); 2] = [
    ("identity", &["driver", "list_limit"]),
    (
        "ldap",
        &[
            "url",
            "user",
            "suffix",
            "query_scope",
            "page_size",
            "alias_dereferencing",
            "debug_level",
            "chase_referrals",
            "user_tree_dn",
            "user_filter",
            "user_objectclass",
            "user_id_attribute",
            "user_name_attribute",
            "user_mail_attribute",
            "user_description_attribute",
            "user_pass_attribute",
            "user_enabled_attribute",
            "user_enabled_invert",
            "user_enabled_mask",
            "user_enabled_default",
            "user_attribute_ignore",
            "user_default_project_id_attribute",
            "user_enabled_emulation",
            "user_enabled_emulation_dn",
            "user_enabled_emulation_use_group_config",
            "user_additional_attribute_mapping",
            "group_tree_dn",
            "group_filter",
            "group_objectclass",
            "group_id_attribute",
            "group_name_attribute",
            "group_members_are_ids",
            "group_member_attribute",
            "group_desc_attribute",
            "group_attribute_ignore",
            "group_additional_attribute_mapping",
            "tls_cacertfile",
            "tls_cacertdir",
            "use_tls",
            "tls_req_cert",
            "use_pool",
            "pool_size",
            "pool_retry_max",
            "pool_retry_delay",
            "pool_connection_timeout",
            "pool_connection_lifetime",
            "use_auth_pool",
            "auth_pool_size",
            "auth_pool_connection_lifetime",
        ],
    ),
];

/// Options that domains may have and nobody may see.
const HIDDEN: [(&str, &[&str]); 1] = [("ldap", &["password"])];

/// The options of a group: Keystone's, unless the configuration lists others for the group.
pub(super) struct Rules<'a>(&'a Config);

impl<'a> Rules<'a> {
    pub fn of(config: &'a Config) -> Self {
        Self(config)
    }

    /// Options of a group that are shown; `None` for a group that has none of its own list.
    fn shown(&self, group: &str) -> Option<Vec<&str>> {
        let further = &self.0.domain_config.additional_whitelisted_options;
        match further.get(group) {
            Some(options) => Some(options.iter().map(String::as_str).collect()),
            None => find(&SHOWN, group).map(<[&str]>::to_vec),
        }
    }

    fn hidden(&self, group: &str) -> Option<Vec<&str>> {
        let further = &self.0.domain_config.additional_sensitive_options;
        match further.get(group) {
            Some(options) => Some(options.iter().map(String::as_str).collect()),
            None => find(&HIDDEN, group).map(<[&str]>::to_vec),
        }
    }

    /// Where an option is stored.
    pub fn visibility(&self, option: &ConfigOption) -> Visibility {
        let hidden = self.hidden(&option.group).unwrap_or_default();
        if hidden.contains(&option.option.as_str()) {
            Visibility::Hidden
        } else {
            Visibility::Shown
        }
    }

    /// Refuses groups and options that domains can't have.
    pub fn check(&self, place: &ConfigPlace) -> Result<()> {
        let (Some(group), option) = place.names() else {
            return Ok(());
        };
        let (shown, hidden) = (self.shown(group), self.hidden(group));
        if shown.is_none() && hidden.is_none() {
            return Err(Error::forbidden_action(format!(
                "Domains can't have a configuration of their own for [{group}]."
            )));
        }
        let mut known = [shown, hidden].into_iter().flatten().flatten();
        match option {
            Some(option) if !known.any(|name| name == option) => Err(Error::forbidden_action(
                format!("Domains can't have [{group}] {option} of their own."),
            )),
            _ => Ok(()),
        }
    }

    /// The options at a checked place that may be shown, by group.
    pub fn shown_at<'s>(&'s self, place: &'s ConfigPlace) -> Result<Vec<(&'s str, &'s str)>> {
        let of_group = |group: &'s str| -> Vec<(&'s str, &'s str)> {
            let options = self.shown(group).unwrap_or_default();
            options.into_iter().map(|option| (group, option)).collect()
        };
        match place {
            ConfigPlace::Whole => {
                let further = self.0.domain_config.additional_whitelisted_options.keys();
                let further = further
                    .map(String::as_str)
                    .filter(|group| find(&SHOWN, group).is_none());
                let groups = SHOWN.iter().map(|(group, _)| *group).chain(further);
                Ok(groups.flat_map(of_group).collect())
            }
            ConfigPlace::Group(group) => Ok(of_group(group)),
            ConfigPlace::Option { group, option } => {
                let shown = self.shown(group).unwrap_or_default();
                match shown.contains(&option.as_str()) {
                    true => Ok(vec![(group, option)]),
                    false => Err(Error::forbidden_action(format!(
                        "[{group}] {option} is never shown."
                    ))),
                }
            }
        }
    }

    /// The options that a request's groups hold.
    pub fn options_of(&self, groups: &Map<String, Value>) -> Result<Vec<ConfigOption>> {
        if groups.is_empty() {
            return Err(Error::forbidden_action("The configuration has no options."));
        }
        let mut found = Vec::new();
        for (group, options) in groups {
            let options = options.as_object().filter(|options| !options.is_empty());
            let options = options.ok_or_else(|| {
                Error::forbidden_action(format!(
                    "The group '{group}' must be an object with options."
                ))
            })?;
            for (option, value) in options {
                self.check(&ConfigPlace::Option {
                    group: group.clone(),
                    option: option.clone(),
                })?;
                found.push(ConfigOption {
                    group: group.clone(),
                    option: option.clone(),
                    value: value.clone(),
                });
            }
        }
        Ok(found)
    }
}

fn find<'t>(table: &'t [(&str, &'t [&'t str])], group: &str) -> Option<&'t [&'t str]> {
    table
        .iter()
        .find(|(name, _)| *name == group)
        .map(|(_, options)| *options)
}
