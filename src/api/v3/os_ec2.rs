//! `/v3/users/{user_id}/credentials/OS-EC2`: key pairs that the server makes.

use crate::api::attributes::Attributes;
use crate::api::body::JsonBody;
use crate::api::context::{Context, PathArgs};
use crate::api::response::{json, no_content};
use crate::error::{Error, Result};
use crate::manager::credential::{EC2, Ec2Blob};
use crate::model::delegation::Act;
use crate::model::{CredentialId, OpenCredential, ProjectId, Secret, UserId};
use crate::policy::Target;
use axum::http::StatusCode;
use axum::response::Response;
use serde_json::{Map, Value, json};

/// `GET /v3/users/{user_id}/credentials/OS-EC2`
pub async fn list(ctx: Context, path: PathArgs) -> Result<Response> {
    let user_id = path.id::<UserId>(0)?;
    let target = Target::new().with("user_id", user_id.as_str());
    ctx.enforce("identity:ec2_list_credentials", &target)?;
    ctx.permit(Act::Credentials)?;
    let user = ctx.app.identity().user(&user_id).await?;
    let found = ctx
        .app
        .credential()
        .credentials_of_user(&user.id, EC2)
        .await?;
    let items = found
        .iter()
        .filter_map(|found| view(&ctx, found))
        .map(Value::Object)
        .collect();
    Ok(ctx.collection("credentials", items))
}

/// `POST /v3/users/{user_id}/credentials/OS-EC2`
pub async fn create(ctx: Context, path: PathArgs, body: JsonBody) -> Result<Response> {
    let user_id = path.id::<UserId>(0)?;
    let target = Target::new()
        .with("user_id", user_id.as_str())
        .with("target.credential.user_id", user_id.as_str());
    ctx.enforce("identity:ec2_create_credential", &target)?;
    let members = body.0.as_object().cloned().unwrap_or_default();
    let user = ctx.app.identity().user(&user_id).await?;
    let project_id = Attributes::of(&members).nullable_text("tenant_id")?;
    // No project at all is one that isn't there, as Keystone answers it.
    let project_id = ProjectId::from(project_id.flatten().unwrap_or_default());
    let project = ctx.app.resource().project(&project_id).await?;
    ctx.permit(Act::Credentials)?;
    let manager = ctx.app.credential();
    let created = manager.create_key_pair(user.id, project.id).await?;
    respond(&ctx, StatusCode::CREATED, &created)
}

/// `GET /v3/users/{user_id}/credentials/OS-EC2/{credential_id}`, where the id is the access key.
pub async fn show(ctx: Context, path: PathArgs) -> Result<Response> {
    let found = permitted(&ctx, "identity:ec2_get_credential", &path).await?;
    respond(&ctx, StatusCode::OK, &found)
}

/// `DELETE /v3/users/{user_id}/credentials/OS-EC2/{credential_id}`
pub async fn delete(ctx: Context, path: PathArgs) -> Result<Response> {
    let found = permitted(&ctx, "identity:ec2_delete_credential", &path).await?;
    ctx.app
        .credential()
        .delete_credential(&found.credential.id)
        .await?;
    Ok(no_content())
}

/// The key pair, once policy has agreed. One that isn't there is a 404 for everybody, since policy
/// asks whose it is: its owner's, whoever the path names, as in Keystone.
async fn permitted(ctx: &Context, rule: &str, path: &PathArgs) -> Result<OpenCredential> {
    ctx.authenticated()?;
    let user_id = path.id::<UserId>(0)?;
    let access = path.id::<String>(1)?;
    let manager = ctx.app.credential();
    let found = manager.find_key_pair(&access).await?;
    let found =
        found.ok_or_else(|| Error::not_found("EC2 key pair", CredentialId::from(&*access)))?;
    let owner = found.credential.user_id.as_str();
    let target = Target::new()
        .with("user_id", owner)
        .with("credential_id", access.as_str())
        .with("target.credential.user_id", owner);
    ctx.enforce(rule, &target)?;
    ctx.app.identity().user(&user_id).await?;
    ctx.permit(Act::Credentials)?;
    Ok(found)
}

/// `None` for a key pair that can't be read.
fn view(ctx: &Context, found: &OpenCredential) -> Option<Map<String, Value>> {
    let blob = Ec2Blob::parse(found.blob.as_ref()?).ok()?;
    let access = blob.access()?;
    let user_id = &found.credential.user_id;
    let mut map = Map::new();
    let mut set = |name: &str, value: Value| map.insert(name.to_owned(), value);
    set("user_id", Value::from(user_id));
    set(
        "tenant_id",
        Value::from(found.credential.project_id.clone()),
    );
    set("access", Value::from(access));
    set(
        "secret",
        Value::from(blob.secret().as_ref().map(Secret::expose)),
    );
    set("trust_id", Value::from(blob.delegation().trust_id));
    let segments = ["users", user_id, "credentials", "OS-EC2", access];
    set("links", json!({ "self": ctx.base().nested(&segments) }));
    Some(map)
}

fn respond(ctx: &Context, status: StatusCode, found: &OpenCredential) -> Result<Response> {
    let view = view(ctx, found).ok_or_else(|| {
        Error::conflict("The secret of this EC2 key pair can't be read; it can only be deleted.")
    })?;
    Ok(json(status, &json!({ "credential": view })))
}
