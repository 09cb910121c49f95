//! Pages of collections.

use crate::api::context::Context;
use crate::api::links::NextPage;
use crate::api::query::PageRules;
use crate::error::{Error, Result};
use crate::model::list::{ListHints, Page};
use aws_lc_rs::digest::{SHA256, digest};
use axum::response::{IntoResponse, Response};
use serde_json::Value;

impl Context {
    /// How long a collection's pages are. `list_limit` is its section's own, which wins over
    /// `[DEFAULT] list_limit`.
    pub fn page_rules(&self, list_limit: Option<i64>) -> PageRules {
        let config = &self.settings.config.default;
        PageRules {
            list_limit: list_limit
                .or(config.list_limit)
                .and_then(|limit| u64::try_from(limit).ok()),
            max: Some(config.max_db_limit),
        }
    }

    /// As [`page_rules`](Self::page_rules), for collections that `max_db_limit` doesn't cut when the
    /// client wants all of them.
    pub fn open_page_rules(&self, list_limit: Option<i64>) -> PageRules {
        PageRules {
            max: None,
            ..self.page_rules(list_limit)
        }
    }

    /// A page: its elements, and where the next one begins when something was left out.
    pub fn page<T>(
        &self,
        key: &str,
        page: &Page<T>,
        limit: Option<u64>,
        id: impl Fn(&T) -> &str,
        view: impl Fn(&T) -> Value,
    ) -> Response {
        self.marked_page(key, page, limit, |item| id(item).to_owned(), view)
    }

    /// As [`page`](Self::page), for elements without an id: `marker` is what the next page's link
    /// carries instead.
    pub fn marked_page<T>(
        &self,
        key: &str,
        page: &Page<T>,
        limit: Option<u64>,
        marker: impl Fn(&T) -> String,
        view: impl Fn(&T) -> Value,
    ) -> Response {
        let items: Vec<Value> = page.items.iter().map(view).collect();
        let limit = limit.filter(|_| page.truncated);
        // Where nothing was wanted, there is nothing to go on from.
        let marker = limit.and(page.items.last()).map(marker);
        let next = match (&marker, limit) {
            (Some(marker), Some(limit)) => Some(NextPage { marker, limit }),
            _ => None,
        };
        self.envelope(key, items, next, limit.is_some())
    }
}

impl Context {
    /// A collection that was read whole, because it is never long: all of it, or, in order of its
    /// elements' markers, the page that the client asks for.
    pub fn collection(&self, key: &str, items: Vec<Value>) -> Response {
        let hints = match self.query.list_hints(&[], PageRules::NONE) {
            Ok(hints) if hints == ListHints::default() => {
                return self.envelope(key, items, None, false);
            }
            Ok(hints) => hints,
            Err(error) => return error.into_response(),
        };
        let mut marked: Vec<(String, Value)> = items
            .into_iter()
            .map(|item| (marker(&item), item))
            .collect();
        marked.sort_by(|(left, _), (right, _)| left.cmp(right));
        match cut(marked, &hints, |(marker, _)| marker) {
            Ok(page) => self.page(
                key,
                &page,
                hints.limit,
                |(id, _)| id,
                |(_, item)| item.clone(),
            ),
            Err(error) => error.into_response(),
        }
    }
}

/// What stands for an element in a `next` link: its id, or, where elements have none, a digest of
/// what it shows.
fn marker(item: &Value) -> String {
    if let Some(id) = item["id"].as_str().or(item["access"].as_str()) {
        return id.to_owned();
    }
    let digest = digest(&SHA256, item.to_string().as_bytes());
    digest
        .as_ref()
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

/// The page of a collection that was read whole, in order of id, and filtered already.
///
/// # Errors
/// 404 when no element has the marker's id.
pub fn cut<T>(mut items: Vec<T>, hints: &ListHints, id: impl Fn(&T) -> &str) -> Result<Page<T>> {
    if let Some(marker) = &hints.marker {
        let at = items
            .iter()
            .position(|item| id(item) == marker)
            .ok_or_else(|| Error::not_found("marker", marker))?;
        items.drain(..=at);
    }
    Ok(Page::cut(items, hints.limit))
}
