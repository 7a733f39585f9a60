//! One turn with opencode, from the prompt to the idle session.

mod asking;
mod begin;
mod heard;
mod look;
mod stop;

use std::{
    collections::{HashMap, VecDeque},
    future::pending,
    sync::Arc,
    time::Duration,
};

use futures_util::{StreamExt as _, future::BoxFuture, stream::FuturesUnordered};
use muster_contracts::v1::RequestBody;
use tokio::time::{Instant, sleep, sleep_until};
use tokio_util::sync::CancellationToken;

use super::{
    Gone,
    client::ClientError,
    events::{Ear, Heard},
    ids,
    requests::Waiting,
    server::Running,
    transcript::Transcript,
    wire::Error,
};
use crate::{
    backend::silence::Silence,
    clock::Clock,
    domain::event::Outcome,
    turn::{Asked, Turn, TurnIo},
};

/// Even without an event, the record is looked at now and then.
const LOOK: Duration = Duration::from_secs(30);

/// Runs the turn; it ends early when it is stopped or the process has `gone`.
pub(super) async fn run(
    running: &Running,
    turn: &Turn,
    io: &TurnIo,
    clock: Clock,
    gone: &Gone,
    silence: Silence,
) -> Outcome {
    let message = ids::message(clock(), &turn.message);
    let mut talk = Talk {
        running,
        turn,
        io,
        transcript: Transcript::new(message.clone()),
        message,
        session: None,
        ear: None,
        error: None,
        asked: HashMap::new(),
        queue: VecDeque::new(),
        answers: FuturesUnordered::new(),
        command: None,
        give_up: None,
        silence,
    };
    let interrupted = tokio::select! {
        biased;
        () = io.stopped().cancelled() => Interrupted::Stopped,
        () = gone.cancelled() => Interrupted::Gone,
        outcome = talk.drive() => return outcome,
    };
    match interrupted {
        Interrupted::Stopped => {
            talk.stop().await;
            Outcome::Cancelled
        }
        Interrupted::Gone => {
            talk.hear_the_rest();
            talk.end().await;
            Outcome::Failed(
                "opencode has ended unexpectedly; it is started again, and your next message goes on.".to_owned(),
            )
        }
    }
}

enum Interrupted {
    Stopped,
    Gone,
}

struct Talk<'a> {
    running: &'a Running,
    turn: &'a Turn,
    io: &'a TurnIo,
    /// Id of the prompt.
    message: String,
    /// opencode's id of the session.
    session: Option<Arc<str>>,
    ear: Option<Ear>,
    transcript: Transcript,
    error: Option<Error>,
    /// What opencode waits for, each with how it says that it no longer does.
    asked: HashMap<Waiting, CancellationToken>,
    /// Permissions that are asked for once the one before them is answered.
    queue: VecDeque<(Waiting, Asked)>,
    /// Answers on their way from the user to opencode; and what was asked, where that waits for none any more.
    answers: FuturesUnordered<BoxFuture<'static, (Waiting, Option<RequestBody>)>>,
    /// opencode answers a command only when all is done; that it refuses it comes at once.
    command: Option<BoxFuture<'a, Result<(), ClientError>>>,
    /// When an idle session without an answer is a failure.
    give_up: Option<Instant>,
    silence: Silence,
}

impl Talk<'_> {
    async fn drive(&mut self) -> Outcome {
        let outcome = self.talk().await;
        self.end().await;
        outcome
    }

    async fn talk(&mut self) -> Outcome {
        if let Err(error) = self.begin().await {
            return refused(&error);
        }
        loop {
            self.speak().await;
            let give_up = self.give_up;
            let excused = give_up.is_some() || !self.asked.is_empty() || self.transcript.works();
            let heard = tokio::select! {
                biased;
                Some((waiting, withdrawn)) = self.answers.next() => {
                    self.asked.remove(&waiting);
                    if let Some(body) = withdrawn {
                        self.io.withdraw(body).await;
                    }
                    self.silence.broken();
                    if waiting.is_permission() {
                        self.ask_next().await;
                    }
                    continue;
                }
                heard = next(self.ear.as_mut()) => heard,
                answered = answered(&mut self.command) => match answered {
                    // What it has said comes as events.
                    Ok(()) => continue,
                    Err(error) => return refused(&error),
                },
                () = at(give_up) => return self.silent_end(),
                () = self.silence.too_long(excused) => {
                    let (part, text) = self.silence.notice("opencode");
                    self.transcript.notice(&part, text);
                    continue;
                }
                () = sleep(LOOK) => Some(Heard::Nothing),
            };
            if matches!(heard, Some(Heard::Own(_) | Heard::Child(_))) {
                self.silence.broken();
            }
            let ended = match heard {
                Some(Heard::Own(payload)) => self.own(payload).await,
                Some(Heard::Child(payload)) => {
                    self.request(&payload).await;
                    None
                }
                Some(Heard::Gap) => {
                    self.transcript.gap();
                    self.look_again().await
                }
                Some(Heard::Nothing) => self.look_again().await,
                None => return Outcome::Failed("opencode has ended unexpectedly.".to_owned()),
            };
            if let Some(outcome) = ended {
                self.hear_of_changes().await;
                return outcome;
            }
        }
    }

    /// Says what is left to say.
    async fn end(&mut self) {
        self.transcript.end(&self.turn.directory);
        self.speak().await;
    }

    /// Says what was heard. An event stays in the transcript until it is said, so stopping here loses nothing.
    async fn speak(&mut self) {
        while let Some(event) = self.transcript.next().cloned() {
            self.io.say(event).await;
            self.transcript.was_said();
        }
    }
}

fn failure(error: &Error) -> Outcome {
    if error.is_abort() { Outcome::Cancelled } else { Outcome::Failed(format!("opencode: {}", error.line())) }
}

fn refused(error: &ClientError) -> Outcome {
    tracing::warn!(error = error as &dyn std::error::Error, "opencode has not taken a prompt");
    Outcome::Failed(format!("{error}."))
}

/// What is being waited for, once; never when it is nothing.
async fn answered<T>(waiting: &mut Option<BoxFuture<'_, T>>) -> T {
    let Some(future) = waiting else { return pending().await };
    let answer = future.await;
    *waiting = None;
    answer
}

async fn next(ear: Option<&mut Ear>) -> Option<Heard> {
    match ear {
        Some(ear) => ear.next().await,
        None => None,
    }
}

async fn at(time: Option<Instant>) {
    match time {
        Some(time) => sleep_until(time).await,
        None => pending().await,
    }
}
