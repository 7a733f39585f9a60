//! DELETE /auth/passkeys/{passkeyId}

use axum::extract::State;
use http::StatusCode;
use muster_contracts::audit::Action;

use crate::{
    http::{auth::ways, caller::Caller, extract::At, problem::Problem},
    state::Shared,
    store,
};

/// Removes a passkey, unless it is the last way to sign in.
#[utoipa::path(delete, path = "/auth/passkeys/{passkeyId}", tag = "auth", operation_id = "passkey_delete",
    params(("passkeyId" = String, Path)), responses((status = 204)))]
pub(crate) async fn delete(
    State(api): State<Shared>,
    caller: Caller,
    At(passkey): At<String>,
) -> Result<StatusCode, Problem> {
    let mut write = api.db.write().await?;
    let password = store::users::lock(&mut write, caller.id()).await?.is_some();
    let name = store::passkeys::delete(&mut write, caller.id(), &passkey).await?.ok_or_else(Problem::not_found)?;
    ways::some_is_left(&api, &mut write, caller.id(), password).await?;
    ways::changed(&api, &mut write, &caller, Action::PasskeyRemoved, &name).await?;
    write.commit().await?;
    Ok(StatusCode::NO_CONTENT)
}
