//! POST /auth/passkeys/register/options, POST /auth/passkeys/login/options

use axum::{Json, extract::State};
use http::{HeaderMap, StatusCode};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use super::{REGISTERS, SIGNS_IN, refused, relying_party};
use crate::{
    domain::secret,
    http::{
        auth::{login, sign_in},
        caller::{Caller, From},
        problem::Problem,
    },
    relying_party::Begun,
    state::Shared,
    store::{self, attempts},
};

/// What to ask an authenticator: the `publicKey` options of `navigator.credentials.create` or `get` as JSON (WebAuthn
/// level 3, section 5.1).
#[derive(Serialize, ToSchema)]
#[serde(transparent)]
#[schema(value_type = Object)]
pub(crate) struct PasskeyOptions(Value);

/// Begins to add a passkey.
#[utoipa::path(post, path = "/auth/passkeys/register/options", tag = "auth", operation_id = "passkey_register_options",
    responses((status = 200, body = PasskeyOptions)))]
pub(crate) async fn register_options(
    State(api): State<Shared>,
    caller: Caller,
    headers: HeaderMap,
) -> Result<Json<PasskeyOptions>, Problem> {
    let party = relying_party(&api, &headers)?;
    sign_in::is_recent(&api, &caller).await?;
    login::limit_address(&api, &caller.address)?;
    let known = store::passkeys::credentials(&api.db, caller.id()).await?;
    let begun = party.begin_registration(&caller.user, &known);
    begin(&api, REGISTERS, begun.map_err(|error| refused(&error, StatusCode::CONFLICT))?).await
}

/// Begins to sign in by a passkey.
#[utoipa::path(post, path = "/auth/passkeys/login/options", tag = "auth", security(()),
    operation_id = "passkey_login_options", responses((status = 200, body = PasskeyOptions)))]
pub(crate) async fn login_options(
    State(api): State<Shared>,
    From(address): From,
    headers: HeaderMap,
) -> Result<Json<PasskeyOptions>, Problem> {
    let party = relying_party(&api, &headers)?;
    login::limit_address(&api, &address)?;
    let begun = party.begin_sign_in().map_err(|error| refused(&error, StatusCode::CONFLICT))?;
    begin(&api, SIGNS_IN, begun).await
}

async fn begin(api: &Shared, purpose: &str, begun: Begun) -> Result<Json<PasskeyOptions>, Problem> {
    let Begun { challenge, state, options } = begun;
    if !attempts::begin(&api.db, purpose, &secret::hash(&challenge), &state, api.clock.now()).await? {
        let detail = "Too many people are signing in; try again in a minute.";
        return Err(Problem::new(StatusCode::TOO_MANY_REQUESTS, "too-many-tries", detail).retry_after(60));
    }
    Ok(Json(PasskeyOptions(options)))
}
