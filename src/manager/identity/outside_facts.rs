//! What others want to know of users and groups of directories: whether they are there, how they are
//! called, who is in a group.

use super::IdentityManager;
use super::drivers::is_plain;
use super::outsiders::{Local, Place, default_site, mapped_place, unmapped_place};
use crate::driver::sql::assignment::names::Named;
use crate::driver::sql::id_mapping;
use crate::error::{Error, Result};
use crate::model::{Actor, EntityType, GroupId, UserId};
use std::collections::HashMap;

/// The names of those whom a directory keeps; `None` of one who is not there any more.
#[derive(Debug, Default)]
pub struct OutsideNames {
    pub users: HashMap<UserId, Option<Named>>,
    pub groups: HashMap<GroupId, Option<Named>>,
}

impl IdentityManager<'_> {
    /// Whether there can be users and groups that the database does not keep.
    pub fn has_outsiders(&self) -> bool {
        !is_plain(&self.app.config())
    }

    /// Whether somebody whom a directory would keep is there; `None` for those of the database.
    ///
    /// # Errors
    /// 503 when the directory is away.
    pub async fn exists_outside(&self, actor: &Actor) -> Result<Option<bool>> {
        let (kind, id) = match actor {
            Actor::User(id) => (EntityType::User, id.as_str()),
            Actor::Group(id) => (EntityType::Group, id.as_str()),
        };
        match self.place_of(kind, id).await? {
            Place::Database => Ok(None),
            Place::Nowhere => Ok(Some(false)),
            Place::Directory(local) => Ok(Some(self.name_there(kind, &local).await?.is_some())),
        }
    }

    /// The users in those of these groups that a directory keeps; a group that is not there has none.
    ///
    /// # Errors
    /// 503 when a directory is away.
    pub async fn members_outside(
        &self,
        groups: &[GroupId],
    ) -> Result<HashMap<GroupId, Vec<UserId>>> {
        let ids: Vec<String> = groups.iter().map(|id| id.to_string()).collect();
        let now = self.app.clock.now();
        let mut members = HashMap::new();
        for (id, local) in self.places_of(EntityType::Group, &ids).await? {
            let mut users = Vec::new();
            if let Some(Local { site, id }) = local
                && let Some(group) = site.directory.group(&id).await?
            {
                let found = site.directory.members(&group, now).await?;
                let found = self.users_here(&site, &found).await?;
                users.extend(found.into_iter().map(|user| user.id));
            }
            members.insert(GroupId::from(id), users);
        }
        Ok(members)
    }

    /// The names of those of these users and groups whom a directory keeps. Those of a directory that is
    /// away are unknown: it must not keep others from a list.
    pub async fn names_outside(
        &self,
        users: &[UserId],
        groups: &[GroupId],
    ) -> Result<OutsideNames> {
        if !self.has_outsiders() {
            return Ok(OutsideNames::default());
        }
        let users: Vec<String> = users.iter().map(|id| id.to_string()).collect();
        let groups: Vec<String> = groups.iter().map(|id| id.to_string()).collect();
        let users = self.names_of(EntityType::User, &users).await?;
        let groups = self.names_of(EntityType::Group, &groups).await?;
        let users = users.into_iter().map(|(id, name)| (id.into(), name));
        let groups = groups.into_iter().map(|(id, name)| (id.into(), name));
        Ok(OutsideNames {
            users: users.collect(),
            groups: groups.collect(),
        })
    }

    async fn names_of(
        &self,
        kind: EntityType,
        ids: &[String],
    ) -> Result<Vec<(String, Option<Named>)>> {
        let places = self.places_of(kind, ids).await?;
        let mut names = Vec::with_capacity(places.len());
        for (id, local) in places {
            let name = match &local {
                Some(local) => self.name_there(kind, local).await.or_else(unknown)?,
                None => None,
            };
            let domain = local.map(|local| local.site.domain_id);
            let named = name.zip(domain);
            names.push((id, named.map(|(name, domain_id)| Named { name, domain_id })));
        }
        Ok(names)
    }

    /// Those of these ids that a directory keeps, and where; `None` for those that nobody can have.
    async fn places_of(
        &self,
        kind: EntityType,
        ids: &[String],
    ) -> Result<Vec<(String, Option<Local>)>> {
        let Some(drivers) = self.drivers().await? else {
            return Ok(Vec::new());
        };
        let default = default_site(&drivers)?;
        let mapped = {
            let mut session = self.app.db.session().await?;
            id_mapping::local_entities(&mut session, ids).await?
        };
        let mut mapped: HashMap<_, _> = mapped
            .into_iter()
            .filter(|(_, entity)| entity.entity_type == kind)
            .collect();
        let mut places = Vec::new();
        for id in ids {
            let place = match mapped.remove(id) {
                Some(entity) => mapped_place(&drivers, entity)?,
                None => unmapped_place(default.as_ref(), id),
            };
            match place {
                Place::Database => {}
                Place::Directory(local) => places.push((id.clone(), Some(local))),
                Place::Nowhere => places.push((id.clone(), None)),
            }
        }
        Ok(places)
    }

    async fn name_there(&self, kind: EntityType, local: &Local) -> Result<Option<String>> {
        let directory = &local.site.directory;
        match kind {
            EntityType::User => {
                let user = directory.user(&local.id, self.app.clock.now()).await?;
                Ok(user.map(|user| user.name.clone()))
            }
            EntityType::Group => Ok(directory.group(&local.id).await?.map(|group| group.name)),
        }
    }
}

fn unknown(error: Error) -> Result<Option<String>> {
    match error {
        Error::Unavailable(why) => {
            tracing::warn!(why, "a name is not shown");
            Ok(None)
        }
        other => Err(other),
    }
}
