//! Logins: from credentials to a token.

mod reissue;

use crate::app::App;
use crate::error::{Error, Result};
use crate::manager::identity::UserLookup;
use crate::manager::token::TokenEntry;
use crate::model::token::{ResolvedScope, TokenOrigin, TokenPayload, TokenScope};
use crate::model::{DomainId, ProjectId, Secret, Timestamp, User, UserId};
use crate::token::audit_id;
use std::sync::Arc;

/// Authenticates users and gives them tokens.
pub struct AuthManager<'a> {
    app: &'a App,
}

/// A login as a client asks for it.
#[derive(Debug)]
pub struct AuthRequest {
    pub methods: Vec<AuthMethod>,
    pub scope: RequestedScope,
}

/// One way in, with what it needs.
#[derive(Debug)]
pub enum AuthMethod {
    Password { user: UserLookup, password: Secret },
    Token { id: Secret },
}

impl AuthMethod {
    /// The method's name in the API.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Password { .. } => "password",
            Self::Token { .. } => "token",
        }
    }
}

/// How a request names a domain.
#[derive(Clone, Debug)]
pub enum DomainLookup {
    Id(DomainId),
    Name(String),
}

/// What a request wants its token to reach.
#[derive(Debug)]
pub enum RequestedScope {
    /// Nothing was said: the user's default project if it will do, else none.
    Default,
    Unscoped,
    Project(ProjectId),
    ProjectByName {
        name: String,
        domain: DomainLookup,
    },
    Domain(DomainLookup),
    System,
}

/// What the methods of one request found out together.
struct Identified {
    user_id: UserId,
    methods: Vec<String>,
    /// The token that the request presented, when it did.
    parent: Option<Arc<TokenEntry>>,
}

impl<'a> AuthManager<'a> {
    /// A view of the app.
    pub fn new(app: &'a App) -> Self {
        Self { app }
    }

    /// Checks the credentials and issues a token.
    ///
    /// # Errors
    /// 401 when anything about the credentials or the scope is not good; 403 when the presented token
    /// may not become the token that is asked for.
    pub async fn authenticate(&self, request: AuthRequest) -> Result<(String, Arc<TokenEntry>)> {
        let identified = self.identify(request.methods).await?;
        let user = self
            .app
            .identity()
            .user(&identified.user_id)
            .await
            .map_err(as_unauthorized)?;
        crate::manager::identity::check_mfa(&user, &identified.methods, &self.app.config())?;
        let (scope, optional) = self.scope(request.scope, &user).await?;
        if let Some(parent) = &identified.parent {
            self.check_rescope(parent, &scope)?;
        }
        let payload = self.payload(identified, scope);
        if optional && payload.scope != TokenScope::Unscoped {
            let unscoped = TokenPayload {
                scope: TokenScope::Unscoped,
                ..payload.clone()
            };
            return match self.app.token().issue(payload).await {
                // The default project will not do; that is nobody's fault.
                Err(Error::Unauthorized { .. }) => self.app.token().issue(unscoped).await,
                issued => issued,
            };
        }
        self.app.token().issue(payload).await
    }

    /// Runs every method; all must mean the same user.
    async fn identify(&self, methods: Vec<AuthMethod>) -> Result<Identified> {
        let mut found: Option<UserId> = None;
        let mut names: Vec<String> = Vec::new();
        let mut parent = None;
        for method in methods {
            let name = method.name();
            let outcome = self.run(method).await;
            self.app.metrics.authentication(name, outcome.is_ok());
            let (user_id, entry) = outcome?;
            if found.as_ref().is_some_and(|found| *found != user_id) {
                return Err(Error::unauthorized(
                    "the methods authenticate different users",
                ));
            }
            found = Some(user_id);
            push_unique(&mut names, name);
            if let Some(entry) = &entry {
                entry
                    .token
                    .payload
                    .methods
                    .iter()
                    .for_each(|name| push_unique(&mut names, name));
            }
            parent = parent.or(entry);
        }
        let user_id = found.ok_or_else(|| Error::unauthorized("no method was given"))?;
        Ok(Identified {
            user_id,
            methods: names,
            parent,
        })
    }

