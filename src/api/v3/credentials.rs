//! `/v3/credentials`

use crate::api::attributes::Attributes;
use crate::api::body::JsonBody;
use crate::api::context::{Context, PathArgs};
use crate::api::response::no_content;
use crate::api::schema;
use crate::error::{Error, Result};
use crate::manager::credential::{EC2, NewCredential};
use crate::model::delegation::Act;
use crate::model::token::TokenOrigin;
use crate::model::{
    Credential, CredentialDelegation, CredentialId, OpenCredential, ProjectId, Secret, UserId,
};
use crate::policy::Target;
use axum::http::StatusCode;
use axum::response::Response;
use serde_json::{Map, Value};

/// Members that are not kept in `extra`.
const KNOWN: [&str; 7] = [
    "user_id",
    "project_id",
    "type",
    "blob",
    "encrypted_blob",
    "key_hash",
    "links",
];

/// `GET /v3/credentials`
pub async fn list(ctx: Context) -> Result<Response> {
    // Anybody may ask for what is its own; what is shown is asked for each credential.
    let own = Target::new().with("target.credential.user_id", ctx.user_id().map(|id| &**id));
    ctx.enforce("identity:list_credentials", &own)?;
    let rules = ctx.open_page_rules(None);
    let hints = ctx.query.list_hints(&["user_id", "type"], rules)?;
    let page = ctx
        .app
        .credential()
        .credentials(&hints, |credential| {
            let attributes = attributes(credential);
            ctx.allows("identity:get_credential", &target(credential, &attributes))
                && check_primary(&ctx, &credential.kind).is_ok()
        })
        .await?;
    Ok(ctx.page(
        "credentials",
        &page,
        hints.limit,
        |found| &found.credential.id,
        |found| Value::Object(view(&ctx, found)),
    ))
}

/// `POST /v3/credentials`
pub async fn create(ctx: Context, body: JsonBody) -> Result<Response> {
    schema::CREDENTIAL_CREATE.validate(&body.0)?;
    let member = body.new_member("credential")?;
    let sent = Attributes::of(&member);
    let user_id = UserId::from(sent.required_text("user_id")?);
    ctx.authenticated()?;
    let owner = ctx.app.identity().find_user(&user_id).await?;
    let named = owner.as_ref().map(|owner| &*owner.id);
    let target = Target::of_new("target.credential.user_id", named);
    ctx.enforce("identity:create_credential", &target)?;
    let kind = sent.required_text("type")?.to_owned();
    check_primary(&ctx, &kind)?;
    let new = NewCredential {
        user_id: owner.map_or(user_id, |owner| owner.id),
        project_id: sent
            .nullable_text("project_id")?
            .flatten()
            .map(ProjectId::from),
        blob: Secret::from(sent.required_text("blob")?),
        extra: sent.rest(&KNOWN),
        kind,
    };
    let delegation = delegation_of(&ctx);
    let created = ctx
        .app
        .credential()
        .create_credential(new, &delegation)
        .await?;
    Ok(respond(&ctx, StatusCode::CREATED, &created))
}

/// `GET /v3/credentials/{credential_id}`
pub async fn show(ctx: Context, path: PathArgs) -> Result<Response> {
    let found = permitted(&ctx, "identity:get_credential", &path.id(0)?).await?;
    Ok(respond(&ctx, StatusCode::OK, &found))
}

/// `PATCH /v3/credentials/{credential_id}`: only the secret can be changed.
pub async fn update(ctx: Context, path: PathArgs, body: JsonBody) -> Result<Response> {
    schema::CREDENTIAL_UPDATE.validate(&body.0)?;
    let id = path.id::<CredentialId>(0)?;
    permitted(&ctx, "identity:update_credential", &id).await?;
    let blob = Attributes::of(body.member("credential")?).required_text("blob")?;
    let updated = ctx
        .app
        .credential()
        .update_credential(&id, Secret::from(blob))
        .await?;
    Ok(respond(&ctx, StatusCode::OK, &updated))
}

/// `DELETE /v3/credentials/{credential_id}`
pub async fn delete(ctx: Context, path: PathArgs) -> Result<Response> {
    let id = path.id::<CredentialId>(0)?;
    permitted(&ctx, "identity:delete_credential", &id).await?;
    ctx.app.credential().delete_credential(&id).await?;
    Ok(no_content())
}

/// The credential, once policy has agreed. Who may not see it does not learn whether it exists.
async fn permitted(ctx: &Context, rule: &str, id: &CredentialId) -> Result<OpenCredential> {
    ctx.authenticated()?;
    let found = ctx.app.credential().find_credential(id).await?;
    let credential = found.as_ref().map(|found| &found.credential);
    let attributes = credential.map(attributes).unwrap_or_default();
    let target = match credential {
        Some(credential) => target(credential, &attributes),
        None => Target::new().with("credential_id", id.as_str()),
    };
    ctx.enforce(rule, &target)?;
    let found = found.ok_or_else(|| Error::not_found("credential", id))?;
    check_primary(ctx, &found.credential.kind)?;
    Ok(found)
}

/// Nobody gets at secrets through a delegation. Administrators may, at EC2 key pairs only, when
/// `[security_compliance] allow_insecure_admin_trust_cross_project_credentials_access` says so.
fn check_primary(ctx: &Context, kind: &str) -> Result<()> {
    let exempt = ctx
        .settings
        .config
        .security_compliance
        .allow_insecure_admin_trust_cross_project_credentials_access;
    if exempt && kind.eq_ignore_ascii_case(EC2) && ctx.allows("admin_required", &Target::new()) {
        return Ok(());
    }
    ctx.permit(Act::Credentials)
}

/// What an EC2 key pair that the caller makes has to remember.
fn delegation_of(ctx: &Context) -> CredentialDelegation {
    let mut delegation = CredentialDelegation::default();
    match ctx.token().map(|token| &token.payload.origin) {
        Ok(TokenOrigin::Trust(id)) => delegation.trust_id = Some(id.to_string()),
        Ok(TokenOrigin::ApplicationCredential(id)) => {
            delegation.app_cred_id = Some(id.to_string());
        }
        Ok(TokenOrigin::OAuth1 { access_token_id }) => {
            delegation.access_token_id = Some(access_token_id.to_string());
        }
        _ => {}
    }
    delegation
}

fn target<'a>(credential: &'a Credential, attributes: &'a Map<String, Value>) -> Target<'a> {
    Target::new()
        .with("credential_id", credential.id.as_str())
        .object("target.credential", attributes)
}

fn attributes(credential: &Credential) -> Map<String, Value> {
    let mut map = credential.extra.clone();
    let mut set = |name: &str, value: Value| map.insert(name.to_owned(), value);
    set("id", Value::from(&credential.id));
    set("user_id", Value::from(&credential.user_id));
    set("project_id", Value::from(credential.project_id.clone()));
    set("type", Value::from(credential.kind.as_str()));
    map
}

fn open_attributes(found: &OpenCredential) -> Map<String, Value> {
    let mut map = attributes(&found.credential);
    let blob = found.blob.as_ref().map(Secret::expose);
    map.insert("blob".to_owned(), Value::from(blob));
    map
}

fn view(ctx: &Context, found: &OpenCredential) -> Map<String, Value> {
    let mut map = open_attributes(found);
    let links = ctx.base().member_links("credentials", &found.credential.id);
    map.insert("links".to_owned(), links);
    map
}

fn respond(ctx: &Context, status: StatusCode, found: &OpenCredential) -> Response {
    let id = &found.credential.id;
    ctx.member(
        status,
        "credential",
        "credentials",
        id,
        open_attributes(found),
    )
}
