//! Which attributes of a directory's entries mean what.

use super::entry::Entry;
use super::{dn, filter};
use crate::config::Ldap;
use crate::error::{Error, Result};

/// What users and groups have in common.
pub(super) struct Kind {
    pub tree_dn: String,
    pub object_class: String,
    pub id_attribute: String,
    pub name_attribute: String,
    pub description_attribute: String,
    /// The configuration's own filter, in parentheses, or nothing.
    pub filter: String,
    pub ignored: Vec<String>,
}

/// What users are.
pub(super) struct UserSchema {
    pub kind: Kind,
    pub mail_attribute: String,
    pub default_project_id_attribute: Option<String>,
    pub enabled: Enabled,
}

/// How one knows that a user is enabled.
pub(super) enum Enabled {
    /// The attribute is not looked at: all are.
    Always,
    /// By a bit that disables.
    Mask {
        attribute: String,
        mask: i64,
        /// Of users without the attribute; `None` when the configured one is no number.
        default: Option<i64>,
    },
    /// By an attribute's value.
    Value {
        attribute: String,
        default: String,
        inverted: bool,
    },
    /// By being a member of a group.
    Membership(EnabledGroup),
}

/// The group of those who are enabled.
pub(super) struct EnabledGroup {
    pub dn: String,
    pub member_attribute: String,
    pub members_are_ids: bool,
}

/// What groups are.
pub(super) struct GroupSchema {
    pub kind: Kind,
    pub member_attribute: String,
    pub members_are_ids: bool,
    pub ad_nesting: bool,
}

impl Kind {
    fn check(&self, kind: &str) -> Result<()> {
        if !self.filter.is_empty() && ldap3::parse_filter(&self.filter).is_err() {
            return Err(Error::internal(format!(
                "[ldap] {kind}_filter: {} is no LDAP filter",
                self.filter
            )));
        }
        for (option, attribute) in [
            ("id_attribute", &self.id_attribute),
            ("name_attribute", &self.name_attribute),
            ("objectclass", &self.object_class),
        ] {
            if ldap3::parse_filter(filter::present(attribute)).is_err() {
                return Err(Error::internal(format!(
                    "[ldap] {kind}_{option}: '{attribute}' names nothing that a directory has"
                )));
            }
        }
        Ok(())
    }

    /// A filter for entries of this kind that meet a condition, too.
    pub fn filter_with(&self, condition: &str) -> String {
        let class = filter::equals("objectClass", &self.object_class);
        filter::all_of(&[condition, &self.filter, &class])
    }

    /// Whether a member, by its name here (`enabled`, `description`), is left out.
    pub fn ignores(&self, member: &str) -> bool {
        self.ignored.iter().any(|ignored| ignored == member)
    }

    /// The attributes to ask for, each once.
    pub fn attributes<'a>(&'a self, further: impl IntoIterator<Item = &'a str>) -> Vec<String> {
        let own = [
            self.id_attribute.as_str(),
            &self.name_attribute,
            &self.description_attribute,
        ];
        let mut attributes: Vec<String> = own
            .into_iter()
            .chain(further)
            .filter(|attribute| !attribute.is_empty())
            .map(str::to_owned)
            .collect();
        attributes.sort_unstable();
        attributes.dedup();
        attributes
    }

    /// An entry's id. Of several values that the entry's name has counts, because their order says
    /// nothing.
    pub fn id(&self, entry: &Entry) -> Option<String> {
        match entry.values(&self.id_attribute) {
            [] => None,
            [id] => Some(id.clone()),
            [first, ..] => {
                let by_name = self.id_by_name(&entry.dn);
                Some(by_name.unwrap_or_else(|| first.clone()))
            }
        }
    }

    /// The id of an entry, if its name has it.
    pub fn id_by_name(&self, dn: &str) -> Option<String> {
        let (attribute, value) = dn::first_attribute(dn)?;
        attribute
            .eq_ignore_ascii_case(&self.id_attribute)
            .then_some(value)
    }

    /// An entry's name. Entries whose name is nothing but space are not there.
    pub fn name(&self, entry: &Entry) -> Option<String> {
        let name = entry.first(&self.name_attribute)?;
        (!name.trim().is_empty()).then(|| name.to_owned())
    }

    /// An entry's description.
    pub fn description(&self, entry: &Entry) -> Option<String> {
        self.optional("description", &self.description_attribute, entry)
    }

    /// A member that may be missing, or left out.
    pub fn optional(&self, member: &str, attribute: &str, entry: &Entry) -> Option<String> {
        if self.ignores(member) || attribute.is_empty() {
            return None;
        }
        entry.first(attribute).map(str::to_owned)
    }
}

