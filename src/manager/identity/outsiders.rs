//! Users and groups that a directory keeps and not the database.

use super::IdentityManager;
use super::directory::KeptDirectory;
use super::drivers::{DomainDriver, Driver, DriverSource, Drivers, is_plain};
use super::public_ids::{Generator, public_ids_of};
use crate::driver::ldap::{DirectoryGroup, DirectoryUser};
use crate::driver::sql::id_mapping;
use crate::error::{Error, Result};
use crate::model::{DomainId, EntityType, Group, GroupId, LocalEntity, User, UserId};
use serde_json::{Map, Value};
use std::collections::HashMap;
use std::sync::Arc;

/// Where a user or group is to be looked for.
pub(super) enum Place {
    Database,
    Directory(Local),
    /// Nobody can have this id.
    Nowhere,
}

/// Somebody in a directory.
pub(super) struct Local {
    pub site: Site,
    pub id: String,
}

/// A directory as the driver of a domain.
#[derive(Clone)]
pub(super) struct Site {
    pub directory: Arc<KeptDirectory>,
    pub domain_id: DomainId,
    /// Whether ids here are made of those there; else they are the same.
    pub is_mapped: bool,
}

impl Site {
    /// Whether another one is the same directory for the same domain.
    pub fn is(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.directory, &other.directory) && self.domain_id == other.domain_id
    }
}

/// Who of some users a directory keeps, read before a database session is opened: no connection to the
/// database waits for a directory.
#[derive(Debug, Default)]
pub struct Outsiders {
    users: HashMap<UserId, Option<Outsider>>,
}

/// A user of a directory.
#[derive(Debug)]
struct Outsider {
    user: User,
    group_ids: Vec<GroupId>,
}

/// What is known of somebody.
pub enum Known<'a> {
    /// The database keeps the user, if anybody does.
    Insider,
    /// A directory keeps the user.
    Outsider(&'a User),
    /// A directory would, and does not.
    Gone,
}

impl Outsiders {
    /// What is known of a user.
    pub fn get(&self, id: &UserId) -> Known<'_> {
        match self.users.get(id) {
            None => Known::Insider,
            Some(Some(outsider)) => Known::Outsider(&outsider.user),
            Some(None) => Known::Gone,
        }
    }

    /// The groups that a directory says a user is in.
    pub fn groups_of(&self, id: &UserId) -> &[GroupId] {
        match self.users.get(id) {
            Some(Some(outsider)) => &outsider.group_ids,
            _ => &[],
        }
    }
}

