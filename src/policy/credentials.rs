//! Who is calling, by the names that rules use.

use crate::model::Timestamp;
use crate::model::token::RoleRef;
use std::borrow::Cow;

/// What a token reaches, as far as rules care.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ScopeKind {
    /// The whole deployment.
    System,
    /// One domain.
    Domain,
    /// One project.
    Project,
    /// Nothing. Rules take such a caller for one with a project.
    Unscoped,
}

impl ScopeKind {
    /// The word for it in policy files' comments.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::System => "system",
            Self::Domain => "domain",
            Self::Project => "project",
            Self::Unscoped => "unscoped",
        }
    }
}

/// The caller. All borrowed: it is a view on what the application knows, made for each request.
#[derive(Clone, Copy, Debug, Default)]
pub struct Credentials<'a> {
    /// The user's id; of an impersonating trust, the trustor's.
    pub user_id: Option<&'a str>,
    /// The domain that the user belongs to.
    pub user_domain_id: Option<&'a str>,
    /// The project that the token is for.
    pub project_id: Option<&'a str>,
    /// The domain that this project belongs to.
    pub project_domain_id: Option<&'a str>,
    /// The domain that the token is for.
    pub domain_id: Option<&'a str>,
    /// The token is for the whole deployment.
    pub system: bool,
    /// The trust that the token is for.
    pub trust_id: Option<&'a str>,
    /// Who gave this trust.
    pub trustor_id: Option<&'a str>,
    /// Whom it was given to.
    pub trustee_id: Option<&'a str>,
    /// The token stands for less than its user: it was made with a trust, an application credential,
    /// an OAuth token or EC2 keys.
    pub is_delegated_auth: bool,
    /// Names of the roles that the caller has there.
    pub roles: &'a [String],
    /// The call came with the configured `admin_token`. It passes every rule.
    pub is_admin: bool,
    /// The token's project is the administrators' one, or there is no such project.
    pub is_admin_project: bool,
    /// The service that passes the call on, from `X-Service-Token`.
    pub service_user_id: Option<&'a str>,
    /// The domain that the service's user belongs to.
    pub service_user_domain_id: Option<&'a str>,
    /// The project that the service's token is for.
    pub service_project_id: Option<&'a str>,
    /// The domain that this project belongs to.
    pub service_project_domain_id: Option<&'a str>,
    /// Names of the roles of the service's user.
    pub service_roles: &'a [String],
    /// What else the token's body says; rules name it as `token.…`.
    pub token: TokenFields<'a>,
}

/// What a token's body says beside the ids that [`Credentials`] has.
#[derive(Clone, Copy, Debug, Default)]
pub struct TokenFields<'a> {
    /// Authentication methods.
    pub methods: &'a [String],
    /// The token's audit id and its chain's.
    pub audit_ids: &'a [String],
    /// When it was made.
    pub issued_at: Option<Timestamp>,
    /// When it ends.
    pub expires_at: Option<Timestamp>,
    /// The user's name.
    pub user_name: Option<&'a str>,
    /// The name of the user's domain.
    pub user_domain_name: Option<&'a str>,
    /// When the user's password ends.
    pub password_expires_at: Option<Timestamp>,
    /// The project's name.
    pub project_name: Option<&'a str>,
    /// The name of the project's domain.
    pub project_domain_name: Option<&'a str>,
    /// The domain's name, of a token for a domain.
    pub domain_name: Option<&'a str>,
    /// Whether the project acts as a domain.
    pub is_domain: Option<bool>,
    /// The roles, in any order.
    pub roles: &'a [RoleRef],
}

