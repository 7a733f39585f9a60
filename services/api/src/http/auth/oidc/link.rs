//! POST /auth/oidc/{provider}/link

use axum::{Json, extract::State, response::IntoResponse};
use http::{HeaderMap, header};
use serde::Serialize;
use utoipa::ToSchema;

use super::{Purpose, depart, failure::Failure, provider};
use crate::{
    http::{auth::sign_in, caller::Caller, extract::At, problem::Problem},
    state::Shared,
};

/// Where to go on.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct LinkDeparture {
    /// The provider's address to send the browser to. It comes back to /settings.
    location: String,
}

/// Begins to link an account at the provider. A POST, so that no other page can do it: whoever's account is linked can
/// sign in as this user.
#[utoipa::path(post, path = "/auth/oidc/{provider}/link", tag = "auth", operation_id = "oidc_link",
    params(("provider" = String, Path)), responses((status = 200, body = LinkDeparture)))]
pub(crate) async fn link(
    State(api): State<Shared>,
    caller: Caller,
    At(slug): At<String>,
    headers: HeaderMap,
) -> Result<impl IntoResponse, Problem> {
    let provider = provider(&api, &slug)?;
    sign_in::is_recent(&api, &caller).await?;
    let purpose = Purpose::Link { user: caller.id().to_string() };
    let departed = depart(&api, provider, (&headers, &caller.address), "/settings", purpose).await;
    let (location, cookie) = departed.map_err(Failure::problem)?;
    Ok(([(header::SET_COOKIE, cookie)], Json(LinkDeparture { location })))
}
