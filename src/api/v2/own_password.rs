//! `/v2.0/OS-KSCRUD`: users change their own passwords.

use super::caller::as_unauthorized;
use super::envelope::{object, optional_text};
use super::tokens;
use crate::api::body::JsonBody;
use crate::api::context::{Context, PathArgs};
use crate::error::{Error, Result};
use crate::model::delegation::Act;
use crate::model::{Secret, UserId};
use axum::response::Response;

/// `PATCH /v2.0/OS-KSCRUD/users/{user_id}`: the token and the original password are the proof. Without
/// a token the path is not there. The answer is a token that goes on where the caller's, which the
/// change ends like all the user's tokens, breaks off.
pub async fn change(ctx: Context, path: PathArgs, body: JsonBody) -> Result<Response> {
    let id = path.id::<UserId>(0)?;
    if ctx.is_anonymous() || ctx.is_admin_token() {
        return Err(Error::not_found("token", "(none was sent)"));
    }
    let user = object(&body, "user")?;
    let longest = usize::try_from(ctx.settings.config.identity.max_password_length);
    let longest = longest.unwrap_or(usize::MAX);
    let required = |name: &str| {
        optional_text(user, name, longest)?
            .map(Secret::from)
            .ok_or_else(|| Error::bad_request(format!("'user' must have a '{name}'.")))
    };
    let original = required("original_password")?;
    let password = required("password")?;
    let caller = ctx.token().map_err(as_unauthorized)?;
    ctx.permit(Act::SetOwnPassword)?;
    if caller.payload.user_id != id {
        return Err(Error::Forbidden(
            "only a user's own token changes its password".to_owned(),
        ));
    }
    let identity = ctx.app.identity();
    identity.change_password(&id, &original, &password).await?;
    let (token, entry) = ctx.app.auth().reissue(caller).await?;
    tokens::respond(&ctx, &token, &entry).await
}
