//! From the tables to what others are told.

use muster_contracts::{Message as _, id::WorkerId, v1};
use muster_service::DbError;
use sqlx::AnyConnection;

use crate::{
    domain::{
        presence::known,
        registration::Registration,
        worker::{About, Process, Worker},
    },
    state::State,
    store::{
        machines::{self, Counts, Machine},
        registrations, workers,
    },
};

/// A machine with the counts of its workers.
pub(crate) async fn machine(state: &State, on: &mut AnyConnection, machine: Machine) -> Result<v1::Machine, DbError> {
    let Counts { online, offline, pending } = machines::counts(on, &machine.id).await?;
    let last_heartbeat = state.memory.last_heartbeat(&machine.id);
    let Machine { id, user, name, hidden, last_seen, revision, created_at } = machine;
    Ok(v1::Machine {
        machine_id: id.into(),
        user_id: user.into(),
        name,
        online: online > 0,
        last_seen: last_seen.max(last_heartbeat),
        last_heartbeat,
        workers_online: online,
        workers_offline: offline,
        workers_pending: pending,
        hidden,
        revision,
        created_at,
    })
}

/// A worker with its models and the registrations that wait.
pub(crate) async fn worker(state: &State, on: &mut AnyConnection, worker: Worker) -> Result<v1::Worker, DbError> {
    let waiting = registrations::waiting(&mut *on, &worker.id).await?;
    let registrations = waiting.into_iter().map(|waiting| registration(&worker, waiting)).collect();
    let told = models(on, &worker.id).await?;
    let now = state.now();
    let heard = state.memory.heard(&worker, now);
    let presence = known(&worker, heard, now);
    let Worker {
        id,
        machine,
        user,
        name,
        status,
        created_at,
        approved_at,
        approved_by,
        about,
        process,
        revision,
        restriction,
        restriction_detail,
        readmissions,
        ..
    } = worker;
    let About { hostname, directory, backend, version } = about;
    let (instance, term) = match process {
        Some(Process { instance, term }) => (Some(instance.into()), term),
        None => (None, 0),
    };
    Ok(v1::Worker {
        worker_id: id.into(),
        machine_id: machine.into(),
        user_id: user.into(),
        name,
        status: v1::WorkerStatus::from(status).into(),
        presence: presence.into(),
        created_at,
        approved_at,
        approved_by,
        last_heartbeat: heard.heartbeat,
        backend,
        version,
        directory,
        hostname,
        models_known: told.is_some(),
        capabilities: told.as_ref().and_then(|told| told.capabilities),
        models: told.map(|told| told.models).unwrap_or_default(),
        registrations,
        revision,
        instance,
        term,
        restriction: restriction.into(),
        restriction_detail,
        readmissions,
    })
}

async fn models(on: &mut AnyConnection, worker: &WorkerId) -> Result<Option<v1::ModelsRequest>, DbError> {
    let Some(bytes) = workers::models(on, worker).await? else { return Ok(None) };
    let told = v1::ModelsRequest::decode(bytes.as_slice());
    told.map(Some).map_err(|error| DbError::ColumnDecode { index: "models".to_owned(), source: Box::new(error) })
}

/// A registration of a worker.
pub(crate) fn registration(worker: &Worker, registration: Registration) -> v1::Registration {
    let Registration { fingerprint, state: _, told, requested_at, revision } = registration;
    v1::Registration {
        worker_id: worker.id.to_string(),
        machine_id: worker.machine.to_string(),
        mismatch: worker.fingerprint.as_ref().is_some_and(|approved| *approved != fingerprint),
        fingerprint: fingerprint.to_string(),
        hostname: told.hostname,
        os_user: told.os_user,
        directory: told.directory,
        version: told.version,
        backend: told.backend,
        requested_at,
        revision,
    }
}
