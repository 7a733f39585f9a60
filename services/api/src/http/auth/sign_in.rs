//! What registering and logging in share: a new sign-in and its cookie.

use http::{HeaderMap, HeaderValue, header};
use muster_contracts::{audit::Action, id, v1};
use muster_service::{DbError, Write};

use crate::{
    domain::secret,
    http::caller::COOKIE,
    state::Shared,
    store::{
        devices::{self, Device},
        users::User,
    },
    tell,
};

/// Characters of a browser's description of itself that are kept.
const AGENT_CHARS: usize = 200;

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
    let audit = v1::Audit { detail: device.agent, ..Action::SignedIn.to(user.user_id.as_str(), &user.username) };
    tell::did(api, write, &user.user_id, &tell::person(&user.user_id, address), &audit).await?;
    Ok(cookie(api, secret, devices::LIFETIME / 1000))
}

/// The cookie that takes the place of the browser's, and ends it.
pub(super) fn expired(api: &Shared) -> SetCookie {
    cookie(api, String::new(), 0)
}

fn cookie(api: &Shared, value: String, seconds: i64) -> SetCookie {
    let secure = if api.settings.https() { "; Secure" } else { "" };
    let text = format!("{COOKIE}={value}; HttpOnly; SameSite=Lax; Path=/; Max-Age={seconds}{secure}");
    // Made of base64url and our own words: always a header value.
    [(header::SET_COOKIE, HeaderValue::from_str(&text).unwrap_or(HeaderValue::from_static("")))]
}
