//! What `/v3/auth/tokens` answers.

use crate::api::context::Context;
use crate::api::response::{Chunks, chunked_json, raw_json};
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
    let rendered = entry.body.get_or_init(|| render(&entry.token));
    let mut response = match &entry.token.catalog {
        Some(catalog) if !ctx.query.has("nocatalog") => {
            // `{"token": {…}}` is opened again, and the catalog, which many tokens share, goes in there.
            let mut body = Chunks::default();
            body.push(rendered.slice(..rendered.len().saturating_sub(2)));
            body.push(Bytes::from_static(b",\"catalog\":"));
            body.push(catalog.json().clone());
            body.push(Bytes::from_static(b"}}"));
            chunked_json(status, body)
        }
        _ => raw_json(status, rendered.clone()),
    };
    if let Some(Ok(value)) = token.map(HeaderValue::from_str) {
        response.headers_mut().insert("x-subject-token", value);
    }
    response
}

/// The answer's body but for the catalog.
fn render(token: &ValidToken) -> Bytes {
    Bytes::from(document::of(token, false).to_string())
}
