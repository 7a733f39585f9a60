//! What a backend speaks into during a turn.

use std::sync::Arc;

use muster_contracts::{
    id::RequestId,
    v1::{Answer, Question, RequestBody, RequestKind, RequestOption},
};
use tokio::sync::{Semaphore, mpsc, oneshot};
use tokio_util::sync::CancellationToken;

use super::table::Entry;
use crate::domain::event::{Event, Outcome, Piece, Span};

/// Bytes that wait for the stream in one turn before its backend is made to wait.
pub(super) const TURN_BYTES: usize = 1024 * 1024;

/// What goes to the writer of the reply.
#[derive(Debug)]
pub(super) enum Item {
    /// The backend says something, and it weighs this much.
    Said(Event, usize),
    /// Tell when all that was said is stored.
    Settle(oneshot::Sender<()>),
    /// The turn is over.
    Finish(Outcome, Option<String>),
}

/// Room for what waits: of the turn and of the whole worker.
#[derive(Debug, Clone)]
pub(super) struct Room {
    turn: Arc<Semaphore>,
    worker: Arc<Semaphore>,
}

impl Room {
    pub(super) fn new(worker: Arc<Semaphore>) -> Self {
        Self { turn: Arc::new(Semaphore::new(TURN_BYTES)), worker }
    }

    /// Waits for room. Something larger than all of it takes all of it.
    async fn take(&self, weight: usize) -> usize {
        let taken = weight.min(TURN_BYTES / 2);
        let permits = u32::try_from(taken).unwrap_or(u32::MAX);
        for semaphore in [&self.turn, &self.worker] {
            if let Ok(permit) = semaphore.acquire_many(permits).await {
                permit.forget();
            }
        }
        taken
    }

    pub(super) fn give_back(&self, weight: usize) {
        self.turn.add_permits(weight);
        self.worker.add_permits(weight);
    }
}

/// What a backend asks the user. The id is made here.
#[derive(Debug, Clone, Default)]
pub struct Asked {
    /// Permission or question.
    pub kind: RequestKind,
    /// What it is about, in a few words.
    pub title: String,
    /// JSON or text that shows what is asked for.
    pub details: String,
    /// The answers to a permission.
    pub options: Vec<RequestOption>,
    /// The questions.
    pub questions: Vec<Question>,
}

/// A backend's side of a turn.
#[derive(Debug)]
pub struct TurnIo {
    pub(super) entry: Arc<Entry>,
    pub(super) items: mpsc::UnboundedSender<Item>,
    pub(super) room: Room,
}

impl TurnIo {
    /// Says something. Waits while too much is waiting for the stream already.
    pub async fn say(&self, event: Event) {
        let weight = self.room.take(event.weight()).await;
        if self.items.send(Item::Said(event, weight)).is_err() {
            self.room.give_back(weight);
        }
    }

    /// More of a text part.
    pub async fn text(&self, part: &str, append: impl Into<String>) {
        self.say(Event::Text { part: part.to_owned(), append: append.into() }).await;
    }

    /// More of a reasoning part.
    pub async fn reasoning(&self, part: &str, append: impl Into<String>) {
        self.say(Event::Reasoning { part: part.to_owned(), append: append.into() }).await;
    }

    /// The new state of a part.
    pub async fn piece(&self, part: &str, piece: Piece, span: Span) {
        self.say(Event::Piece { part: part.to_owned(), piece, span }).await;
    }

    /// A notice to the user.
    pub async fn notice(&self, part: &str, text: impl Into<String>) {
        self.say(Event::notice(part, text)).await;
    }

    /// Asks the user. The answer never comes when the turn ends first.
    pub async fn ask(&self, asked: Asked) -> oneshot::Receiver<Answer> {
        let Asked { kind, title, details, options, questions } = asked;
        let request_id = RequestId::random().to_string();
        let answer = self.entry.expect_answer(&request_id);
        let body = RequestBody { request_id, kind: kind.into(), title, details, options, questions };
        self.say(Event::Asked(body)).await;
        answer
    }

    /// Waits until all that was said is stored.
    pub async fn settled(&self) {
        let (sender, receiver) = oneshot::channel();
        if self.items.send(Item::Settle(sender)).is_ok() {
            // The writer is gone when the reply was dropped: then nothing waits.
            let _ = receiver.await;
        }
    }

    /// The user or the worker stops the turn.
    #[must_use]
    pub fn stopped(&self) -> &CancellationToken {
        &self.entry.stop
    }
}
