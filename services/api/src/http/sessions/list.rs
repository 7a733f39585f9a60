//! GET /sessions

use axum::{Json, extract::State};
use muster_contracts::{id::WorkerId, method, v1};
use serde::Deserialize;
use utoipa::IntoParams;

use crate::{
    http::{
        caller::Caller,
        extract::Asked,
        model::session::{ChatSession, SessionStatus},
        page::{self, List},
        problem::Problem,
    },
    state::Shared,
};

/// Which sessions.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct SessionsQuery {
    /// Only those of this status.
    #[param(inline)]
    status: Option<SessionStatus>,
    /// Only those of this worker.
    worker_id: Option<String>,
    /// Items of the page, 1 to 200.
    #[param(minimum = 1, maximum = 200, default = 50)]
    limit: Option<u32>,
    /// `nextCursor` of the page before.
    cursor: Option<String>,
}

/// Every session of the caller, the newest activity first.
#[utoipa::path(get, path = "/sessions", tag = "sessions", params(SessionsQuery),
    responses((status = 200, body = List<ChatSession>)))]
pub(crate) async fn list(
    State(api): State<Shared>,
    caller: Caller,
    Asked(SessionsQuery { status, worker_id, limit, cursor }): Asked<SessionsQuery>,
) -> Result<Json<List<ChatSession>>, Problem> {
    if worker_id.as_deref().is_some_and(|id| id.parse::<WorkerId>().is_err()) {
        return Err(Problem::not_found());
    }
    let request = v1::ListSessionsRequest {
        caller: caller.to_bus(),
        worker_id,
        status: status.into_iter().map(|status| v1::SessionStatus::from(status).into()).collect(),
        page: Some(page::page(limit, cursor)?),
    };
    let v1::ListSessionsReply { sessions, next_cursor } = api.call::<method::ListSessions>(request).await?;
    Ok(Json(List::of(sessions, next_cursor)))
}
