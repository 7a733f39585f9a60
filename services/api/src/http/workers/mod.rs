//! Workers and the keys that ask to be one.

pub(crate) mod approve;
mod ask;
pub(crate) mod commands;
pub(crate) mod create;
pub(crate) mod delete;
pub(crate) mod directories;
pub(crate) mod dismiss;
pub(crate) mod files;
pub(crate) mod get;
pub(crate) mod list;
pub(crate) mod modes;
pub(crate) mod permissions;
pub(crate) mod readmit;
pub(crate) mod refresh_models;
pub(crate) mod reject;
pub(crate) mod update;

use utoipa_axum::{router::OpenApiRouter, routes};

use crate::state::Shared;

pub(crate) fn routes() -> OpenApiRouter<Shared> {
    OpenApiRouter::new()
        .routes(routes!(list::list, create::create))
        .routes(routes!(get::get, update::update, delete::delete))
        .routes(routes!(approve::approve))
        .routes(routes!(reject::reject))
        .routes(routes!(dismiss::dismiss))
        .routes(routes!(permissions::permissions))
        .routes(routes!(readmit::readmit))
        .routes(routes!(modes::modes))
        .routes(routes!(commands::commands))
        .routes(routes!(directories::directories))
        .routes(routes!(files::files))
        .routes(routes!(refresh_models::refresh_models))
}
