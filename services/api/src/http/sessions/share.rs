//! POST and DELETE /sessions/{id}/share

use axum::{Json, extract::State};
use http::StatusCode;
use muster_contracts::{id::SessionId, method, v1};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    domain::secret,
    http::{
        caller::Caller,
        extract::{At, Body},
        owned::Owned,
        problem::Problem,
    },
    state::Shared,
};

/// A link to make.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct ShareSession {
    /// Milliseconds since the epoch, in the future and at most a year away.
    expires_at: i64,
}

/// A link, shown this once: only a hash of it is kept.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct SharedLink {
    /// What `GET /shared/{secret}` asks for.
    secret: String,
    /// Of the page that shows it, below this server's address.
    path: String,
    expires_at: i64,
}

/// Makes the link by which anybody can read the session, what comes later included. The one that it had ends.
#[utoipa::path(post, path = "/sessions/{id}/share", tag = "sessions", params(("id" = String, Path)),
    request_body = ShareSession, responses((status = 201, body = SharedLink)))]
pub(crate) async fn share(
    State(api): State<Shared>,
    caller: Caller,
    At(session): At<SessionId>,
    body: Result<Body<ShareSession>, Problem>,
) -> Result<(StatusCode, Json<SharedLink>), Problem> {
    let ShareSession { expires_at } = api.body_for(&caller, Owned::Session(&session), body).await?;
    let secret = secret::fresh();
    let request = v1::ShareSessionRequest {
        caller: caller.to_bus(),
        chat_session_id: session.into(),
        secret_hash: secret::hash(&secret),
        expires_at,
    };
    api.call::<method::ShareSession>(request).await?;
    let path = format!("/shared/{secret}");
    Ok((StatusCode::CREATED, Json(SharedLink { secret, path, expires_at })))
}

/// Withdraws the session's link, if it has one.
#[utoipa::path(delete, path = "/sessions/{id}/share", tag = "sessions", params(("id" = String, Path)),
    responses((status = 204)))]
pub(crate) async fn unshare(
    State(api): State<Shared>,
    caller: Caller,
    At(session): At<SessionId>,
) -> Result<StatusCode, Problem> {
    let request = v1::SessionRef { caller: caller.to_bus(), chat_session_id: session.into() };
    api.call::<method::UnshareSession>(request).await?;
    Ok(StatusCode::NO_CONTENT)
}
