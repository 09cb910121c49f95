//! Users: reading, making, changing and removing them.

use super::account::{is_inactive, last_inactive_day};
use super::outsiders::{Place, read_only};
use super::{IdentityManager, check_length, trimmed};
use crate::driver::sql::db::{Area, Session};
use crate::driver::sql::identity::{self as sql, NewPassword, UserQuery};
use crate::driver::sql::{assignment, credential, federation, resource, trust};
use crate::error::{Error, Result};
use crate::manager::assignment::MemberRole;
use crate::model::event::{Event, ResourceKind};
use crate::model::list::Page;
use crate::model::{
    DomainId, EntityType, FederatedLink, ProjectId, Secret, User, UserChanges, UserId,
};
use serde_json::{Map, Value};

/// A user about to be made.
#[derive(Debug)]
pub struct NewUser {
    pub name: String,
    pub domain_id: DomainId,
    pub enabled: bool,
    pub default_project_id: Option<ProjectId>,
    /// `Some(None)` when the client said explicitly that there is none.
    pub password: Option<Option<Secret>>,
    /// Options by name; a null value is as good as none.
    pub options: Map<String, Value>,
    pub federated: Vec<FederatedLink>,
    pub extra: Map<String, Value>,
}

/// What a client wants changed of a user.
#[derive(Debug, Default)]
pub struct UserUpdate {
    pub changes: UserChanges,
    /// `Some(None)` takes the password away.
    pub password: Option<Option<Secret>>,
    /// Given only to say which domain the user is in already.
    pub domain_id: Option<DomainId>,
}

