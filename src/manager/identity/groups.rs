//! Groups and who is in them.

use super::outsiders::{Local, Place, group_here, read_only};
use super::{IdentityManager, check_length, trimmed};
use crate::driver::sql::assignment;
use crate::driver::sql::db::{Area, Session};
use crate::driver::sql::id_mapping::{MappingFilter, delete_mappings};
use crate::driver::sql::identity as sql;
use crate::driver::sql::resource;
use crate::error::{Error, Result};
use crate::model::event::{Event, ResourceKind};
use crate::model::list::{ListHints, Page};
use crate::model::{DomainId, EntityType, Group, GroupId, GroupOfUser, UserId};
use serde_json::{Map, Value};

const NAME_LENGTH: usize = 64;

/// A group about to be made.
#[derive(Debug)]
pub struct NewGroup {
    pub name: String,
    pub domain_id: DomainId,
    pub description: Option<String>,
    pub extra: Map<String, Value>,
}

/// What a client wants changed of a group. `None` leaves a member as it is.
#[derive(Debug, Default)]
pub struct GroupUpdate {
    pub name: Option<String>,
    pub description: Option<Option<String>>,
    pub extra: Map<String, Value>,
    /// Given only to say which domain the group is in already.
    pub domain_id: Option<DomainId>,
}

