//! PATCH /auth/passkeys/{passkeyId}

use axum::{Json, extract::State};
use serde::Deserialize;
use utoipa::ToSchema;

use super::{list::Passkey, named};
use crate::{
    http::{
        caller::Caller,
        extract::{At, Body},
        problem::Problem,
    },
    state::Shared,
    store,
};

/// Another name.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct RenamePasskey {
    /// 1 to 64 characters.
    name: String,
}

/// Gives a passkey another name.
#[utoipa::path(patch, path = "/auth/passkeys/{passkeyId}", tag = "auth", operation_id = "passkey_rename",
    params(("passkeyId" = String, Path)), request_body = RenamePasskey, responses((status = 200, body = Passkey)))]
pub(crate) async fn rename(
    State(api): State<Shared>,
    caller: Caller,
    At(passkey): At<String>,
    body: Result<Body<RenamePasskey>, Problem>,
) -> Result<Json<Passkey>, Problem> {
    let known = store::passkeys::list(&api.db, caller.id()).await?;
    if !known.iter().any(|known| known.passkey_id == passkey) {
        return Err(Problem::not_found());
    }
    let Body(RenamePasskey { name }) = body?;
    let name = named(&name)?;
    let mut write = api.db.write().await?;
    let renamed = store::passkeys::rename(&mut write, caller.id(), &passkey, &name).await?;
    write.commit().await?;
    Ok(Json(renamed.ok_or_else(Problem::not_found)?.into()))
}
