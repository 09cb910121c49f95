//! Grants: `/v3/{projects,domains}/{id}/{users,groups}/{id}/roles`, the same below `/v3/OS-INHERIT` for
//! what is inherited, and `/v3/system/{users,groups}/{id}/roles`.
//!
//! The path says who, where and whether inherited ([`GrantPath`]), so four handlers serve them all.

use super::roles;
use crate::api::context::Context;
use crate::api::response::no_content;
use crate::app::App;
use crate::error::{Error, Result};
use crate::manager::assignment::grants::{ActorFacts, GrantFacts, no_such_actor, no_such_target};
use crate::model::{Actor, Assignment, AssignmentTarget, RoleId};
use crate::policy::Target;
use axum::extract::{FromRequestParts, RawPathParams};
use axum::http::request::Parts;
use axum::response::Response;
use std::sync::Arc;

/// `GET …/roles`
pub async fn list(ctx: Context, path: GrantPath) -> Result<Response> {
    // Of an actor that does not exist nothing is inherited; Keystone says so with an empty list.
    let needs_actor = !path.inherited;
    let facts = path.load(&ctx, needs_actor).await?;
    ctx.enforce(path.rule(&LIST), &path.target(&facts))?;
    path.require(&facts, needs_actor)?;
    let manager = ctx.app.assignment();
    let granted = manager
        .granted_roles(&path.actor, &path.place, path.inherited)
        .await?;
    let items = granted.iter().map(|role| roles::view(&ctx, role)).collect();
    Ok(ctx.collection("roles", items))
}

/// `GET …/roles/{role_id}`
pub async fn check(ctx: Context, path: GrantPath) -> Result<Response> {
    let facts = path.load(&ctx, true).await?;
    ctx.enforce(path.rule(&CHECK), &path.target(&facts))?;
    path.require(&facts, true)?;
    ctx.app.assignment().check_grant(&path.grant()?).await?;
    Ok(no_content())
}

/// `PUT …/roles/{role_id}`
pub async fn grant(ctx: Context, path: GrantPath) -> Result<Response> {
    let facts = path.load(&ctx, true).await?;
    ctx.enforce(path.rule(&CREATE), &path.target(&facts))?;
    ctx.app.assignment().grant(&path.grant()?).await?;
    Ok(no_content())
}

/// `DELETE …/roles/{role_id}`: also what a user or group that is gone has left.
pub async fn revoke(ctx: Context, path: GrantPath) -> Result<Response> {
    let facts = path.load(&ctx, false).await?;
    ctx.enforce(path.rule(&REVOKE), &path.target(&facts))?;
    ctx.app.assignment().revoke(&path.grant()?).await?;
    Ok(no_content())
}

/// The rules of one operation: on projects and domains, and for users and groups on the system.
struct Rules {
    resource: &'static str,
    system_user: &'static str,
    system_group: &'static str,
}

const LIST: Rules = Rules {
    resource: "identity:list_grants",
    system_user: "identity:list_system_grants_for_user",
    system_group: "identity:list_system_grants_for_group",
};

const CHECK: Rules = Rules {
    resource: "identity:check_grant",
    system_user: "identity:check_system_grant_for_user",
    system_group: "identity:check_system_grant_for_group",
};

const CREATE: Rules = Rules {
    resource: "identity:create_grant",
    system_user: "identity:create_system_grant_for_user",
    system_group: "identity:create_system_grant_for_group",
};

const REVOKE: Rules = Rules {
    resource: "identity:revoke_grant",
    system_user: "identity:revoke_system_grant_for_user",
    system_group: "identity:revoke_system_grant_for_group",
};

/// What the path of a grant says.
pub struct GrantPath {
    actor: Actor,
    place: AssignmentTarget,
    inherited: bool,
    role_id: Option<RoleId>,
}

