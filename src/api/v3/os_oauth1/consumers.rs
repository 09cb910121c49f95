//! `/v3/OS-OAUTH1/consumers`

use crate::api::attributes::Attributes;
use crate::api::body::JsonBody;
use crate::api::context::{Context, PathArgs};
use crate::api::query::PageRules;
use crate::api::response::no_content;
use crate::api::schema;
use crate::error::Result;
use crate::model::ConsumerId;
use crate::model::oauth1::Consumer;
use crate::policy::Target;
use axum::http::StatusCode;
use axum::response::Response;
use serde_json::{Map, Value, json};

const COLLECTION: &str = "OS-OAUTH1/consumers";

/// Members that are not kept in `extra`.
const KNOWN: [&str; 3] = ["description", "secret", "links"];

/// `GET /v3/OS-OAUTH1/consumers`
pub async fn list(ctx: Context) -> Result<Response> {
    ctx.enforce("identity:list_consumers", &Target::new())?;
    let hints = ctx.query.list_hints(&[], PageRules::NONE)?;
    let page = ctx.app.oauth1().consumers(&hints).await?;
    Ok(ctx.page(
        "consumers",
        &page,
        hints.limit,
        |consumer| &consumer.id,
        |consumer| {
            let mut view = attributes(consumer);
            let links = ctx.base().member_links(COLLECTION, &consumer.id);
            view.insert("links".to_owned(), links);
            Value::Object(view)
        },
    ))
}

/// `POST /v3/OS-OAUTH1/consumers`
pub async fn create(ctx: Context, body: JsonBody) -> Result<Response> {
    ctx.enforce("identity:create_consumer", &Target::new())?;
    let member = sent(&body);
    schema::CONSUMER_CREATE.validate(&Value::Object(member.clone()))?;
    let sent = Attributes::of(&member);
    let description = sent.nullable_text("description")?.flatten();
    let consumer = ctx
        .app
        .oauth1()
        .create_consumer(description.map(str::to_owned), sent.rest_normalized(&KNOWN))
        .await?;
    let mut view = attributes(&consumer);
    view.insert("secret".to_owned(), json!(consumer.secret.expose()));
    Ok(ctx.member(
        StatusCode::CREATED,
        "consumer",
        COLLECTION,
        &consumer.id,
        view,
    ))
}

/// `GET /v3/OS-OAUTH1/consumers/{consumer_id}`
pub async fn show(ctx: Context, path: PathArgs) -> Result<Response> {
    ctx.enforce("identity:get_consumer", &Target::new())?;
    let consumer = ctx.app.oauth1().consumer(&path.id(0)?).await?;
    Ok(respond(&ctx, &consumer))
}

/// `PATCH /v3/OS-OAUTH1/consumers/{consumer_id}`
pub async fn update(ctx: Context, path: PathArgs, body: JsonBody) -> Result<Response> {
    ctx.enforce("identity:update_consumer", &Target::new())?;
    let member = sent(&body);
    schema::CONSUMER_UPDATE.validate(&Value::Object(member.clone()))?;
    let id = path.id::<ConsumerId>(0)?;
    let sent = Attributes::of(&member);
    sent.check_id(&id)?;
    let description = sent.nullable_text("description")?;
    let consumer = ctx
        .app
        .oauth1()
        .update_consumer(
            &id,
            description.map(|text| text.map(str::to_owned)),
            sent.rest_normalized(&KNOWN),
        )
        .await?;
    Ok(respond(&ctx, &consumer))
}

/// `DELETE /v3/OS-OAUTH1/consumers/{consumer_id}`
pub async fn delete(ctx: Context, path: PathArgs) -> Result<Response> {
    ctx.enforce("identity:delete_consumer", &Target::new())?;
    ctx.app.oauth1().delete_consumer(&path.id(0)?).await?;
    Ok(no_content())
}

/// The body's `consumer`; without one, an empty one.
fn sent(body: &JsonBody) -> Map<String, Value> {
    let member = body.0.get("consumer").and_then(Value::as_object);
    member.cloned().unwrap_or_default()
}

fn attributes(consumer: &Consumer) -> Map<String, Value> {
    let mut map = consumer.extra.clone();
    map.insert("id".to_owned(), json!(consumer.id));
    map.insert("description".to_owned(), json!(consumer.description));
    map
}

fn respond(ctx: &Context, consumer: &Consumer) -> Response {
    let view = attributes(consumer);
    ctx.member(StatusCode::OK, "consumer", COLLECTION, &consumer.id, view)
}
