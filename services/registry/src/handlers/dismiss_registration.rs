//! Dismisses another key's registration.

use muster_bus::Handled;
use muster_contracts::{
    audit::Action,
    v1::{Empty, RegistrationRef},
};
use muster_service::problem;

use super::input::{caller, failed, fingerprint, id, take_worker};
use crate::{
    domain::{registration::State as Standing, worker::Worker},
    presence::kick,
    state::Shared,
    store::{connections, registrations},
    tell::Change,
};

pub(super) async fn handle(state: Shared, request: RegistrationRef) -> Handled<Empty> {
    let (user, actor) = caller(request.caller)?;
    let id = id("worker", &request.worker_id)?;
    let mut change = Change::begin(&state, actor).await.map_err(failed)?;
    let worker = take_worker(&mut change.write, &user, &id).await?;
    turn_away(&state, change, &worker, &request.fingerprint).await
}

/// Turns a key away, remembers that, and cuts it, so that it comes back and is told.
pub(super) async fn turn_away(state: &Shared, mut change: Change<'_>, worker: &Worker, key: &str) -> Handled<Empty> {
    let key = fingerprint(key)?;
    let asked = registrations::get(change.write.connection(), &worker.id, &key).await.map_err(failed)?;
    match asked.map(|asked| asked.state) {
        None => return Err(problem::not_found("registration")),
        Some(Standing::Rejected) => return Ok(Empty {}),
        Some(Standing::Waiting) => {}
    }
    registrations::reject(&mut change.write, &worker.id, &key).await.map_err(failed)?;
    change.registration_removed(worker, &key).await.map_err(failed)?;
    change.worker(&worker.id).await.map_err(failed)?;
    change.did_to_worker(Action::WorkerRejected, worker, key.to_string()).await.map_err(failed)?;
    let open = connections::open(change.write.connection(), &worker.id).await.map_err(failed)?;
    change.commit().await.map_err(failed)?;
    kick::cut(state, open.into_iter().filter(|connection| connection.fingerprint == key));
    tracing::info!(worker = %worker.id, fingerprint = %key, "a key was turned away");
    Ok(Empty {})
}
