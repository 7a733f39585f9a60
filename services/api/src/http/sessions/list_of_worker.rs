//! GET /workers/{workerId}/sessions

use axum::{Json, extract::State};
use muster_contracts::{id::WorkerId, method, v1};

use crate::{
    http::{
        caller::Caller,
        extract::{Asked, At},
        model::session::ChatSession,
        owned::Owned,
        page::{self, List, PageQuery},
        problem::Problem,
    },
    state::Shared,
};

/// The sessions of a worker, the newest activity first.
#[utoipa::path(get, path = "/workers/{workerId}/sessions", tag = "sessions",
    params(("workerId" = String, Path), PageQuery), responses((status = 200, body = List<ChatSession>)))]
pub(crate) async fn list_of_worker(
    State(api): State<Shared>,
    caller: Caller,
    At(worker): At<WorkerId>,
    query: Result<Asked<PageQuery>, Problem>,
) -> Result<Json<List<ChatSession>>, Problem> {
    let page = match query.and_then(|Asked(PageQuery { limit, cursor })| page::page(limit, cursor)) {
        Ok(page) => page,
        Err(problem) => return Err(api.refusal(&caller, Owned::Worker(&worker), problem).await),
    };
    // Chat keeps the sessions, the registry knows whose worker it is.
    let owned = v1::WorkerRef { caller: caller.to_bus(), worker_id: worker.to_string() };
    api.call::<method::GetWorker>(owned).await?;
    let request = v1::ListSessionsRequest {
        caller: caller.to_bus(),
        worker_id: Some(worker.into()),
        status: Vec::new(),
        page: Some(page),
        query: None,
    };
    let v1::ListSessionsReply { sessions, next_cursor, matches: _ } = api.call::<method::ListSessions>(request).await?;
    Ok(Json(List::of(sessions, next_cursor)))
}
