//! Answers: JSON bodies in Keystone's envelopes, and what each failure looks like on the wire.

use crate::api::edge::RequestMeta;
use crate::error::Error;
use crate::model::receipt::IssuedReceipt;
use axum::body::{Body, HttpBody};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use hyper::body::{Frame, SizeHint};
use serde::Serialize;
use serde_json::{Value, json};
use std::collections::VecDeque;
use std::convert::Infallible;
use std::pin::Pin;
use std::task::{self, Poll};

/// A JSON answer. Resource bodies end with a newline, as Keystone's do.
pub fn json(status: StatusCode, body: &impl Serialize) -> Response {
    match serde_json::to_vec(body) {
        Ok(mut bytes) => {
            bytes.push(b'\n');
            raw_json(status, Bytes::from(bytes))
        }
        Err(error) => {
            Error::internal(format_args!("a response can't be serialized: {error}")).into_response()
        }
    }
}

/// A JSON answer from bytes that are rendered already.
pub fn raw_json(status: StatusCode, body: Bytes) -> Response {
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = status;
    response.headers_mut().insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("application/json"),
    );
    response
}

/// A JSON answer from pieces that are rendered already.
pub fn chunked_json(status: StatusCode, body: Chunks) -> Response {
    let mut response = raw_json(status, Bytes::new());
    *response.body_mut() = Body::new(body);
    response
}

/// A body in pieces, which are written one after the other without being copied together.
#[derive(Debug, Default)]
pub struct Chunks {
    pieces: VecDeque<Bytes>,
    length: u64,
}

impl Chunks {
    /// Appends a piece.
    pub fn push(&mut self, piece: Bytes) {
        self.length += piece.len() as u64;
        self.pieces.push_back(piece);
    }
}

impl HttpBody for Chunks {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut task::Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let piece = self.pieces.pop_front();
        self.length -= piece.as_ref().map_or(0, |piece| piece.len() as u64);
        Poll::Ready(piece.map(|piece| Ok(Frame::data(piece))))
    }

    fn is_end_stream(&self) -> bool {
        self.pieces.is_empty()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.length)
    }
}

/// An answer whose body is a form, as OAuth1 wants it.
pub fn form(status: StatusCode, body: String) -> Response {
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = status;
    response.headers_mut().insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("application/x-www-form-urlencoded"),
    );
    response
}

/// A file as it is.
pub fn file(content_type: &'static str, text: String) -> Response {
    let mut response = Response::new(Body::from(text));
    response
        .headers_mut()
        .insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
    response
}

/// A page for one browser that nothing in between may keep: it holds a secret.
pub fn page_once(text: String) -> Response {
    let mut response = file("text/html", text);
    let no_store = HeaderValue::from_static("no-store");
    response
        .headers_mut()
        .insert(header::CACHE_CONTROL, no_store);
    response
}

/// 204 with no body.
pub fn no_content() -> Response {
    StatusCode::NO_CONTENT.into_response()
}

/// A failure travels to the edge as an extension of an empty response: only there the request's id and
/// base URL, which its body and headers need, are known.
impl IntoResponse for Error {
    fn into_response(self) -> Response {
        let mut response = Response::new(Body::empty());
        *response.status_mut() = status_of(&self);
        response.extensions_mut().insert(self);
        response
    }
}

/// The status that a failure answers.
pub fn status_of(error: &Error) -> StatusCode {
    match error {
        Error::BadRequest(_) => StatusCode::BAD_REQUEST,
        Error::Unauthorized { .. } | Error::PasswordExpired { .. } | Error::MoreMethods(_) => {
            StatusCode::UNAUTHORIZED
        }
        Error::Forbidden(_) | Error::ForbiddenAction(_) => StatusCode::FORBIDDEN,
        Error::NotFound { .. } => StatusCode::NOT_FOUND,
        Error::Conflict(_) | Error::DuplicateKey(_) => StatusCode::CONFLICT,
        Error::NotImplemented(_) => StatusCode::NOT_IMPLEMENTED,
        Error::Gone(_) => StatusCode::GONE,
        Error::TooLarge(_) => StatusCode::PAYLOAD_TOO_LARGE,
        Error::Unavailable(_) | Error::Transient(_) => StatusCode::SERVICE_UNAVAILABLE,
        Error::Internal(_) => StatusCode::INTERNAL_SERVER_ERROR,
    }
}

/// Writes a failure's body and headers.
pub fn render_error(error: &Error, request: &RequestMeta, insecure_debug: bool) -> Response {
    let status = status_of(error);
    if let Error::TooLarge(_) = error {
        // Refused before anything is known of the request, so not in Keystone's JSON envelope.
        return (
            status,
            [(header::CONTENT_TYPE, "text/plain; charset=UTF-8")],
            error.to_string(),
        )
            .into_response();
    }
    if let Error::MoreMethods(receipt) = error {
        return render_receipt(receipt);
    }
    let title = status.canonical_reason().unwrap_or("Error");
    let mut body = json!({
        "code": status.as_u16(),
        "message": client_message(error, insecure_debug),
        "title": title,
    });
    if let Error::Unauthorized {
        identity: Some(identity),
        ..
    } = error
        && !request.is_v2()
    {
        body["identity"] = Value::clone(identity);
    }
    let mut response = raw_json(status, Bytes::from(json!({ "error": body }).to_string()));
    if status == StatusCode::UNAUTHORIZED {
        let challenge = match request.is_v2() {
            true => format!("Keystone uri=\"{}\"", request.base.root()),
            false => format!("Keystone uri=\"{}\"", request.base.v3()),
        };
        if let Ok(challenge) = HeaderValue::from_str(&challenge) {
            response
                .headers_mut()
                .insert(header::WWW_AUTHENTICATE, challenge);
        }
    }
    if status == StatusCode::SERVICE_UNAVAILABLE {
        response
            .headers_mut()
            .insert(header::RETRY_AFTER, HeaderValue::from_static("5"));
    }
    response
}

/// No error body, but what a client needs to go on.
fn render_receipt(receipt: &IssuedReceipt) -> Response {
    let body = json!({
        "receipt": {
            "methods": receipt.methods,
            "user": {
                "id": receipt.user_id,
                "name": receipt.user_name,
                "domain": receipt.user_domain,
            },
            "expires_at": receipt.expires_at,
            "issued_at": receipt.issued_at,
        },
        "required_auth_methods": receipt.required_methods,
    });
    let mut response = raw_json(StatusCode::UNAUTHORIZED, Bytes::from(body.to_string()));
    if let Ok(text) = HeaderValue::from_str(&receipt.text) {
        response
            .headers_mut()
            .insert("openstack-auth-receipt", text);
    }
    response
}

/// What the client may read of a failure: reasons of 401, 403 and 500 help an attacker more than a user.
fn client_message(error: &Error, insecure_debug: bool) -> String {
    match error {
        _ if insecure_debug => error.to_string(),
        Error::Unauthorized { .. } => {
            "Valid credentials are needed: none came, or those that came are not good.".to_owned()
        }
        Error::Forbidden(_) => "These credentials do not allow what was asked for.".to_owned(),
        Error::Internal(_) => {
            "An unexpected error prevented the server from fulfilling your request.".to_owned()
        }
        Error::Unavailable(_) | Error::Transient(_) => {
            "The service can't answer at the moment. Try again in a few seconds.".to_owned()
        }
        Error::DuplicateKey(_) => {
            "Something with these unique attributes exists already.".to_owned()
        }
        _ => error.to_string(),
    }
}
