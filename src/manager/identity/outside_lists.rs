//! Lists of what a directory keeps.
//!
//! A directory gives all that meets a filter, in no order. Pages are cut here, in order of id as
//! everywhere.

use super::IdentityManager;
use super::outsiders::{Local, Site};
use crate::driver::sql::identity::UserQuery;
use crate::error::{Error, Result};
use crate::model::list::{Comparator, Filter, ListHints, Page};
use crate::model::{DomainId, EntityType, Group, User};

impl IdentityManager<'_> {
    /// How many users or groups a list of a domain may have: the domain's own limit, or else everybody's.
    ///
    /// # Errors
    /// 404 for a domain that no driver can have.
    pub async fn list_limit(&self, domain: Option<&DomainId>) -> Result<Option<i64>> {
        let of_all = self.app.config().identity.list_limit;
        match (self.drivers().await?, domain) {
            (Some(drivers), Some(domain)) => Ok(drivers.of_domain(domain)?.list_limit.or(of_all)),
            _ => Ok(of_all),
        }
    }

    /// A page of a directory's users.
    ///
    /// # Errors
    /// 404 when the marker is no user's id.
    pub(super) async fn outside_users(&self, site: &Site, query: &UserQuery) -> Result<Page<User>> {
        let names = name_filters(&query.hints);
        let users = site.directory.users(&names).await?;
        let users = self.users_here(site, &users).await?;
        self.page_of_users(users, query).await
    }

    /// A page of the users in a directory's group.
    ///
    /// # Errors
    /// 404 for an unknown group, and when the marker is no user's id.
    pub(super) async fn outside_members(
        &self,
        group: &Local,
        query: &UserQuery,
    ) -> Result<Page<User>> {
        let site = &group.site;
        let found = site.directory.group(&group.id).await?;
        let found = found.ok_or_else(|| Error::not_found("group", &group.id))?;
        let members = site.directory.members(&found, self.app.clock.now()).await?;
        let names = name_filters(&query.hints);
        let mut users = self.users_here(site, &members).await?;
        users.retain(|user| names.iter().all(|filter| is_met(filter, &user.name)));
        self.page_of_users(users, query).await
    }

    async fn page_of_users(&self, mut users: Vec<User>, query: &UserQuery) -> Result<Page<User>> {
        users.retain(|user| {
            query.enabled.is_none_or(|enabled| user.enabled == enabled)
                // Passwords of a directory have no end that is known here.
                && query.password_expires.is_empty()
                && name_filters(&query.hints)
                    .iter()
                    .all(|filter| is_exact(filter) || filter.matches(&user.name))
        });
        self.check_marker(EntityType::User, &query.hints).await?;
        Ok(page(users, &query.hints, |user| &user.id))
    }

    /// A page of a directory's groups.
    ///
    /// # Errors
    /// 404 when the marker is no group's id.
    pub(super) async fn outside_groups(
        &self,
        site: &Site,
        hints: &ListHints,
    ) -> Result<Page<Group>> {
        let names = name_filters(hints);
        let groups = site.directory.groups(&names).await?;
        let mut groups = self.groups_here(site, &groups).await?;
        groups.retain(|group| {
            names
                .iter()
                .all(|filter| is_exact(filter) || filter.matches(&group.name))
        });
        self.check_marker(EntityType::Group, hints).await?;
        Ok(page(groups, hints, |group| &group.id))
    }

    async fn check_marker(&self, kind: EntityType, hints: &ListHints) -> Result<()> {
        let Some(marker) = &hints.marker else {
            return Ok(());
        };
        let exists = match kind {
            EntityType::User => self.find_user(&marker.as_str().into()).await?.is_some(),
            EntityType::Group => self.find_group(&marker.as_str().into()).await?.is_some(),
        };
        match exists {
            true => Ok(()),
            false => Err(Error::not_found("marker", marker)),
        }
    }
}

fn name_filters(hints: &ListHints) -> Vec<&Filter> {
    let filters = hints.filters.iter();
    filters
        .filter(|filter| filter.attribute == "name")
        .collect()
}

/// Whether the directory has the last word: it compares names as its schema says.
fn is_exact(filter: &Filter) -> bool {
    filter.comparator == Comparator::Equals
}

/// A condition on a name that no directory was asked about.
fn is_met(filter: &Filter, name: &str) -> bool {
    match is_exact(filter) {
        true => filter.value.to_lowercase() == name.to_lowercase(),
        false => filter.matches(name),
    }
}

fn page<T>(mut items: Vec<T>, hints: &ListHints, id: impl Fn(&T) -> &str) -> Page<T> {
    items.sort_by(|a, b| id(a).cmp(id(b)));
    items.dedup_by(|a, b| id(a) == id(b));
    if let Some(marker) = &hints.marker {
        items.retain(|item| id(item) > marker.as_str());
    }
    Page::cut(items, hints.limit)
}
