//! A session as Markdown.

use bytes::Bytes;
use futures_util::{Stream, StreamExt as _, stream};
use muster_contracts::{method, v1};

use super::messages::{self, Exported};
use crate::{domain::transcript, http::problem::Problem, state::Shared};

/// The file, a piece for each message.
pub(super) async fn pieces(
    api: Shared,
    caller: Option<v1::Caller>,
    session: v1::ChatSession,
) -> Result<impl Stream<Item = Result<Bytes, Problem>> + Send + use<>, Problem> {
    let worker = worker(&api, caller.clone(), &session.worker_id).await?;
    let head = transcript::head(&session, &worker, api.clock.now());
    let mut messages = Box::pin(messages::all(api, caller, session)).peekable();
    let empty = std::pin::Pin::new(&mut messages).peek().await.is_none();
    let nothing = if empty { transcript::NOTHING } else { "" };
    let head = stream::once(async move { Ok(Bytes::from(format!("{head}{nothing}"))) });
    let messages = messages.map(|exported| {
        let Exported { message, requests } = exported?;
        Ok(Bytes::from(transcript::message(&message, &requests)))
    });
    Ok(head.chain(messages))
}

/// What the worker is called; one that is gone has only its id left.
async fn worker(api: &Shared, caller: Option<v1::Caller>, worker_id: &str) -> Result<String, Problem> {
    let asked = v1::WorkerRef { caller, worker_id: worker_id.to_owned() };
    match api.call::<method::GetWorker>(asked).await.map_err(Problem::from) {
        Ok(worker) => Ok(worker.name.or(worker.hostname).unwrap_or_else(|| worker_id.to_owned())),
        Err(problem) if problem.is_not_found() => Ok(worker_id.to_owned()),
        Err(problem) => Err(problem),
    }
}
