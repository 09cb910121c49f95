//! `/v3/OS-OAUTH1/…` and users' access tokens.

mod consumers;

pub use consumers::{
    create as create_consumer, delete as delete_consumer, list as list_consumers,
    show as show_consumer, update as update_consumer,
};

use crate::api::attributes::Attributes;
use crate::api::body::JsonBody;
use crate::api::context::{Context, PathArgs};
use crate::api::response::{form, json, no_content};
use crate::api::schema;
use crate::crypto::oauth1::SignedRequest;
use crate::error::{Error, Result};
use crate::model::delegation::Act;
use crate::model::oauth1::AccessToken;
use crate::model::{AccessTokenId, ProjectId, Role, RoleId, Secret, Timestamp, UserId};
use crate::policy::Target;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::Response;
use serde_json::{Map, Value, json};

/// The signature of a request, if its `Authorization` header has one.
///
/// # Errors
/// 400 when there is no such header, or it makes no sense.
pub fn signed(ctx: &Context, method: &str, headers: &HeaderMap) -> Result<SignedRequest> {
    let authorization = headers
        .get(header::AUTHORIZATION)
        .and_then(|value| value.to_str().ok())
        .ok_or_else(|| Error::bad_request("An Authorization header of OAuth is needed."))?;
    let target = ctx.request.target.as_str();
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let url = format!("{}{path}", ctx.base().root());
    SignedRequest::read(method, &url, query, authorization).map_err(Error::bad_request)
}

/// `POST /v3/OS-OAUTH1/request_token`
pub async fn create_request_token(ctx: Context, headers: HeaderMap) -> Result<Response> {
    let request = signed(&ctx, "POST", &headers)?;
    let project = headers
        .get("requested-project-id")
        .and_then(|value| value.to_str().ok())
        .filter(|id| !id.is_empty())
        .ok_or_else(|| Error::bad_request("A Requested-Project-Id header is needed."))?;
    let manager = ctx.app.oauth1();
    let token = manager
        .create_request_token(&request, ProjectId::from(project))
        .await?;
    Ok(token_answer(&token.id, &token.secret, token.expires_at))
}

/// `PUT /v3/OS-OAUTH1/authorize/{request_token_id}`
pub async fn authorize(ctx: Context, path: PathArgs, body: JsonBody) -> Result<Response> {
    ctx.enforce("identity:authorize_request_token", &Target::new())?;
    let none = json!([]);
    schema::OAUTH1_AUTHORIZE.validate(body.0.get("roles").unwrap_or(&none))?;
    ctx.permit(Act::AuthorizeRequestTokens)?;
    let empty = Map::new();
    let roles = Attributes::of(body.0.as_object().unwrap_or(&empty)).roles("roles")?;
    let user = ctx.token()?.user.id.clone();
    let manager = ctx.app.oauth1();
    let verifier = manager
        .authorize(&path.id(0)?, &user, &roles.unwrap_or_default())
        .await?;
    let body = json!({ "token": { "oauth_verifier": verifier.expose() } });
    Ok(json(StatusCode::OK, &body))
}

/// `POST /v3/OS-OAUTH1/access_token`
pub async fn create_access_token(ctx: Context, headers: HeaderMap) -> Result<Response> {
    let request = signed(&ctx, "POST", &headers)?;
    for needed in ["oauth_token", "oauth_verifier"] {
        if request.get(needed).is_none_or(str::is_empty) {
            return Err(Error::bad_request(format!(
                "The Authorization header needs an '{needed}'."
            )));
        }
    }
    let token = ctx.app.oauth1().create_access_token(&request).await?;
    Ok(token_answer(&token.id, &token.secret, token.expires_at))
}

fn token_answer(id: &str, secret: &Secret, expires_at: Option<Timestamp>) -> Response {
    let secret = secret.expose();
    let mut body = format!("oauth_token={id}&oauth_token_secret={secret}");
    if let Some(end) = expires_at {
        body.push_str(&format!("&oauth_expires_at={end}"));
    }
    form(StatusCode::CREATED, body)
}

