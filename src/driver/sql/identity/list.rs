//! Lists of users.

use chrono::{NaiveDate, NaiveTime};

use super::super::filter::{is_exact, keeps, push_filter};
use super::users::{IDS_PER_STATEMENT, select_user, user_columns, user_joins, users_from};
use crate::driver::sql::db::{Dialect, Session, Sql, sql};
use crate::error::Result;
use crate::model::list::{Filter, ListHints, Page};
use crate::model::{DomainId, GroupId, Timestamp, User, UserId};

/// How `password_expires_at` compares.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExpiryComparison {
    Less,
    LessOrEqual,
    Equal,
    NotEqual,
    GreaterOrEqual,
    Greater,
}

impl ExpiryComparison {
    fn operator(self) -> &'static str {
        match self {
            Self::Less => "<",
            Self::LessOrEqual => "<=",
            Self::Equal => "=",
            Self::NotEqual => "<>",
            Self::GreaterOrEqual => ">=",
            Self::Greater => ">",
        }
    }
}

/// A condition on the end of the current password. Passwords without an end meet none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PasswordExpiryFilter {
    pub comparison: ExpiryComparison,
    pub time: Timestamp,
}

/// Which users a list is about. Filters of `hints` on attributes other than `name` are ignored.
#[derive(Clone, Debug, Default)]
pub struct UserQuery {
    pub hints: ListHints,
    pub domain_id: Option<DomainId>,
    /// Permanent members of this group only.
    pub group_id: Option<GroupId>,
    pub enabled: Option<bool>,
    /// Who was active on this day last, or before, counts as disabled, unless an option exempts.
    pub inactive_since: Option<NaiveDate>,
    pub password_expires: Vec<PasswordExpiryFilter>,
    /// These three must hold of one and the same link of a user.
    pub idp_id: Option<String>,
    pub protocol_id: Option<String>,
    pub unique_id: Option<String>,
}

impl UserQuery {
    fn name_filters(&self) -> impl Iterator<Item = &Filter> {
        self.hints
            .filters
            .iter()
            .filter(|filter| filter.attribute == "name")
    }

    fn has_link_filter(&self) -> bool {
        self.idp_id.is_some() || self.protocol_id.is_some() || self.unique_id.is_some()
    }
}

/// A page of users in order of id.
pub async fn users(s: &mut Session, query: &UserQuery) -> Result<Page<User>> {
    let limit = query.hints.limit;
    let mut query = query.clone();
    let mut kept = Vec::new();
    // Where the database selects too much, a page takes more than one read to fill.
    loop {
        let rows = s.fetch_all(select(&query, s.dialect())).await?;
        let page = Page::cut(users_from(s, &rows).await?, limit);
        if query.name_filters().all(is_exact) {
            return Ok(page);
        }
        let last = page.items.last().map(|user| user.id.to_string());
        kept.extend(
            page.items
                .into_iter()
                .filter(|user| query.name_filters().all(|filter| keeps(filter, &user.name))),
        );
        let full = limit.is_some_and(|limit| kept.len() as u64 > limit);
        if !page.truncated || full || last.is_none() {
            return Ok(Page::cut(kept, limit));
        }
        query.hints.marker = last;
    }
}

/// The users with these ids, in order of id; missing ones are left out.
pub async fn users_by_ids(s: &mut Session, ids: &[UserId]) -> Result<Vec<User>> {
    let mut users = Vec::new();
    for ids in ids.chunks(IDS_PER_STATEMENT) {
        let statement = sql(concat!(select_user!(), " WHERE")).push_in("u.id", ids);
        let rows = s.fetch_all(statement).await?;
        users.extend(users_from(s, &rows).await?);
    }
    users.sort_by(|a, b| a.id.cmp(&b.id));
    Ok(users)
}

