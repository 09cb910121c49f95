//! `/healthcheck`, for load balancers.

use crate::app::App;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use std::sync::Arc;

/// `GET /healthcheck`: 200 unless an operator took this node out by the configured file.
pub async fn show(State(app): State<Arc<App>>) -> Response {
    let config = app.config();
    let disabled = config
        .healthcheck
        .disable_by_file_path
        .as_ref()
        .is_some_and(|path| path.exists());
    let (status, text) = if disabled {
        (StatusCode::SERVICE_UNAVAILABLE, "DISABLED BY FILE")
    } else {
        (StatusCode::OK, "")
    };
    (
        status,
        [(header::CONTENT_TYPE, "text/plain; charset=UTF-8")],
        text,
    )
        .into_response()
}
