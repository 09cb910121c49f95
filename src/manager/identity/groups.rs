//! Groups and who is in them.

use super::{IdentityManager, check_length, trimmed};
use crate::driver::sql::assignment;
use crate::driver::sql::db::{Area, Session};
use crate::driver::sql::identity as sql;
use crate::driver::sql::resource;
use crate::error::{Error, Result};
use crate::model::event::{Event, ResourceKind};
use crate::model::list::{ListHints, Page};
use crate::model::{DomainId, Group, GroupId, GroupOfUser, UserId};
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
        let mut session = self.app.db.session().await?;
        sql::group(&mut session, id).await
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
        let mut session = self.app.db.session().await?;
        if let Some(marker) = &hints.marker
            && sql::group(&mut session, &GroupId::from(marker.as_str()))
                .await?
                .is_none()
        {
            return Err(Error::not_found("marker", marker));
        }
        sql::groups(&mut session, hints, domain).await
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
        let this = self;
        self.app
            .db
            .transaction(|s| Box::pin(async move { this.delete_group_in(s, id).await }))
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

    /// The groups that a user is in now.
    ///
    /// # Errors
    /// 404 for an unknown user.
    pub async fn groups_of_user(&self, user: &UserId) -> Result<Vec<GroupOfUser>> {
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
        Ok(())
    }
}

fn name_taken(name: &str) -> String {
    format!("The domain has a group named '{name}' already.")
}

fn not_a_member(user: &UserId) -> Error {
    Error::not_found("group member", user)
}
