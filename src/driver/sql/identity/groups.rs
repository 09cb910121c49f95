//! Groups.

use serde_json::Value;

use super::super::listed::Listed;
use super::users::IDS_PER_STATEMENT;
use crate::driver::sql::db::{Area, Row, Session, sql};
use crate::error::Result;
use crate::model::list::{ListHints, Page};
use crate::model::{DomainId, Group, GroupId};

/// The columns that [`group_from`] reads, of a table called `g`.
macro_rules! group_columns {
    () => {
        "g.id, g.domain_id, g.name, g.description, g.extra"
    };
}
pub(super) use group_columns;

const LIST: Listed<Group> = Listed {
    key: "g.id",
    columns: &[("name", "g.name")],
    from: group_from,
    id: |group| &group.id,
    text: |group, attribute| (attribute == "name").then(|| group.name.clone()),
};

pub(super) fn group_from(row: &Row) -> Result<Group> {
    Ok(Group {
        id: row.id("id")?,
        domain_id: row.id("domain_id")?,
        name: row.text("name")?,
        description: row.opt_text("description")?,
        extra: row.object("extra")?,
    })
}

/// The group with this id.
pub async fn group(s: &mut Session, id: &GroupId) -> Result<Option<Group>> {
    let row = s
        .fetch_optional(
            sql(concat!(
                "SELECT ",
                group_columns!(),
                r#" FROM "group" g WHERE g.id = ?"#
            ))
            .bind(id),
        )
        .await?;
    row.as_ref().map(group_from).transpose()
}

/// The group of this name in a domain.
pub async fn group_by_name(
    s: &mut Session,
    domain: &DomainId,
    name: &str,
) -> Result<Option<Group>> {
    let row = s
        .fetch_optional(
            sql(concat!(
                "SELECT ",
                group_columns!(),
                r#" FROM "group" g WHERE g.domain_id = ? AND g.name = ?"#
            ))
            .bind(domain)
            .bind(name),
        )
        .await?;
    row.as_ref().map(group_from).transpose()
}

/// The groups with these ids, in order of id; missing ones are left out.
pub async fn groups_by_ids(s: &mut Session, ids: &[GroupId]) -> Result<Vec<Group>> {
    let mut groups = Vec::with_capacity(ids.len());
    for ids in ids.chunks(IDS_PER_STATEMENT) {
        let statement = sql(concat!(
            "SELECT ",
            group_columns!(),
            r#" FROM "group" g WHERE"#
        ))
        .push_in("g.id", ids);
        for row in s.fetch_all(statement).await? {
            groups.push(group_from(&row)?);
        }
    }
    groups.sort_unstable_by(|left: &Group, right| left.id.cmp(&right.id));
    Ok(groups)
}

/// A page of groups, of all domains or of one. Only filters on `name` are known.
pub async fn groups(
    s: &mut Session,
    hints: &ListHints,
    domain: Option<&DomainId>,
) -> Result<Page<Group>> {
    let mut statement = sql(concat!(
        "SELECT ",
        group_columns!(),
        r#" FROM "group" g WHERE 1 = 1"#
    ));
    if let Some(domain) = domain {
        statement = statement.push(" AND g.domain_id = ?").bind(domain);
    }
    let mut hints = hints.clone();
    hints.filters.retain(|filter| filter.attribute == "name");
    LIST.page(s, statement, &hints).await
}

/// The ids of a domain's groups.
pub async fn group_ids_of_domain(s: &mut Session, domain: &DomainId) -> Result<Vec<GroupId>> {
    let rows = s
        .fetch_all(sql(r#"SELECT id FROM "group" WHERE domain_id = ? ORDER BY id"#).bind(domain))
        .await?;
    rows.iter().map(|row| row.id("id")).collect()
}

/// Stores a new group. A taken name is [`crate::Error::DuplicateKey`].
pub async fn insert_group(s: &mut Session, group: &Group) -> Result<()> {
    s.execute(
        sql(
            r#"INSERT INTO "group" (id, domain_id, name, description, extra)
               VALUES (?, ?, ?, ?, ?)"#,
        )
        .bind(&group.id)
        .bind(&group.domain_id)
        .bind(&group.name)
        .bind(group.description.as_deref())
        .bind(&Value::Object(group.extra.clone())),
    )
    .await?;
    s.touch(Area::Identity);
    Ok(())
}

/// Stores what a group has become. A taken name is [`crate::Error::DuplicateKey`].
pub async fn update_group(s: &mut Session, group: &Group) -> Result<()> {
    s.execute(
        sql(r#"UPDATE "group" SET name = ?, description = ?, extra = ? WHERE id = ?"#)
            .bind(&group.name)
            .bind(group.description.as_deref())
            .bind(&Value::Object(group.extra.clone()))
            .bind(&group.id),
    )
    .await?;
    s.touch(Area::Identity);
    Ok(())
}

/// Removes a group and its memberships; false when there is none. Assignments are their owner's.
pub async fn delete_group(s: &mut Session, id: &GroupId) -> Result<bool> {
    for statement in [
        "DELETE FROM user_group_membership WHERE group_id = ?",
        "DELETE FROM expiring_user_group_membership WHERE group_id = ?",
        "DELETE FROM id_mapping WHERE public_id = ? AND entity_type = 'group'",
    ] {
        s.execute(sql(statement).bind(id)).await?;
    }
    let deleted = s
        .execute(sql(r#"DELETE FROM "group" WHERE id = ?"#).bind(id))
        .await?;
    s.touch(Area::Identity);
    Ok(deleted > 0)
}
