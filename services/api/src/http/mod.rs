//! The public HTTP API: a folder for each resource, a file for each endpoint.

mod assets;
pub(crate) mod attachments;
mod audit;
mod auth;
mod body;
pub(crate) mod caller;
pub(crate) mod events;
mod extract;
mod host;
mod idempotency;
mod install;
mod invitations;
mod late;
mod machines;
mod measure;
mod messages;
pub(crate) mod model;
pub mod openapi;
mod origin;
mod owned;
mod page;
pub(crate) mod problem;
mod protect;
mod push;
mod query;
pub(crate) mod requests;
mod server;
mod sessions;
mod shared;
mod tokens;
mod trace;
mod users;
mod workers;

use std::time::Duration;

use axum::{
    Json, Router,
    extract::{DefaultBodyLimit, State},
    http::{StatusCode, header},
    response::{IntoResponse, Response},
    routing::get,
};
use tower_http::{catch_panic::CatchPanicLayer, timeout::RequestBodyTimeoutLayer};
use utoipa_axum::{router::OpenApiRouter, routes};

pub(crate) use auth::register::found;

use crate::{http::problem::Problem, state::Shared};

/// Below which everything of version 1 is.
pub(crate) const BASE: &str = "/api/v1";

/// How long a body may stand still before the request is given up.
const BODY_SILENCE: Duration = Duration::from_secs(20);

/// Every endpoint, with its entry in the document.
pub(crate) fn endpoints() -> OpenApiRouter<Shared> {
    let version = OpenApiRouter::new()
        .merge(auth::routes())
        .merge(tokens::routes())
        .merge(invitations::routes())
        .merge(users::routes())
        .merge(audit::routes())
        .merge(machines::routes())
        .merge(workers::routes())
        .merge(sessions::routes())
        .merge(messages::routes())
        .merge(shared::routes())
        .merge(attachments::routes())
        .merge(requests::routes())
        .merge(push::routes())
        .merge(events::routes())
        .routes(routes!(server::server));
    OpenApiRouter::new().nest(BASE, version)
}

/// All that is served.
pub fn router(api: Shared) -> Router {
    let (endpoints, _) = endpoints().split_for_parts();
    let endpoints = endpoints.layer(axum::middleware::from_fn_with_state(api.clone(), idempotency::once));
    let limit = DefaultBodyLimit::max(api.settings.body_limit);
    endpoints
        .route(&format!("{BASE}/openapi.json"), get(openapi::serve))
        .route("/api", get(unknown))
        .route("/api/{*path}", axum::routing::any(unknown))
        .method_not_allowed_fallback(wrong_method)
        .layer(axum::middleware::from_fn(late::answered))
        .layer(axum::middleware::from_fn(trace::traced))
        .layer(limit)
        .layer(RequestBodyTimeoutLayer::new(BODY_SILENCE))
        .route("/livez", get(|| async { "alive\n" }))
        .route("/readyz", get(ready))
        .merge(install::routes())
        .merge(assets::routes())
        .layer(CatchPanicLayer::custom(panicked))
        .layer(axum::middleware::from_fn(measure::measured))
        .layer(axum::middleware::map_response_with_state(api.clone(), protect::headers))
        .layer(axum::middleware::map_request(host::named))
        .with_state(api)
}

async fn ready(State(api): State<Shared>) -> (StatusCode, Json<serde_json::Value>) {
    muster_service::operator::ready("api", env!("CARGO_PKG_VERSION"), &api.health)
}

async fn unknown() -> Problem {
    Problem::not_found()
}

async fn wrong_method() -> Problem {
    Problem::new(StatusCode::METHOD_NOT_ALLOWED, "wrong-method", "This path does not take this method.")
}

#[expect(clippy::needless_pass_by_value, reason = "the layer's signature")]
fn panicked(panic: Box<dyn std::any::Any + Send>) -> Response {
    let text = panic.downcast_ref::<String>().map(String::as_str).or_else(|| panic.downcast_ref::<&str>().copied());
    tracing::error!(panic = text.unwrap_or("without words"), "a handler panicked");
    let detail = "Something went wrong here; it has been logged.";
    let mut response = Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "internal", detail).into_response();
    response.headers_mut().insert(header::CONNECTION, header::HeaderValue::from_static("close"));
    response
}
