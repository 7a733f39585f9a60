//! Counts and times what is answered.

use axum::{extract::Request, middleware::Next, response::Response};
use tokio::time::Instant;

use crate::metric;

/// Counts an answer once it begins: an event stream has no end.
pub(super) async fn measured(request: Request, next: Next) -> Response {
    let begun = Instant::now();
    let response = next.run(request).await;
    metric::ANSWERED.took(begun.elapsed());
    metric::REQUESTS.count(match response.status().as_u16() {
        ..200 => "1xx",
        200..300 => "2xx",
        300..400 => "3xx",
        400..500 => "4xx",
        500.. => "5xx",
    });
    response
}
