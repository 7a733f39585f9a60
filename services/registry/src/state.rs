//! What the handlers share.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use muster_bus::{Bus, System};
use muster_service::{Clock, Db};
use tokio_util::sync::CancellationToken;

use crate::{
    config::{Keys, Limits},
    domain::allowance::Allowance,
    memory::Memory,
};

/// Handed to every handler.
pub(crate) type Shared = Arc<State>;

/// See the module.
#[derive(Debug)]
pub(crate) struct State {
    /// The tables.
    pub db: Db,
    /// The connection as the service.
    pub bus: Bus,
    /// The connection as the system's user.
    pub system: System,
    /// The time.
    pub clock: Clock,
    /// Keys of the callout.
    pub keys: Keys,
    /// What one user may have.
    pub limits: Limits,
    /// What was heard.
    pub memory: Memory,
    /// The process shall end.
    pub stop: CancellationToken,
    /// Who waits.
    pub waiting: Mutex<Allowance>,
}

impl State {
    /// Milliseconds since the Unix epoch.
    pub(crate) fn now(&self) -> i64 {
        self.clock.now()
    }

    /// Who waits with the right to register.
    pub(crate) fn waiting(&self) -> MutexGuard<'_, Allowance> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
