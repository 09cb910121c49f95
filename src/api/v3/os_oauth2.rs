//! `/v3/OS-OAUTH2/token`: client credentials (RFC 6749, section 4.4). The client is an application
//! credential with its secret, or a user with a client certificate (RFC 8705).

use crate::api::body::FormBody;
use crate::api::context::Context;
use crate::api::response;
use crate::crypto::client_certificate::ClientCertificate;
use crate::error::{Error, Result};
use crate::manager::auth::{ApplicationCredentialLookup, AuthMethod, AuthRequest, RequestedScope};
use crate::model::{Secret, UserId};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::Response;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;

/// `POST /v3/OS-OAUTH2/token`
///
/// Failures have the body of RFC 6749, section 5.2; what is nobody's fault but ours has our own.
pub async fn create_token(ctx: Context, headers: HeaderMap, form: FormBody) -> Result<Response> {
    match form.get("grant_type") {
        Some("client_credentials") => {}
        Some(_) => {
            let why = "Only the grant type client_credentials is supported.";
            return Ok(refused(
                StatusCode::BAD_REQUEST,
                "unsupported_grant_type",
                why,
            ));
        }
        None => {
            let why = "The parameter grant_type is required.";
            return Ok(refused(StatusCode::BAD_REQUEST, "invalid_request", why));
        }
    }
    let issued = match client(&ctx, &headers, &form) {
        Some(Client::Certificate {
            user_id,
            certificate,
        }) => {
            let auth = ctx.app.auth();
            auth.authenticate_certificate(&user_id, &certificate).await
        }
        Some(Client::Secret { id, secret }) => {
            ctx.app.auth().authenticate(by_secret(&id, secret)).await
        }
        None => return Ok(unauthorized(&ctx)),
    };
    let (token, entry) = match issued {
        Ok(issued) => issued,
        Err(Error::Unauthorized { reason, .. }) => {
            tracing::info!(%reason, "OAuth2 client refused");
            return Ok(unauthorized(&ctx));
        }
        Err(error) => return of_client(error),
    };
    let payload = &entry.token.payload;
    let left = payload.expires_at.seconds() - payload.issued_at.seconds();
    let body = json!({ "access_token": token, "token_type": "Bearer", "expires_in": left });
    let mut answer = response::json(StatusCode::OK, &body);
    no_store(&mut answer);
    Ok(answer)
}

/// A client, and how it shows who it is.
enum Client {
    /// A user who has a certificate.
    Certificate {
        user_id: UserId,
        certificate: Box<ClientCertificate>,
    },
    /// An application credential.
    Secret { id: String, secret: Secret },
}

fn by_secret(id: &str, secret: Secret) -> AuthRequest {
    AuthRequest {
        methods: vec![AuthMethod::ApplicationCredential {
            credential: ApplicationCredentialLookup::Id(id.into()),
            secret,
        }],
        scope: RequestedScope::Default,
        receipt: None,
        remote: None,
    }
}

/// A client that is not there answers as Keystone does: 404, in OAuth2's form.
fn of_client(error: Error) -> Result<Response> {
    match error {
        Error::NotFound { .. } => {
            let why = "There is no such client.";
            Ok(refused(StatusCode::NOT_FOUND, "other_error", why))
        }
        other => Err(other),
    }
}

/// Who the client says it is, in a way that is offered. When a trusted proxy has seen a certificate,
/// that counts and no secret does.
fn client(ctx: &Context, headers: &HeaderMap, form: &FormBody) -> Option<Client> {
    let methods = &ctx.settings.config.oauth2.oauth2_authn_methods;
    let offered = |method: &str| methods.iter().any(|offered| offered == method);
    let Some(certificate) = ctx.request.environment.get("SSL_CLIENT_CERT") else {
        let (id, secret) = by_id_and_secret(headers, form)?;
        return offered("client_secret_basic").then_some(Client::Secret { id, secret });
    };
    let user_id = form.get("client_id").filter(|id| !id.is_empty())?;
    let Some(certificate) = ClientCertificate::read(certificate) else {
        tracing::info!("the client certificate that the proxy passed on can't be read");
        return None;
    };
    offered("tls_client_auth").then(|| Client::Certificate {
        user_id: UserId::from(user_id),
        certificate: Box::new(certificate),
    })
}

/// By Basic authorization, else by the form.
fn by_id_and_secret(headers: &HeaderMap, form: &FormBody) -> Option<(String, Secret)> {
    if let Some((scheme, encoded)) = headers
        .get(header::AUTHORIZATION)
        .and_then(|value| value.to_str().ok()?.split_once(' '))
        && scheme.eq_ignore_ascii_case("basic")
    {
        let decoded = STANDARD.decode(encoded.trim()).ok()?;
        let decoded = String::from_utf8(decoded).ok()?;
        let (id, secret) = decoded.split_once(':')?;
        return Some((id.to_owned(), Secret::from(secret)));
    }
    let (id, secret) = (form.get("client_id")?, form.get("client_secret")?);
    Some((id.to_owned(), Secret::from(secret))).filter(|(id, _)| !id.is_empty())
}

fn unauthorized(ctx: &Context) -> Response {
    let why = "Client authentication failed.";
    let mut answer = refused(StatusCode::UNAUTHORIZED, "invalid_client", why);
    let challenge = format!("Keystone uri=\"{}\"", ctx.base().v3());
    if let Ok(challenge) = HeaderValue::from_str(&challenge) {
        answer
            .headers_mut()
            .insert(header::WWW_AUTHENTICATE, challenge);
    }
    answer
}

fn refused(status: StatusCode, error: &str, why: &str) -> Response {
    let mut answer = response::json(status, &json!({ "error": error, "error_description": why }));
    no_store(&mut answer);
    answer
}

fn no_store(answer: &mut Response) {
    let headers = answer.headers_mut();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
}
