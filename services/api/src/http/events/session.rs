//! GET /sessions/{id}/events

use axum::{extract::State, response::Response};
use http::HeaderMap;
use muster_contracts::{id::SessionId, method, v1};
use serde::Deserialize;
use utoipa::IntoParams;

use super::{body, frames::StreamEvent};
use crate::{
    feed::topic::Topic,
    http::{
        caller::Caller,
        extract::{Asked, At},
        owned::Owned,
        problem::Problem,
    },
    state::Shared,
};

/// Where to begin when the browser cannot say it in a header.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct EventsQuery {
    /// Continue strictly after this event.
    pub(crate) last_event_id: Option<String>,
}

impl EventsQuery {
    /// The header, which a browser sends when it comes back, goes before the query.
    pub(super) fn last(self, headers: &HeaderMap) -> Option<String> {
        let header = headers.get("last-event-id").map(|id| String::from_utf8_lossy(id.as_bytes()).into_owned());
        header.or(self.last_event_id).filter(|id| !id.is_empty())
    }
}

/// Event stream of one session: `chunk`, `message`, `session`, `request`,
/// `removed`, `resync`, and `beat` at least every 15 s.
#[utoipa::path(get, path = "/sessions/{id}/events", tag = "events",
    params(("id" = String, Path), EventsQuery, ("Last-Event-ID" = Option<String>, Header)),
    responses((status = 200, content_type = "text/event-stream", body = StreamEvent)))]
pub(crate) async fn session(
    State(api): State<Shared>,
    caller: Caller,
    At(session): At<SessionId>,
    headers: HeaderMap,
    query: Result<Asked<EventsQuery>, Problem>,
) -> Result<Response, Problem> {
    let query = match query {
        Ok(Asked(query)) => query,
        Err(problem) => return Err(api.refusal(&caller, Owned::Session(&session), problem).await),
    };
    let topic = topic(&api, &caller, &session).await?;
    let open = api.feeds.admit(&caller).await?;
    let viewer = api.feeds.open(topic, query.last(&headers).as_deref(), open.closed.clone()).await?;
    Ok(body::stream(viewer.pieces(), open))
}

/// What to watch for a session, if it is the caller's.
pub(super) async fn topic(api: &Shared, caller: &Caller, session: &SessionId) -> Result<Topic, Problem> {
    let request = v1::SessionRef { caller: caller.to_bus(), chat_session_id: session.to_string() };
    let v1::ChatSession { worker_id, .. } = api.call::<method::GetSession>(request).await?;
    let worker = worker_id.parse().map_err(|error: muster_contracts::id::InvalidId| Problem::internal(&error))?;
    Ok(Topic::Session { session: session.clone(), user: caller.id().clone(), worker })
}
