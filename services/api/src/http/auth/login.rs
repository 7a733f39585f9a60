//! POST /auth/login

use std::sync::PoisonError;

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
    http::{caller::From, extract::Body, model::user::User, problem::Problem},
    password::PasswordError,
    state::Shared,
    store, tell,
};

/// Wrong passwords of one account from one address.
const PER_ACCOUNT_AND_ADDRESS: Rate = Rate { burst: 8, every: 30_000 };
/// Wrong passwords from one address.
const PER_ADDRESS: Rate = Rate { burst: 50, every: 5_000 };

/// Wrong passwords of one account that its audit log takes, wherever they come from: it shall not grow without end.
const NOTED: Rate = Rate { burst: 100, every: 60_000 };

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
            failed(&api, user, &address).await?;
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

async fn failed(api: &Shared, user: &store::users::User, address: &str) -> Result<(), DbError> {
    let noted = api.failures.lock().unwrap_or_else(PoisonError::into_inner).attempt(
        user.user_id.as_str(),
        NOTED,
        api.clock.now(),
    );
    if noted.is_err() {
        return Ok(());
    }
    let actor = v1::Actor { address: address.to_owned(), ..v1::Actor::default() };
    let mut write = api.db.write().await?;
    let audit = Action::SignInFailed.to(user.user_id.as_str(), &user.username);
    tell::did(api, &mut write, &user.user_id, &actor, &audit).await?;
    write.commit().await
}

/// Counts a try.
pub(super) fn limit(api: &Shared, address: &str, username: &str) -> Result<(), Problem> {
    let mut logins = api.logins.lock().unwrap_or_else(PoisonError::into_inner);
    attempt(&mut logins, address, username, api.clock.now()).map_err(too_many)
}

/// The address first: one that is refused takes no places with names that it makes up.
fn attempt(logins: &mut Limiter, address: &str, username: &str, now: i64) -> Result<(), u64> {
    let place = place(address);
    logins.attempt(&place, PER_ADDRESS, now)?;
    logins
        .attempt(&both(address, username), PER_ACCOUNT_AND_ADDRESS, now)
        .inspect_err(|_| logins.refund(&place, PER_ADDRESS))
}

fn refund(api: &Shared, address: &str, username: &str) {
    let mut logins = api.logins.lock().unwrap_or_else(PoisonError::into_inner);
    logins.refund(&both(address, username), PER_ACCOUNT_AND_ADDRESS);
    logins.refund(&place(address), PER_ADDRESS);
}

/// Counts a try without a name: at a provider, or by passkey.
pub(super) fn limit_address(api: &Shared, address: &str) -> Result<(), Problem> {
    let mut logins = api.logins.lock().unwrap_or_else(PoisonError::into_inner);
    logins.attempt(&place(address), PER_ADDRESS, api.clock.now()).map_err(too_many)
}

/// Takes it back: it led to a sign-in.
pub(super) fn refund_address(api: &Shared, address: &str) {
    let mut logins = api.logins.lock().unwrap_or_else(PoisonError::into_inner);
    logins.refund(&place(address), PER_ADDRESS);
}

fn too_many(seconds: u64) -> Problem {
    let detail = format!("Too many tries; the next one is taken in {seconds} seconds.");
    Problem::new(StatusCode::TOO_MANY_REQUESTS, "too-many-tries", detail).retry_after(seconds)
}

fn both(address: &str, username: &str) -> String {
    // Bounded: a name that cannot be one shares a key.
    format!("{} {}", place(address), username.chars().take(33).collect::<String>())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_that_makes_up_names_keeps_nobody_else_out() {
        let mut logins = Limiter::default();
        let taken = (0..50_000).filter(|name| attempt(&mut logins, "192.0.2.1", &name.to_string(), 0).is_ok()).count();
        assert!(taken < 1_000, "{taken}");
        for _ in 0..PER_ACCOUNT_AND_ADDRESS.burst {
            assert_eq!(attempt(&mut logins, "192.0.2.2", "ada", 0), Ok(()));
        }
        assert!(attempt(&mut logins, "192.0.2.2", "ada", 0).is_err());
        assert_eq!(attempt(&mut logins, "192.0.2.2", "grace", 0), Ok(()), "what was refused did not count");
    }
}
