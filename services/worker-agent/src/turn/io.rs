//! What a backend speaks into during a turn.

use std::sync::Arc;

use muster_contracts::{
    id::RequestId,
    v1::{Answer, Question, RequestBody, RequestKind, RequestOption},
};
use tokio::sync::oneshot;
use tokio_util::sync::CancellationToken;

use super::{
    queue::{Item, Sayer},
    table::Entry,
};
use crate::domain::event::{Event, Piece, Span};

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

/// What was asked, and the answer to it.
#[derive(Debug)]
pub struct Asking {
    /// As others see it.
    pub body: RequestBody,
    /// It never comes when the turn ends first.
    pub answer: oneshot::Receiver<Answer>,
}

/// A backend's side of a turn.
#[derive(Debug)]
pub struct TurnIo {
    pub(super) entry: Arc<Entry>,
    pub(super) sayer: Sayer,
}

impl TurnIo {
    /// Says something. Waits while too much is waiting for the stream already.
    pub async fn say(&self, event: Event) {
        self.sayer.say(event).await;
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

    /// Asks the user.
    pub async fn ask(&self, asked: Asked) -> Asking {
        let Asked { kind, title, details, options, questions } = asked;
        let request_id = RequestId::random().to_string();
        let answer = self.entry.expect_answer(&request_id);
        let body = RequestBody { request_id, kind: kind.into(), title, details, options, questions };
        self.say(Event::Asked(body.clone())).await;
        Asking { body, answer }
    }

    /// Tells the user that nobody waits for the answer to this any more.
    pub async fn withdraw(&self, body: RequestBody) {
        self.say(Event::Withdrawn(body)).await;
    }

    /// Waits until all that was said is stored.
    pub async fn settled(&self) {
        let (sender, receiver) = oneshot::channel();
        self.sayer.send(Item::Settle(sender));
        // The writer is gone when the reply was dropped: then nothing waits.
        let _ = receiver.await;
    }

    /// The user or the worker stops the turn.
    #[must_use]
    pub fn stopped(&self) -> &CancellationToken {
        &self.entry.stop
    }
}
