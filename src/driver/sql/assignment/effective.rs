//! What grants amount to: roles by membership, inheritance and implication, each in one statement.
//!
//! A grant on a project or domain that is marked inherited counts for everything below it and not
//! for the target itself. What is below is read from `project.parent_id`, whose chain ends in the
//! domain's own row, so one walk finds inherited grants on projects and on the domain alike.

use super::super::db::{Dialect, Row, Session, Sql, sql};
use super::{SYSTEM_TARGET, role};
use crate::error::Result;
use crate::model::Role;
use crate::model::{DomainId, GroupId, ProjectId, RoleId, Timestamp, UserId};

/// Whose roles are asked for.
#[derive(Clone, Copy, Debug)]
pub struct Holder<'a> {
    pub user_id: &'a UserId,
    /// Groups beyond the memberships in the database: those of a federated token, or of a user whose
    /// groups another driver keeps.
    pub group_ids: &'a [GroupId],
    pub clock: MembershipClock,
}

/// What decides whether a membership that federation gave still holds.
#[derive(Clone, Copy, Debug)]
pub struct MembershipClock {
    pub now: Timestamp,
    /// `[federation] default_authorization_ttl` in minutes, for identity providers without their own.
    pub default_ttl_minutes: i64,
}

/// A condition on rows of `expiring_user_group_membership e` joined with `identity_provider i`: the
/// membership has not ended. Binds the default lifetime and the time.
fn unexpired(query: Sql, dialect: Dialect, clock: MembershipClock) -> Sql {
    query
        .push(match dialect {
            Dialect::Sqlite => {
                "datetime(e.last_verified, '+' || COALESCE(NULLIF(i.authorization_ttl, 0), ?) \
                 || ' minutes') > datetime(?)"
            }
            Dialect::Postgres => {
                "e.last_verified + COALESCE(NULLIF(i.authorization_ttl, 0), ?) \
                 * INTERVAL '1 minute' > ?"
            }
            Dialect::Mysql => {
                "e.last_verified + INTERVAL COALESCE(NULLIF(i.authorization_ttl, 0), ?) MINUTE > ?"
            }
        })
        .bind(clock.default_ttl_minutes)
        .bind(clock.now)
}

/// A subquery's text: the ids of the holder's groups, column `group_id`. Of groups beyond those in the
/// database only such are named that were granted something.
pub(super) fn groups_of_holder(query: Sql, dialect: Dialect, holder: &Holder<'_>) -> Sql {
    let query = query
        .push("SELECT group_id FROM user_group_membership WHERE user_id = ?")
        .bind(holder.user_id)
        .push(
            " UNION SELECT e.group_id FROM expiring_user_group_membership e \
             JOIN identity_provider i ON i.id = e.idp_id WHERE e.user_id = ? AND ",
        )
        .bind(holder.user_id);
    let query = unexpired(query, dialect, holder.clock);
    let some_at_once = holder.group_ids.chunks(super::MOST_BOUND_IDS);
    some_at_once.fold(query, |query, group_ids| {
        query
            .push(" UNION SELECT actor_id FROM assignment WHERE type IN ('GroupProject', 'GroupDomain') AND")
            .push_in("actor_id", group_ids)
            .push(" UNION SELECT actor_id FROM system_assignment WHERE type = 'GroupSystem' AND")
            .push_in("actor_id", group_ids)
    })
}

/// `SELECT <columns>` of the holder's own grants and those of its groups, without duplicates, that
/// satisfy a condition; `condition` is appended to each half and may use the columns of `a`.
fn grants_of_holder(
    query: Sql,
    dialect: Dialect,
    holder: &Holder<'_>,
    columns: &str,
    condition: impl Fn(Sql) -> Sql,
) -> Sql {
    let query = query
        .push("SELECT ")
        .push(columns)
        .push(" FROM assignment a WHERE a.type IN ('UserProject', 'UserDomain') AND a.actor_id = ?")
        .bind(holder.user_id);
    let query = condition(query)
        .push(" UNION SELECT ")
        .push(columns)
        .push(" FROM assignment a JOIN (");
    let query = groups_of_holder(query, dialect, holder)
        .push(") m ON m.group_id = a.actor_id WHERE a.type IN ('GroupProject', 'GroupDomain')");
    condition(query)
}