/// One attribute of the caller.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Attribute<'a> {
    /// There is no such thing, and it equals nothing.
    Absent,
    /// It is known to be nothing; a rule may ask for that with `None`.
    Null,
    /// A text.
    Text(Cow<'a, str>),
    /// A boolean.
    Flag(bool),
    /// Several texts; it equals each of them.
    List(Cow<'a, [String]>),
}

impl<'a> Attribute<'a> {
    fn text(text: &'a str) -> Self {
        Self::Text(Cow::Borrowed(text))
    }

    fn list(texts: &'a [String]) -> Self {
        Self::List(Cow::Borrowed(texts))
    }
}

impl<'a> Credentials<'a> {
    /// What the token reaches. System goes before domain, and that before project.
    pub fn scope(&self) -> ScopeKind {
        if self.system {
            ScopeKind::System
        } else if self.domain_id.is_some() {
            ScopeKind::Domain
        } else if self.project_id.is_some() {
            ScopeKind::Project
        } else {
            ScopeKind::Unscoped
        }
    }

    /// The attribute that a rule names on its left side.
    ///
    /// The ids are null when the caller lacks them; members of `token` are absent then, as they are
    /// in a token's body.
    pub fn lookup(&self, name: &str) -> Attribute<'a> {
        let nullable = |value: Option<&'a str>| value.map_or(Attribute::Null, Attribute::text);
        if let Some(member) = name.strip_prefix("token.") {
            return self.token_member(member);
        }
        match name {
            "user_id" => nullable(self.user_id),
            "user_domain_id" => nullable(self.user_domain_id),
            "project_id" => nullable(self.project_id),
            "project_domain_id" => nullable(self.project_domain_id),
            "domain_id" => nullable(self.domain_id),
            "system_scope" => nullable(self.system.then_some("all")),
            "system" if self.system => Attribute::text("all"),
            "roles" => Attribute::list(self.roles),
            "is_admin" if self.is_admin => Attribute::text("1"),
            "is_admin_project" => Attribute::Flag(self.is_admin_project),
            "trust_id" => nullable(self.trust_id),
            "trustor_id" => nullable(self.trustor_id),
            "trustee_id" => nullable(self.trustee_id),
            "is_delegated_auth" => Attribute::Flag(self.is_delegated_auth),
            "service_user_id" => nullable(self.service_user_id),
            "service_user_domain_id" => nullable(self.service_user_domain_id),
            "service_project_id" => nullable(self.service_project_id),
            "service_project_domain_id" => nullable(self.service_project_domain_id),
            "service_roles" => Attribute::list(self.service_roles),
            _ => Attribute::Absent,
        }
    }

    fn token_member(&self, member: &str) -> Attribute<'a> {
        let token = &self.token;
        let text = |value: Option<&'a str>| value.map_or(Attribute::Absent, Attribute::text);
        let time = |value: Option<Timestamp>| {
            value.map_or(Attribute::Absent, |time| {
                Attribute::Text(time.to_string().into())
            })
        };
        match member {
            "methods" => Attribute::list(token.methods),
            "audit_ids" => Attribute::list(token.audit_ids),
            "issued_at" => time(token.issued_at),
            "expires_at" => time(token.expires_at),
            "user.id" => text(self.user_id),
            "user.name" => text(token.user_name),
            "user.domain.id" => text(self.user_domain_id),
            "user.domain.name" => text(token.user_domain_name),
            "user.password_expires_at" if self.user_id.is_some() => {
                token.password_expires_at.map_or(Attribute::Null, |time| {
                    Attribute::Text(time.without_zone().into())
                })
            }
            "project.id" => text(self.project_id),
            "project.name" => text(token.project_name),
            "project.domain.id" => text(self.project_domain_id),
            "project.domain.name" => text(token.project_domain_name),
            "domain.id" => text(self.domain_id),
            "domain.name" => text(token.domain_name),
            "is_domain" => token.is_domain.map_or(Attribute::Absent, Attribute::Flag),
            "system.all" if self.system => Attribute::Flag(true),
            "roles.name" => Attribute::list(self.roles),
            "roles.id" => {
                let ids = token.roles.iter().map(|role| role.id.to_string());
                Attribute::List(ids.collect())
            }
            _ => Attribute::Absent,
        }
    }
}
