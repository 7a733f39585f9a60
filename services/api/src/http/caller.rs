//! Who asks: found by the sign-in's cookie or by an API token.

use std::{net::SocketAddr, sync::PoisonError};

use axum::extract::{ConnectInfo, FromRequestParts};
use axum_extra::extract::CookieJar;
use http::{HeaderMap, Method, StatusCode, header, request::Parts};
use muster_contracts::{id::UserId, v1};

use crate::{
    domain::{
        scope::{Need, need},
        secret,
    },
    http::{BASE, origin, owned::Owning, problem::Problem},
    state::Shared,
    store::{self, tokens::Token},
};

/// Name of the cookie.
pub(crate) const COOKIE: &str = "muster_session";
/// Its name over HTTPS: no other host, and nobody on the way, can make a browser send one of this name (RFC 6265bis,
/// section 4.1.3.2).
pub(crate) const HTTPS_COOKIE: &str = "__Host-muster_session";

/// In which proxies say whom they heard.
const FORWARDED_FOR: &str = "x-forwarded-for";

/// How an API token begins, so that whoever finds one knows what it is.
pub(crate) const TOKEN_PREFIX: &str = "muster_";

/// A person who is signed in, or a program of theirs.
#[derive(Debug, Clone)]
pub(crate) struct Caller {
    /// Who.
    pub(crate) user: store::users::User,
    /// By what.
    pub(crate) credential: Credential,
    /// From where.
    pub(crate) address: String,
}

/// What a caller showed.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum Credential {
    /// The cookie of this sign-in.
    Device(String),
    /// The token of this id.
    Token(String),
}

impl Credential {
    /// Of the sign-in or the token.
    pub(crate) fn id(&self) -> &str {
        match self {
            Self::Device(id) | Self::Token(id) => id,
        }
    }
}

impl Caller {
    /// As the services are told.
    pub(crate) fn to_bus(&self) -> Option<v1::Caller> {
        let token_id = self.token().to_owned();
        Some(v1::Caller { user_id: self.user.user_id.to_string(), address: self.address.clone(), token_id })
    }

    /// The id of the token that was shown; empty for a sign-in.
    pub(crate) fn token(&self) -> &str {
        match &self.credential {
            Credential::Token(id) => id,
            Credential::Device(_) => "",
        }
    }

    /// The user's id.
    pub(crate) const fn id(&self) -> &UserId {
        &self.user.user_id
    }
}

impl FromRequestParts<Shared> for Caller {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, api: &Shared) -> Result<Self, Problem> {
        if let Some(secret) = bearer(&parts.headers) {
            let found = store::tokens::presented(&api.db, &secret::hash(secret), api.clock.now()).await?;
            let (user, token) = found.ok_or_else(Problem::unauthorized)?;
            limit(api, &user.user_id)?;
            let credential = Credential::Token(token.token_id.clone());
            let caller = Self { user, credential, address: address(parts, api) };
            return permitted(api, parts, &token, caller).await;
        }
        let jar = CookieJar::from_headers(&parts.headers);
        let cookie = jar.get(api.settings.cookie()).ok_or_else(Problem::unauthorized)?;
        let hash = secret::hash(cookie.value());
        let found = store::devices::signed_in(&api.db, &hash, api.clock.now()).await?;
        let (user, device) = found.ok_or_else(Problem::unauthorized)?;
        limit(api, &user.user_id)?;
        // A cookie comes along whoever made the browser ask; the origin tells.
        if unsafe_method(&parts.method) && !origin::is_own(&parts.headers, api) {
            let detail = "This request does not come from this server's page.";
            return Err(Problem::new(StatusCode::FORBIDDEN, "cross-origin", detail));
        }
        Ok(Self { user, credential: Credential::Device(device), address: address(parts, api) })
    }
}

/// A person who administers accounts.
#[derive(Debug)]
pub(crate) struct Administrator(pub(crate) Caller);

impl FromRequestParts<Shared> for Administrator {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, api: &Shared) -> Result<Self, Problem> {
        let caller = Caller::from_request_parts(parts, api).await?;
        if caller.user.role == store::users::Role::Admin {
            return Ok(Self(caller));
        }
        let detail = "Only an administrator may do this.";
        Err(Problem::new(StatusCode::FORBIDDEN, "missing-role", detail))
    }
}

/// Counts a request. Before all that costs something, so also before it is known whose a thing is.
fn limit(api: &Shared, user: &UserId) -> Result<(), Problem> {
    let mut requests = api.requests.lock().unwrap_or_else(PoisonError::into_inner);
    requests.attempt(user.as_str(), api.settings.requests(), api.clock.now()).map_err(|seconds| {
        let detail = "Too many requests of this account; slow down.";
        Problem::new(StatusCode::TOO_MANY_REQUESTS, "too-many-requests", detail).retry_after(seconds)
    })
}

fn bearer(headers: &HeaderMap) -> Option<&str> {
    let (scheme, secret) = headers.get(header::AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| secret.trim())
}

/// The caller, if its token may do this. What is not the user's does not exist, whatever the token may do.
async fn permitted(api: &Shared, parts: &Parts, token: &Token, caller: Caller) -> Result<Caller, Problem> {
    let path = parts.uri.path().strip_prefix(BASE).unwrap_or_else(|| parts.uri.path());
    let detail = match need(&parts.method, path) {
        Need::Scope(scope) if token.scopes.contains(&scope) => return Ok(caller),
        Need::Scope(scope) => format!("This needs a token with the scope {scope}."),
        Need::Person => "This needs a person who is signed in; no token may do it.".to_owned(),
    };
    if let Some(owning) = Owning::of_path(path)? {
        api.own(&caller, owning.as_owned()).await?;
    }
    Err(Problem::new(StatusCode::FORBIDDEN, "missing-scope", detail))
}

/// Where a request comes from.
#[derive(Debug)]
pub(crate) struct From(pub(crate) String);

impl FromRequestParts<Shared> for From {
    type Rejection = Problem;

    /// For what needs no sign-in: refuses a page of somebody else's that
    /// would sign the browser in.
    async fn from_request_parts(parts: &mut Parts, api: &Shared) -> Result<Self, Problem> {
        let foreign = parts.headers.contains_key(header::ORIGIN) && !origin::is_own(&parts.headers, api);
        if unsafe_method(&parts.method) && foreign {
            let detail = "This request does not come from this server's page.";
            return Err(Problem::new(StatusCode::FORBIDDEN, "cross-origin", detail));
        }
        Ok(Self(address(parts, api)))
    }
}

fn address(parts: &Parts, api: &Shared) -> String {
    let forwarded = parts.headers.get_all(FORWARDED_FOR).iter().map(|value| value.to_str().unwrap_or_default());
    let forwarded = forwarded.collect::<Vec<_>>().into_iter();
    let peer = parts.extensions.get::<ConnectInfo<SocketAddr>>();
    peer.map_or_else(String::new, |ConnectInfo(peer)| api.settings.proxies.client(peer.ip(), forwarded).to_string())
}

fn unsafe_method(method: &Method) -> bool {
    !matches!(*method, Method::GET | Method::HEAD | Method::OPTIONS)
}
