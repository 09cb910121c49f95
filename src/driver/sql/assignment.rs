//! Grants: the rows of `assignment` and `system_assignment`.
//!
//! Both tables have all their columns in the primary key and no foreign keys to actors and targets,
//! so whoever deletes a user, group, project, domain or role calls the matching `delete_…` here.
//! `assignment.type` is an enum on PostgreSQL and MySQL; its values are therefore always written as
//! literals, never bound.

pub mod effective;
pub mod implied;
pub mod list;
pub mod names;
pub mod role;

use super::db::{Area, Dialect, Session, Sql, sql};
use crate::error::Result;
use crate::model::{Actor, Assignment, AssignmentTarget, Role};
use crate::model::{DomainId, GroupId, ProjectId, RoleId, UserId};

/// `system_assignment.target_id` of every row.
const SYSTEM_TARGET: &str = "system";

/// Longer lists of ids are bound to several statements: databases limit the number of parameters.
const MOST_BOUND_IDS: usize = 500;

/// The value of the `type` column.
fn kind(actor: &Actor, target: &AssignmentTarget) -> &'static str {
    match (actor, target) {
        (Actor::User(_), AssignmentTarget::Project(_)) => "UserProject",
        (Actor::Group(_), AssignmentTarget::Project(_)) => "GroupProject",
        (Actor::User(_), AssignmentTarget::Domain(_)) => "UserDomain",
        (Actor::Group(_), AssignmentTarget::Domain(_)) => "GroupDomain",
        (Actor::User(_), AssignmentTarget::System) => "UserSystem",
        (Actor::Group(_), AssignmentTarget::System) => "GroupSystem",
    }
}

/// The table that holds grants on this target.
fn table(target: &AssignmentTarget) -> &'static str {
    match target {
        AssignmentTarget::System => "system_assignment",
        AssignmentTarget::Project(_) | AssignmentTarget::Domain(_) => "assignment",
    }
}

/// ` WHERE` the row is exactly this grant.
fn is_grant(start: Sql, grant: &Assignment) -> Sql {
    start
        .push(" WHERE type = '")
        .push(kind(&grant.actor, &grant.target))
        .push("' AND actor_id = ?")
        .bind(grant.actor.id())
        .push(" AND target_id = ?")
        .bind(grant.target.id())
        .push(" AND role_id = ? AND inherited = ?")
        .bind(&grant.role_id)
        .bind(grant.inherited)
}

/// Whether exactly this was granted.
pub async fn grant_exists(s: &mut Session, grant: &Assignment) -> Result<bool> {
    let found = sql("SELECT role_id FROM ").push(table(&grant.target));
    Ok(s.fetch_optional(is_grant(found, grant)).await?.is_some())
}

/// Grants; a grant that is there already stays as it is.
pub async fn insert_grant(s: &mut Session, grant: &Assignment) -> Result<()> {
    let keep_existing = match s.dialect() {
        Dialect::Sqlite | Dialect::Postgres => " ON CONFLICT DO NOTHING",
        Dialect::Mysql => " ON DUPLICATE KEY UPDATE role_id = role_id",
    };
    s.execute(
        sql("INSERT INTO ")
            .push(table(&grant.target))
            .push(" (type, actor_id, target_id, role_id, inherited) VALUES ('")
            .push(kind(&grant.actor, &grant.target))
            .push("', ?, ?, ?, ?)")
            .bind(grant.actor.id())
            .bind(grant.target.id())
            .bind(&grant.role_id)
            .bind(grant.inherited)
            .push(keep_existing),
    )
    .await?;
    s.touch(Area::Assignment);
    Ok(())
}

/// Takes a grant back; false when there was none.
pub async fn delete_grant(s: &mut Session, grant: &Assignment) -> Result<bool> {
    let delete = sql("DELETE FROM ").push(table(&grant.target));
    let deleted = s.execute(is_grant(delete, grant)).await?;
    s.touch(Area::Assignment);
    Ok(deleted > 0)
}

/// The roles that an actor was granted on a target, either the inherited ones or the others.
pub async fn granted_roles(
    s: &mut Session,
    actor: &Actor,
    target: &AssignmentTarget,
    inherited: bool,
) -> Result<Vec<Role>> {
    let query = sql(role::SELECT)
        .push(" JOIN ")
        .push(table(target))
        .push(" a ON a.role_id = r.id WHERE a.type = '")
        .push(kind(actor, target))
        .push("' AND a.actor_id = ? AND a.target_id = ? AND a.inherited = ? ORDER BY r.id")
        .bind(actor.id())
        .bind(target.id())
        .bind(inherited);
    role::collect(&s.fetch_all(query).await?)
}

/// What a user was granted on projects, as pairs of project and role; inherited grants are left out.
pub async fn granted_on_projects(
    s: &mut Session,
    user: &UserId,
) -> Result<Vec<(ProjectId, RoleId)>> {
    let query = sql("SELECT target_id, role_id FROM assignment \
         WHERE type = 'UserProject' AND actor_id = ? AND inherited = ? \
         ORDER BY target_id, role_id")
    .bind(user)
    .bind(false);
    let rows = s.fetch_all(query).await?;
    rows.iter()
        .map(|row| Ok((row.id("target_id")?, row.id("role_id")?)))
        .collect()
}

/// Removes everything a user was granted.
pub async fn delete_of_user(s: &mut Session, id: &UserId) -> Result<()> {
    s.execute(
        sql("DELETE FROM assignment WHERE actor_id = ? AND type IN ('UserProject', 'UserDomain')")
            .bind(id),
    )
    .await?;
    s.execute(
        sql("DELETE FROM system_assignment WHERE type = 'UserSystem' AND actor_id = ?").bind(id),
    )
    .await?;
    s.touch(Area::Assignment);
    Ok(())
}

/// Removes everything a group was granted; true when there was something.
pub async fn delete_of_group(s: &mut Session, id: &GroupId) -> Result<bool> {
    let on_resources = s
        .execute(
            sql("DELETE FROM assignment WHERE actor_id = ? \
                 AND type IN ('GroupProject', 'GroupDomain')")
            .bind(id),
        )
        .await?;
    let on_system = s
        .execute(
            sql("DELETE FROM system_assignment WHERE type = 'GroupSystem' AND actor_id = ?")
                .bind(id),
        )
        .await?;
    s.touch(Area::Assignment);
    Ok(on_resources + on_system > 0)
}

/// Removes everything that was granted on a project.
pub async fn delete_on_project(s: &mut Session, id: &ProjectId) -> Result<()> {
    s.execute(
        sql("DELETE FROM assignment WHERE target_id = ? \
             AND type IN ('UserProject', 'GroupProject')")
        .bind(id),
    )
    .await?;
    s.touch(Area::Assignment);
    Ok(())
}

/// Removes everything that was granted on a domain.
pub async fn delete_on_domain(s: &mut Session, id: &DomainId) -> Result<()> {
    s.execute(
        sql("DELETE FROM assignment WHERE target_id = ? \
             AND type IN ('UserDomain', 'GroupDomain')")
        .bind(id),
    )
    .await?;
    s.touch(Area::Assignment);
    Ok(())
}

/// Removes every grant of a role.
async fn delete_of_role(s: &mut Session, id: &RoleId) -> Result<()> {
    s.execute(sql("DELETE FROM assignment WHERE role_id = ?").bind(id))
        .await?;
    s.execute(sql("DELETE FROM system_assignment WHERE role_id = ?").bind(id))
        .await?;
    s.touch(Area::Assignment);
    Ok(())
}
