//! POST /tokens

use axum::{Json, extract::State};
use http::StatusCode;
use muster_contracts::{audit::Action, id, limits::NAME_CHARS, name};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    domain::{scope::Scope, secret},
    http::{
        auth::sign_in,
        caller::{Caller, TOKEN_PREFIX},
        extract::Body,
        model::token::{ApiToken, TokenScope},
        problem::Problem,
    },
    state::Shared,
    store::{self, tokens::Token},
    tell,
};

/// Tokens that a user may have.
const TOKENS: i64 = 100;

/// A token to make.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct CreateToken {
    /// 1 to 64 characters.
    #[schema(min_length = 1, max_length = 64)]
    name: String,
    /// At least one.
    #[schema(min_items = 1)]
    scopes: Vec<TokenScope>,
    /// Milliseconds since the epoch, in the future; none: until it is deleted.
    expires_at: Option<i64>,
}

/// A token with its secret, which is shown this once.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct CreatedToken {
    #[serde(flatten)]
    token: ApiToken,
    /// Goes into `Authorization: Bearer …`.
    secret: String,
}

/// Makes an API token.
#[utoipa::path(post, path = "/tokens", tag = "tokens", request_body = CreateToken,
    responses((status = 201, body = CreatedToken)))]
pub(crate) async fn create(
    State(api): State<Shared>,
    caller: Caller,
    Body(CreateToken { name, scopes, expires_at }): Body<CreateToken>,
) -> Result<(StatusCode, Json<CreatedToken>), Problem> {
    let name = name::parse(&name, NAME_CHARS).map_err(|error| Problem::invalid("/name", error.to_string()))?.to_owned();
    let mut scopes = scopes.into_iter().map(Scope::from).collect::<Vec<_>>();
    scopes.sort_unstable();
    scopes.dedup();
    if scopes.is_empty() {
        return Err(Problem::invalid("/scopes", "must name at least one of read, chat and manage"));
    }
    let now = api.clock.now();
    if expires_at.is_some_and(|expires_at| expires_at <= now) {
        return Err(Problem::invalid("/expiresAt", "must be in the future, in milliseconds since the epoch"));
    }
    sign_in::is_recent(&api, &caller).await?;
    let secret = format!("{TOKEN_PREFIX}{}", secret::fresh());
    let token = Token { token_id: id::random(), name, scopes, created_at: now, last_used_at: None, expires_at };
    let mut write = api.db.write().await?;
    if store::tokens::count(&mut write, caller.id()).await? >= TOKENS {
        let detail = format!("A user may have {TOKENS} tokens; delete one first.");
        return Err(Problem::new(StatusCode::CONFLICT, "too-many-tokens", detail));
    }
    store::tokens::insert(&mut write, caller.id(), &token, &secret::hash(&secret)).await?;
    let audit = Action::TokenCreated.to(&token.token_id, &token.name);
    tell::did(&api, &mut write, caller.id(), &tell::actor(&caller), &audit).await?;
    write.commit().await?;
    Ok((StatusCode::CREATED, Json(CreatedToken { token: token.into(), secret })))
}
