//! GET /shared/{secret}

use std::sync::PoisonError;

use axum::{
    Json,
    extract::State,
    response::{IntoResponse as _, Response},
};
use http::StatusCode;
use muster_contracts::{method, v1};
use muster_service::limiter::{Rate, place};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    domain::secret,
    http::{
        caller::From as Reader,
        extract::{Asked, At},
        messages::{list::MessagesQuery, whole},
        model::message::ChatMessage,
        problem::Problem,
        shared::keep_quiet,
    },
    state::Shared,
    store,
};

/// Pages that may be read from one address. A secret of 256 bits is not found by trying; this bounds what it costs.
const PER_ADDRESS: Rate = Rate { burst: 120, every: 250 };

/// What a link shows: the session's title and messages, and nothing of whose it is or where it runs.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct SharedSession {
    title: String,
    model: String,
    created_at: i64,
    /// Until when the link can be used.
    shared_until: i64,
    /// A page of messages, oldest first.
    items: Vec<ChatMessage>,
    /// For the page before; null on the oldest.
    #[schema(required = true)]
    next_before: Option<String>,
}

/// A page of a session that somebody shares. 404 for a link that ended as for one that never was.
#[utoipa::path(get, path = "/shared/{secret}", tag = "shared", params(("secret" = String, Path), MessagesQuery),
    security(()), responses((status = 200, body = SharedSession)))]
pub(crate) async fn get(
    State(api): State<Shared>,
    Reader(address): Reader,
    At(secret): At<String>,
    query: Result<Asked<MessagesQuery>, Problem>,
) -> Response {
    let read = read(&api, &address, &secret, query).await;
    let mut response = read.map(Json).map_or_else(Problem::into_response, Json::into_response);
    keep_quiet(response.headers_mut());
    response
}

async fn read(
    api: &Shared,
    address: &str,
    secret: &str,
    query: Result<Asked<MessagesQuery>, Problem>,
) -> Result<SharedSession, Problem> {
    limit(api, address)?;
    // The same work whatever is shown: the secret is looked for by its hash, so that nothing depends on how near it is.
    let asked = v1::OpenSharedRequest { secret_hash: secret::hash(secret) };
    let session = match api.call::<method::OpenShared>(asked).await.map_err(Problem::from) {
        Ok(session) => session,
        Err(problem) if problem.is_not_found() => return Err(Problem::not_found()),
        Err(problem) => return Err(problem),
    };
    // Chat hears of it, too, and ends the link; until it has, nothing is shown.
    if !store::users::is_enabled(&api.db, &session.user_id).await? {
        return Err(Problem::not_found());
    }
    let (before, limit) = query?.checked()?;
    let owner =
        Some(v1::Caller { user_id: session.user_id.clone(), address: address.to_owned(), ..v1::Caller::default() });
    let request = v1::ListMessagesRequest {
        caller: owner.clone(),
        chat_session_id: session.chat_session_id.clone(),
        before,
        limit,
        after: None,
    };
    let v1::ListMessagesReply { messages, next_before, position, epoch: _ } =
        api.call::<method::ListMessages>(request).await?;
    let mut items = Vec::with_capacity(messages.len());
    for message in messages {
        let message = whole::read(api, owner.as_ref(), message).await?;
        items.push(whole::so_far(api, &session.worker_id, message, position).await?.into());
    }
    let v1::ChatSession { title, model, created_at, shared_until, .. } = session;
    let shared_until = shared_until.unwrap_or_default();
    Ok(SharedSession { title, model, created_at, shared_until, items, next_before })
}

fn limit(api: &Shared, address: &str) -> Result<(), Problem> {
    let mut readers = api.readers.lock().unwrap_or_else(PoisonError::into_inner);
    readers.attempt(&place(address), PER_ADDRESS, api.clock.now()).map_err(|seconds| {
        let detail = "Too many requests from this address; slow down.";
        Problem::new(StatusCode::TOO_MANY_REQUESTS, "too-many-requests", detail).retry_after(seconds)
    })
}
