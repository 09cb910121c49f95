//! Regions, services and endpoints: all their SQL.
//!
//! What a token shows of them is read in `token.rs`.

mod endpoints;
mod legacy;
mod regions;
mod services;

pub use endpoints::{delete_endpoint, endpoint, endpoints, insert_endpoint, update_endpoint};
pub use legacy::{delete_legacy_endpoints, legacy_endpoint_ids, mark_legacy_endpoint};
pub use regions::{
    any_endpoint_in, delete_regions, insert_region, region, region_parents, regions, update_region,
};
pub use services::{
    delete_service, first_service_of_type, insert_service, service, services, update_service,
};

use super::db::{Row, Sql};
use super::filter::{keeps, push_filter};
use crate::error::{Error, Result};
use crate::model::list::{Comparator, Filter, ListHints, Page};
use serde_json::{Map, Value};

/// The `extra` column: a JSON object; NULL is an empty one.
fn extra_from(row: &Row) -> Result<Map<String, Value>> {
    match row.json("extra")? {
        Value::Object(extra) => Ok(extra),
        Value::Null => Ok(Map::new()),
        other => Err(Error::internal(format!(
            "column extra holds {other} instead of an object"
        ))),
    }
}

/// What a list of one table needs to know about it.
struct Listed<T> {
    /// The columns that filters can name, by attribute.
    columns: &'static [(&'static str, &'static str)],
    /// An attribute's value; one that is not text has none, and passes no filter.
    text: fn(&T, &str) -> Option<String>,
}

impl<T> Listed<T> {
    fn column(&self, filter: &Filter) -> Option<&'static str> {
        self.columns
            .iter()
            .find(|(name, _)| *name == filter.attribute)
            .map(|(_, column)| *column)
    }

    /// Whether the database has the last word on a filter.
    fn is_decided_by_sql(&self, filter: &Filter) -> bool {
        self.column(filter).is_some()
            && (filter.comparator == Comparator::Equals || filter.case_insensitive)
    }

    /// Completes a `SELECT … WHERE 1 = 1` with conditions, order and, where the database can tell
    /// how many rows to leave out, the page.
    fn select(&self, mut statement: Sql, hints: &ListHints) -> Sql {
        for filter in &hints.filters {
            if let Some(column) = self.column(filter) {
                statement = push_filter(statement, column, filter);
            }
        }
        if let Some(marker) = &hints.marker {
            statement = statement.push(" AND id > ?").bind(marker);
        }
        statement = statement.push(" ORDER BY id");
        match hints.limit {
            // One more than asked for tells whether there is more.
            Some(limit)
                if hints
                    .filters
                    .iter()
                    .all(|filter| self.is_decided_by_sql(filter)) =>
            {
                statement
                    .push(" LIMIT ?")
                    .bind(i64::try_from(limit.saturating_add(1)).unwrap_or(i64::MAX))
            }
            _ => statement,
        }
    }

    /// Applies what the database could not decide, then cuts the page.
    fn page(&self, mut items: Vec<T>, hints: &ListHints) -> Page<T> {
        items.retain(|item| hints.filters.iter().all(|filter| self.passes(item, filter)));
        Page::cut(items, hints.limit)
    }

    fn passes(&self, item: &T, filter: &Filter) -> bool {
        if self.is_decided_by_sql(filter) {
            return true;
        }
        let Some(value) = (self.text)(item, filter.attribute) else {
            return false;
        };
        match self.column(filter) {
            Some(_) => keeps(filter, &value),
            None => filter.matches(&value),
        }
    }
}
