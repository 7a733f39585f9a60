//! GET /auth/oidc/{provider}/start

use axum::{extract::State, response::Response};
use http::HeaderMap;
use serde::Deserialize;
use utoipa::IntoParams;

use super::{Purpose, callback, depart, provider, redirect};
use crate::{
    domain::{page_address::return_path, secret},
    http::{
        caller::From,
        extract::{Asked, At},
        problem::Problem,
    },
    state::Shared,
};

/// Where to go in the end, and by whose leave.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct Start {
    /// Path of the page to come back to, below /app or /settings; none, or another one: /app.
    to: Option<String>,
    /// The secret of an invitation, where one is needed to make an account.
    invitation: Option<String>,
}

/// Sends the browser to the provider; it comes back to the callback, and from there to the page.
#[utoipa::path(get, path = "/auth/oidc/{provider}/start", tag = "auth", security(()),
    operation_id = "oidc_start", params(("provider" = String, Path), Start), responses((status = 302)))]
pub(crate) async fn start(
    State(api): State<Shared>,
    At(slug): At<String>,
    From(address): From,
    headers: HeaderMap,
    Asked(Start { to, invitation }): Asked<Start>,
) -> Result<Response, Problem> {
    let provider = provider(&api, &slug)?;
    let to = to.as_deref().and_then(return_path).unwrap_or_else(|| "/app".to_owned());
    let purpose = Purpose::SignIn { invitation: invitation.map(|secret| secret::hash(&secret)) };
    Ok(match depart(&api, provider, (&headers, &address), &to, purpose).await {
        Ok((url, cookie)) => redirect(&url, vec![cookie]),
        Err(failure) => callback::failed(&api, failure, "/login", &to),
    })
}