impl UserSchema {
    pub fn of(options: &Ldap) -> Result<Self> {
        let kind = Kind {
            tree_dn: tree(options.user_tree_dn.as_deref(), "ou=Users", options),
            object_class: options.user_objectclass.clone(),
            id_attribute: options.user_id_attribute.clone(),
            name_attribute: options.user_name_attribute.clone(),
            description_attribute: options.user_description_attribute.clone(),
            filter: filter::configured(options.user_filter.as_deref()),
            ignored: options.user_attribute_ignore.clone(),
        };
        kind.check("user")?;
        Ok(Self {
            mail_attribute: options.user_mail_attribute.clone(),
            default_project_id_attribute: options.user_default_project_id_attribute.clone(),
            enabled: Enabled::of(options, &kind),
            kind,
        })
    }
}

impl Enabled {
    fn of(options: &Ldap, kind: &Kind) -> Self {
        let mask = i64::try_from(options.user_enabled_mask).unwrap_or(i64::MAX);
        let is_ignored = kind.ignores("enabled");
        let attribute = match is_ignored {
            // With a mask, the default counts all the same.
            true => String::new(),
            false => options.user_enabled_attribute.clone(),
        };
        if options.user_enabled_emulation && !is_ignored {
            return Self::Membership(EnabledGroup::of(options, kind));
        }
        if mask != 0 {
            return Self::Mask {
                attribute,
                mask,
                default: options.user_enabled_default.trim().parse().ok(),
            };
        }
        if is_ignored || options.user_enabled_emulation {
            return Self::Always;
        }
        Self::Value {
            attribute,
            default: options.user_enabled_default.clone(),
            inverted: options.user_enabled_invert,
        }
    }

    /// The attribute that has to be read.
    pub fn attribute(&self) -> Option<&str> {
        match self {
            Self::Mask { attribute, .. } | Self::Value { attribute, .. } => Some(attribute),
            Self::Always | Self::Membership(_) => None,
        }
    }

    /// Whether an entry says that its user is enabled; a membership is asked for elsewhere.
    pub fn of_entry(&self, entry: &Entry) -> bool {
        match self {
            Self::Always => true,
            Self::Membership(_) => false,
            Self::Mask {
                attribute,
                mask,
                default,
            } => {
                let flags = match entry.first(attribute) {
                    Some(value) => value.trim().parse().ok(),
                    None => *default,
                };
                if flags.is_none() {
                    tracing::warn!(dn = entry.dn, attribute, "no number: the user is disabled");
                }
                flags.is_some_and(|flags| flags & mask != *mask)
            }
            Self::Value {
                attribute,
                default,
                inverted,
            } => {
                let value = entry.first(attribute).unwrap_or(default);
                is_true(attribute, value) != *inverted
            }
        }
    }
}

/// Keystone takes numbers for truth values only in an attribute that is called `enabled`.
fn is_true(attribute: &str, value: &str) -> bool {
    value.eq_ignore_ascii_case("true")
        || (attribute.eq_ignore_ascii_case("enabled")
            && value.trim().parse::<i64>().is_ok_and(|number| number != 0))
}

impl EnabledGroup {
    fn of(options: &Ldap, kind: &Kind) -> Self {
        let dn = match options.user_enabled_emulation_dn.as_deref() {
            Some(dn) if !dn.is_empty() => dn.to_owned(),
            _ => format!("cn=enabled_users,{}", kind.tree_dn),
        };
        match options.user_enabled_emulation_use_group_config {
            true => Self {
                dn,
                member_attribute: options.group_member_attribute.clone(),
                members_are_ids: options.group_members_are_ids,
            },
            false => Self {
                dn,
                member_attribute: "member".to_owned(),
                members_are_ids: false,
            },
        }
    }
}

impl GroupSchema {
    pub fn of(options: &Ldap) -> Result<Self> {
        let kind = Kind {
            tree_dn: tree(options.group_tree_dn.as_deref(), "ou=UserGroups", options),
            object_class: options.group_objectclass.clone(),
            id_attribute: options.group_id_attribute.clone(),
            name_attribute: options.group_name_attribute.clone(),
            description_attribute: options.group_desc_attribute.clone(),
            filter: filter::configured(options.group_filter.as_deref()),
            ignored: options.group_attribute_ignore.clone(),
        };
        kind.check("group")?;
        Ok(Self {
            kind,
            member_attribute: match options.group_member_attribute.as_str() {
                "" => "member".to_owned(),
                attribute => attribute.to_owned(),
            },
            members_are_ids: options.group_members_are_ids,
            ad_nesting: options.group_ad_nesting,
        })
    }
}

fn tree(configured: Option<&str>, default: &str, options: &Ldap) -> String {
    match configured {
        Some(dn) if !dn.is_empty() => dn.to_owned(),
        _ => format!("{default},{}", options.suffix),
    }
}
