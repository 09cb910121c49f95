//! One user: reading it with all that belongs to it, and writing it.

use std::collections::HashMap;

use chrono::NaiveDate;
use serde_json::{Map, Value};

use super::options;
use super::passwords::password_from;
use crate::driver::sql::db::{Area, Db, Row, Session, Sql, sql};
use crate::error::{Error, Result};
use crate::model::{DomainId, FederatedLink, LocalLogin, ProjectId, User, UserChanges, UserId};

/// `SELECT` of everything that a user has at most one of. The current password is the newest row.
macro_rules! user_columns {
    () => {
        concat!(
            "SELECT u.id, u.domain_id, u.enabled, u.default_project_id, u.created_at, \
             u.last_active_at, u.extra, COALESCE(l.name, n.name) AS name, l.id AS local_user_id, \
             l.failed_auth_count, l.failed_auth_at, \
             CASE WHEN EXISTS (SELECT 1 FROM user_option o WHERE o.user_id = u.id) \
                    OR EXISTS (SELECT 1 FROM federated_user f WHERE f.user_id = u.id) \
                  THEN 1 ELSE 0 END AS has_details, ",
            $crate::driver::sql::identity::password_columns!(),
            " FROM "
        )
    };
}
pub(super) use user_columns;

/// What is joined to `"user" u` for its columns.
macro_rules! user_joins {
    () => {
        " LEFT JOIN local_user l ON l.user_id = u.id \
         LEFT JOIN nonlocal_user n ON n.user_id = u.id \
         LEFT JOIN password p ON p.id = (\
             SELECT c.id FROM password c WHERE c.local_user_id = l.id \
             ORDER BY c.created_at_int DESC, c.created_at DESC, c.id DESC LIMIT 1)"
    };
}
pub(super) use user_joins;

macro_rules! select_user {
    () => {
        concat!(
            $crate::driver::sql::identity::users::user_columns!(),
            r#""user" u"#,
            $crate::driver::sql::identity::users::user_joins!()
        )
    };
}
pub(super) use select_user;

/// `IN` lists are cut to this size, well below every database's limit.
pub(super) const IDS_PER_STATEMENT: usize = 1000;

/// The part of a user that is in several rows.
#[derive(Default)]
struct Details {
    options: Map<String, Value>,
    links: Vec<FederatedLink>,
    display_name: Option<String>,
}

/// Options and links of many users, in one statement per thousand.
async fn details(s: &mut Session, ids: &[UserId]) -> Result<HashMap<UserId, Details>> {
    let mut details: HashMap<UserId, Details> = HashMap::new();
    for ids in ids.chunks(IDS_PER_STATEMENT) {
        let statement = sql(
            "SELECT user_id, 'link' AS kind, idp_id, protocol_id, unique_id, \
             display_name AS item, id AS place FROM federated_user WHERE",
        )
        .push_in("user_id", ids)
        .push(
            " UNION ALL SELECT user_id, 'option', option_id, '', '', option_value, 0 \
             FROM user_option WHERE",
        )
        .push_in("user_id", ids)
        .push(" ORDER BY place, idp_id");
        for row in s.fetch_all(statement).await? {
            let of_user = details.entry(row.id("user_id")?).or_default();
            match row.text("kind")?.as_str() {
                "option" => {
                    if let Some(name) = options::name_of(&row.text("idp_id")?) {
                        of_user.options.insert(name.to_owned(), row.json("item")?);
                    }
                }
                _ => {
                    of_user.links.push(FederatedLink {
                        idp_id: row.text("idp_id")?,
                        protocol_id: row.text("protocol_id")?,
                        unique_id: row.text("unique_id")?,
                    });
                    if of_user.display_name.is_none() {
                        of_user.display_name = row.opt_text("item")?;
                    }
                }
            }
        }
    }
    Ok(details)
}

