//! The ways in which a user can sign in: one must always be left.

use http::StatusCode;
use muster_contracts::{audit::Action, id::UserId, v1};
use muster_service::{DbError, Write};

use crate::{
    http::{caller::Caller, problem::Problem},
    state::Shared,
    store, tell,
};

/// Refuses a change after which the user could not sign in. The transaction holds [`store::users::lock`], which told
/// whether there is a password.
pub(super) async fn some_is_left(
    api: &Shared,
    write: &mut Write,
    user: &UserId,
    password: bool,
) -> Result<(), Problem> {
    let at_provider = match &api.provider {
        Some(provider) => store::identities::count(write, user, provider.issuer()).await? > 0,
        None => false,
    };
    let by_passkey = match api.settings.passkey_domain() {
        Some(domain) => store::passkeys::count(write, user, domain).await? > 0,
        None => false,
    };
    if password || at_provider || by_passkey {
        return Ok(());
    }
    let detail = "This is the last way in which you can sign in; set a password or add another way first.";
    Err(Problem::new(StatusCode::CONFLICT, "last-way-to-sign-in", detail))
}

/// Notes that a way came or went; `called` is what its user knows it as.
pub(super) async fn changed(
    api: &Shared,
    write: &mut Write,
    caller: &Caller,
    action: Action,
    called: &str,
) -> Result<(), DbError> {
    let audit = v1::Audit { detail: called.to_owned(), ..action.to(caller.id().as_str(), &caller.user.username) };
    tell::did(api, write, caller.id(), &tell::actor(caller), &audit).await
}
