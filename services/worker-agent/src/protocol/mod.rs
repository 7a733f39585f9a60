//! The worker's conversation with the registry and with chat: a file for each thing that is said.

pub mod asks;
pub mod heartbeat;
pub mod models;
pub mod register;
pub mod sync;

use muster_bus::Bus;
use muster_contracts::{
    fingerprint::Fingerprint,
    subject::{ChatVerb, RegistryVerb, Subject},
    token::WorkerToken,
};

use crate::state::Key;

/// The worker on the bus.
#[derive(Debug, Clone)]
pub struct Link {
    /// The connection.
    pub bus: Bus,
    /// Who speaks.
    pub token: WorkerToken,
    /// With which key.
    pub fingerprint: Fingerprint,
}

impl Link {
    /// The worker of this token, connected with this key.
    #[must_use]
    pub fn new(bus: Bus, token: WorkerToken, key: &Key) -> Self {
        Self { bus, token, fingerprint: key.fingerprint.clone() }
    }

    /// Where the registry is asked.
    #[must_use]
    pub fn registry(&self, verb: RegistryVerb) -> Subject {
        let WorkerToken { machine, worker } = self.token.clone();
        Subject::RegistryWorker { machine, worker, fingerprint: self.fingerprint.clone(), verb }
    }

    /// Where chat is asked.
    #[must_use]
    pub fn chat(&self, verb: ChatVerb) -> Subject {
        Subject::ChatWorker { worker: self.token.worker.clone(), verb }
    }
}
