//! What this instance has heard and not written down: heartbeats, and how well
//! it sees. Everything here may be lost; the broker tells it anew.

use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

use muster_bus::{Bus, Identity, System};
use muster_contracts::id::{MachineId, WorkerId};

use crate::domain::{
    presence::{Heard, SILENCE, is_of},
    sight::Sight,
    worker::Worker,
};

/// See the module.
#[derive(Debug, Default)]
pub(crate) struct Memory(Mutex<Inner>);

#[derive(Debug, Default)]
struct Inner {
    workers: HashMap<WorkerId, Seen>,
    sight: Sight,
}

#[derive(Debug)]
struct Seen {
    machine: MachineId,
    process: Identity,
    heartbeat: Option<i64>,
    /// When it last gave a sign of life, be it by connecting.
    alive_at: i64,
    /// Whether the database has it as online, as far as we know.
    online: bool,
}

impl Memory {
    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Looks whether the broker is there.
    pub(crate) fn look(&self, now: i64, bus: &Bus, system: &System) {
        let both = [*bus.connection().borrow(), *system.connection().borrow()];
        let connected = both.iter().all(|connection| connection.connected);
        self.lock().sight.look(now, connected, both.map(|connection| (connection.epoch, connection.drops)));
    }

    /// A process with the worker's rights is connected.
    pub(crate) fn met(&self, machine: &MachineId, process: &Identity, now: i64) {
        let mut inner = self.lock();
        let known = inner.workers.get(&process.worker).map(|seen| &seen.process);
        if known.is_some_and(|known| known.term > process.term || known == process) {
            return;
        }
        let seen =
            Seen { machine: machine.clone(), process: process.clone(), heartbeat: None, alive_at: now, online: false };
        inner.workers.insert(process.worker.clone(), seen);
    }

    /// A heartbeat. True when the database may not know yet that the worker lives.
    pub(crate) fn beat(&self, machine: &MachineId, process: &Identity, now: i64) -> bool {
        let mut inner = self.lock();
        let seen = inner.workers.entry(process.worker.clone()).or_insert_with(|| Seen {
            machine: machine.clone(),
            process: process.clone(),
            heartbeat: None,
            alive_at: now,
            online: false,
        });
        if seen.process.term > process.term {
            return false;
        }
        if seen.process != *process {
            seen.process = process.clone();
            seen.online = false;
        }
        // A flood of them does not become a flood of questions to the database.
        let looked_just_now = seen.heartbeat.is_some_and(|before| now - before < 1_000);
        seen.heartbeat = Some(now);
        seen.alive_at = now;
        !seen.online && !looked_just_now
    }

    /// What the database has of a worker now.
    pub(crate) fn believe(&self, worker: &WorkerId, online: bool) {
        if let Some(seen) = self.lock().workers.get_mut(worker) {
            seen.online = online;
        }
    }

    /// The worker is gone.
    pub(crate) fn forget(&self, worker: &WorkerId) {
        self.lock().workers.remove(worker);
    }

    /// Workers that are online as far as we know, and were silent for too long.
    pub(crate) fn silent(&self, now: i64) -> Vec<WorkerId> {
        let inner = self.lock();
        if !inner.sight.is_clear(now) {
            return Vec::new();
        }
        let silent = inner.workers.iter().filter(|(_, seen)| seen.online && now - seen.alive_at >= SILENCE);
        silent.map(|(worker, _)| worker.clone()).collect()
    }

    /// What was heard of a worker's present process.
    pub(crate) fn heard(&self, worker: &Worker, now: i64) -> Heard {
        let inner = self.lock();
        let seen = inner.workers.get(&worker.id);
        let current = seen.filter(|seen| is_of(worker, &seen.process.instance, seen.process.term));
        Heard { heartbeat: current.and_then(|seen| seen.heartbeat), sighted: inner.sight.is_clear(now) }
    }

    /// The last heartbeat of any worker of a machine.
    pub(crate) fn last_heartbeat(&self, machine: &MachineId) -> Option<i64> {
        let inner = self.lock();
        inner.workers.values().filter(|seen| seen.machine == *machine).filter_map(|seen| seen.heartbeat).max()
    }
}
