//! The audit log.

mod csv;
pub(crate) mod list;

use utoipa_axum::{router::OpenApiRouter, routes};

use crate::state::Shared;

pub(crate) fn routes() -> OpenApiRouter<Shared> {
    OpenApiRouter::new().routes(routes!(list::list))
}
