//! Lists of one table: filters, order of ids, pages.

use super::db::{Row, Session, Sql};
use super::filter::{is_exact, keeps, push_filter};
use crate::error::Result;
use crate::model::list::{Filter, ListHints, Page};

/// How many rows are read at once while looking for those that only the program can tell apart.
const ROWS_AT_ONCE: u64 = 500;

/// What a list of one table needs to know about it.
pub(super) struct Listed<T> {
    /// The column of the id, by which the list is ordered.
    pub key: &'static str,
    /// The columns that filters can name, by attribute.
    pub columns: &'static [(&'static str, &'static str)],
    /// An element from its row.
    pub from: fn(&Row) -> Result<T>,
    /// An element's id.
    pub id: fn(&T) -> &str,
    /// An attribute's value; one that is not text has none, and passes no filter.
    pub text: fn(&T, &str) -> Option<String>,
}

impl<T> Listed<T> {
    /// A page in order of id, of a statement that ends in a condition (`… WHERE 1 = 1`).
    pub async fn page(
        &self,
        s: &mut Session,
        mut statement: Sql,
        hints: &ListHints,
    ) -> Result<Page<T>> {
        for filter in &hints.filters {
            if let Some(column) = self.column(filter) {
                statement = push_filter(statement, column, filter);
            }
        }
        // One more than asked for tells whether there is more.
        let wanted = hints.limit.map(|limit| limit.saturating_add(1));
        let is_decided = hints.filters.iter().all(|filter| self.is_decided(filter));
        let at_once = match is_decided {
            true => wanted,
            false => wanted.map(|wanted| wanted.max(ROWS_AT_ONCE)),
        };
        let mut found = Vec::new();
        let mut after = hints.marker.clone();
        loop {
            let rows = s
                .fetch_all(self.after(statement.clone(), after.as_deref(), at_once))
                .await?;
            let items: Vec<T> = rows.iter().map(self.from).collect::<Result<_>>()?;
            after = items.last().map(|last| (self.id)(last).to_owned());
            let count = items.len() as u64;
            found.extend(items.into_iter().filter(|item| self.passes(item, hints)));
            let is_enough = wanted.is_none_or(|wanted| found.len() as u64 >= wanted);
            if is_decided || is_enough || at_once.is_none_or(|most| count < most) {
                return Ok(Page::cut(found, hints.limit));
            }
        }
    }

    fn after(&self, mut statement: Sql, after: Option<&str>, limit: Option<u64>) -> Sql {
        if let Some(after) = after {
            statement = statement.push(format!(" AND {} > ?", self.key)).bind(after);
        }
        statement = statement.push(format!(" ORDER BY {}", self.key));
        match limit {
            Some(limit) => statement
                .push(" LIMIT ?")
                .bind(i64::try_from(limit).unwrap_or(i64::MAX)),
            None => statement,
        }
    }

    fn column(&self, filter: &Filter) -> Option<&'static str> {
        self.columns
            .iter()
            .find(|(name, _)| *name == filter.attribute)
            .map(|(_, column)| *column)
    }

    /// Whether the database has the last word on a filter.
    fn is_decided(&self, filter: &Filter) -> bool {
        self.column(filter).is_some() && is_exact(filter)
    }

    fn passes(&self, item: &T, hints: &ListHints) -> bool {
        hints.filters.iter().all(|filter| {
            if self.is_decided(filter) {
                return true;
            }
            let Some(value) = (self.text)(item, filter.attribute) else {
                return false;
            };
            match self.column(filter) {
                Some(_) => keeps(filter, &value),
                None => filter.matches(&value),
            }
        })
    }
}
