//! Who is calling, from where, and what they may do: the first argument of every handler.

mod credentials;

use crate::api::edge::RequestMeta;
use crate::api::links::{BaseUrl, NextPage};
use crate::api::query::Query;
use crate::api::response;
use crate::api::tokenless;
use crate::app::{App, Settings};
use crate::error::{Error, Result};
use crate::manager::delegation;
use crate::manager::federation::CertificateCaller;
use crate::manager::token::TokenEntry;
use crate::model::delegation::{Act, Delegation};
use crate::model::event::Origin;
use crate::model::token::{ResolvedScope, TokenOrigin, ValidToken};
use crate::model::{DomainId, GroupId, UserId};
use crate::policy::Target;
use axum::extract::{FromRequestParts, RawPathParams};
use axum::http::request::Parts;
use axum::http::{HeaderMap, Method, StatusCode, header};
use axum::response::Response;
use credentials::{of_certificate, of_token};
use serde_json::{Map, Value};
use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use subtle::ConstantTimeEq;

/// One request's context.
pub struct Context {
    /// The program.
    pub app: Arc<App>,
    /// Configuration, policy and keys as they were when the request came; they don't change under it.
    pub settings: Arc<Settings>,
    /// Id, base URL and target of the request.
    pub request: Arc<RequestMeta>,
    /// The query string, decoded.
    pub query: Query,
    /// Whether the caller holds requests against a token's access rules, as it says in
    /// `OpenStack-Identity-Access-Rules`.
    pub understands_access_rules: bool,
    caller: Caller,
    enforced: Option<Arc<Enforced>>,
}

/// Whose token, or whose certificate instead of one, came with the request.
enum Caller {
    /// None came.
    Anonymous,
    /// One came that is not good; protected handlers answer this, public ones don't care.
    Refused(Error),
    /// `[DEFAULT] admin_token`: may do everything, is nobody.
    AdminToken,
    /// A good token.
    Token(Arc<TokenEntry>),
    /// No token, but a client certificate that counts.
    Certificate(Box<CertificateCaller>),
}

/// Set when a handler asked policy. Debug builds check it for every route that names a rule.
#[derive(Default)]
pub struct Enforced(AtomicBool);

