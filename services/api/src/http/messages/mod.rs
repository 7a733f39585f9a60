//! Messages of a session.

pub(crate) mod cancel;
pub(crate) mod edit;
pub(crate) mod list;
pub(crate) mod retry;
pub(crate) mod send;
pub(crate) mod send_now;
pub(crate) mod whole;
pub(crate) mod withdraw;

use utoipa_axum::{router::OpenApiRouter, routes};

use crate::state::Shared;

pub(crate) fn routes() -> OpenApiRouter<Shared> {
    OpenApiRouter::new()
        .routes(routes!(list::list, send::send))
        .routes(routes!(edit::edit, withdraw::withdraw))
        .routes(routes!(send_now::send_now))
        .routes(routes!(retry::retry))
        .routes(routes!(cancel::cancel))
}
