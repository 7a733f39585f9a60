//! The operator's port: is it alive, is it ready, what does it count.

use axum::{Json, Router, extract::State, http::StatusCode, routing::get};
use metrics_exporter_prometheus::PrometheusHandle;

use crate::health::Health;

/// `/livez`, `/readyz` and `/metrics`.
pub(crate) fn router(
    service: &'static str,
    version: &'static str,
    health: Health,
    metrics: PrometheusHandle,
) -> Router {
    Router::new()
        .route("/livez", get(|| async { "alive\n" }))
        .route("/readyz", get(move |State(health): State<Health>| async move { ready(service, version, &health) }))
        .route("/metrics", get(move || std::future::ready(metrics.render())))
        .with_state(health)
}

/// 200 when nothing is missing, else 503 with what is.
pub fn ready(service: &str, version: &str, health: &Health) -> (StatusCode, Json<serde_json::Value>) {
    let missing = health.missing();
    let status = if missing.is_empty() { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    let body = serde_json::json!({
        "service": service, "version": version, "ready": missing.is_empty(), "missing": missing,
    });
    (status, Json(body))
}
