//! An answer that does not come: what it waits for may be lost, and so would be whoever asked.

use std::time::Duration;

use axum::{
    extract::Request,
    middleware::Next,
    response::{IntoResponse as _, Response},
};

use crate::http::problem::Problem;

/// Longer than any answer takes, with its body on the way here over a slow network.
const PATIENCE: Duration = Duration::from_mins(2);

/// Answers in time; the answer's own body, such as an event stream, may last as long as it wants.
pub(super) async fn answered(request: Request, next: Next) -> Response {
    match tokio::time::timeout(PATIENCE, next.run(request)).await {
        Ok(response) => response,
        Err(_) => {
            tracing::error!("a request was given up: what it needs has not answered");
            Problem::unavailable("A part of the server does not answer at the moment; try again.").into_response()
        }
    }
}
