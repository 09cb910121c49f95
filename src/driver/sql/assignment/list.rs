//! Listings of grants as they were made, page by page.
//!
//! The order is that of the tables' primary keys, one type of grant after the other, so that a page
//! is read from an index, wherever it begins. Types are a column of text, of an enum or of another
//! enum; asking for them one by one gives all databases the same order.

use super::super::db::{Dialect, Row, Session, Sql, sql};
use super::effective::{Holder, groups_of_holder};
use super::table;
use crate::error::{Error, Result};
use crate::model::list::Page;
use crate::model::{Actor, Assignment, AssignmentTarget};
use crate::model::{DomainId, GroupId, ProjectId, RoleId, UserId};

/// Whose grants.
#[derive(Clone, Copy, Debug, Default)]
pub enum Holders<'a> {
    #[default]
    Anyone,
    One(&'a Actor),
    /// A user's own and those of its groups.
    UserAndGroups(Holder<'a>),
}

/// Grants on what.
#[derive(Clone, Copy, Debug, Default)]
pub enum Places<'a> {
    /// Projects, domains and the system.
    #[default]
    Anywhere,
    /// Exactly this.
    Target(&'a AssignmentTarget),
    /// A project and all that is below it.
    Tree(&'a ProjectId),
    /// A domain and all its projects; what is granted on the domain itself only where it reaches them.
    DomainTree(&'a ProjectId),
    /// Wherever a grant reaches a project from: the project itself, and what is above it when the
    /// grant is inherited.
    Reaching(&'a ProjectId),
    /// As [`Reaching`](Self::Reaching), for the project or any below it.
    ReachingTree(&'a ProjectId),
}

/// Which grants to list.
#[derive(Clone, Debug, Default)]
pub struct GrantFilter<'a> {
    pub holders: Holders<'a>,
    pub places: Places<'a>,
    /// Any of these.
    pub role_ids: Option<Vec<RoleId>>,
    /// Of the grants on projects and domains; those on the system are listed either way, as Keystone
    /// does it.
    pub inherited: Option<bool>,
    /// Only on this domain and its projects.
    pub within: Option<&'a DomainId>,
    /// Whether the grants are read for what they amount to: then those on the system are left out.
    pub to_expand: bool,
}

/// The types of grants, in the order of listings.
const KINDS: [Kind; 6] = [
    Kind {
        position: 0,
        of_groups: false,
        on: On::Project,
    },
    Kind {
        position: 1,
        of_groups: true,
        on: On::Project,
    },
    Kind {
        position: 2,
        of_groups: false,
        on: On::Domain,
    },
    Kind {
        position: 3,
        of_groups: true,
        on: On::Domain,
    },
    Kind {
        position: 4,
        of_groups: false,
        on: On::System,
    },
    Kind {
        position: 5,
        of_groups: true,
        on: On::System,
    },
];

#[derive(Clone, Copy, PartialEq, Eq)]
struct Kind {
    position: usize,
    of_groups: bool,
    on: On,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum On {
    Project,
    Domain,
    System,
}

impl Kind {
    fn of(grant: &Assignment) -> usize {
        let on = match grant.target {
            AssignmentTarget::Project(_) => 0,
            AssignmentTarget::Domain(_) => 2,
            AssignmentTarget::System => 4,
        };
        on + usize::from(matches!(grant.actor, Actor::Group(_)))
    }

    /// A grant of this type.
    fn grant(self, actor_id: String, target_id: String) -> (Actor, AssignmentTarget) {
        let actor = match self.of_groups {
            true => Actor::Group(GroupId::from(actor_id)),
            false => Actor::User(UserId::from(actor_id)),
        };
        let target = match self.on {
            On::Project => AssignmentTarget::Project(target_id.into()),
            On::Domain => AssignmentTarget::Domain(target_id.into()),
            On::System => AssignmentTarget::System,
        };
        (actor, target)
    }
}

impl GrantFilter<'_> {
    /// Whether any grant of a type can be meant.
    fn wants(&self, kind: Kind) -> bool {
        let holder = match self.holders {
            Holders::One(Actor::User(_)) => !kind.of_groups,
            Holders::One(Actor::Group(_)) => kind.of_groups,
            Holders::Anyone | Holders::UserAndGroups(_) => true,
        };
        let place = match self.places {
            Places::Anywhere => true,
            Places::Target(AssignmentTarget::Project(_)) | Places::Tree(_) => {
                kind.on == On::Project
            }
            Places::Target(AssignmentTarget::Domain(_)) => kind.on == On::Domain,
            Places::Target(AssignmentTarget::System) => kind.on == On::System,
            Places::DomainTree(_) if !self.to_expand => kind.on == On::Project,
            // What is granted on a domain reaches its projects by inheritance alone.
            Places::DomainTree(_) | Places::Reaching(_) | Places::ReachingTree(_) => {
                match kind.on {
                    On::Project => true,
                    On::Domain => self.inherited != Some(false),
                    On::System => false,
                }
            }
        };
        let system = kind.on == On::System && (self.to_expand || self.within.is_some());
        holder && place && !system
    }
}

/// Where a page begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Start<'a> {
    First,
    /// At this grant, or what comes next if it is gone.
    At(&'a Assignment),
    After(&'a Assignment),
}

/// A page of the grants that a filter describes.
pub async fn grants(
    s: &mut Session,
    filter: &GrantFilter<'_>,
    start: Start<'_>,
    limit: Option<u64>,
) -> Result<Page<Assignment>> {
    let first = match start {
        Start::First => 0,
        Start::At(grant) | Start::After(grant) => Kind::of(grant),
    };
    let kinds = KINDS[first..].iter().filter(|kind| filter.wants(**kind));
    let dialect = s.dialect();
    let mut statement = with(filter);
    let mut is_empty = true;
    for kind in kinds {
        let joint = if is_empty { "" } else { " UNION ALL " };
        is_empty = false;
        statement = statement.push(joint).push("SELECT * FROM (").push(select(
            *kind,
            filter.places.are_walked(),
            dialect,
        ));
        statement = push_holders(statement, *kind, filter, dialect);
        statement = push_places(statement, *kind, filter);
        statement = push_rest(statement, *kind, filter);
        if kind.position == first {
            statement = push_start(statement, start);
        }
        let order = " ORDER BY a.actor_id, a.target_id, a.role_id, a.inherited";
        statement =
            push_limit(statement.push(order), limit).push(format!(") kind_{}", kind.position));
    }
    if is_empty {
        return Ok(Page::whole(Vec::new()));
    }
    let order = " ORDER BY kind, actor_id, target_id, role_id, inherited";
    let rows = s
        .fetch_all(push_limit(statement.push(order), limit))
        .await?;
    let grants = rows.iter().map(grant_from).collect::<Result<_>>()?;
    Ok(Page::cut(grants, limit))
}

impl Places<'_> {
    /// Whether the grants are looked up place by place. No database knows how few projects a walk finds;
    /// left to itself it reads the whole table in the order of the page.
    fn are_walked(&self) -> bool {
        matches!(self, Self::Tree(_) | Self::ReachingTree(_))
    }
}

/// What stands before the types: the ids of the projects and domains that `target_id` may be, of walked
/// ones with whether all grants there count or only the inherited ones.
fn with(filter: &GrantFilter<'_>) -> Sql {
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

fn select(kind: Kind, is_walked: bool, dialect: Dialect) -> String {
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
        super::kind(&actor, &target),
    )
}

fn push_holders(statement: Sql, kind: Kind, filter: &GrantFilter<'_>, dialect: Dialect) -> Sql {
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

fn push_places(statement: Sql, kind: Kind, filter: &GrantFilter<'_>) -> Sql {
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

fn push_rest(mut statement: Sql, kind: Kind, filter: &GrantFilter<'_>) -> Sql {
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
fn push_start(statement: Sql, start: Start<'_>) -> Sql {
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

fn push_limit(statement: Sql, limit: Option<u64>) -> Sql {
    match limit {
        // One more than asked for tells whether there is more.
        Some(limit) => statement
            .push(" LIMIT ?")
            .bind(i64::try_from(limit.saturating_add(1)).unwrap_or(i64::MAX)),
        None => statement,
    }
}

fn grant_from(row: &Row) -> Result<Assignment> {
    let kind = usize::try_from(row.int("kind")?)
        .ok()
        .and_then(|position| KINDS.get(position))
        .ok_or_else(|| Error::internal("a grant has none of the types that were asked for"))?;
    let (actor, target) = kind.grant(row.text("actor_id")?, row.text("target_id")?);
    Ok(Assignment {
        actor,
        target,
        role_id: row.id("role_id")?,
        inherited: row.bool("inherited")?,
    })
}
