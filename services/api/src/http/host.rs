//! The host that was asked for, at one place whatever the version of HTTP.

use axum::extract::Request;
use http::{HeaderValue, header};

/// HTTP/2 names the host in the target instead of a header (RFC 9113, 8.3.1).
pub(crate) async fn named(mut request: Request) -> Request {
    let authority = request.uri().authority().and_then(|authority| HeaderValue::from_str(authority.as_str()).ok());
    if let Some(host) = authority {
        request.headers_mut().insert(header::HOST, host);
    }
    request
}
