//! What anybody can read who has a link.

mod get;

use http::{HeaderMap, HeaderName, HeaderValue, header};
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::state::Shared;

/// Where the page shows it, without a slash before it.
pub(super) const PAGE: &str = "shared/";

pub(crate) fn routes() -> OpenApiRouter<Shared> {
    OpenApiRouter::new().routes(routes!(get::get))
}

/// The address is the key: no other site is told it, and no search engine shows it.
pub(super) fn keep_quiet(headers: &mut HeaderMap) {
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    headers.insert(HeaderName::from_static("x-robots-tag"), HeaderValue::from_static("noindex, nofollow"));
}
