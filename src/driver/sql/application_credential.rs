//! Application credentials, their roles and their access rules.
//!
//! Child rows point to integer ids that databases may give again: whoever deletes a parent deletes
//! them too.

mod access_rules;

pub use access_rules::{
    StoredRule, access_rule, access_rule_like, access_rules, attach_rule, delete_access_rule,
    insert_access_rule,
};

use super::db::{Area, Row, Session, Sql, sql};
use super::listed::Listed;
use crate::error::Result;
use crate::model::application_credential::{AccessRule, ApplicationCredential};
use crate::model::list::{ListHints, Page};
use crate::model::{ApplicationCredentialId, RoleId, Secret, Timestamp, UserId};
use std::collections::HashMap;

const COLUMNS: &str = "SELECT internal_id, id, name, secret_hash, description, user_id, project_id, \
     expires_at, \"system\", unrestricted FROM application_credential";

/// `IN` lists are cut to this size, well below every database's limit.
const IDS_PER_STATEMENT: usize = 1000;

/// A row of the table: what stands in other tables is missing.
struct Stored {
    internal_id: i64,
    credential: ApplicationCredential,
}

const LISTED: Listed<Stored> = Listed {
    key: "id",
    columns: &[("name", "name")],
    from: stored_from,
    id: |stored| &stored.credential.id,
    text: |stored, attribute| match attribute {
        "name" => Some(stored.credential.name.clone()),
        _ => None,
    },
};

/// The application credential with this id.
pub async fn application_credential(
    s: &mut Session,
    id: &ApplicationCredentialId,
) -> Result<Option<ApplicationCredential>> {
    one(s, sql(COLUMNS).push(" WHERE id = ?").bind(id)).await
}

/// The application credential of a user with this name.
pub async fn application_credential_by_name(
    s: &mut Session,
    user: &UserId,
    name: &str,
) -> Result<Option<ApplicationCredential>> {
    let query = sql(COLUMNS).push(" WHERE user_id = ? AND name = ?");
    one(s, query.bind(user).bind(name)).await
}

async fn one(s: &mut Session, query: Sql) -> Result<Option<ApplicationCredential>> {
    let Some(row) = s.fetch_optional(query).await? else {
        return Ok(None);
    };
    let credentials = complete(s, vec![stored_from(&row)?]).await?;
    Ok(credentials.into_iter().next())
}

fn stored_from(row: &Row) -> Result<Stored> {
    let expires_at = row.opt_int("expires_at")?;
    Ok(Stored {
        internal_id: row.int("internal_id")?,
        credential: ApplicationCredential {
            id: row.id("id")?,
            name: row.text("name")?,
            description: row.opt_text("description")?,
            user_id: row.id("user_id")?,
            project_id: row.opt_id("project_id")?,
            system: row.opt_text("system")?,
            expires_at: expires_at.and_then(Timestamp::from_micros),
            unrestricted: row.opt_bool("unrestricted")?,
            secret_hash: Secret::from(row.text("secret_hash")?),
            role_ids: Vec::new(),
            access_rules: Vec::new(),
        },
    })
}

/// Adds roles and access rules, in two statements for many credentials.
async fn complete(s: &mut Session, stored: Vec<Stored>) -> Result<Vec<ApplicationCredential>> {
    let ids: Vec<i64> = stored.iter().map(|one| one.internal_id).collect();
    let mut roles: HashMap<i64, Vec<RoleId>> = HashMap::new();
    let mut rules: HashMap<i64, Vec<AccessRule>> = HashMap::new();
    for some in ids.chunks(IDS_PER_STATEMENT) {
        let query = sql("SELECT application_credential_id, role_id \
             FROM application_credential_role WHERE")
        .push_in("application_credential_id", some.iter().copied())
        .push(" ORDER BY role_id");
        for row in s.fetch_all(query).await? {
            let of_credential = roles.entry(row.int("application_credential_id")?);
            of_credential.or_default().push(row.id("role_id")?);
        }
        for (id, rule) in access_rules::of_credentials(s, some).await? {
            rules.entry(id).or_default().push(rule);
        }
    }
    Ok(stored
        .into_iter()
        .map(|one| ApplicationCredential {
            role_ids: roles.remove(&one.internal_id).unwrap_or_default(),
            access_rules: rules.remove(&one.internal_id).unwrap_or_default(),
            ..one.credential
        })
        .collect())
}

/// A page of a user's application credentials in order of id. Filters: `name`.
pub async fn application_credentials(
    s: &mut Session,
    user: &UserId,
    hints: &ListHints,
) -> Result<Page<ApplicationCredential>> {
    let statement = sql(COLUMNS).push(" WHERE user_id = ?").bind(user);
    let page = LISTED.page(s, statement, hints).await?;
    Ok(Page {
        items: complete(s, page.items).await?,
        truncated: page.truncated,
    })
}

/// How many application credentials a user has.
pub async fn count_of_user(s: &mut Session, user: &UserId) -> Result<i64> {
    let query = sql("SELECT COUNT(*) AS count FROM application_credential WHERE user_id = ?");
    s.fetch_one(query.bind(user)).await?.int("count")
}

/// Stores a new application credential without its access rules; returns its integer id.
/// [`crate::Error::DuplicateKey`] when the user has one with its name.
pub async fn insert(s: &mut Session, credential: &ApplicationCredential) -> Result<i64> {
    let statement = sql(
        "INSERT INTO application_credential (id, name, secret_hash, description, user_id, \
         project_id, expires_at, \"system\", unrestricted) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
    )
    .bind(&credential.id)
    .bind(&credential.name)
    .bind(credential.secret_hash.expose())
    .bind(credential.description.as_deref())
    .bind(&credential.user_id)
    .bind(credential.project_id.as_ref())
    .bind(credential.expires_at.map(Timestamp::micros))
    .bind(credential.system.as_deref())
    .bind(credential.unrestricted);
    s.execute(statement).await?;
    let query = sql("SELECT internal_id FROM application_credential WHERE id = ?");
    let internal_id = s
        .fetch_one(query.bind(&credential.id))
        .await?
        .int("internal_id")?;
    for role in &credential.role_ids {
        let statement = sql(
            "INSERT INTO application_credential_role (application_credential_id, role_id) \
             VALUES (?, ?)",
        );
        s.execute(statement.bind(internal_id).bind(role)).await?;
    }
    s.touch(Area::Credential);
    Ok(internal_id)
}

/// Removes an application credential with its roles and its hold on access rules, children first;
/// false when there is none.
pub async fn delete(s: &mut Session, id: &ApplicationCredentialId) -> Result<bool> {
    for statement in [
        "DELETE FROM application_credential_role WHERE application_credential_id IN \
         (SELECT internal_id FROM application_credential WHERE id = ?)",
        "DELETE FROM application_credential_access_rule WHERE application_credential_id IN \
         (SELECT internal_id FROM application_credential WHERE id = ?)",
    ] {
        s.execute(sql(statement).bind(id)).await?;
    }
    let deleted = s
        .execute(sql("DELETE FROM application_credential WHERE id = ?").bind(id))
        .await?;
    s.touch(Area::Credential);
    Ok(deleted > 0)
}
