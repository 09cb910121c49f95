//! Grants: the rows of `assignment` and `system_assignment`.
//!
//! Both tables have all their columns in the primary key and no foreign keys to actors and targets,
//! so whoever deletes a user, group, project, domain or role calls the matching `delete_…` here.
//! `assignment.type` is an enum on PostgreSQL and MySQL; its values are therefore always written as
//! literals, never bound.

pub mod effective;
pub mod implied;
pub mod names;
pub mod role;

use super::db::{Area, Dialect, Row, Session, Sql, sql};
use crate::error::{Error, Result};
use crate::model::{Actor, Assignment, AssignmentTarget, Role};
use crate::model::{DomainId, GroupId, ProjectId, RoleId, UserId};
use std::collections::HashSet;

/// `system_assignment.target_id` of every row.
const SYSTEM_TARGET: &str = "system";

/// More ids than this are compared in memory instead of being bound to the statement: databases
/// limit the number of parameters, and a long list hardly narrows the rows anyway.
const MOST_BOUND_IDS: usize = 500;

/// Which grants to list; `None` does not restrict.
#[derive(Clone, Debug, Default)]
pub struct AssignmentFilter {
    pub actors: Option<Vec<Actor>>,
    pub targets: Option<Vec<AssignmentTarget>>,
    pub role_id: Option<RoleId>,
    /// Of the grants on projects and domains; those on the system are listed either way, as Keystone
    /// does it.
    pub inherited: Option<bool>,
}

impl AssignmentFilter {
    /// Whether some target of the filter is the system (or any is welcome).
    fn wants_system(&self) -> bool {
        self.targets
            .as_ref()
            .is_none_or(|targets| targets.contains(&AssignmentTarget::System))
    }

    /// Whether some target of the filter is a project or a domain (or any is welcome).
    fn wants_resources(&self) -> bool {
        self.targets.as_ref().is_none_or(|targets| {
            targets
                .iter()
                .any(|target| *target != AssignmentTarget::System)
        })
    }
}

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

fn target_id(target: &AssignmentTarget) -> &str {
    match target {
        AssignmentTarget::Project(id) => id,
        AssignmentTarget::Domain(id) => id,
        AssignmentTarget::System => SYSTEM_TARGET,
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
        .bind(target_id(&grant.target))
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
            .bind(target_id(&grant.target))
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
        .bind(target_id(target))
        .bind(inherited);
    role::collect(&s.fetch_all(query).await?)
}

/// The grants that a filter describes, as they were made: nothing is expanded.
pub async fn assignments(s: &mut Session, filter: &AssignmentFilter) -> Result<Vec<Assignment>> {
    let mut found = Vec::new();
    if filter.wants_resources() {
        let query = restrict(sql("SELECT * FROM assignment WHERE 1 = 1"), filter, false);
        collect(&s.fetch_all(query).await?, filter, &mut found)?;
    }
    if filter.wants_system() {
        let query = restrict(
            sql("SELECT * FROM system_assignment WHERE 1 = 1"),
            filter,
            true,
        );
        collect(&s.fetch_all(query).await?, filter, &mut found)?;
    }
    Ok(found)
}

/// Adds the filter's conditions as far as they can be bound; [`collect`] checks the rest.
fn restrict(mut query: Sql, filter: &AssignmentFilter, system: bool) -> Sql {
    if let Some(actors) = filter.actors.as_ref().filter(is_bindable) {
        let users = actors.iter().filter_map(|actor| match actor {
            Actor::User(id) => Some(id),
            Actor::Group(_) => None,
        });
        let groups = actors.iter().filter_map(|actor| match actor {
            Actor::Group(id) => Some(id),
            Actor::User(_) => None,
        });
        query = query
            .push(if system {
                " AND ((type = 'UserSystem' AND"
            } else {
                " AND ((type IN ('UserProject', 'UserDomain') AND"
            })
            .push_in("actor_id", users)
            .push(if system {
                ") OR (type = 'GroupSystem' AND"
            } else {
                ") OR (type IN ('GroupProject', 'GroupDomain') AND"
            })
            .push_in("actor_id", groups)
            .push("))");
    }
    if let Some(targets) = filter.targets.as_ref().filter(is_bindable)
        && !system
    {
        let projects = targets.iter().filter_map(|target| match target {
            AssignmentTarget::Project(id) => Some(id),
            _ => None,
        });
        let domains = targets.iter().filter_map(|target| match target {
            AssignmentTarget::Domain(id) => Some(id),
            _ => None,
        });
        query = query
            .push(" AND ((type IN ('UserProject', 'GroupProject') AND")
            .push_in("target_id", projects)
            .push(") OR (type IN ('UserDomain', 'GroupDomain') AND")
            .push_in("target_id", domains)
            .push("))");
    }
    if let Some(role_id) = &filter.role_id {
        query = query.push(" AND role_id = ?").bind(role_id);
    }
    if let Some(inherited) = filter.inherited.filter(|_| !system) {
        query = query.push(" AND inherited = ?").bind(inherited);
    }
    query
}

fn is_bindable<T>(ids: &&Vec<T>) -> bool {
    ids.len() <= MOST_BOUND_IDS
}

/// Appends the rows that satisfy the filter's lists, bound or not.
fn collect(rows: &[Row], filter: &AssignmentFilter, found: &mut Vec<Assignment>) -> Result<()> {
    let actors: Option<HashSet<&Actor>> = filter.actors.as_ref().map(|ids| ids.iter().collect());
    let targets: Option<HashSet<&AssignmentTarget>> =
        filter.targets.as_ref().map(|ids| ids.iter().collect());
    for row in rows {
        let assignment = assignment_from(row)?;
        if actors
            .as_ref()
            .is_none_or(|ids| ids.contains(&assignment.actor))
            && targets
                .as_ref()
                .is_none_or(|ids| ids.contains(&assignment.target))
        {
            found.push(assignment);
        }
    }
    Ok(())
}

fn assignment_from(row: &Row) -> Result<Assignment> {
    let actor_id = row.text("actor_id")?;
    let target_id = row.text("target_id")?;
    let (actor, target) = match row.text("type")?.as_str() {
        "UserProject" => (
            Actor::User(actor_id.into()),
            AssignmentTarget::Project(target_id.into()),
        ),
        "GroupProject" => (
            Actor::Group(actor_id.into()),
            AssignmentTarget::Project(target_id.into()),
        ),
        "UserDomain" => (
            Actor::User(actor_id.into()),
            AssignmentTarget::Domain(target_id.into()),
        ),
        "GroupDomain" => (
            Actor::Group(actor_id.into()),
            AssignmentTarget::Domain(target_id.into()),
        ),
        "UserSystem" => (Actor::User(actor_id.into()), AssignmentTarget::System),
        "GroupSystem" => (Actor::Group(actor_id.into()), AssignmentTarget::System),
        other => {
            return Err(Error::internal(format_args!(
                "a role assignment has the unknown type {other}"
            )));
        }
    };
    Ok(Assignment {
        actor,
        target,
        role_id: row.id("role_id")?,
        inherited: row.bool("inherited")?,
    })
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
