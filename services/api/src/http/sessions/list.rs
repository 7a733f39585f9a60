//! GET /sessions

use std::collections::HashMap;

use axum::{Json, extract::State};
use muster_contracts::{id::WorkerId, method, v1};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

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
    /// Only those whose title or messages have all of these words, at most 200 characters; the last may be a beginning.
    #[param(max_length = 200)]
    q: Option<String>,
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

/// A session, and where it has what was looked for.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ListedSession {
    #[serde(flatten)]
    session: ChatSession,
    /// None when nothing was looked for, or only the title has it.
    #[serde(rename = "match", skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    place: Option<SessionMatch>,
}

/// Where a session has what was looked for.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct SessionMatch {
    /// The newest message that has it.
    message_id: String,
    /// What is around it there, on one line.
    snippet: String,
}

impl From<v1::SessionMatch> for SessionMatch {
    fn from(found: v1::SessionMatch) -> Self {
        let v1::SessionMatch { chat_session_id: _, message_id, snippet } = found;
        Self { message_id, snippet }
    }
}

/// Every session of the caller, the newest activity first.
#[utoipa::path(get, path = "/sessions", tag = "sessions", params(SessionsQuery),
    responses((status = 200, body = List<ListedSession>)))]
pub(crate) async fn list(
    State(api): State<Shared>,
    caller: Caller,
    Asked(SessionsQuery { q, status, worker_id, limit, cursor }): Asked<SessionsQuery>,
) -> Result<Json<List<ListedSession>>, Problem> {
    if worker_id.as_deref().is_some_and(|id| id.parse::<WorkerId>().is_err()) {
        return Err(Problem::not_found());
    }
    let request = v1::ListSessionsRequest {
        caller: caller.to_bus(),
        worker_id,
        status: status.into_iter().map(|status| v1::SessionStatus::from(status).into()).collect(),
        page: Some(page::page(limit, cursor)?),
        query: q,
    };
    let v1::ListSessionsReply { sessions, next_cursor, matches } = api.call::<method::ListSessions>(request).await?;
    let mut places = matches.into_iter().map(|found| (found.chat_session_id.clone(), found)).collect::<HashMap<_, _>>();
    let items = sessions.into_iter().map(|session| {
        let place = places.remove(&session.chat_session_id).map(SessionMatch::from);
        ListedSession { session: session.into(), place }
    });
    Ok(Json(List { items: items.collect(), next_cursor }))
}
