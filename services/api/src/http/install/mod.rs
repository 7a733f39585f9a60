//! The worker-agent, from this server: a script that installs it, and the program for each kind of machine.

mod download;
mod script;

use axum::{Router, routing::get};

use crate::state::Shared;

/// Outside of the API: what a shell asks for.
pub(crate) fn routes() -> Router<Shared> {
    Router::new()
        .route("/install.sh", get(script::script))
        .route("/download/worker-agent/{target}", get(download::download))
        .route("/download/{*path}", get(download::nothing))
}
