//! Pins the key of a registration: from now on it, and no other, is this worker.

use muster_bus::Handled;
use muster_contracts::{
    audit::Action,
    v1::{self, RegistrationRef},
};
use muster_service::problem;

use super::{
    get_worker::shown,
    input::{caller, failed, fingerprint, id, take_worker},
};
use crate::{
    domain::registration::State as Standing,
    presence::kick,
    state::Shared,
    store::{registrations, workers},
    tell::Change,
};

pub(super) async fn handle(state: Shared, request: RegistrationRef) -> Handled<v1::Worker> {
    let (user, actor) = caller(request.caller)?;
    let id = id("worker", &request.worker_id)?;
    let mut change = Change::begin(&state, actor).await.map_err(failed)?;
    let worker = take_worker(&mut change.write, &user, &id).await?;
    let key = fingerprint(&request.fingerprint)?;
    if worker.fingerprint.as_ref() == Some(&key) {
        drop(change);
        return shown(&state, &user, &id).await;
    }
    let asked = registrations::get(change.write.connection(), &id, &key).await.map_err(failed)?;
    let asked = asked.filter(|asked| asked.state == Standing::Waiting).ok_or_else(|| {
        problem::conflict("not-waiting", "This key does not wait for approval; start the worker again and look here.")
    })?;

    for waiting in registrations::waiting(change.write.connection(), &id).await.map_err(failed)? {
        change.registration_removed(&worker, &waiting.fingerprint).await.map_err(failed)?;
    }
    registrations::clear_waiting(&mut change.write, &id).await.map_err(failed)?;
    workers::approve(&mut change.write, &worker, key.as_str(), user.as_str(), state.now()).await.map_err(failed)?;
    workers::describe(&mut change.write, &id, &(&asked.told).into()).await.map_err(failed)?;
    change.worker(&id).await.map_err(failed)?;
    change.did_to_worker(Action::WorkerApproved, &worker, key.to_string()).await.map_err(failed)?;
    change.commit().await.map_err(failed)?;
    tracing::info!(worker = %id, fingerprint = %key, "a key was approved");

    // The key comes back with the worker's rights, another one without.
    kick::enforce(&state, &id).await.map_err(failed)?;
    shown(&state, &user, &id).await
}
