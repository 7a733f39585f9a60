//! Event streams.

mod body;
mod combined;
pub(crate) mod frames;
mod session;
mod user;

use utoipa_axum::{router::OpenApiRouter, routes};

use crate::state::Shared;

pub(crate) fn routes() -> OpenApiRouter<Shared> {
    OpenApiRouter::new().routes(routes!(user::user, combined::combined)).routes(routes!(session::session))
}
