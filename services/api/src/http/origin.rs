//! Whether a browser asks from our own page.

use http::{HeaderMap, header};
use url::Url;

use crate::{domain::page_address::page_address, state::Shared};

/// Whether the request names this server's page as its origin.
pub(crate) fn is_own(headers: &HeaderMap, api: &Shared) -> bool {
    let text = |name| headers.get(name).and_then(|value: &http::HeaderValue| value.to_str().ok());
    let Some(origin) = text(header::ORIGIN) else { return false };
    if api.settings.public_url.as_ref().is_some_and(|url| url.origin().ascii_serialization() == origin) {
        return true;
    }
    match (Url::parse(origin), text(header::HOST)) {
        // Whoever is on the way to a page without TLS may have written it.
        (Ok(origin), _) if api.settings.tls && origin.scheme() != "https" => false,
        (Ok(origin), Some(host)) => authority(&origin).is_some_and(|own| own.eq_ignore_ascii_case(host)),
        _ => false,
    }
}

/// Where this browser finds the page, as far as that can be believed.
pub(crate) fn of_page(headers: &HeaderMap, api: &Shared) -> Option<Url> {
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok()).filter(|_| api.settings.loopback);
    page_address(api.settings.public_url.as_ref(), api.settings.tls, host)
}

fn authority(origin: &Url) -> Option<String> {
    let host = origin.host_str()?;
    Some(origin.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}")))
}
