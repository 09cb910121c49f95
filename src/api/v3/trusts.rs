//! `/v3/OS-TRUST/trusts`

use crate::api::attributes::Attributes;
use crate::api::body::JsonBody;
use crate::api::context::{Context, PathArgs};
use crate::api::query::PageRules;
use crate::api::response::{json, no_content};
use crate::api::schema;
use crate::api::v3::expiration;
use crate::error::{Error, Result};
use crate::manager::trust::{NewTrust, TrustFilter};
use crate::model::delegation::Act;
use crate::model::trust::Trust;
use crate::model::{Role, RoleId, TrustId, UserId};
use crate::policy::Target;
use axum::http::StatusCode;
use axum::response::Response;
use serde_json::{Map, Value, json};

/// Members that are not kept in `extra`.
const KNOWN: [&str; 14] = [
    "trustor_user_id",
    "trustee_user_id",
    "project_id",
    "impersonation",
    "expires_at",
    "remaining_uses",
    "allow_redelegation",
    "redelegation_count",
    "redelegated_trust_id",
    "deleted_at",
    "roles",
    "roles_links",
    "links",
    "expires_at_int",
];

/// `GET /v3/OS-TRUST/trusts`
///
/// Whose trusts are asked for comes from the query, and the rule is about that user. The answer holds
/// no others' trusts.
pub async fn list(ctx: Context) -> Result<Response> {
    let given = |name| ctx.query.get(name).filter(|id| !id.is_empty());
    let filter = TrustFilter {
        trustor: given("trustor_user_id").map(UserId::from),
        trustee: given("trustee_user_id").map(UserId::from),
    };
    match (&filter.trustor, &filter.trustee) {
        (Some(trustor), _) => {
            let target = Target::new().with("target.trust.trustor_user_id", trustor.as_str());
            ctx.enforce("identity:list_trusts_for_trustor", &target)?;
        }
        (None, Some(trustee)) => {
            let target = Target::new().with("target.trust.trustee_user_id", trustee.as_str());
            ctx.enforce("identity:list_trusts_for_trustee", &target)?;
        }
        (None, None) => ctx.enforce("identity:list_trusts", &Target::new())?,
    }
    ctx.permit(Act::Trusts)?;
    let hints = ctx.query.list_hints(&[], PageRules::NONE)?;
    let page = ctx.app.trust().trusts(&filter, &hints).await?;
    Ok(ctx.page(
        "trusts",
        &page,
        hints.limit,
        |trust| &trust.id,
        |trust| {
            let mut view = attributes(trust);
            let links = ctx.base().member_links("OS-TRUST/trusts", &trust.id);
            view.insert("links".to_owned(), links);
            Value::Object(view)
        },
    ))
}

/// `POST /v3/OS-TRUST/trusts`
///
/// The rule asks whether the caller is the trustor that the body names; what is stored is the caller.
pub async fn create(ctx: Context, body: JsonBody) -> Result<Response> {
    schema::TRUST_CREATE.validate(&body.0)?;
    let member = body.new_member("trust")?;
    let sent = Attributes::of(&member);
    let trustor = UserId::from(sent.required_text("trustor_user_id")?);
    let target = Target::of_new("target.trust.trustor_user_id", Some(&trustor));
    ctx.enforce("identity:create_trust", &target)?;
    ctx.permit(Act::Trusts)?;
    if ctx.user_id() != Some(&trustor) {
        return Err(Error::forbidden_action(
            "Only the trustor itself can make a trust.",
        ));
    }
    let count = |name| match member.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(value) => value.as_i64().map(Some).ok_or_else(|| {
            Error::bad_request(format!("'{name}' must be an integer within reason."))
        }),
    };
    let expires_at = sent.nullable_text("expires_at")?.flatten();
    let new = NewTrust {
        trustor,
        trustee: UserId::from(sent.required_text("trustee_user_id")?),
        project_id: sent
            .nullable_text("project_id")?
            .flatten()
            .filter(|id| !id.is_empty())
            .map(Into::into),
        impersonation: member.get("impersonation") == Some(&Value::Bool(true)),
        roles: sent.roles("roles")?.unwrap_or_default(),
        expires_at: expires_at
            .map(|text| expiration::parse(text, ctx.app.clock.now()))
            .transpose()?,
        remaining_uses: count("remaining_uses")?,
        allow_redelegation: member.get("allow_redelegation") == Some(&Value::Bool(true)),
        redelegation_count: count("redelegation_count")?,
        redelegated_trust_id: sent
            .nullable_text("redelegated_trust_id")?
            .flatten()
            .map(TrustId::from),
        extra: sent.rest(&KNOWN),
    };
    let parent = ctx.token()?.trust().map(|trust| trust.id.clone());
    let (trust, roles) = ctx.app.trust().create_trust(new, parent.as_ref()).await?;
    Ok(respond(&ctx, StatusCode::CREATED, &trust, &roles))
}

