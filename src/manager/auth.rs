//! Logins: from credentials to a token.

mod certificate;
mod grant;
mod reissue;

pub use grant::Grant;

use crate::app::App;
use crate::crypto::oauth1::SignedRequest;
use crate::error::{Error, Result};
use crate::manager::delegation;
use crate::manager::federation::MappedLogin;
use crate::manager::identity::{UserLookup, lacking_methods};
use crate::manager::resource::{Kind, check_login_name};
use crate::manager::token::TokenEntry;
use crate::model::delegation::Act;
use crate::model::token::{ResolvedScope, TokenOrigin, TokenPayload, TokenScope};
use crate::model::trust::Trust;
use crate::model::{ApplicationCredentialId, DomainId, ProjectId, Secret, TrustId, User, UserId};
use crate::token::audit_id;
use std::sync::Arc;

/// The method of users whom a proxy in front has identified.
pub const EXTERNAL: &str = "external";

/// Authenticates users and gives them tokens.
pub struct AuthManager<'a> {
    app: &'a App,
}

/// A login as a client asks for it.
#[derive(Debug)]
pub struct AuthRequest {
    pub methods: Vec<AuthMethod>,
    /// The receipt of a login before, whose methods count, too.
    pub receipt: Option<String>,
    /// Whom a trusted proxy has identified; counts as the method `external`, asked for or not.
    pub remote: Option<RemoteUser>,
    pub scope: RequestedScope,
}

/// One way in, with what it needs.
#[derive(Debug)]
pub enum AuthMethod {
    Password {
        user: UserLookup,
        password: Secret,
    },
    Token {
        id: Secret,
    },
    ApplicationCredential {
        credential: ApplicationCredentialLookup,
        secret: Secret,
    },
    /// The request itself is signed.
    OAuth1(Box<SignedRequest>),
    Totp {
        user: UserLookup,
        passcode: Secret,
    },
    /// By what an identity provider says: `mapped`, or another of its names.
    Mapped {
        method: &'static str,
        login: Box<MappedLogin>,
    },
    /// The same with a token that was got so.
    MappedToken {
        method: &'static str,
        id: Secret,
    },
    /// Asked for by name: `external` or `kerberos`.
    Remote {
        method: &'static str,
        user: Option<RemoteUser>,
    },
}

/// A user by the name that a trusted proxy gave.
#[derive(Clone, Debug)]
pub struct RemoteUser {
    pub name: String,
    /// The domain's name; `None` means the default domain.
    pub domain: Option<String>,
}

/// How a login names its application credential. Whose it is, its row says, and nothing else.
#[derive(Clone, Debug)]
pub enum ApplicationCredentialLookup {
    Id(ApplicationCredentialId),
    Name { name: String, user: UserLookup },
}

impl AuthMethod {
    /// The method's name in the API.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Password { .. } => "password",
            Self::Token { .. } => "token",
            Self::ApplicationCredential { .. } => "application_credential",
            Self::OAuth1(_) => "oauth1",
            Self::Totp { .. } => "totp",
            Self::Remote { method, .. }
            | Self::Mapped { method, .. }
            | Self::MappedToken { method, .. } => method,
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
    /// What a trust delegates.
    Trust(TrustId),
}

/// What one method found out.
pub struct Proof {
    pub user_id: UserId,
    /// The token that was presented.
    pub parent: Option<Arc<TokenEntry>>,
    /// What the credential stands for, when that is less than its user.
    pub grant: Option<Grant>,
    /// Who vouched for the user: always [`TokenOrigin::Federated`].
    pub federated: Option<TokenOrigin>,
}

impl Proof {
    /// The user, by what only the user has.
    pub fn of_user(user_id: UserId) -> Self {
        Self {
            user_id,
            parent: None,
            grant: None,
            federated: None,
        }
    }

    /// The user of a token.
    fn of_token(entry: Arc<TokenEntry>) -> Self {
        Self {
            parent: Some(Arc::clone(&entry)),
            ..Self::of_user(entry.token.payload.user_id.clone())
        }
    }
}

