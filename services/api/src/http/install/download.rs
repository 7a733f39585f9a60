//! GET /download/worker-agent/{target}

use axum::{
    body::Body,
    extract::{Path, Request, State},
    response::{IntoResponse, Response},
};
use http::{HeaderName, HeaderValue, StatusCode, header};
use tower_http::services::ServeFile;

use super::script::{HTTPS_ALONE, not_offered};
use crate::{downloads::Target, http::problem::Problem, state::Shared};

/// RFC 9530: the digest of the whole program, whatever part of it is sent.
const DIGEST: HeaderName = HeaderName::from_static("repr-digest");

/// The program for a kind of machine, such as `linux-x86_64`.
pub(crate) async fn download(
    State(api): State<Shared>,
    Path(target): Path<String>,
    request: Request,
) -> Result<Response, Problem> {
    if api.settings.install_address().is_none() {
        return Err(not_offered(HTTPS_ALONE));
    }
    let (Some(downloads), Ok(target)) = (&api.settings.downloads, target.parse::<Target>()) else {
        return Err(absent());
    };
    let failed = |error: std::io::Error| {
        tracing::error!(%error, %target, "a program cannot be read");
        Problem::unavailable("The program cannot be read at the moment.")
    };
    let program = downloads.program(&target).await.map_err(failed)?.ok_or_else(absent)?;
    let sent = ServeFile::new(&program.path).try_call(request).await.map_err(failed)?;
    let mut response = sent.map(Body::new).into_response();
    let digest = format!("sha-256=:{}:", data_encoding::BASE64.encode(&program.digest()));
    let name = HeaderValue::from_static("attachment; filename=\"muster-worker-agent\"");
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/octet-stream"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    headers.insert(header::CONTENT_DISPOSITION, name);
    if let Ok(digest) = HeaderValue::from_str(&digest) {
        headers.insert(DIGEST, digest);
    }
    Ok(response)
}

/// Whoever asks for another file shall not get the page in its place.
pub(crate) async fn nothing() -> Problem {
    Problem::not_found()
}

fn absent() -> Problem {
    let detail = "This server has no worker-agent for that kind of machine.";
    Problem::new(StatusCode::NOT_FOUND, "no-program", detail)
}