/// `GET /v3/OS-TRUST/trusts/{trust_id}`
pub async fn show(ctx: Context, path: PathArgs) -> Result<Response> {
    let trust = permitted(&ctx, "identity:get_trust", &path).await?;
    refuse_admin_token(&ctx)?;
    let roles = ctx.app.trust().roles(&trust).await?;
    Ok(respond(&ctx, StatusCode::OK, &trust, &roles))
}

/// `DELETE /v3/OS-TRUST/trusts/{trust_id}`
pub async fn delete(ctx: Context, path: PathArgs) -> Result<Response> {
    let trust = permitted(&ctx, "identity:delete_trust", &path).await?;
    ctx.app.trust().delete_trust(&trust.id).await?;
    Ok(no_content())
}

/// `GET /v3/OS-TRUST/trusts/{trust_id}/roles`
pub async fn list_roles(ctx: Context, path: PathArgs) -> Result<Response> {
    let trust = permitted(&ctx, "identity:list_roles_for_trust", &path).await?;
    refuse_admin_token(&ctx)?;
    let roles = ctx.app.trust().roles(&trust).await?;
    let body = json!({ "roles": role_views(&ctx, &roles), "links": roles_links(&ctx, &trust.id) });
    Ok(json(StatusCode::OK, &body))
}

/// `GET /v3/OS-TRUST/trusts/{trust_id}/roles/{role_id}`
pub async fn show_role(ctx: Context, path: PathArgs) -> Result<Response> {
    let trust = permitted(&ctx, "identity:get_role_for_trust", &path).await?;
    refuse_admin_token(&ctx)?;
    let id = path.id::<RoleId>(1)?;
    let roles = ctx.app.trust().roles(&trust).await?;
    let role = roles
        .iter()
        .find(|role| role.id == id)
        .ok_or_else(|| Error::not_found("role", &id))?;
    Ok(ctx.member(StatusCode::OK, "role", "roles", &role.id, role.attributes()))
}

/// The trust, once policy has agreed. A trust that is not there, or can't be used any more, is a 404
/// for everybody.
async fn permitted(ctx: &Context, rule: &str, path: &PathArgs) -> Result<Trust> {
    ctx.authenticated()?;
    let trust = ctx.app.trust().trust(&path.id(0)?).await?;
    let target = Target::new()
        .with(
            "target.trust.trustor_user_id",
            trust.trustor_user_id.as_str(),
        )
        .with(
            "target.trust.trustee_user_id",
            trust.trustee_user_id.as_str(),
        )
        .with("target.trust.project_id", trust.project_id.as_deref())
        .with("target.trust.id", trust.id.as_str());
    ctx.enforce(rule, &target)?;
    ctx.permit(Act::Trusts)?;
    Ok(trust)
}

/// Whoever is nobody has no relation to a trust.
fn refuse_admin_token(ctx: &Context) -> Result<()> {
    if ctx.is_admin_token() {
        return Err(Error::forbidden_action(
            "Only a user can have a relation to a trust.",
        ));
    }
    Ok(())
}

fn attributes(trust: &Trust) -> Map<String, Value> {
    let mut map = trust.extra.clone();
    let mut set = |name: &str, value: Value| map.insert(name.to_owned(), value);
    set("id", json!(trust.id));
    set("trustor_user_id", json!(trust.trustor_user_id));
    set("trustee_user_id", json!(trust.trustee_user_id));
    set("project_id", json!(trust.project_id));
    set("impersonation", json!(trust.impersonation));
    set("expires_at", json!(trust.expires_at));
    set("remaining_uses", json!(trust.remaining_uses));
    set("deleted_at", json!(trust.deleted_at));
    set("redelegated_trust_id", json!(trust.redelegated_trust_id));
    set("redelegation_count", json!(trust.redelegation_count));
    map
}

fn role_views(ctx: &Context, roles: &[Role]) -> Vec<Value> {
    let view = |role: &Role| {
        let mut view = role.attributes();
        let links = ctx.base().member_links("roles", &role.id);
        view.insert("links".to_owned(), links);
        Value::Object(view)
    };
    roles.iter().map(view).collect()
}

fn roles_links(ctx: &Context, id: &TrustId) -> Value {
    let itself = format!("{}/roles", ctx.base().member("OS-TRUST/trusts", id));
    json!({ "self": itself, "next": null, "previous": null })
}

fn respond(ctx: &Context, status: StatusCode, trust: &Trust, roles: &[Role]) -> Response {
    let mut body = attributes(trust);
    body.insert("roles".to_owned(), json!(role_views(ctx, roles)));
    body.insert("roles_links".to_owned(), roles_links(ctx, &trust.id));
    ctx.member(status, "trust", "OS-TRUST/trusts", &trust.id, body)
}
