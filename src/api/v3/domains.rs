//! `/v3/domains`

use crate::api::attributes::Attributes;
use crate::api::body::JsonBody;
use crate::api::context::{Context, PathArgs};
use crate::api::response::no_content;
use crate::api::schema;
use crate::api::v3::projects::{changes, new_description, tags};
use crate::error::{Error, Result};
use crate::manager::resource::NewDomain;
use crate::model::{DomainId, Project};
use crate::policy::Target;
use axum::http::StatusCode;
use axum::response::Response;
use serde_json::{Map, Value, json};

/// Members of a request that are not stored in `extra`. Where a domain stands is not for clients to
/// say: those members are taken and forgotten.
const KNOWN: [&str; 10] = [
    "name",
    "description",
    "enabled",
    "tags",
    "options",
    "explicit_domain_id",
    "domain_id",
    "parent_id",
    "is_domain",
    "links",
];

/// `GET /v3/domains`
pub async fn list(ctx: Context) -> Result<Response> {
    schema::DOMAIN_LIST.validate(&ctx.query.to_value())?;
    let own = ctx.domain_of_scope();
    let target = match own {
        Some(domain) => Target::new().with("target.domain.id", domain.as_str()),
        None => Target::new(),
    };
    ctx.enforce("identity:list_domains", &target)?;
    let rules = ctx.page_rules(ctx.settings.config.resource.list_limit);
    let hints = ctx.query.list_hints(&["name"], rules)?;
    let enabled = ctx.query.booleans("enabled");
    let page = ctx.app.resource().domains(&hints, &enabled, own).await?;
    Ok(ctx.page(
        "domains",
        &page,
        hints.limit,
        |domain| &domain.id,
        |domain| view(&ctx, domain),
    ))
}

/// `POST /v3/domains`
pub async fn create(ctx: Context, body: JsonBody) -> Result<Response> {
    schema::DOMAIN_CREATE.validate(&body.0)?;
    ctx.enforce("identity:create_domain", &Target::new())?;
    let members = body.member("domain")?;
    let sent = Attributes::of(members);
    let new = NewDomain {
        id: sent.text("explicit_domain_id")?.map(str::to_owned),
        name: sent.required_text("name")?.to_owned(),
        description: new_description(sent)?,
        enabled: sent.boolean("enabled")?.unwrap_or(true),
        tags: tags(members).unwrap_or_default(),
        options: sent.object("options")?.cloned().unwrap_or_default(),
        extra: sent.rest_normalized(&KNOWN),
    };
    let domain = ctx.app.resource().create_domain(new).await?;
    Ok(member(&ctx, StatusCode::CREATED, &domain))
}

/// `GET /v3/domains/{domain_id}`
pub async fn show(ctx: Context, path: PathArgs) -> Result<Response> {
    let id = path.id::<DomainId>(0)?;
    let domain = ctx.app.resource().find_domain(&id).await?;
    let facts = domain.as_ref().map(attributes).unwrap_or_default();
    let target = Target::new()
        .object("target.domain", &facts)
        .with("domain_id", id.as_str());
    ctx.enforce("identity:get_domain", &target)?;
    let domain = domain.ok_or_else(|| Error::not_found("domain", &id))?;
    Ok(member(&ctx, StatusCode::OK, &domain))
}

/// `PATCH /v3/domains/{domain_id}`
pub async fn update(ctx: Context, path: PathArgs, body: JsonBody) -> Result<Response> {
    schema::DOMAIN_UPDATE.validate(&body.0)?;
    let id = load(&ctx, &path, "identity:update_domain").await?;
    let members = body.member("domain")?;
    let extra = Attributes::of(members).rest(&KNOWN);
    let changes = changes(members, extra)?;
    let domain = ctx.app.resource().update_domain(&id, changes).await?;
    Ok(member(&ctx, StatusCode::OK, &domain))
}

/// `DELETE /v3/domains/{domain_id}`
pub async fn delete(ctx: Context, path: PathArgs) -> Result<Response> {
    let id = load(&ctx, &path, "identity:delete_domain").await?;
    ctx.app.resource().delete_domain(&id).await?;
    Ok(no_content())
}

/// The id of the domain that the path names, once policy has agreed to its change. That there is no
/// such domain everybody may learn who has a token.
async fn load(ctx: &Context, path: &PathArgs, rule: &str) -> Result<DomainId> {
    ctx.authenticated()?;
    let id = path.id::<DomainId>(0)?;
    let facts = attributes(&ctx.app.resource().domain(&id).await?);
    let target = Target::new()
        .object("target.domain", &facts)
        .with("domain_id", id.as_str());
    ctx.enforce(rule, &target)?;
    Ok(id)
}

/// A domain as collections show it.
pub fn view(ctx: &Context, domain: &Project) -> Value {
    let mut body = attributes(domain);
    let links = ctx.base().member_links("domains", &domain.id);
    body.insert("links".to_owned(), links);
    Value::Object(body)
}

fn member(ctx: &Context, status: StatusCode, domain: &Project) -> Response {
    ctx.member(status, "domain", "domains", &domain.id, attributes(domain))
}

/// What the API shows of a domain, without links: what is in `extra` comes first.
fn attributes(domain: &Project) -> Map<String, Value> {
    let mut body = domain.extra.clone();
    let mut set = |name: &str, value: Value| body.insert(name.to_owned(), value);
    set("id", json!(domain.id));
    set("name", json!(domain.name));
    set("description", json!(domain.description));
    set("enabled", json!(domain.enabled));
    set("tags", json!(domain.tags));
    set("options", json!(domain.options));
    body
}
