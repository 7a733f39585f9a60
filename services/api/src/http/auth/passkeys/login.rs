//! POST /auth/passkeys/login

use axum::{Json, extract::State, response::IntoResponse};
use http::{HeaderMap, StatusCode};
use muster_contracts::audit::Action;
use serde::Deserialize;
use serde_json::{Map, Value};
use utoipa::ToSchema;

use super::{SIGNS_IN, refused, relying_party, taken};
use crate::{
    http::{
        auth::{login, sign_in},
        caller::From,
        extract::Body,
        model::user::User,
        problem::Problem,
    },
    relying_party::{Assertion, PasskeyError},
    state::Shared,
    store,
};

/// A passkey's answer.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct PasskeyLogin {
    /// What `navigator.credentials.get` answers, as JSON.
    #[schema(value_type = Object)]
    credential: Map<String, Value>,
}

/// Signs in by a passkey, with a fresh cookie.
#[utoipa::path(post, path = "/auth/passkeys/login", tag = "auth", security(()), operation_id = "passkey_login",
    request_body = PasskeyLogin, responses((status = 200, body = User)))]
pub(crate) async fn login(
    State(api): State<Shared>,
    From(address): From,
    headers: HeaderMap,
    Body(PasskeyLogin { credential }): Body<PasskeyLogin>,
) -> Result<impl IntoResponse, Problem> {
    let party = relying_party(&api, &headers)?;
    let wrong = |error| refused(&error, StatusCode::UNAUTHORIZED);
    let answer = Assertion::read(credential.into()).map_err(wrong)?;
    let state = taken(&api, SIGNS_IN, &answer.challenge().map_err(wrong)?).await?;
    let found = store::passkeys::of_credential(&api.db, &answer.credential_id()).await?;
    let (known, user) = found.ok_or_else(unknown)?;
    let finished = party.finish_sign_in(&state, &answer, (&known, &user.user_id));
    if let Err(PasskeyError::SignIn(_)) = finished {
        login::failed(&api, &user, &address, Action::PasskeyRefused).await?;
    }
    let after = finished.map_err(wrong)?;
    let old = sign_in::of_browser(&api, &headers, &address).await?;
    let mut write = api.db.write().await?;
    if !store::users::stays_enabled(&mut write, &user.user_id).await? {
        let detail = "This account is disabled. Ask whoever runs this server.";
        return Err(Problem::new(StatusCode::FORBIDDEN, "account-disabled", detail));
    }
    // Its counter moved, or it went, since it was read: somebody else uses it at the same time.
    if !store::passkeys::used(&mut write, &known, &after, api.clock.now()).await? {
        return Err(unknown());
    }
    sign_in::end(&api, &mut write, old).await?;
    let cookie = sign_in::begin(&api, &mut write, &user, &address, &headers).await?;
    write.commit().await?;
    login::refund_address(&api, &address);
    Ok((cookie, Json(User::from(user))))
}

fn unknown() -> Problem {
    let detail = "This passkey is not known here, or was removed. Sign in another way.";
    Problem::new(StatusCode::UNAUTHORIZED, "passkey-unknown", detail)
}
