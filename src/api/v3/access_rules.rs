//! `/v3/users/{user_id}/access_rules`

use crate::api::context::{Context, PathArgs};
use crate::api::response::no_content;
use crate::error::Result;
use crate::model::application_credential::AccessRule;
use crate::model::delegation::Act;
use crate::model::{AccessRuleId, UserId};
use crate::policy::Target;
use axum::http::StatusCode;
use axum::response::Response;
use serde_json::{Map, Value, json};

/// `GET /v3/users/{user_id}/access_rules`
pub async fn list(ctx: Context, path: PathArgs) -> Result<Response> {
    let user = permitted(&ctx, "identity:list_access_rules", &path).await?;
    let filters = ["service", "path", "method"];
    let hints = ctx.query.list_hints(&filters, ctx.open_page_rules(None))?;
    let manager = ctx.app.application_credential();
    let page = manager.access_rules(&user, &hints).await?;
    Ok(ctx.page(
        "access_rules",
        &page,
        hints.limit,
        |rule| &rule.id,
        |rule| {
            let mut view = attributes(rule);
            let links = ctx.base().member_links(&collection(&user), &rule.id);
            view.insert("links".to_owned(), links);
            Value::Object(view)
        },
    ))
}

/// `GET /v3/users/{user_id}/access_rules/{access_rule_id}`
pub async fn show(ctx: Context, path: PathArgs) -> Result<Response> {
    let user = permitted(&ctx, "identity:get_access_rule", &path).await?;
    let id = path.id::<AccessRuleId>(1)?;
    let manager = ctx.app.application_credential();
    let rule = manager.access_rule(&user, &id).await?;
    let view = attributes(&rule);
    Ok(ctx.member(
        StatusCode::OK,
        "access_rule",
        &collection(&user),
        &rule.id,
        view,
    ))
}

/// `DELETE /v3/users/{user_id}/access_rules/{access_rule_id}`
pub async fn delete(ctx: Context, path: PathArgs) -> Result<Response> {
    let user = permitted(&ctx, "identity:delete_access_rule", &path).await?;
    let manager = ctx.app.application_credential();
    manager.delete_access_rule(&user, &path.id(1)?).await?;
    Ok(no_content())
}

/// The user whose rules are asked for, once policy has agreed.
async fn permitted(ctx: &Context, rule: &str, path: &PathArgs) -> Result<UserId> {
    let user = path.id::<UserId>(0)?;
    let mut target = Target::new().with("user_id", user.as_str());
    ctx.authenticated()?;
    let found = ctx.app.identity().find_user(&user).await?;
    if let Some(found) = &found {
        target = target
            .with("target.user.id", found.id.as_str())
            .with("target.user.domain_id", found.domain_id.as_str());
    }
    ctx.enforce(rule, &target)?;
    ctx.permit(Act::ReadApplicationCredentials)?;
    Ok(user)
}

fn collection(user: &UserId) -> String {
    format!("users/{user}/access_rules")
}

fn attributes(rule: &AccessRule) -> Map<String, Value> {
    match json!(rule) {
        Value::Object(map) => map,
        _ => Map::new(),
    }
}
