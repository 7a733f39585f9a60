//! The response of an event stream.

use axum::{
    body::Body,
    response::{IntoResponse, Response},
};
use bytes::Bytes;
use futures_util::{Stream, StreamExt as _};
use http::{HeaderValue, StatusCode, header};

use crate::{
    feed::viewer::{Cut, OpenError},
    http::problem::Problem,
};

/// Sends the pieces for as long as they come; `held` lives as long as the connection.
pub(super) fn stream<H: Send + 'static>(
    pieces: impl Stream<Item = Result<Bytes, Cut>> + Send + 'static,
    held: H,
) -> Response {
    let pieces = pieces.map(move |piece| {
        let _held = &held;
        piece
    });
    let mut response = Body::from_stream(pieces).into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/event-stream"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    // Asks proxies (nginx among them) to pass everything on at once.
    headers.insert("x-accel-buffering", HeaderValue::from_static("no"));
    response
}

impl From<OpenError> for Problem {
    fn from(error: OpenError) -> Self {
        match error {
            OpenError::Unavailable => Self::unavailable("The event stream cannot be opened at the moment."),
            OpenError::SignedOut => Self::unauthorized(),
            OpenError::TooMany => {
                let detail = "Too many event streams of this account are open.";
                Self::new(StatusCode::TOO_MANY_REQUESTS, "too-many-streams", detail).retry_after(10)
            }
        }
    }
}
