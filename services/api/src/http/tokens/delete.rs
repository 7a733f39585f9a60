//! DELETE /tokens/{tokenId}

use axum::extract::State;
use http::StatusCode;
use muster_contracts::{audit::Action, subject::Entity};

use crate::{
    http::{caller::Caller, extract::At, problem::Problem},
    state::Shared,
    store, tell,
};

/// Ends a token and its event streams.
#[utoipa::path(delete, path = "/tokens/{tokenId}", tag = "tokens", params(("tokenId" = String, Path)),
    responses((status = 204)))]
pub(crate) async fn delete(
    State(api): State<Shared>,
    caller: Caller,
    At(token): At<String>,
) -> Result<StatusCode, Problem> {
    let mut write = api.db.write().await?;
    let name = store::tokens::delete(&mut write, caller.id(), &token).await?.ok_or_else(Problem::not_found)?;
    tell::removed(&api, &mut write, (caller.id(), Entity::Token, &token), tell::actor(&caller)).await?;
    let audit = Action::TokenDeleted.to(&token, name);
    tell::did(&api, &mut write, caller.id(), &tell::actor(&caller), &audit).await?;
    write.commit().await?;
    Ok(StatusCode::NO_CONTENT)
}
