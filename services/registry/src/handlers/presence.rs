//! Where workers are right now; asked by chat before it interrupts a turn.

use muster_bus::Handled;
use muster_contracts::{
    id::WorkerId,
    v1::{self, PresenceReply, PresenceRequest, WorkerPresence},
};
use muster_service::problem;

use super::input::failed;
use crate::{
    domain::{
        presence::known,
        worker::{Process, Status},
    },
    state::{Shared, State},
    store::workers,
};

/// Workers that may be asked about at once.
const WORKERS: usize = 1_000;

pub(super) async fn handle(state: Shared, request: PresenceRequest) -> Handled<PresenceReply> {
    if request.worker_ids.len() > WORKERS {
        return Err(problem::limit(
            "too-many-workers",
            format!("At most {WORKERS} workers can be asked about at once."),
        ));
    }
    let mut workers = Vec::with_capacity(request.worker_ids.len());
    for worker_id in request.worker_ids {
        workers.push(one(&state, worker_id).await?);
    }
    Ok(PresenceReply { workers })
}

async fn one(state: &State, worker_id: String) -> Handled<WorkerPresence> {
    let worker = match worker_id.parse::<WorkerId>() {
        Ok(id) => workers::get(state.db.pool(), &id).await.map_err(failed)?,
        Err(_) => None,
    };
    let Some(worker) = worker else {
        // It was removed: certainly not connected.
        return Ok(WorkerPresence {
            worker_id,
            presence: v1::Presence::Known.into(),
            closed: true,
            ..Default::default()
        });
    };
    let now = state.now();
    let presence = known(&worker, state.memory.heard(&worker, now), now).into();
    let (instance, term) = match worker.process {
        Some(Process { instance, term }) => (Some(instance.into()), term),
        None => (None, 0),
    };
    Ok(WorkerPresence {
        worker_id,
        online: worker.status == Status::Online,
        presence,
        instance,
        term,
        offline_since: worker.offline_since,
        offline_for: worker.offline_since.map(|since| (now - since).max(0)),
        closed: worker.offline_closed,
    })
}
