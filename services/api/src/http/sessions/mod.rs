//! Sessions.

pub(crate) mod continue_queue;
pub(crate) mod create;
pub(crate) mod delete;
pub(crate) mod end;
pub(crate) mod export;
pub(crate) mod fork;
pub(crate) mod get;
pub(crate) mod list;
pub(crate) mod list_of_worker;
pub(crate) mod read;
pub(crate) mod restore;
pub(crate) mod share;
pub(crate) mod update;

use utoipa_axum::{router::OpenApiRouter, routes};

use crate::state::Shared;

pub(crate) fn routes() -> OpenApiRouter<Shared> {
    OpenApiRouter::new()
        .routes(routes!(list_of_worker::list_of_worker, create::create))
        .routes(routes!(list::list))
        .routes(routes!(get::get, update::update, delete::delete))
        .routes(routes!(end::end))
        .routes(routes!(export::export))
        .routes(routes!(share::share, share::unshare))
        .routes(routes!(fork::fork))
        .routes(routes!(restore::restore))
        .routes(routes!(continue_queue::continue_queue))
        .routes(routes!(read::read))
}
