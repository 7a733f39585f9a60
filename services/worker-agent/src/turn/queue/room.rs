//! Room in memory for what waits: of the turn and of the whole worker.

use std::sync::Arc;

use tokio::sync::Semaphore;

/// See the module.
#[derive(Debug, Clone)]
pub(in crate::turn) struct Room {
    turn: Arc<Semaphore>,
    worker: Arc<Semaphore>,
    bytes: usize,
}

impl Room {
    /// This many bytes for a turn, of those that the worker has.
    pub(in crate::turn) fn new(bytes: usize, worker: Arc<Semaphore>) -> Self {
        Self { turn: Arc::new(Semaphore::new(bytes)), worker, bytes }
    }

    /// Takes room if there is some.
    pub(super) fn try_take(&self, weight: usize) -> Option<usize> {
        let (taken, permits) = self.share(weight);
        let turn = self.turn.try_acquire_many(permits).ok()?;
        let worker = self.worker.try_acquire_many(permits).ok()?;
        turn.forget();
        worker.forget();
        Some(taken)
    }

    /// Waits for room.
    pub(super) async fn take(&self, weight: usize) -> usize {
        let (taken, permits) = self.share(weight);
        let turn = self.turn.acquire_many(permits).await;
        let worker = self.worker.acquire_many(permits).await;
        for permit in [turn, worker].into_iter().flatten() {
            permit.forget();
        }
        taken
    }

    /// Gives room back.
    pub(super) fn give_back(&self, taken: usize) {
        self.turn.add_permits(taken);
        self.worker.add_permits(taken);
    }

    /// Something larger than half of it takes half of it.
    fn share(&self, weight: usize) -> (usize, u32) {
        let taken = weight.min(self.bytes / 2);
        (taken, u32::try_from(taken).unwrap_or(u32::MAX))
    }
}
