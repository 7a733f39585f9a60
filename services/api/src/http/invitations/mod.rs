//! Invitations, which administrators give where accounts need one.

pub(crate) mod create;
pub(crate) mod delete;
pub(crate) mod list;

use utoipa_axum::{router::OpenApiRouter, routes};

use crate::state::Shared;

pub(crate) fn routes() -> OpenApiRouter<Shared> {
    OpenApiRouter::new().routes(routes!(list::list, create::create)).routes(routes!(delete::delete))
}
