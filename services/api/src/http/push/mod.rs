//! `/push…`: browsers that are told what happened while nobody looks.

mod key;
mod subscribe;
mod unsubscribe;

use http::StatusCode;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{http::problem::Problem, push::Sender, state::Shared};

pub(crate) fn routes() -> OpenApiRouter<Shared> {
    OpenApiRouter::new()
        .routes(routes!(key::key))
        .routes(routes!(subscribe::subscribe))
        .routes(routes!(unsubscribe::unsubscribe))
}

fn sender(api: &Shared) -> Result<&Sender, Problem> {
    let off = || Problem::new(StatusCode::CONFLICT, "push-off", "This server sends no notices to browsers.");
    api.settings.push.as_ref().ok_or_else(off)
}
