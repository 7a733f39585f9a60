//! Headers that protect the page and whoever looks at it.

use axum::{extract::State, response::Response};
use http::{HeaderName, HeaderValue, header};

use crate::state::Shared;

/// No script, style or connection of anyone else's; inline style alone is
/// needed by the page's positioned menus.
const POLICY: &str = "default-src 'self'; script-src 'self'; style-src 'self' 'unsafe-inline'; \
    img-src 'self' data: blob:; connect-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'self'; \
    object-src 'none'; worker-src 'self'";

/// Nothing of the browser that the page has no use for.
const FEATURES: &str = "accelerometer=(), camera=(), display-capture=(), geolocation=(), gyroscope=(), \
    magnetometer=(), microphone=(), midi=(), payment=(), usb=()";

/// What OWASP's HTTP headers cheat sheet asks of a page, and of an API that only its own page reads.
const HEADERS: [(HeaderName, &str); 8] = [
    (header::CONTENT_SECURITY_POLICY, POLICY),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::X_FRAME_OPTIONS, "DENY"),
    // Addresses of the page name sessions, and one carries an invitation: nobody else is told them.
    (header::REFERRER_POLICY, "same-origin"),
    // No window that opened the page, or that it opens, has a hold on it.
    (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
    // No other site may load what is here, not even where it cannot read it.
    (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
    (HeaderName::from_static("permissions-policy"), FEATURES),
    // What the API answers is a moment's truth, and somebody's own.
    (header::CACHE_CONTROL, "no-store"),
];

/// For a year: no browser that was here by HTTPS comes by anything else (RFC 6797).
const ONLY_HTTPS: HeaderValue = HeaderValue::from_static("max-age=31536000");

/// On every response; a handler may have set its own.
pub(crate) async fn headers<B>(State(api): State<Shared>, mut response: Response<B>) -> Response<B> {
    let headers = response.headers_mut();
    for (name, value) in HEADERS {
        headers.entry(name).or_insert(HeaderValue::from_static(value));
    }
    if api.settings.only_https() {
        headers.insert(header::STRICT_TRANSPORT_SECURITY, ONLY_HTTPS);
    }
    response
}