impl GrantPath {
    /// Reads what the path names. Who sends no token learns nothing of what exists. Everybody else
    /// is told 404 before policy is asked, but below OS-INHERIT, where policy comes first.
    async fn load(&self, ctx: &Context, needs_actor: bool) -> Result<GrantFacts> {
        ctx.authenticated()?;
        let manager = ctx.app.assignment();
        let facts = manager
            .grant_facts(&self.actor, &self.place, self.role_id.as_ref())
            .await?;
        if !self.inherited {
            self.require(&facts, needs_actor)?;
        }
        Ok(facts)
    }

    /// Fails with 404 for what the path names and does not exist.
    fn require(&self, facts: &GrantFacts, needs_actor: bool) -> Result<()> {
        if let (Some(id), None) = (&self.role_id, &facts.role) {
            return Err(Error::not_found("role", id));
        }
        if needs_actor && facts.actor.is_none() {
            return Err(no_such_actor(&self.actor));
        }
        if facts.target.is_none() && self.place != AssignmentTarget::System {
            return Err(no_such_target(&self.place));
        }
        Ok(())
    }

    fn rule(&self, rules: &Rules) -> &'static str {
        match (&self.place, &self.actor) {
            (AssignmentTarget::System, Actor::User(_)) => rules.system_user,
            (AssignmentTarget::System, Actor::Group(_)) => rules.system_group,
            _ => rules.resource,
        }
    }

    fn grant(&self) -> Result<Assignment> {
        let role_id = self
            .role_id
            .clone()
            .ok_or_else(|| Error::internal("a grant's route names no role"))?;
        Ok(Assignment {
            actor: self.actor.clone(),
            target: self.place.clone(),
            role_id,
            inherited: self.inherited,
        })
    }

    fn target<'a>(&'a self, facts: &'a GrantFacts) -> Target<'a> {
        let mut target = match &self.actor {
            Actor::User(id) => Target::new().with("user_id", id.as_str()),
            Actor::Group(id) => Target::new().with("group_id", id.as_str()),
        };
        match &facts.actor {
            Some(ActorFacts::User(user)) => {
                target = target
                    .with("target.user.id", user.id.as_str())
                    .with("target.user.name", user.name.as_str())
                    .with("target.user.domain_id", user.domain_id.as_str());
            }
            Some(ActorFacts::Group(group)) => {
                target = target
                    .with("target.group.id", group.id.as_str())
                    .with("target.group.name", group.name.as_str())
                    .with("target.group.domain_id", group.domain_id.as_str());
            }
            None => {}
        }
        if let Some(project) = &facts.target {
            target = match self.place {
                AssignmentTarget::Domain(_) => target
                    .with("domain_id", project.id.as_str())
                    .with("target.domain.id", project.id.as_str())
                    .with("target.domain.name", project.name.as_str()),
                _ => target
                    .with("project_id", project.id.as_str())
                    .with("target.project.id", project.id.as_str())
                    .with("target.project.name", project.name.as_str())
                    .with("target.project.domain_id", project.domain_id.as_deref()),
            };
        }
        match &facts.role {
            Some(role) => roles::with_role(target, role).with("role_id", role.id.as_str()),
            None => target,
        }
    }
}

impl FromRequestParts<Arc<App>> for GrantPath {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self> {
        let params = RawPathParams::from_request_parts(parts, app)
            .await
            .map_err(|_| Error::bad_request("The path is not valid UTF-8."))?;
        let (mut actor, mut place, mut role_id) = (None, AssignmentTarget::System, None);
        for (name, value) in &params {
            match name {
                "user_id" => actor = Some(Actor::User(value.into())),
                "group_id" => actor = Some(Actor::Group(value.into())),
                "project_id" => place = AssignmentTarget::Project(value.into()),
                "domain_id" => place = AssignmentTarget::Domain(value.into()),
                "role_id" => role_id = Some(RoleId::from(value)),
                _ => {}
            }
        }
        Ok(Self {
            actor: actor.ok_or_else(|| Error::internal("a grant's route names no actor"))?,
            place,
            inherited: parts.uri.path().ends_with("/inherited_to_projects"),
            role_id,
        })
    }
}
