//! POST /auth/login

use std::sync::{Mutex, MutexGuard, PoisonError};

use axum::{Json, extract::State, response::IntoResponse};
use http::{HeaderMap, StatusCode};
use muster_contracts::{audit::Action, v1};
use muster_service::{
    DbError,
    limiter::{Limiter, Rate, place},
};
use serde::Deserialize;
use utoipa::ToSchema;

use super::sign_in;
use crate::{
    http::{
        caller::{Caller, From},
        extract::Body,
        model::user::User,
        problem::Problem,
    },
    password::PasswordError,
    state::Shared,
    store, tell,
};

/// Wrong passwords of one account from one address.
const PER_ACCOUNT_AND_ADDRESS: Rate = Rate { burst: 8, every: 30_000 };
/// Wrong passwords from one address.
const PER_ADDRESS: Rate = Rate { burst: 50, every: 5_000 };
/// Wrong passwords of one account from everywhere, so that many addresses help nobody to guess; it bounds what the audit
/// log takes as well.
const PER_ACCOUNT: Rate = Rate { burst: 100, every: 60_000 };

/// Name and password.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Login {
    username: String,
    password: String,
}

/// Signs in, with a fresh cookie.
#[utoipa::path(post, path = "/auth/login", tag = "auth", security(()), request_body = Login,
    responses((status = 200, body = User)))]
pub(crate) async fn login(
    State(api): State<Shared>,
    From(address): From,
    headers: HeaderMap,
    Body(Login { username, password }): Body<Login>,
) -> Result<impl IntoResponse, Problem> {
    limit(&api, &address, &username)?;
    limit_account(&api, &address, &username).await?;
    let known = store::users::by_name(&api.db, &username).await?;
    let (user, hash) = known.map_or((None, None), |(user, hash)| (Some(user), hash));
    let checked = api.passwords.matches(password, hash.clone()).await;
    if matches!(checked, Err(PasswordError::Busy)) {
        // Not looked at, so not wrong.
        refund(&api, &address, &username);
    }
    let matches = checked?;
    let Some(user) = user.as_ref().filter(|_| matches).cloned() else {
        if let Some(user) = &user {
            failed(&api, user, &address, Action::SignInFailed).await?;
        }
        return Err(wrong());
    };
    refund(&api, &address, &username);
    let old = sign_in::of_browser(&api, &headers, &address).await?;
    let mut write = api.db.write().await?;
    // Whoever changes a password, or disables an account, ends every sign-in with it, this one as well.
    if store::users::lock(&mut write, &user.user_id).await? != hash {
        return Err(wrong());
    }
    sign_in::end(&api, &mut write, old).await?;
    let cookie = sign_in::begin(&api, &mut write, &user, &address, &headers).await?;
    write.commit().await?;
    Ok((cookie, Json(User::from(user))))
}

fn wrong() -> Problem {
    let detail = "The user name or the password is wrong.";
    Problem::new(StatusCode::UNAUTHORIZED, "wrong-credentials", detail)
}

/// Notes that somebody, nobody knows who, did not get in.
pub(super) async fn failed(
    api: &Shared,
    user: &store::users::User,
    address: &str,
    action: Action,
) -> Result<(), DbError> {
    let actor = v1::Actor { address: address.to_owned(), ..v1::Actor::default() };
    let mut write = api.db.write().await?;
    let audit = action.to(user.user_id.as_str(), &user.username);
    tell::did(api, &mut write, &user.user_id, &actor, &audit).await?;
    write.commit().await
}

/// Counts a try with a name from an address.
pub(super) fn limit(api: &Shared, address: &str, username: &str) -> Result<(), Problem> {
    attempt(&mut lock(&api.logins), address, &both(address, username), api.clock.now()).map_err(too_many)
}

/// Counts a try with a name, wherever it comes from.
async fn limit_account(api: &Shared, address: &str, username: &str) -> Result<(), Problem> {
    let everywhere = lock(&api.accounts).attempt(bounded(username), PER_ACCOUNT, api.clock.now());
    match everywhere {
        Err(seconds) if !is_signed_in_at(api, username, address).await? => Err(too_many(seconds)),
        _ => Ok(()),
    }
}

