//! POST /events

use std::collections::BTreeMap;

use axum::{extract::State, response::Response};
use bytes::Bytes;
use futures_util::{StreamExt as _, stream, stream::BoxStream};
use muster_contracts::id::SessionId;
use serde::Deserialize;
use utoipa::ToSchema;

use super::{
    body,
    frames::{Removed, StreamEvent},
    session,
};
use crate::{
    feed::{
        topic::Topic,
        viewer::{Cut, OpenError},
    },
    http::{caller::Caller, extract::Body, problem::Problem},
    state::Shared,
};

/// Sessions on one connection at most.
const SESSIONS: usize = 50;
/// Sessions whose owner is asked for at once.
const AT_ONCE: usize = 16;

/// Which streams, each with the id to continue after, or null to begin now.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Streams {
    /// The user's stream is always among them.
    #[serde(default)]
    user: Option<String>,
    /// By the session's id; at most 50.
    #[serde(default)]
    sessions: BTreeMap<String, Option<String>>,
}

type Pieces = BoxStream<'static, Result<Bytes, Cut>>;

/// The frames of several streams on one connection.
#[utoipa::path(post, path = "/events", tag = "events", request_body = Streams,
    responses((status = 200, content_type = "text/event-stream", body = StreamEvent)))]
pub(crate) async fn combined(
    State(api): State<Shared>,
    caller: Caller,
    Body(Streams { user, sessions }): Body<Streams>,
) -> Result<Response, Problem> {
    if sessions.len() > SESSIONS {
        return Err(Problem::invalid("/sessions", format!("is at most {SESSIONS} sessions")));
    }
    let open = api.feeds.admit(&caller).await?;
    let viewer = api.feeds.open(Topic::User(caller.id().clone()), user.as_deref(), open.closed.clone()).await?;
    let mut all = vec![viewer.pieces().boxed()];
    let asked = sessions.into_iter().map(|(session, last)| {
        let (api, caller, closed) = (&api, &caller, open.closed.clone());
        async move { one(api, caller, &session, last.as_deref(), closed).await }
    });
    let mut answers = stream::iter(asked).buffered(AT_ONCE);
    while let Some(pieces) = answers.next().await {
        all.push(pieces?);
    }
    drop(answers);
    // A cut of one is a cut of all: the client comes back with all its ids.
    Ok(body::stream(stream::select_all(all), open))
}

async fn one(
    api: &Shared,
    caller: &Caller,
    session: &str,
    last: Option<&str>,
    closed: tokio_util::sync::CancellationToken,
) -> Result<Pieces, Problem> {
    let Ok(id) = session.parse::<SessionId>() else { return Ok(gone(session)) };
    match session::topic(api, caller, &id).await {
        Ok(topic) => {
            let viewer = api.feeds.open(topic, last, closed).await.map_err(|error: OpenError| Problem::from(error))?;
            Ok(viewer.pieces().boxed())
        }
        Err(problem) if problem.is_not_found() => Ok(gone(session)),
        Err(problem) => Err(problem),
    }
}

/// A session that is not, or no longer, the caller's. Without an id: there is nothing to continue.
fn gone(session: &str) -> Pieces {
    let removed = Removed { entity: "session".to_owned(), id: session.to_owned() };
    let data = serde_json::to_string(&removed).unwrap_or_default();
    stream::iter([Ok(Bytes::from(format!("event: removed\ndata: {data}\n\n")))]).boxed()
}
