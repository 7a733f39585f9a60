//! Signing in at a provider of OpenID Connect: there and back, bound to the browser by a cookie of its own.

pub(crate) mod callback;
mod failure;
pub(crate) mod identities;
pub(crate) mod link;
pub(crate) mod start;

use axum_extra::extract::CookieJar;
use http::{HeaderMap, HeaderValue, StatusCode};
use serde::{Deserialize, Serialize};

use self::failure::Failure;
use super::{login, sign_in};
use crate::{
    domain::secret,
    http::{BASE, origin, problem::Problem},
    oidc::Provider,
    state::Shared,
    store::attempts,
};

/// Name of the cookie that an attempt is bound by.
const COOKIE: &str = "muster_oidc";
/// What the attempts are kept as.
const PURPOSE: &str = "oidc";

/// An attempt that has gone to the provider.
#[derive(Serialize, Deserialize)]
struct Attempt {
    provider: String,
    state: String,
    nonce: String,
    verifier: String,
    /// As the provider was told: it compares.
    callback: String,
    /// Place of the page to go to in the end.
    to: String,
    purpose: Purpose,
}

/// What an attempt is for.
#[derive(Clone, Serialize, Deserialize)]
enum Purpose {
    /// To sign in; with the hash of an invitation's secret, should an account be made.
    SignIn { invitation: Option<String> },
    /// To link an account at the provider to this user's.
    Link { user: String },
}

/// The provider with this place in paths.
fn provider<'a>(api: &'a Shared, slug: &str) -> Result<&'a Provider, Problem> {
    api.provider.as_ref().filter(|provider| provider.settings.slug == slug).ok_or_else(Problem::not_found)
}

/// Begins an attempt: the provider's address to go to, and the cookie to take along.
async fn depart(
    api: &Shared,
    provider: &Provider,
    (headers, address): (&HeaderMap, &str),
    to: &str,
    purpose: Purpose,
) -> Result<(String, HeaderValue), Failure> {
    let slug = &provider.settings.slug;
    let page = origin::of_page(headers, api).ok_or(Failure::Elsewhere)?;
    login::limit_address(api, address).map_err(|_| Failure::TooManyTries)?;
    let callback = page.join(&format!("{BASE}/auth/oidc/{slug}/callback")).map_err(|_| Failure::Elsewhere)?;
    let departure = provider.depart(callback.as_str()).await?;
    let attempt = Attempt {
        provider: slug.clone(),
        state: departure.state,
        nonce: departure.nonce,
        verifier: departure.verifier,
        callback: callback.into(),
        to: to.to_owned(),
        purpose,
    };
    let state = serde_json::to_string(&attempt).map_err(|error| Failure::broken(&error))?;
    let secret = secret::fresh();
    if !attempts::begin(&api.db, PURPOSE, &secret::hash(&secret), &state, api.clock.now()).await? {
        return Err(Failure::TooManyTries);
    }
    Ok((departure.url, cookie(api, &secret, attempts::LIFETIME / 1000)))
}

/// The attempt that this browser's cookie is of. It is taken, and answers nobody else.
async fn taken(api: &Shared, headers: &HeaderMap) -> Result<Attempt, Failure> {
    let jar = CookieJar::from_headers(headers);
    let secret = jar.get(COOKIE).ok_or(Failure::Expired)?;
    let state = attempts::take(&api.db, PURPOSE, &secret::hash(secret.value()), api.clock.now()).await?;
    serde_json::from_str(&state.ok_or(Failure::Expired)?).map_err(|error| Failure::broken(&error))
}

fn cookie(api: &Shared, value: &str, seconds: i64) -> HeaderValue {
    sign_in::set_cookie(api, COOKIE, value, &format!("{BASE}/auth/oidc"), seconds)
}

/// 302 with cookies.
fn redirect(to: &str, cookies: Vec<HeaderValue>) -> http::Response<axum::body::Body> {
    let mut response = http::Response::new(axum::body::Body::empty());
    *response.status_mut() = StatusCode::FOUND;
    if let Ok(to) = HeaderValue::from_str(to) {
        response.headers_mut().insert(http::header::LOCATION, to);
    }
    for cookie in cookies {
        response.headers_mut().append(http::header::SET_COOKIE, cookie);
    }
    response
}
