//! Files that users attach to messages.

pub(crate) mod create;
pub(crate) mod delete;
pub(crate) mod get;
pub(crate) mod receive;

use axum::extract::DefaultBodyLimit;
use muster_contracts::limits::ATTACHMENT_BYTES;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::state::Shared;

/// What a form has around its file, at most.
pub(crate) const FRAME_BYTES: usize = 16 * 1024;

pub(crate) fn routes() -> OpenApiRouter<Shared> {
    OpenApiRouter::new()
        .routes(routes!(create::create))
        .layer(DefaultBodyLimit::max(ATTACHMENT_BYTES + FRAME_BYTES))
        .routes(routes!(get::get, delete::delete))
}
