//! Who asks: found by the sign-in's cookie. API tokens will be found here as well.

use std::net::SocketAddr;

use axum::extract::{ConnectInfo, FromRequestParts};
use axum_extra::extract::CookieJar;
use http::{Method, StatusCode, header, request::Parts};
use muster_contracts::{id::UserId, v1};

use crate::{
    domain::secret,
    http::{origin, problem::Problem},
    state::Shared,
    store,
};

/// Name of the cookie.
pub(crate) const COOKIE: &str = "muster_session";

/// A person who is signed in.
#[derive(Debug, Clone)]
pub(crate) struct Caller {
    /// Who.
    pub(crate) user: store::users::User,
    /// By which sign-in.
    pub(crate) device: String,
    /// From where.
    pub(crate) address: String,
}

impl Caller {
    /// As the services are told.
    pub(crate) fn to_bus(&self) -> Option<v1::Caller> {
        Some(v1::Caller { user_id: self.user.user_id.to_string(), address: self.address.clone() })
    }

    /// The user's id.
    pub(crate) const fn id(&self) -> &UserId {
        &self.user.user_id
    }
}

impl FromRequestParts<Shared> for Caller {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, api: &Shared) -> Result<Self, Problem> {
        let jar = CookieJar::from_headers(&parts.headers);
        let cookie = jar.get(COOKIE).ok_or_else(Problem::unauthorized)?;
        let hash = secret::hash(cookie.value());
        let found = store::devices::signed_in(&api.db, &hash, api.clock.now()).await?;
        let (user, device) = found.ok_or_else(Problem::unauthorized)?;
        // A cookie comes along whoever made the browser ask; the origin tells.
        if unsafe_method(&parts.method) && !origin::is_own(&parts.headers, api) {
            let detail = "This request does not come from this server's page.";
            return Err(Problem::new(StatusCode::FORBIDDEN, "cross-origin", detail));
        }
        Ok(Self { user, device, address: address(parts) })
    }
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
        Ok(Self(address(parts)))
    }
}

fn address(parts: &Parts) -> String {
    parts
        .extensions
        .get::<ConnectInfo<SocketAddr>>()
        .map_or_else(String::new, |ConnectInfo(from)| from.ip().to_string())
}

fn unsafe_method(method: &Method) -> bool {
    !matches!(*method, Method::GET | Method::HEAD | Method::OPTIONS)
}
