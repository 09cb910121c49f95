//! Credentials: secrets that users store here, encrypted with keys of their own.

mod ec2;
mod key_pairs;
mod signed;

pub use ec2::{Ec2Blob, access_key_id};
pub use signed::{KeyPairCache, Signed, SignedLogin};

use crate::app::App;
use crate::crypto::credential_cipher::{self, EncryptedBlob};
use crate::driver::sql::credential::{self as sql, SealedCredential};
use crate::driver::sql::db::{Area, Session};
use crate::driver::sql::filter::is_exact;
use crate::error::{Error, Result};
use crate::model::event::{Event, ResourceKind};
use crate::model::list::{ListHints, Page};
use crate::model::{
    Credential, CredentialDelegation, CredentialId, OpenCredential, ProjectId, Secret, UserId,
};

/// The type whose secret is a key pair.
pub const EC2: &str = "ec2";

/// The columns' lengths, in characters.
const LONGEST_ID: usize = 64;
const LONGEST_KIND: usize = 255;

/// So many rows are read at a time when the caller may not see all of them.
const BATCH: u64 = 500;

/// Stores, shows and checks credentials.
pub struct CredentialManager<'a> {
    pub(super) app: &'a App,
}

/// A credential about to be made.
#[derive(Debug)]
pub struct NewCredential {
    pub user_id: UserId,
    pub project_id: Option<ProjectId>,
    pub kind: String,
    pub blob: Secret,
    pub extra: serde_json::Map<String, serde_json::Value>,
}

impl<'a> CredentialManager<'a> {
    /// A view of the app.
    pub fn new(app: &'a App) -> Self {
        Self { app }
    }

    /// The credential with this id, if there is one.
    pub async fn find_credential(&self, id: &CredentialId) -> Result<Option<OpenCredential>> {
        let mut session = self.app.db.session().await?;
        let sealed = sql::credential(&mut session, id).await?;
        Ok(sealed.map(|sealed| self.open(sealed)))
    }

    /// A page of those credentials that the caller may see. Filters: `user_id`, `type`.
    pub async fn credentials(
        &self,
        hints: &ListHints,
        visible: impl Fn(&Credential) -> bool,
    ) -> Result<Page<OpenCredential>> {
        let mut session = self.app.db.session().await?;
        let enough = hints.limit.map(|limit| limit.saturating_add(1));
        let mut read = hints.clone();
        // A read must bring more than nothing, or its last row could not begin the next one.
        read.limit = Some(enough.unwrap_or(BATCH).clamp(1, BATCH));
        let mut found = Vec::new();
        loop {
            let rows = sql::credentials(&mut session, &read).await?;
            read.marker = rows.items.last().map(|row| row.credential.id.to_string());
            found.extend(rows.items.into_iter().filter(|row| {
                let mut inexact = hints.filters.iter().filter(|filter| !is_exact(filter));
                inexact.all(|filter| sql::passes(&row.credential, filter))
                    && visible(&row.credential)
            }));
            let full = enough.is_some_and(|enough| found.len() as u64 >= enough);
            if full || !rows.truncated {
                break;
            }
        }
        let page = Page::cut(found, hints.limit);
        Ok(Page {
            items: page.items.into_iter().map(|row| self.open(row)).collect(),
            truncated: page.truncated,
        })
    }

    /// A user's credentials of a type.
    pub async fn credentials_of_user(
        &self,
        user: &UserId,
        kind: &str,
    ) -> Result<Vec<OpenCredential>> {
        let mut session = self.app.db.session().await?;
        let rows = sql::credentials_of_user(&mut session, user, kind).await?;
        Ok(rows.into_iter().map(|row| self.open(row)).collect())
    }

    /// Stores a credential. An EC2 key pair that is made through a delegation remembers it.
    ///
    /// # Errors
    /// 400 for an EC2 blob without an access key, 409 when its access key is taken, 403 when the user
    /// has `[credential] user_limit` credentials already.
    pub async fn create_credential(
        &self,
        mut new: NewCredential,
        delegation: &CredentialDelegation,
    ) -> Result<OpenCredential> {
        check_length("user_id", &new.user_id, LONGEST_ID)?;
        check_length("type", &new.kind, LONGEST_KIND)?;
        if let Some(project_id) = &new.project_id {
            check_length("project_id", project_id, LONGEST_ID)?;
        }
        let mut id = CredentialId::random();
        if new.kind.eq_ignore_ascii_case(EC2) {
            let mut blob = Ec2Blob::parse(&new.blob)?;
            id = access_key_id(blob.required_access()?);
            if blob.remember(delegation) {
                new.blob = blob.to_secret();
            }
        }
        let credential = Credential {
            id,
            user_id: new.user_id,
            project_id: new.project_id,
            kind: new.kind,
            extra: new.extra,
        };
        let sealed = self.seal(&credential.kind, &new.blob)?;
        let limit = self.app.config().credential.user_limit;
        let (stored, sealed) = (&credential, &sealed);
        self.app
            .db
            .transaction(|s| Box::pin(async move { insert(s, stored, sealed, limit).await }))
            .await?;
        Ok(OpenCredential {
            credential,
            blob: Some(new.blob),
        })
    }