/// Makes users of rows of [`select_user`], in the rows' order.
pub(super) async fn users_from(s: &mut Session, rows: &[Row]) -> Result<Vec<User>> {
    let mut details = details_of(s, rows).await?;
    rows.iter()
        .map(|row| user_from(row, &mut details))
        .collect()
}

/// What is in several rows, of those users who have any of it. Most have none, and then this costs
/// nothing.
async fn details_of(s: &mut Session, rows: &[Row]) -> Result<HashMap<UserId, Details>> {
    let mut ids: Vec<UserId> = Vec::new();
    for row in rows {
        if row.int("has_details")? == 1 {
            ids.push(row.id("id")?);
        }
    }
    details(s, &ids).await
}

fn user_from(row: &Row, details: &mut HashMap<UserId, Details>) -> Result<User> {
    let id = row.id("id")?;
    let details = details.remove(&id).unwrap_or_default();
    Ok(User {
        id,
        domain_id: row.id("domain_id")?,
        name: row
            .opt_text("name")?
            .or(details.display_name)
            .unwrap_or_default(),
        enabled: row.opt_bool("enabled")?.unwrap_or(false),
        default_project_id: row.opt_id("default_project_id")?,
        password_expires_at: password_from(row)?.and_then(|password| password.expires_at),
        created_at: row.opt_time("created_at")?,
        last_active_at: row.opt_date("last_active_at")?,
        options: details.options,
        federated: details.links,
        extra: row.object("extra")?,
    })
}

async fn one(s: &mut Session, statement: Sql) -> Result<Option<(Row, User)>> {
    let Some(row) = s.fetch_optional(statement).await? else {
        return Ok(None);
    };
    let mut details = details_of(s, std::slice::from_ref(&row)).await?;
    let user = user_from(&row, &mut details)?;
    Ok(Some((row, user)))
}

/// The user with this id, whichever driver keeps it.
pub async fn user(s: &mut Session, id: &UserId) -> Result<Option<User>> {
    let statement = sql(concat!(select_user!(), " WHERE u.id = ?")).bind(id);
    Ok(one(s, statement).await?.map(|(_, user)| user))
}

