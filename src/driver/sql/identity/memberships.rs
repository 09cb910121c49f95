//! Who is in which group: for good (`user_group_membership`) or, given by federation, for a time
//! (`expiring_user_group_membership`).

use std::cmp::Ordering;

use super::groups::{group_columns, group_from};
use crate::driver::sql::db::{Area, Row, Session, sql};
use crate::error::Result;
use crate::model::{GroupId, GroupOfUser, Timestamp, UserId};

const SECONDS_PER_MINUTE: i64 = 60;

/// When a membership ends: so many minutes, the provider's own or the default, after federation
/// last confirmed it. `None` for a permanent one.
fn expiry_from(row: &Row, default_ttl_minutes: i64) -> Result<Option<Timestamp>> {
    let Some(verified) = row.opt_time("last_verified")? else {
        return Ok(None);
    };
    // Zero says no more than NULL does.
    let own = row.opt_int("authorization_ttl")?.filter(|ttl| *ttl != 0);
    let minutes = own.unwrap_or(default_ttl_minutes);
    Ok(Some(
        verified.plus_seconds(minutes.saturating_mul(SECONDS_PER_MINUTE)),
    ))
}

/// The groups that a user is in now, in order of id. One that has both a permanent and an expiring
/// membership is there once, without an expiry.
///
/// `default_ttl_minutes` is `[federation] default_authorization_ttl`.
pub async fn groups_of_user(
    s: &mut Session,
    user: &UserId,
    default_ttl_minutes: i64,
    now: Timestamp,
) -> Result<Vec<GroupOfUser>> {
    // The half with typed columns comes first: it gives the NULLs of the other their types.
    let rows = s
        .fetch_all(
            sql(concat!(
                "SELECT ",
                group_columns!(),
                r#", m.last_verified, i.authorization_ttl
                   FROM expiring_user_group_membership m JOIN "group" g ON g.id = m.group_id
                   LEFT JOIN identity_provider i ON i.id = m.idp_id
                   WHERE m.user_id = ?
                   UNION ALL SELECT "#,
                group_columns!(),
                r#", NULL, NULL
                   FROM user_group_membership m JOIN "group" g ON g.id = m.group_id
                   WHERE m.user_id = ?"#
            ))
            .bind(user)
            .bind(user),
        )
        .await?;
    let mut memberships = Vec::with_capacity(rows.len());
    for row in &rows {
        let membership_expires_at = expiry_from(row, default_ttl_minutes)?;
        if membership_expires_at.is_none_or(|end| end > now) {
            memberships.push(GroupOfUser {
                group: group_from(row)?,
                membership_expires_at,
            });
        }
    }
    Ok(longest_of_each(memberships))
}

/// One membership per group: a permanent one if there is any, else the one that ends last.
fn longest_of_each(mut memberships: Vec<GroupOfUser>) -> Vec<GroupOfUser> {
    memberships.sort_by(|a, b| {
        a.group.id.cmp(&b.group.id).then_with(|| {
            match (a.membership_expires_at, b.membership_expires_at) {
                (None, None) => Ordering::Equal,
                (None, Some(_)) => Ordering::Less,
                (Some(_), None) => Ordering::Greater,
                (Some(a_end), Some(b_end)) => b_end.cmp(&a_end),
            }
        })
    });
    memberships.dedup_by(|later, kept| later.group.id == kept.group.id);
    memberships
}

/// Whether a user is in a group now, for good or for a time.
pub async fn is_member(
    s: &mut Session,
    user: &UserId,
    group: &GroupId,
    default_ttl_minutes: i64,
    now: Timestamp,
) -> Result<bool> {
    let rows = s
        .fetch_all(
            sql("SELECT m.last_verified, i.authorization_ttl \
                 FROM expiring_user_group_membership m \
                 LEFT JOIN identity_provider i ON i.id = m.idp_id \
                 WHERE m.user_id = ? AND m.group_id = ? \
                 UNION ALL \
                 SELECT NULL, NULL FROM user_group_membership WHERE user_id = ? AND group_id = ?")
            .bind(user)
            .bind(group)
            .bind(user)
            .bind(group),
        )
        .await?;
    for row in &rows {
        if expiry_from(row, default_ttl_minutes)?.is_none_or(|end| end > now) {
            return Ok(true);
        }
    }
    Ok(false)
}

/// The ids of a group's permanent members.
pub async fn member_ids(s: &mut Session, group: &GroupId) -> Result<Vec<UserId>> {
    let rows = s
        .fetch_all(
            sql("SELECT user_id FROM user_group_membership WHERE group_id = ? ORDER BY user_id")
                .bind(group),
        )
        .await?;
    rows.iter().map(|row| row.id("user_id")).collect()
}

/// Puts a user into a group for good; false when it was in it already, or one of the two is gone.
///
/// Two that add at once: one of them gets [`crate::Error::DuplicateKey`], which means the same.
pub async fn add_member(s: &mut Session, user: &UserId, group: &GroupId) -> Result<bool> {
    let added = s
        .execute(
            sql(r#"INSERT INTO user_group_membership (user_id, group_id)
                   SELECT u.id, g.id FROM "user" u, "group" g
                   WHERE u.id = ? AND g.id = ? AND NOT EXISTS (
                     SELECT 1 FROM user_group_membership m
                     WHERE m.user_id = u.id AND m.group_id = g.id)"#)
            .bind(user)
            .bind(group),
        )
        .await?;
    s.touch(Area::Identity);
    Ok(added > 0)
}

/// Takes a user out of a group; false when it was not a permanent member.
pub async fn remove_member(s: &mut Session, user: &UserId, group: &GroupId) -> Result<bool> {
    let removed = s
        .execute(
            sql("DELETE FROM user_group_membership WHERE user_id = ? AND group_id = ?")
                .bind(user)
                .bind(group),
        )
        .await?;
    s.touch(Area::Identity);
    Ok(removed > 0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Group;

    fn membership(group: &str, ends: Option<i64>) -> GroupOfUser {
        GroupOfUser {
            group: Group {
                id: group.into(),
                domain_id: "default".into(),
                name: group.to_owned(),
                description: None,
                extra: serde_json::Map::new(),
            },
            membership_expires_at: ends.and_then(Timestamp::from_seconds),
        }
    }

    #[test]
    fn a_permanent_membership_hides_an_expiring_one() {
        let memberships = longest_of_each(vec![
            membership("b", Some(5)),
            membership("a", Some(9)),
            membership("b", None),
            membership("a", Some(10)),
        ]);
        let seen: Vec<_> = memberships
            .iter()
            .map(|m| {
                (
                    m.group.id.as_str(),
                    m.membership_expires_at.map(Timestamp::seconds),
                )
            })
            .collect();
        assert_eq!(seen, [("a", Some(10)), ("b", None)]);
    }
}