/// What the methods of one request found out together.
struct Identified {
    user_id: UserId,
    methods: Vec<String>,
    parent: Option<Arc<TokenEntry>>,
    grant: Option<Grant>,
    federated: Option<TokenOrigin>,
}

impl Identified {
    /// How the token comes to be: with a part that was handed on, through an identity provider, or
    /// as the token before it did.
    fn origin(&self, grant: Option<&Grant>) -> TokenOrigin {
        let parent = self.parent.as_ref();
        grant
            .map(|grant| &grant.origin)
            .or(self.federated.as_ref())
            .or_else(|| parent.map(|entry| &entry.token.payload.origin))
            .cloned()
            .unwrap_or(TokenOrigin::Direct)
    }
}

/// What a token is to reach, and how it comes to.
struct Reach {
    scope: TokenScope,
    /// Whether the token may do without the scope: nobody asked for it.
    optional: bool,
    grant: Option<Grant>,
    /// The trust that is used.
    trust: Option<Trust>,
}

impl Reach {
    fn own(scope: TokenScope) -> Self {
        Self {
            scope,
            optional: false,
            grant: None,
            trust: None,
        }
    }

    fn granted(grant: Grant) -> Self {
        Self {
            grant: Some(grant.clone()),
            ..Self::own(grant.scope)
        }
    }
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
        let mut identified = self.identify(request.methods, request.remote).await?;
        if let Some(parent) = &identified.parent {
            self.check_parent(parent)?;
        }
        let receipt = match &request.receipt {
            Some(receipt) => Some(self.app.receipt().read(receipt, &identified.user_id)?),
            None => None,
        };
        for name in receipt.iter().flat_map(|receipt| &receipt.methods) {
            push_unique(&mut identified.methods, name);
        }
        let user = self
            .app
            .identity()
            .user(&identified.user_id)
            .await
            .map_err(as_unauthorized)?;
        if let Some(lacking) = lacking_methods(&user, &identified.methods, &self.app.config()) {
            // A receipt tells of methods only: what bounds a token or a grant would be forgotten.
            if identified.parent.is_some() || identified.grant.is_some() {
                return Err(Error::unauthorized(
                    "more methods are needed, all at once with what was made before",
                ));
            }
            let until = receipt.map(|receipt| receipt.expires_at);
            let receipt = self.app.receipt();
            let issued = receipt.issue(&user, identified.methods, lacking, until);
            return Err(Error::MoreMethods(Box::new(issued.await?)));
        }
        let narrows = names_project_or_domain(&request.scope);
        let reach = self.reach(&identified, request.scope, &user).await?;
        if let (true, Some(parent)) = (narrows, &identified.parent) {
            check_narrowing(parent)?;
        }
        let payload = self.payload(identified, &reach);
        if is_federated(&payload.origin) && payload.scope == TokenScope::System {
            return Err(Error::forbidden_action(
                "A federated user's token can't be for the system.",
            ));
        }
        if reach.optional && payload.scope != TokenScope::Unscoped {
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
        let issued = self.app.token().issue(payload).await?;
        if let Some(trust) = &reach.trust {
            self.app.trust().consume_use(trust).await?;
        }
        Ok(issued)
    }

