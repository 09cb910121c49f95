//! Reading users.

use super::entry::Entry;
use super::schema::{Enabled, EnabledGroup};
use super::{Directory, DirectoryUser, NAMES_ONLY, Search, filter};
use crate::error::Result;
use crate::model::Secret;
use crate::model::list::Filter;
use futures_util::future::try_join_all;
use ldap3::Scope;

/// So many ids are looked for by one search; so many searches of one list run at a time.
const IDS_AT_ONCE: usize = 50;
const SEARCHES_AT_ONCE: usize = 4;

impl Directory {
    /// The user with an id.
    ///
    /// # Errors
    /// 503 when the directory is away; so for all that reads it.
    pub async fn user(&self, id: &str) -> Result<Option<DirectoryUser>> {
        let condition = filter::equals(&self.users.kind.id_attribute, id);
        Ok(self.users_with(&condition).await?.into_iter().next())
    }

    /// The user with a name.
    pub async fn user_by_name(&self, name: &str) -> Result<Option<DirectoryUser>> {
        let kind = &self.users.kind;
        let by_name = filter::equals(&kind.name_attribute, name);
        let condition = by_name + &filter::present(&kind.id_attribute);
        Ok(self.users_with(&condition).await?.into_iter().next())
    }

    /// All users who meet conditions on their names. Conditions that mind the case may let more
    /// through.
    pub async fn users(&self, names: &[&Filter]) -> Result<Vec<DirectoryUser>> {
        let kind = &self.users.kind;
        let names = names
            .iter()
            .map(|name| filter::condition(&kind.name_attribute, name));
        let condition = names.collect::<String>() + &filter::present(&kind.id_attribute);
        self.users_with(&condition).await
    }

    /// The users with these ids; who is not there is left out.
    pub(super) async fn users_by_ids(&self, ids: &[String]) -> Result<Vec<DirectoryUser>> {
        let attribute = &self.users.kind.id_attribute;
        let mut found = Vec::new();
        for ids in ids.chunks(IDS_AT_ONCE) {
            let each: Vec<String> = ids.iter().map(|id| filter::equals(attribute, id)).collect();
            found.extend(self.users_with(&filter::any_of(&each)).await?);
        }
        Ok(found)
    }

    /// Whether a password is a user's, which only the directory knows.
    pub async fn verifies(&self, user: &DirectoryUser, password: &Secret) -> Result<bool> {
        self.logins.verifies(&user.dn, password).await
    }

    pub(super) async fn users_with(&self, condition: &str) -> Result<Vec<DirectoryUser>> {
        let schema = &self.users;
        let further = [
            Some(schema.mail_attribute.as_str()),
            schema.default_project_id_attribute.as_deref(),
            schema.enabled.attribute(),
        ];
        let search = Search {
            base: schema.kind.tree_dn.clone(),
            scope: self.scope,
            filter: schema.kind.filter_with(condition),
            attributes: schema.kind.attributes(further.into_iter().flatten()),
        };
        let entries = self.searches.search(&search).await?;
        let users = entries.iter().filter_map(|entry| self.user_from(entry));
        match &schema.enabled {
            Enabled::Membership(group) => self.with_membership(group, users.collect()).await,
            _ => Ok(users.collect()),
        }
    }

    fn user_from(&self, entry: &Entry) -> Option<DirectoryUser> {
        let schema = &self.users;
        let kind = &schema.kind;
        let project = schema.default_project_id_attribute.as_deref();
        Some(DirectoryUser {
            id: kind.id(entry)?,
            dn: entry.dn.clone(),
            name: kind.name(entry)?,
            enabled: schema.enabled.of_entry(entry),
            email: kind.optional("email", &schema.mail_attribute, entry),
            description: kind.description(entry),
            default_project_id: project
                .and_then(|attribute| kind.optional("default_project_id", attribute, entry)),
        })
    }

    /// Asks the group of those who are enabled for each user. Its list of members may be longer than a
    /// server gives at once, and only the server knows when two names are the same.
    async fn with_membership(
        &self,
        group: &EnabledGroup,
        mut users: Vec<DirectoryUser>,
    ) -> Result<Vec<DirectoryUser>> {
        users.retain(|user| !user.dn.eq_ignore_ascii_case(&group.dn));
        for some in users.chunks_mut(SEARCHES_AT_ONCE) {
            let mut asked = Vec::with_capacity(some.len());
            for user in some.iter() {
                asked.push(self.is_enabled(group, user));
            }
            let answers = try_join_all(asked).await?;
            for (user, enabled) in some.iter_mut().zip(answers) {
                user.enabled = enabled;
            }
        }
        Ok(users)
    }

    async fn is_enabled(&self, group: &EnabledGroup, user: &DirectoryUser) -> Result<bool> {
        let member = if group.members_are_ids {
            &user.id
        } else {
            &user.dn
        };
        let search = Search {
            base: group.dn.clone(),
            scope: Scope::Base,
            filter: filter::equals(&group.member_attribute, member),
            attributes: vec![NAMES_ONLY.to_owned()],
        };
        Ok(!self.searches.search(&search).await?.is_empty())
    }
}
