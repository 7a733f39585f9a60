//! Runs turns: one task for each, none waits for another.

use std::{
    path::PathBuf,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use muster_bus::trace;
use muster_contracts::{
    id::{InstanceId, WorkerId},
    v1::{Start, TurnStart},
};
use tokio::{
    sync::Semaphore,
    time::{Instant, sleep, timeout},
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use tracing::Instrument as _;

use super::{
    Attachments, Disk, Fork, Turn, TurnIo,
    queue::{Item, Room, queue},
    table::{Entry, Turns},
    writer::{ChunkStore, ReplyWriter},
};
use crate::{
    backend::Backend,
    clock::Clock,
    domain::{event::Outcome, outgoing::Outgoing, place},
};

/// Bytes that wait for the stream in one turn before its backend is made to wait.
const TURN_BYTES: usize = 1024 * 1024;
/// The same of all turns together.
pub const WORKER_BYTES: usize = 8 * 1024 * 1024;
/// How long a backend may take to end a turn that was stopped.
const STOP: Duration = Duration::from_secs(4);
/// How long the ends of stopped turns may take to be stored when the worker goes.
const LAST_WORDS: Duration = Duration::from_millis(1500);
/// How long [`Runner::close`] takes at most.
pub const CLOSE: Duration = Duration::from_millis(5500);
const _: () = assert!(STOP.as_millis() + LAST_WORDS.as_millis() == CLOSE.as_millis());

/// Starts turns and ends them all.
pub struct Runner {
    /// The worker.
    pub worker: WorkerId,
    /// This process.
    pub instance: InstanceId,
    /// The worker's directory.
    pub root: PathBuf,
    /// What answers.
    pub backend: Arc<dyn Backend>,
    /// Where chunks are stored.
    pub store: Arc<dyn ChunkStore>,
    /// Where attachments come from.
    pub attachments: Attachments,
    /// The open replies.
    pub turns: Arc<Turns>,
    /// The time.
    pub clock: Clock,
    disk: Arc<Disk>,
    room: Arc<Semaphore>,
    tasks: TaskTracker,
    closing: CancellationToken,
    /// Taken while a turn is entered or all are stopped, so that none slips in between.
    gate: Mutex<()>,
}

impl Runner {
    /// Nothing runs yet.
    #[must_use]
    pub fn new(
        (worker, instance): (WorkerId, InstanceId),
        root: PathBuf,
        backend: Arc<dyn Backend>,
        (store, attachments): (Arc<dyn ChunkStore>, Attachments),
        turns: Arc<Turns>,
        disk: Arc<Disk>,
        clock: Clock,
    ) -> Arc<Self> {
        Arc::new(Self {
            worker,
            instance,
            root,
            backend,
            store,
            attachments,
            turns,
            clock,
            disk,
            room: Arc::new(Semaphore::new(WORKER_BYTES)),
            tasks: TaskTracker::new(),
            closing: CancellationToken::new(),
            gate: Mutex::new(()),
        })
    }

    /// Bytes of all turns together that wait for the stream in memory.
    #[must_use]
    pub fn waiting(&self) -> usize {
        WORKER_BYTES.saturating_sub(self.room.available_permits())
    }

    /// Begins a turn, unless it is known here already.
    pub fn start(self: &Arc<Self>, start: TurnStart) {
        let (Ok(session), Ok(reply)) = (start.chat_session_id.parse(), start.reply_id.parse()) else {
            tracing::warn!("chat named a turn with ids that are none");
            return;
        };
        let _gate = self.gate.lock().unwrap_or_else(PoisonError::into_inner);
        if self.closing.is_cancelled() {
            return;
        }
        if let Some(entry) = self.turns.open(session, reply) {
            tracing::info!(reply = %entry.reply, session = %entry.session, "a turn begins");
            self.turns.ring();
            let runner = Arc::clone(self);
            let span = tracing::debug_span!("turn", otel.kind = "consumer");
            trace::continues(&span, start.traceparent.as_deref());
            self.tasks.spawn(async move { runner.turn(start, entry).await }.instrument(span));
        }
    }

    /// Stops all turns, gives the reason in their ends, and waits until these are stored.
    pub async fn close(&self, reason: &str) {
        {
            let _gate = self.gate.lock().unwrap_or_else(PoisonError::into_inner);
            self.closing.cancel();
            for entry in self.turns.all() {
                entry.stop_because(reason);
            }
        }
        self.tasks.close();
        if timeout(CLOSE, self.tasks.wait()).await.is_err() {
            tracing::warn!("some turns could not be ended in time; the server will end them");
        }
    }

    async fn turn(&self, start: TurnStart, entry: Arc<Entry>) {
        let reply = entry.reply.clone();
        let room = Room::new(TURN_BYTES, Arc::clone(&self.room));
        let (sayer, said) = queue(room, Arc::clone(&self.disk), self.clock);
        let first = Start {
            instance: self.instance.to_string(),
            reply_to: start.message_id.clone(),
            model: start.model.clone(),
            claimed_at: start.claimed_at,
        };
        // Where nothing is exported from here, what is written belongs to whoever sent the message.
        let traceparent = trace::traceparent().or_else(|| start.traceparent.clone()).map(Arc::from);
        let mut writer = ReplyWriter {
            worker: self.worker.clone(),
            entry: Arc::clone(&entry),
            turns: Arc::clone(&self.turns),
            store: Arc::clone(&self.store),
            said,
            outgoing: Outgoing::new(start.nonce.clone(), first),
            clock: self.clock,
            taken: 0,
            settling: Vec::new(),
            away: false,
            traceparent,
            connection: 0,
            certain_at: Instant::now(),
            chunk_at: None,
        };
        // Should this process die from here on, the next one knows that this was begun.
        self.turns.note(&reply).await;
        // The backend hears of the turn only once the stream has its start.
        let written = match writer.begin().await {
            Ok(()) => {
                let io = TurnIo { entry: Arc::clone(&entry), sayer };
                let (written, ()) = tokio::join!(
                    async {
                        let written = writer.run().await;
                        if written.is_err() {
                            entry.drop_it();
                        }
                        // Whoever still waits to say something is let through, and heard by nobody.
                        drop(writer);
                        written
                    },
                    self.answer(start, io),
                );
                written
            }
            Err(gone) => Err(gone),
        };
        match written {
            Ok(()) => tracing::info!(%reply, "a turn has ended"),
            Err(_) => tracing::info!(%reply, "a turn was dropped"),
        }
        self.turns.close(&reply);
    }

    async fn answer(&self, start: TurnStart, io: TurnIo) {
        let outcome = tokio::select! {
            biased;
            outcome = self.prepared(start, &io) => outcome,
            () = async { io.stopped().cancelled().await; sleep(STOP).await } => Outcome::Cancelled,
        };
        let note = io.entry.reason().filter(|_| outcome == Outcome::Cancelled);
        io.sayer.send(Item::Finish(outcome, note));
    }

    /// Runs the backend once all is there that it needs.
    async fn prepared(&self, start: TurnStart, io: &TurnIo) -> Outcome {
        let directory = match place::resolve(&self.root, &start.directory) {
            Ok(directory) => directory,
            Err(error) => return Outcome::Failed(format!("{error}.")),
        };
        if !start.attachments.is_empty() && !self.backend.capabilities().attachments {
            return Outcome::Failed("The agent of this worker takes no files.".to_owned());
        }
        let mut fetched = tokio::select! {
            biased;
            () = io.stopped().cancelled() => return Outcome::Cancelled,
            fetched = self.attachments.fetch(&start.reply_id, &start.attachments) => match fetched {
                Ok(fetched) => fetched,
                Err(error) => return Outcome::Failed(error.to_string()),
            },
        };
        let turn = Turn {
            session: start.chat_session_id,
            message: start.message_id,
            reply: start.reply_id,
            content: start.content,
            attachments: std::mem::take(&mut fetched.files),
            model: start.model,
            mode: start.mode,
            directory,
            backend_session_id: start.backend_session_id,
            first: start.first,
            superseded: start.superseded,
            fork: start.fork.map(Fork::from),
            has_context: false,
        };
        self.run(turn, io).await
    }

    /// Has the backend run the turn, as far as it can do what the turn needs.
    async fn run(&self, mut turn: Turn, io: &TurnIo) -> Outcome {
        let can = self.backend.capabilities();
        if !turn.superseded.is_empty() && !can.rewind {
            return Outcome::Failed(
                "The agent cannot go back in its conversation; fork the session instead.".to_owned(),
            );
        }
        if turn.fork.is_some() && !can.fork {
            turn.content = turn.with_context(io).await;
            turn.fork = None;
            turn.has_context = true;
        }
        self.backend.run(&turn, io).await
    }
}
