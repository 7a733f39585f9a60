//! Accounts, as administrators see them.

pub(crate) mod delete;
pub(crate) mod list;
pub(crate) mod update;

use http::StatusCode;
use muster_service::Write;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{http::problem::Problem, state::Shared, store};

pub(crate) fn routes() -> OpenApiRouter<Shared> {
    OpenApiRouter::new().routes(routes!(list::list)).routes(routes!(update::update, delete::delete))
}

/// Refuses a change after which nobody could administer accounts.
async fn somebody_administers(write: &mut Write) -> Result<(), Problem> {
    if store::users::administrators(write).await? > 0 {
        return Ok(());
    }
    let detail = "This is the last administrator; make somebody else one first.";
    Err(Problem::new(StatusCode::CONFLICT, "last-administrator", detail))
}
