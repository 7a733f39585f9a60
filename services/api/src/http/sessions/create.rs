//! POST /workers/{workerId}/sessions

use axum::{Json, extract::State};
use http::StatusCode;
use muster_contracts::{
    id::{SessionId, WorkerId},
    method, v1,
};
use serde::Deserialize;
use utoipa::ToSchema;

use crate::{
    http::{
        caller::Caller,
        extract::{At, Body, NewId},
        model::session::ChatSession,
        owned::Owned,
        problem::Problem,
    },
    state::Shared,
};

/// A session to start.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct CreateSession {
    /// One of the worker's models, by its id; behind it, with a `#`, one of its variants.
    #[schema(min_length = 1, max_length = 256)]
    model: String,
    /// 1 to 200 characters; else it names itself after the first message.
    #[schema(min_length = 1, max_length = 200)]
    title: Option<String>,
    /// Below the worker's root.
    #[schema(max_length = 4096)]
    directory: Option<String>,
    /// 1 to 64 characters.
    #[schema(min_length = 1, max_length = 64)]
    mode: Option<String>,
}

/// Starts a session.
#[utoipa::path(post, path = "/workers/{workerId}/sessions", tag = "sessions", params(("workerId" = String, Path)),
    request_body = CreateSession, responses((status = 201, body = ChatSession)))]
pub(crate) async fn create(
    State(api): State<Shared>,
    caller: Caller,
    At(worker): At<WorkerId>,
    new: NewId,
    body: Result<Body<CreateSession>, Problem>,
) -> Result<(StatusCode, Json<ChatSession>), Problem> {
    let CreateSession { model, title, directory, mode } = api.body_for(&caller, Owned::Worker(&worker), body).await?;
    let asked = v1::WorkerRef { caller: caller.to_bus(), worker_id: worker.into() };
    let worker = api.call::<method::GetWorker>(asked).await?;
    let request = v1::CreateSessionRequest {
        caller: caller.to_bus(),
        worker: Some(worker),
        chat_session_id: new.or(SessionId::random).into(),
        model,
        title,
        directory,
        mode,
    };
    Ok((StatusCode::CREATED, Json(api.call::<method::CreateSession>(request).await?.into())))
}
