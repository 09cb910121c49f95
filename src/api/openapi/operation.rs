//! The words in which operations are described.

use crate::api::schema::Schema;

/// An operation's description.
pub(super) struct Operation {
    pub method: &'static str,
    pub path: &'static str,
    /// One sentence; `None` takes that of the operation's policy rule.
    pub title: Option<&'static str>,
    pub body: Body,
    pub query: Option<&'static Schema>,
    /// Query parameters that no schema knows.
    pub filters: &'static [&'static str],
    /// Whether the token that is asked about comes in X-Subject-Token.
    pub subject: bool,
    /// The status of success.
    pub status: u16,
    /// Other statuses of success.
    pub also: &'static [u16],
    pub answer: Answer,
    /// Statuses of failure beyond those that go without saying.
    pub fails: &'static [u16],
}

/// What a request carries.
#[derive(Clone, Copy)]
pub(super) enum Body {
    None,
    /// The schema is for all of it.
    Whole(&'static Schema),
    /// The schema is for one member.
    Member(&'static str, &'static Schema),
    /// One member, an object of any kind.
    Object(&'static str),
    /// One member, a text.
    Text(&'static str),
    /// `application/x-www-form-urlencoded`
    Form,
}

/// What a success carries.
#[derive(Clone, Copy)]
pub(super) enum Answer {
    Nothing,
    /// JSON of any kind.
    Json,
    /// `application/x-www-form-urlencoded`
    Form,
    /// Text of a kind: `application/x-pem-file`.
    Text(&'static str),
    /// One object under its key.
    Member(&'static str),
    /// Objects under their key, and the links of pages.
    Collection(&'static str),
    /// Objects under their key.
    Objects(&'static str),
    /// Texts under their key.
    Texts(&'static str),
}

macro_rules! methods {
    ($($name:ident $method:literal $status:literal;)*) => {$(
        pub(super) const fn $name(path: &'static str) -> Operation {
            Operation::new($method, path, $status)
        }
    )*};
}

methods! {
    get "GET" 200;
    post "POST" 201;
    put "PUT" 204;
    patch "PATCH" 200;
    delete "DELETE" 204;
}

impl Operation {
    pub(super) const fn new(method: &'static str, path: &'static str, status: u16) -> Self {
        Self {
            method,
            path,
            title: None,
            body: Body::None,
            query: None,
            filters: &[],
            subject: false,
            status,
            also: &[],
            answer: Answer::Nothing,
            fails: &[],
        }
    }

    pub(super) const fn titled(mut self, title: &'static str) -> Self {
        self.title = Some(title);
        self
    }

    pub(super) const fn body(mut self, schema: &'static Schema) -> Self {
        self.body = Body::Whole(schema);
        self
    }

    pub(super) const fn body_member(mut self, name: &'static str, schema: &'static Schema) -> Self {
        self.body = Body::Member(name, schema);
        self
    }

    pub(super) const fn body_object(mut self, name: &'static str) -> Self {
        self.body = Body::Object(name);
        self
    }

    pub(super) const fn body_text(mut self, name: &'static str) -> Self {
        self.body = Body::Text(name);
        self
    }

    pub(super) const fn form(mut self) -> Self {
        self.body = Body::Form;
        self
    }

    pub(super) const fn query(mut self, schema: &'static Schema) -> Self {
        self.query = Some(schema);
        self
    }

    pub(super) const fn filters(mut self, names: &'static [&'static str]) -> Self {
        self.filters = names;
        self
    }

    pub(super) const fn subject(mut self) -> Self {
        self.subject = true;
        self
    }

    pub(super) const fn answers(mut self, status: u16) -> Self {
        self.status = status;
        self
    }

    /// Text of a kind.
    pub(super) const fn text(mut self, kind: &'static str) -> Self {
        self.answer = Answer::Text(kind);
        self
    }

    pub(super) const fn also(mut self, statuses: &'static [u16]) -> Self {
        self.also = statuses;
        self
    }

    /// 204.
    pub(super) const fn empty(self) -> Self {
        self.answers(204)
    }

    /// A status of its own, and no body.
    pub(super) const fn blank(mut self) -> Self {
        self.answer = Answer::Nothing;
        self
    }

    pub(super) const fn json(mut self) -> Self {
        self.answer = Answer::Json;
        self
    }

    pub(super) const fn form_answer(mut self) -> Self {
        self.answer = Answer::Form;
        self
    }

    pub(super) const fn shows(mut self, key: &'static str) -> Self {
        self.answer = Answer::Member(key);
        self
    }

    pub(super) const fn lists(mut self, key: &'static str) -> Self {
        self.answer = Answer::Collection(key);
        self
    }

    pub(super) const fn lists_bare(mut self, key: &'static str) -> Self {
        self.answer = Answer::Objects(key);
        self
    }

    /// What was made, many at once.
    pub(super) const fn lists_new(self, key: &'static str) -> Self {
        self.lists_bare(key)
    }

    pub(super) const fn lists_text(mut self, key: &'static str) -> Self {
        self.answer = Answer::Texts(key);
        self
    }

    pub(super) const fn fails(mut self, statuses: &'static [u16]) -> Self {
        self.fails = statuses;
        self
    }
}
