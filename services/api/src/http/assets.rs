//! The page: files of the built web app, inside the binary.

use axum::{
    Router,
    body::Body,
    response::{Html, IntoResponse, Response},
};
use http::{HeaderMap, HeaderValue, Method, StatusCode, Uri, header};
use rust_embed::{EmbeddedFile, RustEmbed};
use tower_http::compression::CompressionLayer;

use crate::{
    http::{problem::Problem, shared},
    state::Shared,
};

#[derive(RustEmbed)]
#[folder = "../../web/dist"]
#[allow_missing = true]
struct Dist;

/// How the name of a file ends that has another one's content, compressed with Brotli.
const COMPRESSED: &str = ".br";

/// What is shown while there is no page in the binary.
const NOT_BUILT: &str = "<!doctype html><meta charset=utf-8><title>Muster</title><h1>The page is not built</h1>\
    <p>Run <code>npm ci &amp;&amp; npm run build</code> in <code>web/</code>, build <code>muster-api</code> again, \
    or use <code>cargo muster up</code>, which does both.</p>";

/// Everything that is no API. Compressed: files only, never an event stream.
pub(crate) fn routes() -> Router<Shared> {
    Router::new().fallback(serve).layer(CompressionLayer::new())
}

async fn serve(method: Method, uri: Uri, headers: HeaderMap) -> Response {
    if !matches!(method, Method::GET | Method::HEAD) {
        let detail = "This path does not take this method.";
        return Problem::new(StatusCode::METHOD_NOT_ALLOWED, "wrong-method", detail).into_response();
    }
    let path = uri.path().trim_start_matches('/');
    if let Some(found) = Dist::get(path).filter(|_| !path.ends_with(COMPRESSED)) {
        return match Dist::get(&format!("{path}{COMPRESSED}")) {
            Some(smaller) => either(path, found, smaller, &headers),
            None => file(path, found, &headers),
        };
    }
    // A path of the app itself, unless it looks like a file.
    if path.rsplit('/').next().is_some_and(|last| last.contains('.')) {
        return Problem::not_found().into_response();
    }
    let name = page(path);
    match Dist::get(name) {
        Some(found) => {
            let mut page = file(name, found, &headers);
            if path.starts_with(shared::PAGE) {
                shared::keep_quiet(page.headers_mut());
            }
            page
        }
        None => (StatusCode::OK, Html(NOT_BUILT)).into_response(),
    }
}

/// What shows a path of the app: whoever is about to sign in loads a page of its own, which names what that needs.
fn page(path: &str) -> &'static str {
    match path.trim_end_matches('/') {
        "login" | "register" => "door.html",
        _ => "index.html",
    }
}

/// A file that the build has compressed already, better than could be done while somebody waits.
fn either(path: &str, found: EmbeddedFile, smaller: EmbeddedFile, asked: &HeaderMap) -> Response {
    let encoded = takes_brotli(asked);
    let data = if encoded { smaller.data } else { found.data };
    let mut response = file(path, EmbeddedFile { data, metadata: found.metadata }, asked);
    let headers = response.headers_mut();
    headers.insert(header::VARY, HeaderValue::from_static("accept-encoding"));
    if encoded {
        headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static("br"));
    }
    response
}

/// RFC 9110, section 12.5.3. For whoever weighs encodings, the layer around this compresses.
fn takes_brotli(asked: &HeaderMap) -> bool {
    let lists = asked.get_all(header::ACCEPT_ENCODING).iter().filter_map(|list| list.to_str().ok());
    lists.flat_map(|list| list.split(',')).any(|encoding| encoding.trim().eq_ignore_ascii_case("br"))
}

fn file(path: &str, file: EmbeddedFile, asked: &HeaderMap) -> Response {
    let tag = format!("\"{}\"", data_encoding::HEXLOWER.encode(&file.metadata.sha256_hash()));
    // Files below assets/ have their content's hash in their name.
    let cache = if path.starts_with("assets/") { "public, max-age=31536000, immutable" } else { "no-cache" };
    let known = asked.get(header::IF_NONE_MATCH).and_then(|tags| tags.to_str().ok());
    let fresh = known.is_some_and(|tags| tags.split(',').any(|known| known.trim().trim_start_matches("W/") == tag));
    let mut response = if fresh {
        StatusCode::NOT_MODIFIED.into_response()
    } else {
        Body::from(file.data.into_owned()).into_response()
    };
    let headers = response.headers_mut();
    let kind = file.metadata.mimetype();
    let kind = if kind.starts_with("text/") { format!("{kind}; charset=utf-8") } else { kind.to_owned() };
    for (name, value) in [(header::CONTENT_TYPE, kind.as_str()), (header::CACHE_CONTROL, cache), (header::ETAG, &tag)] {
        if let Ok(value) = HeaderValue::from_str(value) {
            headers.insert(name, value);
        }
    }
    response
}

#[cfg(test)]
mod tests {
    use super::page;

    #[test]
    fn whoever_is_about_to_sign_in_gets_the_page_of_the_door() {
        for path in ["login", "login/", "register"] {
            assert_eq!(page(path), "door.html");
        }
        for path in ["", "app", "settings", "shared/login", "logins"] {
            assert_eq!(page(path), "index.html");
        }
    }
}