impl IdentityManager<'_> {
    /// The drivers of all domains; `None` when the database keeps everybody.
    ///
    /// # Errors
    /// 503 when the database is away.
    pub(super) async fn drivers(&self) -> Result<Option<Arc<Drivers>>> {
        let settings = self.app.settings();
        if is_plain(&settings.config) {
            return Ok(None);
        }
        let source = DriverSource {
            db: &self.app.db,
            config: &settings.config,
            files: &settings.domains,
            now: self.app.clock.now(),
        };
        self.app.drivers.get(source).await.map(Some)
    }

    /// The directory that is the driver of a domain; `None` when the database is.
    ///
    /// # Errors
    /// 404 for a domain that no driver can have; 503 when its driver is of no use.
    pub(super) async fn site_of(&self, domain: &DomainId) -> Result<Option<Site>> {
        match self.drivers().await? {
            None => Ok(None),
            Some(drivers) => site(&drivers, domain),
        }
    }

    /// The directory whose users or groups a list is about; without a domain, it is about all who have no
    /// driver of their own.
    pub(super) async fn site_of_list(&self, domain: Option<&DomainId>) -> Result<Option<Site>> {
        let Some(drivers) = self.drivers().await? else {
            return Ok(None);
        };
        match domain {
            Some(domain) => site(&drivers, domain),
            None => default_site(&drivers),
        }
    }

    /// Whether a directory would keep a user or group with an id.
    pub(super) async fn is_in_directory(&self, kind: EntityType, id: &str) -> Result<bool> {
        let place = self.place_of(kind, id).await?;
        Ok(!matches!(place, Place::Database))
    }

    /// Notes whose domain these ids are, where the domain's own driver is the database: others would
    /// look for them where the default driver keeps its users.
    pub(super) async fn note_ids(
        &self,
        kind: EntityType,
        domain: &DomainId,
        ids: &[&str],
    ) -> Result<()> {
        let Some(drivers) = self.drivers().await? else {
            return Ok(());
        };
        let own = drivers.of_domain(domain)?;
        if own.is_default || !matches!(own.driver, Driver::Sql) {
            return Ok(());
        }
        let ids: Vec<String> = ids.iter().map(|id| (*id).to_owned()).collect();
        public_ids_of(&self.app.db, domain, kind, &ids, Generator::Same).await?;
        Ok(())
    }

    /// Where a user or group with an id is to be looked for.
    ///
    /// # Errors
    /// 503 when its driver is of no use.
    pub(super) async fn place_of(&self, kind: EntityType, id: &str) -> Result<Place> {
        let Some(drivers) = self.drivers().await? else {
            return Ok(Place::Database);
        };
        let default = default_site(&drivers)?;
        if drivers.has_specific() || default.as_ref().is_some_and(|site| site.is_mapped) {
            let mapped = {
                let mut session = self.app.db.session().await?;
                id_mapping::local_entity(&mut session, id).await?
            };
            if let Some(entity) = mapped.filter(|entity| entity.entity_type == kind) {
                return mapped_place(&drivers, entity);
            }
        }
        Ok(unmapped_place(default.as_ref(), id))
    }

    /// Reads who of these users a directory keeps, and their groups.
    ///
    /// # Errors
    /// 503 when a directory that keeps one of them is away.
    pub async fn outsiders(&self, ids: &[&UserId]) -> Result<Outsiders> {
        let mut outsiders = Outsiders::default();
        if is_plain(&self.app.config()) {
            return Ok(outsiders);
        }
        let now = self.app.clock.now();
        for &id in ids {
            if outsiders.users.contains_key(id) {
                continue;
            }
            let local = match self.place_of(EntityType::User, id).await? {
                Place::Database => continue,
                Place::Nowhere => {
                    outsiders.users.insert(id.clone(), None);
                    continue;
                }
                Place::Directory(local) => local,
            };
            let found = match local.site.directory.user(&local.id, now).await? {
                None => None,
                Some(user) => {
                    let groups = local.site.directory.groups_of(&user, now).await?;
                    let public_ids = self.public_ids_of_groups(&local.site, &groups).await?;
                    Some(Outsider {
                        user: user_here(&local.site.domain_id, id.clone(), &user),
                        group_ids: public_ids,
                    })
                }
            };
            outsiders.users.insert(id.clone(), found);
        }
        Ok(outsiders)
    }

    /// A user of a directory as everybody sees it.
    pub(super) async fn outside_user(&self, id: &UserId, local: &Local) -> Result<Option<User>> {
        let now = self.app.clock.now();
        let user = local.site.directory.user(&local.id, now).await?;
        Ok(user.map(|user| user_here(&local.site.domain_id, id.clone(), &user)))
    }

    /// The user of a directory with a name, and how the directory knows it.
    pub(super) async fn outside_user_by_name(
        &self,
        site: &Site,
        name: &str,
    ) -> Result<Option<(User, Arc<DirectoryUser>)>> {
        let now = self.app.clock.now();
        let Some(user) = site.directory.user_by_name(name, now).await? else {
            return Ok(None);
        };
        let found = self.users_here(site, std::slice::from_ref(&*user)).await?;
        Ok(found.into_iter().next().map(|here| (here, user)))
    }

    /// Users of a directory as everybody sees them. Those whose ids can't be stored are left out.
    pub(super) async fn users_here(
        &self,
        site: &Site,
        users: &[DirectoryUser],
    ) -> Result<Vec<User>> {
        let ids = users.iter().map(|user| user.id.clone()).collect();
        let ids = self.ids_here(site, EntityType::User, ids).await?;
        Ok(users
            .iter()
            .filter_map(|user| {
                let id = ids.get(&user.id)?;
                Some(user_here(&site.domain_id, id.as_str().into(), user))
            })
            .collect())
    }

    /// Groups of a directory as everybody sees them. Those whose ids can't be stored are left out.
    pub(super) async fn groups_here(
        &self,
        site: &Site,
        groups: &[DirectoryGroup],
    ) -> Result<Vec<Group>> {
        let ids = groups.iter().map(|group| group.id.clone()).collect();
        let ids = self.ids_here(site, EntityType::Group, ids).await?;
        Ok(groups
            .iter()
            .filter_map(|group| {
                let id = ids.get(&group.id)?;
                Some(group_here(&site.domain_id, id.as_str().into(), group))
            })
            .collect())
    }

    async fn public_ids_of_groups(
        &self,
        site: &Site,
        groups: &[DirectoryGroup],
    ) -> Result<Vec<GroupId>> {
        let ids = groups.iter().map(|group| group.id.clone()).collect();
        let ids = self.ids_here(site, EntityType::Group, ids).await?;
        Ok(ids.into_values().map(GroupId::from).collect())
    }

    /// Public ids by local ones.
    async fn ids_here(
        &self,
        site: &Site,
        kind: EntityType,
        mut local_ids: Vec<String>,
    ) -> Result<HashMap<String, String>> {
        if !site.is_mapped {
            return Ok(local_ids.into_iter().map(|id| (id.clone(), id)).collect());
        }
        local_ids.sort_unstable();
        local_ids.dedup();
        public_ids_of(
            &self.app.db,
            &site.domain_id,
            kind,
            &local_ids,
            Generator::Sha256,
        )
        .await
    }
}

