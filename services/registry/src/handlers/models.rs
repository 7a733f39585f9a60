//! A worker tells which models its backend has.

use muster_bus::Handled;
use muster_contracts::{
    Message as _,
    limits::{MODEL_ID_BYTES, MODELS},
    v1::{Actor, Empty, ModelsRequest},
};
use muster_service::problem;

use super::{Speaker, input::failed};
use crate::{
    domain::{
        presence::is_of,
        registration::field,
        worker::{About, Worker},
    },
    state::Shared,
    store::workers,
    tell::Change,
};

/// Bytes of all models together: they travel with the worker in one message.
const BYTES: usize = 160 * 1024;

pub(super) async fn handle(state: Shared, speaker: Speaker, request: ModelsRequest) -> Handled<Empty> {
    let (told, backend, version) = check(request)?;
    let id = &speaker.process.worker;
    let is_known = |worker: &Worker, before: Option<Vec<u8>>| {
        before.as_ref() == Some(&told) && about(worker, &backend, &version) == worker.about
    };
    let worker = workers::get(state.db.pool(), id).await.map_err(failed)?;
    let worker = worker.filter(|worker| may(worker, &speaker)).ok_or_else(not_current)?;
    let before = workers::models(state.db.pool(), id).await.map_err(failed)?;
    if is_known(&worker, before) {
        return Ok(Empty {});
    }
    let actor = Actor { worker_id: id.to_string(), ..Actor::default() };
    let mut change = Change::begin(&state, actor).await.map_err(failed)?;
    let worker = workers::take(&mut change.write, id).await.map_err(failed)?;
    let worker = worker.filter(|worker| may(worker, &speaker)).ok_or_else(not_current)?;
    // It may have told the same meanwhile.
    let before = workers::models(change.write.connection(), id).await.map_err(failed)?;
    if is_known(&worker, before) {
        return Ok(Empty {});
    }
    state.news(&speaker.process)?;
    workers::put_models(&mut change.write, id, told).await.map_err(failed)?;
    workers::describe(&mut change.write, id, &about(&worker, &backend, &version)).await.map_err(failed)?;
    change.worker(id).await.map_err(failed)?;
    change.commit().await.map_err(failed)?;
    Ok(Empty {})
}

/// What is kept of it, the backend and its version.
pub(crate) fn check(request: ModelsRequest) -> Handled<(Vec<u8>, String, String)> {
    let ModelsRequest { models, capabilities, backend, version } = request;
    for (name, text) in [("backend", &backend), ("version", &version)] {
        field(name, text).map_err(|error| problem::invalid(&format!("/{name}"), error.to_string()))?;
    }
    if models.len() > MODELS {
        return Err(problem::limit("too-many-models", format!("A worker can have at most {MODELS} models.")));
    }
    if !models.iter().all(|model| is_model_id(&model.model_id)) {
        let detail = format!("A model's id must have 1 to {MODEL_ID_BYTES} bytes without control characters.");
        return Err(problem::invalid("/models", detail));
    }
    let told = ModelsRequest { models, capabilities, ..ModelsRequest::default() }.encode_to_vec();
    if told.len() > BYTES {
        return Err(problem::limit("too-many-models", format!("The models must fit into {BYTES} bytes together.")));
    }
    Ok((told, backend, version))
}

fn is_model_id(text: &str) -> bool {
    !text.is_empty() && text.len() <= MODEL_ID_BYTES && !text.chars().any(char::is_control)
}

fn may(worker: &Worker, speaker: &Speaker) -> bool {
    let process = &speaker.process;
    worker.fingerprint.as_ref() == Some(&process.fingerprint) && is_of(worker, &process.instance, process.term)
}

fn about(worker: &Worker, backend: &str, version: &str) -> About {
    let or = |text: &str, before: &Option<String>| if text.is_empty() { before.clone() } else { Some(text.to_owned()) };
    About {
        backend: or(backend, &worker.about.backend),
        version: or(version, &worker.about.version),
        ..worker.about.clone()
    }
}

fn not_current() -> muster_contracts::v1::Problem {
    problem::conflict("not-current", "This process does not hold the worker's lease; register again.")
}
