//! `/v3/roles/{prior_role_id}/implies` and `/v3/role_inferences`

use super::roles;
use crate::api::context::{Context, PathArgs};
use crate::api::response::{json, no_content};
use crate::error::Result;
use crate::model::{ImpliedRole, Role};
use crate::policy::Target;
use axum::http::{Method, StatusCode};
use axum::response::Response;
use serde_json::{Value, json};

/// `GET /v3/role_inferences`
pub async fn list_inferences(ctx: Context) -> Result<Response> {
    ctx.enforce("identity:list_role_inference_rules", &Target::new())?;
    let inferences = ctx.app.assignment().inferences().await?;
    let items: Vec<Value> = inferences
        .iter()
        .map(|one| {
            let implied: Vec<Value> = one
                .implied
                .iter()
                .map(|role| roles::reference(&ctx, role))
                .collect();
            json!({ "prior_role": roles::reference(&ctx, &one.prior), "implies": implied })
        })
        .collect();
    // The one collection without links.
    Ok(json(StatusCode::OK, &json!({ "role_inferences": items })))
}

/// `GET /v3/roles/{prior_role_id}/implies`
pub async fn list(ctx: Context, path: PathArgs) -> Result<Response> {
    ctx.authenticated()?;
    let prior = ctx.app.assignment().role(&path.id(0)?).await?;
    ctx.enforce("identity:list_implied_roles", &with_prior(&prior))?;
    let implied = ctx.app.assignment().implied_by(&prior.id).await?;
    let implied = implied
        .iter()
        .map(|role| roles::reference(&ctx, role))
        .collect();
    let itself = format!("{}/implies", ctx.base().member("roles", &prior.id));
    Ok(inference(
        &ctx,
        StatusCode::OK,
        &prior,
        Value::Array(implied),
        &itself,
    ))
}

/// `GET /v3/roles/{prior_role_id}/implies/{implied_role_id}`; HEAD asks another rule and has no body
/// to describe.
pub async fn show(ctx: Context, method: Method, path: PathArgs) -> Result<Response> {
    let pair = Pair::load(&ctx, &path).await?;
    if method == Method::HEAD {
        ctx.enforce("identity:check_implied_role", &pair.target())?;
        ctx.app
            .assignment()
            .check_implied_role(&pair.rule())
            .await?;
        return Ok(no_content());
    }
    ctx.enforce("identity:get_implied_role", &pair.target())?;
    ctx.app
        .assignment()
        .check_implied_role(&pair.rule())
        .await?;
    Ok(pair.answer(&ctx, StatusCode::OK))
}

/// `PUT /v3/roles/{prior_role_id}/implies/{implied_role_id}`
pub async fn create(ctx: Context, path: PathArgs) -> Result<Response> {
    let pair = Pair::load(&ctx, &path).await?;
    ctx.enforce("identity:create_implied_role", &pair.target())?;
    ctx.app
        .assignment()
        .create_implied_role(&pair.rule())
        .await?;
    Ok(pair.answer(&ctx, StatusCode::CREATED))
}

/// `DELETE /v3/roles/{prior_role_id}/implies/{implied_role_id}`
pub async fn delete(ctx: Context, path: PathArgs) -> Result<Response> {
    let pair = Pair::load(&ctx, &path).await?;
    ctx.enforce("identity:delete_implied_role", &pair.target())?;
    ctx.app
        .assignment()
        .delete_implied_role(&pair.rule())
        .await?;
    Ok(no_content())
}

/// The two roles of a path; both exist, whether or not one implies the other.
struct Pair {
    prior: Role,
    implied: Role,
}

impl Pair {
    async fn load(ctx: &Context, path: &PathArgs) -> Result<Self> {
        ctx.authenticated()?;
        let manager = ctx.app.assignment();
        Ok(Self {
            prior: manager.role(&path.id(0)?).await?,
            implied: manager.role(&path.id(1)?).await?,
        })
    }

    fn rule(&self) -> ImpliedRole {
        ImpliedRole {
            prior: self.prior.id.clone(),
            implied: self.implied.id.clone(),
        }
    }

    fn target(&self) -> Target<'_> {
        with_prior(&self.prior)
            .with("implied_role_id", self.implied.id.as_str())
            .with("target.implied_role.id", self.implied.id.as_str())
            .with("target.implied_role.name", self.implied.name.as_str())
            .with(
                "target.implied_role.domain_id",
                self.implied.domain_id.as_deref(),
            )
    }

    fn answer(&self, ctx: &Context, status: StatusCode) -> Response {
        let prior = ctx.base().member("roles", &self.prior.id);
        let itself = format!("{prior}/implies/{}", self.implied.id);
        inference(
            ctx,
            status,
            &self.prior,
            roles::reference(ctx, &self.implied),
            &itself,
        )
    }
}

fn with_prior(prior: &Role) -> Target<'_> {
    Target::new()
        .with("prior_role_id", prior.id.as_str())
        .with("target.prior_role.id", prior.id.as_str())
        .with("target.prior_role.name", prior.name.as_str())
        .with("target.prior_role.domain_id", prior.domain_id.as_deref())
}

fn inference(
    ctx: &Context,
    status: StatusCode,
    prior: &Role,
    implies: Value,
    itself: &str,
) -> Response {
    let inference = json!({ "prior_role": roles::reference(ctx, prior), "implies": implies });
    json(
        status,
        &json!({ "role_inference": inference, "links": { "self": itself } }),
    )
}