impl IdentityManager<'_> {
    /// The user with this id.
    ///
    /// # Errors
    /// 404 when there is none.
    pub async fn user(&self, id: &UserId) -> Result<User> {
        self.find_user(id)
            .await?
            .ok_or_else(|| Error::not_found("user", id))
    }

    /// The user with this id, if there is one.
    pub async fn find_user(&self, id: &UserId) -> Result<Option<User>> {
        match self.place_of(EntityType::User, id).await? {
            Place::Database => {}
            Place::Directory(local) => return self.outside_user(id, &local).await,
            Place::Nowhere => return Ok(None),
        }
        let mut session = self.app.db.session().await?;
        let user = sql::user(&mut session, id).await?;
        Ok(user.map(|user| self.as_it_reads(user)))
    }

    /// The user with this name in a domain, if there is one.
    ///
    /// # Errors
    /// 404 for a domain that no driver can have.
    pub async fn find_user_by_name(&self, domain: &DomainId, name: &str) -> Result<Option<User>> {
        if let Some(site) = self.site_of(domain).await? {
            let found = self.outside_user_by_name(&site, name).await?;
            return Ok(found.map(|(user, _)| user));
        }
        let user = {
            let mut session = self.app.db.session().await?;
            sql::user_by_name(&mut session, domain, name).await?
        };
        if let Some(user) = &user {
            self.note_ids(EntityType::User, domain, &[user.id.as_str()])
                .await?;
        }
        Ok(user.map(|user| self.as_it_reads(user)))
    }

    /// The user with this name in a domain.
    ///
    /// # Errors
    /// 404 when there is none.
    pub async fn user_by_name(&self, domain: &DomainId, name: &str) -> Result<User> {
        self.find_user_by_name(domain, name)
            .await?
            .ok_or_else(|| Error::not_found("user", name))
    }

    /// The users with these ids; unknown ids are left out.
    pub async fn users_by_ids(&self, ids: &[UserId]) -> Result<Vec<User>> {
        if self.drivers().await?.is_some() {
            let mut users = Vec::new();
            for id in ids {
                users.extend(self.find_user(id).await?);
            }
            return Ok(users);
        }
        let mut session = self.app.db.session().await?;
        let users = sql::users_by_ids(&mut session, ids).await?;
        Ok(users
            .into_iter()
            .map(|user| self.as_it_reads(user))
            .collect())
    }

    /// A page of users.
    ///
    /// # Errors
    /// 404 when the marker is no user's id.
    pub async fn users(&self, mut query: UserQuery) -> Result<Page<User>> {
        if let Some(page) = self.users_elsewhere(&query).await? {
            return Ok(page);
        }
        query.inactive_since = last_inactive_day(&self.app.config(), self.app.clock.now());
        let mut session = self.app.db.session().await?;
        if let Some(marker) = &query.hints.marker
            && !sql::user_exists(&mut session, marker).await?
        {
            return Err(Error::not_found("marker", marker));
        }
        let mut page = sql::users(&mut session, &query).await?;
        page.items = page
            .items
            .into_iter()
            .map(|user| self.as_it_reads(user))
            .collect();
        drop(session);
        if let Some(domain) = &query.domain_id {
            let ids: Vec<&str> = page.items.iter().map(|user| user.id.as_str()).collect();
            self.note_ids(EntityType::User, domain, &ids).await?;
        }
        Ok(page)
    }

    /// The page, when a directory has it. Links to identity providers are always here.
    async fn users_elsewhere(&self, query: &UserQuery) -> Result<Option<Page<User>>> {
        let links = [&query.idp_id, &query.protocol_id, &query.unique_id];
        if links.iter().any(|link| link.is_some()) {
            return Ok(None);
        }
        if let Some(group) = &query.group_id {
            let place = self.place_of(EntityType::Group, group).await?;
            return match (place, &query.domain_id) {
                (Place::Database, _) => Ok(None),
                (Place::Directory(local), Some(domain)) if *domain != local.site.domain_id => {
                    Ok(Some(Page::whole(Vec::new())))
                }
                (Place::Directory(local), _) => self.outside_members(&local, query).await.map(Some),
                (Place::Nowhere, _) => Err(Error::not_found("group", group)),
            };
        }
        match self.site_of_list(query.domain_id.as_ref()).await? {
            Some(site) => self.outside_users(&site, query).await.map(Some),
            None => Ok(None),
        }
    }

    /// Makes a user.
    ///
    /// # Errors
    /// 404 for an unknown domain; 400 for a default project that is a domain, an unknown identity
    /// provider or a password against the rules; 409 when the name or a federated identity is
    /// taken.
    pub async fn create_user(&self, new: NewUser) -> Result<User> {
        self.create(new, None).await
    }

    /// As [`create_user`](Self::create_user), and makes the user a member of its default project.
    pub async fn create_member(&self, new: NewUser, role: &MemberRole) -> Result<User> {
        self.create(new, Some(role)).await
    }

    async fn create(&self, new: NewUser, member: Option<&MemberRole>) -> Result<User> {
        let now = self.app.clock.now();
        let mut user = User {
            id: UserId::random(),
            domain_id: new.domain_id,
            name: trimmed(&new.name),
            enabled: new.enabled,
            default_project_id: new.default_project_id,
            password_expires_at: None,
            created_at: Some(now),
            last_active_at: None,
            options: new.options,
            federated: new.federated,
            extra: new.extra,
        };
        user.options.retain(|_, value| !value.is_null());
        {
            let mut session = self.app.db.session().await?;
            if resource::domain(&mut session, &user.domain_id)
                .await?
                .is_none()
            {
                return Err(Error::not_found("domain", &user.domain_id));
            }
            check_default_project(&mut session, user.default_project_id.as_ref()).await?;
            check_links(&mut session, &user.federated).await?;
        }
        if self.site_of(&user.domain_id).await?.is_some() {
            return Err(read_only());
        }
        let password = match &new.password {
            Some(password) => Some(self.password_by_admin(&user, password.as_ref()).await?),
            None => None,
        };
        user.password_expires_at = password.as_ref().and_then(|password| password.expires_at);
        let (this, stored, password) = (self, &user, &password);
        self.app
            .db
            .transaction(|s| {
                Box::pin(async move {
                    sql::insert_user(s, stored).await?;
                    if let (Some(member), Some(project)) = (member, &stored.default_project_id) {
                        let assignment = this.app.assignment();
                        assignment.join(s, &stored.id, project, member).await?;
                    }
                    if let Some(password) = password {
                        this.store_password(s, &stored.id, password).await?;
                    }
                    s.notify(Event::created(ResourceKind::User, &stored.id));
                    Ok(())
                })
            })
            .await
            .map_err(|error| error.or_conflict(|| name_taken(&user.name)))?;
        self.note_ids(EntityType::User, &user.domain_id, &[user.id.as_str()])
            .await?;
        Ok(user)
    }

    /// Changes a user. A new password and being disabled end all tokens of the user.
    ///
    /// # Errors
    /// As [`create_user`](Self::create_user); 404 for an unknown user, 400 for another domain.
    pub async fn update_user(&self, id: &UserId, update: UserUpdate) -> Result<User> {
        self.update(id, update, None).await
    }

    /// As [`update_user`](Self::update_user); another default project moves the user's membership
    /// there.
    pub async fn update_member(
        &self,
        id: &UserId,
        update: UserUpdate,
        role: &MemberRole,
    ) -> Result<User> {
        self.update(id, update, Some(role)).await
    }

    async fn update(
        &self,
        id: &UserId,
        mut update: UserUpdate,
        member: Option<&MemberRole>,
    ) -> Result<User> {
        self.check_writable_user(id, update.domain_id.as_ref())
            .await?;
        let mut before = {
            let mut session = self.app.db.session().await?;
            let user = sql::user(&mut session, id)
                .await?
                .ok_or_else(|| Error::not_found("user", id))?;
            if update
                .domain_id
                .as_ref()
                .is_some_and(|domain| *domain != user.domain_id)
            {
                return Err(Error::bad_request("A user can't move to another domain."));
            }
            let project = update.changes.default_project_id.as_ref();
            check_default_project(&mut session, project.and_then(Option::as_ref)).await?;
            check_links(
                &mut session,
                update.changes.federated.as_deref().unwrap_or_default(),
            )
            .await?;
            user
        };
        update.changes.name = update.changes.name.as_deref().map(trimmed);
        let password = match &update.password {
            Some(password) => {
                // The options of this same request are in force already.
                before
                    .options
                    .extend(update.changes.options.clone().unwrap_or_default());
                Some(self.password_by_admin(&before, password.as_ref()).await?)
            }
            None => None,
        };
        let (this, changes, password) = (self, &update.changes, &password);
        self.app
            .db
            .transaction(|s| {
                Box::pin(async move {
                    s.take_turn(Area::Identity).await?;
                    if let Some(member) = member {
                        this.move_membership(s, id, changes, member).await?;
                    }
                    this.store_update(s, id, changes, password.as_ref()).await
                })
            })
            .await
            .map_err(|error| {
                error.or_conflict(|| name_taken(changes.name.as_deref().unwrap_or(&before.name)))
            })
    }

    async fn move_membership(
        &self,
        s: &mut Session,
        id: &UserId,
        changes: &UserChanges,
        member: &MemberRole,
    ) -> Result<()> {
        let Some(Some(new)) = &changes.default_project_id else {
            return Ok(());
        };
        let user = sql::user(s, id).await?;
        let old = user.and_then(|user| user.default_project_id);
        if old.as_ref() == Some(new) {
            return Ok(());
        }
        let assignment = self.app.assignment();
        if let Some(old) = &old {
            assignment.leave(s, id, old, member).await?;
        }
        assignment.join(s, id, new, member).await
    }

    async fn store_update(
        &self,
        s: &mut Session,
        id: &UserId,
        changes: &UserChanges,
        password: Option<&NewPassword>,
    ) -> Result<User> {
        let now = self.app.clock.now();
        let current = sql::user(s, id)
            .await?
            .ok_or_else(|| Error::not_found("user", id))?;
        sql::update_user(s, &current, changes).await?;
        if let Some(password) = password {
            self.store_password(s, id, password).await?;
        }
        if changes.enabled == Some(true) {
            sql::clear_failed_logins(s, id).await?;
            if is_inactive(&current, &self.app.config(), now) {
                sql::record_activity(s, id, now.naive().date()).await?;
            }
        }
        let disabled = current.enabled && changes.enabled == Some(false);
        let has_new_password = password.is_some_and(|password| password.hash.is_some());
        if disabled || has_new_password {
            let event = self.app.revoke().of_user(id);
            self.app.revoke().record_in(s, &[event]).await?;
        }
        s.notify(Event::updated(ResourceKind::User, id));
        let updated = sql::user(s, id)
            .await?
            .ok_or_else(|| Error::not_found("user", id))?;
        Ok(self.as_it_reads(updated))
    }

    /// Removes a user and everything that is the user's: roles, credentials, application
    /// credentials, trusts, memberships, tokens.
    ///
    /// # Errors
    /// 404 when there is none.
    pub async fn delete_user(&self, id: &UserId) -> Result<()> {
        self.check_writable_user(id, None).await?;
        let this = self;
        self.app
            .db
            .transaction(|s| {
                Box::pin(async move {
                    s.take_turn(Area::Identity).await?;
                    this.delete_user_in(s, id).await
                })
            })
            .await
    }

    /// [`delete_user`](Self::delete_user) as part of the caller's transaction.
    pub async fn delete_user_in(&self, s: &mut Session, id: &UserId) -> Result<()> {
        self.forget_user_in(s, id).await?;
        s.notify(Event::deleted(ResourceKind::User, id));
        Ok(())
    }

    /// As [`delete_user_in`](Self::delete_user_in), of a user who goes with something else that is
    /// told of, or that nobody is told of.
    pub async fn forget_user_in(&self, s: &mut Session, id: &UserId) -> Result<()> {
        let now = self.app.clock.now();
        assignment::delete_of_user(s, id).await?;
        credential::delete_of_user(s, id).await?;
        trust::delete_of_user(s, id, now).await?;
        if !sql::delete_user(s, id).await? {
            return Err(Error::not_found("user", id));
        }
        let event = self.app.revoke().of_user(id);
        self.app.revoke().record_in(s, &[event]).await
    }

    /// Refuses to write a user of a directory; `domain` is where a client says that the user is.
    async fn check_writable_user(&self, id: &UserId, domain: Option<&DomainId>) -> Result<()> {
        if !self.is_in_directory(EntityType::User, id).await? {
            return Ok(());
        }
        let user = self.user(id).await?;
        if domain.is_some_and(|domain| *domain != user.domain_id) {
            return Err(Error::bad_request("A user can't move to another domain."));
        }
        Err(read_only())
    }

    /// Revokes every token that a user has now.
    ///
    /// # Errors
    /// 404 for an unknown user.
    pub async fn revoke_tokens(&self, id: &UserId) -> Result<()> {
        self.user(id).await?;
        let revoke = self.app.revoke();
        revoke.record(vec![revoke.of_user(id)]).await
    }
}

fn name_taken(name: &str) -> String {
    format!("The domain has a user named '{name}' already.")
}

/// A default project need not exist, but must not be a domain.
async fn check_default_project(s: &mut Session, id: Option<&ProjectId>) -> Result<()> {
    let Some(id) = id else { return Ok(()) };
    check_length("default_project_id", id, 64)?;
    match resource::project(s, id).await? {
        Some(project) if project.is_domain => Err(Error::bad_request(format!(
            "The default project {id} is a domain."
        ))),
        _ => Ok(()),
    }
}

async fn check_links(s: &mut Session, links: &[FederatedLink]) -> Result<()> {
    for link in links {
        check_length("unique_id", &link.unique_id, 255)?;
        if !federation::protocol_exists(s, &link.idp_id, &link.protocol_id).await? {
            return Err(Error::bad_request(format!(
                "There is no protocol {} of an identity provider {}.",
                link.protocol_id, link.idp_id
            )));
        }
    }
    Ok(())
}
