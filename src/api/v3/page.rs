//! One page of a collection: from the query to the answer.

use crate::api::context::Context;
use crate::api::links::NextPage;
use crate::api::query::PageRules;
use crate::api::response;
use crate::error::Result;
use crate::model::list::{ListHints, Page};
use axum::http::StatusCode;
use axum::response::Response;
use serde_json::{Map, Value};

impl Context {
    /// What the query asks of a collection. `list_limit` is its own section's; `[DEFAULT]`'s stands
    /// in for it. `max_db_limit` bounds what the client asks for, and nothing when it asks for all.
    ///
    /// # Errors
    /// 400 when `limit` is not a number.
    pub fn list_hints(
        &self,
        attributes: &[&'static str],
        list_limit: Option<i64>,
    ) -> Result<ListHints> {
        let config = &self.settings.config.default;
        let configured = list_limit.or(config.list_limit);
        let rules = PageRules {
            list_limit: configured.and_then(|limit| u64::try_from(limit).ok()),
            max: None,
        };
        let mut hints = self.query.list_hints(attributes, rules)?;
        hints.limit = hints.limit.map(|limit| limit.min(config.max_db_limit));
        Ok(hints)
    }

    /// `{"users": […], "links": {next, self, previous}}`; when rows were left out, also `truncated`
    /// and the link to the next page. `view` gives an element with its own links.
    pub fn page<T>(
        &self,
        key: &str,
        hints: &ListHints,
        page: &Page<T>,
        id: impl Fn(&T) -> &str,
        view: impl Fn(&T) -> Map<String, Value>,
    ) -> Response {
        // A page of nothing (`limit=0`) has no last element, so nothing that could follow it.
        let next = page
            .items
            .last()
            .zip(hints.limit)
            .filter(|_| page.truncated);
        let next = next.map(|(last, limit)| NextPage {
            marker: id(last),
            limit,
        });
        let items = page
            .items
            .iter()
            .map(|item| Value::Object(view(item)))
            .collect();
        let mut envelope = Map::new();
        envelope.insert(key.to_owned(), Value::Array(items));
        let links = self.base().collection_links(&self.request.target, next);
        envelope.insert("links".to_owned(), links);
        if page.truncated {
            envelope.insert("truncated".to_owned(), Value::Bool(true));
        }
        response::json(StatusCode::OK, &envelope)
    }
}