    /// Gives a credential another secret. Which delegation an EC2 key pair stands for is fixed.
    ///
    /// # Errors
    /// 404 when there is none; 400 for an EC2 blob without an access key or with another delegation;
    /// 409 for a key pair that can't be decrypted, since nobody can tell what it stands for.
    pub async fn update_credential(
        &self,
        id: &CredentialId,
        blob: Secret,
    ) -> Result<OpenCredential> {
        let (this, new) = (self, &blob);
        let credential = self
            .app
            .db
            .transaction(|s| Box::pin(async move { this.update_in(s, id, new).await }))
            .await?;
        Ok(OpenCredential {
            credential,
            blob: Some(blob),
        })
    }

    async fn update_in(
        &self,
        s: &mut Session,
        id: &CredentialId,
        blob: &Secret,
    ) -> Result<Credential> {
        let old = sql::credential(s, id)
            .await?
            .ok_or_else(|| Error::not_found("credential", id))?;
        let old = self.open(old);
        let kind = &old.credential.kind;
        if kind.eq_ignore_ascii_case(EC2) {
            let new = Ec2Blob::parse(blob)?;
            new.required_access()?;
            let old = old.blob.as_ref().map(Ec2Blob::parse).transpose();
            let Ok(Some(old)) = old else {
                return Err(Error::conflict(format!(
                    "The secret of credential {id} can't be read, so it can't be changed; delete the \
                     credential and make another one."
                )));
            };
            new.check_same_delegation(&old)?;
        }
        let sealed = self.seal(kind, blob)?;
        sql::update_blob(s, &old.credential.id, &sealed).await?;
        Ok(old.credential)
    }

    /// Deletes a credential.
    ///
    /// # Errors
    /// 404 when there is none.
    pub async fn delete_credential(&self, id: &CredentialId) -> Result<()> {
        let deleted = self.app.db.transaction(|s| Box::pin(delete(s, id))).await?;
        match deleted {
            true => Ok(()),
            false => Err(Error::not_found("credential", id)),
        }
    }

    fn seal(&self, kind: &str, blob: &Secret) -> Result<EncryptedBlob> {
        let now = self.app.clock.now().seconds();
        let keys = &self.app.settings().credential_keys;
        credential_cipher::encrypt(keys, kind, blob.expose(), now)
    }

    /// A row that no key decrypts is still somebody's, to be seen and deleted.
    pub(super) fn open(&self, sealed: SealedCredential) -> OpenCredential {
        let keys = &self.app.settings().credential_keys;
        let credential = sealed.credential;
        let blob = credential_cipher::decrypt(keys, &credential.kind, &sealed.encrypted_blob);
        if blob.is_err() {
            tracing::warn!(id = %credential.id, "no key at hand decrypts this credential");
        }
        OpenCredential {
            credential,
            blob: blob.ok(),
        }
    }
}

async fn insert(
    s: &mut Session,
    credential: &Credential,
    blob: &EncryptedBlob,
    limit: i64,
) -> Result<()> {
    if limit >= 0 {
        // Or those that are made at once would all count the same.
        s.take_turn(Area::Credential).await?;
        if sql::count_of_user(s, &credential.user_id).await? >= limit {
            return Err(Error::forbidden_action(format!(
                "User {} has {limit} credentials already, which is the limit.",
                credential.user_id
            )));
        }
    }
    sql::insert_credential(s, credential, blob)
        .await
        .map_err(|error| error.or_conflict(|| "This access key is taken.".to_owned()))?;
    s.notify(Event::created(ResourceKind::Credential, &credential.id));
    Ok(())
}

async fn delete(s: &mut Session, id: &CredentialId) -> Result<bool> {
    let deleted = sql::delete_credential(s, id).await?;
    if deleted {
        s.notify(Event::deleted(ResourceKind::Credential, id));
    }
    Ok(deleted)
}

fn check_length(name: &str, value: &str, longest: usize) -> Result<()> {
    if value.chars().count() > longest {
        return Err(Error::bad_request(format!(
            "'{name}' has at most {longest} characters."
        )));
    }
    Ok(())
}