    /// Runs every method; all must mean the same user.
    async fn identify(
        &self,
        methods: Vec<AuthMethod>,
        remote: Option<RemoteUser>,
    ) -> Result<Identified> {
        let mut found: Option<UserId> = None;
        let mut names: Vec<String> = Vec::new();
        if let Some(remote) = remote {
            match self.app.identity().authenticate_remote(&remote).await {
                Ok(user) => {
                    self.app.metrics.authentication(EXTERNAL, true);
                    found = Some(user.id);
                    names.push(EXTERNAL.to_owned());
                }
                // The other methods may do without it.
                Err(Error::Unauthorized { reason, .. }) => {
                    tracing::debug!(reason, "the remote user does not count");
                }
                Err(error) => return Err(error),
            }
        }
        let mut parent = None;
        let mut grant = None;
        let mut federated = None;
        for method in methods {
            let name = method.name();
            let is_rescoping = matches!(method, AuthMethod::Token { .. });
            let outcome = self.run(method).await;
            self.app.metrics.authentication(name, outcome.is_ok());
            let proof = outcome?;
            let (user_id, entry) = (proof.user_id, proof.parent);
            grant = grant_of_both(grant, proof.grant)?;
            federated = federated.or(proof.federated);
            if found.as_ref().is_some_and(|found| *found != user_id) {
                return Err(Error::unauthorized(
                    "the methods authenticate different users",
                ));
            }
            found = Some(user_id);
            push_unique(&mut names, name);
            if let Some(entry) = entry.as_ref().filter(|_| is_rescoping) {
                let before = entry.token.payload.methods.iter();
                before.for_each(|name| push_unique(&mut names, name));
            }
            parent = parent.or(entry);
        }
        let user_id = found.ok_or_else(|| Error::unauthorized("no method was given"))?;
        Ok(Identified {
            user_id,
            methods: names,
            parent,
            grant,
            federated,
        })
    }

    async fn run(&self, method: AuthMethod) -> Result<Proof> {
        match method {
            AuthMethod::Password { user, password } => {
                let user = self.app.identity().authenticate(&user, &password).await?;
                Ok(Proof::of_user(user.id))
            }
            AuthMethod::Token { id } => {
                let entry = self.app.token().subject(id.expose(), 0).await?;
                self.app.federation().check_rescope(&entry.token).await?;
                Ok(Proof::of_token(entry))
            }
            AuthMethod::Mapped { login, .. } => self.app.federation().log_in(&login).await,
            AuthMethod::MappedToken { id, .. } => {
                let entry = self.app.token().subject(id.expose(), 0).await?;
                if !matches!(entry.token.payload.origin, TokenOrigin::Federated { .. }) {
                    return Err(Error::unauthorized("the token is not a federated one"));
                }
                self.app.federation().check_rescope(&entry.token).await?;
                Ok(Proof::of_token(entry))
            }
            AuthMethod::OAuth1(request) => self.app.oauth1().authenticate(&request).await,
            AuthMethod::ApplicationCredential { credential, secret } => {
                self.app
                    .application_credential()
                    .authenticate(&credential, &secret)
                    .await
            }
            AuthMethod::Totp { user, passcode } => {
                let identity = self.app.identity();
                let user = identity.authenticate_totp(&user, &passcode).await?;
                Ok(Proof::of_user(user.id))
            }
            AuthMethod::Remote { user, .. } => {
                let user = user.ok_or_else(|| Error::unauthorized("no remote user is known"))?;
                let user = self.app.identity().authenticate_remote(&user).await?;
                Ok(Proof::of_user(user.id))
            }
        }
    }

    /// What the token reaches. A credential that stands for a part brings its own scope.
    async fn reach(
        &self,
        identified: &Identified,
        wanted: RequestedScope,
        user: &User,
    ) -> Result<Reach> {
        if let Some(grant) = &identified.grant {
            return Ok(Reach::granted(grant.clone()));
        }
        Ok(match wanted {
            RequestedScope::Unscoped => Reach::own(TokenScope::Unscoped),
            RequestedScope::System => Reach::own(TokenScope::System),
            RequestedScope::Project(id) => Reach::own(TokenScope::Project(id)),
            RequestedScope::ProjectByName { name, domain } => {
                let project = self.project_named(&name, domain).await?;
                Reach::own(TokenScope::Project(project))
            }
            RequestedScope::Domain(domain) => {
                Reach::own(TokenScope::Domain(self.domain(domain).await?))
            }
            RequestedScope::Trust(id) => {
                let trust = self.app.trust().trust(&id).await.map_err(as_unauthorized)?;
                Reach {
                    trust: Some(trust.clone()),
                    ..Reach::granted(Grant::from(&trust))
                }
            }
            // A federated user has to say what the token is for.
            RequestedScope::Default if is_federated(&identified.origin(None)) => {
                Reach::own(TokenScope::Unscoped)
            }
            RequestedScope::Default => match &user.default_project_id {
                Some(id) => Reach {
                    optional: true,
                    ..Reach::own(TokenScope::Project(id.clone()))
                },
                None => Reach::own(TokenScope::Unscoped),
            },
        })
    }