/// The directory of all who have no driver of their own, if it is one.
pub(super) fn default_site(drivers: &Drivers) -> Result<Option<Site>> {
    let default = &drivers.config().identity.default_domain_id;
    own_site(drivers, drivers.default(), &default.as_str().into())
}

/// Where somebody with a mapping is.
pub(super) fn mapped_place(drivers: &Drivers, entity: LocalEntity) -> Result<Place> {
    match site(drivers, &entity.domain_id) {
        Ok(None) => Ok(Place::Database),
        Ok(Some(site)) => Ok(Place::Directory(Local {
            site,
            id: entity.local_id,
        })),
        Err(Error::NotFound { .. }) => Ok(Place::Nowhere),
        Err(error) => Err(error),
    }
}

/// Where somebody without a mapping is.
pub(super) fn unmapped_place(default: Option<&Site>, id: &str) -> Place {
    match default {
        None => Place::Database,
        Some(site) if site.is_mapped => Place::Nowhere,
        Some(site) => Place::Directory(Local {
            site: site.clone(),
            id: id.to_owned(),
        }),
    }
}

/// The directory of a domain, if it has one.
pub(super) fn site(drivers: &Drivers, domain: &DomainId) -> Result<Option<Site>> {
    own_site(drivers, drivers.of_domain(domain)?, domain)
}

fn own_site(drivers: &Drivers, own: &DomainDriver, domain: &DomainId) -> Result<Option<Site>> {
    match &own.driver {
        Driver::Sql => Ok(None),
        Driver::Unusable(why) => Err(Error::Unavailable(why.to_string())),
        Driver::Ldap(directory) => Ok(Some(Site {
            directory: Arc::clone(directory),
            domain_id: domain.clone(),
            is_mapped: !own.is_default
                || !drivers.config().identity_mapping.backward_compatible_ids,
        })),
    }
}

pub(super) fn user_here(domain: &DomainId, id: UserId, user: &DirectoryUser) -> User {
    let mut extra = Map::new();
    for (name, value) in [("email", &user.email), ("description", &user.description)] {
        if let Some(value) = value {
            extra.insert(name.to_owned(), Value::from(value.as_str()));
        }
    }
    User {
        id,
        domain_id: domain.clone(),
        name: user.name.clone(),
        enabled: user.enabled,
        default_project_id: user.default_project_id.as_deref().map(Into::into),
        password_expires_at: None,
        created_at: None,
        last_active_at: None,
        options: Map::new(),
        federated: Vec::new(),
        extra,
    }
}

pub(super) fn group_here(domain: &DomainId, id: GroupId, group: &DirectoryGroup) -> Group {
    Group {
        id,
        domain_id: domain.clone(),
        name: group.name.clone(),
        description: group.description.clone(),
        extra: Map::new(),
    }
}

/// What is refused where a directory keeps users and groups: they are changed there.
pub(super) fn read_only() -> Error {
    Error::Forbidden("users and groups of a directory can only be read".to_owned())
}
