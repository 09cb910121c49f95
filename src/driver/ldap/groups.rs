//! Reading groups and who is in them.

use super::entry::Entry;
use super::{Directory, DirectoryGroup, DirectoryUser, NAMES_ONLY, Search, filter};
use crate::error::Result;
use crate::model::list::Filter;
use ldap3::Scope;

/// Who is a member, in Active Directory's own words.
const AD_MEMBER: &str = "member";
const AD_MEMBER_OF: &str = "memberOf";

impl Directory {
    /// The group with an id.
    ///
    /// # Errors
    /// 503 when the directory is away; so for all that reads it.
    pub async fn group(&self, id: &str) -> Result<Option<DirectoryGroup>> {
        let condition = filter::equals(&self.groups.kind.id_attribute, id);
        Ok(self.groups_with(&condition).await?.into_iter().next())
    }

    /// The group with a name.
    pub async fn group_by_name(&self, name: &str) -> Result<Option<DirectoryGroup>> {
        let by_name = filter::equals(&self.groups.kind.name_attribute, name);
        Ok(self.listed(&by_name).await?.into_iter().next())
    }

    /// All groups that meet conditions on their names. Conditions that mind the case may let more
    /// through.
    pub async fn groups(&self, names: &[&Filter]) -> Result<Vec<DirectoryGroup>> {
        let attribute = &self.groups.kind.name_attribute;
        let names = names.iter().map(|name| filter::condition(attribute, name));
        self.listed(&names.collect::<String>()).await
    }

    /// The groups that a user is in.
    pub async fn groups_of_user(&self, user: &DirectoryUser) -> Result<Vec<DirectoryGroup>> {
        self.listed(&self.has_member(user)).await
    }

    /// Whether a user is in a group.
    pub async fn is_member(&self, user: &DirectoryUser, group: &DirectoryGroup) -> Result<bool> {
        let search = Search {
            base: group.dn.clone(),
            scope: Scope::Base,
            filter: self.has_member(user),
            attributes: vec![NAMES_ONLY.to_owned()],
        };
        Ok(!self.searches.search(&search).await?.is_empty())
    }

    /// The users who are in a group. Members who are no users, or not there any more, are left out.
    pub async fn members(&self, group: &DirectoryGroup) -> Result<Vec<DirectoryUser>> {
        let schema = &self.groups;
        if schema.ad_nesting {
            let condition = filter::in_chain(AD_MEMBER_OF, &group.dn)
                + &filter::present(&self.users.kind.id_attribute);
            return self.users_with(&condition).await;
        }
        let search = Search {
            base: group.dn.clone(),
            scope: Scope::Base,
            filter: filter::equals("objectClass", &schema.kind.object_class),
            attributes: vec![schema.member_attribute.clone()],
        };
        let entries = self.searches.search(&search).await?;
        let members = entries
            .iter()
            .flat_map(|entry| entry.values(&schema.member_attribute));
        let mut ids = Vec::new();
        for member in members {
            if schema.members_are_ids {
                ids.push(member.clone());
            } else {
                ids.extend(self.user_id_of(member).await?);
            }
        }
        ids.sort_unstable();
        ids.dedup();
        self.users_by_ids(&ids).await
    }

    /// The id of the user with a distinguished name: part of it, or else read from the entry.
    async fn user_id_of(&self, dn: &str) -> Result<Option<String>> {
        let kind = &self.users.kind;
        if let Some(id) = kind.id_by_name(dn) {
            return Ok(Some(id));
        }
        let search = Search {
            base: dn.to_owned(),
            scope: Scope::Base,
            filter: filter::present("objectClass"),
            attributes: vec![kind.id_attribute.clone()],
        };
        let entries = self.searches.search(&search).await?;
        Ok(entries.first().and_then(|entry| kind.id(entry)))
    }

    fn has_member(&self, user: &DirectoryUser) -> String {
        let schema = &self.groups;
        let member = if schema.members_are_ids {
            &user.id
        } else {
            &user.dn
        };
        match schema.ad_nesting {
            true => filter::in_chain(AD_MEMBER, member),
            false => filter::equals(&schema.member_attribute, member),
        }
    }

    async fn listed(&self, condition: &str) -> Result<Vec<DirectoryGroup>> {
        let present = filter::present(&self.groups.kind.id_attribute);
        self.groups_with(&format!("{condition}{present}")).await
    }

    async fn groups_with(&self, condition: &str) -> Result<Vec<DirectoryGroup>> {
        let kind = &self.groups.kind;
        let search = Search {
            base: kind.tree_dn.clone(),
            scope: self.scope,
            filter: kind.filter_with(condition),
            attributes: kind.attributes([]),
        };
        let entries = self.searches.search(&search).await?;
        Ok(entries
            .iter()
            .filter_map(|entry| self.group_from(entry))
            .collect())
    }

    fn group_from(&self, entry: &Entry) -> Option<DirectoryGroup> {
        let kind = &self.groups.kind;
        Some(DirectoryGroup {
            id: kind.id(entry)?,
            dn: entry.dn.clone(),
            name: kind.name(entry)?,
            description: kind.description(entry),
        })
    }
}
