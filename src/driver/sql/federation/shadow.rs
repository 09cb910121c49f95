//! What is kept here of users whom identity providers vouch for: the links of accounts to them, and
//! the groups that their assertions gave.

use crate::driver::sql::db::{Area, Session, sql};
use crate::error::Result;
use crate::model::{FederatedLink, GroupId, IdpId, ProtocolId, Timestamp, UserId};

/// Longer lists of groups are bound to several statements.
const GROUPS_PER_STATEMENT: usize = 500;

/// An account as a link leads to it.
#[derive(Clone, Debug)]
pub struct LinkedUser {
    pub user_id: UserId,
    pub display_name: Option<String>,
}

/// Makes the logins of one user take turns: until this transaction is over, no other gets beyond its
/// own call of this. To be its first statement. There is nothing to wait for before the first login.
pub async fn take_turn_of_user(s: &mut Session, link: &FederatedLink) -> Result<()> {
    let statement = sql(r#"UPDATE "user" SET enabled = enabled WHERE id =
             (SELECT f.user_id FROM federated_user f
               WHERE f.idp_id = ? AND f.protocol_id = ? AND f.unique_id = ?)"#)
    .bind(&link.idp_id)
    .bind(&link.protocol_id)
    .bind(&link.unique_id);
    s.execute(statement).await?;
    Ok(())
}

/// The account that a link leads to.
pub async fn linked_user(s: &mut Session, link: &FederatedLink) -> Result<Option<LinkedUser>> {
    let statement = sql(
        "SELECT user_id, unique_id, display_name FROM federated_user \
         WHERE idp_id = ? AND protocol_id = ? AND unique_id = ?",
    )
    .bind(&link.idp_id)
    .bind(&link.protocol_id)
    .bind(&link.unique_id);
    let Some(row) = s.fetch_optional(statement).await? else {
        return Ok(None);
    };
    // MySQL takes `Alice` and `alice` for the same; they are not.
    if row.text("unique_id")? != link.unique_id {
        return Ok(None);
    }
    Ok(Some(LinkedUser {
        user_id: row.id("user_id")?,
        display_name: row.opt_text("display_name")?,
    }))
}

/// Stores the name by which an identity provider calls a user now.
pub async fn set_display_name(s: &mut Session, link: &FederatedLink, name: &str) -> Result<()> {
    let statement = sql("UPDATE federated_user SET display_name = ? \
         WHERE idp_id = ? AND protocol_id = ? AND unique_id = ?")
    .bind(name)
    .bind(&link.idp_id)
    .bind(&link.protocol_id)
    .bind(&link.unique_id);
    s.execute(statement).await?;
    s.touch(Area::Identity);
    Ok(())
}

/// The groups that a user is in, or was, because an identity provider said so.
pub async fn groups_given(s: &mut Session, user: &UserId, idp: &IdpId) -> Result<Vec<GroupId>> {
    let statement = sql("SELECT group_id FROM expiring_user_group_membership \
         WHERE user_id = ? AND idp_id = ? ORDER BY group_id")
    .bind(user)
    .bind(idp);
    let rows = s.fetch_all(statement).await?;
    rows.iter().map(|row| row.id("group_id")).collect()
}

/// Puts a user into groups, until the time that the identity provider's memberships last. Groups that
/// are gone are left out.
pub async fn give_groups(
    s: &mut Session,
    user: &UserId,
    idp: &IdpId,
    groups: &[GroupId],
    now: Timestamp,
) -> Result<()> {
    for some in groups.chunks(GROUPS_PER_STATEMENT) {
        let statement = sql(r#"INSERT INTO expiring_user_group_membership
                 (user_id, group_id, idp_id, last_verified)
               SELECT u.id, g.id, i.id, ? FROM "user" u, "group" g, identity_provider i
               WHERE u.id = ? AND i.id = ? AND"#)
        .bind(now)
        .bind(user)
        .bind(idp)
        .push_in("g.id", some);
        s.execute(statement).await?;
        s.touch(Area::Identity);
    }
    Ok(())
}

/// Takes a user out of groups that an identity provider put it into.
pub async fn take_groups(
    s: &mut Session,
    user: &UserId,
    idp: &IdpId,
    groups: &[GroupId],
) -> Result<()> {
    for some in groups.chunks(GROUPS_PER_STATEMENT) {
        let statement =
            sql("DELETE FROM expiring_user_group_membership WHERE user_id = ? AND idp_id = ? AND")
                .bind(user)
                .bind(idp)
                .push_in("group_id", some);
        s.execute(statement).await?;
        s.touch(Area::Identity);
    }
    Ok(())
}

/// Notes that an identity provider has said again that a user is in its groups.
///
/// No area is touched: those who have a membership keep it, and each login would make everybody's
/// tokens be looked up anew.
pub async fn confirm_groups(
    s: &mut Session,
    user: &UserId,
    idp: &IdpId,
    now: Timestamp,
) -> Result<()> {
    let statement = sql(
        "UPDATE expiring_user_group_membership SET last_verified = ? \
         WHERE user_id = ? AND idp_id = ?",
    )
    .bind(now)
    .bind(user)
    .bind(idp);
    s.execute(statement).await?;
    Ok(())
}

/// The identity provider that calls itself by a name.
pub async fn idp_of_remote_id(s: &mut Session, remote_id: &str) -> Result<Option<IdpId>> {
    let statement = sql("SELECT idp_id, remote_id FROM idp_remote_ids WHERE remote_id = ?");
    let Some(row) = s.fetch_optional(statement.bind(remote_id)).await? else {
        return Ok(None);
    };
    match row.text("remote_id")? == remote_id {
        true => row.opt_id("idp_id"),
        false => Ok(None),
    }
}

/// The variables in which the identity providers that have a protocol of this name give their remote
/// ids, in order of provider; `None` for each that has no variable of its own.
pub async fn remote_id_attributes(
    s: &mut Session,
    protocol: &ProtocolId,
) -> Result<Vec<Option<String>>> {
    let statement = sql("SELECT remote_id_attribute FROM federation_protocol \
         WHERE id = ? ORDER BY idp_id");
    let rows = s.fetch_all(statement.bind(protocol)).await?;
    rows.iter()
        .map(|row| row.opt_text("remote_id_attribute"))
        .collect()
}