/// Whether the account is signed in at this place: guesses from elsewhere do not keep its owner out.
async fn is_signed_in_at(api: &Shared, username: &str, address: &str) -> Result<bool, DbError> {
    let Some((user, _)) = store::users::by_name(&api.db, username).await? else { return Ok(false) };
    let devices = store::devices::list(&api.db, &user.user_id, api.clock.now()).await?;
    Ok(devices.iter().any(|device| place(&device.address) == place(address)))
}

/// The address first: one that is refused takes no places with names that it makes up.
fn attempt(logins: &mut Limiter, address: &str, key: &str, now: i64) -> Result<(), u64> {
    let place = place(address);
    logins.attempt(&place, PER_ADDRESS, now)?;
    logins.attempt(key, PER_ACCOUNT_AND_ADDRESS, now).inspect_err(|_| logins.refund(&place, PER_ADDRESS))
}

fn refund(api: &Shared, address: &str, username: &str) {
    let mut logins = lock(&api.logins);
    logins.refund(&both(address, username), PER_ACCOUNT_AND_ADDRESS);
    logins.refund(&place(address), PER_ADDRESS);
    lock(&api.accounts).refund(bounded(username), PER_ACCOUNT);
}

/// Counts a try of somebody who is signed in: a sign-in has so many, wherever its cookie was taken to.
pub(super) fn limit_sign_in(api: &Shared, caller: &Caller) -> Result<(), Problem> {
    attempt(&mut lock(&api.logins), &caller.address, caller.credential.id(), api.clock.now()).map_err(too_many)
}

/// Takes it back: the password was right.
pub(super) fn refund_sign_in(api: &Shared, caller: &Caller) {
    let mut logins = lock(&api.logins);
    logins.refund(caller.credential.id(), PER_ACCOUNT_AND_ADDRESS);
    logins.refund(&place(&caller.address), PER_ADDRESS);
}

/// Counts a try without a name: at a provider, or by passkey.
pub(super) fn limit_address(api: &Shared, address: &str) -> Result<(), Problem> {
    lock(&api.logins).attempt(&place(address), PER_ADDRESS, api.clock.now()).map_err(too_many)
}

/// Takes it back: it led to a sign-in.
pub(super) fn refund_address(api: &Shared, address: &str) {
    lock(&api.logins).refund(&place(address), PER_ADDRESS);
}

fn lock(tries: &Mutex<Limiter>) -> MutexGuard<'_, Limiter> {
    tries.lock().unwrap_or_else(PoisonError::into_inner)
}

fn too_many(seconds: u64) -> Problem {
    let detail = format!("Too many tries; the next one is taken in {seconds} seconds.");
    Problem::new(StatusCode::TOO_MANY_REQUESTS, "too-many-tries", detail).retry_after(seconds)
}

fn both(address: &str, username: &str) -> String {
    format!("{} {}", place(address), bounded(username))
}

/// A name that cannot be one shares a key.
fn bounded(username: &str) -> &str {
    username.char_indices().nth(33).map_or(username, |(end, _)| username.get(..end).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_that_makes_up_names_keeps_nobody_else_out() {
        let mut logins = Limiter::default();
        let mut attempt = |address, name: &str| attempt(&mut logins, address, &both(address, name), 0);
        let taken = (0..50_000).filter(|name| attempt("192.0.2.1", &name.to_string()).is_ok()).count();
        assert!(taken < 1_000, "{taken}");
        for _ in 0..PER_ACCOUNT_AND_ADDRESS.burst {
            assert_eq!(attempt("192.0.2.2", "ada"), Ok(()));
        }
        assert!(attempt("192.0.2.2", "ada").is_err());
        assert_eq!(attempt("192.0.2.2", "grace"), Ok(()), "what was refused did not count");
    }
}
