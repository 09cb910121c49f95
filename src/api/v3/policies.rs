//! `/v3/policies`

use crate::api::attributes::Attributes;
use crate::api::body::JsonBody;
use crate::api::context::{Context, PathArgs};
use crate::api::response::no_content;
use crate::api::schema;
use crate::error::{Error, Result};
use crate::manager::policy::PolicyChanges;
use crate::model::{PolicyDocument, PolicyId};
use crate::policy::Target;
use axum::http::StatusCode;
use axum::response::Response;
use serde_json::{Map, Value};

/// Members that are not kept in `extra`.
const KNOWN: [&str; 3] = ["type", "blob", "links"];

/// `GET /v3/policies`
pub async fn list(ctx: Context) -> Result<Response> {
    ctx.enforce("identity:list_policies", &Target::new())?;
    let list_limit = ctx.settings.config.policy.list_limit;
    let hints = ctx
        .query
        .list_hints(&["type"], ctx.open_page_rules(list_limit))?;
    let page = ctx.app.policies().policies(&hints).await?;
    Ok(ctx.page(
        "policies",
        &page,
        hints.limit,
        |policy| &policy.id,
        |policy| view(&ctx, policy),
    ))
}

/// `POST /v3/policies`: policy is asked before the body is looked at, unlike elsewhere.
pub async fn create(ctx: Context, body: JsonBody) -> Result<Response> {
    ctx.enforce("identity:create_policy", &Target::new())?;
    schema::POLICY_CREATE.validate(&member_or_empty(&body))?;
    let member = body.new_member("policy")?;
    let sent = Attributes::of(&member);
    let policy = PolicyDocument {
        id: PolicyId::random(),
        policy_type: sent.required_text("type")?.to_owned(),
        blob: sent.required_text("blob")?.to_owned(),
        extra: sent.rest(&KNOWN),
    };
    ctx.app.policies().create_policy(&policy).await?;
    Ok(respond(&ctx, StatusCode::CREATED, &policy))
}

/// `GET /v3/policies/{policy_id}`
pub async fn show(ctx: Context, path: PathArgs) -> Result<Response> {
    let policy = permitted(&ctx, "identity:get_policy", &path.id(0)?).await?;
    Ok(respond(&ctx, StatusCode::OK, &policy))
}

/// `PATCH /v3/policies/{policy_id}`
pub async fn update(ctx: Context, path: PathArgs, body: JsonBody) -> Result<Response> {
    let id = path.id::<PolicyId>(0)?;
    permitted(&ctx, "identity:update_policy", &id).await?;
    schema::POLICY_UPDATE.validate(&member_or_empty(&body))?;
    let sent = Attributes::of(body.member("policy")?);
    sent.check_id(&id)?;
    let changes = PolicyChanges {
        policy_type: sent.text("type")?.map(str::to_owned),
        blob: sent.text("blob")?.map(str::to_owned),
        extra: sent.rest(&KNOWN),
    };
    let policy = ctx.app.policies().update_policy(&id, &changes).await?;
    Ok(respond(&ctx, StatusCode::OK, &policy))
}

/// `DELETE /v3/policies/{policy_id}`
pub async fn delete(ctx: Context, path: PathArgs) -> Result<Response> {
    let id = path.id::<PolicyId>(0)?;
    permitted(&ctx, "identity:delete_policy", &id).await?;
    ctx.app.policies().delete_policy(&id).await?;
    Ok(no_content())
}

/// The object that the schemas are about.
fn member_or_empty(body: &JsonBody) -> Value {
    let member = body.0.get("policy").cloned();
    member.unwrap_or_else(|| Value::Object(Map::new()))
}

/// The policy document, once policy has agreed. Who may not see it does not learn whether it exists.
async fn permitted(ctx: &Context, rule: &str, id: &PolicyId) -> Result<PolicyDocument> {
    ctx.authenticated()?;
    let found = ctx.app.policies().find_policy(id).await?;
    let attributes = found.as_ref().map(attributes).unwrap_or_default();
    let target = Target::new()
        .with("policy_id", id.as_str())
        .object("target.policy", &attributes);
    ctx.enforce(rule, &target)?;
    found.ok_or_else(|| Error::not_found("policy", id))
}

fn attributes(policy: &PolicyDocument) -> Map<String, Value> {
    let mut map = policy.extra.clone();
    map.insert("id".to_owned(), Value::from(&policy.id));
    map.insert("blob".to_owned(), Value::from(policy.blob.as_str()));
    map.insert("type".to_owned(), Value::from(policy.policy_type.as_str()));
    map
}

fn view(ctx: &Context, policy: &PolicyDocument) -> Value {
    let mut map = attributes(policy);
    let links = ctx.base().member_links("policies", &policy.id);
    map.insert("links".to_owned(), links);
    Value::Object(map)
}

/// A policy document as the answer to a request about it.
pub(super) fn respond(ctx: &Context, status: StatusCode, policy: &PolicyDocument) -> Response {
    ctx.member(status, "policy", "policies", &policy.id, attributes(policy))
}
