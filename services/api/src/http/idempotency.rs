//! The header `Idempotency-Key` on a write that creates: the same request again gets the same answer, and creates
//! nothing (draft-ietf-httpapi-idempotency-key-header).

use axum::{
    body::Body,
    extract::{FromRequest as _, FromRequestParts as _, Request, State},
    middleware::Next,
    response::{IntoResponse as _, Response},
};
use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method, StatusCode, header, request::Parts};

use crate::{
    domain::secret,
    http::{BASE, caller::Caller, extract::NewId, owned::Owning, problem::Problem},
    state::Shared,
    store::idempotency::{self, Known},
};

/// The header's name.
pub(super) const KEY: &str = "Idempotency-Key";
/// Characters of a key at most.
pub(super) const KEY_CHARS: usize = 255;
/// Bytes of an answer that is kept at most; objects of the API are far smaller.
const ANSWER_BYTES: usize = 1024 * 1024;

/// Below which writes create something whose answer may be kept: neither a stream nor a secret.
const CREATING: &[&str] = &["/machines", "/workers", "/sessions"];

/// Whether the key counts on a request to this path below the base.
pub(super) fn creates(method: &Method, path: &str) -> bool {
    // A session's link is a secret.
    method == Method::POST && CREATING.iter().any(|resource| path.starts_with(resource)) && !path.ends_with("/share")
}

/// Answers a repeated request as it was answered before.
pub(super) async fn once(State(api): State<Shared>, request: Request, next: Next) -> Response {
    let path = request.uri().path().strip_prefix(BASE).unwrap_or_default();
    if !creates(request.method(), path) || !request.headers().contains_key(KEY) {
        return next.run(request).await;
    }
    let (parts, body) = request.into_parts();
    guarded(&api, parts, body, next).await.unwrap_or_else(Problem::into_response)
}

async fn guarded(api: &Shared, mut parts: Parts, body: Body, next: Next) -> Result<Response, Problem> {
    let caller = Caller::from_request_parts(&mut parts, api).await?;
    let (key, body) = match claimed(api, &caller, &mut parts, body).await {
        Ok(Claimed::Fresh { key, body }) => (key, body),
        Ok(Claimed::Answered(response)) => return Ok(response),
        Err(problem) => {
            let path = parts.uri.path().strip_prefix(BASE).unwrap_or_default();
            return Err(match Owning::of_path(path)? {
                Some(owning) => api.refusal(&caller, owning.as_owned(), problem).await,
                None => problem,
            });
        }
    };
    let response = next.run(Request::from_parts(parts, Body::from(body))).await;
    if !response.status().is_success() {
        idempotency::release(&api.db, caller.id(), &key).await?;
        return Ok(response);
    }
    let status = response.status().as_u16();
    let body =
        axum::body::to_bytes(response.into_body(), ANSWER_BYTES).await.map_err(|error| Problem::internal(&error))?;
    let text = String::from_utf8_lossy(&body).into_owned();
    idempotency::settle(&api.db, caller.id(), &key, status, &text).await?;
    Ok(answer(status, text))
}

/// A request whose key is its own now, or what it was answered before.
enum Claimed {
    Fresh { key: String, body: Bytes },
    Answered(Response),
}

async fn claimed(api: &Shared, caller: &Caller, parts: &mut Parts, body: Body) -> Result<Claimed, Problem> {
    let key = key(&parts.headers)?;
    let whole = Request::from_parts(parts.clone(), body);
    let body = Bytes::from_request(whole, api).await.map_err(|rejection| {
        Problem::new(rejection.status(), "body-not-taken", "The body is larger than is taken, or did not arrive whole.")
    })?;
    let asked = fingerprint(parts, &body);
    match idempotency::claim(&api.db, caller.id(), &key, &asked, api.clock.now()).await? {
        Known::Fresh => {
            parts.extensions.insert(NewId::of(caller.id(), &key, &asked));
            Ok(Claimed::Fresh { key, body })
        }
        Known::Answered { status, body } => Ok(Claimed::Answered(answer(status, body))),
        Known::Busy => {
            let detail = "The first request with this key is still being worked on.";
            Err(Problem::new(StatusCode::CONFLICT, "idempotency-key-busy", detail).retry_after(1))
        }
        Known::Other => {
            let detail = "This key was used for another request within a day; make a new one for each.";
            Err(Problem::new(StatusCode::CONFLICT, "idempotency-key-reused", detail))
        }
    }
}

fn key(headers: &HeaderMap) -> Result<String, Problem> {
    let text = headers.get(KEY).and_then(|key| key.to_str().ok()).unwrap_or_default();
    if !(1..=KEY_CHARS).contains(&text.len()) || !text.bytes().all(|byte| byte.is_ascii_graphic()) {
        let detail = format!("An Idempotency-Key is 1 to {KEY_CHARS} visible ASCII characters, without spaces.");
        return Err(Problem::new(StatusCode::BAD_REQUEST, "bad-idempotency-key", detail));
    }
    Ok(text.to_owned())
}

/// Tells two requests apart.
fn fingerprint(parts: &Parts, body: &Bytes) -> String {
    secret::hash(&format!("{} {}\n{}", parts.method, parts.uri, String::from_utf8_lossy(body)))
}

fn answer(status: u16, body: String) -> Response {
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::OK);
    if body.is_empty() {
        return status.into_response();
    }
    (status, [(header::CONTENT_TYPE, HeaderValue::from_static("application/json"))], body).into_response()
}