/// `GET /v3/users/{user_id}/OS-OAUTH1/access_tokens`
pub async fn list_access_tokens(ctx: Context, path: PathArgs) -> Result<Response> {
    let user = path.id::<UserId>(0)?;
    ctx.enforce("identity:list_access_tokens", &owner(&user))?;
    ctx.permit(Act::AccessTokens)?;
    let tokens = ctx.app.oauth1().access_tokens(&user).await?;
    let items = tokens
        .iter()
        .map(|token| Value::Object(view(&ctx, token)))
        .collect();
    Ok(ctx.collection("access_tokens", items, None))
}

/// `GET /v3/users/{user_id}/OS-OAUTH1/access_tokens/{access_token_id}`
pub async fn show_access_token(ctx: Context, path: PathArgs) -> Result<Response> {
    let user = path.id::<UserId>(0)?;
    ctx.enforce("identity:get_access_token", &owner(&user))?;
    ctx.permit(Act::AccessTokens)?;
    let token = ctx.app.oauth1().access_token(&user, &path.id(1)?).await?;
    let body = json!({ "access_token": view(&ctx, &token) });
    Ok(json(StatusCode::OK, &body))
}

/// `DELETE /v3/users/{user_id}/OS-OAUTH1/access_tokens/{access_token_id}`
///
/// The rule is that of EC2 credentials: Keystone's own choice, and what its operators' policies know.
pub async fn delete_access_token(ctx: Context, path: PathArgs) -> Result<Response> {
    let user = path.id::<UserId>(0)?;
    ctx.enforce("identity:ec2_delete_credential", &owner(&user))?;
    ctx.permit(Act::AccessTokens)?;
    let manager = ctx.app.oauth1();
    manager.delete_access_token(&user, &path.id(1)?).await?;
    Ok(no_content())
}

/// `GET /v3/users/{user_id}/OS-OAUTH1/access_tokens/{access_token_id}/roles`
pub async fn list_roles(ctx: Context, path: PathArgs) -> Result<Response> {
    let roles = permitted_roles(&ctx, "identity:list_access_token_roles", &path).await?;
    let items = roles
        .iter()
        .map(|role| {
            let mut view = role_view(role);
            let links = ctx.base().member_links("roles", &role.id);
            view.insert("links".to_owned(), links);
            Value::Object(view)
        })
        .collect();
    Ok(ctx.collection("roles", items, None))
}

/// `GET /v3/users/{user_id}/OS-OAUTH1/access_tokens/{access_token_id}/roles/{role_id}`
pub async fn show_role(ctx: Context, path: PathArgs) -> Result<Response> {
    let roles = permitted_roles(&ctx, "identity:get_access_token_role", &path).await?;
    let id = path.id::<RoleId>(2)?;
    let role = roles
        .iter()
        .find(|role| role.id == id)
        .ok_or_else(|| Error::not_found("role", &id))?;
    Ok(ctx.member(StatusCode::OK, "role", "roles", &role.id, role_view(role)))
}

async fn permitted_roles(ctx: &Context, rule: &str, path: &PathArgs) -> Result<Vec<Role>> {
    let user = path.id::<UserId>(0)?;
    ctx.enforce(rule, &owner(&user))?;
    ctx.permit(Act::AccessTokens)?;
    let id = path.id::<AccessTokenId>(1)?;
    let manager = ctx.app.oauth1();
    let token = manager.access_token(&user, &id).await?;
    manager.roles(&token).await
}

fn owner(user: &UserId) -> Target<'_> {
    Target::new().with("user_id", user.as_str())
}

/// As other resources show a role, but for its description.
fn role_view(role: &Role) -> Map<String, Value> {
    let mut view = role.attributes();
    view.shift_remove("description");
    view
}

fn view(ctx: &Context, token: &AccessToken) -> Map<String, Value> {
    let user = &token.authorizing_user_id;
    let itself = ctx
        .base()
        .member(&format!("users/{user}/OS-OAUTH1/access_tokens"), &token.id);
    let mut map = Map::new();
    let mut set = |name: &str, value: Value| map.insert(name.to_owned(), value);
    set("id", json!(token.id));
    set("authorizing_user_id", json!(user));
    set("project_id", json!(token.project_id));
    set("consumer_id", json!(token.consumer_id));
    set("expires_at", json!(token.expires_at));
    set(
        "links",
        json!({ "roles": format!("{itself}/roles"), "self": itself }),
    );
    map
}
