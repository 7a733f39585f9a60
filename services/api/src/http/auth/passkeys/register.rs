//! POST /auth/passkeys

use axum::{Json, extract::State};
use http::{HeaderMap, StatusCode};
use muster_contracts::{audit::Action, id};
use serde::Deserialize;
use serde_json::{Map, Value};
use utoipa::ToSchema;

use super::{REGISTERS, list::Passkey, named, refused, relying_party, taken};
use crate::{
    http::{
        auth::{login, ways},
        caller::Caller,
        extract::Body,
        problem::Problem,
    },
    relying_party::Attestation,
    state::Shared,
    store,
};

/// Passkeys that a user may have.
const PASSKEYS: i64 = 20;

/// A passkey to add.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct AddPasskey {
    /// What its user calls it, 1 to 64 characters.
    name: String,
    /// What `navigator.credentials.create` answers, as JSON.
    #[schema(value_type = Object)]
    credential: Map<String, Value>,
}

/// Adds a passkey.
#[utoipa::path(post, path = "/auth/passkeys", tag = "auth", operation_id = "passkey_register",
    request_body = AddPasskey, responses((status = 201, body = Passkey)))]
pub(crate) async fn register(
    State(api): State<Shared>,
    caller: Caller,
    headers: HeaderMap,
    Body(AddPasskey { name, credential }): Body<AddPasskey>,
) -> Result<(StatusCode, Json<Passkey>), Problem> {
    let name = named(&name)?;
    let party = relying_party(&api, &headers)?;
    let unfit = |error| refused(&error, StatusCode::UNPROCESSABLE_ENTITY);
    let answer = Attestation::read(credential.into()).map_err(unfit)?;
    let state = taken(&api, REGISTERS, &answer.challenge().map_err(unfit)?).await?;
    let credential = party.finish_registration(&state, caller.id(), &answer).map_err(unfit)?;
    let now = api.clock.now();
    let passkey = store::passkeys::Passkey { passkey_id: id::random(), name, created_at: now, last_used_at: None };
    let mut write = api.db.write().await?;
    store::users::lock(&mut write, caller.id()).await?;
    if !store::passkeys::insert(&mut write, caller.id(), &passkey, &credential).await? {
        let detail = "This passkey is here already.";
        return Err(Problem::new(StatusCode::CONFLICT, "passkey-known", detail));
    }
    if store::passkeys::count_all(&mut write, caller.id()).await? > PASSKEYS {
        let detail = format!("{PASSKEYS} passkeys are the most that an account has; remove one first.");
        return Err(Problem::new(StatusCode::CONFLICT, "too-many-passkeys", detail));
    }
    ways::changed(&api, &mut write, &caller, Action::PasskeyAdded, &passkey.name).await?;
    write.commit().await?;
    login::refund_address(&api, &caller.address);
    Ok((StatusCode::CREATED, Json(passkey.into())))
}
