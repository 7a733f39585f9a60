//! What handlers take out of a request. Each refuses with a [`Problem`].

use std::{convert::Infallible, str::FromStr};

use axum::extract::{FromRequest, FromRequestParts, Path, Request};
use bytes::Bytes;
use data_encoding::BASE64URL_NOPAD;
use http::{StatusCode, header, request::Parts};
use muster_contracts::id::{self, UserId};
use serde::{Deserialize as _, Deserializer, de::DeserializeOwned};
use sha2::{Digest as _, Sha256};

use crate::http::{body, problem::Problem, query};

/// The id in the path. One that cannot exist is not found.
#[derive(Debug)]
pub(crate) struct At<T>(pub(crate) T);

/// Both ids in the path.
#[derive(Debug)]
pub(crate) struct At2<A, B>(pub(crate) A, pub(crate) B);

/// The id of what a request creates. One that is repeated with its `Idempotency-Key` has the same again: where the first
/// was cut off before its answer, it finds what that one may have created.
#[derive(Debug, Clone, Default)]
pub(crate) struct NewId(Option<String>);

/// The query string, without unknown parameters where its type says so.
#[derive(Debug)]
pub(crate) struct Asked<T>(pub(crate) T);

/// A JSON body without unknown fields where its type says so.
#[derive(Debug)]
pub(crate) struct Body<T>(pub(crate) T);

impl<S: Send + Sync, T: FromStr> FromRequestParts<S> for At<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let path = Path::<String>::from_request_parts(parts, state).await;
        path.ok().and_then(|Path(id)| exists(&id)?.parse().ok()).map(Self).ok_or_else(Problem::not_found)
    }
}

impl<S: Send + Sync, A: FromStr, B: FromStr> FromRequestParts<S> for At2<A, B> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let Ok(Path((first, second))) = Path::<(String, String)>::from_request_parts(parts, state).await else {
            return Err(Problem::not_found());
        };
        let parsed = || Some(Self(exists(&first)?.parse().ok()?, exists(&second)?.parse().ok()?));
        parsed().ok_or_else(Problem::not_found)
    }
}

/// No id has a NUL, which PostgreSQL takes in no text.
fn exists(id: &str) -> Option<&str> {
    Some(id).filter(|id| !id.contains('\0'))
}

impl NewId {
    /// Of what a user's request creates under a key.
    pub(crate) fn of(user: &UserId, key: &str, request: &str) -> Self {
        let mut digest = Sha256::new();
        for part in [user.as_str(), key, request] {
            digest.update(part);
            digest.update([0]);
        }
        let mut id = BASE64URL_NOPAD.encode(&digest.finalize());
        id.truncate(id::LEN);
        // As of those that are random: none is an option or a formula.
        if id.starts_with('-') {
            id.replace_range(..1, "_");
        }
        Self(Some(id))
    }

    pub(crate) fn or<T: FromStr>(self, random: impl FnOnce() -> T) -> T {
        self.0.and_then(|id| id.parse().ok()).unwrap_or_else(random)
    }
}

impl<S: Send + Sync> FromRequestParts<S> for NewId {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(parts.extensions.get::<Self>().cloned().unwrap_or_default())
    }
}

impl<S: Send + Sync, T: DeserializeOwned> FromRequestParts<S> for Asked<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        query::read(parts.uri.query().unwrap_or_default()).map(Self)
    }
}

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for Body<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        let kind = request.headers().get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
        let json = kind.split(';').next().is_some_and(|kind| kind.trim().eq_ignore_ascii_case("application/json"));
        let bytes = Bytes::from_request(request, state).await.map_err(|rejection| {
            if rejection.status() == StatusCode::PAYLOAD_TOO_LARGE {
                Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "too-large", "The body is larger than is taken.")
            } else {
                Problem::new(StatusCode::BAD_REQUEST, "malformed", "The body did not arrive whole.")
            }
        })?;
        if !json {
            let detail = "Send the body as application/json.";
            return Err(Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "unsupported-media-type", detail));
        }
        body::read(&bytes).map(Self)
    }
}

/// Tells null from absent.
pub(crate) fn given<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Option<String>>, D::Error> {
    Option::deserialize(deserializer).map(Some)
}

#[cfg(test)]
mod tests {
    use muster_contracts::id::SessionId;

    use super::*;

    #[test]
    fn a_repeated_request_has_its_id_again_and_no_other_has_it() {
        let (ada, bob) = (UserId::random(), UserId::random());
        let of = |user: &UserId, key: &str, request: &str| NewId::of(user, key, request).or(SessionId::random);
        assert_eq!(of(&ada, "key", "request"), of(&ada, "key", "request"));
        for other in [of(&bob, "key", "request"), of(&ada, "key2", "request"), of(&ada, "key", "2request")] {
            assert_ne!(of(&ada, "key", "request"), other);
        }
        let ids = (0..1_000).map(|number| of(&ada, &number.to_string(), ""));
        assert!(ids.into_iter().all(|id| !id.as_str().starts_with('-')));
    }
}