fn select(query: &UserQuery, dialect: Dialect) -> Sql {
    if query.name_filters().next().is_none() {
        return push_page(sql(select_user!()), query);
    }
    // Which users is found out first, because all else that is read of one is dear.
    let join = dialect.ordered_join();
    let mut statement = push_named(
        sql(concat!(user_columns!(), "(SELECT u.id FROM ")),
        query,
        join,
    )
    .push(format!(r#" {join} "user" u ON u.id = named0.user_id"#));
    if !query.password_expires.is_empty() {
        statement = statement.push(user_joins!());
    }
    push_page(statement, query)
        .push(format!(r#") page {join} "user" u ON u.id = page.id"#))
        .push(concat!(user_joins!(), " ORDER BY u.id"))
}

/// The ids of those who have the names that are asked for, as a table for each filter. Names are in three
/// tables. Joining their union lets each table use its own index, which an OR over the three would not.
fn push_named(mut statement: Sql, query: &UserQuery, join: &str) -> Sql {
    for (position, filter) in query.name_filters().enumerate() {
        if position > 0 {
            statement = statement.push(format!(" {join} "));
        }
        statement = statement.push("(");
        for (table, column) in [
            ("local_user", "name"),
            ("nonlocal_user", "name"),
            ("federated_user", "display_name"),
        ] {
            if table != "local_user" {
                statement = statement.push(" UNION ");
            }
            statement = statement.push(format!("SELECT user_id FROM {table} WHERE 1 = 1"));
            if let (Some(domain), false) = (&query.domain_id, table == "federated_user") {
                statement = statement.push(" AND domain_id = ?").bind(domain);
            }
            statement = push_filter(statement, column, filter);
        }
        statement = statement.push(format!(") named{position}"));
        if position > 0 {
            statement = statement.push(format!(" ON named{position}.user_id = named0.user_id"));
        }
    }
    statement
}

/// What restricts a list to what is asked for, names apart, and to a page.
fn push_page(mut statement: Sql, query: &UserQuery) -> Sql {
    if let Some(group) = &query.group_id {
        statement = statement
            .push(" JOIN user_group_membership m ON m.user_id = u.id AND m.group_id = ?")
            .bind(group);
    }
    statement = statement.push(" WHERE 1 = 1");
    if let Some(domain) = &query.domain_id {
        statement = statement.push(" AND u.domain_id = ?").bind(domain);
    }
    if let Some(enabled) = query.enabled {
        statement = push_enabled(statement, enabled, query.inactive_since);
    }
    if query.has_link_filter() {
        statement = push_links(statement, query);
    }
    for filter in &query.password_expires {
        let operator = filter.comparison.operator();
        statement = statement
            .push(format!(
                " AND (p.expires_at_int {operator} ? \
                 OR (p.expires_at_int IS NULL AND p.expires_at {operator} ?))"
            ))
            .bind(filter.time.micros())
            .bind(filter.time);
    }
    if let Some(marker) = &query.hints.marker {
        statement = statement.push(" AND u.id > ?").bind(marker);
    }
    statement = statement.push(" ORDER BY u.id");
    match query.hints.limit {
        // One more than asked for tells whether there is more.
        Some(limit) => statement
            .push(" LIMIT ?")
            .bind(i64::try_from(limit.saturating_add(1)).unwrap_or(i64::MAX)),
        None => statement,
    }
}

/// Selects those who read enabled, or those who don't. Odd rows have NULL, which reads as disabled.
fn push_enabled(statement: Sql, enabled: bool, inactive_since: Option<NaiveDate>) -> Sql {
    let statement = match enabled {
        true => statement.push(" AND (u.enabled = ?").bind(true),
        false => statement
            .push(" AND (u.enabled = ? OR u.enabled IS NULL")
            .bind(false),
    };
    let Some(day) = inactive_since else {
        return statement.push(")");
    };
    // CASE, because a comparison with NULL must count as no.
    let (joint, inactive) = match enabled {
        true => (" AND", "0"),
        false => (" OR", "1"),
    };
    statement
        .push(joint)
        .push(
            " CASE WHEN (u.last_active_at <= ? OR (u.last_active_at IS NULL AND u.created_at < ?)) \
             AND NOT EXISTS (SELECT 1 FROM user_option o WHERE o.user_id = u.id \
               AND o.option_id = '1004' AND o.option_value = 'true') THEN 1 ELSE 0 END = ",
        )
        .push(inactive)
        .push(")")
        .bind(day)
        .bind(day.succ_opt().unwrap_or(day).and_time(NaiveTime::MIN))
}

fn push_links(mut statement: Sql, query: &UserQuery) -> Sql {
    statement =
        statement.push(" AND EXISTS (SELECT 1 FROM federated_user f WHERE f.user_id = u.id");
    for (column, wanted) in [
        (" AND f.idp_id = ?", &query.idp_id),
        (" AND f.protocol_id = ?", &query.protocol_id),
        (" AND f.unique_id = ?", &query.unique_id),
    ] {
        if let Some(wanted) = wanted {
            statement = statement.push(column).bind(wanted);
        }
    }
    statement.push(")")
}