/// Closes the CTE `effective(role_id)` over inference rules and reads the roles of it.
fn with_implied_roles(query: Sql) -> Sql {
    query.push(
        " UNION SELECT i.implied_role_id FROM implied_role i \
         JOIN effective e ON i.prior_role_id = e.role_id) ",
    )
}

async fn effective_roles(s: &mut Session, effective: Sql) -> Result<Vec<Role>> {
    let query = with_implied_roles(effective)
        .push(role::SELECT)
        .push(" JOIN effective e ON e.role_id = r.id ORDER BY r.id");
    role::collect(&s.fetch_all(query).await?)
}

/// The roles that a user has on a project, directly, through groups, inherited from the projects
/// above and the domain, and whatever all those imply. Domain-specific roles are among them; they
/// are not for tokens.
pub async fn roles_on_project(
    s: &mut Session,
    holder: &Holder<'_>,
    project_id: &ProjectId,
) -> Result<Vec<Role>> {
    let query = sql("WITH RECURSIVE above(id, parent_id, height) AS (\
         SELECT id, parent_id, 0 FROM project WHERE id = ? \
         UNION ALL SELECT p.id, p.parent_id, above.height + 1 FROM project p \
         JOIN above ON p.id = above.parent_id WHERE above.height < 100), \
         effective(role_id) AS (")
    .bind(project_id);
    let query = grants_of_holder(query, s.dialect(), holder, "a.role_id", |half| {
        half.push(
            " AND ((a.target_id = ? AND NOT a.inherited \
             AND a.type IN ('UserProject', 'GroupProject')) \
             OR (a.inherited AND a.target_id IN (SELECT id FROM above WHERE height > 0)))",
        )
        .bind(project_id)
    });
    effective_roles(s, query).await
}

/// The roles that a user has on a domain, directly, through groups and by implication. Grants on a
/// domain that are inherited by its projects do not count for the domain.
pub async fn roles_on_domain(
    s: &mut Session,
    holder: &Holder<'_>,
    domain_id: &DomainId,
) -> Result<Vec<Role>> {
    let query = sql("WITH RECURSIVE effective(role_id) AS (");
    let query = grants_of_holder(query, s.dialect(), holder, "a.role_id", |half| {
        half.push(
            " AND a.target_id = ? AND NOT a.inherited AND a.type IN ('UserDomain', 'GroupDomain')",
        )
        .bind(domain_id)
    });
    effective_roles(s, query).await
}

/// The roles that a user has on the system, directly, through groups and by implication.
pub async fn roles_on_system(s: &mut Session, holder: &Holder<'_>) -> Result<Vec<Role>> {
    let query = sql("WITH RECURSIVE effective(role_id) AS (\
         SELECT role_id FROM system_assignment \
         WHERE type = 'UserSystem' AND actor_id = ? AND target_id = ? \
         UNION SELECT a.role_id FROM system_assignment a JOIN (")
    .bind(holder.user_id)
    .bind(SYSTEM_TARGET);
    let query = groups_of_holder(query, s.dialect(), holder)
        .push(") m ON m.group_id = a.actor_id WHERE a.type = 'GroupSystem' AND a.target_id = ?")
        .bind(SYSTEM_TARGET);
    effective_roles(s, query).await
}

/// These roles and all that they imply. Ids of roles that do not exist are left out.
pub async fn with_implied(s: &mut Session, ids: &[RoleId]) -> Result<Vec<Role>> {
    let query =
        sql("WITH RECURSIVE effective(role_id) AS (SELECT id FROM role WHERE").push_in("id", ids);
    effective_roles(s, query).await
}

/// The CTE `counting(role_id)`: roles that a token can carry or that imply one. A grant of another
/// role, that is of a domain-specific one that implies nothing, gives access to nothing.
const COUNTING_ROLES: &str = "counting(role_id) AS (\
     SELECT id FROM role WHERE domain_id = '<<null>>' \
     UNION SELECT i.prior_role_id FROM implied_role i \
     JOIN counting c ON i.implied_role_id = c.role_id)";

