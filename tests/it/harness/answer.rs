//! An answer, read whole.

use super::contract;
use axum::body::Body;
use axum::http::header::CONTENT_LENGTH;
use axum::http::{HeaderMap, Response};
use http_body_util::BodyExt;
use keystone::api::route::RoutePath;
use serde_json::Value;

/// Status, headers and body of an answer.
pub struct Answer {
    pub(super) request: String,
    pub status: u16,
    pub headers: HeaderMap,
    pub body: String,
}

impl Answer {
    pub(super) async fn read(request: String, response: Response<Body>) -> Self {
        let (parts, body) = response.into_parts();
        let bytes = body.collect().await.expect("a body").to_bytes();
        if let Some(length) = parts.headers.get(CONTENT_LENGTH)
            && !request.starts_with("HEAD")
        {
            assert_eq!(
                *length,
                bytes.len().to_string(),
                "{request}: Content-Length"
            );
        }
        let answer = Self {
            request,
            status: parts.status.as_u16(),
            headers: parts.headers,
            body: String::from_utf8_lossy(&bytes).into_owned(),
        };
        match parts.extensions.get::<RoutePath>() {
            Some(route) => contract::check(&answer, route.0),
            // Nothing may escape the check but what no route of the table answered.
            None if answer.status == 200 => assert!(
                answer.request.ends_with("/metrics"),
                "{}: which route?",
                answer.request
            ),
            None => {}
        }
        answer
    }

    /// Fails the test unless the status is this one.
    #[track_caller]
    pub fn expect(self, status: u16) -> Self {
        assert_eq!(self.status, status, "{}: {}", self.request, self.body);
        self
    }

    /// The body as JSON.
    #[track_caller]
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body)
            .unwrap_or_else(|error| panic!("{}: {error}: {}", self.request, self.body))
    }

    /// A header's text.
    #[track_caller]
    pub fn header(&self, name: &str) -> &str {
        let value = self
            .headers
            .get(name)
            .unwrap_or_else(|| panic!("{}: no header {name}", self.request));
        value.to_str().expect("a header of text")
    }

    /// The status, after a check that the body is Keystone's error body for it.
    #[track_caller]
    pub fn error(&self, status: u16) -> String {
        assert_eq!(self.status, status, "{}: {}", self.request, self.body);
        let error = &self.json()["error"];
        assert_eq!(error["code"], status, "{}", self.request);
        assert!(error["title"].is_string(), "{}", self.request);
        error["message"].as_str().expect("a message").to_owned()
    }
}
