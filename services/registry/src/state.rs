//! What the handlers share.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use muster_bus::{Bus, Handled, Identity, System};
use muster_service::{
    Clock, Db,
    limiter::{Limiter, Rate},
    problem,
};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::{
    config::{Keys, Limits, RegistryConfig},
    domain::{admission::Admission, allowance::Allowance, arrivals::Arrivals, callout::Proof},
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
    /// What may change while we run.
    pub config: watch::Receiver<RegistryConfig>,
    /// What was heard.
    pub memory: Memory,
    /// The process shall end.
    pub stop: CancellationToken,
    /// Who waits.
    pub waiting: Mutex<Allowance>,
    /// What keys of workers have asked lately.
    pub asked: Mutex<Limiter>,
    /// Who came lately.
    pub arrivals: Mutex<Arrivals>,
}

/// How often one key of a worker may ask: more than any that means well does, and far less than it could.
const ASKS: Rate = Rate { burst: 100, every: 100 };
/// How often a worker may tell something new of itself. It goes to EVENTS with all its models, which gives the events of
/// everybody so much less time there.
const NEWS: Rate = Rate { burst: 20, every: 10_000 };

impl State {
    /// Milliseconds since the Unix epoch.
    pub(crate) fn now(&self) -> i64 {
        self.clock.now()
    }

    /// What one user may have.
    pub(crate) fn limits(&self) -> Limits {
        self.config.borrow().limits()
    }

    /// Who waits with the right to register.
    pub(crate) fn waiting(&self) -> MutexGuard<'_, Allowance> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Counts that a connection comes, and whether it may.
    pub(crate) fn arrives(&self, proof: &Proof, admission: Admission, address: &str) -> bool {
        let per_minute = self.config.borrow().connections_per_minute;
        let mut arrivals = self.arrivals.lock().unwrap_or_else(PoisonError::into_inner);
        arrivals.attempt(proof, (admission, address), per_minute, self.now())
    }

    /// Counts that this process of a worker asks something.
    ///
    /// # Errors
    /// How many seconds to wait when it asks too often.
    pub(crate) fn ask(&self, process: &Identity) -> Result<(), u64> {
        let Identity { worker, fingerprint, .. } = process;
        let mut asked = self.asked.lock().unwrap_or_else(PoisonError::into_inner);
        asked.attempt(&format!("{worker}.{fingerprint}"), ASKS, self.now())
    }

    /// Counts that this key of a worker tells something new of itself.
    ///
    /// # Errors
    /// That it does so too often.
    pub(crate) fn news(&self, process: &Identity) -> Handled<()> {
        let Identity { worker, fingerprint, .. } = process;
        let mut asked = self.asked.lock().unwrap_or_else(PoisonError::into_inner);
        asked.attempt(&format!("news {worker}.{fingerprint}"), NEWS, self.now()).map_err(|seconds| {
            let detail = format!("This worker changes too often; it may tell of it again in {seconds} s.");
            problem::limit("too-many-requests", detail)
        })
    }
}
