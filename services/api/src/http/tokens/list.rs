//! GET /tokens

use axum::{Json, extract::State};

use crate::{
    http::{caller::Caller, model::token::ApiToken, page::List, problem::Problem},
    state::Shared,
    store,
};

/// The user's API tokens, newest first.
#[utoipa::path(get, path = "/tokens", tag = "tokens", responses((status = 200, body = List<ApiToken>)))]
pub(crate) async fn list(State(api): State<Shared>, caller: Caller) -> Result<Json<List<ApiToken>>, Problem> {
    let tokens = store::tokens::list(&api.db, caller.id()).await?;
    Ok(Json(List { items: tokens.into_iter().map(ApiToken::from).collect(), next_cursor: None }))
}
