//! Chat says what is in the way of a worker; one that is cut off has no connection any more when this is answered.

use muster_bus::Handled;
use muster_contracts::{
    audit::Action,
    limits::DIRECTORY_BYTES,
    v1::{Actor, Empty, RestrictWorkerRequest, Restriction},
};
use muster_service::problem;

use super::input::{failed, id};
use crate::{presence::kick, state::Shared, store::workers, tell::Change};

pub(super) async fn handle(state: Shared, request: RestrictWorkerRequest) -> Handled<Empty> {
    let restriction = request.restriction();
    let RestrictWorkerRequest { worker_id, restriction: _, detail, readmissions } = request;
    if detail.len() > DIRECTORY_BYTES {
        return Err(problem::invalid("/detail", format!("The detail may have {DIRECTORY_BYTES} bytes.")));
    }
    let id = id("worker", &worker_id)?;
    let mut change = Change::begin(&state, Actor::default()).await.map_err(failed)?;
    let worker = workers::take(&mut change.write, &id).await.map_err(failed)?;
    let worker = worker.ok_or_else(|| problem::not_found("worker"))?;
    if worker.restriction == restriction && worker.restriction_detail == detail {
        return Ok(Empty {});
    }
    if restriction == Restriction::CutOff && readmissions < worker.readmissions {
        // Its owner has let it in since; chat is about to hear of it.
        return Ok(Empty {});
    }
    workers::restrict(&mut change.write, &id, restriction, &detail).await.map_err(failed)?;
    change.worker(&id).await.map_err(failed)?;
    if restriction == Restriction::CutOff {
        change.did_to_worker(Action::WorkerCutOff, &worker, String::new()).await.map_err(failed)?;
    }
    change.commit().await.map_err(failed)?;
    tracing::info!(worker = %id, ?restriction, "what is in the way of a worker has changed");
    kick::enforce(&state, &id).await.map_err(failed)?;
    Ok(Empty {})
}
