//! Roles and their options: `role`, `role_option`.

use super::super::db::{Area, Row, Session, sql};
use super::super::listed::Listed;
use crate::error::{Error, Result};
use crate::model::list::{ListHints, Page};
use crate::model::{DomainId, NO_DOMAIN, Role, RoleId};
use serde_json::{Map, Value};

/// `role_option.option_id` of `immutable`, the only option a role has.
const IMMUTABLE: &str = "IMMU";

/// The start of every query for whole roles; conditions name the role's columns with `r.`.
pub(super) const SELECT: &str = "SELECT r.id, r.name, r.domain_id, r.description, r.extra, o.option_value AS immutable \
     FROM role r LEFT JOIN role_option o ON o.role_id = r.id AND o.option_id = 'IMMU'";

const LISTED: Listed<Role> = Listed {
    key: "r.id",
    columns: &[("name", "r.name")],
    from: role_from,
    id: |role| &role.id,
    text: |role, attribute| match attribute {
        "name" => Some(role.name.clone()),
        _ => None,
    },
};

/// Roles from rows of [`SELECT`].
pub(super) fn collect(rows: &[Row]) -> Result<Vec<Role>> {
    rows.iter().map(role_from).collect()
}

fn role_from(row: &Row) -> Result<Role> {
    let mut options = Map::new();
    match row.json("immutable")? {
        Value::Null => {}
        value => {
            options.insert("immutable".to_owned(), value);
        }
    }
    let extra = match row.json("extra")? {
        Value::Object(extra) => extra,
        Value::Null => Map::new(),
        _ => return Err(Error::internal("role.extra is not a JSON object")),
    };
    let domain_id: DomainId = row.id("domain_id")?;
    Ok(Role {
        id: row.id("id")?,
        name: row.text("name")?,
        domain_id: (domain_id != NO_DOMAIN).then_some(domain_id),
        description: row.opt_text("description")?,
        options,
        extra,
    })
}

/// What the `domain_id` column holds.
fn domain_column(domain_id: Option<&DomainId>) -> &str {
    domain_id.map_or(NO_DOMAIN, DomainId::as_str)
}

/// The role with this id.
pub async fn role(s: &mut Session, id: &RoleId) -> Result<Option<Role>> {
    let row = s
        .fetch_optional(sql(SELECT).push(" WHERE r.id = ?").bind(id))
        .await?;
    row.as_ref().map(role_from).transpose()
}

/// The roles with these ids, in order of id; unknown ids are left out.
pub async fn roles_by_id(
    s: &mut Session,
    ids: impl IntoIterator<Item = &RoleId>,
) -> Result<Vec<Role>> {
    let query = sql(SELECT).push(" WHERE").push_in("r.id", ids);
    collect(&s.fetch_all(query.push(" ORDER BY r.id")).await?)
}

/// Ids of the roles with this name, of whichever domain or of none.
pub async fn role_ids_by_name(s: &mut Session, name: &str) -> Result<Vec<RoleId>> {
    s.fetch_all(sql("SELECT id FROM role WHERE name = ?").bind(name))
        .await?
        .iter()
        .map(|row| row.id("id"))
        .collect()
}

/// The roles with this name, of whichever domain or of none, in order of id.
pub async fn roles_by_name(s: &mut Session, name: &str) -> Result<Vec<Role>> {
    let query = sql(SELECT).push(" WHERE r.name = ? ORDER BY r.id");
    collect(&s.fetch_all(query.bind(name)).await?)
}

/// The global roles, or those of one domain, in order of id. Filters: `name`.
pub async fn roles(
    s: &mut Session,
    domain_id: Option<&DomainId>,
    hints: &ListHints,
) -> Result<Page<Role>> {
    let statement = sql(SELECT)
        .push(" WHERE r.domain_id = ?")
        .bind(domain_column(domain_id));
    LISTED.page(s, statement, hints).await
}

