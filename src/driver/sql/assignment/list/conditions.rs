//! What a filter and a page's beginning mean in SQL.

use super::kinds::{Kind, On};
use super::{GrantFilter, Holders, Places, Start};
use crate::driver::sql::assignment::effective::groups_of_holder;
use crate::driver::sql::assignment::{kind as name_of_kind, table};
use crate::driver::sql::db::{Dialect, Sql, sql};

impl Places<'_> {
    /// Whether the grants are looked up place by place. No database knows how few projects a walk finds;
    /// left to itself it reads the whole table in the order of the page.
    pub(super) fn are_walked(&self) -> bool {
        matches!(self, Self::Tree(_) | Self::ReachingTree(_))
    }
}

/// What stands before the types: the ids of the projects and domains that `target_id` may be, of walked
/// ones with whether all grants there count or only the inherited ones.
pub(super) fn with(filter: &GrantFilter<'_>) -> Sql {
    const TREE: &str = "tree(id) AS (SELECT id FROM project WHERE id = ? \
         UNION SELECT p.id FROM project p JOIN tree t ON p.parent_id = t.id)";
    const ABOVE: &str = "above(id, parent_id) AS (SELECT id, parent_id FROM project WHERE id = ? \
         UNION SELECT p.id, p.parent_id FROM project p JOIN above a ON p.id = a.parent_id)";
    match filter.places {
        Places::Anywhere | Places::Target(_) | Places::DomainTree(_) => sql(""),
        Places::Tree(id) => sql("WITH RECURSIVE ")
            .push(TREE)
            .push(", reached(id, is_whole) AS (SELECT id, 1 FROM tree) ")
            .bind(id),
        Places::Reaching(id) => sql("WITH RECURSIVE ").push(ABOVE).push(" ").bind(id),
        Places::ReachingTree(id) => sql("WITH RECURSIVE ")
            .push(TREE)
            .push(", ")
            .push(ABOVE)
            .push(
                ", reached(id, is_whole) AS (SELECT id, 1 FROM tree \
                 UNION ALL SELECT id, 0 FROM above WHERE id <> ?) ",
            )
            .bind(id)
            .bind(id)
            .bind(id),
    }
}

pub(super) fn select(kind: Kind, is_walked: bool, dialect: Dialect) -> String {
    // Any ids will do: only the type is asked for.
    let (actor, target) = kind.grant(String::new(), String::new());
    let table = table(&target);
    let from = match (is_walked, dialect) {
        (false, _) => format!("{table} a"),
        // OFFSET keeps the order of the joins.
        (true, Dialect::Postgres) => format!(
            "reached r CROSS JOIN LATERAL \
             (SELECT * FROM {table} g WHERE g.target_id = r.id OFFSET 0) a"
        ),
        (true, Dialect::Mysql | Dialect::Sqlite) => {
            format!(
                "reached r {} {table} a ON a.target_id = r.id",
                dialect.ordered_join()
            )
        }
    };
    format!(
        "SELECT {} AS kind, a.actor_id, a.target_id, a.role_id, a.inherited \
         FROM {from} WHERE a.type = '{}'",
        kind.position,
        name_of_kind(&actor, &target),
    )
}

pub(super) fn push_holders(
    statement: Sql,
    kind: Kind,
    filter: &GrantFilter<'_>,
    dialect: Dialect,
) -> Sql {
    match filter.holders {
        Holders::Anyone => statement,
        Holders::One(actor) => statement.push(" AND a.actor_id = ?").bind(actor.id()),
        Holders::UserAndGroups(holder) if kind.of_groups => {
            let statement = statement.push(" AND a.actor_id IN (");
            groups_of_holder(statement, dialect, &holder).push(")")
        }
        Holders::UserAndGroups(holder) => {
            statement.push(" AND a.actor_id = ?").bind(holder.user_id)
        }
    }
}

pub(super) fn push_places(statement: Sql, kind: Kind, filter: &GrantFilter<'_>) -> Sql {
    match filter.places {
        Places::Anywhere => statement,
        Places::Target(target) => statement.push(" AND a.target_id = ?").bind(target.id()),
        Places::Tree(_) => statement,
        Places::DomainTree(id) => match kind.on {
            On::Project => statement
                .push(" AND a.target_id IN (SELECT id FROM project WHERE domain_id = ? OR id = ?)")
                .bind(id)
                .bind(id),
            _ => statement
                .push(" AND a.inherited AND a.target_id = ?")
                .bind(id),
        },
        Places::Reaching(id) => {
            let statement = statement.push(" AND a.target_id IN (SELECT id FROM above)");
            match kind.on {
                On::Project => statement
                    .push(" AND (a.inherited OR a.target_id = ?)")
                    .bind(id),
                _ => statement.push(" AND a.inherited"),
            }
        }
        Places::ReachingTree(_) => statement.push(match kind.on {
            On::Project => " AND (a.inherited OR r.is_whole = 1)",
            _ => " AND a.inherited",
        }),
    }
}

pub(super) fn push_rest(mut statement: Sql, kind: Kind, filter: &GrantFilter<'_>) -> Sql {
    if let Some(ids) = &filter.role_ids {
        statement = statement.push(" AND").push_in("a.role_id", ids);
    }
    if let Some(inherited) = filter.inherited.filter(|_| kind.on != On::System) {
        statement = statement.push(" AND a.inherited = ?").bind(inherited);
    }
    let Some(domain) = filter.within else {
        return statement;
    };
    match kind.on {
        On::Project if filter.to_expand => statement
            // What is inherited from the domain's row as a project reaches the domain's projects.
            .push(
                " AND a.target_id IN (SELECT id FROM project WHERE domain_id = ? OR id = ?) \
                 AND (a.inherited OR a.target_id <> ?)",
            )
            .bind(domain)
            .bind(domain)
            .bind(domain),
        On::Project => statement
            .push(" AND a.target_id IN (SELECT id FROM project WHERE domain_id = ?)")
            .bind(domain),
        _ => statement.push(" AND a.target_id = ?").bind(domain),
    }
}

/// The condition that a row comes after another one of its type. The first half alone says where in
/// the index to begin.
pub(super) fn push_start(statement: Sql, start: Start<'_>) -> Sql {
    let (grant, comparison) = match start {
        Start::First => return statement,
        Start::At(grant) => (grant, ">="),
        Start::After(grant) => (grant, ">"),
    };
    let (actor, target) = (grant.actor.id(), grant.target.id());
    statement
        .push(
            " AND a.actor_id >= ? AND (a.actor_id > ? OR a.target_id > ? OR (a.target_id = ? \
             AND (a.role_id > ? OR (a.role_id = ? AND a.inherited ",
        )
        .push(comparison)
        .push(" ?))))")
        .bind(actor)
        .bind(actor)
        .bind(target)
        .bind(target)
        .bind(&grant.role_id)
        .bind(&grant.role_id)
        .bind(grant.inherited)
}

pub(super) fn push_limit(statement: Sql, limit: Option<u64>) -> Sql {
    match limit {
        // One more than asked for tells whether there is more.
        Some(limit) => statement
            .push(" LIMIT ?")
            .bind(i64::try_from(limit.saturating_add(1)).unwrap_or(i64::MAX)),
        None => statement,
    }
}