impl Enforced {
    /// Whether policy was asked.
    pub fn get(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

impl FromRequestParts<Arc<App>> for Context {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self> {
        let request = parts
            .extensions
            .get::<Arc<RequestMeta>>()
            .cloned()
            .ok_or_else(|| Error::internal("a request came around the edge"))?;
        let settings = app.settings();
        let path = request.target.split('?').next().unwrap_or_default();
        let query = Query::read(parts.uri.query().unwrap_or_default())?;
        let caller = caller(app, &settings, parts, &request, path).await?;
        let app = match parts.method {
            Method::GET | Method::HEAD if !logs_in(path) => Arc::clone(app),
            _ => app.on_behalf_of(|| {
                let believes_proxy = settings.links.enable_proxy_headers_parsing;
                origin(&request, &parts.headers, &caller, believes_proxy)
            }),
        };
        Ok(Self {
            query,
            understands_access_rules: understands_access_rules(parts),
            enforced: parts.extensions.get().cloned(),
            app,
            settings,
            request,
            caller,
        })
    }
}

/// Whether GET, too, makes something happen at a path: browsers and identity providers' modules come
/// to log users in that way.
fn logs_in(path: &str) -> bool {
    let below = path.strip_prefix("/v3/auth/OS-FEDERATION/");
    let of_provider = path.strip_prefix("/v3/OS-FEDERATION/identity_providers/");
    below.is_some() || of_provider.is_some_and(|rest| rest.ends_with("/auth"))
}

/// Version 1.0 is the first.
fn understands_access_rules(parts: &Parts) -> bool {
    let version = parts.headers.get("openstack-identity-access-rules");
    version
        .and_then(|version| version.to_str().ok()?.trim().parse::<f64>().ok())
        .is_some_and(|version| version >= 1.0)
}

async fn caller(
    app: &App,
    settings: &Settings,
    parts: &Parts,
    request: &RequestMeta,
    path: &str,
) -> Result<Caller> {
    let named = |name| parts.headers.get(name).filter(|token| !token.is_empty());
    // Swift's clients call it by the second name.
    let Some(token) = named("x-auth-token").or_else(|| named("x-storage-token")) else {
        let found = tokenless::caller(app, settings, request, &parts.headers).await;
        return match found {
            None => Ok(Caller::Anonymous),
            Some(Ok(caller)) => Ok(Caller::Certificate(Box::new(caller))),
            Some(Err(error)) if says_nothing(&error) => Err(error),
            Some(Err(error)) => Ok(Caller::Refused(error)),
        };
    };
    if let Some(admin_token) = &settings.config.default.admin_token
        && bool::from(admin_token.expose().as_bytes().ct_eq(token.as_bytes()))
    {
        return Ok(Caller::AdminToken);
    }
    let Ok(token) = token.to_str() else {
        return Ok(Caller::Refused(Error::unauthorized(
            "X-Auth-Token is not text",
        )));
    };
    match app.token().validate(token, 0).await {
        Ok(entry) => {
            let token = &entry.token;
            let permitted = delegation::permit(token, Act::CallApi, &settings.config)
                .and_then(|()| delegation::permit_request(token, parts.method.as_str(), path));
            Ok(match permitted {
                Ok(()) => Caller::Token(entry),
                Err(error) => Caller::Refused(error),
            })
        }
        Err(error) if says_nothing(&error) => Err(error),
        // What the token is for is gone or disabled: that is 404, as for a subject token. A trust that
        // does not hold any more is 403.
        Err(error @ (Error::NotFound { .. } | Error::Forbidden(_))) => Ok(Caller::Refused(error)),
        Err(error) => Ok(Caller::Refused(Error::unauthorized(format!(
            "X-Auth-Token: {error}"
        )))),
    }
}

/// Whether a failure says nothing about who calls: a database that is away.
fn says_nothing(error: &Error) -> bool {
    matches!(
        error,
        Error::Unavailable(_) | Error::Transient(_) | Error::Internal(_)
    )
}

/// What is told of a `User-Agent`.
const LONGEST_AGENT: usize = 256;

/// Who will be told to have made the request's effects happen. Behind a proxy whose headers are
/// believed, the address is the one that the proxy saw.
fn origin(
    request: &RequestMeta,
    headers: &HeaderMap,
    caller: &Caller,
    believes_proxy: bool,
) -> Origin {
    let forwarded = headers
        .get("x-forwarded-for")
        .filter(|_| believes_proxy)
        .and_then(|addresses| {
            addresses
                .to_str()
                .ok()?
                .rsplit(',')
                .next()?
                .trim()
                .parse()
                .ok()
        });
    let peer: Option<IpAddr> = forwarded.or(request.peer);
    let mut origin = Origin {
        request_id: Some(request.id.clone()),
        global_request_id: request.global_id.clone(),
        address: peer.map(|peer| peer.to_string()),
        agent: headers
            .get(header::USER_AGENT)
            .and_then(|agent| agent.to_str().ok())
            .map(|agent| agent.chars().take(LONGEST_AGENT).collect()),
        ..Origin::default()
    };
    match caller {
        Caller::Token(entry) => {
            origin.user_id = Some(entry.token.user.id.clone());
            origin.user_name = Some(entry.token.user.name.clone());
        }
        Caller::Certificate(caller) => {
            origin.user_id = caller.user.as_ref().map(|user| user.id.clone());
            origin.user_name = caller.user.as_ref().map(|user| user.name.clone());
        }
        Caller::Anonymous | Caller::Refused(_) | Caller::AdminToken => {}
    }
    match caller.scope() {
        Some(ResolvedScope::Project { id, .. }) => origin.project_id = Some(id.to_string()),
        Some(ResolvedScope::Domain(domain)) => origin.domain_id = Some(domain.id.to_string()),
        Some(ResolvedScope::Unscoped | ResolvedScope::System) | None => {}
    }
    origin
}

impl Caller {
    fn scope(&self) -> Option<&ResolvedScope> {
        match self {
            Self::Token(entry) => Some(&entry.token.scope),
            Self::Certificate(caller) => Some(&caller.scope),
            Self::Anonymous | Self::Refused(_) | Self::AdminToken => None,
        }
    }
}

impl Context {
    /// What links start with.
    pub fn base(&self) -> &BaseUrl {
        &self.request.base
    }

    /// Asks policy whether the caller may do what a rule governs.
    ///
    /// Targets hold facts from the database and from the path; nothing else may reach them.
    ///
    /// # Errors
    /// 401 without a good token, 403 when the rule says no.
    pub fn enforce(&self, rule: &str, target: &Target) -> Result<()> {
        if let Some(flag) = &self.enforced {
            flag.0.store(true, Ordering::Relaxed);
        }
        let credentials = match &self.caller {
            Caller::AdminToken => return Ok(()),
            Caller::Token(entry) => of_token(&entry.token),
            Caller::Certificate(caller) => of_certificate(caller),
            Caller::Anonymous => return Err(Error::unauthorized("no X-Auth-Token was sent")),
            Caller::Refused(error) => return Err(error.clone()),
        };
        Ok(self.settings.policy.enforce(rule, &credentials, target)?)
    }

    /// Fails unless the caller's token may do what would make or show a secret or a right. Policy knows
    /// who the user is; this knows which part of the user's rights came along.
    ///
    /// # Errors
    /// 403 when the token was made with a delegation that does not reach so far; 401 without a good
    /// token.
    pub fn permit(&self, act: Act) -> Result<()> {
        let config = &self.settings.config;
        match &self.caller {
            Caller::AdminToken => Ok(()),
            Caller::Certificate(_) => {
                delegation::permit_steps(&[Delegation::Certificate], act, config)
            }
            _ => delegation::permit(self.token()?, act, config),
        }
    }

    /// Fails as [`permit`](Self::permit) when a token that was handed on would set the password of the
    /// user as whom it acts, or of whom it was handed to.
    ///
    /// # Errors
    /// 403.
    pub fn permit_password_of(&self, user: &UserId) -> Result<()> {
        let is_own = match &self.caller {
            Caller::Token(entry) => entry.token.stands_for(user),
            _ => self.user_id() == Some(user),
        };
        if is_own {
            self.permit(Act::SetOwnPassword)?;
        }
        Ok(())
    }

    /// Fails with 401 unless a good token (or `admin_token`, or a client certificate that counts)
    /// came.
    pub fn authenticated(&self) -> Result<()> {
        match &self.caller {
            Caller::AdminToken | Caller::Token(_) | Caller::Certificate(_) => Ok(()),
            Caller::Anonymous => Err(Error::unauthorized("no X-Auth-Token was sent")),
            Caller::Refused(error) => Err(error.clone()),
        }
    }

    /// Whether policy would say yes; for answers that show each caller what it may see.
    pub fn allows(&self, rule: &str, target: &Target) -> bool {
        self.enforce(rule, target).is_ok()
    }

    /// The caller's token.
    ///
    /// # Errors
    /// 401 when none came or it is not good; `admin_token` is no token of anybody, and a client
    /// certificate none at all.
    pub fn token(&self) -> Result<&ValidToken> {
        match &self.caller {
            Caller::Token(entry) => Ok(&entry.token),
            Caller::AdminToken => Err(Error::unauthorized("admin_token is nobody's token")),
            Caller::Certificate(_) => Err(Error::unauthorized("a certificate is no token")),
            Caller::Anonymous => Err(Error::unauthorized("no X-Auth-Token was sent")),
            Caller::Refused(error) => Err(error.clone()),
        }
    }

    /// Whether no token came at all, nor a certificate that counts.
    pub fn is_anonymous(&self) -> bool {
        matches!(self.caller, Caller::Anonymous)
    }

    /// Whether the caller used `[DEFAULT] admin_token`.
    pub fn is_admin_token(&self) -> bool {
        matches!(self.caller, Caller::AdminToken)
    }

    /// The calling user, if a good token came; of an impersonating trust, the trustor.
    pub fn user_id(&self) -> Option<&UserId> {
        match &self.caller {
            Caller::Token(entry) => Some(&entry.token.user.id),
            Caller::Certificate(caller) => caller.user.as_ref().map(|user| &user.id),
            _ => None,
        }
    }

    /// The calling user.
    ///
    /// # Errors
    /// 401 when nobody's account is behind the call.
    pub fn caller_id(&self) -> Result<&UserId> {
        self.user_id()
            .ok_or_else(|| Error::unauthorized("nobody's account is behind the call"))
    }

    /// The groups that the caller's token carries beside those that the user is in.
    pub fn federated_groups(&self) -> &[GroupId] {
        match &self.caller {
            Caller::Token(entry) => entry.token.federated_groups(),
            _ => &[],
        }
    }

    /// Whether an identity provider stands behind the caller's token.
    pub fn is_federated(&self) -> bool {
        let Caller::Token(entry) = &self.caller else {
            return false;
        };
        matches!(entry.token.payload.origin, TokenOrigin::Federated { .. })
    }

    /// What the caller reaches; nothing is known of it without a good token or certificate.
    pub fn scope(&self) -> Option<&ResolvedScope> {
        self.caller.scope()
    }

    /// The domain that the caller's token is scoped to. Such callers see only it in collections.
    pub fn domain_of_scope(&self) -> Option<&DomainId> {
        match self.scope() {
            Some(ResolvedScope::Domain(domain)) => Some(&domain.id),
            _ => None,
        }
    }

    /// The domain that a list of users or groups is about when nobody says. Where domains may have
    /// drivers of their own, it is the one of the token's project; else, `None`, all of them.
    pub fn domain_for_list(&self) -> Option<DomainId> {
        let identity = &self.settings.config.identity;
        match self.scope() {
            Some(ResolvedScope::Project { domain, .. })
                if identity.domain_specific_drivers_enabled =>
            {
                Some(domain.id.clone())
            }
            _ => None,
        }
    }

    /// The domain for a new object whose body names none: the one that the token is scoped to, else
    /// `[identity] default_domain_id`. The domain of a project scope has no part in it.
    ///
    /// # Errors
    /// 400 with `admin_token`, which is of no domain.
    pub fn domain_for_new(&self) -> Result<DomainId> {
        if self.is_admin_token() {
            return Err(Error::bad_request(
                "'domain_id' must be given, because admin_token is of no domain.",
            ));
        }
        let default = self.settings.config.identity.default_domain_id.as_str();
        let own = self.domain_of_scope().cloned();
        Ok(own.unwrap_or_else(|| DomainId::from(default)))
    }

    /// `{"user": {…, "links": {"self": …}}}`.
    pub fn member(
        &self,
        status: StatusCode,
        key: &str,
        collection: &str,
        id: &str,
        mut body: Map<String, Value>,
    ) -> Response {
        body.insert("links".to_owned(), self.base().member_links(collection, id));
        let mut envelope = Map::new();
        envelope.insert(key.to_owned(), Value::Object(body));
        response::json(status, &envelope)
    }

    /// `{"users": […], "links": {next, self, previous}}`, and `truncated` when there is more.
    ///
    /// `items` carry their own links already.
    pub(super) fn envelope(
        &self,
        key: &str,
        items: Vec<Value>,
        next: Option<NextPage<'_>>,
        truncated: bool,
    ) -> Response {
        let mut envelope = Map::new();
        envelope.insert(key.to_owned(), Value::Array(items));
        envelope.insert(
            "links".to_owned(),
            self.base().collection_links(&self.request.target, next),
        );
        if truncated {
            envelope.insert("truncated".to_owned(), Value::Bool(true));
        }
        response::json(StatusCode::OK, &envelope)
    }
}

/// Path arguments in the order of the route's template.
pub struct PathArgs(Vec<String>);

impl PathArgs {
    /// The argument at an index, as an id of some kind.
    pub fn id<T: From<String>>(&self, index: usize) -> Result<T> {
        self.0.get(index).cloned().map(T::from).ok_or_else(|| {
            Error::internal("a handler asks for more path arguments than its route has")
        })
    }
}

impl FromRequestParts<Arc<App>> for PathArgs {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self> {
        let params = RawPathParams::from_request_parts(parts, app)
            .await
            .map_err(|_| Error::bad_request("The path is not valid UTF-8."))?;
        Ok(Self(
            params.iter().map(|(_, value)| value.to_owned()).collect(),
        ))
    }
}
