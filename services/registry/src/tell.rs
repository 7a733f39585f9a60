//! Telling what changed: events beside the change, in the same transaction.

use muster_contracts::{
    audit::Action,
    fingerprint::Fingerprint,
    id::{self, MachineId, UserId, WorkerId},
    subject::{Entity, EventAddress, Subject},
    v1::{Actor, Audit, Event, Removed, event::Object},
};
use muster_service::{DbError, Write, outbox};

use crate::{
    domain::{registration::Registration, worker::Worker},
    state::State,
    store::{
        machines::{self, Machine},
        workers,
    },
    view,
};

/// A transaction whose changes are told, and who caused them.
pub(crate) struct Change<'a> {
    /// The transaction.
    pub write: Write,
    state: &'a State,
    actor: Actor,
}

impl<'a> Change<'a> {
    /// Begins a change.
    pub(crate) async fn begin(state: &'a State, actor: Actor) -> Result<Self, DbError> {
        Ok(Self { write: state.db.write().await?, state, actor })
    }

    /// Makes it so.
    pub(crate) async fn commit(self) -> Result<(), DbError> {
        self.write.commit().await
    }

    /// Tells a worker as it is now, and its machine, whose counts may be others.
    pub(crate) async fn worker(&mut self, id: &WorkerId) -> Result<(), DbError> {
        self.worker_seen(id, None).await
    }

    /// The same for a worker that came or went at this time, milliseconds.
    pub(crate) async fn worker_seen(&mut self, id: &WorkerId, seen: Option<i64>) -> Result<(), DbError> {
        let Some(worker) = workers::get(self.write.connection(), id).await? else { return Ok(()) };
        let (user, machine) = (worker.user.clone(), worker.machine.clone());
        let worker = view::worker(self.state, self.write.connection(), worker).await?;
        self.put(user, Entity::Worker, id.to_string(), Object::Worker(worker)).await?;
        self.machine_seen(&machine, seen).await
    }

    /// Tells a machine as it is now.
    pub(crate) async fn machine(&mut self, id: &MachineId) -> Result<(), DbError> {
        self.machine_seen(id, None).await
    }

    async fn machine_seen(&mut self, id: &MachineId, seen: Option<i64>) -> Result<(), DbError> {
        let Some(mut machine) = machines::take(&mut self.write, id).await? else { return Ok(()) };
        if seen > machine.last_seen {
            machine.last_seen = seen;
            machines::put(&mut self.write, &machine).await?;
        }
        let user = machine.user.clone();
        let machine = view::machine(self.state, self.write.connection(), machine).await?;
        self.put(user, Entity::Machine, id.to_string(), Object::Machine(machine)).await
    }

    /// Tells a registration that waits.
    pub(crate) async fn registration(&mut self, worker: &Worker, registration: Registration) -> Result<(), DbError> {
        let id = registration_id(&worker.id, &registration.fingerprint);
        let object = Object::Registration(view::registration(worker, registration));
        self.put(worker.user.clone(), Entity::Registration, id, object).await
    }

    /// Tells that a registration waits no more.
    pub(crate) async fn registration_removed(
        &mut self,
        worker: &Worker,
        fingerprint: &Fingerprint,
    ) -> Result<(), DbError> {
        let id = registration_id(&worker.id, fingerprint);
        self.put(worker.user.clone(), Entity::Registration, id, Object::Removed(Removed {})).await
    }

    /// Tells that a worker is no more.
    pub(crate) async fn worker_removed(&mut self, worker: &Worker) -> Result<(), DbError> {
        let id = worker.id.to_string();
        self.put(worker.user.clone(), Entity::Worker, id, Object::Removed(Removed {})).await
    }

    /// Tells that a machine is no more.
    pub(crate) async fn machine_removed(&mut self, user: &UserId, id: &MachineId) -> Result<(), DbError> {
        self.put(user.clone(), Entity::Machine, id.to_string(), Object::Removed(Removed {})).await
    }

    /// Notes for the audit log what was done to a machine.
    pub(crate) async fn did_to_machine(
        &mut self,
        action: Action,
        machine: &Machine,
        detail: String,
    ) -> Result<(), DbError> {
        let machine_id = machine.id.to_string();
        let audit = Audit { detail, machine_id, ..action.to(machine.id.as_str(), &machine.name) };
        self.audit(machine.user.clone(), audit).await
    }

    /// Notes for the audit log what was done to a worker.
    pub(crate) async fn did_to_worker(
        &mut self,
        action: Action,
        worker: &Worker,
        detail: String,
    ) -> Result<(), DbError> {
        let (machine_id, worker_id) = (worker.machine.to_string(), worker.id.to_string());
        let name = worker.name.clone().unwrap_or_default();
        let audit = Audit { detail, machine_id, worker_id, ..action.to(worker.id.as_str(), name) };
        self.audit(worker.user.clone(), audit).await
    }

    async fn audit(&mut self, user: UserId, audit: Audit) -> Result<(), DbError> {
        self.put(user, Entity::Audit, id::random(), Object::Audit(audit)).await
    }

    async fn put(&mut self, user: UserId, entity: Entity, id: String, object: Object) -> Result<(), DbError> {
        let subject = Subject::Event(EventAddress { user, entity, id });
        let event = Event { actor: Some(self.actor.clone()), timestamp: self.state.now(), object: Some(object) };
        outbox::put(&mut self.write, &self.state.clock, &subject, &event).await
    }
}

fn registration_id(worker: &WorkerId, fingerprint: &Fingerprint) -> String {
    format!("{worker}_{fingerprint}")
}
