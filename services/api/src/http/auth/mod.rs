//! Signing in.

pub(crate) mod devices;
pub(crate) mod login;
pub(crate) mod logout;
pub(crate) mod me;
pub(crate) mod methods;
mod new_account;
pub(crate) mod oidc;
pub(crate) mod passkeys;
pub(crate) mod password;
pub(crate) mod register;
pub(super) mod sign_in;
mod ways;

use utoipa_axum::{router::OpenApiRouter, routes};

use crate::state::Shared;

pub(crate) fn routes() -> OpenApiRouter<Shared> {
    OpenApiRouter::new()
        .routes(routes!(methods::methods))
        .routes(routes!(register::register))
        .routes(routes!(login::login))
        .routes(routes!(logout::logout))
        .routes(routes!(me::me))
        .routes(routes!(password::password))
        .routes(routes!(devices::list))
        .routes(routes!(devices::delete))
        .routes(routes!(oidc::start::start))
        .routes(routes!(oidc::callback::callback))
        .routes(routes!(oidc::link::link))
        .routes(routes!(oidc::identities::list))
        .routes(routes!(oidc::identities::delete))
        .merge(passkeys::routes())
}