    async fn run(&self, method: AuthMethod) -> Result<(UserId, Option<Arc<TokenEntry>>)> {
        match method {
            AuthMethod::Password { user, password } => {
                let user = self.app.identity().authenticate(&user, &password).await?;
                Ok((user.id, None))
            }
            AuthMethod::Token { id } => {
                let validated = self.app.token().validate(id.expose(), 0).await;
                let entry = validated.map_err(as_missing_token)?;
                Ok((entry.token.payload.user_id.clone(), Some(entry)))
            }
        }
    }

    /// The scope to put in the token, and whether the token may do without it.
    async fn scope(&self, wanted: RequestedScope, user: &User) -> Result<(TokenScope, bool)> {
        let resource = self.app.resource();
        Ok(match wanted {
            RequestedScope::Unscoped => (TokenScope::Unscoped, false),
            RequestedScope::System => (TokenScope::System, false),
            RequestedScope::Project(id) => (TokenScope::Project(id), false),
            RequestedScope::ProjectByName { name, domain } => {
                let domain = self.domain(domain).await?;
                let project = resource
                    .project_by_name(&domain, &name)
                    .await
                    .map_err(as_unauthorized)?;
                (TokenScope::Project(project.id), false)
            }
            RequestedScope::Domain(domain) => {
                (TokenScope::Domain(self.domain(domain).await?), false)
            }
            RequestedScope::Default => match &user.default_project_id {
                Some(id) => (TokenScope::Project(id.clone()), true),
                None => (TokenScope::Unscoped, false),
            },
        })
    }

    async fn domain(&self, lookup: DomainLookup) -> Result<DomainId> {
        match lookup {
            DomainLookup::Id(id) => Ok(id),
            DomainLookup::Name(name) => {
                let domain = self
                    .app
                    .resource()
                    .domain_by_name(&name)
                    .await
                    .map_err(as_unauthorized)?;
                Ok(domain.id.into())
            }
        }
    }

    /// What a token may be turned into. A delegated token is the whole of what was delegated, so
    /// nothing else can be made of it.
    fn check_rescope(&self, parent: &TokenEntry, scope: &TokenScope) -> Result<()> {
        let token = &parent.token;
        if token.payload.is_delegated() {
            return Err(Error::Forbidden(
                "a delegated token can't be rescoped".to_owned(),
            ));
        }
        let was_scoped = !matches!(token.scope, ResolvedScope::Unscoped);
        if was_scoped && !self.app.config().token.allow_rescope_scoped_token {
            return Err(Error::Forbidden(
                "[token] allow_rescope_scoped_token is off".to_owned(),
            ));
        }
        let narrows = matches!(scope, TokenScope::Project(_) | TokenScope::Domain(_));
        if matches!(token.scope, ResolvedScope::System) && narrows {
            return Err(Error::Forbidden(
                "a system token can't become a project's or a domain's".to_owned(),
            ));
        }
        Ok(())
    }

    fn payload(&self, identified: Identified, scope: TokenScope) -> TokenPayload {
        let now = self.app.clock.now().whole_seconds();
        let lifetime = i64::try_from(self.app.config().token.expiration).unwrap_or(i64::MAX);
        let parent = identified.parent.as_ref().map(|entry| &entry.token.payload);
        TokenPayload {
            user_id: identified.user_id,
            methods: identified.methods,
            issued_at: now,
            expires_at: earliest(
                now.plus_seconds(lifetime),
                parent.map(|parent| parent.expires_at),
            ),
            audit_ids: audit_id::for_new_token(parent.map(|parent| parent.audit_ids.as_slice())),
            scope,
            origin: parent.map_or(TokenOrigin::Direct, |parent| parent.origin.clone()),
        }
    }
}

/// No token outlives the one that it was made from.
fn earliest(own: Timestamp, parent: Option<Timestamp>) -> Timestamp {
    parent.map_or(own, |parent| own.min(parent))
}

fn push_unique(names: &mut Vec<String>, name: &str) {
    if !names.iter().any(|known| known == name) {
        names.push(name.to_owned());
    }
}

/// A presented token that is not good is one that isn't there, as for any other subject token.
fn as_missing_token(error: Error) -> Error {
    match error {
        Error::Unauthorized { reason, .. } => Error::not_found("token", format!("({reason})")),
        other => other,
    }
}

/// What a login names and does not find must not be told from what it may not use.
fn as_unauthorized(error: Error) -> Error {
    match error {
        Error::NotFound { .. } => Error::unauthorized(error.to_string()),
        other => other,
    }
}
