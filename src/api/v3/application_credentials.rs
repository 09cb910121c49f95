//! `/v3/users/{user_id}/application_credentials`

use crate::api::attributes::Attributes;
use crate::api::body::JsonBody;
use crate::api::context::{Context, PathArgs};
use crate::api::response::no_content;
use crate::api::schema;
use crate::api::v3::expiration;
use crate::error::{Error, Result};
use crate::manager::application_credential::{NewAccessRule, NewApplicationCredential};
use crate::model::application_credential::ApplicationCredential;
use crate::model::delegation::Act;
use crate::model::token::ResolvedScope;
use crate::model::{ApplicationCredentialId, Role, Secret, UserId};
use crate::policy::Target;
use axum::http::StatusCode;
use axum::response::Response;
use serde_json::{Map, Value, json};

/// `GET /v3/users/{user_id}/application_credentials`
pub async fn list(ctx: Context, path: PathArgs) -> Result<Response> {
    let user = path.id::<UserId>(0)?;
    let target = Target::new().with("user_id", user.as_str());
    ctx.enforce("identity:list_application_credentials", &target)?;
    ctx.permit(Act::ReadApplicationCredentials)?;
    let hints = ctx.query.list_hints(&["name"], ctx.open_page_rules(None))?;
    let page = ctx.app.application_credential().list(&user, &hints).await?;
    Ok(ctx.page(
        "application_credentials",
        &page,
        hints.limit,
        |shown| &shown.credential.id,
        |shown| {
            let mut view = attributes(&shown.credential, &shown.roles);
            let links = links(&ctx, &shown.credential);
            view.insert("links".to_owned(), links);
            Value::Object(view)
        },
    ))
}

/// `POST /v3/users/{user_id}/application_credentials`
pub async fn create(ctx: Context, path: PathArgs, body: JsonBody) -> Result<Response> {
    schema::APPLICATION_CREDENTIAL_CREATE.validate(&body.0)?;
    let user = path.id::<UserId>(0)?;
    let target = Target::new().with("user_id", user.as_str());
    ctx.enforce("identity:create_application_credential", &target)?;
    ctx.permit(Act::WriteApplicationCredentials)?;
    let token = ctx.token()?;
    if token.user.id != user {
        return Err(Error::forbidden_action(
            "Only the user itself can make an application credential.",
        ));
    }
    let ResolvedScope::Project { id: project_id, .. } = &token.scope else {
        return Err(Error::forbidden_action(
            "An application credential is made with a token for a project.",
        ));
    };
    let member = body.member("application_credential")?;
    let sent = Attributes::of(member);
    let text = |name| Ok::<_, Error>(sent.nullable_text(name)?.flatten());
    let expires_at = text("expires_at")?.filter(|text| !text.is_empty());
    let new = NewApplicationCredential {
        name: sent.required_text("name")?.to_owned(),
        description: text("description")?.map(str::to_owned),
        user_id: user,
        project_id: project_id.clone(),
        system: text("system")?.map(str::to_owned),
        secret: text("secret")?
            .filter(|secret| !secret.is_empty())
            .map(Secret::from),
        expires_at: expires_at
            .map(|text| expiration::parse(text, ctx.app.clock.now()))
            .transpose()?,
        unrestricted: member.get("unrestricted").and_then(Value::as_bool),
        roles: sent.roles("roles")?.unwrap_or_default(),
        access_rules: access_rules(member.get("access_rules")),
    };
    let (shown, secret) = ctx.app.application_credential().create(new, token).await?;
    let mut view = attributes(&shown.credential, &shown.roles);
    view.insert("secret".to_owned(), json!(secret.expose()));
    Ok(respond(&ctx, StatusCode::CREATED, &shown.credential, view))
}

/// `GET /v3/users/{user_id}/application_credentials/{application_credential_id}`
pub async fn show(ctx: Context, path: PathArgs) -> Result<Response> {
    let credential = permitted(
        &ctx,
        "identity:get_application_credential",
        Act::ReadApplicationCredentials,
        &path,
    )
    .await?;
    let manager = ctx.app.application_credential();
    let shown = manager.with_roles(credential).await?;
    let view = attributes(&shown.credential, &shown.roles);
    Ok(respond(&ctx, StatusCode::OK, &shown.credential, view))
}

/// `DELETE /v3/users/{user_id}/application_credentials/{application_credential_id}`
pub async fn delete(ctx: Context, path: PathArgs) -> Result<Response> {
    let credential = permitted(
        &ctx,
        "identity:delete_application_credential",
        Act::WriteApplicationCredentials,
        &path,
    )
    .await?;
    ctx.app
        .application_credential()
        .delete(&credential.id)
        .await?;
    Ok(no_content())
}

/// The credential, once policy has agreed. Its owner is who its row says, whatever the path says.
async fn permitted(
    ctx: &Context,
    rule: &str,
    act: Act,
    path: &PathArgs,
) -> Result<ApplicationCredential> {
    ctx.authenticated()?;
    let id = path.id::<ApplicationCredentialId>(1)?;
    let found = ctx.app.application_credential().find(&id).await?;
    let owner = match &found {
        Some(credential) => credential.user_id.clone(),
        None => path.id::<UserId>(0)?,
    };
    ctx.enforce(rule, &Target::new().with("user_id", owner.as_str()))?;
    ctx.permit(act)?;
    found.ok_or_else(|| Error::not_found("application credential", &id))
}

fn access_rules(rules: Option<&Value>) -> Vec<NewAccessRule> {
    let rules = rules.and_then(Value::as_array).into_iter().flatten();
    rules
        .map(|rule| {
            let text = |name| rule.get(name).and_then(Value::as_str).map(str::to_owned);
            NewAccessRule {
                id: text("id").map(Into::into),
                service: text("service"),
                path: text("path"),
                method: text("method"),
            }
        })
        .collect()
}

fn attributes(credential: &ApplicationCredential, roles: &[Role]) -> Map<String, Value> {
    let roles: Vec<_> = roles.iter().map(Role::attributes).collect();
    let ends = credential.expires_at.map(|time| time.without_zone());
    let mut map = Map::new();
    let mut set = |name: &str, value: Value| map.insert(name.to_owned(), value);
    set("id", json!(credential.id));
    set("name", json!(credential.name));
    set("description", json!(credential.description));
    set("user_id", json!(credential.user_id));
    set("project_id", json!(credential.project_id));
    set("system", json!(credential.system));
    set("expires_at", json!(ends));
    set("unrestricted", json!(credential.unrestricted));
    set("roles", json!(roles));
    if !credential.access_rules.is_empty() {
        set("access_rules", json!(credential.access_rules));
    }
    map
}

fn collection(credential: &ApplicationCredential) -> String {
    format!("users/{}/application_credentials", credential.user_id)
}

fn links(ctx: &Context, credential: &ApplicationCredential) -> Value {
    ctx.base()
        .member_links(&collection(credential), &credential.id)
}

fn respond(
    ctx: &Context,
    status: StatusCode,
    credential: &ApplicationCredential,
    view: Map<String, Value>,
) -> Response {
    ctx.member(
        status,
        "application_credential",
        &collection(credential),
        &credential.id,
        view,
    )
}
