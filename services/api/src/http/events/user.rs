//! GET /events

use axum::{extract::State, response::Response};
use http::HeaderMap;

use super::{body, frames::StreamEvent, session::EventsQuery};
use crate::{
    feed::topic::Topic,
    http::{caller::Caller, extract::Asked, problem::Problem},
    state::Shared,
};

/// Event stream of everything of the caller that changed: `machine`, `worker`,
/// `registration`, `session`, `request`, `removed`, `resync` and `beat`.
#[utoipa::path(get, path = "/events", tag = "events",
    params(EventsQuery, ("Last-Event-ID" = Option<String>, Header)),
    responses((status = 200, content_type = "text/event-stream", body = StreamEvent)))]
pub(crate) async fn user(
    State(api): State<Shared>,
    caller: Caller,
    headers: HeaderMap,
    Asked(query): Asked<EventsQuery>,
) -> Result<Response, Problem> {
    let open = api.feeds.admit(&caller).await?;
    let topic = Topic::User(caller.id().clone());
    let viewer = api.feeds.open(topic, query.last(&headers).as_deref(), open.closed.clone()).await?;
    Ok(body::stream(viewer.pieces(), open))
}