/// Adds a role; [`Error::DuplicateKey`] when its name is taken in its domain.
pub async fn insert_role(s: &mut Session, role: &Role) -> Result<()> {
    s.execute(
        sql("INSERT INTO role (id, name, domain_id, description, extra) VALUES (?, ?, ?, ?, ?)")
            .bind(&role.id)
            .bind(&role.name)
            .bind(domain_column(role.domain_id.as_ref()))
            .bind(role.description.as_deref())
            .bind(&Value::Object(role.extra.clone())),
    )
    .await?;
    insert_options(s, role).await?;
    s.touch(Area::Assignment);
    Ok(())
}

/// Writes a role anew, except its id and domain; [`Error::DuplicateKey`] when its name is taken.
pub async fn update_role(s: &mut Session, role: &Role) -> Result<()> {
    s.execute(
        sql("UPDATE role SET name = ?, description = ?, extra = ? WHERE id = ?")
            .bind(&role.name)
            .bind(role.description.as_deref())
            .bind(&Value::Object(role.extra.clone()))
            .bind(&role.id),
    )
    .await?;
    s.execute(sql("DELETE FROM role_option WHERE role_id = ?").bind(&role.id))
        .await?;
    insert_options(s, role).await?;
    s.touch(Area::Assignment);
    Ok(())
}

async fn insert_options(s: &mut Session, role: &Role) -> Result<()> {
    let Some(immutable) = role
        .options
        .get("immutable")
        .filter(|value| !value.is_null())
    else {
        return Ok(());
    };
    s.execute(
        sql("INSERT INTO role_option (role_id, option_id, option_value) VALUES (?, ?, ?)")
            .bind(&role.id)
            .bind(IMMUTABLE)
            .bind(immutable.to_string()),
    )
    .await?;
    Ok(())
}

/// Removes a role with everything that hangs on it: options, inference rules, grants, its place in
/// application credentials, and every application credential of a user and project where the user
/// was granted the role directly, as those credentials were made from roles that changed.
///
/// False when there was no such role.
pub async fn delete_role(s: &mut Session, id: &RoleId) -> Result<bool> {
    delete_application_credentials_built_on(s, id).await?;
    super::delete_of_role(s, id).await?;
    s.execute(
        sql("DELETE FROM implied_role WHERE prior_role_id = ? OR implied_role_id = ?")
            .bind(id)
            .bind(id),
    )
    .await?;
    s.execute(sql("DELETE FROM role_option WHERE role_id = ?").bind(id))
        .await?;
    let deleted = s
        .execute(sql("DELETE FROM role WHERE id = ?").bind(id))
        .await?;
    s.touch(Area::Assignment);
    Ok(deleted > 0)
}

async fn delete_application_credentials_built_on(s: &mut Session, role: &RoleId) -> Result<()> {
    let rows = s
        .fetch_all(
            sql(
                "SELECT c.internal_id FROM application_credential c JOIN assignment a \
                 ON a.type = 'UserProject' AND a.actor_id = c.user_id \
                 AND a.target_id = c.project_id WHERE a.role_id = ?",
            )
            .bind(role),
        )
        .await?;
    let ids: Vec<i64> = rows
        .iter()
        .map(|row| row.int("internal_id"))
        .collect::<Result<_>>()?;
    for some in ids.chunks(super::MOST_BOUND_IDS) {
        for (table, column) in [
            ("application_credential_role", "application_credential_id"),
            (
                "application_credential_access_rule",
                "application_credential_id",
            ),
            ("application_credential", "internal_id"),
        ] {
            s.execute(
                sql("DELETE FROM ")
                    .push(table)
                    .push(" WHERE")
                    .push_in(column, some.iter().copied()),
            )
            .await?;
        }
    }
    s.execute(sql("DELETE FROM application_credential_role WHERE role_id = ?").bind(role))
        .await?;
    s.touch(Area::Credential);
    Ok(())
}
