//! What handlers take out of a request. Each refuses with a [`Problem`].

use std::str::FromStr;

use axum::extract::{FromRequest, FromRequestParts, Path, Query, Request};
use bytes::Bytes;
use http::{StatusCode, header, request::Parts};
use serde::de::DeserializeOwned;

use crate::http::problem::Problem;

/// The id in the path. One that cannot exist is not found.
#[derive(Debug)]
pub(crate) struct At<T>(pub(crate) T);

/// Both ids in the path.
#[derive(Debug)]
pub(crate) struct At2<A, B>(pub(crate) A, pub(crate) B);

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
        path.ok().and_then(|Path(id)| id.parse().ok()).map(Self).ok_or_else(Problem::not_found)
    }
}

impl<S: Send + Sync, A: FromStr, B: FromStr> FromRequestParts<S> for At2<A, B> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let Ok(Path((first, second))) = Path::<(String, String)>::from_request_parts(parts, state).await else {
            return Err(Problem::not_found());
        };
        match (first.parse(), second.parse()) {
            (Ok(first), Ok(second)) => Ok(Self(first, second)),
            _ => Err(Problem::not_found()),
        }
    }
}

impl<S: Send + Sync, T: DeserializeOwned> FromRequestParts<S> for Asked<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        match Query::try_from_uri(&parts.uri) {
            Ok(Query(query)) => Ok(Self(query)),
            Err(error) => Err(Problem::new(StatusCode::BAD_REQUEST, "bad-query", error.body_text())),
        }
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
        serde_json::from_slice(&bytes).map(Self).map_err(|error| refused(&error))
    }
}

/// 400 for what is no JSON or has unknown fields, 422 for a wrong value.
fn refused(error: &serde_json::Error) -> Problem {
    let text = error.to_string();
    if !error.is_data() || text.starts_with("unknown field") || text.starts_with("duplicate field") {
        return Problem::new(StatusCode::BAD_REQUEST, "malformed", format!("The body cannot be read: {text}."));
    }
    let field = text.strip_prefix("missing field `").and_then(|rest| rest.split('`').next());
    match field {
        Some(field) => Problem::invalid(&format!("/{field}"), "is needed"),
        None => {
            Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "invalid-value", format!("A value does not fit: {text}."))
        }
    }
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Sample {
        #[allow(dead_code)]
        name: String,
    }

    fn status(text: &str) -> serde_json::Value {
        let error = serde_json::from_str::<Sample>(text).unwrap_err();
        serde_json::to_value(refused(&error)).unwrap()
    }

    #[test]
    fn bodies_are_refused_by_kind() {
        assert_eq!(status("{")["status"], 400);
        assert_eq!(status("{\"name\":\"a\",\"x\":1}")["status"], 400);
        assert_eq!(status("{\"name\":1}")["status"], 422);
        assert_eq!(status("{}")["errors"][0]["pointer"], "/name");
        assert_eq!(status("[]")["status"], 422);
    }
}
