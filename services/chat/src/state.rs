//! What every handler has: the database, the bus, the clock, and where the
//! stream CHUNKS stands.

use std::sync::{
    Arc, Mutex,
    atomic::{AtomicI64, AtomicU64, Ordering},
};

use muster_bus::{Bus, Handled, StreamsError};
use muster_contracts::{
    id::{SessionId, WorkerId},
    stream::CHUNKS,
    subject::Subject,
    v1,
};
use muster_service::{Clock, Db, DbError, Write, db::is_passing, limiter::Limiter, problem};
use tokio::sync::{Notify, RwLock, watch};

use crate::config::Config;

/// A position that is not older than this is near enough to the stream's end.
const FRESH: i64 = 60_000;

/// Shared by all tasks.
#[derive(Debug, Clone)]
pub struct State {
    /// Where everything is kept.
    pub db: Db,
    /// The broker.
    pub bus: Bus,
    /// The time.
    pub clock: Clock,
    /// What may change while we run.
    pub config: watch::Receiver<Config>,
    /// Rung when there may be files that nobody has any more.
    pub tidy: Arc<Notify>,
    /// Rung when an account was deleted.
    pub departures: Arc<Notify>,
    /// Where CHUNKS stands.
    pub position: Arc<Position>,
    /// Rung when a worker has told something that was asked of it.
    pub answered: Arc<Notify>,
    /// Since when this process has been connected to the broker; 0: it is not.
    pub settled_since: Arc<AtomicI64>,
    /// How often each process of a worker has asked lately.
    pub asked: Arc<Mutex<Limiter>>,
}

/// How much may be in the object store.
#[derive(Debug, Clone, Copy)]
pub struct AttachmentLimits {
    /// Files of one user that no message has.
    pub waiting: i64,
    /// Their bytes.
    pub waiting_bytes: i64,
    /// Bytes of all files of one user.
    pub bytes: i64,
    /// Bytes of the whole store.
    pub store: i64,
}

/// Why something was not done: the caller's fault, or ours.
#[derive(Debug, thiserror::Error)]
pub enum Refusal {
    /// The caller is told why.
    #[error("{}", .0.detail)]
    Problem(v1::Problem),
    /// The database failed.
    #[error("the database failed")]
    Database(#[from] DbError),
    /// The stream cannot be read.
    #[error("the stream cannot be read")]
    Read(#[from] muster_bus::ReadError),
    /// The stream is not there.
    #[error("the stream is not there")]
    Stream(#[from] StreamsError),
    /// The object store does not take it.
    #[error("the object store does not take it")]
    Store(#[from] muster_bus::StoreError),
    /// An id in our own tables is none.
    #[error("a stored id is not valid")]
    Id(#[from] muster_contracts::id::InvalidId),
}

impl From<v1::Problem> for Refusal {
    fn from(problem: v1::Problem) -> Self {
        Self::Problem(problem)
    }
}

/// What a handler of ours returns.
pub type Done<T> = Result<T, Refusal>;

/// What goes over the bus: our own failures are logged, and told as such.
pub fn answer<T>(done: Done<T>) -> Handled<T> {
    done.map_err(|refusal| match refusal {
        Refusal::Problem(problem) => problem,
        Refusal::Read(_) | Refusal::Stream(_) | Refusal::Store(_) => {
            tracing::warn!(%refusal, "a request could not be answered");
            problem::unavailable("The broker does not answer; try again in a moment.")
        }
        Refusal::Database(error) if is_passing(&error) => {
            tracing::warn!(%error, "the database is not to be had");
            problem::unavailable("The database does not answer; try again in a moment.")
        }
        error => problem::internal(&error),
    })
}

/// The highest sequence of CHUNKS that is known here: everything of a turn
/// that begins later comes behind it.
#[derive(Debug, Default)]
pub struct Position {
    seen: AtomicU64,
    asked_at: AtomicI64,
    epoch: RwLock<String>,
}

impl Position {
    /// A message was seen at this sequence.
    pub fn saw(&self, sequence: u64) {
        self.seen.fetch_max(sequence, Ordering::Relaxed);
    }
}

impl State {
    /// A sequence of CHUNKS that everything from now on is behind, and the
    /// stream's epoch. Not older than a minute, so that it is still in the stream.
    ///
    /// # Errors
    /// When it was never known and the broker does not answer.
    pub async fn position(&self) -> Result<(u64, String), StreamsError> {
        let now = self.clock.now();
        let fresh = now - self.position.asked_at.load(Ordering::Relaxed) < FRESH;
        if !fresh {
            match self.bus.stream_state(CHUNKS).await {
                Ok(state) => {
                    let mut epoch = self.position.epoch.write().await;
                    if *epoch == state.epoch {
                        self.position.saw(state.last);
                    } else {
                        self.position.seen.store(state.last, Ordering::Relaxed);
                        *epoch = state.epoch;
                    }
                    self.position.asked_at.store(now, Ordering::Relaxed);
                }
                Err(error) if self.position.epoch.read().await.is_empty() => return Err(error),
                Err(error) => tracing::debug!(%error, "the stream's position is an old one"),
            }
        }
        Ok((self.position.seen.load(Ordering::Relaxed), self.position.epoch.read().await.clone()))
    }

    /// Begins a change.
    ///
    /// # Errors
    /// When the database is not to be had.
    pub async fn write(&self) -> Result<Write, DbError> {
        self.db.write().await
    }

    /// Rings a worker's doorbell. A ring that is lost costs it some seconds.
    pub async fn wake(&self, worker_id: &str) {
        let Ok(worker) = worker_id.parse::<WorkerId>() else { return };
        if let Err(error) = self.bus.send(&Subject::Wake(worker), &v1::Empty {}).await {
            tracing::debug!(%error, worker_id, "the doorbell could not be rung");
        }
    }
}

/// The id of a session from a caller; one that cannot be does not exist.
///
/// # Errors
/// When it is not an id.
pub fn session_id(text: &str) -> Done<SessionId> {
    text.parse().map_err(|_| problem::not_found("session").into())
}
