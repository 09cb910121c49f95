//! `/v2.0` itself.

use crate::api::context::Context;
use crate::api::discovery;
use crate::api::response;
use axum::http::StatusCode;
use axum::response::Response;
use bytes::Bytes;

/// `/v2.0`, which answers the same to every method.
pub async fn show(ctx: Context) -> Response {
    let document = discovery::v2(ctx.base()).to_string();
    response::raw_json(StatusCode::OK, Bytes::from(document))
}