/// `WITH theirs(id)`: the ids of the projects where a user has a role, enabled or not.
pub fn with_projects_of(dialect: Dialect, holder: &Holder<'_>) -> Sql {
    let query = sql("WITH RECURSIVE ")
        .push(COUNTING_ROLES)
        .push(", held(type, target_id, inherited) AS (");
    let columns = "a.type, a.target_id, a.inherited";
    grants_of_holder(query, dialect, holder, columns, |half| {
        half.push(" AND a.role_id IN (SELECT role_id FROM counting)")
    })
    .push(
        "), below(id) AS (\
         SELECT p.id FROM project p JOIN held h ON p.parent_id = h.target_id WHERE h.inherited \
         UNION SELECT p.id FROM project p JOIN below b ON p.parent_id = b.id), \
         theirs(id) AS (SELECT id FROM below UNION SELECT target_id FROM held \
         WHERE NOT inherited AND type IN ('UserProject', 'GroupProject')) ",
    )
}

/// `WITH theirs(id)`: the ids of the domains where a user has a role, enabled or not.
pub fn with_domains_of(dialect: Dialect, holder: &Holder<'_>) -> Sql {
    let query = sql("WITH RECURSIVE ")
        .push(COUNTING_ROLES)
        .push(", theirs(id) AS (");
    grants_of_holder(query, dialect, holder, "a.target_id", |half| {
        half.push(
            " AND NOT a.inherited AND a.type IN ('UserDomain', 'GroupDomain') \
             AND a.role_id IN (SELECT role_id FROM counting)",
        )
    })
    .push(") ")
}

/// Ids of the projects where a user has a role, enabled or not, in no order. Those that are not
/// `among` the ones asked for may be left out.
pub async fn project_ids_of(
    s: &mut Session,
    holder: &Holder<'_>,
    among: &[ProjectId],
) -> Result<Vec<ProjectId>> {
    let mut query = with_projects_of(s.dialect(), holder).push("SELECT id FROM theirs");
    if among.len() <= super::MOST_BOUND_IDS {
        query = query.push(" WHERE").push_in("id", among);
    }
    ids(&s.fetch_all(query).await?)
}

fn ids<T: From<String>>(rows: &[Row]) -> Result<Vec<T>> {
    rows.iter().map(|row| row.id("id")).collect()
}

/// Who is in which of these groups, as pairs; memberships that ended are left out.
pub async fn members_of(
    s: &mut Session,
    groups: &[GroupId],
    clock: MembershipClock,
) -> Result<Vec<(GroupId, UserId)>> {
    let mut pairs = Vec::new();
    for some in groups.chunks(super::MOST_BOUND_IDS) {
        let query = sql("SELECT group_id, user_id FROM user_group_membership WHERE")
            .push_in("group_id", some)
            .push(
                " UNION SELECT e.group_id, e.user_id FROM expiring_user_group_membership e \
                 JOIN identity_provider i ON i.id = e.idp_id WHERE",
            )
            .push_in("e.group_id", some)
            .push(" AND ");
        for row in s
            .fetch_all(unexpired(query, s.dialect(), clock))
            .await?
            .iter()
        {
            pairs.push((row.id("group_id")?, row.id("user_id")?));
        }
    }
    Ok(pairs)
}

/// For each of these projects or domains the projects below it, as pairs of (above, below).
pub async fn projects_below(
    s: &mut Session,
    tops: &[ProjectId],
) -> Result<Vec<(ProjectId, ProjectId)>> {
    let mut pairs = Vec::new();
    for some in tops.chunks(super::MOST_BOUND_IDS) {
        let query = sql("WITH RECURSIVE below(top, id) AS (\
             SELECT parent_id, id FROM project WHERE")
        .push_in("parent_id", some)
        .push(
            " UNION SELECT b.top, p.id FROM project p JOIN below b ON p.parent_id = b.id) \
             SELECT top, id FROM below",
        );
        for row in s.fetch_all(query).await?.iter() {
            pairs.push((row.id("top")?, row.id("id")?));
        }
    }
    Ok(pairs)
}

/// Ids of the projects above a project, its domain last.
pub async fn project_ids_above(s: &mut Session, project_id: &ProjectId) -> Result<Vec<ProjectId>> {
    let query = sql("WITH RECURSIVE above(id, parent_id, height) AS (\
         SELECT id, parent_id, 0 FROM project WHERE id = ? \
         UNION ALL SELECT p.id, p.parent_id, above.height + 1 FROM project p \
         JOIN above ON p.id = above.parent_id WHERE above.height < 100) \
         SELECT id FROM above WHERE height > 0 ORDER BY height")
    .bind(project_id);
    ids(&s.fetch_all(query).await?)
}
