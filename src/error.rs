//! Every failure of the program as one enum, by its HTTP meaning.
//!
//! The layers below HTTP choose a variant; only `api::response` knows the status line and the body
//! that each of them becomes. Messages are for the client unless the variant says otherwise.

use std::fmt;

/// The result of everything that can fail.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// A failure, named after what a client can do about it.
#[derive(Debug, Clone, thiserror::Error)]
pub enum Error {
    /// 400: the request is malformed or contradicts itself.
    #[error("{0}")]
    BadRequest(String),
    /// 401: no valid credentials. The reason is logged and, unless `insecure_debug`, not sent.
    #[error("{reason}")]
    Unauthorized {
        /// What failed, for the log.
        reason: String,
        /// What goes into the body's `error.identity`, e.g. the methods on offer.
        identity: Option<Box<serde_json::Value>>,
    },
    /// 401 that tells the user to change the password first. Dashboards know it by its text, which
    /// therefore is Keystone's, and offer the form.
    #[error("The password is expired and needs to be changed for user: {user_id}.")]
    PasswordExpired {
        /// Whose password it is; who gets this has proved to know it.
        user_id: String,
    },
    /// 403 whose reason is logged and, unless `insecure_debug`, not sent.
    #[error("{0}")]
    Forbidden(String),
    /// 403 of a policy rule or of a resource's state; the reason is always sent.
    #[error("{0}")]
    ForbiddenAction(String),
    /// 404: what is missing, and its id.
    #[error("There is no {kind} {id}.")]
    NotFound {
        /// The resource's name in messages: `user`, `role assignment`.
        kind: &'static str,
        /// The id or name that was asked for.
        id: String,
    },
    /// 409: the write contradicts something that exists.
    #[error("{0}")]
    Conflict(String),
    /// 501: a part of the API that there is a path for and nothing behind it.
    #[error("{0}")]
    NotImplemented(String),
    /// 410: something that this server used to have, or could have, and has not.
    #[error("{0}")]
    Gone(String),
    /// 413: the body is larger than `[oslo_middleware] max_request_body_size`.
    #[error("The request body is larger than {0} bytes.")]
    TooLarge(u64),
    /// 503 with `Retry-After`: a service that this one needs is away, or a queue is full.
    #[error("{0}")]
    Unavailable(String),
    /// A unique key is taken. The caller that knows what the key means turns it into [`Error::Conflict`]
    /// with [`Error::or_conflict`]; unturned, it answers 409 all the same.
    #[error("unique key violated: {0}")]
    DuplicateKey(String),
    /// The database gave up a transaction that may succeed when run again (deadlock, serialization
    /// failure, busy). `Db::transaction` retries it; if it escapes, it answers 503.
    #[error("transaction aborted by the database: {0}")]
    Transient(String),
    /// 500: a defect or a broken installation. The reason is logged and, unless `insecure_debug`, not sent.
    #[error("{0}")]
    Internal(String),
}

impl Error {
    /// 400 with a message.
    pub fn bad_request(message: impl Into<String>) -> Self {
        Self::BadRequest(message.into())
    }

    /// 401 with a reason for the log.
    pub fn unauthorized(reason: impl Into<String>) -> Self {
        Self::Unauthorized {
            reason: reason.into(),
            identity: None,
        }
    }

    /// 404 for a resource of a kind.
    pub fn not_found(kind: &'static str, id: impl fmt::Display) -> Self {
        Self::NotFound {
            kind,
            id: id.to_string(),
        }
    }

    /// 409 with a message.
    pub fn conflict(message: impl Into<String>) -> Self {
        Self::Conflict(message.into())
    }

    /// 403 whose message is always sent.
    pub fn forbidden_action(message: impl Into<String>) -> Self {
        Self::ForbiddenAction(message.into())
    }

    /// 500 with a reason for the log.
    pub fn internal(reason: impl fmt::Display) -> Self {
        Self::Internal(reason.to_string())
    }

    /// Turns a violated unique key into a conflict that says what is taken.
    pub fn or_conflict(self, message: impl FnOnce() -> String) -> Self {
        match self {
            Self::DuplicateKey(_) => Self::Conflict(message()),
            other => other,
        }
    }

    /// Whether this is a 404.
    pub fn is_not_found(&self) -> bool {
        matches!(self, Self::NotFound { .. })
    }
}