/// Whether there is a user with this id.
pub async fn user_exists(s: &mut Session, id: &str) -> Result<bool> {
    let row = s
        .fetch_optional(sql(r#"SELECT id FROM "user" WHERE id = ?"#).bind(id))
        .await?;
    Ok(row.is_some())
}

/// Whether there is any user at all, of any domain and driver.
pub async fn any_user(s: &mut Session) -> Result<bool> {
    let row = s
        .fetch_optional(sql(r#"SELECT id FROM "user" LIMIT 1"#))
        .await?;
    Ok(row.is_some())
}

/// The user of this name in a domain. Federated users have no name of their own here.
pub async fn user_by_name(s: &mut Session, domain: &DomainId, name: &str) -> Result<Option<User>> {
    if let Some((_, user)) = one(s, local_by_name(domain, name)).await? {
        return Ok(Some(user));
    }
    let statement = sql(concat!(
        select_user!(),
        " WHERE n.domain_id = ? AND n.name = ?"
    ))
    .bind(domain)
    .bind(name);
    Ok(one(s, statement).await?.map(|(_, user)| user))
}

fn local_by_name(domain: &DomainId, name: &str) -> Sql {
    sql(concat!(
        select_user!(),
        " WHERE l.domain_id = ? AND l.name = ?"
    ))
    .bind(domain)
    .bind(name)
}

/// How a login names the user.
#[derive(Clone, Copy, Debug)]
pub enum LoginKey<'a> {
    Id(&'a UserId),
    Name { domain: &'a DomainId, name: &'a str },
}

/// What a password login needs, in at most two statements; `None` also for a user without a `local_user`
/// row, who can't have a password.
pub async fn local_login(s: &mut Session, key: LoginKey<'_>) -> Result<Option<LocalLogin>> {
    let statement = match key {
        LoginKey::Id(id) => sql(concat!(select_user!(), " WHERE l.user_id = ?")).bind(id),
        LoginKey::Name { domain, name } => local_by_name(domain, name),
    };
    let Some((row, user)) = one(s, statement).await? else {
        return Ok(None);
    };
    Ok(Some(LocalLogin {
        user,
        local_user_id: row.int("local_user_id")?,
        failed_auth_count: row.opt_int("failed_auth_count")?.unwrap_or(0),
        failed_auth_at: row.opt_time("failed_auth_at")?,
        password: password_from(&row)?,
    }))
}

/// Stores a new user of this driver with its options and links. A taken name is
/// [`Error::DuplicateKey`], a taken link [`Error::Conflict`].
pub async fn insert_user(s: &mut Session, user: &User) -> Result<()> {
    insert_account(s, user).await?;
    s.execute(
        sql(
            "INSERT INTO local_user (user_id, domain_id, name, failed_auth_count) \
             VALUES (?, ?, ?, 0)",
        )
        .bind(&user.id)
        .bind(&user.domain_id)
        .bind(&user.name),
    )
    .await?;
    options::set(s, &user.id, &user.options).await?;
    insert_links(s, &user.id, &user.name, &user.federated).await?;
    s.touch(Area::Identity);
    Ok(())
}

/// Stores a new user whom only identity providers know; the name is what they call it. A taken id is
/// [`Error::DuplicateKey`], a taken link [`Error::Conflict`].
pub async fn insert_federated_user(s: &mut Session, user: &User) -> Result<()> {
    insert_account(s, user).await?;
    insert_links(s, &user.id, &user.name, &user.federated).await?;
    s.touch(Area::Identity);
    Ok(())
}

/// The row that users of every kind have.
async fn insert_account(s: &mut Session, user: &User) -> Result<()> {
    s.execute(
        sql(
            r#"INSERT INTO "user" (id, domain_id, enabled, default_project_id, created_at,
                 last_active_at, extra) VALUES (?, ?, ?, ?, ?, ?, ?)"#,
        )
        .bind(&user.id)
        .bind(&user.domain_id)
        .bind(user.enabled)
        .bind(user.default_project_id.as_ref())
        .bind(user.created_at)
        .bind(user.last_active_at)
        .bind(&Value::Object(user.extra.clone())),
    )
    .await?;
    Ok(())
}

/// Keeps a record of a user of another directory, as Keystone does at the first login. A name that
/// belonged to somebody who is not there any more is the new one's.
///
/// No cache need learn of it: such users are read from their directory.
pub async fn insert_shadow(s: &mut Session, user: &User) -> Result<()> {
    s.execute(
        sql(
            r#"INSERT INTO "user" (id, domain_id, enabled, default_project_id, created_at, extra)
               VALUES (?, ?, ?, ?, ?, ?)"#,
        )
        .bind(&user.id)
        .bind(&user.domain_id)
        .bind(user.enabled)
        .bind(user.default_project_id.as_ref())
        .bind(user.created_at)
        .bind(&Value::Object(user.extra.clone())),
    )
    .await?;
    s.execute(
        sql("DELETE FROM nonlocal_user WHERE domain_id = ? AND name = ?")
            .bind(&user.domain_id)
            .bind(&user.name),
    )
    .await?;
    s.execute(
        sql("INSERT INTO nonlocal_user (domain_id, name, user_id) VALUES (?, ?, ?)")
            .bind(&user.domain_id)
            .bind(&user.name)
            .bind(&user.id),
    )
    .await?;
    Ok(())
}

async fn insert_links(
    s: &mut Session,
    user: &UserId,
    display_name: &str,
    links: &[FederatedLink],
) -> Result<()> {
    for link in links {
        s.execute(
            sql("INSERT INTO federated_user \
                   (user_id, idp_id, protocol_id, unique_id, display_name) VALUES (?, ?, ?, ?, ?)")
            .bind(user)
            .bind(&link.idp_id)
            .bind(&link.protocol_id)
            .bind(&link.unique_id)
            .bind(display_name),
        )
        .await
        .map_err(|error| {
            error.or_conflict(|| {
                format!(
                    "Another user is {} of identity provider {} already.",
                    link.unique_id, link.idp_id
                )
            })
        })?;
    }
    Ok(())
}

/// Stores changes of a user, who was read as `current`. A taken name is [`Error::DuplicateKey`], a
/// taken link [`Error::Conflict`].
pub async fn update_user(s: &mut Session, current: &User, changes: &UserChanges) -> Result<()> {
    let mut columns = Vec::new();
    if !changes.extra.is_empty() {
        let mut extra = current.extra.clone();
        extra.extend(changes.extra.clone());
        columns.push(("extra", (&Value::Object(extra)).into()));
    }
    if let Some(project) = &changes.default_project_id {
        columns.push(("default_project_id", project.as_ref().into()));
    }
    if let Some(enabled) = changes.enabled {
        columns.push(("enabled", enabled.into()));
    }
    // A column that nobody asked to change may be another's to change at the same time.
    if !columns.is_empty() {
        let statement = sql(r#"UPDATE "user" SET"#).push_set(columns);
        s.execute(statement.push(" WHERE id = ?").bind(&current.id))
            .await?;
    }
    if let Some(name) = &changes.name {
        rename(s, &current.id, name).await?;
    }
    if let Some(links) = &changes.federated {
        s.execute(sql("DELETE FROM federated_user WHERE user_id = ?").bind(&current.id))
            .await?;
        let name = changes.name.as_deref().unwrap_or(&current.name);
        insert_links(s, &current.id, name, links).await?;
    }
    if let Some(changed) = &changes.options {
        options::set(s, &current.id, changed).await?;
    }
    s.touch(Area::Identity);
    Ok(())
}

async fn rename(s: &mut Session, user: &UserId, name: &str) -> Result<()> {
    let mut renamed = 0;
    for statement in [
        "UPDATE local_user SET name = ? WHERE user_id = ?",
        "UPDATE nonlocal_user SET name = ? WHERE user_id = ?",
        "UPDATE federated_user SET display_name = ? WHERE user_id = ?",
    ] {
        renamed += s.execute(sql(statement).bind(name).bind(user)).await?;
    }
    if renamed == 0 {
        return Err(Error::bad_request(format!(
            "User {user} has no name that could be changed here."
        )));
    }
    Ok(())
}

/// Remembers the day of a login, for `disable_user_account_days_inactive`.
pub async fn record_activity(s: &mut Session, user: &UserId, day: NaiveDate) -> Result<()> {
    s.execute(activity(user, day)).await?;
    Ok(())
}

/// As [`record_activity`], in a transaction of its own.
pub async fn record_login(db: &Db, user: &UserId, day: NaiveDate) -> Result<()> {
    db.execute(activity(user, day)).await?;
    Ok(())
}

fn activity(user: &UserId, day: NaiveDate) -> Sql {
    sql(r#"UPDATE "user" SET last_active_at = ?
           WHERE id = ? AND (last_active_at IS NULL OR last_active_at < ?)"#)
    .bind(day)
    .bind(user)
    .bind(day)
}

/// Lets those who never logged in, or not since that is remembered, count as active on a day; returns
/// their number.
pub async fn reset_last_active(s: &mut Session, day: NaiveDate) -> Result<u64> {
    let reset = s
        .execute(
            sql(r#"UPDATE "user" SET last_active_at = ? WHERE last_active_at IS NULL"#).bind(day),
        )
        .await?;
    s.touch(Area::Identity);
    Ok(reset)
}

/// Clears a project that is about to go from the users who have it as their default.
pub async fn clear_default_project(s: &mut Session, project: &ProjectId) -> Result<()> {
    s.execute(
        sql(r#"UPDATE "user" SET default_project_id = NULL WHERE default_project_id = ?"#)
            .bind(project),
    )
    .await?;
    s.touch(Area::Identity);
    Ok(())
}
