//! This service as a SAML 2.0 identity provider of other clouds.

use crate::api::body::JsonBody;
use crate::api::context::Context;
use crate::api::response::file;
use crate::api::schema;
use crate::crypto::saml;
use crate::error::{Error, Result};
use crate::model::Secret;
use crate::model::federation::ServiceProvider;
use axum::http::HeaderValue;
use axum::response::Response;
use serde_json::Value;

const XML: &str = "text/xml";

/// `GET /v3/OS-FEDERATION/saml2/metadata`
pub async fn show_metadata(ctx: Context) -> Result<Response> {
    let text = ctx.app.federation().saml_metadata().await?;
    Ok(file(XML, text))
}

/// `POST /v3/auth/OS-FEDERATION/saml2`
pub async fn create_assertion(ctx: Context, body: JsonBody) -> Result<Response> {
    let (response, provider) = assertion(&ctx, &body).await?;
    answer(saml::document(&response), &provider)
}

/// `POST /v3/auth/OS-FEDERATION/saml2/ecp`
pub async fn create_enveloped_assertion(ctx: Context, body: JsonBody) -> Result<Response> {
    let (response, provider) = assertion(&ctx, &body).await?;
    let text = saml::envelope(&response, &provider.relay_state_prefix);
    answer(text, &provider)
}

/// Who has the token in the body is who asks; no other is needed.
async fn assertion(ctx: &Context, body: &JsonBody) -> Result<(String, ServiceProvider)> {
    let auth = Value::Object(body.member("auth")?.clone());
    schema::AUTH_SAML2.validate(&auth)?;
    let text = |pointer: &str| {
        let found = auth.pointer(pointer).and_then(Value::as_str);
        found.ok_or_else(|| Error::bad_request(format!("'auth{pointer}' must be a text.")))
    };
    let provider = text("/scope/service_provider/id")?.into();
    let token = Secret::from(text("/identity/token/id")?);
    ctx.app.federation().assertion(&provider, &token).await
}

/// The document, and where the client is to take it.
fn answer(text: String, provider: &ServiceProvider) -> Result<Response> {
    let mut response = file(XML, text);
    for (name, url) in [
        ("x-sp-url", &provider.sp_url),
        ("x-auth-url", &provider.auth_url),
    ] {
        let value = HeaderValue::from_str(url).map_err(|_| {
            Error::bad_request(format!("The service provider's address {url:?} is none."))
        })?;
        response.headers_mut().insert(name, value);
    }
    Ok(response)
}
