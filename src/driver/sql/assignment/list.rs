//! Listings of grants as they were made, page by page.
//!
//! The order is that of the tables' primary keys, one type of grant after the other, so that a page
//! is read from an index, wherever it begins. Types are a column of text, of an enum or of another
//! enum; asking for them one by one gives all databases the same order.

mod conditions;
mod kinds;

use super::super::db::{Row, Session};
use super::effective::Holder;
use crate::error::{Error, Result};
use crate::model::list::Page;
use crate::model::{Actor, Assignment, AssignmentTarget, DomainId, ProjectId, RoleId};
use conditions::{push_holders, push_limit, push_places, push_rest, push_start, select, with};
use kinds::{KINDS, Kind};

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