    /// The project that a scope names.
    ///
    /// # Errors
    /// 401 when there is none, or `project_name_url_safe` refuses the name.
    pub async fn project_named(&self, name: &str, domain: DomainLookup) -> Result<ProjectId> {
        check_login_name(Kind::Project, name, &self.app.config())?;
        let domain = self.domain(domain).await?;
        let resource = self.app.resource();
        let project = resource.project_by_name(&domain, name).await;
        Ok(project.map_err(as_unauthorized)?.id)
    }

    /// The domain that a scope names; by an id, it need not exist.
    ///
    /// # Errors
    /// 401 when there is none, or `domain_name_url_safe` refuses the name.
    pub async fn domain(&self, lookup: DomainLookup) -> Result<DomainId> {
        match lookup {
            DomainLookup::Id(id) => Ok(id),
            DomainLookup::Name(name) => {
                check_login_name(Kind::Domain, &name, &self.app.config())?;
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

    /// Whether a token may become another one at all.
    fn check_parent(&self, parent: &TokenEntry) -> Result<()> {
        let token = &parent.token;
        delegation::permit(token, Act::Rescope, &self.app.config())?;
        let was_scoped = !matches!(token.scope, ResolvedScope::Unscoped);
        if was_scoped && !self.app.config().token.allow_rescope_scoped_token {
            return Err(Error::Forbidden(
                "[token] allow_rescope_scoped_token is off".to_owned(),
            ));
        }
        Ok(())
    }

    fn payload(&self, identified: Identified, reach: &Reach) -> TokenPayload {
        let now = self.app.clock.now().whole_seconds();
        let parent = identified.parent.as_ref().map(|entry| &entry.token.payload);
        let grant = reach.grant.as_ref();
        TokenPayload {
            origin: identified.origin(grant),
            user_id: identified.user_id,
            methods: identified.methods,
            issued_at: now,
            expires_at: self.app.token().end(
                now,
                [
                    parent.map(|parent| parent.expires_at),
                    grant.and_then(|grant| grant.expires_at),
                ],
            ),
            audit_ids: audit_id::for_new_token(parent.map(|parent| parent.audit_ids.as_slice())),
            scope: reach.scope.clone(),
        }
    }
}

/// What the request itself says counts: a default project or a trust's is not asked for by name.
fn names_project_or_domain(scope: &RequestedScope) -> bool {
    matches!(
        scope,
        RequestedScope::Project(_)
            | RequestedScope::ProjectByName { .. }
            | RequestedScope::Domain(_)
    )
}

/// Whether a token may become one for a project or a domain that the request names.
fn check_narrowing(parent: &TokenEntry) -> Result<()> {
    if matches!(parent.token.scope, ResolvedScope::System) {
        return Err(Error::Forbidden(
            "a system token can't become a project's or a domain's".to_owned(),
        ));
    }
    Ok(())
}

fn is_federated(origin: &TokenOrigin) -> bool {
    matches!(origin, TokenOrigin::Federated { .. })
}

/// What one of two methods hands on.
fn grant_of_both(one: Option<Grant>, other: Option<Grant>) -> Result<Option<Grant>> {
    match (one, other) {
        (Some(_), Some(_)) => Err(Error::unauthorized(
            "the methods hand on different parts of what a user may do",
        )),
        (one, other) => Ok(one.or(other)),
    }
}

fn push_unique(names: &mut Vec<String>, name: &str) {
    if !names.iter().any(|known| known == name) {
        names.push(name.to_owned());
    }
}

/// What a login names and does not find must not be told from what it may not use.
pub(in crate::manager) fn as_unauthorized(error: Error) -> Error {
    match error {
        Error::NotFound { .. } => Error::unauthorized(error.to_string()),
        other => other,
    }
}
