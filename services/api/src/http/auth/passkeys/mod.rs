//! Passkeys: signing in without a name or a password.

pub(crate) mod begin;
pub(crate) mod delete;
pub(crate) mod list;
pub(crate) mod login;
pub(crate) mod register;
pub(crate) mod rename;

use http::{HeaderMap, StatusCode};
use muster_contracts::{limits::NAME_CHARS, name};
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    domain::secret,
    http::{origin, problem::Problem},
    relying_party::{PasskeyError, RelyingParty},
    state::Shared,
    store::attempts,
};

/// What a ceremony is kept as: one that registers never signs in.
const REGISTERS: &str = "passkey-register";
const SIGNS_IN: &str = "passkey-login";

pub(super) fn routes() -> OpenApiRouter<Shared> {
    OpenApiRouter::new()
        .routes(routes!(list::list, register::register))
        .routes(routes!(rename::rename, delete::delete))
        .routes(routes!(begin::register_options))
        .routes(routes!(begin::login_options))
        .routes(routes!(login::login))
}

/// Our page as authenticators know it, at the address that the browser has it at.
fn relying_party(api: &Shared, headers: &HeaderMap) -> Result<RelyingParty, Problem> {
    origin::of_page(headers, api).as_ref().and_then(RelyingParty::at).ok_or_else(|| {
        let detail = "There are no passkeys at this address: they need https and a name, or http://localhost.";
        Problem::new(StatusCode::CONFLICT, "no-passkeys-here", detail)
    })
}

/// The state of the ceremony with this challenge, which is over by that.
async fn taken(api: &Shared, purpose: &str, challenge: &str) -> Result<String, Problem> {
    let state = attempts::take(&api.db, purpose, &secret::hash(challenge), api.clock.now()).await?;
    state.ok_or_else(|| {
        let detail = "This took too long, or was answered before; start again.";
        Problem::new(StatusCode::CONFLICT, "attempt-expired", detail)
    })
}

/// What a user calls a passkey.
fn named(text: &str) -> Result<String, Problem> {
    name::parse(text, NAME_CHARS).map(str::to_owned).map_err(|error| Problem::invalid("/name", error.to_string()))
}

/// What the caller is told of an answer that does not hold; why is logged.
fn refused(error: &PasskeyError, status: StatusCode) -> Problem {
    match error {
        PasskeyError::Broken(_) => Problem::internal(error),
        PasskeyError::Unreadable(_) => Problem::invalid("/credential", "is not what a browser answers"),
        PasskeyError::Registration(_) | PasskeyError::SignIn(_) | PasskeyError::AnotherUser => {
            tracing::warn!(%error, "a passkey is refused");
            let detail = "The passkey's answer does not hold here. Try again, or sign in another way.";
            Problem::new(status, "passkey-refused", detail)
        }
    }
}
