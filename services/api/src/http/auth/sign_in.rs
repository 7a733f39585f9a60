//! What all ways of signing in share: a new sign-in and its cookie.

use axum_extra::extract::CookieJar;
use http::{HeaderMap, HeaderValue, StatusCode, header};
use muster_contracts::{audit::Action, id, subject::Entity, v1};
use muster_service::{DbError, Write};

use super::logout;
use crate::{
    domain::secret,
    http::{
        caller::{Caller, Credential},
        problem::Problem,
    },
    state::Shared,
    store::{
        devices::{self, Device},
        users::User,
    },
    tell,
};

/// Characters of a browser's description of itself that are kept.
const AGENT_CHARS: usize = 200;

/// How long a sign-in is fresh, in milliseconds.
const RECENT: i64 = 30 * 60 * 1000;

/// The header that sets the cookie.
pub(super) type SetCookie = [(http::HeaderName, HeaderValue); 1];

/// Notes a sign-in in the transaction; gives its cookie.
pub(super) async fn begin(
    api: &Shared,
    write: &mut Write,
    user: &User,
    address: &str,
    headers: &HeaderMap,
) -> Result<SetCookie, DbError> {
    let now = api.clock.now();
    let agent = headers.get(header::USER_AGENT).and_then(|agent| agent.to_str().ok()).unwrap_or_default();
    let device = Device {
        device_id: id::random(),
        agent: agent.chars().take(AGENT_CHARS).collect(),
        address: address.to_owned(),
        created_at: now,
        expires_at: now + devices::LIFETIME,
    };
    let secret = secret::fresh();
    devices::forget_expired(write, now).await?;
    devices::insert(write, &user.user_id, &device, &secret::hash(&secret)).await?;
    let actor = tell::person(&user.user_id, address);
    for oldest in devices::delete_oldest(write, &user.user_id, &device.device_id).await? {
        tell::removed(api, write, (&user.user_id, Entity::Device, &oldest), actor.clone()).await?;
    }
    let audit = v1::Audit { detail: device.agent, ..Action::SignedIn.to(user.user_id.as_str(), &user.username) };
    tell::did(api, write, &user.user_id, &actor, &audit).await?;
    Ok(cookie(api, secret, devices::LIFETIME / 1000))
}

/// Whom the browser is signed in as, whatever it asks for.
pub(super) async fn of_browser(api: &Shared, headers: &HeaderMap, address: &str) -> Result<Option<Caller>, DbError> {
    let jar = CookieJar::from_headers(headers);
    let Some(cookie) = jar.get(api.settings.cookie()) else { return Ok(None) };
    let found = devices::signed_in(&api.db, &secret::hash(cookie.value()), api.clock.now()).await?;
    let caller = |(user, device)| Caller { user, credential: Credential::Device(device), address: address.to_owned() };
    Ok(found.map(caller))
}

/// Refuses what gives somebody a lasting way in, unless the sign-in is fresh: a browser that was left open is not enough.
pub(in crate::http) async fn is_recent(api: &Shared, caller: &Caller) -> Result<(), Problem> {
    let begun = devices::begun(&api.db, caller.credential.id()).await?;
    if begun.is_some_and(|begun| api.clock.now() - begun < RECENT) {
        return Ok(());
    }
    let detail = "Your sign-in is older than 30 minutes. Sign in again, then do this.";
    Err(Problem::new(StatusCode::FORBIDDEN, "sign-in-again", detail))
}

/// Ends the browser's old sign-in, if it had one: a new one takes its place.
pub(super) async fn end(api: &Shared, write: &mut Write, old: Option<Caller>) -> Result<(), DbError> {
    if let Some(old) = old {
        logout::end(api, write, &old, old.credential.id()).await?;
    }
    Ok(())
}

/// The cookie that takes the place of the browser's, and ends it.
pub(super) fn expired(api: &Shared) -> SetCookie {
    cookie(api, String::new(), 0)
}

fn cookie(api: &Shared, value: String, seconds: i64) -> SetCookie {
    [(header::SET_COOKIE, set_cookie(api, api.settings.cookie(), &value, "/", seconds))]
}

/// The header's value for a cookie of ours.
pub(super) fn set_cookie(api: &Shared, name: &str, value: &str, path: &str, seconds: i64) -> HeaderValue {
    let secure = if api.settings.https() { "; Secure" } else { "" };
    let text = format!("{name}={value}; HttpOnly; SameSite=Lax; Path={path}; Max-Age={seconds}{secure}");
    // Made of base64url and our own words: always a header value.
    HeaderValue::from_str(&text).unwrap_or(HeaderValue::from_static(""))
}
