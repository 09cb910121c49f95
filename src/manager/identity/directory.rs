//! A directory and what was read of it a moment ago.

use crate::config::{Config, Origin, groups};
use crate::driver::ldap::{Directory, DirectoryGroup, DirectoryUser};
use crate::error::{Error, Result};
use crate::model::list::Filter;
use crate::model::{Secret, Timestamp};
use quick_cache::sync::Cache;
use std::sync::Arc;

/// So many users, and what they are in, are kept of each directory.
const MOST_KEPT: usize = 50_000;

/// For so many seconds is believed what was read, as other facts that others may change are.
const TIME_TO_LIVE: i64 = 5;

/// A directory whose users are kept for a moment: whoever validates tokens asks for the same ones again
/// and again.
pub struct KeptDirectory {
    directory: Directory,
    /// The `[ldap]` section that it was made of.
    options: Secret,
    /// Seconds; 0 keeps nothing.
    time_to_live: i64,
    users: Cache<String, Kept<Option<Arc<DirectoryUser>>>>,
    groups_of: Cache<String, Kept<Arc<[DirectoryGroup]>>>,
    members_of: Cache<String, Kept<Arc<[DirectoryUser]>>>,
}

#[derive(Clone)]
struct Kept<T> {
    value: T,
    read_at: Timestamp,
}

impl KeptDirectory {
    /// The directory of a configuration's `[ldap]`. Blocking I/O.
    ///
    /// # Errors
    /// 500, with a message for the operator, when the options are of no use.
    pub fn new(config: &Config, time_to_live: i64) -> Result<Self> {
        Ok(Self {
            directory: Directory::new(&config.ldap)?,
            options: fingerprint(config),
            time_to_live,
            users: Cache::new(MOST_KEPT),
            groups_of: Cache::new(MOST_KEPT),
            members_of: Cache::new(MOST_KEPT / 10),
        })
    }

    /// As [`new`](Self::new), away from the threads that serve requests.
    pub async fn open(config: Arc<Config>, time_to_live: i64) -> Result<Self> {
        tokio::task::spawn_blocking(move || Self::new(&config, time_to_live))
            .await
            .map_err(Error::internal)?
    }

    /// Whether another configuration means this directory, too.
    pub fn is_of(&self, config: &Config, time_to_live: i64) -> bool {
        self.time_to_live == time_to_live && self.options.expose() == fingerprint(config).expose()
    }

    /// The user with an id.
    ///
    /// # Errors
    /// 503 when the directory is away; so for all that reads it.
    pub async fn user(&self, id: &str, now: Timestamp) -> Result<Option<Arc<DirectoryUser>>> {
        if let Some(user) = self.fresh(self.users.get(id), now) {
            return Ok(user);
        }
        self.user_now(id, now).await
    }

    /// The user with an id, as the directory has it now.
    pub async fn user_now(&self, id: &str, now: Timestamp) -> Result<Option<Arc<DirectoryUser>>> {
        let user = self.directory.user(id).await?.map(Arc::new);
        self.keep_user(id, user.clone(), now);
        Ok(user)
    }

    /// The user with a name, as the directory has it now.
    pub async fn user_by_name(
        &self,
        name: &str,
        now: Timestamp,
    ) -> Result<Option<Arc<DirectoryUser>>> {
        let user = self.directory.user_by_name(name).await?.map(Arc::new);
        if let Some(user) = &user {
            self.keep_user(&user.id, Some(Arc::clone(user)), now);
        }
        Ok(user)
    }

    /// The users whose names meet conditions, as the directory has them now.
    pub async fn users(&self, names: &[&Filter]) -> Result<Vec<DirectoryUser>> {
        self.directory.users(names).await
    }

    /// Whether a password is a user's; the directory is asked every time.
    pub async fn verifies(&self, user: &DirectoryUser, password: &Secret) -> Result<bool> {
        self.directory.verifies(user, password).await
    }

    /// The group with an id.
    pub async fn group(&self, id: &str) -> Result<Option<DirectoryGroup>> {
        self.directory.group(id).await
    }

    /// The group with a name.
    pub async fn group_by_name(&self, name: &str) -> Result<Option<DirectoryGroup>> {
        self.directory.group_by_name(name).await
    }

    /// The groups whose names meet conditions.
    pub async fn groups(&self, names: &[&Filter]) -> Result<Vec<DirectoryGroup>> {
        self.directory.groups(names).await
    }

    /// The groups that a user is in.
    pub async fn groups_of(
        &self,
        user: &DirectoryUser,
        now: Timestamp,
    ) -> Result<Arc<[DirectoryGroup]>> {
        if let Some(groups) = self.fresh(self.groups_of.get(&user.id), now) {
            return Ok(groups);
        }
        let groups: Arc<[DirectoryGroup]> = self.directory.groups_of_user(user).await?.into();
        if self.time_to_live > 0 {
            let kept = Kept {
                value: Arc::clone(&groups),
                read_at: now,
            };
            self.groups_of.insert(user.id.clone(), kept);
        }
        Ok(groups)
    }

    /// The users who are in a group.
    pub async fn members(
        &self,
        group: &DirectoryGroup,
        now: Timestamp,
    ) -> Result<Arc<[DirectoryUser]>> {
        if let Some(members) = self.fresh(self.members_of.get(&group.id), now) {
            return Ok(members);
        }
        let members: Arc<[DirectoryUser]> = self.directory.members(group).await?.into();
        if self.time_to_live > 0 {
            let kept = Kept {
                value: Arc::clone(&members),
                read_at: now,
            };
            self.members_of.insert(group.id.clone(), kept);
        }
        Ok(members)
    }

    /// Whether a user is in a group now.
    pub async fn is_member(&self, user: &DirectoryUser, group: &DirectoryGroup) -> Result<bool> {
        self.directory.is_member(user, group).await
    }

    fn keep_user(&self, id: &str, user: Option<Arc<DirectoryUser>>, now: Timestamp) {
        if self.time_to_live > 0 {
            let kept = Kept {
                value: user,
                read_at: now,
            };
            self.users.insert(id.to_owned(), kept);
        }
    }

    fn fresh<T>(&self, kept: Option<Kept<T>>, now: Timestamp) -> Option<T> {
        let kept = kept?;
        let age = now.seconds().saturating_sub(kept.read_at.seconds());
        (0..self.time_to_live).contains(&age).then_some(kept.value)
    }
}

/// How long what a directory says is believed: as long as other facts are, or as `[identity] cache_time`
/// says where somebody has set it.
pub(super) fn time_to_live(config: &Config) -> i64 {
    let is_set = |name| !matches!(config.origin("identity", name), Origin::Default);
    if config.cache.enabled == Some(false) || !config.identity.caching {
        return 0;
    }
    match config.identity.cache_time {
        Some(seconds) if is_set("cache_time") => seconds.max(0),
        _ => TIME_TO_LIVE,
    }
}

/// All of `[ldap]` as one text.
fn fingerprint(config: &Config) -> Secret {
    let options = groups()
        .filter(|group| group.name == "ldap")
        .flat_map(|group| group.options);
    let texts: Vec<String> = options
        .filter_map(|option| config.get(option.group, option.name))
        .map(|value| value.to_text())
        .collect();
    Secret::from(texts.join("\n"))
}