impl IdentityManager<'_> {
    /// The group with this id.
    ///
    /// # Errors
    /// 404 when there is none.
    pub async fn group(&self, id: &GroupId) -> Result<Group> {
        self.find_group(id)
            .await?
            .ok_or_else(|| Error::not_found("group", id))
    }

    /// The group with this id, if there is one.
    pub async fn find_group(&self, id: &GroupId) -> Result<Option<Group>> {
        match self.place_of(EntityType::Group, id).await? {
            Place::Database => {
                let mut session = self.app.db.session().await?;
                sql::group(&mut session, id).await
            }
            Place::Directory(local) => {
                let found = local.site.directory.group(&local.id).await?;
                Ok(found.map(|group| group_here(&local.site.domain_id, id.clone(), &group)))
            }
            Place::Nowhere => Ok(None),
        }
    }

    /// A page of groups, of one domain or of all.
    ///
    /// # Errors
    /// 404 when the marker is no group's id.
    pub async fn groups(
        &self,
        hints: &ListHints,
        domain: Option<&DomainId>,
    ) -> Result<Page<Group>> {
        if let Some(site) = self.site_of_list(domain).await? {
            return self.outside_groups(&site, hints).await;
        }
        let mut session = self.app.db.session().await?;
        if let Some(marker) = &hints.marker
            && sql::group(&mut session, &GroupId::from(marker.as_str()))
                .await?
                .is_none()
        {
            return Err(Error::not_found("marker", marker));
        }
        let page = sql::groups(&mut session, hints, domain).await?;
        drop(session);
        if let Some(domain) = domain {
            let ids: Vec<&str> = page.items.iter().map(|group| group.id.as_str()).collect();
            self.note_ids(EntityType::Group, domain, &ids).await?;
        }
        Ok(page)
    }

    /// Makes a group.
    ///
    /// # Errors
    /// 404 for an unknown domain, 400 for a name that is too long, 409 for one that is taken.
    pub async fn create_group(&self, new: NewGroup) -> Result<Group> {
        let group = Group {
            id: GroupId::random(),
            domain_id: new.domain_id,
            name: trimmed(&new.name),
            description: new.description,
            extra: new.extra,
        };
        check_length("name", &group.name, NAME_LENGTH)?;
        {
            let mut session = self.app.db.session().await?;
            if resource::domain(&mut session, &group.domain_id)
                .await?
                .is_none()
            {
                return Err(Error::not_found("domain", &group.domain_id));
            }
        }
        if self.site_of(&group.domain_id).await?.is_some() {
            return Err(read_only());
        }
        let stored = &group;
        self.app
            .db
            .transaction(|s| {
                Box::pin(async move {
                    sql::insert_group(s, stored).await?;
                    s.notify(Event::created(ResourceKind::Group, &stored.id));
                    Ok(())
                })
            })
            .await
            .map_err(|error| error.or_conflict(|| name_taken(&group.name)))?;
        self.note_ids(EntityType::Group, &group.domain_id, &[group.id.as_str()])
            .await?;
        Ok(group)
    }

    /// Changes a group.
    ///
    /// # Errors
    /// 404 for an unknown group, 400 for another domain or a name that is too long, 409 for one
    /// that is taken.
    pub async fn update_group(&self, id: &GroupId, update: GroupUpdate) -> Result<Group> {
        let name = update.name.as_deref().map(trimmed);
        if let Some(name) = &name {
            check_length("name", name, NAME_LENGTH)?;
        }
        self.check_writable_group(id, update.domain_id.as_ref())
            .await?;
        let (update, name) = (&update, &name);
        self.app
            .db
            .transaction(|s| {
                Box::pin(async move {
                    s.take_turn(Area::Identity).await?;
                    let mut group = sql::group(s, id)
                        .await?
                        .ok_or_else(|| Error::not_found("group", id))?;
                    if update
                        .domain_id
                        .as_ref()
                        .is_some_and(|domain| *domain != group.domain_id)
                    {
                        return Err(Error::bad_request("A group can't move to another domain."));
                    }
                    if let Some(name) = name {
                        group.name.clone_from(name);
                    }
                    if let Some(description) = &update.description {
                        group.description.clone_from(description);
                    }
                    group.extra.extend(update.extra.clone());
                    sql::update_group(s, &group).await?;
                    s.notify(Event::updated(ResourceKind::Group, id));
                    Ok(group)
                })
            })
            .await
            .map_err(|error| error.or_conflict(|| name_taken(name.as_deref().unwrap_or_default())))
    }

    /// Removes a group with its memberships and roles. When it had roles, its members' tokens end.
    ///
    /// # Errors
    /// 404 when there is none.
    pub async fn delete_group(&self, id: &GroupId) -> Result<()> {
        self.check_writable_group(id, None).await?;
        let this = self;
        self.app
            .db
            .transaction(|s| {
                Box::pin(async move {
                    s.take_turn(Area::Identity).await?;
                    this.delete_group_in(s, id).await
                })
            })
            .await
    }

    /// [`delete_group`](Self::delete_group) as part of the caller's transaction.
    pub async fn delete_group_in(&self, s: &mut Session, id: &GroupId) -> Result<()> {
        let members = sql::member_ids(s, id).await?;
        if assignment::delete_of_group(s, id).await? && !members.is_empty() {
            let revoke = self.app.revoke();
            let events: Vec<_> = members.iter().map(|user| revoke.of_user(user)).collect();
            revoke.record_in(s, &events).await?;
        }
        if !sql::delete_group(s, id).await? {
            return Err(Error::not_found("group", id));
        }
        s.notify(Event::deleted(ResourceKind::Group, id));
        Ok(())
    }

    /// Refuses to write a group of a directory; `domain` is where a client says that the group is.
    async fn check_writable_group(&self, id: &GroupId, domain: Option<&DomainId>) -> Result<()> {
        if !self.is_in_directory(EntityType::Group, id).await? {
            return Ok(());
        }
        let group = self.group(id).await?;
        if domain.is_some_and(|domain| *domain != group.domain_id) {
            return Err(Error::bad_request("A group can't move to another domain."));
        }
        Err(read_only())
    }

    /// The groups that a user is in now.
    ///
    /// # Errors
    /// 404 for an unknown user.
    pub async fn groups_of_user(&self, user: &UserId) -> Result<Vec<GroupOfUser>> {
        match self.place_of(EntityType::User, user).await? {
            Place::Database => {}
            Place::Directory(local) => return self.outside_groups_of(user, &local).await,
            Place::Nowhere => return Err(Error::not_found("user", user)),
        }
        let mut session = self.app.db.session().await?;
        if !sql::user_exists(&mut session, user).await? {
            return Err(Error::not_found("user", user));
        }
        let now = self.app.clock.now();
        sql::groups_of_user(&mut session, user, self.default_ttl_minutes(), now).await
    }

    /// That a user is in a group now.
    ///
    /// # Errors
    /// 404 for an unknown user or group, and when the user is not in it.
    pub async fn check_member(&self, user: &UserId, group: &GroupId) -> Result<()> {
        if let Some((user_there, group_there)) = self.both_outside(user, group).await? {
            let is_member = self.is_member_there((user, &user_there), (group, &group_there));
            return match is_member.await? {
                true => Ok(()),
                false => Err(not_a_member(user)),
            };
        }
        self.both_exist(user, group).await?;
        let mut session = self.app.db.session().await?;
        let (ttl, now) = (self.default_ttl_minutes(), self.app.clock.now());
        if sql::is_member(&mut session, user, group, ttl, now).await? {
            Ok(())
        } else {
            Err(not_a_member(user))
        }
    }

    /// Puts a user into a group. One who is in it already stays in it.
    ///
    /// # Errors
    /// 404 for an unknown user or group.
    pub async fn add_member(&self, user: &UserId, group: &GroupId) -> Result<()> {
        if self.both_outside(user, group).await?.is_some() {
            return Err(read_only());
        }
        self.both_exist(user, group).await?;
        let added = self
            .app
            .db
            .transaction(|s| {
                Box::pin(async move {
                    sql::add_member(s, user, group).await?;
                    s.notify(Event::joined(group, user));
                    Ok(())
                })
            })
            .await;
        match added {
            // Somebody else was faster; the user is in the group as asked.
            Ok(_) | Err(Error::DuplicateKey(_)) => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// Takes a user out of a group, and ends the user's tokens.
    ///
    /// # Errors
    /// 404 for an unknown user or group, and when the user is not in it.
    pub async fn remove_member(&self, user: &UserId, group: &GroupId) -> Result<()> {
        if self.both_outside(user, group).await?.is_some() {
            return Err(read_only());
        }
        self.both_exist(user, group).await?;
        let event = [self.app.revoke().of_user(user)];
        let (this, event) = (self, &event);
        self.app
            .db
            .transaction(|s| {
                Box::pin(async move {
                    if !sql::remove_member(s, user, group).await? {
                        return Err(not_a_member(user));
                    }
                    s.notify(Event::left(group, user));
                    this.app.revoke().record_in(s, event).await
                })
            })
            .await
    }

    /// A user and a group of one directory; `None` when the database keeps both.
    ///
    /// # Errors
    /// 404 for an unknown user or group; 403 when each is kept by another driver.
    async fn both_outside(&self, user: &UserId, group: &GroupId) -> Result<Option<(Local, Local)>> {
        let places = (
            self.place_of(EntityType::User, user).await?,
            self.place_of(EntityType::Group, group).await?,
        );
        match places {
            (Place::Database, Place::Database) => Ok(None),
            (Place::Directory(user), Place::Directory(group)) if user.site.is(&group.site) => {
                Ok(Some((user, group)))
            }
            _ => {
                self.user(user).await?;
                self.group(group).await?;
                Err(Error::forbidden_action(format!(
                    "The user {user} and the group {group} are kept by different drivers."
                )))
            }
        }
    }

    async fn outside_groups_of(&self, user: &UserId, local: &Local) -> Result<Vec<GroupOfUser>> {
        let now = self.app.clock.now();
        let directory = &local.site.directory;
        let found = directory.user(&local.id, now).await?;
        let found = found.ok_or_else(|| Error::not_found("user", user))?;
        let groups = directory.groups_of(&found, now).await?;
        let mut groups = self.groups_here(&local.site, &groups).await?;
        groups.sort_by(|a, b| a.id.cmp(&b.id));
        Ok(groups
            .into_iter()
            .map(|group| GroupOfUser {
                group,
                membership_expires_at: None,
            })
            .collect())
    }

    async fn is_member_there(
        &self,
        (user, user_there): (&UserId, &Local),
        (group, group_there): (&GroupId, &Local),
    ) -> Result<bool> {
        let directory = &user_there.site.directory;
        let found = directory.user(&user_there.id, self.app.clock.now()).await?;
        let found = found.ok_or_else(|| Error::not_found("user", user))?;
        let of = directory.group(&group_there.id).await?;
        let of = of.ok_or_else(|| Error::not_found("group", group))?;
        directory.is_member(&found, &of).await
    }

    async fn both_exist(&self, user: &UserId, group: &GroupId) -> Result<()> {
        let mut session = self.app.db.session().await?;
        if sql::group(&mut session, group).await?.is_none() {
            return Err(Error::not_found("group", group));
        }
        if !sql::user_exists(&mut session, user).await? {
            return Err(Error::not_found("user", user));
        }
        Ok(())
    }

    /// Removes the users and groups of a domain that is about to go.
    pub async fn delete_all_in_domain(&self, s: &mut Session, domain: &DomainId) -> Result<()> {
        for group in sql::group_ids_of_domain(s, domain).await? {
            self.delete_group_in(s, &group).await?;
        }
        for user in sql::user_ids_of_domain(s, domain).await? {
            self.delete_user_in(s, &user).await?;
        }
        let mappings = &MappingFilter {
            domain_id: Some(domain.clone()),
            ..MappingFilter::default()
        };
        delete_mappings(s, mappings).await?;
        Ok(())
    }
}

fn name_taken(name: &str) -> String {
    format!("The domain has a group named '{name}' already.")
}

fn not_a_member(user: &UserId) -> Error {
    Error::not_found("group member", user)
}
