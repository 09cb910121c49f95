//! What `/v3/auth/tokens` answers.

use crate::api::context::Context;
use crate::api::response::raw_json;
use crate::manager::token::TokenEntry;
use crate::model::token::ValidToken;
use crate::token::document;
use axum::http::{HeaderValue, StatusCode};
use axum::response::Response;
use bytes::Bytes;

/// A token's answer, with its text in a header unless it is to be kept back.
pub fn token(
    ctx: &Context,
    status: StatusCode,
    token: Option<&str>,
    entry: &TokenEntry,
) -> Response {
    let body = if ctx.query.has("nocatalog") {
        entry
            .body_without_catalog
            .get_or_init(|| render(&entry.token, false))
    } else {
        entry.body.get_or_init(|| render(&entry.token, true))
    };
    let mut response = raw_json(status, body.clone());
    if let Some(Ok(value)) = token.map(HeaderValue::from_str) {
        response.headers_mut().insert("x-subject-token", value);
    }
    response
}

fn render(token: &ValidToken, with_catalog: bool) -> Bytes {
    Bytes::from(document::of(token, with_catalog).to_string())
}
