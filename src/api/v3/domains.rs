//! Domains (minimal; replaced by the resource branch).
use crate::api::context::Context;
use crate::model::Project;
use serde_json::{Value, json};
/// View.
pub fn view(_ctx: &Context, project: &Project) -> Value {
    json!({"id": project.id})
}
