//! `/v2.0/users/{user_id}/credentials/OS-EC2`, `/v2.0/ec2tokens` and `/v2.0/s3tokens`.

use super::caller::as_unauthorized;
use super::envelope::object;
use super::{tenants, tokens};
use crate::api::body::JsonBody;
use crate::api::context::{Context, PathArgs};
use crate::api::response::{json, no_content};
use crate::api::v3::ec2tokens::{ec2_login, s3_login};
use crate::error::{Error, Result};
use crate::manager::credential::{EC2, Ec2Blob, SignedLogin, access_key_id};
use crate::model::delegation::Act;
use crate::model::{OpenCredential, ProjectId, Secret, UserId};
use crate::policy::Target;
use axum::http::StatusCode;
use axum::response::Response;
use serde_json::{Map, Value, json};

/// `GET /v2.0/users/{user_id}/credentials/OS-EC2`
pub async fn list(ctx: Context, path: PathArgs) -> Result<Response> {
    let user_id = path.id::<UserId>(0)?;
    ctx.enforce_on_tenant("admin_or_owner", &owned_by(&user_id))?;
    ctx.permit(Act::Credentials)?;
    let user = ctx.app.identity().user(&user_id).await?;
    let credential = ctx.app.credential();
    let found = credential.credentials_of_user(&user.id, EC2).await?;
    let credentials: Vec<_> = found.iter().filter_map(view).collect();
    Ok(json(StatusCode::OK, &json!({ "credentials": credentials })))
}

/// `POST /v2.0/users/{user_id}/credentials/OS-EC2`
pub async fn create(ctx: Context, path: PathArgs, body: JsonBody) -> Result<Response> {
    let user_id = path.id::<UserId>(0)?;
    let tenant_id = match super::envelope::argument(&body, "tenant_id")? {
        Value::String(id) => ProjectId::from(id.as_str()),
        _ => return Err(Error::bad_request("'tenant_id' must be a text.")),
    };
    ctx.enforce_on_tenant("admin_or_owner", &owned_by(&user_id))?;
    ctx.permit(Act::Credentials)?;
    let user = ctx.app.identity().user(&user_id).await?;
    let tenant = tenants::existing(&ctx, &tenant_id).await?;
    let credential = ctx.app.credential();
    let made = credential.create_key_pair(user.id, tenant.id).await?;
    member(&made)
}

/// `GET /v2.0/users/{user_id}/credentials/OS-EC2/{access}`
pub async fn show(ctx: Context, path: PathArgs) -> Result<Response> {
    let user_id = path.id::<UserId>(0)?;
    ctx.enforce_on_tenant("admin_or_owner", &owned_by(&user_id))?;
    ctx.permit(Act::Credentials)?;
    let found = existing(&ctx, &user_id, &path.id::<String>(1)?).await?;
    member(&found)
}

/// `DELETE /v2.0/users/{user_id}/credentials/OS-EC2/{access}`
pub async fn delete(ctx: Context, path: PathArgs) -> Result<Response> {
    let user_id = path.id::<UserId>(0)?;
    ctx.enforce_on_tenant("admin_or_owner", &owned_by(&user_id))?;
    ctx.permit(Act::Credentials)?;
    let found = existing(&ctx, &user_id, &path.id::<String>(1)?).await?;
    let credential = ctx.app.credential();
    credential.delete_credential(&found.credential.id).await?;
    Ok(no_content())
}

/// `POST /v2.0/ec2tokens` on the admin listener, where services ask and need no token, as ever.
pub async fn check_ec2(ctx: Context, body: JsonBody) -> Result<Response> {
    let login = ec2_login(signed_request(&body)?)?;
    log_in(&ctx, &login).await
}

/// `POST /v2.0/ec2tokens` on the public listener. Whoever got hold of a signed URL could turn it into a
/// token here, so the rule that v3 has against that holds for v2.0 too.
pub async fn check_ec2_publicly(ctx: Context, body: JsonBody) -> Result<Response> {
    let login = ec2_login(signed_request(&body)?)?;
    ctx.enforce("identity:ec2tokens_validate", &Target::new())
        .map_err(as_unauthorized)?;
    log_in(&ctx, &login).await
}

/// `POST /v2.0/s3tokens`, which the admin listener alone has.
pub async fn check_s3(ctx: Context, body: JsonBody) -> Result<Response> {
    let login = s3_login(object(&body, "credentials")?)?;
    log_in(&ctx, &login).await
}

async fn log_in(ctx: &Context, login: &SignedLogin<'_>) -> Result<Response> {
    let credential = ctx.app.credential();
    let (token, entry) = credential.authenticate_signed(login).await?;
    tokens::respond_whole(ctx, &token, &entry).await
}

/// Policy's target: the user whose credentials they are is the one in the path.
fn owned_by(user_id: &UserId) -> Target<'_> {
    Target::new().with("user_id", user_id.as_str())
}

/// The object that describes the request; clients know it by two names.
fn signed_request(body: &JsonBody) -> Result<&Map<String, Value>> {
    match body.0.get("ec2Credentials") {
        Some(_) => object(body, "ec2Credentials"),
        None => object(body, "credentials"),
    }
}

/// The user's key pair. One of somebody else is none.
async fn existing(ctx: &Context, user_id: &UserId, access: &str) -> Result<OpenCredential> {
    let user = ctx.app.identity().user(user_id).await?;
    let found = ctx.app.credential().find_key_pair(access).await?;
    found
        .filter(|found| found.credential.user_id == user.id)
        .ok_or_else(|| Error::not_found("EC2 credential", access_key_id(access)))
}

/// `None` for a key pair that can't be read.
fn view(found: &OpenCredential) -> Option<Value> {
    let blob = Ec2Blob::parse(found.blob.as_ref()?).ok()?;
    Some(json!({
        "access": blob.access()?,
        "secret": blob.secret().as_ref().map(Secret::expose),
        "tenant_id": found.credential.project_id,
        "user_id": found.credential.user_id,
        "trust_id": blob.delegation().trust_id,
    }))
}

fn member(found: &OpenCredential) -> Result<Response> {
    let view = view(found).ok_or_else(|| {
        Error::conflict("The secret of this EC2 key pair can't be read; it can only be deleted.")
    })?;
    Ok(json(StatusCode::OK, &json!({ "credential": view })))
}
