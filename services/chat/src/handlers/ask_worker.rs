//! Asks something of a worker's backend and waits for the answer. The api has checked that the worker is the
//! caller's.
//!
//! The worker finds the ask in its next sync, and tells its result to any instance of chat, which puts it into the
//! table: so whoever waits looks there, at once when it was told here, and a few times a second for what another
//! instance has heard.

use std::time::Duration;

use muster_contracts::{id, limits, v1};
use muster_service::problem;
use tokio::time::{Instant, sleep, timeout_at};

use crate::{
    state::{Done, State},
    store::{asks, workers},
};

/// How often is looked for what another instance has heard.
const LOOK: Duration = Duration::from_millis(200);
/// Asks that wait for one worker at most.
const ASKS: usize = 10;

pub(super) async fn handle(state: State, request: v1::AskWorkerRequest) -> Done<v1::AskResult> {
    let v1::AskWorkerRequest { caller: _, worker_id, ask } = request;
    let Some(what) = ask.and_then(|ask| ask.what) else {
        return Err(problem::invalid("/ask", "must say what to ask").into());
    };
    let ask_id = ask_once(&state, &worker_id, what).await?;
    state.wake(&worker_id).await;
    let deadline = Instant::now() + limits::ASK;
    loop {
        // Registered before the look: what is told in between is not missed.
        let told = state.answered.notified();
        if let Some(result) = asks::result(state.db.pool(), &ask_id).await? {
            return match result.error {
                None => Ok(result),
                Some(_) if result.missing => Err(problem::not_found("directory").into()),
                Some(error) => Err(unavailable("backend-unavailable", format!("The agent cannot tell: {error}."))),
            };
        }
        let next = async {
            tokio::select! { () = told => {}, () = sleep(LOOK) => {} }
        };
        if timeout_at(deadline, next).await.is_err() {
            return Err(unavailable("worker-silent", "The worker does not answer; try again in a moment."));
        }
    }
}

/// The ask's id: the same thing that is asked already is not asked a second time.
async fn ask_once(state: &State, worker_id: &str, what: v1::ask::What) -> Done<String> {
    let now = state.clock.now();
    let mut write = state.write().await?;
    workers::lock(write.connection(), worker_id).await?;
    let worker = workers::get(&mut *write.connection(), worker_id).await?;
    if worker.is_none_or(|worker| worker.status() != v1::WorkerStatus::Online) {
        let detail = "The worker is offline; start it to see what its agent offers.";
        return Err(problem::conflict("worker-offline", detail).into());
    }
    asks::expire(write.connection(), now).await?;
    let waiting = asks::of_worker(&mut *write.connection(), worker_id, now).await?;
    let ask = v1::Ask { ask_id: id::random(), what: Some(what) };
    if let Some(known) = waiting.iter().find(|known| known.what == ask.what) {
        return Ok(known.ask_id.clone());
    }
    if waiting.len() >= ASKS {
        let detail = "The worker has many questions to answer already; try again in a moment.";
        return Err(problem::limit("too-many-asks", detail).into());
    }
    let patience = i64::try_from(limits::ASK.as_millis()).unwrap_or(i64::MAX);
    // Whoever comes to it late may still wait as long as the first.
    asks::insert(write.connection(), worker_id, &ask, now, Some(now + 2 * patience)).await?;
    write.commit().await?;
    Ok(ask.ask_id)
}

fn unavailable(slug: &str, detail: impl Into<String>) -> crate::state::Refusal {
    v1::Problem { slug: slug.to_owned(), ..problem::unavailable(detail) }.into()
}
